/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_BGP_BGP_TEST_H
#define TESTS_UNIT_BGP_BGP_TEST_H

/* What the tests of the BGP speaker share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/err.h"
#include "util/ip.h"

static inline struct ip_addr ip(const char *text)
{
	struct ip_addr out = {0};
	struct err err;

	if (ip_parse(text, &out, &err))
		fail_msg("%s", err.msg);
	return out;
}

static inline struct ip_prefix prefix(const char *text)
{
	struct ip_prefix out = {0};
	struct err err;

	if (ip_prefix_parse(text, &out, &err))
		fail_msg("%s", err.msg);
	return out;
}

/* Bytes out of hexadecimal digits; blanks between them are for the reader. Returns how many. */
static inline size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;

	for (; *text; text++) {
		unsigned int byte;

		if (*text == ' ')
			continue;
		if (sscanf(text, "%2x", &byte) != 1)
			fail_msg("not hexadecimal: %s", text);
		out[n++] = (uint8_t)byte;
		text++;
	}
	return n;
}

/* A small generator, so that a failure can be had again. */
struct dice {
	uint64_t state;
};

static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(dice->state >> 33) % sides;
}

#define assert_ok(code, err)                       \
	do {                                       \
		if (code)                          \
			fail_msg("%s", (err).msg); \
	} while (0)

#define MARKER "ffffffffffffffffffffffffffffffff"

#endif
