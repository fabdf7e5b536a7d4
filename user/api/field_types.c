// SPDX-License-Identifier: Apache-2.0
/* The scalar types of fields: one decoder, encoder and destructor each. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/schema.h"

const char *json_show(const json_t *json, char *buf, size_t size)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		snprintf(buf, size, "\"%s\"", json_string_value(json));
		break;
	case JSON_INTEGER:
		snprintf(buf, size, "%lld", (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		snprintf(buf, size, "%.10g", json_real_value(json));
		if (!strpbrk(buf, ".e")) /* 2.0 is not what 2 is */
			snprintf(buf + strlen(buf), size - strlen(buf), ".0");
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(buf, size, "%s", json_is_true(json) ? "true" : "false");
		break;
	case JSON_NULL:
		snprintf(buf, size, "null");
		break;
	case JSON_ARRAY:
		snprintf(buf, size, "a list");
		break;
	case JSON_OBJECT:
		snprintf(buf, size, "an object");
		break;
	}
	return buf;
}

static void wrong_type(struct decode *d, const struct field *f, const json_t *json)
{
	char shown[96];

	decode_fault(d, "must be %s, not %s", f->type->name, json_show(json, shown, sizeof(shown)));
}

/* ---- strings and booleans ---------------------------------------------------------------- */

static void decode_string(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	char **s = at;

	if (!json_is_string(json)) {
		wrong_type(d, f, json);
		return;
	}
	free(*s);
	*s = xstrdup(json_string_value(json));
}

static json_t *encode_string(const struct field *f, const void *at)
{
	const char *const *s = at;

	return !*s || (f->flags & FIELD_OMIT_ZERO && !**s) ? NULL : json_string(*s);
}

static void free_string(const struct field *f, void *at)
{
	char **s = at;

	(void)f;
	free(*s);
	*s = NULL;
}

static void decode_bool(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	if (json_is_boolean(json))
		*(bool *)at = json_is_true(json);
	else
		wrong_type(d, f, json);
}

static json_t *encode_bool(const struct field *f, const void *at)
{
	bool value = *(const bool *)at;

	return f->flags & FIELD_OMIT_ZERO && !value ? NULL : json_boolean(value);
}

/* ---- numbers ----------------------------------------------------------------------------- */

