// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

struct values {
	const char *output, *help, *file, *verbose;
};

static const struct cli_option global[] = {
	{"output", 'o', "FORMAT", "how to print", offsetof(struct values, output)},
	{"help", 'h', NULL, "this help", offsetof(struct values, help)},
	{0},
};
static const struct cli_option own[] = {
	{"file", 'f', "FILE", "what to read", offsetof(struct values, file)},
	{"verbose", 'v', NULL, "say more", offsetof(struct values, verbose)},
	{0},
};

/* Parses a line of words apart by spaces. */
static int parse(const char *line, struct values *values, char **argv, char *words, struct err *err)
{
	int argc = 0;
	char *save;

	*values = (struct values){0};
	strcpy(words, line);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return cli_parse(global, own, values, argc, argv, err);
}

static void an_option_is_understood_however_it_is_written(void **state)
{
	static const char *const lines[] = {"--output json x", "--output=json x", "-o json x",
					    "-ojson x",	       "x -o json",	  "x -vo json"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *argv[8], words[64];
		struct values got;
		struct err err;

		assert_int_equal(parse(lines[i], &got, argv, words, &err), 1);
		assert_string_equal(got.output, "json");
		assert_string_equal(argv[0], "x");
		assert_null(got.help);
	}
}

static void operands_keep_their_order_among_options(void **state)
{
	char *argv[8], words[64];
	struct values got;
	struct err err;

	(void)state;
	assert_int_equal(parse("one -h two -f a three", &got, argv, words, &err), 3);
	assert_string_equal(argv[0], "one");
	assert_string_equal(argv[1], "two");
	assert_string_equal(argv[2], "three");
	assert_string_equal(got.file, "a");
	assert_string_equal(got.help, "");
}

static void two_dashes_end_the_options(void **state)
{
	char *argv[8], words[64];
	struct values got;
	struct err err;

	(void)state;
	assert_int_equal(parse("-v -- -o - --", &got, argv, words, &err), 3);
	assert_string_equal(argv[0], "-o");
	assert_string_equal(argv[1], "-");
	assert_string_equal(argv[2], "--");
	assert_null(got.output);
}

static void says_what_is_wrong_with_an_option(void **state)
{
	static const struct {
		const char *line, *msg;
	} cases[] = {
		{"--outputs=json", "there is no option --outputs"},
		{"--out json", "there is no option --out"},
		{"-x", "there is no option -x"},
		{"-vx", "there is no option -x"},
		{"--file", "option --file needs a value: FILE"},
		{"-o", "option -o needs a value: FORMAT"},
		{"--help=yes", "option --help takes no value"},
		{"--=x", "there is no option --"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *argv[8], words[64];
		struct values got;
		struct err err;

		assert_int_equal(parse(cases[i].line, &got, argv, words, &err), -EINVAL);
		assert_string_equal(err.msg, cases[i].msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_option_is_understood_however_it_is_written),
		cmocka_unit_test(operands_keep_their_order_among_options),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(says_what_is_wrong_with_an_option),
	};

	return cmocka_run_group_tests_name("cli options", tests, NULL, NULL);
}
