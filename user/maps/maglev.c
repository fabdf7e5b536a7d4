/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/maglev.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/*
 * Each backend walks the table along a permutation of its own (offset + k * skip, modulo a prime)
 * and in turn takes the next free slot of it, until all are taken. The turns go in the order of
 * the backends' hashes: a fair order that nobody's place in a list can change.
 */

#define SLOTS_PER_BACKEND 100

static const uint32_t primes[MAGLEV_SIZES] = MAGLEV_PRIMES;

struct walker {
	uint64_t hash;
	uint32_t next, skip;
	const struct maglev_backend *backend;
};

unsigned int maglev_row(size_t backends)
{
	for (unsigned int row = 0; row < MAGLEV_SIZES; row++)
		if (primes[row] / SLOTS_PER_BACKEND >= backends)
			return row;
	return MAGLEV_SIZES - 1;
}

uint32_t maglev_size(unsigned int row)
{
	return row < MAGLEV_SIZES ? primes[row] : 0;
}

static uint64_t backend_hash(const uint64_t seed[2], const struct maglev_backend *backend)
{
	__u64 key[2] = {seed[0], seed[1]};
	__u64 words[2];
	struct siphash s;

	memcpy(words, backend->ip.b, sizeof(words));
	siphash_start(&s, key);
	siphash_word(&s, words[0]);
	siphash_word(&s, words[1]);
	siphash_word(&s, (__u64)backend->ip.family << 16 | backend->port);
	return siphash_end(&s);
}

static int compare_walkers(const void *va, const void *vb)
{
	const struct walker *a = va, *b = vb;
	int by_ip;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	by_ip = ip_compare(&a->backend->ip, &b->backend->ip);
	if (by_ip)
		return by_ip;
	return (int)a->backend->port - (int)b->backend->port;
}

static uint32_t advance(uint32_t at, uint32_t skip, uint32_t size)
{
	at += skip;
	return at >= size ? at - size : at;
}

void maglev_fill(const uint64_t seed[2], const struct maglev_backend *backends, size_t n,
		 unsigned int row, slot_value *slots)
{
	uint32_t size = maglev_size(row), filled = 0;
	struct walker *walkers;

	memset(slots, 0, size * sizeof(*slots));
	if (n == 0 || size == 0)
		return;
	walkers = xcalloc(n, sizeof(*walkers));
	for (size_t i = 0; i < n; i++) {
		uint64_t hash = backend_hash(seed, &backends[i]);

		walkers[i].hash = hash;
		walkers[i].next = (uint32_t)((hash >> 32) % size);
		walkers[i].skip = (uint32_t)((hash & 0xffffffff) % (size - 1)) + 1;
		walkers[i].backend = &backends[i];
	}
	qsort(walkers, n, sizeof(*walkers), compare_walkers);
	for (size_t i = 0; filled < size; i = i + 1 == n ? 0 : i + 1) {
		struct walker *w = &walkers[i];

		while (slots[w->next])
			w->next = advance(w->next, w->skip, size);
		slots[w->next] = w->backend->index;
		filled++;
	}
	free(walkers);
}
