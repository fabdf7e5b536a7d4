/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CLI_TABLE_H
#define VIPCAST_CLI_TABLE_H

/*
 * A table for a terminal of any width, or for a pipe. libsmartcols draws it; what is here decides
 * how it fits: on a terminal that is too narrow, headings first break into two lines, then the gap
 * between columns shrinks, then the cells of columns that may fold do. Nothing is ever cut off.
 * Into a pipe each row is one line.
 */

#include <stddef.h>
#include <stdio.h>

enum table_flags {
	TABLE_RIGHT = 1, /* numbers */
	TABLE_FOLD = 2,	 /* long cells may take several lines */
};

struct table;

struct table *table_new(void);
void table_free(struct table *table);

/* Columns first, then rows. TITLE is copied. */
void table_add_column(struct table *table, const char *title, unsigned int flags);
void table_add_row(struct table *table);
/* The next cell of the last row, copied; an empty one prints as "-". */
void table_add_cell(struct table *table, const char *text);

size_t table_rows(const struct table *table);
/* Prints for WIDTH columns; 0: as wide as need be. */
void table_print(const struct table *table, FILE *out, size_t width);

#endif
