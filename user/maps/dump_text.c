/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "maps/dump.h"
#include "util/mem.h"

/* Columns for a terminal out of the rows that dump_json() makes: as wide as their widest cell. */

#define COLUMNS_MAX 16
#define CELL_MAX    128

static const char *cell(const json_t *value, char buf[CELL_MAX])
{
	if (json_is_string(value))
		return json_string_value(value);
	snprintf(buf, CELL_MAX, "%lld", (long long)json_integer_value(value));
	return buf;
}

static void print_cell(FILE *out, const char *text, size_t width, bool last)
{
	if (last)
		fprintf(out, "%s\n", text);
	else
		fprintf(out, "%-*s  ", (int)width, text);
}

/* Without widths it measures, with PRINT it prints. */
static void walk_row(FILE *out, json_t *row, size_t widths[COLUMNS_MAX], bool heading, bool print)
{
	size_t column = 0, columns = json_object_size(row);
	const char *key;
	json_t *value;

	json_object_foreach(row, key, value) {
		char buf[CELL_MAX];
		const char *text = heading ? key : cell(value, buf);

		if (column == COLUMNS_MAX)
			break;
		if (print)
			print_cell(out, text, widths[column], column + 1 == columns);
		else if (strlen(text) > widths[column])
			widths[column] = strlen(text);
		column++;
	}
}

static void print_section(FILE *out, const char *name, const json_t *rows)
{
	size_t widths[COLUMNS_MAX] = {0}, n = json_array_size(rows);

	fprintf(out, "%s (%zu)\n", name, n);
	if (n) {
		walk_row(out, json_array_get(rows, 0), widths, true, false);
		for (size_t i = 0; i < n; i++)
			walk_row(out, json_array_get(rows, i), widths, false, false);
		walk_row(out, json_array_get(rows, 0), widths, true, true);
		for (size_t i = 0; i < n; i++)
			walk_row(out, json_array_get(rows, i), widths, false, true);
	}
	fputc('\n', out);
}

void dump_text(FILE *out, const json_t *dump)
{
	static const char *const sections[] = {"vips", "slots", "backends", "flows", "drops"};
	json_t *config = json_array();

	json_array_append(config, json_object_get(dump, "config"));
	print_section(out, "config", config);
	json_decref(config);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		print_section(out, sections[i], json_object_get(dump, sections[i]));
}
