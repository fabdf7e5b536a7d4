// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "util/ip.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr addr = {0};
	struct err err;

	if (ip_parse(text, &addr, &err))
		fail_msg("%s", err.msg);
	return addr;
}

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p = {0};
	struct err err;

	if (ip_prefix_parse(text, &p, &err))
		fail_msg("%s", err.msg);
	return p;
}

static struct ip_range range(const char *text)
{
	struct ip_range r = {0};
	struct err err;

	if (ip_range_parse(text, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static void addresses_are_written_as_they_are_read(void **state)
{
	static const struct {
		const char *read, *written;
		uint8_t family;
	} cases[] = {
		{"10.0.0.1", "10.0.0.1", AF_INET},
		{"0.0.0.0", "0.0.0.0", AF_INET},
		{"2001:DB8:0:0::1", "2001:db8::1", AF_INET6},
		{"::", "::", AF_INET6},
		{"::ffff:10.0.0.1", "::ffff:10.0.0.1", AF_INET6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_addr addr = ip(cases[i].read);

		assert_int_equal(addr.family, cases[i].family);
		assert_string_equal(ip_str(&addr).s, cases[i].written);
	}
	assert_string_equal(ip_str(&(struct ip_addr){0}).s, "-");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"",	      "10.0.0",	  "10.0.0.256",	  "10.0.0.1/24",  "10.0.0.1 ",
		"010.0.0.1x", "2001:db8", "2001::db8::1", "fe80::1%eth0", "host"};
	struct ip_addr addr;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_not_equal(ip_parse(cases[i], &addr, &err), 0);
	assert_string_equal(err.msg, "\"host\" is not an IP address");
}

static void prefixes_keep_their_host_bits_and_cover_their_range(void **state)
{
	static const struct {
		const char *text, *first, *last;
		uint64_t count;
	} cases[] = {
		{"10.1.2.3/24", "10.1.2.0", "10.1.2.255", 256},
		{"10.1.2.3/32", "10.1.2.3", "10.1.2.3", 1},
		{"10.1.2.3/31", "10.1.2.2", "10.1.2.3", 2},
		{"10.1.2.3/13", "10.0.0.0", "10.7.255.255", 1u << 19},
		{"10.1.2.3/0", "0.0.0.0", "255.255.255.255", 1ull << 32},
		{"2001:db8::5/120", "2001:db8::", "2001:db8::ff", 256},
		{"2001:db8::5/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", UINT64_MAX},
		{"2001:db8::5/65", "2001:db8::", "2001:db8::7fff:ffff:ffff:ffff", 1ull << 63},
		{"::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX},
	};
	char text[IP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_prefix p = prefix(cases[i].text);
		struct ip_range r = ip_prefix_range(&p);

		assert_string_equal(ip_prefix_format(&p, text), cases[i].text);
		assert_string_equal(ip_str(&r.first).s, cases[i].first);
		assert_string_equal(ip_str(&r.last).s, cases[i].last);
		assert_true(ip_range_count(&r) == cases[i].count);
		assert_true(ip_prefix_contains(&p, &p.addr));
	}
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const cases[] = {"10.0.0.0",	   "10.0.0.0/",
					    "10.0.0.0/33", "10.0.0.0/-1",
					    "10.0.0.0/ 8", "10.0.0.0/8x",
					    "/8",	   "2001:db8::/129",
					    "10.0.0/8",	   "10.0.0.0/99999999999999999999"};
	struct ip_prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_not_equal(ip_prefix_parse(cases[i], &p, NULL), 0);
}

static void ranges_are_cidrs_pairs_or_single_addresses(void **state)
{
	static const struct {
		const char *text, *first, *last;
	} cases[] = {
		{"10.0.0.1-10.0.0.5", "10.0.0.1", "10.0.0.5"},
		{"10.0.0.7", "10.0.0.7", "10.0.0.7"},
		{"10.0.0.7-10.0.0.7", "10.0.0.7", "10.0.0.7"},
		{"10.0.0.7/30", "10.0.0.4", "10.0.0.7"},
		{"2001:db8::1-2001:db8::20", "2001:db8::1", "2001:db8::20"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_range r = range(cases[i].text);

		assert_string_equal(ip_str(&r.first).s, cases[i].first);
		assert_string_equal(ip_str(&r.last).s, cases[i].last);
	}
}

static void ranges_that_are_none_are_refused_with_the_cause(void **state)
{
	static const struct {
		const char *text, *cause;
	} cases[] = {
		{"10.0.0.5-10.0.0.1",
		 "range \"10.0.0.5-10.0.0.1\" is backwards: 10.0.0.5 is after 10.0.0.1"},
		{"10.0.0.5-2001:db8::1", "range \"10.0.0.5-2001:db8::1\" mixes IPv4 and IPv6"},
		{"10.0.0.5-", "\"10.0.0.5-\" is not a range FIRST-LAST of addresses"},
		{"-10.0.0.5", "\"-10.0.0.5\" is not a range FIRST-LAST of addresses"},
		{"10.0.0.5 - 10.0.0.9",
		 "\"10.0.0.5 - 10.0.0.9\" is not a range FIRST-LAST of addresses"},
		{"", "\"\" is not a CIDR, a range FIRST-LAST or an address"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_range r;
		struct err err;

		assert_int_not_equal(ip_range_parse(cases[i].text, &r, &err), 0);
		assert_string_equal(err.msg, cases[i].cause);
	}
}

static void texts_longer_than_any_address_are_refused(void **state)
{
	char text[400];
	struct ip_addr addr;
	struct ip_prefix p;
	struct ip_range r;

	(void)state;
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_not_equal(ip_parse(text, &addr, NULL), 0);
	text[300] = '/';
	assert_int_not_equal(ip_prefix_parse(text, &p, NULL), 0);
	text[300] = '-';
	assert_int_not_equal(ip_range_parse(text, &r, NULL), 0);
}

static void ranges_contain_and_overlap_within_a_family(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"10.0.0.1-10.0.0.5", "10.0.0.5-10.0.0.9", true},
		{"10.0.0.1-10.0.0.5", "10.0.0.6-10.0.0.9", false},
		{"10.0.0.0/8", "10.9.9.9", true},
		{"10.0.0.0/8", "11.0.0.0/8", false},
		{"0.0.0.0/0", "::/0", false},
		{"2001:db8::/64", "2001:db8::1:0:0:0/80", true},
	};
	struct ip_range r = range("10.0.0.1-10.0.0.5");
	struct ip_addr inside = ip("10.0.0.5"), outside = ip("10.0.0.6"), other = ip("::5");

	(void)state;
	assert_true(ip_range_contains(&r, &inside));
	assert_false(ip_range_contains(&r, &outside));
	assert_false(ip_range_contains(&r, &other));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_range a = range(cases[i].a), b = range(cases[i].b);

		assert_int_equal(ip_range_overlaps(&a, &b), cases[i].overlap);
		assert_int_equal(ip_range_overlaps(&b, &a), cases[i].overlap);
	}
}

static void ipv4_comes_before_ipv6_and_nothing_before_both(void **state)
{
	static const char *const order[] = {"0.0.0.0", "9.255.255.255", "10.0.0.0",
					    "::",      "::1",		"2001:db8::"};
	struct ip_addr none = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		struct ip_addr a = ip(order[i]);

		assert_true(ip_compare(&none, &a) < 0 && ip_compare(&a, &none) > 0);
		for (size_t j = 0; j < sizeof(order) / sizeof(*order); j++) {
			struct ip_addr b = ip(order[j]);
			int way = ip_compare(&a, &b);

			assert_true(i == j ? way == 0 : i < j ? way < 0 : way > 0);
			assert_int_equal(ip_equal(&a, &b), i == j);
		}
	}
	assert_int_equal(ip_compare(&none, &none), 0);
}

static void the_next_address_carries_and_wraps(void **state)
{
	static const char *const cases[][2] = {
		{"10.0.0.1", "10.0.0.2"},
		{"10.0.255.255", "10.1.0.0"},
		{"255.255.255.255", "0.0.0.0"},
		{"2001:db8::ffff", "2001:db8::1:0"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_addr addr = ip(cases[i][0]), next = ip_next(&addr);

		assert_string_equal(ip_str(&next).s, cases[i][1]);
	}
}

static void kinds_of_addresses_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool link_local, multicast, loopback, unspecified, unicast;
	} cases[] = {
		{"10.0.0.1", false, false, false, false, true},
		{"169.254.77.2", true, false, false, false, true},
		{"224.0.0.1", false, true, false, false, false},
		{"239.255.255.255", false, true, false, false, false},
		{"240.0.0.1", false, false, false, false, true},
		{"255.255.255.255", false, false, false, false, false},
		{"127.0.0.1", false, false, true, false, false},
		{"0.0.0.0", false, false, false, true, false},
		{"2001:db8::1", false, false, false, false, true},
		{"fe80::1", true, false, false, false, true},
		{"febf::1", true, false, false, false, true},
		{"fec0::1", false, false, false, false, true},
		{"ff02::1", false, true, false, false, false},
		{"::1", false, false, true, false, false},
		{"::ffff:10.0.0.1", false, false, false, false, false},
		{"::fffe:10.0.0.1", false, false, false, false, true},
		{"::", false, false, false, true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_addr addr = ip(cases[i].text);

		assert_int_equal(ip_is_link_local(&addr), cases[i].link_local);
		assert_int_equal(ip_is_multicast(&addr), cases[i].multicast);
		assert_int_equal(ip_is_loopback(&addr), cases[i].loopback);
		assert_int_equal(ip_is_unspecified(&addr), cases[i].unspecified);
		assert_int_equal(ip_is_unicast(&addr), cases[i].unicast);
	}
	assert_false(ip_is_unicast(&(struct ip_addr){0}));
	assert_false(ip_is_unspecified(&(struct ip_addr){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_written_as_they_are_read),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(prefixes_keep_their_host_bits_and_cover_their_range),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(ranges_are_cidrs_pairs_or_single_addresses),
		cmocka_unit_test(ranges_that_are_none_are_refused_with_the_cause),
		cmocka_unit_test(texts_longer_than_any_address_are_refused),
		cmocka_unit_test(ranges_contain_and_overlap_within_a_family),
		cmocka_unit_test(ipv4_comes_before_ipv6_and_nothing_before_both),
		cmocka_unit_test(the_next_address_carries_and_wraps),
		cmocka_unit_test(kinds_of_addresses_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
