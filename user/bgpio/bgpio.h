/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGPIO_BGPIO_H
#define VIPCAST_BGPIO_BGPIO_H

/*
 * Runs BGP sessions (bgp/session.h) on sockets, timers and libevent. It acts in the caller's
 * network namespace, logs each change of a session's state, and keeps at most one socket buffer of
 * UPDATEs for each peer: the rest stays in the RIB until the socket takes more.
 */

#include "bgp/session.h"
#include "util/err.h"
#include "util/log.h"

struct event_base;
struct bgpio;
struct bgpio_session;

/* All may be NULL. Called on the event loop, never from within bgpio_session_add(). */
struct bgpio_callbacks {
	/* The session's state changed and why, in words. It may remove the session. */
	void (*state_changed)(void *ctx, struct bgpio_session *session, enum bgp_state from,
			      enum bgp_state to, const char *reason);
	/* As in struct bgp_callbacks. Must not change the RIB or add or remove sessions. */
	const struct ip_addr *(*select)(void *ctx, const struct bgp_config *config,
					const struct rib_route *route);
	/* The last the caller hears after bgpio_session_remove(): the socket is closed, the local
	 * address may go. Not called from within bgpio_session_remove(). */
	void (*removed)(void *ctx);
};

/* BASE and LOG (may be NULL) are borrowed. */
struct bgpio *bgpio_new(struct event_base *base, const struct log *log);

/*
 * Removes all sessions, as bgpio_session_remove(), and calls DONE (may be NULL) on the loop when
 * the last socket is closed: within two seconds, whatever the peers do. bgpio_free() comes after.
 */
void bgpio_stop(struct bgpio *io, const char *reason, void (*done)(void *ctx), void *ctx);

/* Frees everything at once. Sessions that are still there send their Cease if the socket takes it
 * right away; no callback is called. */
void bgpio_free(struct bgpio *io);

/*
 * Adds a session and starts it. CONFIG and CALLBACKS are copied, RIB is borrowed. -EINVAL when
 * bgp_config_check() refuses it. What goes wrong later is told through state_changed() and the
 * facts, and tried again.
 */
int bgpio_session_add(struct bgpio *io, const struct bgp_config *config, struct rib *rib,
		      const struct bgpio_callbacks *callbacks, void *ctx,
		      struct bgpio_session **out, struct err *err);

/* Ends the session with Cease, Administrative Shutdown and REASON as its text. SESSION is invalid
 * from here on, and state_changed() and select() are not called any more. */
void bgpio_session_remove(struct bgpio_session *session, const char *reason);

/* Connects now instead of at the end of a wait, for example because the local address has just been
 * put on an interface. Connected or connecting: nothing. */
void bgpio_session_retry(struct bgpio_session *session);

/* The RIB has changed: sends what there is to send, from the loop. Call it once after any number of
 * changes. */
void bgpio_rib_changed(struct bgpio *io);

/* Borrowed, valid as long as the session. Times in the facts are on bgpio_now()'s clock. */
const struct bgp_facts *bgpio_session_facts(const struct bgpio_session *session);
const struct bgp_config *bgpio_session_config(const struct bgpio_session *session);

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t bgpio_now(void);

#endif
