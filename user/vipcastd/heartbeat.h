/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_VIPCASTD_HEARTBEAT_H
#define VIPCAST_VIPCASTD_HEARTBEAT_H

/*
 * The node's Lease: proof that its agent lives, and what the agent knows of the node
 * (docs/decisions/leases-tell-what-a-node-can-do.md). A Lease that could not be renewed in time is
 * as good as lost, and what must not be held twice is given up before it runs out.
 */

#include "store/store.h"

struct heartbeat_config {
	const char *node;
	uint32_t duration; /* seconds */
	struct event_base *base;
	struct store *store;
	const struct log *log;
	/* "on" or "off"; "attached", "off" or "failed: REASON": asked at each renewal. */
	const char *(*speaker)(void *ctx);
	/* NULL: not known yet. The first renewal waits for it, for one duration at most. */
	const char *(*dataplane)(void *ctx);
	/* The Lease is lost, or about to be; and safely held again. */
	void (*lost)(void *ctx, const char *reason);
	void (*regained)(void *ctx);
	void *ctx;
};

struct heartbeat;

/*
 * Renews at once, and every third of the duration. CONFIG is copied. When the very first renewal
 * fails, lost() is called from here. A restarted agent's predecessor may have left a Lease that
 * says "attached", which is as true as ever: so nothing is written before the dataplane is known.
 */
int heartbeat_new(const struct heartbeat_config *config, struct heartbeat **out, struct err *err);
/* Renews now: something that rides on the Lease has changed. */
void heartbeat_now(struct heartbeat *heartbeat);
/* Ends the renewals. The Lease runs out by itself, unless a successor renews it. */
void heartbeat_free(struct heartbeat *heartbeat);

#endif
