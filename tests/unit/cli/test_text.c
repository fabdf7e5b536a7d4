// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "cli/text.h"

static void an_age_shows_its_two_largest_units(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{0, "0s"},     {5, "5s"},	  {59, "59s"},
		{60, "1m"},    {130, "2m10s"},	  {3599, "59m59s"},
		{3600, "1h"},  {3661, "1h1m"},	  {11100, "3h5m"},
		{86400, "1d"}, {187200, "2d4h"},  {86400 + 59, "1d"},
		{-3, "0s"},    {3600 + 59, "1h"}, {86400 * 400LL, "400d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(cli_age(cases[i].seconds).s, cases[i].text);
}

static void bytes_show_a_binary_unit(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{5242880, "5.0 MiB"},
		{1ULL << 40, "1.0 TiB"},
		{UINT64_MAX, "16.0 EiB"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(cli_bytes(cases[i].bytes).s, cases[i].text);
}

static void reads_timestamps_of_every_offset(void **state)
{
	static const struct {
		const char *text;
		time_t at;
	} cases[] = {
		{"1970-01-01T00:00:10Z", 10},	      {"1970-01-01T00:00:10.987654Z", 10},
		{"1970-01-01T02:00:10+02:00", 10},    {"1969-12-31T23:30:00-00:30", 0},
		{"2026-01-02T03:04:05Z", 1767323045},
	};
	time_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(cli_time_parse(cases[i].text, &at), 0);
		assert_int_equal(at, cases[i].at);
	}
}

static void refuses_what_is_no_timestamp(void **state)
{
	static const char *const bad[] = {"",
					  "yesterday",
					  "2026-01-02",
					  "2026-01-02T03:04:05",
					  "2026-01-02T03:04:05*02:00",
					  "2026-01-02T03:04:05+2"};
	time_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(cli_time_parse(bad[i], &at), -EINVAL);
}

static void folds_at_spaces_and_punctuation(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *folded;
	} cases[] = {
		{"", 5, ""},
		{"short", 5, "short"},
		{"one two three", 7, "one two\nthree"},
		{"one two three", 8, "one two\nthree"},
		{"one two three", 5, "one\ntwo\nthree"},
		{"2001-db8-30-1--1-lb1", 12, "2001-db8-30-\n1--1-lb1"},
		{"172.30.1.21,172.30.1.22", 14, "172.30.1.21,\n172.30.1.22"},
		{"a, 10.0.0.1-10.0.0.9", 14, "a,\n10.0.0.1-\n10.0.0.9"},
		{"abcdefgh", 3, "abc\ndef\ngh"},
		{"\xc3\xa4\xc3\xb6\xc3\xbc", 2, "\xc3\xa4\xc3\xb6\n\xc3\xbc"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *folded = cli_fold(cases[i].text, cases[i].width);

		assert_string_equal(folded, cases[i].folded);
		free(folded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_age_shows_its_two_largest_units),
		cmocka_unit_test(bytes_show_a_binary_unit),
		cmocka_unit_test(reads_timestamps_of_every_offset),
		cmocka_unit_test(refuses_what_is_no_timestamp),
		cmocka_unit_test(folds_at_spaces_and_punctuation),
	};

	return cmocka_run_group_tests_name("cli text", tests, NULL, NULL);
}
