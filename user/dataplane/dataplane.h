/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_DATAPLANE_H
#define VIPCAST_DATAPLANE_DATAPLANE_H

/*
 * The dataplane role: keeps the XDP maps of a load balancer node in line with the Services and
 * EndpointSlices of the shared state, and the XDP program attached to the node's interfaces.
 * Everything that packets need lives in the kernel and outlives the process: a crash, a clean stop
 * or a restart costs no packet. Single-threaded, on the caller's event loop.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/state.h"
#include "util/err.h"
#include "util/log.h"

struct event_base;

struct dataplane_config {
	const char *node_name;
	const char *store_dir;			/* holds the cluster's hash seed */
	const char *pin_dir;			/* on a bpffs: maps are pinned as PIN_DIR/NAME */
	const char *const *interfaces;		/* names; the program is attached to these */
	size_t interface_count;			/* 0: those that carry the node's InternalIPs */
	uint16_t nat_port_first, nat_port_last; /* host order, both included */
	struct event_base *base;
	const struct log *log;
	/* Called when dataplane_status() has changed, so that the Lease can tell it at once. May be
	 * NULL. */
	void (*status_changed)(void *ctx);
	void *ctx;
};

struct dataplane;

/*
 * Opens or adopts the pinned maps; nothing is published and nothing attached yet. STATE is borrowed
 * for the life of the dataplane, CONFIG and its strings for the call. Fails only where a retry
 * makes no sense (another map layout is pinned, bpffs is missing, no seed can be made).
 */
int dataplane_new(const struct dataplane_config *config, const struct api_state *state,
		  struct dataplane **out, struct err *err);

/*
 * Says that Services, EndpointSlices or Nodes of the state changed. The first call must come after
 * all these kinds are synced: it fills the maps and then attaches. A burst of calls leads to one
 * publication. What fails is tried again by itself, and shows in dataplane_status().
 */
void dataplane_state_changed(struct dataplane *dp);

/* "starting", "attached" or "failed: REASON"; valid until the loop runs again. */
const char *dataplane_status(const struct dataplane *dp);

/* Ends the role in this process. Programs, maps and the door stay and go on working. */
void dataplane_free(struct dataplane *dp);

/*
 * Takes everything out of the kernel that the role put there: programs, pinned maps, the door
 * (`vipcastd --detach`). Needs pin_dir, log, and the interfaces if they were given; without them
 * all interfaces are looked at. No dataplane of this pin_dir may be running.
 */
int dataplane_remove(const struct dataplane_config *config, struct err *err);

/*
 * Rows for the control socket, new references. Arrays of objects, except the status, an object:
 *  vips:     vip, port, protocol, service ("NAMESPACE/NAME"), backends, draining, slots, flows,
 *            packets, bytes, replyPackets, replyBytes, newFlows
 *  backends: index, ip, port, interface, via ("direct" | "door"), mac, state ("up" | "draining" |
 *            "unresolved"), services [..], flows, packets, bytes, replyPackets, replyBytes,
 * newFlows drops:    reason, packets, meaning status:   status, interfaces [{name, mode}],
 * services, vips, backends, flows, slotsUsed, slotsTotal, pinDir, warnings [..]
 */
json_t *dataplane_vips_json(struct dataplane *dp);
json_t *dataplane_backends_json(struct dataplane *dp);
json_t *dataplane_drops_json(struct dataplane *dp);
json_t *dataplane_status_json(struct dataplane *dp);

#endif
