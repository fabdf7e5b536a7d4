/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CLI_JSON_TABLE_H
#define VIPCAST_CLI_JSON_TABLE_H

/* A table out of a JSON array of objects: what to show is a row for each column. */

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "cli/table.h"

enum json_column_kind {
	JSON_COLUMN_VALUE, /* a string, a number, yes or no; an array joined by commas */
	JSON_COLUMN_AGE,   /* of an RFC 3339 timestamp */
	JSON_COLUMN_BYTES,
	JSON_COLUMN_COUNT, /* the length of an array */
};

struct json_column {
	const char *title;
	const char *key; /* of the row's object */
	enum json_column_kind kind;
	unsigned int flags; /* enum table_flags */
	bool wide;	    /* shown only when more is asked for */
};

/* Columns end with one without a title. A key that a row lacks is shown as "-". */
struct table *json_table(const json_t *rows, const struct json_column *columns, bool wide,
			 time_t now);

#endif
