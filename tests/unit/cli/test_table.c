// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/table.h"
#include "cli/text.h"

static struct table *sessions(void)
{
	static const char *const titles[] = {"NAME",	"LOCAL ASN", "PEER ASN",   "LOCAL IP",
					     "PEER IP", "STATE",     "LAST REPORT"};
	static const char *const cells[][7] = {
		{"172.30.1.1-lb1", "64601", "64602", "172.30.1.100", "172.30.1.1", "Established",
		 "2s"},
		{"172.30.1.2-lb1", "64601", "64602", "172.30.1.100", "172.30.1.2", "Active", ""},
	};
	struct table *table = table_new();

	for (size_t c = 0; c < 7; c++)
		table_add_column(table, titles[c], c ? 0 : TABLE_FOLD);
	for (size_t r = 0; r < 2; r++) {
		table_add_row(table);
		for (size_t c = 0; c < 7; c++)
			table_add_cell(table, cells[r][c]);
	}
	return table;
}

/* What the table prints at this width; the caller frees it. */
static char *printed(const struct table *table, size_t width)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	table_print(table, out, width);
	fclose(out);
	return text;
}

static void expect(struct table *table, size_t width, const char *expected)
{
	char *text = printed(table, width);

	assert_string_equal(text, expected);
	free(text);
	table_free(table);
}

static void a_wide_terminal_and_a_pipe_get_one_line_a_row(void **state)
{
	const char *expected =
		"NAME            LOCAL ASN  PEER ASN  LOCAL IP      PEER IP     STATE        LAST REPORT\n"
		"172.30.1.1-lb1  64601      64602     172.30.1.100  172.30.1.1  Established  2s\n"
		"172.30.1.2-lb1  64601      64602     172.30.1.100  172.30.1.2  Active       -\n";

	(void)state;
	expect(sessions(), 120, expected);
	expect(sessions(), 0, expected);
}

static void a_narrow_terminal_gets_headings_of_two_lines(void **state)
{
	(void)state;
	expect(sessions(), 80,
	       "                LOCAL  PEER   LOCAL         PEER                     LAST\n"
	       "NAME            ASN    ASN    IP            IP          STATE        REPORT\n"
	       "172.30.1.1-lb1  64601  64602  172.30.1.100  172.30.1.1  Established  2s\n"
	       "172.30.1.2-lb1  64601  64602  172.30.1.100  172.30.1.2  Active       -\n");
}

static struct table *reasons(void)
{
	struct table *table = table_new();

	table_add_column(table, "PEER", 0);
	table_add_column(table, "COUNT", TABLE_RIGHT);
	table_add_column(table, "REASON", TABLE_FOLD);
	table_add_row(table);
	table_add_cell(table, "10.0.0.1");
	table_add_cell(table, "7");
	table_add_cell(table, "connection refused\nby the router");
	return table;
}

static void long_cells_fold_when_nothing_else_helps(void **state)
{
	(void)state;
	expect(reasons(), 0,
	       "PEER      COUNT  REASON\n"
	       "10.0.0.1      7  connection refused by the router\n");
	expect(reasons(), 35,
	       "PEER     COUNT REASON\n"
	       "10.0.0.1     7 connection refused\n"
	       "               by the router\n");
}

static void nothing_is_cut_off_however_narrow_it_is(void **state)
{
	struct table *table = reasons();
	char *text = printed(table, 10);

	(void)state;
	assert_non_null(strstr(text, "10.0.0.1"));
	assert_non_null(strstr(text, "connection"));
	assert_non_null(strstr(text, "router"));
	free(text);
	table_free(table);
}

static void a_row_left_short_is_filled_up(void **state)
{
	struct table *table = table_new();

	(void)state;
	table_add_column(table, "A", 0);
	table_add_column(table, "B", 0);
	table_add_row(table);
	table_add_cell(table, "1");
	table_add_row(table);
	table_add_cell(table, "2");
	table_add_cell(table, "3");
	assert_int_equal(table_rows(table), 2);
	expect(table, 0, "A  B\n1  -\n2  3\n");
}

static void a_peers_text_cannot_play_with_the_terminal(void **state)
{
	struct table *table = table_new();
	char *text;

	(void)state;
	table_add_column(table, "REASON", TABLE_FOLD);
	table_add_row(table);
	table_add_cell(table, "gone \x1b[2J away");
	text = printed(table, 80);
	assert_null(strchr(text, '\x1b'));
	free(text);
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wide_terminal_and_a_pipe_get_one_line_a_row),
		cmocka_unit_test(a_narrow_terminal_gets_headings_of_two_lines),
		cmocka_unit_test(long_cells_fold_when_nothing_else_helps),
		cmocka_unit_test(nothing_is_cut_off_however_narrow_it_is),
		cmocka_unit_test(a_row_left_short_is_filled_up),
		cmocka_unit_test(a_peers_text_cannot_play_with_the_terminal),
	};

	return cmocka_run_group_tests_name("cli table", tests, NULL, NULL);
}
