// SPDX-License-Identifier: Apache-2.0
/*
 * The table is an array of entries, found by a hash of their prefix. A doubly linked list runs
 * through all of them in order of their newest change: that is the log. A change takes its entry
 * out and puts it at the end with a new sequence number, so the log never holds a prefix twice and
 * is never longer than the table. A reader's place in it is the entry that it will read next; it
 * reads whatever the route has become by then.
 *
 * A deleted route stays in the log (without next hops) until each peer that has it was sent its
 * withdrawal. One that no peer has is gone at once.
 */

#include "bgp/rib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/hash.h"
#include "bgp/rib_log.h"
#include "util/mem.h"

#define BUCKETS_MIN 64

struct rib *rib_new(void)
{
	struct rib *rib = xcalloc(1, sizeof(*rib));

	rib->bucket_count = BUCKETS_MIN;
	rib->buckets = xcalloc(rib->bucket_count, sizeof(*rib->buckets));
	rib->nhsets = nhset_store_new();
	(void)array_new(&rib->entries); /* the log's ends, linked to itself: an empty log */
	return rib;
}

void rib_free(struct rib *rib)
{
	if (!rib)
		return;
	array_each(&rib->entries, entry)
		nhset_put(rib->nhsets, entry->route.nhset);
	array_free(&rib->entries);
	array_free(&rib->readers);
	nhset_store_free(rib->nhsets);
	free(rib->buckets);
	free(rib);
}

struct nhset_store *rib_nhsets(struct rib *rib)
{
	return rib->nhsets;
}

/* ---- the table --------------------------------------------------------------------------- */

static struct ip_prefix canonical(const struct ip_prefix *prefix)
{
	return (struct ip_prefix){.addr = ip_prefix_range(prefix).first, .len = prefix->len};
}

static bool same_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len == b->len && ip_equal(&a->addr, &b->addr);
}

static uint32_t *bucket_of(const struct rib *rib, const struct ip_prefix *prefix)
{
	uint32_t seed = (uint32_t)prefix->len << 8 | prefix->addr.family;
	uint32_t hash = hash_bytes(seed, prefix->addr.b, ip_size(prefix->addr.family));

	return &rib->buckets[hash & (rib->bucket_count - 1)];
}

static uint32_t find(const struct rib *rib, const struct ip_prefix *prefix)
{
	uint32_t id = *bucket_of(rib, prefix);

	while (id != RIB_END && !same_prefix(&rib->entries.v[id].route.prefix, prefix))
		id = rib->entries.v[id].chain;
	return id;
}

static void grow_buckets(struct rib *rib)
{
	uint32_t *old = rib->buckets;
	size_t old_count = rib->bucket_count;

	rib->bucket_count *= 2;
	rib->buckets = xcalloc(rib->bucket_count, sizeof(*rib->buckets));
	for (size_t i = 0; i < old_count; i++) {
		for (uint32_t id = old[i], next; id != RIB_END; id = next) {
			struct rib_entry *entry = &rib->entries.v[id];
			uint32_t *bucket = bucket_of(rib, &entry->route.prefix);

			next = entry->chain;
			entry->chain = *bucket;
			*bucket = id;
		}
	}
	free(old);
}

static uint32_t insert(struct rib *rib, const struct ip_prefix *prefix)
{
	uint32_t id = rib->free_list;
	struct rib_entry *entry;
	uint32_t *bucket;

	if (rib->used >= rib->bucket_count)
		grow_buckets(rib);
	if (id == RIB_END) {
		id = (uint32_t)rib->entries.n;
		(void)array_new(&rib->entries);
	}
	entry = &rib->entries.v[id];
	rib->free_list = entry->chain;
	bucket = bucket_of(rib, prefix);
	*entry = (struct rib_entry){
		.route.prefix = *prefix, .prev = id, .next = id, .chain = *bucket};
	*bucket = id;
	rib->used++;
	return id;
}

/* ---- the log ----------------------------------------------------------------------------- */

/* An entry that is in no list is linked to itself, so that this does nothing to it. */
static void unlink_entry(struct rib *rib, uint32_t id)
{
	struct rib_entry *entry = &rib->entries.v[id];

	array_each(&rib->readers, reader) {
		if ((*reader)->at == id)
			(*reader)->at = entry->next == id ? RIB_END : entry->next;
	}
	rib->entries.v[entry->prev].next = entry->next;
	rib->entries.v[entry->next].prev = entry->prev;
}

static void append_to_log(struct rib *rib, uint32_t id)
{
	struct rib_entry *ends = &rib->entries.v[RIB_END];
	struct rib_entry *entry = &rib->entries.v[id];

	unlink_entry(rib, id);
	entry->sequence = ++rib->sequence;
	entry->prev = ends->prev;
	entry->next = RIB_END;
	rib->entries.v[ends->prev].next = id;
	ends->prev = id;
	array_each(&rib->readers, reader) {
		if ((*reader)->at == RIB_END)
			(*reader)->at = id;
	}
}

