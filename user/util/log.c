// SPDX-License-Identifier: Apache-2.0
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 4096

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_ERROR] = "error",
};

/* A line under construction; what does not fit is cut, and the newline always fits. */
struct line {
	char text[LOG_LINE_MAX];
	size_t n;
};

int log_level_parse(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++)
		if (!strcmp(text, level_names[i])) {
			*level = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

static void put_char(struct line *line, char c)
{
	if (line->n < sizeof(line->text) - 1)
		line->text[line->n++] = c;
}

static void put_text(struct line *line, const char *text)
{
	for (; *text; text++)
		put_char(line, *text);
}

/*
 * Length of the printable character that TEXT starts with; 0 when it starts with a control
 * character (C0, DEL, C1, the line and paragraph separators), or with no UTF-8 (RFC 3629).
 */
static size_t printable(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
	uint32_t point;

	if (c[0] < 0x80)
		return c[0] >= 0x20 && c[0] != 0x7f;
	if (!n)
		return 0;
	point = c[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((c[i] & 0xc0) != 0x80) /* the NUL at the end is none either */
			return 0;
		point = point << 6 | (c[i] & 0x3fu);
	}
	if (point < 0xa0 || point == 0x2028 || point == 0x2029)
		return 0;
	if (point >= 0xd800 && point <= 0xdfff) /* halves of UTF-16 */
		return 0;
	return (n == 3 && point < 0x800) || (n == 4 && point < 0x10000) || point > 0x10ffff ? 0 : n;
}

static void put_quoted(struct line *line, const char *text)
{
	char hex[8];

	put_char(line, '"');
	while (*text) {
		size_t n = printable(text);

		if (!n) {
			snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)*text++);
			put_text(line, hex);
			continue;
		}
		if (*text == '"' || *text == '\\')
			put_char(line, '\\');
		for (; n; n--)
			put_char(line, *text++);
	}
	put_char(line, '"');
}

static void put_field(struct line *line, const char *key, const char *value)
{
	put_char(line, ' ');
	put_text(line, key);
	put_char(line, '=');
	if (*value && strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._:/,+@%[]") == strlen(value))
		put_text(line, value);
	else
		put_quoted(line, value);
}

static void put_time(struct line *line)
{
	char text[64];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	put_text(line, "ts=");
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	put_text(line, text);
	snprintf(text, sizeof(text), ".%03dZ", (int)(now.tv_nsec / 1000000));
	put_text(line, text);
}

void log_line(const struct log *log, enum log_level level, const char *msg, ...)
{
	struct line line = {.n = 0};
	const char *key, *value;
	va_list ap;

	if (!log || level < log->level)
		return;
	put_time(&line);
	put_field(&line, "level", level_names[level]);
	if (log->program)
		put_field(&line, "program", log->program);
	put_text(&line, " msg=");
	put_quoted(&line, msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *))) {
		value = va_arg(ap, const char *);
		put_field(&line, key, value ? value : "");
	}
	va_end(ap);
	line.text[line.n++] = '\n';
	/* One write a line keeps lines whole; a log that cannot be written has nowhere to say so.
	 */
	if (write(log->fd, line.text, line.n) < 0)
		return;
}
