// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json_table.h"

static const struct json_column columns[] = {
	{"NAME", "name", JSON_COLUMN_VALUE, 0, false},
	{"PACKETS", "packets", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"BYTES", "bytes", JSON_COLUMN_BYTES, TABLE_RIGHT, false},
	{"SEEN", "seen", JSON_COLUMN_AGE, 0, false},
	{"HOPS", "hops", JSON_COLUMN_COUNT, 0, false},
	{"NEXT HOPS", "hops", JSON_COLUMN_VALUE, 0, true},
	{0},
};

static void expect(const char *json, bool wide, const char *expected)
{
	json_t *rows = json_loads(json, 0, NULL);
	struct table *table;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(rows);
	assert_non_null(out);
	table = json_table(rows, columns, wide, 1000);
	table_print(table, out, 0);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	table_free(table);
	json_decref(rows);
}

#define ROW                                                                                \
	"[{\"name\":\"a\",\"packets\":7,\"bytes\":2048,\"seen\":\"1970-01-01T00:14:30Z\"," \
	"\"hops\":[\"10.0.0.1\",\"10.0.0.2\"]}]"

static void each_kind_of_column_reads_its_key(void **state)
{
	(void)state;
	expect(ROW, false,
	       "NAME  PACKETS    BYTES  SEEN   HOPS\n"
	       "a           7  2.0 KiB  2m10s  2\n");
}

static void wide_columns_are_shown_when_asked_for(void **state)
{
	(void)state;
	expect(ROW, true,
	       "NAME  PACKETS    BYTES  SEEN   HOPS  NEXT HOPS\n"
	       "a           7  2.0 KiB  2m10s  2     10.0.0.1,10.0.0.2\n");
}

static void what_a_row_lacks_is_a_dash(void **state)
{
	(void)state;
	expect("[{\"name\":\"\",\"hops\":[],\"seen\":\"never\"},{\"name\":true}]", true,
	       "NAME  PACKETS  BYTES  SEEN  HOPS  NEXT HOPS\n"
	       "-           -      -  -     0     -\n"
	       "yes         -      -  -     -     -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_column_reads_its_key),
		cmocka_unit_test(wide_columns_are_shown_when_asked_for),
		cmocka_unit_test(what_a_row_lacks_is_a_dash),
	};

	return cmocka_run_group_tests_name("cli json table", tests, NULL, NULL);
}
