/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/vip_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/*
 * An entry is known by its family and its number (bucket x entries of a bucket + place). The XDP
 * program compares the key, then loads the target: so a key may be written only while its target
 * is zero and nobody can be between those two reads any more, which is what the rest is for. When
 * both buckets of a new key are full, an entry that has room in its other bucket is copied there;
 * both copies stay in force (and are published together) until the rest is over, then the old one
 * is cleared and rests in its turn, and the new key fits on a later try.
 */

#define FAMILIES 2

static unsigned int family_of(const struct vip_key *key)
{
	return key->ip.family == AF_INET6;
}

static uint32_t bucket_entries(unsigned int family)
{
	return family ? VIP6_BUCKET_ENTRIES : VIP4_BUCKET_ENTRIES;
}

static struct vip4_entry *entry4(const struct vip_table *table, uint32_t entry)
{
	return &table->v4[entry / VIP4_BUCKET_ENTRIES].entry[entry % VIP4_BUCKET_ENTRIES];
}

static struct vip6_entry *entry6(const struct vip_table *table, uint32_t entry)
{
	return &table->v6[entry / VIP6_BUCKET_ENTRIES].entry[entry % VIP6_BUCKET_ENTRIES];
}

static __u64 *target_of(const struct vip_table *table, unsigned int family, uint32_t entry)
{
	return family ? &entry6(table, entry)->target : &entry4(table, entry)->target;
}

static uint64_t target_load(const struct vip_table *table, unsigned int family, uint32_t entry)
{
	return __atomic_load_n(target_of(table, family, entry), __ATOMIC_RELAXED);
}

/* Release: what the target leads to, and the key, are visible before it. */
static void target_store(const struct vip_table *table, unsigned int family, uint32_t entry,
			 uint64_t target)
{
	__atomic_store_n(target_of(table, family, entry), target, __ATOMIC_RELEASE);
}

static void key_write(const struct vip_table *table, const struct vip_key *key, uint32_t entry)
{
	if (key->ip.family == AF_INET) {
		struct vip4_entry *e = entry4(table, entry);

		memcpy(&e->addr, key->ip.b, sizeof(e->addr));
		e->port = htons(key->port);
		e->proto = key->proto;
	} else {
		struct vip6_entry *e = entry6(table, entry);

		memcpy(e->addr, key->ip.b, sizeof(e->addr));
		e->port = htons(key->port);
		e->proto = key->proto;
	}
}

static struct vip_key key_read(const struct vip_table *table, unsigned int family, uint32_t entry)
{
	struct vip_key key;

	if (family) {
		const struct vip6_entry *e = entry6(table, entry);

		key.ip = ip_from_v6(e->addr);
		key.port = ntohs(e->port);
		key.proto = e->proto;
	} else {
		const struct vip4_entry *e = entry4(table, entry);

		key.ip = ip_from_v4(&e->addr);
		key.port = ntohs(e->port);
		key.proto = e->proto;
	}
	return key;
}

/* The two buckets of a key, as the XDP program finds them; they may be one and the same. */
static void buckets_of(const struct vip_table *table, const struct vip_key *key, uint32_t bucket[2])
{
	__be32 addr[4];
	__u64 hash;

	memcpy(addr, key->ip.b, sizeof(addr));
	hash = key->ip.family == AF_INET ? vip_hash_v4(addr[0], htons(key->port), key->proto)
					 : vip_hash_v6(addr, htons(key->port), key->proto);
	bucket[0] = (uint32_t)hash & (table->buckets - 1);
	bucket[1] = (uint32_t)(hash >> 32) & (table->buckets - 1);
}

int vip_key_compare(const struct vip_key *a, const struct vip_key *b)
{
	int by_ip = ip_compare(&a->ip, &b->ip);

	if (by_ip)
		return by_ip;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (int)a->proto - (int)b->proto;
}

