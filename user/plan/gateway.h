/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_GATEWAY_H
#define VIPCAST_PLAN_GATEWAY_H

/*
 * Which node holds each floating IP of the NetworkGatewayGroup: one that is healthy, runs a speaker
 * and is in the address's subnet. What the group's status says stays as long as it can; an address
 * that needs a new place goes to the node with the fewest.
 *
 * Two nodes never hold an address at once. The agent of a node that died gives its addresses up
 * before its Lease runs out, so they are placed again once it has. To take an address from an agent
 * that lives, it is first placed nowhere, and its BGPSessions are removed; the new place comes when
 * neither the status nor a session in the store gives it to a living agent any more.
 *
 * One thing moves without need: of several addresses on one node, those with no Established session
 * go to a node that could hold them and has two fewer. So nodes that come up one after the other
 * share the addresses, and no session that works is ever broken for it.
 */

#include "plan/cluster.h"

struct placed_ip {
	struct ip_addr ip;
	const struct plan_node *node; /* NULL: nobody */
	char *reason;		      /* why nobody, in words; "" while held */
	bool moving;		      /* nobody for a moment only: it is let go first */
};

struct placement {
	ARRAY(struct placed_ip) ips; /* in the order of spec.floatingIPs */
};

/* OUT is the caller's, to be freed by placement_free(). Borrows nodes from C. */
void place_floating_ips(const struct plan_cluster *c, struct placement *out);
void placement_free(struct placement *placement);

/* NULL when the address is not in it. */
const struct placed_ip *placement_find(const struct placement *placement, const struct ip_addr *ip);

/* The addresses that nobody can hold, as problems of the group. */
void placement_problems(const struct plan_cluster *c, const struct placement *placement,
			plan_problems *problems);

#endif
