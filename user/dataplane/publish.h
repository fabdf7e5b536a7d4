/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_PUBLISH_H
#define VIPCAST_DATAPLANE_PUBLISH_H

/*
 * Brings the maps in line with a compiled list, as the difference to what they hold. Works on any
 * memory. Times are milliseconds of a monotonic clock. The order of writing is what keeps packets
 * whole at every moment: backend records first, then fresh slices of slots, then the VIPs' targets;
 * what nobody refers to any more goes last and rests before it is used again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/compile.h"
#include "maps/backend_table.h"
#include "maps/id_pool.h"
#include "maps/slot_alloc.h"
#include "maps/vip_table.h"
#include "util/err.h"

/* How packets get to a backend, and the address that its replies come back to. */
struct nexthop {
	struct backend_path path;
	struct ip_addr nat_addr; /* family 0: the node has none of that family */
	bool door;		 /* by way of the node's own stack */
};

/* The memory to write to, and how to zero the counters of a number that gets a new meaning. */
struct publisher_maps {
	struct vip4_bucket *v4;
	struct vip6_bucket *v6;
	uint32_t buckets;
	struct slot_element *slots;
	uint32_t slot_count;
	struct backend_value *backends;
	uint32_t backend_count;
	uint32_t vip_numbers;
	void (*reset_vip_stats)(void *ctx, uint32_t number); /* may be NULL */
	void (*reset_backend_stats)(void *ctx, uint32_t index);
	void *ctx;
};

struct published_service {
	struct vip_key key;
	char *service; /* "NAMESPACE/NAME"; NULL: taken over, and not seen yet */
	uint32_t number;
	struct slot_slice slice; /* start 0: the shared empty table */
	uint32_t *indexes;	 /* the backends that its table was made of, N of them */
	size_t n;
	size_t draining;
	bool adopted; /* its table has not been compared yet */
};

struct published_backend {
	struct compiled_backend backend;
	struct nexthop nexthop;
	uint32_t index;
};

typedef ARRAY(uint32_t) index_list;

struct publisher {
	struct publisher_maps maps;
	uint64_t seed[2];
	slot_value *scratch; /* a table of the largest size */
	struct vip_table vips;
	struct slot_alloc slots;
	struct backend_table backends;
	struct id_pool numbers;
	ARRAY(struct published_service) services;  /* by key */
	ARRAY(struct published_backend) published; /* by address and port */
	index_list gone; /* unwanted, but a table that had to wait may still hold them */
};

struct publish_result {
	size_t added, changed, removed; /* VIP entries */
	size_t deferred;		/* for want of room; to be tried again */
};

/*
 * Takes over what the maps hold. When that contradicts itself nothing of it is kept, and WHY (not
 * NULL) says so; else WHY is empty.
 */
void publisher_init(struct publisher *p, const struct publisher_maps *maps, const uint64_t seed[2],
		    uint64_t now, struct err *why);
void publisher_destroy(struct publisher *p);

/*
 * NEXTHOPS: one for each of WANTED's backends, in their order. -EAGAIN: some VIPs had to wait for
 * what rests; -ENOSPC: the maps are too small for some. ERR names the first one; all others are
 * in force. Both are to be tried again after MAPS_REST_MS.
 */
int publisher_apply(struct publisher *p, const struct compiled *wanted,
		    const struct nexthop *nexthops, uint64_t now, struct publish_result *result,
		    struct err *err);

/* Frees what has rested. True while something is resting. */
bool publisher_tick(struct publisher *p, uint64_t now);

/* ---- between publish.c and publish_backends.c -------------------------------------------- */

/* Makes p->published from the records in use; of two with one identity the later one goes. */
void publisher_adopt_backends(struct publisher *p);

/*
 * Writes the records that WANTED needs. INDEXES (one a backend) gets their indexes, 0 where there
 * was no room, of which it returns the number. Indexes that services must leave are added to
 * p->gone.
 */
size_t publisher_apply_backends(struct publisher *p, const struct compiled *wanted,
				const struct nexthop *nexthops, uint64_t now, uint32_t *indexes);

#endif
