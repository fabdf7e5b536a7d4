/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_UTIL_ARRAY_H
#define VIPCAST_UTIL_ARRAY_H

/*
 * A growing array of any type: ARRAY(struct foo) foos = {0}; array_push(&foos, foo).
 * The array owns its memory, not what its elements point to. Zeroed is empty.
 */

#include <stddef.h>
#include <stdlib.h>

#include "util/mem.h"

#define ARRAY(T)               \
	struct {               \
		T *v;          \
		size_t n, cap; \
	}

/* Appends VALUE (an rvalue of the element's type). */
#define array_push(a, value) (*(array_reserve(a), &(a)->v[(a)->n++]) = (value))

/* Appends a zeroed element and yields a pointer to it, valid until the next push. */
#define array_new(a) \
	(array_reserve(a), array_zero(&(a)->v[(a)->n], sizeof(*(a)->v)), &(a)->v[(a)->n++])

/* Makes room for one element more. */
#define array_reserve(a) ((a)->v = array_grow((a)->v, (a)->n, &(a)->cap, sizeof(*(a)->v)))

/* Removes element I, keeping the order of the others. */
#define array_remove(a, i) array_close_gap((a)->v, &(a)->n, (size_t)(i), sizeof(*(a)->v))

/* Frees the array's memory and makes it empty. */
#define array_free(a)                  \
	do {                           \
		free((a)->v);          \
		(a)->v = NULL;         \
		(a)->n = (a)->cap = 0; \
	} while (0)

#define array_each(a, p) for (__typeof__((a)->v + 0) p = (a)->v; p && p < (a)->v + (a)->n; p++)

/* The workings of the macros above. */
void *array_grow(void *v, size_t n, size_t *cap, size_t size);
void array_zero(void *element, size_t size);
void array_close_gap(void *v, size_t *n, size_t i, size_t size);

#endif
