// SPDX-License-Identifier: Apache-2.0
#include "bgp/hash.h"

#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

uint32_t hash_bytes(uint32_t seed, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t h = FNV_BASIS ^ seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	return h;
}
