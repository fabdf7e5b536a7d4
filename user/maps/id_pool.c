/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/id_pool.h"

#include <string.h>

enum { ID_FREE, ID_USED, ID_RESTING };

void id_pool_init(struct id_pool *pool, uint32_t capacity, uint64_t rest_ms)
{
	memset(pool, 0, sizeof(*pool));
	pool->capacity = capacity;
	pool->rest_ms = rest_ms;
	pool->cursor = 1;
	pool->state = xcalloc(capacity, 1);
}

void id_pool_destroy(struct id_pool *pool)
{
	free(pool->state);
	array_free(&pool->resting);
	memset(pool, 0, sizeof(*pool));
}

bool id_pool_adopt(struct id_pool *pool, uint32_t id)
{
	if (id == 0 || id >= pool->capacity || pool->state[id] != ID_FREE)
		return false;
	pool->state[id] = ID_USED;
	pool->used++;
	return true;
}

static uint32_t take_rested(struct id_pool *pool, uint64_t now)
{
	uint32_t id;

	if (pool->first == pool->resting.n ||
	    pool->resting.v[pool->first].since + pool->rest_ms > now)
		return 0;
	id = pool->resting.v[pool->first++].id;
	if (pool->first == pool->resting.n)
		pool->first = pool->resting.n = 0;
	return id;
}

uint32_t id_pool_take(struct id_pool *pool, uint64_t now)
{
	uint32_t id = take_rested(pool, now);

	while (!id && pool->cursor < pool->capacity)
		if (pool->state[pool->cursor++] == ID_FREE)
			id = pool->cursor - 1;
	if (id) {
		pool->state[id] = ID_USED;
		pool->used++;
	}
	return id;
}

void id_pool_give(struct id_pool *pool, uint32_t id, uint64_t now)
{
	if (id == 0 || id >= pool->capacity || pool->state[id] != ID_USED)
		return;
	pool->state[id] = ID_RESTING;
	pool->used--;
	/* The part in front has been taken again: close it up before the array grows for nothing.
	 */
	if (pool->first > pool->resting.n / 2) {
		pool->resting.n -= pool->first;
		memmove(pool->resting.v, pool->resting.v + pool->first,
			pool->resting.n * sizeof(*pool->resting.v));
		pool->first = 0;
	}
	array_push(&pool->resting, ((struct id_pool_resting){id, now}));
}