void rib_entry_release(struct rib *rib, uint32_t id)
{
	struct rib_entry *entry = &rib->entries.v[id];
	uint32_t *link = bucket_of(rib, &entry->route.prefix);

	unlink_entry(rib, id);
	while (*link != id)
		link = &rib->entries.v[*link].chain;
	*link = entry->chain;
	entry->chain = rib->free_list;
	rib->free_list = id;
	rib->used--;
}

/* ---- changes ----------------------------------------------------------------------------- */

static int check_next_hop(const struct ip_prefix *prefix, const struct ip_addr *ip, struct err *err)
{
	char text[IP_TEXT_MAX];

	if (ip->family != prefix->addr.family)
		return err_set(err, -EINVAL, "%s: next hop %s is of another address family",
			       ip_prefix_format(prefix, text), ip_str(ip).s);
	if (ip_is_unspecified(ip) || ip_is_multicast(ip) || ip_is_link_local(ip))
		return err_set(err, -EINVAL, "%s: %s cannot be a next hop",
			       ip_prefix_format(prefix, text), ip_str(ip).s);
	return 0;
}

static int check(const struct ip_prefix *prefix, const struct ip_addr *next_hops, size_t n,
		 struct err *err)
{
	if (!ip_is_set(&prefix->addr) || prefix->len > ip_bits(prefix->addr.family))
		return err_set(err, -EINVAL, "not a prefix: family %u, length %u",
			       prefix->addr.family, prefix->len);
	if (n > NHSET_MAX)
		return err_set(err, -EINVAL, "%s: %zu next hops, at most %d are possible",
			       ip_str(&prefix->addr).s, n, NHSET_MAX);
	for (size_t i = 0; i < n; i++) {
		int rc = check_next_hop(prefix, &next_hops[i], err);

		if (rc)
			return rc;
	}
	return 0;
}

/* Takes over the reference to NHSET; NULL deletes. */
static void replace(struct rib *rib, uint32_t id, const struct nhset *nhset)
{
	struct rib_entry *entry = &rib->entries.v[id];

	rib->count += (nhset != NULL);
	rib->count -= (entry->route.nhset != NULL);
	nhset_put(rib->nhsets, entry->route.nhset);
	entry->route.nhset = nhset;
	append_to_log(rib, id);
	if (!nhset && !entry->holders)
		rib_entry_release(rib, id);
}

int rib_set(struct rib *rib, const struct ip_prefix *prefix, const struct ip_addr *next_hops,
	    size_t n, uint32_t metric, void *cookie, struct err *err)
{
	struct ip_addr sorted[NHSET_MAX];
	const struct nhset *nhset;
	struct ip_prefix key;
	uint32_t id;
	int rc = check(prefix, next_hops, n, err);

	if (rc)
		return rc;
	if (!n) {
		rib_delete(rib, prefix);
		return 0;
	}
	key = canonical(prefix);
	memcpy(sorted, next_hops, n * sizeof(*sorted));
	nhset = nhset_get(rib->nhsets, sorted, n, metric);
	id = find(rib, &key);
	if (id == RIB_END)
		id = insert(rib, &key);
	rib->entries.v[id].route.cookie = cookie;
	if (rib->entries.v[id].route.nhset == nhset)
		nhset_put(rib->nhsets, nhset);
	else
		replace(rib, id, nhset);
	return 0;
}

void rib_delete(struct rib *rib, const struct ip_prefix *prefix)
{
	struct ip_prefix key = canonical(prefix);
	uint32_t id = find(rib, &key);

	if (id != RIB_END && rib->entries.v[id].route.nhset)
		replace(rib, id, NULL);
}

void rib_touch(struct rib *rib, const struct ip_prefix *prefix)
{
	struct ip_prefix key = canonical(prefix);
	uint32_t id = find(rib, &key);

	if (id != RIB_END)
		append_to_log(rib, id);
}

/* ---- looking ----------------------------------------------------------------------------- */

const struct rib_route *rib_find(const struct rib *rib, const struct ip_prefix *prefix)
{
	struct ip_prefix key = canonical(prefix);
	const struct rib_entry *entry = &rib->entries.v[find(rib, &key)];

	return entry->route.nhset ? &entry->route : NULL;
}

size_t rib_count(const struct rib *rib)
{
	return rib->count;
}

void rib_each(const struct rib *rib, void (*fn)(void *ctx, const struct rib_route *route),
	      void *ctx)
{
	const struct rib_entry *entries = rib->entries.v;

	for (uint32_t id = entries[RIB_END].next; id != RIB_END; id = entries[id].next) {
		if (entries[id].route.nhset)
			fn(ctx, &entries[id].route);
	}
}

uint64_t rib_sequence(const struct rib *rib)
{
	return rib->sequence;
}

size_t rib_memory(const struct rib *rib)
{
	return sizeof(*rib) + rib->entries.cap * sizeof(*rib->entries.v) +
	       rib->bucket_count * sizeof(*rib->buckets) + nhset_store_memory(rib->nhsets);
}
