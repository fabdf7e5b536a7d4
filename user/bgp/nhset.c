// SPDX-License-Identifier: Apache-2.0
/*
 * Path identifiers (RFC 7911 section 3) must tell the paths of one prefix apart, and should come
 * out the same after a restart, so that a re-advertisement replaces what a peer has kept and never
 * doubles it. So an identifier is made of its next hop's address and nothing else: an IPv4 address
 * is its own identifier; an IPv6 address is hashed. Should two IPv6 next hops that are there at the
 * same time hash alike (one chance in 2^32 for a pair), the later one takes the next number that
 * is free. Only then can the order of events matter, and even then a peer ends with the right
 * paths, as what is announced with an identifier replaces what had it before.
 */

#include "bgp/nhset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bgp/hash.h"
#include "util/mem.h"

#define HOP_BUCKETS	256 /* next hops are nodes: a few to a few thousand */
#define SET_BUCKETS_MIN 64  /* power of two */

struct nhset_store {
	struct nexthop *hops[HOP_BUCKETS];
	struct nhset **sets;
	size_t set_buckets, set_count;
	size_t bytes; /* of sets and next hops */
};

struct nhset_store *nhset_store_new(void)
{
	struct nhset_store *store = xcalloc(1, sizeof(*store));

	store->set_buckets = SET_BUCKETS_MIN;
	store->sets = xcalloc(store->set_buckets, sizeof(struct nhset *));
	return store;
}

void nhset_store_free(struct nhset_store *store)
{
	if (!store)
		return;
	free(store->sets);
	free(store);
}

static uint32_t hash_ip(const struct ip_addr *ip)
{
	return hash_bytes(0, ip->b, ip_size(ip->family));
}

static bool path_id_taken(const struct nhset_store *store, uint8_t family, uint32_t id)
{
	for (size_t i = 0; i < HOP_BUCKETS; i++) {
		for (const struct nexthop *hop = store->hops[i]; hop; hop = hop->chain) {
			if (hop->path_id == id && hop->ip.family == family)
				return true;
		}
	}
	return false;
}

static uint32_t choose_path_id(const struct nhset_store *store, const struct ip_addr *ip)
{
	const uint8_t *b = ip->b;
	uint32_t id;

	if (ip->family == AF_INET)
		return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	id = hash_ip(ip);
	while (id == 0 || path_id_taken(store, ip->family, id))
		id++;
	return id;
}

static struct nexthop *hop_get(struct nhset_store *store, const struct ip_addr *ip)
{
	struct nexthop **bucket = &store->hops[hash_ip(ip) % HOP_BUCKETS];
	struct nexthop *hop = *bucket;

	while (hop && !ip_equal(&hop->ip, ip))
		hop = hop->chain;
	if (!hop) {
		hop = xcalloc(1, sizeof(*hop));
		hop->ip = *ip;
		hop->path_id = choose_path_id(store, ip);
		hop->chain = *bucket;
		*bucket = hop;
		store->bytes += sizeof(*hop);
	}
	hop->refs++;
	return hop;
}

static void hop_put(struct nhset_store *store, struct nexthop *hop)
{
	struct nexthop **link = &store->hops[hash_ip(&hop->ip) % HOP_BUCKETS];

	if (--hop->refs)
		return;
	while (*link != hop)
		link = &(*link)->chain;
	*link = hop->chain;
	store->bytes -= sizeof(*hop);
	free(hop);
}

static int compare_ips(const void *a, const void *b)
{
	return ip_compare(a, b);
}

/* Next hops mostly come in order and once each already. */
static bool is_sorted_unique(const struct ip_addr *ips, size_t n)
{
	size_t i = 1;

	while (i < n && ip_compare(&ips[i - 1], &ips[i]) < 0)
		i++;
	return i >= n;
}

static size_t sort_unique(struct ip_addr *ips, size_t n)
{
	size_t kept = 1;

	if (is_sorted_unique(ips, n))
		return n;
	qsort(ips, n, sizeof(*ips), compare_ips);
	for (size_t i = 1; i < n; i++) {
		if (!ip_equal(&ips[i], &ips[kept - 1]))
			ips[kept++] = ips[i];
	}
	return kept;
}

static bool same_set(const struct nhset *set, const struct ip_addr *ips, size_t n, uint32_t metric)
{
	if (set->n != n || set->metric != metric)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ip_equal(&set->hops[i]->ip, &ips[i]))
			return false;
	}
	return true;
}

static void grow_sets(struct nhset_store *store)
{
	size_t buckets = store->set_buckets * 2;
	struct nhset **sets = xcalloc(buckets, sizeof(struct nhset *));

	for (size_t i = 0; i < store->set_buckets; i++) {
		for (struct nhset *set = store->sets[i], *next; set; set = next) {
			struct nhset **bucket = &sets[set->hash & (buckets - 1)];

			next = set->chain;
			set->chain = *bucket;
			*bucket = set;
		}
	}
	free(store->sets);
	store->sets = sets;
	store->set_buckets = buckets;
}

static size_t set_size(size_t n)
{
	return sizeof(struct nhset) + n * sizeof(struct nexthop *);
}

const struct nhset *nhset_get(struct nhset_store *store, struct ip_addr *ips, size_t n,
			      uint32_t metric)
{
	uint32_t hash = metric;
	struct nhset **bucket;
	struct nhset *set;

	n = sort_unique(ips, n);
	for (size_t i = 0; i < n; i++)
		hash = hash_bytes(hash, ips[i].b, ip_size(ips[i].family));
	bucket = &store->sets[hash & (store->set_buckets - 1)];
	for (set = *bucket; set; set = set->chain) {
		if (set->hash == hash && same_set(set, ips, n, metric))
			return nhset_ref(set);
	}
	if (store->set_count >= store->set_buckets) {
		grow_sets(store);
		bucket = &store->sets[hash & (store->set_buckets - 1)];
	}
	set = xcalloc(1, set_size(n));
	*set = (struct nhset){
		.refs = 1, .hash = hash, .metric = metric, .n = (uint32_t)n, .chain = *bucket};
	for (size_t i = 0; i < n; i++)
		set->hops[i] = hop_get(store, &ips[i]);
	*bucket = set;
	store->set_count++;
	store->bytes += set_size(n);
	return set;
}

const struct nhset *nhset_ref(const struct nhset *set)
{
	if (set)
		((struct nhset *)set)->refs++;
	return set;
}

static void set_free(struct nhset_store *store, struct nhset *set)
{
	struct nhset **link = &store->sets[set->hash & (store->set_buckets - 1)];

	while (*link != set)
		link = &(*link)->chain;
	*link = set->chain;
	for (size_t i = 0; i < set->n; i++)
		hop_put(store, set->hops[i]);
	store->set_count--;
	store->bytes -= set_size(set->n);
	free(set);
}

/* Sets are const to all others: only their store counts references, and frees them. */
void nhset_put(struct nhset_store *store, const struct nhset *set)
{
	struct nhset *own = (struct nhset *)set;

	if (own && !--own->refs)
		set_free(store, own);
}

const struct nexthop *nhset_find(const struct nhset *set, const struct ip_addr *ip)
{
	size_t low = 0;
	size_t high = set->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = ip_compare(ip, &set->hops[middle]->ip);

		if (order == 0)
			return set->hops[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

size_t nhset_store_memory(const struct nhset_store *store)
{
	return sizeof(*store) + store->set_buckets * sizeof(struct nhset *) + store->bytes;
}
