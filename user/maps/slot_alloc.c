/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/slot_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps/maglev.h"

static int compare_extents(const void *va, const void *vb)
{
	const struct slot_extent *a = va, *b = vb;

	return (a->start > b->start) - (a->start < b->start);
}

/* Fills ALLOC's extents with what lies between the sorted extents of USED. */
static int free_between(struct slot_alloc *alloc, uint32_t reserved, const struct slot_extent *used,
			size_t n, struct err *err)
{
	uint32_t at = reserved;

	for (size_t i = 0; i < n; i++) {
		const struct slot_extent *u = &used[i];

		if (u->start < at || u->length == 0 || u->start > alloc->total ||
		    u->length > alloc->total - u->start)
			return err_set(
				err, -EINVAL,
				"slots %u-%llu of a published table overlap others or lie outside %u-%u",
				u->start, (unsigned long long)u->start + u->length, reserved,
				alloc->total);
		if (u->start > at)
			array_push(&alloc->extents, ((struct slot_extent){at, u->start - at}));
		at = u->start + u->length;
		alloc->used += u->length;
	}
	if (at < alloc->total)
		array_push(&alloc->extents, ((struct slot_extent){at, alloc->total - at}));
	return 0;
}

int slot_alloc_init(struct slot_alloc *alloc, uint32_t reserved, uint32_t total, uint64_t rest_ms,
		    const struct slot_slice *in_use, size_t n, struct err *err)
{
	ARRAY(struct slot_extent) used = {0};
	int rc;

	memset(alloc, 0, sizeof(*alloc));
	alloc->total = total;
	alloc->rest_ms = rest_ms;
	for (size_t i = 0; i < n; i++)
		array_push(&used,
			   ((struct slot_extent){in_use[i].start, maglev_size(in_use[i].row)}));
	if (used.n)
		qsort(used.v, used.n, sizeof(*used.v), compare_extents);
	rc = free_between(alloc, reserved, used.v, used.n, err);
	array_free(&used);
	if (rc)
		slot_alloc_destroy(alloc);
	return rc;
}

void slot_alloc_destroy(struct slot_alloc *alloc)
{
	array_free(&alloc->extents);
	for (unsigned int row = 0; row < MAGLEV_SIZES; row++)
		array_free(&alloc->by_row[row]);
	array_free(&alloc->resting);
	memset(alloc, 0, sizeof(*alloc));
}

/* Moves what has rested to the list of its size. */
static void wake(struct slot_alloc *alloc, uint64_t now)
{
	size_t n = 0;

	while (n < alloc->resting.n && alloc->resting.v[n].since + alloc->rest_ms <= now) {
		const struct slot_slice *slice = &alloc->resting.v[n++].slice;

		array_push(&alloc->by_row[slice->row], slice->start);
	}
	if (n == 0)
		return;
	alloc->resting.n -= n;
	memmove(alloc->resting.v, alloc->resting.v + n,
		alloc->resting.n * sizeof(*alloc->resting.v));
}

/* Turns the lists by size into extents and joins neighbours. */
static void coalesce(struct slot_alloc *alloc)
{
	size_t kept = 0;

	for (unsigned int row = 0; row < MAGLEV_SIZES; row++) {
		array_each(&alloc->by_row[row], start)
			array_push(&alloc->extents,
				   ((struct slot_extent){*start, maglev_size(row)}));
		alloc->by_row[row].n = 0;
	}
	if (alloc->extents.n == 0)
		return;
	qsort(alloc->extents.v, alloc->extents.n, sizeof(*alloc->extents.v), compare_extents);
	for (size_t i = 1; i < alloc->extents.n; i++) {
		struct slot_extent *last = &alloc->extents.v[kept];
		const struct slot_extent *e = &alloc->extents.v[i];

		if (last->start + last->length == e->start)
			last->length += e->length;
		else
			alloc->extents.v[++kept] = *e;
	}
	alloc->extents.n = kept + 1;
}

/* Cuts LENGTH slots off the smallest extent that has them. */
static uint32_t carve(struct slot_alloc *alloc, uint32_t length)
{
	struct slot_extent *best = NULL;
	uint32_t start;

	array_each(&alloc->extents, e)
		if (e->length >= length && (!best || e->length < best->length))
			best = e;
	if (!best)
		return SLOT_NONE;
	start = best->start;
	best->start += length;
	best->length -= length;
	if (best->length == 0)
		array_remove(&alloc->extents, best - alloc->extents.v);
	return start;
}

uint32_t slot_alloc_take(struct slot_alloc *alloc, unsigned int row, uint64_t now)
{
	uint32_t length = maglev_size(row), start;

	if (length == 0)
		return SLOT_NONE;
	wake(alloc, now);
	if (alloc->by_row[row].n) {
		start = alloc->by_row[row].v[--alloc->by_row[row].n];
	} else {
		start = carve(alloc, length);
		if (start == SLOT_NONE) {
			coalesce(alloc);
			start = carve(alloc, length);
		}
	}
	if (start != SLOT_NONE)
		alloc->used += length;
	return start;
}

void slot_alloc_give(struct slot_alloc *alloc, struct slot_slice slice, uint64_t now)
{
	alloc->used -= maglev_size(slice.row);
	array_push(&alloc->resting, ((struct slot_resting){slice, now}));
}
