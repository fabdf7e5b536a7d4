/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_IP_MAP_H
#define VIPCAST_PLAN_IP_MAP_H

/* From addresses to numbers: a hash table of which nothing is ever removed. Zeroed is empty. */

#include "util/ip.h"

struct ip_map_entry {
	struct ip_addr ip; /* family 0: free */
	int value;
};

struct ip_map {
	struct ip_map_entry *entries;
	size_t n, size; /* size: 0 or a power of two */
};

/* The value of IP, 0 when it is not there. */
int ip_map_get(const struct ip_map *map, const struct ip_addr *ip);
/* IP must be set. A value of 0 is the same as absence. */
void ip_map_set(struct ip_map *map, const struct ip_addr *ip, int value);
void ip_map_free(struct ip_map *map);

#endif
