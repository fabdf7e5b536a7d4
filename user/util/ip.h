/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_UTIL_IP_H
#define VIPCAST_UTIL_IP_H

/*
 * Addresses, prefixes and ranges of both families as plain values. Bytes are in network order;
 * an IPv4 address uses the first four, the rest are zero, so values compare with memcmp.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define IP_TEXT_MAX 64 /* longest text of an address, prefix or range end, with its NUL */

struct ip_addr {
	uint8_t family; /* AF_INET, AF_INET6, or 0: no address */
	uint8_t b[16];	/* network order */
};

struct ip_prefix {
	struct ip_addr addr; /* host bits as written */
	uint8_t len;
};

/* Both ends included, of one family, first <= last. */
struct ip_range {
	struct ip_addr first, last;
};

/* Parses the usual text forms (inet_pton). -EINVAL, and ERR says what the text is not. */
int ip_parse(const char *text, struct ip_addr *out, struct err *err);
/* Parses ADDRESS/LEN. The host bits need not be zero: they are kept. */
int ip_prefix_parse(const char *text, struct ip_prefix *out, struct err *err);
/* Parses a pool's address: CIDR, FIRST-LAST, or one address. Refuses ranges backwards and mixed
 * families. */
int ip_range_parse(const char *text, struct ip_range *out, struct err *err);

/* Format into BUF (at least IP_TEXT_MAX bytes) and return it. */
const char *ip_format(const struct ip_addr *ip, char *buf);
const char *ip_prefix_format(const struct ip_prefix *prefix, char *buf);

/* The text in a small by-value struct, for use inside an argument list: ip_str(&ip).s */
struct ip_text {
	char s[IP_TEXT_MAX];
};
struct ip_text ip_str(const struct ip_addr *ip);

struct ip_addr ip_from_v4(const void *four_bytes);
struct ip_addr ip_from_v6(const void *sixteen_bytes);

/* Bytes of an address of this family (4 or 16), bits (32 or 128). */
size_t ip_size(uint8_t family);
uint8_t ip_bits(uint8_t family);

bool ip_is_set(const struct ip_addr *ip);
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
/* Orders no address before IPv4 before IPv6, then by value: <0, 0, >0. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
bool ip_is_link_local(const struct ip_addr *ip);
bool ip_is_multicast(const struct ip_addr *ip);
bool ip_is_loopback(const struct ip_addr *ip);
bool ip_is_unspecified(const struct ip_addr *ip);
/*
 * Can be the address of one host on a network: none of the above but link-local, no broadcast, and
 * no IPv4 address in IPv6 clothes (::ffff:0:0/96), which never stands in a packet.
 */
bool ip_is_unicast(const struct ip_addr *ip);

/* The next address; the last one of its family wraps to the first. */
struct ip_addr ip_next(const struct ip_addr *ip);

/* First and last address of a prefix. */
struct ip_range ip_prefix_range(const struct ip_prefix *prefix);
bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *ip);
bool ip_range_contains(const struct ip_range *range, const struct ip_addr *ip);
bool ip_range_overlaps(const struct ip_range *a, const struct ip_range *b);
/* Number of addresses, UINT64_MAX when there are more. */
uint64_t ip_range_count(const struct ip_range *range);

#endif
