// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cli/text.h"
#include "util/array.h"

#define FOLD_MIN 12 /* a folded column gets no narrower than this */

struct column {
	char *title;
	unsigned int flags;
	char *head[2]; /* the title in two lines, or in the second alone */
	size_t width;
};

struct table {
	ARRAY(struct column) columns;
	ARRAY(char *) cells; /* row by row */
	size_t rows;
};

struct table *table_new(void)
{
	return xcalloc(1, sizeof(struct table));
}

void table_free(struct table *table)
{
	if (!table)
		return;
	array_each(&table->columns, c)
		free(c->title);
	array_each(&table->cells, cell)
		free(*cell);
	array_free(&table->columns);
	array_free(&table->cells);
	free(table);
}

void table_add_column(struct table *table, const char *title, unsigned int flags)
{
	struct column column = {.title = xstrdup(title), .flags = flags};

	array_push(&table->columns, column);
}

/* Fills up the last row, so that a row may be left short. */
static void complete_row(struct table *table)
{
	while (table->cells.n < table->rows * table->columns.n)
		array_push(&table->cells, xstrdup("-"));
}

void table_add_row(struct table *table)
{
	complete_row(table);
	table->rows++;
}

void table_add_cell(struct table *table, const char *text)
{
	char *copy = xstrdup(*text ? text : "-");

	/* Lines are the table's business. */
	for (char *p = copy; *p; p++) {
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	}
	array_push(&table->cells, copy);
}

size_t table_rows(const struct table *table)
{
	return table->rows;
}

/* ---- fitting ----------------------------------------------------------------------------- */

struct layout {
	struct column *columns; /* a copy: the table stays as it is */
	size_t n, gap;
};

static void split_title(struct column *column, bool two_lines)
{
	const char *space = two_lines ? strchr(column->title, ' ') : NULL;

	column->head[0] =
		space ? xstrndup(column->title, (size_t)(space - column->title)) : xstrdup("");
	column->head[1] = xstrdup(space ? space + 1 : column->title);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void measure(const struct table *table, struct layout *layout, bool two_lines)
{
	for (size_t c = 0; c < layout->n; c++) {
		struct column *column = &layout->columns[c];

		free(column->head[0]);
		free(column->head[1]);
		split_title(column, two_lines);
		column->width = larger(cli_width(column->head[0]), cli_width(column->head[1]));
		for (size_t i = c; i < table->cells.n; i += layout->n)
			column->width = larger(column->width, cli_width(table->cells.v[i]));
	}
}

static size_t total_width(const struct layout *layout)
{
	size_t total = (layout->n - 1) * layout->gap;

	for (size_t c = 0; c < layout->n; c++)
		total += layout->columns[c].width;
	return total;
}

/* Takes EXCESS columns of width from those that may fold, the widest first. */
static void squeeze(struct layout *layout, size_t excess)
{
	while (excess) {
		struct column *widest = NULL;

		for (size_t c = 0; c < layout->n; c++) {
			struct column *column = &layout->columns[c];

			if ((column->flags & TABLE_FOLD) && column->width > FOLD_MIN &&
			    (!widest || column->width > widest->width))
				widest = column;
		}
		if (!widest)
			return; /* the rest sticks out */
		widest->width--;
		excess--;
	}
}

static void fit(const struct table *table, struct layout *layout, size_t width)
{
	layout->gap = 2;
	measure(table, layout, false);
	if (!width || total_width(layout) <= width)
		return;
	measure(table, layout, true);
	if (total_width(layout) <= width)
		return;
	layout->gap = 1;
	if (total_width(layout) > width)
		squeeze(layout, total_width(layout) - width);
}

/* ---- drawing ----------------------------------------------------------------------------- */

static void draw_head(struct libscols_table *out, const struct layout *layout)
{
	bool two_lines = false;

	for (size_t c = 0; c < layout->n; c++)
		two_lines |= *layout->columns[c].head[0];
	for (size_t h = two_lines ? 0 : 1; h < 2; h++) {
		struct libscols_line *line = scols_table_new_line(out, NULL);

		for (size_t c = 0; c < layout->n; c++)
			scols_line_set_data(line, c, layout->columns[c].head[h]);
	}
}

static void draw_row(struct libscols_table *out, const struct layout *layout, char *const *cells,
		     size_t n)
{
	struct libscols_line *line = scols_table_new_line(out, NULL);

	for (size_t c = 0; c < n; c++) {
		if (cli_width(cells[c]) <= layout->columns[c].width) {
			scols_line_set_data(line, c, cells[c]);
		} else {
			char *folded = cli_fold(cells[c], layout->columns[c].width);

			scols_line_set_data(line, c, folded);
			free(folded);
		}
	}
}

/* Lines end where their text does. */
static void print_trimmed(struct libscols_table *out, FILE *stream)
{
	char *text = NULL, *save = NULL;

	scols_print_table_to_string(out, &text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t len = strlen(line);

		while (len && line[len - 1] == ' ')
			len--;
		fprintf(stream, "%.*s\n", (int)len, line);
	}
	free(text);
}

static void draw(const struct table *table, const struct layout *layout, FILE *stream)
{
	struct libscols_table *out = scols_new_table();

	/* Headings are rows here, as they may have two lines; widths are decided already. */
	scols_table_enable_noheadings(out, 1);
	scols_table_set_termforce(out, SCOLS_TERMFORCE_NEVER);
	scols_table_set_column_separator(out, layout->gap == 2 ? "  " : " ");
	for (size_t c = 0; c < layout->n; c++) {
		const struct column *column = &layout->columns[c];
		struct libscols_column *cl = scols_table_new_column(
			out, NULL, 0,
			(column->flags & TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) |
				(column->flags & TABLE_FOLD ? SCOLS_FL_WRAP : 0));

		if (column->flags & TABLE_FOLD) {
			scols_column_set_wrapfunc(cl, scols_wrapnl_chunksize,
						  scols_wrapnl_nextchunk, NULL);
			scols_column_set_safechars(cl, "\n");
		}
	}
	draw_head(out, layout);
	for (size_t i = 0; i < table->cells.n; i += layout->n)
		draw_row(out, layout, table->cells.v + i,
			 table->cells.n - i < layout->n ? table->cells.n - i : layout->n);
	print_trimmed(out, stream);
	scols_unref_table(out);
}

void table_print(const struct table *table, FILE *out, size_t width)
{
	struct layout layout = {.n = table->columns.n};

	if (!layout.n)
		return;
	layout.columns = xmemdup(table->columns.v, layout.n * sizeof(*layout.columns));
	fit(table, &layout, width);
	draw(table, &layout, out);
	for (size_t c = 0; c < layout.n; c++) {
		free(layout.columns[c].head[0]);
		free(layout.columns[c].head[1]);
	}
	free(layout.columns);
}
