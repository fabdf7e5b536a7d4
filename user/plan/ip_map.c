// SPDX-License-Identifier: Apache-2.0
#include "plan/ip_map.h"

#include <stdlib.h>

#include "util/mem.h"

#define FIRST_SIZE 64

/* FNV-1a with a final mix. Keys come out of the user's own pools: nobody has a reason to attack. */
static size_t hash_ip(const struct ip_addr *ip)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < ip_size(ip->family); i++)
		h = (h ^ ip->b[i]) * 0x100000001b3;
	return (size_t)(h ^ (h >> 29));
}

/* The entry of IP, or the free one where it would be. */
static struct ip_map_entry *locate(const struct ip_map *map, const struct ip_addr *ip)
{
	for (size_t i = hash_ip(ip);; i++) {
		struct ip_map_entry *e = &map->entries[i & (map->size - 1)];

		if (!ip_is_set(&e->ip) || ip_equal(&e->ip, ip))
			return e;
	}
}

static void grow(struct ip_map *map)
{
	struct ip_map bigger = {.n = map->n, .size = map->size ? map->size * 2 : FIRST_SIZE};

	bigger.entries = xcalloc(bigger.size, sizeof(*bigger.entries));
	for (size_t i = 0; i < map->size; i++)
		if (ip_is_set(&map->entries[i].ip))
			*locate(&bigger, &map->entries[i].ip) = map->entries[i];
	free(map->entries);
	*map = bigger;
}

int ip_map_get(const struct ip_map *map, const struct ip_addr *ip)
{
	return map->size ? locate(map, ip)->value : 0;
}

void ip_map_set(struct ip_map *map, const struct ip_addr *ip, int value)
{
	struct ip_map_entry *e;

	if ((map->n + 1) * 2 > map->size)
		grow(map);
	e = locate(map, ip);
	map->n += !ip_is_set(&e->ip);
	e->ip = *ip;
	e->value = value;
}

void ip_map_free(struct ip_map *map)
{
	free(map->entries);
	*map = (struct ip_map){0};
}
