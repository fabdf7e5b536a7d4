// SPDX-License-Identifier: Apache-2.0
#include "util/array.h"

#include <string.h>

void *array_grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 8;
	return xreallocarray(v, *cap, size);
}

void array_zero(void *element, size_t size)
{
	memset(element, 0, size);
}

void array_close_gap(void *v, size_t *n, size_t i, size_t size)
{
	char *at = (char *)v + i * size;

	memmove(at, at + size, (*n - i - 1) * size);
	(*n)--;
}
