// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "api/schema.h"

#define NAME_MAX_COMPARED 64
#define DISTANCE_MAX	  3

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance with case folded, one row at a time. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > NAME_MAX_COMPARED || len_b > NAME_MAX_COMPARED)
		return NAME_MAX_COMPARED;
	for (size_t j = 0; j <= len_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			size_t above = row[j];
			bool same = tolower((unsigned char)a[i - 1]) ==
				    tolower((unsigned char)b[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[len_b];
}

const char *schema_nearest(const struct schema *schema, const char *name)
{
	const char *nearest = NULL;
	size_t best = DISTANCE_MAX + 1;

	for (const struct field *f = schema->fields; f->name || f->type; f++) {
		size_t distance = f->name ? edit_distance(name, f->name) : best;

		if (distance < best && distance < strlen(name)) {
			best = distance;
			nearest = f->name;
		}
	}
	return nearest;
}