static bool decode_number(struct decode *d, const struct field *f, const json_t *json,
			  uint32_t type_max, uint32_t *out)
{
	uint32_t max = f->max ? f->max : type_max;
	json_int_t n;

	if (!json_is_integer(json)) {
		wrong_type(d, f, json);
		return false;
	}
	n = json_integer_value(json);
	if (n < (json_int_t)f->min || n > (json_int_t)max) {
		decode_fault(d, "%lld is not between %u and %u", (long long)n, f->min, max);
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

static void decode_u16(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	uint32_t n;

	if (decode_number(d, f, json, UINT16_MAX, &n))
		*(uint16_t *)at = (uint16_t)n;
}

static void decode_u32(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	uint32_t n;

	if (decode_number(d, f, json, UINT32_MAX, &n))
		*(uint32_t *)at = n;
}

static json_t *encode_number(const struct field *f, uint32_t n)
{
	return f->flags & FIELD_OMIT_ZERO && !n ? NULL : json_integer(n);
}

static json_t *encode_u16(const struct field *f, const void *at)
{
	return encode_number(f, *(const uint16_t *)at);
}

static json_t *encode_u32(const struct field *f, const void *at)
{
	return encode_number(f, *(const uint32_t *)at);
}

/* asdot (RFC 5396): HIGH.LOW, both 16 bits; or plain digits. */
static int parse_asn(const char *text, uint32_t *out)
{
	unsigned long high, low;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	high = strtoul(text, &end, 10);
	if (errno)
		return -EINVAL;
	if (!*end && high <= UINT32_MAX) {
		*out = (uint32_t)high;
		return 0;
	}
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return -EINVAL;
	low = strtoul(end + 1, &end, 10);
	if (errno || *end || high > UINT16_MAX || low > UINT16_MAX)
		return -EINVAL;
	*out = (uint32_t)(high << 16 | low);
	return 0;
}

static void decode_asn(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	uint32_t asn = 0;
	char shown[96];

	if (json_is_integer(json)) {
		json_int_t n = json_integer_value(json);

		asn = n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
	} else if (json_is_real(json)) {
		decode_fault(d, "%s must be quoted: YAML reads an AS number in asdot as a fraction",
			     json_show(json, shown, sizeof(shown)));
		return;
	} else if (json_is_string(json) && parse_asn(json_string_value(json), &asn)) {
		asn = 0;
	}
	if (asn)
		*(uint32_t *)at = asn;
	else
		wrong_type(d, f, json);
}

static void decode_enum(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	char words[128] = "", shown[96];
	size_t used = 0;

	for (size_t i = 0; f->words[i]; i++) {
		if (json_is_string(json) && !strcmp(f->words[i], json_string_value(json))) {
			*(unsigned int *)at = (unsigned int)i;
			return;
		}
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s\"%s\"",
					 i ? " or " : "", f->words[i]);
	}
	decode_fault(d, "must be %s, not %s", words, json_show(json, shown, sizeof(shown)));
}

static json_t *encode_enum(const struct field *f, const void *at)
{
	return json_string(f->words[*(const unsigned int *)at]);
}

/* ---- addresses --------------------------------------------------------------------------- */

static void decode_ip(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	struct err err;

	if (!json_is_string(json))
		wrong_type(d, f, json);
	else if (*json_string_value(json) && ip_parse(json_string_value(json), at, &err))
		decode_fault(d, "%s", err.msg);
	else if (!*json_string_value(json) && !(f->flags & FIELD_OMIT_ZERO))
		decode_fault(d, "\"\" is not an IP address");
}

static json_t *encode_ip(const struct field *f, const void *at)
{
	const struct ip_addr *ip = at;

	(void)f;
	return ip->family ? json_string(ip_str(ip).s) : NULL;
}

static void decode_prefix(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	struct err err;

	if (!json_is_string(json))
		wrong_type(d, f, json);
	else if (ip_prefix_parse(json_string_value(json), at, &err))
		decode_fault(d, "%s", err.msg);
}

static json_t *encode_prefix(const struct field *f, const void *at)
{
	const struct ip_prefix *prefix = at;
	char text[IP_TEXT_MAX];

	(void)f;
	return prefix->addr.family ? json_string(ip_prefix_format(prefix, text)) : NULL;
}

static void decode_range(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	struct err err;

	if (!json_is_string(json))
		wrong_type(d, f, json);
	else if (ip_range_parse(json_string_value(json), at, &err))
		decode_fault(d, "%s", err.msg);
}

static json_t *encode_range(const struct field *f, const void *at)
{
	const struct ip_range *range = at;

	(void)f;
	return json_sprintf("%s-%s", ip_str(&range->first).s, ip_str(&range->last).s);
}

/* ---- Kubernetes' own --------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {{"TCP", IPPROTO_TCP}, {"UDP", IPPROTO_UDP}, {"SCTP", IPPROTO_SCTP}};

#define PROTOCOLS (sizeof(protocols) / sizeof(*protocols))

static void decode_protocol(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	char shown[96];

	(void)f;
	for (size_t i = 0; json_is_string(json) && i < PROTOCOLS; i++)
		if (!strcmp(protocols[i].name, json_string_value(json))) {
			*(uint8_t *)at = protocols[i].number;
			return;
		}
	decode_fault(d, "must be TCP, UDP or SCTP, not %s", json_show(json, shown, sizeof(shown)));
}

static json_t *encode_protocol(const struct field *f, const void *at)
{
	(void)f;
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (protocols[i].number == *(const uint8_t *)at)
			return json_string(protocols[i].name);
	return NULL;
}

/* RFC 3339 in UTC with up to nanoseconds, as MicroTime is written. */
static void decode_time(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	const char *text = json_string_value(json), *rest = NULL;
	struct timespec *t = at;
	struct tm tm = {0};
	long nanoseconds = 0, scale = 100000000;
	char shown[96];

	if (text)
		rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest && *rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
			nanoseconds += (*rest - '0') * scale;
	if (!rest || strcmp(rest, "Z") != 0) {
		(void)f;
		decode_fault(d, "must be a UTC time like 2026-01-02T03:04:05Z, not %s",
			     json_show(json, shown, sizeof(shown)));
		return;
	}
	t->tv_sec = timegm(&tm);
	t->tv_nsec = nanoseconds;
}

static json_t *encode_time(const struct field *f, const void *at)
{
	const struct timespec *t = at;
	char text[64];
	struct tm tm;

	(void)f;
	if (!t->tv_sec)
		return NULL;
	gmtime_r(&t->tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return json_sprintf("%s.%06ldZ", text, t->tv_nsec / 1000);
}

static void decode_pairs(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	api_pairs *pairs = at;
	char shown[96];
	const char *key;
	json_t *value;

	if (!json_is_object(json)) {
		wrong_type(d, f, json);
		return;
	}
	json_object_foreach((json_t *)json, key, value) {
		if (json_is_string(value))
			api_pair_set(pairs, key, json_string_value(value));
		else
			decode_fault_at(d, key, "must be a string, not %s (quote it)",
					json_show(value, shown, sizeof(shown)));
	}
}

static json_t *encode_pairs(const struct field *f, const void *at)
{
	const api_pairs *pairs = at;
	json_t *json;

	if (!pairs->n && f->flags & FIELD_OMIT_ZERO)
		return NULL;
	json = json_object();
	array_each(pairs, pair)
		json_object_set_new(json, pair->key, json_string(pair->value));
	return json;
}

static void free_pairs(const struct field *f, void *at)
{
	api_pairs *pairs = at;

	(void)f;
	array_each(pairs, pair) {
		free(pair->key);
		free(pair->value);
	}
	array_free(pairs);
}

const struct field_type type_string = {"a string", sizeof(char *), decode_string, encode_string,
				       free_string};
const struct field_type type_bool = {"true or false", sizeof(bool), decode_bool, encode_bool, NULL};
const struct field_type type_u16 = {"a whole number", 2, decode_u16, encode_u16, NULL};
const struct field_type type_u32 = {"a whole number", 4, decode_u32, encode_u32, NULL};
const struct field_type type_asn = {"an AS number (1 to 4294967295, or asdot like 64512.1)", 4,
				    decode_asn, encode_u32, NULL};
const struct field_type type_enum = {"a word", 4, decode_enum, encode_enum, NULL};
const struct field_type type_ip = {"an IP address", sizeof(struct ip_addr), decode_ip, encode_ip,
				   NULL};
const struct field_type type_prefix = {"a prefix", sizeof(struct ip_prefix), decode_prefix,
				       encode_prefix, NULL};
const struct field_type type_range = {"a CIDR or a range of addresses", sizeof(struct ip_range),
				      decode_range, encode_range, NULL};
const struct field_type type_protocol = {"a protocol", 1, decode_protocol, encode_protocol, NULL};
const struct field_type type_time = {"a time", sizeof(struct timespec), decode_time, encode_time,
				     NULL};
const struct field_type type_pairs = {"an object of strings", sizeof(api_pairs), decode_pairs,
				      encode_pairs, free_pairs};

const struct field element_ip = {.type = &type_ip};
const struct field element_prefix = {.type = &type_prefix};
const struct field element_range = {.type = &type_range};
const struct field element_string = {.type = &type_string};
