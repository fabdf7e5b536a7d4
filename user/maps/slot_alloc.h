/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_SLOT_ALLOC_H
#define VIPCAST_MAPS_SLOT_ALLOC_H

/*
 * Hands out slices of the slots array, one size a row of MAGLEV_PRIMES. Freed slices rest, then go
 * to a list of their size; the rest of the array is kept as free extents, the best fit first. When
 * no extent is large enough the lists are merged into the extents again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maps/contract.h"
#include "util/array.h"
#include "util/err.h"

#define SLOT_NONE UINT32_MAX

struct slot_slice {
	uint32_t start;
	unsigned int row; /* of MAGLEV_PRIMES */
};

struct slot_extent {
	uint32_t start, length;
};

struct slot_resting {
	struct slot_slice slice;
	uint64_t since;
};

struct slot_alloc {
	uint32_t total, used; /* slots */
	uint64_t rest_ms;
	ARRAY(struct slot_extent) extents; /* by start */
	ARRAY(uint32_t) by_row[MAGLEV_SIZES];
	ARRAY(struct slot_resting) resting; /* oldest first */
};

/*
 * Slots [RESERVED, TOTAL) are free but for the slices of IN_USE (N of them, in any order).
 * -EINVAL when a slice is out of bounds or overlaps another one: ERR names it, nothing is owned.
 */
int slot_alloc_init(struct slot_alloc *alloc, uint32_t reserved, uint32_t total, uint64_t rest_ms,
		    const struct slot_slice *in_use, size_t n, struct err *err);
void slot_alloc_destroy(struct slot_alloc *alloc);

/* The first slot of a fresh slice, or SLOT_NONE. NOW in milliseconds. */
uint32_t slot_alloc_take(struct slot_alloc *alloc, unsigned int row, uint64_t now);
void slot_alloc_give(struct slot_alloc *alloc, struct slot_slice slice, uint64_t now);

#endif
