// SPDX-License-Identifier: Apache-2.0
#include "util/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ip_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

uint8_t ip_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

struct ip_addr ip_from_v4(const void *four_bytes)
{
	struct ip_addr ip = {.family = AF_INET};

	memcpy(ip.b, four_bytes, 4);
	return ip;
}

struct ip_addr ip_from_v6(const void *sixteen_bytes)
{
	struct ip_addr ip = {.family = AF_INET6};

	memcpy(ip.b, sixteen_bytes, 16);
	return ip;
}

int ip_parse(const char *text, struct ip_addr *out, struct err *err)
{
	struct ip_addr ip = {.family = AF_INET};

	if (inet_pton(AF_INET, text, ip.b) != 1) {
		ip.family = AF_INET6;
		if (inet_pton(AF_INET6, text, ip.b) != 1)
			return err_set(err, -EINVAL, "\"%s\" is not an IP address", text);
	}
	*out = ip;
	return 0;
}

/* Digits only, no sign, no space: what strtoul alone would let pass. */
static int parse_prefix_length(const char *text, unsigned int max, uint8_t *out)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n > max)
		return -EINVAL;
	*out = (uint8_t)n;
	return 0;
}

int ip_prefix_parse(const char *text, struct ip_prefix *out, struct err *err)
{
	const char *slash = strchr(text, '/');
	char addr[IP_TEXT_MAX];
	struct ip_prefix p = {0};

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return err_set(err, -EINVAL, "\"%s\" is not a prefix (ADDRESS/LENGTH)", text);
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (ip_parse(addr, &p.addr, err))
		return -EINVAL;
	if (parse_prefix_length(slash + 1, ip_bits(p.addr.family), &p.len))
		return err_set(err, -EINVAL, "\"%s\": prefix length must be 0 to %u", text,
			       ip_bits(p.addr.family));
	*out = p;
	return 0;
}

int ip_range_parse(const char *text, struct ip_range *out, struct err *err)
{
	const char *dash = strchr(text, '-');
	char first[IP_TEXT_MAX];
	struct ip_prefix prefix;
	struct ip_range r = {0};

	if (strchr(text, '/')) {
		if (ip_prefix_parse(text, &prefix, err))
			return -EINVAL;
		*out = ip_prefix_range(&prefix);
		return 0;
	}
	if (!dash) {
		if (ip_parse(text, &r.first, err))
			return err_set(err, -EINVAL,
				       "\"%s\" is not a CIDR, a range FIRST-LAST or an address",
				       text);
		r.last = r.first;
		*out = r;
		return 0;
	}
	if ((size_t)(dash - text) >= sizeof(first))
		return err_set(err, -EINVAL, "\"%s\" is not a range FIRST-LAST", text);
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	if (ip_parse(first, &r.first, NULL) || ip_parse(dash + 1, &r.last, NULL))
		return err_set(err, -EINVAL, "\"%s\" is not a range FIRST-LAST of addresses", text);
	if (r.first.family != r.last.family)
		return err_set(err, -EINVAL, "range \"%s\" mixes IPv4 and IPv6", text);
	if (ip_compare(&r.first, &r.last) > 0)
		return err_set(err, -EINVAL, "range \"%s\" is backwards: %s is after %s", text,
			       first, dash + 1);
	*out = r;
	return 0;
}

const char *ip_format(const struct ip_addr *ip, char *buf)
{
	if (!ip->family || !inet_ntop(ip->family, ip->b, buf, IP_TEXT_MAX))
		memcpy(buf, "-", sizeof("-"));
	return buf;
}

const char *ip_prefix_format(const struct ip_prefix *prefix, char *buf)
{
	size_t used;

	ip_format(&prefix->addr, buf);
	used = strlen(buf);
	snprintf(buf + used, IP_TEXT_MAX - used, "/%u", prefix->len);
	return buf;
}

struct ip_text ip_str(const struct ip_addr *ip)
{
	struct ip_text text;

	ip_format(ip, text.s);
	return text;
}

bool ip_is_set(const struct ip_addr *ip)
{
	return ip->family != 0;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1; /* AF_INET is less than AF_INET6 */
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && !memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_is_link_local(const struct ip_addr *ip)
{
	if (ip->family == AF_INET)
		return ip->b[0] == 169 && ip->b[1] == 254;
	return ip->family == AF_INET6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

bool ip_is_multicast(const struct ip_addr *ip)
{
	if (ip->family == AF_INET)
		return (ip->b[0] & 0xf0) == 0xe0;
	return ip->family == AF_INET6 && ip->b[0] == 0xff;
}

bool ip_is_loopback(const struct ip_addr *ip)
{
	static const uint8_t one[16] = {[15] = 1};

	if (ip->family == AF_INET)
		return ip->b[0] == 127;
	return ip->family == AF_INET6 && !memcmp(ip->b, one, sizeof(one));
}

bool ip_is_unspecified(const struct ip_addr *ip)
{
	static const uint8_t zero[16];

	return ip->family && !memcmp(ip->b, zero, sizeof(zero));
}

bool ip_is_unicast(const struct ip_addr *ip)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291, 2.5.5.2 */

	if (!ip->family || ip_is_multicast(ip) || ip_is_loopback(ip) || ip_is_unspecified(ip))
		return false;
	return ip->family == AF_INET ? memcmp(ip->b, broadcast, sizeof(broadcast)) != 0
				     : memcmp(ip->b, mapped, sizeof(mapped)) != 0;
}

struct ip_addr ip_next(const struct ip_addr *ip)
{
	struct ip_addr next = *ip;

	for (size_t i = ip_size(ip->family); i-- > 0;)
		if (++next.b[i])
			break;
	return next;
}

struct ip_range ip_prefix_range(const struct ip_prefix *prefix)
{
	struct ip_range r = {prefix->addr, prefix->addr};
	size_t bits = ip_bits(prefix->addr.family);

	for (size_t bit = prefix->len; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));

		r.first.b[bit / 8] &= (uint8_t)~mask;
		r.last.b[bit / 8] |= mask;
	}
	return r;
}

bool ip_range_contains(const struct ip_range *range, const struct ip_addr *ip)
{
	return range->first.family == ip->family && ip_compare(&range->first, ip) <= 0 &&
	       ip_compare(ip, &range->last) <= 0;
}

bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *ip)
{
	struct ip_range r = ip_prefix_range(prefix);

	return ip_range_contains(&r, ip);
}

bool ip_range_overlaps(const struct ip_range *a, const struct ip_range *b)
{
	return a->first.family == b->first.family && ip_compare(&a->first, &b->last) <= 0 &&
	       ip_compare(&b->first, &a->last) <= 0;
}

/* An address as two halves; an IPv4 one stands in the low half. */
static void ip_halves(const struct ip_addr *ip, uint64_t *high, uint64_t *low)
{
	*high = *low = 0;
	for (size_t i = 0; i < ip_size(ip->family); i++) {
		*high = *high << 8 | *low >> 56;
		*low = *low << 8 | ip->b[i];
	}
}

uint64_t ip_range_count(const struct ip_range *range)
{
	uint64_t first_high, first_low, last_high, last_low, low;

	ip_halves(&range->first, &first_high, &first_low);
	ip_halves(&range->last, &last_high, &last_low);
	low = last_low - first_low;
	if (last_high - first_high - (last_low < first_low) || low == UINT64_MAX)
		return UINT64_MAX;
	return low + 1;
}
