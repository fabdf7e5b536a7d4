/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_BACKEND_TABLE_H
#define VIPCAST_MAPS_BACKEND_TABLE_H

/*
 * The backends array: indexes, their generations, and the order of stores by which the XDP program
 * never sees a half-written record. A retired backend stays in force until no packet can hold its
 * index any more, is then marked free, and rests once more before the index is used again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "maps/contract.h"
#include "maps/id_pool.h"
#include "util/ip.h"

/* The way to a backend's next hop. */
struct backend_path {
	uint32_t ifindex;
	uint8_t dst_mac[6], src_mac[6];
	bool resolved; /* dst_mac is known */
};

struct backend_retired {
	uint32_t index;
	uint64_t since;
};

struct backend_table {
	struct backend_value *values; /* borrowed */
	uint64_t rest_ms;
	struct id_pool ids;
	ARRAY(struct backend_retired) retired; /* oldest first */
};

/* Records that are in use already are taken over. Index 0 stays "no backend". */
void backend_table_init(struct backend_table *table, struct backend_value *values,
			uint32_t capacity, uint64_t rest_ms);
void backend_table_destroy(struct backend_table *table);

/*
 * Writes a new record and returns its index, 0 when the table is full. PORT in host order.
 * FLAGS: BACKEND_DRAINING or 0; the others follow from the arguments.
 */
uint32_t backend_table_add(struct backend_table *table, const struct ip_addr *ip, uint16_t port,
			   const struct ip_addr *nat_addr, const struct backend_path *path,
			   uint16_t flags, uint64_t now);

/*
 * Changes the path and the DRAINING flag in place. A new MAC or flag is one atomic store; when the
 * interface changes, the record is taken out of use for the moment that takes.
 */
void backend_table_update(struct backend_table *table, uint32_t index,
			  const struct backend_path *path, uint16_t flags);

/* Nothing refers to the index any more. */
void backend_table_retire(struct backend_table *table, uint32_t index, uint64_t now);
/* Takes a retired backend back into use; false when it is too late. */
bool backend_table_revive(struct backend_table *table, uint32_t index);
/* Frees what has rested. True while something is still resting. */
bool backend_table_tick(struct backend_table *table, uint64_t now);

/* Address of a record, by its family flag. */
struct ip_addr backend_ip(const struct backend_value *value);
struct ip_addr backend_nat_addr(const struct backend_value *value);

#endif
