/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_POOL_H
#define VIPCAST_PLAN_POOL_H

/*
 * The address pools of a Cluster while VIPs are being handed out: who has which address, what must
 * never be handed out, and the next free address of each range. A range is walked once, from its
 * first address to the first one that nobody has: ranges of any size cost only what is in use.
 */

#include "plan/cluster.h"
#include "plan/ip_map.h"

/* Owners: a positive number is a claim, a negative one says why nobody may have the address. */
enum pool_owner {
	POOL_FREE = 0,
	POOL_CONTROL_PLANE_VIP = -1,
	POOL_INGRESS_VIP = -2,
	POOL_FLOATING_IP = -3,
	POOL_NODE = -4,
	POOL_PEER = -5,
	POOL_ADVERTISED = -6, /* of a Service that is not there */
};

struct pool_cursor {
	const struct api_pool *pool;
	const struct ip_range *range;
	struct ip_addr next;
	bool exhausted;
};

struct pools {
	const struct plan_cluster *c;
	struct ip_map owners;
	ARRAY(struct pool_cursor) cursors; /* a range each, in the order of the pools */
};

void pools_open(struct pools *pools, const struct plan_cluster *c);
void pools_close(struct pools *pools);

/* The pool whose ranges hold IP, or NULL. */
const struct api_pool *pool_of(const struct pools *pools, const struct ip_addr *ip);
const struct api_pool *pool_named(const struct pools *pools, const char *name);
bool pool_has_family(const struct api_pool *pool, uint8_t family);
/* Does the pool leave this address out (avoidBuggyIPs: .0 and .255)? */
bool pool_avoids(const struct api_pool *pool, const struct ip_addr *ip);

/* The first free address of the pool and family; it is not taken yet. False when there is none. */
bool pool_peek(struct pools *pools, const struct api_pool *pool, uint8_t family,
	       struct ip_addr *out);

/* How many addresses of the family can be handed out, in use or not; UINT64_MAX: more. */
uint64_t pool_capacity(const struct pools *pools, const struct api_pool *pool, uint8_t family);

#endif