/* Entries in use whose key is KEY: up to two, while it moves. Returns how many. */
static unsigned int find_entries(const struct vip_table *table, const struct vip_key *key,
				 uint32_t found[2])
{
	unsigned int family = family_of(key), n = 0;
	uint32_t bucket[2], size = bucket_entries(family);

	buckets_of(table, key, bucket);
	for (unsigned int b = 0; b < 2; b++) {
		if (b == 1 && bucket[1] == bucket[0])
			break;
		for (uint32_t i = bucket[b] * size; i < (bucket[b] + 1) * size && n < 2; i++) {
			struct vip_key there = key_read(table, family, i);

			if (target_load(table, family, i) && vip_key_compare(&there, key) == 0)
				found[n++] = i;
		}
	}
	return n;
}

static void entry_free(struct vip_table *table, unsigned int family, uint32_t entry, uint64_t now)
{
	target_store(table, family, entry, 0);
	table->freed[family][entry] = now + 1;
	table->used[family]--;
}

/*
 * Takes an entry over that the program before this one left: in use, freed a moment ago, or never
 * written. A key with two entries was on the move: the move is started again.
 */
static void adopt_entry(struct vip_table *table, unsigned int family, uint32_t entry, uint64_t now)
{
	static const struct ip_addr none;
	struct vip_key key = key_read(table, family, entry);
	uint32_t found[2];

	if (!target_load(table, family, entry)) {
		if (memcmp(key.ip.b, none.b, sizeof(none.b)) != 0)
			table->freed[family][entry] = now + 1;
		return;
	}
	table->used[family]++;
	if (find_entries(table, &key, found) == 2 && found[1] == entry) {
		target_store(table, family, entry, target_load(table, family, found[0]));
		array_push(&table->moving, ((struct vip_moved){key, entry, now}));
	}
}

void vip_table_init(struct vip_table *table, struct vip4_bucket *v4, struct vip6_bucket *v6,
		    uint32_t buckets, uint64_t rest_ms, uint64_t now)
{
	memset(table, 0, sizeof(*table));
	table->v4 = v4;
	table->v6 = v6;
	table->buckets = buckets;
	table->rest_ms = rest_ms;
	for (unsigned int family = 0; family < FAMILIES; family++) {
		uint32_t entries = buckets * bucket_entries(family);

		table->freed[family] = xcalloc(entries, sizeof(uint64_t));
		for (uint32_t i = 0; i < entries; i++)
			adopt_entry(table, family, i, now);
	}
}

void vip_table_destroy(struct vip_table *table)
{
	for (unsigned int family = 0; family < FAMILIES; family++)
		free(table->freed[family]);
	array_free(&table->moving);
	memset(table, 0, sizeof(*table));
}

uint64_t vip_table_find(const struct vip_table *table, const struct vip_key *key)
{
	uint32_t found[2];

	return find_entries(table, key, found) ? target_load(table, family_of(key), found[0]) : 0;
}

static bool can_be_written(const struct vip_table *table, unsigned int family, uint32_t entry,
			   uint64_t now)
{
	uint64_t freed = table->freed[family][entry];

	return !target_load(table, family, entry) && (!freed || freed - 1 + table->rest_ms <= now);
}

/* An entry of the bucket that can be written, and how many there are. */
static uint32_t room_in(const struct vip_table *table, unsigned int family, uint32_t bucket,
			uint64_t now, uint32_t *entry)
{
	uint32_t size = bucket_entries(family), n = 0;

	for (uint32_t i = bucket * size; i < (bucket + 1) * size; i++) {
		if (can_be_written(table, family, i, now)) {
			*entry = i;
			n++;
		}
	}
	return n;
}

static void entry_fill(struct vip_table *table, const struct vip_key *key, uint32_t entry,
		       uint64_t target)
{
	unsigned int family = family_of(key);

	key_write(table, key, entry);
	target_store(table, family, entry, target);
	table->freed[family][entry] = 0;
	table->used[family]++;
}

