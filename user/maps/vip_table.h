/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_VIP_TABLE_H
#define VIPCAST_MAPS_VIP_TABLE_H

/*
 * The VIP tables of both families, written in place while the XDP program reads them. Works on any
 * memory: the mapped maps, or plain memory in tests. docs/decisions/vip-table.md tells the rules.
 * Times are milliseconds of any monotonic clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "maps/contract.h"
#include "util/array.h"
#include "util/ip.h"

struct vip_key {
	struct ip_addr ip;
	uint16_t port; /* host order; 0 with proto 0: the address itself */
	uint8_t proto;
};

struct vip_moved {
	struct vip_key key;
	uint32_t entry; /* the copy that is to go */
	uint64_t since;
};

struct vip_table {
	struct vip4_bucket *v4; /* borrowed, BUCKETS of each */
	struct vip6_bucket *v6;
	uint32_t buckets;
	uint32_t used[2]; /* entries in use, by family: IPv4, IPv6 */
	uint64_t rest_ms;
	uint64_t *freed[2];		/* per entry: when it was freed, plus one; 0: long ago */
	ARRAY(struct vip_moved) moving; /* copied to their other bucket, not yet cleared here */
};

/* Orders by address, port, protocol. */
int vip_key_compare(const struct vip_key *a, const struct vip_key *b);

/* BUCKETS: a power of two. Entries that are there already are taken over (as of NOW). */
void vip_table_init(struct vip_table *table, struct vip4_bucket *v4, struct vip6_bucket *v6,
		    uint32_t buckets, uint64_t rest_ms, uint64_t now);
void vip_table_destroy(struct vip_table *table);

/* The target of KEY, 0 when it is not there. */
uint64_t vip_table_find(const struct vip_table *table, const struct vip_key *key);

/*
 * Publishes TARGET (not 0) for KEY, new or present. -EAGAIN: both buckets are full of entries that
 * rest or are moving away, try again after rest_ms. -ENOSPC: no room can be made.
 */
int vip_table_set(struct vip_table *table, const struct vip_key *key, uint64_t target,
		  uint64_t now);

/* False when it was not there. */
bool vip_table_remove(struct vip_table *table, const struct vip_key *key, uint64_t now);

/* Completes moves that have rested. To be called now and then; vip_table_set() does too. */
void vip_table_tick(struct vip_table *table, uint64_t now);

/* Calls EACH for every entry, in no order. The table must not change meanwhile. */
void vip_table_each(const struct vip_table *table,
		    void (*each)(void *ctx, const struct vip_key *key, uint64_t target), void *ctx);

#endif
