/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_FALLBACK_H
#define VIPCAST_PLAN_FALLBACK_H

/*
 * The one next hop of each VIP on each session that has no ADD-PATH, chosen over all VIPs at once.
 * Nodes and sessions are numbers here. What is chosen already stays while it is allowed; the rest
 * goes to the node with the fewest VIPs of that session, and rather to one that no other session
 * of the VIP uses; above all not to one that a session with the same peer uses, since that router
 * would have one next hop where it could have two. Only when a node has far fewer than another (it
 * came back) do VIPs move, just as many as fill it up.
 */

#include <stddef.h>
#include <stdint.h>

#define FALLBACK_NONE UINT32_MAX

struct fallback_vip {
	uint64_t hash;		  /* of the VIP's name: breaks ties, so that pairs of nodes mix */
	const uint32_t *eligible; /* nodes, ascending; borrowed */
	size_t eligible_n;
	uint32_t *choice; /* a node per session, or FALLBACK_NONE; in and out */
};

/*
 * Choices that are not eligible are replaced; a VIP without eligible nodes gets FALLBACK_NONE.
 * PEERS says of each session which peer it is with, as numbers of any kind.
 */
void fallback_balance(struct fallback_vip *vips, size_t vips_n, const uint32_t *peers,
		      size_t sessions, size_t nodes);

#endif
