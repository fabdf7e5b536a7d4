/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_ID_POOL_H
#define VIPCAST_MAPS_ID_POOL_H

/*
 * Numbers 1 ... capacity-1, each given to one holder at a time; one that was given back rests
 * before it is taken again. For VIP numbers and backend indexes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/array.h"

struct id_pool_resting {
	uint32_t id;
	uint64_t since;
};

struct id_pool {
	uint32_t capacity, used, cursor;
	uint64_t rest_ms;
	uint8_t *state;
	ARRAY(struct id_pool_resting) resting; /* oldest first, from `first` on */
	size_t first;
};

void id_pool_init(struct id_pool *pool, uint32_t capacity, uint64_t rest_ms);
void id_pool_destroy(struct id_pool *pool);
/* Marks an id that is in use already; false when it is out of range or taken. */
bool id_pool_adopt(struct id_pool *pool, uint32_t id);
/* A free id, or 0 when there is none (or all that are free still rest). NOW in milliseconds. */
uint32_t id_pool_take(struct id_pool *pool, uint64_t now);
void id_pool_give(struct id_pool *pool, uint32_t id, uint64_t now);

#endif
