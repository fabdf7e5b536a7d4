/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_RIB_LOG_H
#define VIPCAST_BGP_RIB_LOG_H

/* What rib.c and rib_reader.c share: the table's entries and the log that runs through them. */

#include "bgp/rib.h"
#include "bgp/rib_reader.h"
#include "util/array.h"

#define RIB_END 0 /* entry 0 is the log's two ends and no route */

/* Refers to others by index: the array may move. One cache line. */
struct rib_entry {
	struct rib_route route; /* nhset NULL: deleted, but some reader's peer still has it */
	uint64_t sequence;	/* of its newest change */
	uint32_t prev, next;	/* in the log */
	uint32_t chain;		/* in the hash bucket, or in the list of free entries */
	uint32_t holders;	/* readers whose peers have it */
};

struct rib {
	ARRAY(struct rib_entry) entries;
	uint32_t *buckets;
	size_t bucket_count; /* power of two */
	uint32_t free_list;
	size_t used;  /* entries in the table, the deleted ones included */
	size_t count; /* routes */
	uint64_t sequence;
	struct nhset_store *nhsets;
	ARRAY(struct rib_reader *) readers;
};

struct rib_reader {
	struct rib *rib;
	uint32_t at; /* the entry to read next; RIB_END: none */
	ARRAY(const struct nhset *) sent;
};

/* Gives an entry back that is no route and that no reader's peer has any more. */
void rib_entry_release(struct rib *rib, uint32_t id);

#endif
