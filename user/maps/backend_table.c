/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/backend_table.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

/* dst_mac and flags, the word that is stored at once. */
union mac_and_flags {
	struct {
		__u8 dst_mac[6];
		__u16 flags;
	};
	__u64 word;
};

_Static_assert(offsetof(struct backend_value, dst_mac) % 8 == 0, "dst_mac starts a word");
_Static_assert(offsetof(struct backend_value, flags) ==
		       offsetof(struct backend_value, dst_mac) +
			       offsetof(union mac_and_flags, flags),
	       "flags end it");

typedef __u64 __attribute__((may_alias)) aliased_word;

static void store_word(struct backend_value *value, const uint8_t mac[6], uint16_t flags)
{
	aliased_word *words = (aliased_word *)value;
	union mac_and_flags word = {.flags = flags};

	memcpy(word.dst_mac, mac, sizeof(word.dst_mac));
	__atomic_store_n(&words[offsetof(struct backend_value, dst_mac) / sizeof(*words)],
			 word.word, __ATOMIC_RELEASE);
}

void backend_table_init(struct backend_table *table, struct backend_value *values,
			uint32_t capacity, uint64_t rest_ms)
{
	memset(table, 0, sizeof(*table));
	table->values = values;
	table->rest_ms = rest_ms;
	id_pool_init(&table->ids, capacity, rest_ms);
	for (uint32_t i = 1; i < capacity; i++)
		if (values[i].flags)
			id_pool_adopt(&table->ids, i);
}

void backend_table_destroy(struct backend_table *table)
{
	id_pool_destroy(&table->ids);
	array_free(&table->retired);
	memset(table, 0, sizeof(*table));
}

static uint16_t flags_of(bool ipv6, const struct backend_path *path, uint16_t flags)
{
	flags = (flags & BACKEND_DRAINING) | BACKEND_USED;
	if (ipv6)
		flags |= BACKEND_IPV6;
	if (path->resolved)
		flags |= BACKEND_UP;
	return flags;
}

uint32_t backend_table_add(struct backend_table *table, const struct ip_addr *ip, uint16_t port,
			   const struct ip_addr *nat_addr, const struct backend_path *path,
			   uint16_t flags, uint64_t now)
{
	uint32_t index = id_pool_take(&table->ids, now);
	struct backend_value *value = &table->values[index];

	if (index == 0)
		return 0;
	memcpy(value->addr, ip->b, sizeof(value->addr));
	memcpy(value->nat_addr, nat_addr->b, sizeof(value->nat_addr));
	memcpy(value->src_mac, path->src_mac, sizeof(value->src_mac));
	value->port = htons(port);
	value->ifindex = path->ifindex;
	value->generation++;
	store_word(value, path->dst_mac, flags_of(ip->family == AF_INET6, path, flags));
	return index;
}

void backend_table_update(struct backend_table *table, uint32_t index,
			  const struct backend_path *path, uint16_t flags)
{
	struct backend_value *value = &table->values[index];
	bool ipv6 = value->flags & BACKEND_IPV6;

	if (value->ifindex != path->ifindex ||
	    memcmp(value->src_mac, path->src_mac, sizeof(value->src_mac)) != 0) {
		store_word(value, value->dst_mac, value->flags & (uint16_t)~BACKEND_UP);
		__atomic_store_n(&value->ifindex, path->ifindex, __ATOMIC_RELEASE);
		memcpy(value->src_mac, path->src_mac, sizeof(value->src_mac));
	}
	store_word(value, path->dst_mac, flags_of(ipv6, path, flags));
}

void backend_table_retire(struct backend_table *table, uint32_t index, uint64_t now)
{
	array_push(&table->retired, ((struct backend_retired){index, now}));
}

bool backend_table_revive(struct backend_table *table, uint32_t index)
{
	for (size_t i = 0; i < table->retired.n; i++) {
		if (table->retired.v[i].index == index) {
			array_remove(&table->retired, i);
			return true;
		}
	}
	return false;
}

bool backend_table_tick(struct backend_table *table, uint64_t now)
{
	static const uint8_t no_mac[6];
	size_t n = 0;

	while (n < table->retired.n && table->retired.v[n].since + table->rest_ms <= now) {
		uint32_t index = table->retired.v[n++].index;

		store_word(&table->values[index], no_mac, 0);
		id_pool_give(&table->ids, index, now);
	}
	if (n) {
		table->retired.n -= n;
		memmove(table->retired.v, table->retired.v + n,
			table->retired.n * sizeof(*table->retired.v));
	}
	return table->retired.n > 0;
}

static struct ip_addr address(const struct backend_value *value, const __be32 words[4])
{
	return value->flags & BACKEND_IPV6 ? ip_from_v6(words) : ip_from_v4(words);
}

struct ip_addr backend_ip(const struct backend_value *value)
{
	return address(value, value->addr);
}

struct ip_addr backend_nat_addr(const struct backend_value *value)
{
	return address(value, value->nat_addr);
}
