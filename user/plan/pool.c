// SPDX-License-Identifier: Apache-2.0
#include "plan/pool.h"

#include <string.h>

static void reserve(struct pools *pools, const struct ip_addr *ip, enum pool_owner why)
{
	if (ip_is_set(ip) && ip_map_get(&pools->owners, ip) == POOL_FREE)
		ip_map_set(&pools->owners, ip, (int)why);
}

static void reserve_all(struct pools *pools)
{
	const struct plan_cluster *c = pools->c;

	reserve(pools, &c->spec->control_plane_vip, POOL_CONTROL_PLANE_VIP);
	reserve(pools, &c->spec->ingress_vip, POOL_INGRESS_VIP);
	if (c->gateways)
		array_each(&c->gateways->gateway_group.floating_ips, ip)
			reserve(pools, ip, POOL_FLOATING_IP);
	state_each(c->state, API_NODE, obj)
		array_each(&obj->node.internal_ips, ip)
			reserve(pools, ip, POOL_NODE);
	array_each(&c->spec->bgp_peers, peer)
		reserve(pools, &peer->ip, POOL_PEER);
	state_each(c->state, API_BGP_PEER, obj)
		reserve(pools, &obj->bgp_peer.peer_ip, POOL_PEER);
	/* A VIP whose Service is gone (or cannot be read) is free when it has been withdrawn. */
	state_each(c->state, API_BGP_ADVERTISED_ROUTE, obj)
		if (!state_get(c->state, API_SERVICE, obj->route.service_namespace,
			       plan_str(obj->route.service_name)))
			reserve(pools, &obj->route.prefix.addr, POOL_ADVERTISED);
}

void pools_open(struct pools *pools, const struct plan_cluster *c)
{
	*pools = (struct pools){.c = c};
	reserve_all(pools);
	array_each(&c->spec->pools, pool) {
		array_each(&pool->ranges, range) {
			struct pool_cursor cursor = {pool, range, range->first, false};

			array_push(&pools->cursors, cursor);
		}
	}
}

void pools_close(struct pools *pools)
{
	ip_map_free(&pools->owners);
	array_free(&pools->cursors);
}

const struct api_pool *pool_of(const struct pools *pools, const struct ip_addr *ip)
{
	array_each(&pools->cursors, cursor)
		if (ip_range_contains(cursor->range, ip))
			return cursor->pool;
	return NULL;
}

const struct api_pool *pool_named(const struct pools *pools, const char *name)
{
	array_each(&pools->c->spec->pools, pool)
		if (strcmp(pool->name, name) == 0)
			return pool;
	return NULL;
}

bool pool_has_family(const struct api_pool *pool, uint8_t family)
{
	array_each(&pool->ranges, range)
		if (range->first.family == family)
			return true;
	return false;
}

bool pool_avoids(const struct api_pool *pool, const struct ip_addr *ip)
{
	return pool->avoid_buggy_ips && ip->family == AF_INET && (ip->b[3] == 0 || ip->b[3] == 255);
}

static bool peek_range(struct pools *pools, struct pool_cursor *cursor)
{
	while (!cursor->exhausted) {
		if (!pool_avoids(cursor->pool, &cursor->next) &&
		    ip_map_get(&pools->owners, &cursor->next) == POOL_FREE)
			return true;
		/* Compared before stepping on: the last address of a family has no next one. */
		cursor->exhausted = ip_equal(&cursor->next, &cursor->range->last);
		cursor->next = ip_next(&cursor->next);
	}
	return false;
}

bool pool_peek(struct pools *pools, const struct api_pool *pool, uint8_t family,
	       struct ip_addr *out)
{
	array_each(&pools->cursors, cursor) {
		if (cursor->pool != pool || cursor->range->first.family != family ||
		    !peek_range(pools, cursor))
			continue;
		*out = cursor->next;
		return true;
	}
	return false;
}

/* How many of 0..LAST end in the byte .0 or .255. */
static uint64_t buggy_up_to(uint64_t last)
{
	return last / 256 + 1 + (last + 1) / 256;
}

static uint64_t buggy_in(const struct ip_range *range)
{
	const uint8_t *a = range->first.b, *b = range->last.b;
	uint64_t first = (uint64_t)a[0] << 24 | (uint64_t)a[1] << 16 | (uint64_t)a[2] << 8 | a[3];
	uint64_t last = (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];

	return buggy_up_to(last) - (first ? buggy_up_to(first - 1) : 0);
}

/* Reserved addresses of the pool that are not left out already for their last byte. */
static uint64_t reserved_in(const struct pools *pools, const struct api_pool *pool,
			    const struct ip_range *range)
{
	uint64_t n = 0;

	for (size_t i = 0; i < pools->owners.size; i++) {
		const struct ip_map_entry *e = &pools->owners.entries[i];

		n += ip_is_set(&e->ip) && e->value < 0 && e->value != (int)POOL_INGRESS_VIP &&
		     ip_range_contains(range, &e->ip) && !pool_avoids(pool, &e->ip);
	}
	return n;
}

uint64_t pool_capacity(const struct pools *pools, const struct api_pool *pool, uint8_t family)
{
	uint64_t total = 0;

	array_each(&pool->ranges, range) {
		uint64_t n;

		if (range->first.family != family)
			continue;
		n = ip_range_count(range);
		if (n == UINT64_MAX)
			return UINT64_MAX;
		if (pool->avoid_buggy_ips && family == AF_INET)
			n -= buggy_in(range);
		n -= reserved_in(pools, pool, range);
		total = total + n < total ? UINT64_MAX : total + n;
	}
	return total;
}
