/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_SPEAKER_RUNNING_H
#define VIPCAST_SPEAKER_RUNNING_H

/* One session that this node runs, or would if its floating IP were there. */

#include "bgpio/bgpio.h"
#include "speaker/adverts.h"
#include "store/store.h"

struct speaker;

struct running {
	struct speaker *speaker;
	char *ns, *name; /* of the BGPSession object */
	struct bgp_config config;
	struct bgpio_session *io; /* NULL: it does not run, WAITING says why */
	char waiting[640];
	bool report_due;
	uint64_t reported; /* on bgpio_now()'s clock; 0: never */
};

/* CONFIG is copied. */
struct running *running_new(struct speaker *speaker, const struct api_meta *meta,
			    const struct bgp_config *config);
void running_free(struct running *running);
/* Whether it is about the object of this name. */
bool running_is(const struct running *running, const struct api_meta *meta);

/* Writes the BGPSession's status: state, reason, routes, time. -ENOENT when the object is gone. */
int running_report(const struct running *running, const struct api_object *object,
		   const struct adverts *adverts, struct store *store, struct err *err);

/* The row for the control socket. */
json_t *running_json(const struct running *running);

#endif
