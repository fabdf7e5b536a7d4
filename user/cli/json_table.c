// SPDX-License-Identifier: Apache-2.0
#include "cli/json_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "util/mem.h"

/* A scalar as text, which the caller frees. */
static char *scalar_text(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return xstrdup(json_string_value(value));
	case JSON_INTEGER:
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return xasprintf("%.1f", json_real_value(value));
	case JSON_TRUE:
		return xstrdup("yes");
	case JSON_FALSE:
		return xstrdup("no");
	default:
		return xstrdup("");
	}
}

static char *value_text(const json_t *value)
{
	char *joined = NULL;
	json_t *element;
	size_t i;

	if (!json_is_array(value))
		return scalar_text(value);
	json_array_foreach(value, i, element) {
		char *text = scalar_text(element);
		char *longer = joined ? xasprintf("%s,%s", joined, text) : xstrdup(text);

		free(joined);
		free(text);
		joined = longer;
	}
	return joined ? joined : xstrdup("");
}

static char *cell_text(const json_t *value, enum json_column_kind kind, time_t now)
{
	time_t then;

	if (!value)
		return xstrdup("");
	switch (kind) {
	case JSON_COLUMN_AGE:
		if (!json_is_string(value) || cli_time_parse(json_string_value(value), &then))
			return xstrdup("");
		return xstrdup(cli_age(now - then).s);
	case JSON_COLUMN_BYTES:
		return xstrdup(cli_bytes((uint64_t)json_number_value(value)).s);
	case JSON_COLUMN_COUNT:
		return xasprintf("%zu", json_array_size(value));
	case JSON_COLUMN_VALUE:
		break;
	}
	return value_text(value);
}

struct table *json_table(const json_t *rows, const struct json_column *columns, bool wide,
			 time_t now)
{
	struct table *table = table_new();
	const json_t *row;
	size_t i;

	for (const struct json_column *c = columns; c->title; c++) {
		if (wide || !c->wide)
			table_add_column(table, c->title, c->flags);
	}
	json_array_foreach(rows, i, row) {
		table_add_row(table);
		for (const struct json_column *c = columns; c->title; c++) {
			char *text;

			if (c->wide && !wide)
				continue;
			text = cell_text(json_object_get(row, c->key), c->kind, now);
			table_add_cell(table, text);
			free(text);
		}
	}
	return table;
}
