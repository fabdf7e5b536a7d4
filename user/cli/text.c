// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

struct cli_text cli_age(int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	struct cli_text text;
	size_t u = 0;

	if (seconds < 0)
		seconds = 0;
	while (seconds < units[u].seconds && u < 3)
		u++;
	if (u < 3 && seconds % units[u].seconds / units[u + 1].seconds)
		snprintf(text.s, sizeof(text.s), "%" PRId64 "%c%" PRId64 "%c",
			 seconds / units[u].seconds, units[u].letter,
			 seconds % units[u].seconds / units[u + 1].seconds, units[u + 1].letter);
	else
		snprintf(text.s, sizeof(text.s), "%" PRId64 "%c", seconds / units[u].seconds,
			 units[u].letter);
	return text;
}

struct cli_text cli_bytes(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	struct cli_text text;
	size_t u = 0;

	for (; value >= 1024 && u < 6; u++)
		value /= 1024;
	snprintf(text.s, sizeof(text.s), u ? "%.1f %s" : "%.0f %s", value, units[u]);
	return text;
}

int cli_time_parse(const char *text, time_t *out)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours, minutes;
	char sign;

	if (!rest)
		return -EINVAL;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	*out = timegm(&tm);
	if (!strcmp(rest, "Z") || !strcmp(rest, "z"))
		return 0;
	if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-'))
		return -EINVAL;
	/* 12:00+02:00 is 10:00Z. */
	*out -= (sign == '+' ? 1 : -1) * (hours * 3600L + minutes * 60L);
	return 0;
}

/* The first byte of a UTF-8 character, not one of those that follow. */
static bool starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t cli_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += starts_character(*text);
	return width;
}

/*
 * Bytes of TEXT to take for a line of WIDTH columns: up to the last space or comma, else up to the
 * last mark inside a word, else all that fits.
 */
static size_t line_length(const char *text, size_t width)
{
	size_t columns = 0, word = 0, mark = 0, i = 0;

	for (; text[i]; i++) {
		if (starts_character(text[i]) && columns++ == width)
			break;
		/* A space at the break takes no column. */
		if (text[i + 1] == ' ' || text[i] == ' ' || text[i] == ',')
			word = i + 1;
		else if (strchr("-:/", text[i]))
			mark = i + 1;
	}
	if (!text[i])
		return i;
	return word ? word : (mark ? mark : i);
}

char *cli_fold(const char *text, size_t width)
{
	/* At worst each byte gets a line of its own. */
	char *out = xmalloc(2 * strlen(text) + 1), *p = out;

	while (*text) {
		size_t take = line_length(text, width), keep = take;

		while (keep && text[keep - 1] == ' ')
			keep--;
		memcpy(p, text, keep);
		p += keep;
		text += take;
		text += strspn(text, " ");
		if (*text)
			*p++ = '\n';
	}
	*p = '\0';
	return out;
}
