/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_NHSET_H
#define VIPCAST_BGP_NHSET_H

/*
 * Sets of next hops, interned: a RIB holds each set once, however many routes use it, so two sets
 * of one RIB are equal when their pointers are. Sets and the next hops in them count references.
 */

#include <stddef.h>
#include <stdint.h>

#include "util/ip.h"

#define NHSET_MAX 1024 /* next hops in one set */

/* A next hop; one object an address in each store. */
struct nexthop {
	struct ip_addr ip;
	uint32_t path_id; /* RFC 7911 path identifier, see nhset.c */
	uint32_t refs;	  /* sets that hold it */
	struct nexthop *chain;
};

/* N next hops in ascending order of address, n >= 1, all of one family. */
struct nhset {
	uint32_t refs;
	uint32_t hash;
	uint32_t metric; /* MULTI_EXIT_DISC; 0: none is sent */
	uint32_t n;
	struct nhset *chain;
	struct nexthop *hops[];
};

struct nhset_store;

struct nhset_store *nhset_store_new(void);
/* Every set must have been put before. */
void nhset_store_free(struct nhset_store *store);

/*
 * The set of these addresses: found or made, with a reference for the caller. IPS need not be
 * sorted, and are sorted in place; doubles count once. 1 <= n <= NHSET_MAX, one family.
 */
const struct nhset *nhset_get(struct nhset_store *store, struct ip_addr *ips, size_t n,
			      uint32_t metric);
/* One more reference to a set (NULL: nothing); returns it. */
const struct nhset *nhset_ref(const struct nhset *set);
/* Gives a reference back; NULL: nothing. */
void nhset_put(struct nhset_store *store, const struct nhset *set);

/* The set's next hop with this address, or NULL. */
const struct nexthop *nhset_find(const struct nhset *set, const struct ip_addr *ip);

size_t nhset_store_memory(const struct nhset_store *store);

#endif
