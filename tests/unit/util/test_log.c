// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/log.h"

/* What was written since the last call, without the time, which comes first. */
static const char *logged(int fd, char *buf, size_t size)
{
	static const char form[] = "ts=0000-00-00T00:00:00.000Z ";
	ssize_t n = read(fd, buf, size - 1);

	buf[n < 0 ? 0 : n] = '\0';
	if (n <= 0)
		return "";
	assert_true((size_t)n > strlen(form));
	for (size_t i = 0; i < strlen(form); i++)
		if (form[i] == '0')
			assert_in_range(buf[i], '0', '9');
		else
			assert_int_equal(buf[i], form[i]);
	return buf + strlen(form);
}

static int open_pipe(void **state)
{
	static int fds[2];

	*state = fds;
	return pipe(fds);
}

static int close_pipe(void **state)
{
	const int *fds = *state;

	return close(fds[0]) || close(fds[1]);
}

static void a_line_has_level_program_message_and_fields(void **state)
{
	const int *fds = *state;
	const struct log log = {.fd = fds[1], .program = "vipcastd"};
	char buf[256];

	log_info(&log, "session up", "peer", "10.0.1.1", "since", "2 s");
	assert_string_equal(
		logged(fds[0], buf, sizeof(buf)),
		"level=info program=vipcastd msg=\"session up\" peer=10.0.1.1 since=\"2 s\"\n");
}

static void text_from_outside_cannot_forge_a_line(void **state)
{
	const int *fds = *state;
	const struct log log = {.fd = fds[1]};
	char buf[256];

	log_error(&log, "a \"b\"\n", "x", "1\nts=0 level=info msg=forged", "y", "", "z", NULL, "w",
		  "c:\\d=\x7f");
	assert_string_equal(logged(fds[0], buf, sizeof(buf)),
			    "level=error msg=\"a \\\"b\\\"\\x0a\" "
			    "x=\"1\\x0ats=0 level=info msg=forged\" y=\"\" z=\"\" "
			    "w=\"c:\\\\d=\\x7f\"\n");
}

/* A terminal and a reader of the log get UTF-8 without control characters, whatever came in. */
static void bytes_that_no_text_has_are_escaped(void **state)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
		{"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
		{"\x1b[2J", "\"\\x1b[2J\""},
		{"\xc2\x9b"
		 "2J",
		 "\"\\xc2\\x9b2J\""},
		{"a\xe2\x80\xa8z", "\"a\\xe2\\x80\\xa8z\""},
		{"\xff", "\"\\xff\""},
		{"\xe2\x82", "\"\\xe2\\x82\""},
		{"\xc0\x8a", "\"\\xc0\\x8a\""},
		{"\xe0\x80\x8a", "\"\\xe0\\x80\\x8a\""},
		{"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
		{"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""},
	};
	const int *fds = *state;
	const struct log log = {.fd = fds[1]};
	char buf[256], wanted[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		log_info(&log, "m", "v", cases[i].value);
		snprintf(wanted, sizeof(wanted), "level=info msg=\"m\" v=%s\n", cases[i].written);
		assert_string_equal(logged(fds[0], buf, sizeof(buf)), wanted);
	}
}

static void lines_below_the_level_are_dropped(void **state)
{
	const int *fds = *state;
	const struct log log = {.fd = fds[1], .level = LOG_LEVEL_WARN};
	char buf[256];

	log_debug(&log, "1");
	log_info(&log, "2");
	log_info(NULL, "3");
	log_warn(&log, "4");
	assert_string_equal(logged(fds[0], buf, sizeof(buf)), "level=warn msg=\"4\"\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
	const int *fds = *state;
	const struct log log = {.fd = fds[1]};
	char buf[8192], value[6000];
	const char *line;

	memset(value, '\n', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_info(&log, "long", "value", value);
	line = logged(fds[0], buf, sizeof(buf));
	assert_true(strlen(buf) <= 4096);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void levels_have_names(void **state)
{
	enum log_level level;

	(void)state;
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_line_has_level_program_message_and_fields),
		T(text_from_outside_cannot_forge_a_line),
		T(bytes_that_no_text_has_are_escaped),
		T(lines_below_the_level_are_dropped),
		T(a_long_line_is_cut_and_still_ends),
		T(levels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
