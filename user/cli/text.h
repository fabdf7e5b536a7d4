/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CLI_TEXT_H
#define VIPCAST_CLI_TEXT_H

/* Values as a person reads them. */

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* By value, for use inside an argument list: cli_age(10).s */
struct cli_text {
	char s[48];
};

/* An age of seconds in its two largest units: 5s, 2m10s, 3h5m, 2d4h. Negative is 0s. */
struct cli_text cli_age(int64_t seconds);
/* Bytes in a binary unit: 512 B, 1.5 KiB, 12.0 GiB. */
struct cli_text cli_bytes(uint64_t bytes);
/* Reads an RFC 3339 timestamp ("2026-01-02T03:04:05.678Z", offsets too); -EINVAL. */
int cli_time_parse(const char *text, time_t *out);

/* Columns that UTF-8 text takes on a terminal, a character each. */
size_t cli_width(const char *text);
/*
 * TEXT in lines of at most WIDTH (> 0) columns, joined by newlines: broken after a space or a
 * comma, else after a dash, a colon or a slash, else in the middle of a word. The caller frees it.
 */
char *cli_fold(const char *text, size_t width);

#endif
