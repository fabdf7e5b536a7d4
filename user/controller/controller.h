/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROLLER_CONTROLLER_H
#define VIPCAST_CONTROLLER_CONTROLLER_H

/*
 * vipcast-controller's heart: it keeps a copy of what is in the store, and whenever something
 * changed that can matter it runs the planners over the whole and writes the difference. Nothing is
 * written before every kind has been delivered once. Changes that come together are planned
 * together. Nothing is polled: a timer stands at the moment at which the next Lease runs out.
 */

#include <event2/event.h>
#include <jansson.h>

#include "store/store.h"

struct controller_config {
	struct event_base *base;
	struct store *store;
	const struct log *log;
	const char *cluster;		/* "NAMESPACE/NAME"; NULL: the only one */
	struct timespec (*clock)(void); /* wall clock, which Leases are written by */
};

struct controller;

/* CONFIG's pointers are borrowed for the controller's life. Starts watching. */
int controller_open(const struct controller_config *config, struct controller **out,
		    struct err *err);
void controller_close(struct controller *controller);

/* What it knows, for the control socket: Cluster, counts, problems. A new reference. */
json_t *controller_status(const struct controller *controller);
/* False until it has planned once, and while it cannot plan. */
bool controller_is_well(const struct controller *controller);

#endif
