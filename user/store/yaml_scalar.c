// SPDX-License-Identifier: Apache-2.0
/* What an unquoted word of YAML 1.1 means. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/yaml_doc.h"

#define NUMBER_TEXT_MAX 64 /* no number of use is longer */

static const struct {
	const char *word;
	json_type type;
} words[] = {
	{"", JSON_NULL},       {"~", JSON_NULL},      {"null", JSON_NULL},   {"Null", JSON_NULL},
	{"NULL", JSON_NULL},   {"true", JSON_TRUE},   {"True", JSON_TRUE},   {"TRUE", JSON_TRUE},
	{"yes", JSON_TRUE},    {"Yes", JSON_TRUE},    {"YES", JSON_TRUE},    {"on", JSON_TRUE},
	{"On", JSON_TRUE},     {"ON", JSON_TRUE},     {"y", JSON_TRUE},	     {"Y", JSON_TRUE},
	{"false", JSON_FALSE}, {"False", JSON_FALSE}, {"FALSE", JSON_FALSE}, {"no", JSON_FALSE},
	{"No", JSON_FALSE},    {"NO", JSON_FALSE},    {"off", JSON_FALSE},   {"Off", JSON_FALSE},
	{"OFF", JSON_FALSE},   {"n", JSON_FALSE},     {"N", JSON_FALSE},
};

static json_t *scalar_word(const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].word, text) != 0)
			continue;
		return words[i].type == JSON_NULL ? json_null()
						  : json_boolean(words[i].type == JSON_TRUE);
	}
	return NULL;
}

/* 12, -12, 0x1f, 0o17, 017, 0b11; underscores were taken out before. */
static json_t *scalar_integer(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	const char *allowed = "0123456789";
	int base = 10;
	long long n;
	char *end;

	if (digits[0] == '0' && digits[1]) {
		bool letter = digits[1] == 'x' || digits[1] == 'o' || digits[1] == 'b';

		base = digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 8;
		allowed = base == 16 ? "0123456789abcdefABCDEF" : base == 2 ? "01" : "01234567";
		digits += letter ? 2 : 1;
	}
	if (!*digits || strspn(digits, allowed) != strlen(digits))
		return NULL;
	errno = 0;
	n = strtoll(digits, &end, base);
	if (errno || *end)
		return NULL;
	return json_integer(*text == '-' ? -n : n);
}

/* 1.5, .5, 1., 1e9, and integers too large for the above. Not .inf and .nan, which JSON lacks. */
static json_t *scalar_real(const char *text)
{
	const char *at = text + (*text == '-' || *text == '+');
	size_t before = strspn(at, "0123456789"), after = 0;
	double value;

	at += before;
	if (*at == '.') {
		after = strspn(at + 1, "0123456789");
		at += 1 + after;
	}
	if (!before && !after)
		return NULL;
	if (*at == 'e' || *at == 'E') {
		at += 1 + (at[1] == '-' || at[1] == '+');
		if (!*at || strspn(at, "0123456789") != strlen(at))
			return NULL;
	} else if (*at) {
		return NULL;
	}
	value = strtod(text, NULL);
	return isfinite(value) ? json_real(value) : NULL;
}

static json_t *scalar_number(const char *text)
{
	char plain[NUMBER_TEXT_MAX];
	size_t n = 0;
	json_t *json;

	if (strlen(text) >= sizeof(plain) || !strpbrk(text, "0123456789") ||
	    !strchr("+-.0123456789", *text))
		return NULL;
	for (const char *c = text; *c; c++)
		if (*c != '_')
			plain[n++] = *c;
	plain[n] = '\0';
	json = scalar_integer(plain);
	return json ? json : scalar_real(plain);
}

json_t *yaml_plain_scalar(const char *text, size_t size)
{
	json_t *json = NULL;

	if (strlen(text) == size) {
		json = scalar_word(text);
		if (!json)
			json = scalar_number(text);
	}
	return json ? json : json_stringn(text, size);
}
