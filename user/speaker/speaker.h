/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_SPEAKER_SPEAKER_H
#define VIPCAST_SPEAKER_SPEAKER_H

/*
 * The speaker role: runs the BGPSessions that are placed on this node, each from its floating IP,
 * and advertises every BGPAdvertisedRoute over them. Only what changed is touched: a session whose
 * own parameters stay goes on undisturbed.
 */

#include <jansson.h>

#include "api/state.h"
#include "store/store.h"
#include "util/log.h"

struct speaker;

struct speaker_config {
	const char *node_name;
	struct event_base *base;
	struct store *store; /* status goes there */
	const struct log *log;
};

/* CONFIG is copied; STATE, and what CONFIG points to, are borrowed for the speaker's life. */
int speaker_new(const struct speaker_config *config, const struct api_state *state,
		struct speaker **out, struct err *err);

/*
 * Says that sessions (their spec), routes, gateways or nodes of the state changed. The first call
 * comes when all of them are synced; before it, nothing is touched.
 */
void speaker_state_changed(struct speaker *speaker);

/*
 * Gives up everything at once: Cease to the peers, floating IPs off the interfaces. Nothing comes
 * back before speaker_resume().
 */
void speaker_release(struct speaker *speaker, const char *reason);
void speaker_resume(struct speaker *speaker);

/* As speaker_release(), and calls DONE on the loop once the peers were told. For a clean exit. */
void speaker_stop(struct speaker *speaker, const char *reason, void (*done)(void *ctx), void *ctx);
void speaker_free(struct speaker *speaker);

/* Live rows of this node's sessions: name -> {state, reason, uptimeSeconds, ...}; a new reference.
 */
json_t *speaker_sessions_json(const struct speaker *speaker);
/* The floating IPs that are held now, as an array of strings; a new reference. */
json_t *speaker_floating_json(const struct speaker *speaker);
/* What keeps it from its work, as an array of sentences; a new reference. */
json_t *speaker_problems_json(const struct speaker *speaker);

#endif