/* Puts KEY into the emptier of its buckets; false when there is no room. */
static bool place(struct vip_table *table, const struct vip_key *key, uint64_t target, uint64_t now)
{
	unsigned int family = family_of(key);
	uint32_t bucket[2], entry[2] = {0, 0}, room[2];

	buckets_of(table, key, bucket);
	for (unsigned int b = 0; b < 2; b++)
		room[b] = room_in(table, family, bucket[b], now, &entry[b]);
	if (!room[0] && !room[1])
		return false;
	entry_fill(table, key, room[1] > room[0] ? entry[1] : entry[0], target);
	return true;
}

static bool is_moving(const struct vip_table *table, unsigned int family, uint32_t entry)
{
	array_each(&table->moving, m)
		if (m->entry == entry && family_of(&m->key) == family)
			return true;
	return false;
}

/* Copies the entry into its other bucket and leaves both in force; false when that is full. */
static bool start_move(struct vip_table *table, unsigned int family, uint32_t entry, uint64_t now)
{
	struct vip_key key = key_read(table, family, entry);
	uint32_t bucket[2], size = bucket_entries(family), other, free_entry;

	buckets_of(table, &key, bucket);
	other = bucket[0] == entry / size ? bucket[1] : bucket[0];
	if (other == entry / size || !room_in(table, family, other, now, &free_entry))
		return false;
	entry_fill(table, &key, free_entry, target_load(table, family, entry));
	array_push(&table->moving, ((struct vip_moved){key, entry, now}));
	return true;
}

/* Both buckets of KEY are full: room is on its way (-EAGAIN), or cannot be made (-ENOSPC). */
static int make_room(struct vip_table *table, const struct vip_key *key, uint64_t now)
{
	unsigned int family = family_of(key);
	uint32_t bucket[2], size = bucket_entries(family);

	buckets_of(table, key, bucket);
	for (unsigned int b = 0; b < 2; b++)
		for (uint32_t i = bucket[b] * size; i < (bucket[b] + 1) * size; i++)
			if (!target_load(table, family, i) || is_moving(table, family, i))
				return -EAGAIN;
	for (unsigned int b = 0; b < 2; b++)
		for (uint32_t i = bucket[b] * size; i < (bucket[b] + 1) * size; i++)
			if (start_move(table, family, i, now))
				return -EAGAIN;
	return -ENOSPC;
}

int vip_table_set(struct vip_table *table, const struct vip_key *key, uint64_t target, uint64_t now)
{
	uint32_t found[2];
	unsigned int n = find_entries(table, key, found);

	if (target == 0)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++)
		target_store(table, family_of(key), found[i], target);
	if (n)
		return 0;
	vip_table_tick(table, now);
	if (place(table, key, target, now))
		return 0;
	return make_room(table, key, now);
}

bool vip_table_remove(struct vip_table *table, const struct vip_key *key, uint64_t now)
{
	uint32_t found[2];
	unsigned int n = find_entries(table, key, found);

	for (unsigned int i = 0; i < n; i++)
		entry_free(table, family_of(key), found[i], now);
	for (size_t i = table->moving.n; i-- > 0;)
		if (n == 2 && vip_key_compare(&table->moving.v[i].key, key) == 0)
			array_remove(&table->moving, i);
	return n > 0;
}

void vip_table_tick(struct vip_table *table, uint64_t now)
{
	for (size_t i = table->moving.n; i-- > 0;) {
		struct vip_moved *m = &table->moving.v[i];

		if (m->since + table->rest_ms > now)
			continue;
		entry_free(table, family_of(&m->key), m->entry, now);
		array_remove(&table->moving, i);
	}
}

void vip_table_each(const struct vip_table *table,
		    void (*each)(void *ctx, const struct vip_key *key, uint64_t target), void *ctx)
{
	for (unsigned int family = 0; family < FAMILIES; family++) {
		for (uint32_t i = 0; i < table->buckets * bucket_entries(family); i++) {
			uint64_t target = target_load(table, family, i);
			struct vip_key key;

			if (!target || is_moving(table, family, i))
				continue;
			key = key_read(table, family, i);
			each(ctx, &key, target);
		}
	}
}
