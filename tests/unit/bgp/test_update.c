// SPDX-License-Identifier: Apache-2.0
/* UPDATEs against bytes written by hand out of the RFCs, both ways. */

#include "bgp/update_decode.h"
#include "bgp/update_encode.h"

#include "bgp_test.h"

#define ORIGIN	 "40 01 01 00"
#define AS_PATH	 "40 02 06 02 01 0000fc5a"
#define NEXT_HOP "40 03 04 0a000001"
#define NLRI	 "20 c6336401" /* 198.51.100.1/32 */

/* Withdrawn routes, attributes, NLRIs as text: a body with the lengths put in. */
static size_t body(const char *withdrawn, const char *attrs, const char *nlri, uint8_t *out)
{
	size_t w = unhex(withdrawn, out + 2);
	size_t a = unhex(attrs, out + 4 + w);

	out[0] = (uint8_t)(w >> 8);
	out[1] = (uint8_t)w;
	out[2 + w] = (uint8_t)(a >> 8);
	out[3 + w] = (uint8_t)a;
	return 4 + w + a + unhex(nlri, out + 4 + w + a);
}

/* In memory of exactly that size, so that a sanitizer sees one byte too many. */
static int decode(const uint8_t *bytes, size_t len, struct update_report *report,
		  struct bgp_notification *error)
{
	uint8_t *exact = malloc(len);
	int rc = update_decode(rd_init(memcpy(exact, bytes, len), len), true, report, error);

	free(exact);
	return rc;
}

/* ---- reading ----------------------------------------------------------------------------- */

static const struct {
	const char *withdrawn, *attrs, *nlri;
	uint32_t announced[2], withdrawals[2];
	bool end_of_rib[2];
} fine[] = {
	{"", "", "", {0, 0}, {0, 0}, {true, false}},
	{"", ORIGIN AS_PATH NEXT_HOP, NLRI, {1, 0}, {0, 0}, {false, false}},
	{"20 c6336402 00 08 0a", "", "", {0, 0}, {3, 0}, {false, false}},
	{NLRI, ORIGIN AS_PATH NEXT_HOP, "18 cb0071 19 cb007180", {2, 0}, {1, 0}, {false, false}},
	/* an empty AS_PATH, an AS_SET, more attributes, unknown optional ones */
	{"", ORIGIN "40 02 00" NEXT_HOP, NLRI, {1, 0}, {0, 0}, {false, false}},
	{"",
	 ORIGIN
	 "50 02 0010 02 01 0000fc5a 01 02 00000001 00000002" NEXT_HOP "80 04 04 00000064"
	 "40 06 00 c0 07 08 0000fc5a 0a000001 c0 08 08 ffffff01 00010002"
	 "c0 10 08 0002fc5a 00000001 c0 20 0c 0000fc5a 00000001 00000002 c0 63 01 07 80 c8 00",
	 NLRI,
	 {1, 0},
	 {0, 0},
	 {false, false}},
	/* IPv6: one next hop, and one with a link-local beside it */
	{"",
	 "90 0e 0026 0002 01 10 20010db8000000000000000000000001 00 80 20010db8000000000000000000000099" ORIGIN
		 AS_PATH,
	 "",
	 {0, 1},
	 {0, 0},
	 {false, false}},
	{"",
	 ORIGIN AS_PATH
	 "80 0e 28 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00"
	 "10 2001",
	 "",
	 {0, 1},
	 {0, 0},
	 {false, false}},
	{"", "80 0f 07 0002 01 18 20010d", "", {0, 0}, {0, 1}, {false, false}},
	{"", "80 0f 03 0002 01", "", {0, 0}, {0, 0}, {false, true}},
	{"", "90 0f 0003 0002 01", "", {0, 0}, {0, 0}, {false, true}},
	{"", "80 0f 03 0001 80", "", {0, 0}, {0, 0}, {false, false}}, /* VPNv4: not ours */
};

static void counts_routes_and_finds_end_of_rib(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		struct bgp_notification error;
		struct update_report report;
		uint8_t bytes[512];
		size_t len = body(fine[i].withdrawn, fine[i].attrs, fine[i].nlri, bytes);

		if (decode(bytes, len, &report, &error))
			fail_msg("case %zu: %s", i, error.why);
		if (report.faulty)
			fail_msg("case %zu: %s", i, report.fault);
		for (int f = 0; f < 2; f++) {
			assert_int_equal(report.announced[f], fine[i].announced[f]);
			assert_int_equal(report.withdrawn[f], fine[i].withdrawals[f]);
			assert_int_equal(report.end_of_rib[f], fine[i].end_of_rib[f]);
		}
	}
}

/* Errors that the session survives: is the route withdrawn, or the attribute forgotten? */
static const struct {
	const char *attrs;
	bool withdraw;
} faults[] = {
	{"40 01 01 03" AS_PATH NEXT_HOP, true},		      /* ORIGIN 3 */
	{"40 01 02 0000" AS_PATH NEXT_HOP, true},	      /* its length */
	{"c0 01 01 00" AS_PATH NEXT_HOP, true},		      /* its flags */
	{AS_PATH NEXT_HOP, true},			      /* missing */
	{ORIGIN NEXT_HOP, true},			      /* AS_PATH missing */
	{ORIGIN AS_PATH, true},				      /* NEXT_HOP missing */
	{ORIGIN "40 02 06 03 01 0000fc5a" NEXT_HOP, true},    /* confederation segment */
	{ORIGIN "40 02 06 02 02 0000fc5a" NEXT_HOP, true},    /* segment runs over */
	{ORIGIN "40 02 02 02 00" NEXT_HOP, true},	      /* empty segment */
	{ORIGIN "40 02 07 02 01 0000fc5a 02" NEXT_HOP, true}, /* one byte left */
	{ORIGIN AS_PATH "40 03 05 0a00000100", true},
	{ORIGIN AS_PATH NEXT_HOP "80 04 03 000000", true},
	{ORIGIN AS_PATH NEXT_HOP "40 05 04 00000064", false}, /* LOCAL_PREF from outside */
	{ORIGIN AS_PATH NEXT_HOP "40 06 01 00", false},
	{ORIGIN AS_PATH NEXT_HOP "c0 07 06 fc5a 0a000001", false}, /* two-byte AGGREGATOR */
	{ORIGIN AS_PATH NEXT_HOP "c0 08 03 000000", true},
	{ORIGIN AS_PATH NEXT_HOP "c0 08 00", true},
	{ORIGIN AS_PATH NEXT_HOP "80 09 04 0a000001", false},
	{ORIGIN AS_PATH NEXT_HOP "80 0a 04 0a000001", false},
	{ORIGIN AS_PATH NEXT_HOP "c0 10 07 00000000000000", true},
	{ORIGIN AS_PATH NEXT_HOP "c0 11 03 020100", false},
	{ORIGIN AS_PATH NEXT_HOP "c0 20 08 0000000000000000", true},
	{ORIGIN AS_PATH NEXT_HOP ORIGIN, false},	 /* twice: the first counts */
	{ORIGIN AS_PATH NEXT_HOP "c0 08 30 0001", true}, /* runs over the list's end */
	{ORIGIN AS_PATH NEXT_HOP "c0", true},
	{ORIGIN AS_PATH NEXT_HOP "d0 08 00", true},	    /* extended length cut short */
	{ORIGIN AS_PATH NEXT_HOP "c0 0f 03 0002 01", true}, /* MP_UNREACH_NLRI's flags */
	{"40 06 01 00" AS_PATH NEXT_HOP, true},		    /* the strongest of two wins */
};

static void survives_what_rfc_7606_lets_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct bgp_notification error;
		struct update_report report;
		uint8_t bytes[512];
		size_t len = body("", faults[i].attrs, NLRI, bytes);

		if (decode(bytes, len, &report, &error))
			fail_msg("%s: %s", faults[i].attrs, error.why);
		if (!report.faulty || !report.fault[0])
			fail_msg("%s: passed as right", faults[i].attrs);
		if (report.withdrawn[0] != faults[i].withdraw)
			fail_msg("%s: %s", faults[i].attrs, report.fault);
		assert_int_equal(report.announced[0], !faults[i].withdraw);
	}
}

/* Errors that end the session: subcode and data. */
static const struct {
	const char *withdrawn, *attrs, *nlri;
	int subcode;
	const char *data;
} fatal[] = {
	{"", ORIGIN AS_PATH NEXT_HOP, "21 c633640100", 10, ""},
	{"", ORIGIN AS_PATH NEXT_HOP, "20 c63364", 10, ""},
	{"21 c633640100", "", "", 10, ""},
	{"20 c6", "", "", 10, ""},
	{"", "40 63 01 07", "", 2, "40 63 01 07"}, /* well-known, but not to us */
	{"", "80 0e 03 0002 01", "", 9, "80 0e 03 0002 01"},
	{"", "80 0e 05 0002 01 00 00", "", 9, "80 0e 05 0002 01 00 00"}, /* no next hop */
	{"", "80 0e 0a 0001 01 04 0a000001 00 21", "", 9, "80 0e 0a 0001 01 04 0a000001 00 21"},
	{"", "80 0f 04 0002 01 81", "", 9, "80 0f 04 0002 01 81"},
	{"", "80 0f 02 0002", "", 9, "80 0f 02 0002"},
	{"", "80 0f 03 0002 01 80 0f 03 0002 01", "", 1, ""},
};

static void ends_the_session_where_routes_cannot_be_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) {
		struct bgp_notification error = {0};
		struct update_report report;
		uint8_t bytes[512], data[64];
		size_t len = body(fatal[i].withdrawn, fatal[i].attrs, fatal[i].nlri, bytes);

		if (!decode(bytes, len, &report, &error))
			fail_msg("case %zu was let pass", i);
		assert_int_equal(error.code, BGP_ERR_UPDATE);
		assert_int_equal(error.subcode, fatal[i].subcode);
		len = unhex(fatal[i].data, data);
		assert_int_equal(error.len, len);
		assert_memory_equal(error.data, data, len);
	}
}

static void lengths_that_run_over_end_the_session(void **state)
{
	static const char *const bodies[] = {
		"", "00", "0000", "0000 00", "0001 0000", "0000 0005 40010100", "ffff 0000"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct bgp_notification error;
		struct update_report report;
		uint8_t bytes[32];
		size_t len = unhex(bodies[i], bytes);

		assert_int_not_equal(decode(bytes, len, &report, &error), 0);
		assert_int_equal(error.subcode, BGP_UPDATE_MALFORMED_LIST);
	}
}

static void no_truncation_reads_past_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		struct bgp_notification error;
		struct update_report report;
		uint8_t bytes[512];
		size_t len = body(fine[i].withdrawn, fine[i].attrs, fine[i].nlri, bytes);

		for (size_t n = 0; n < len; n++)
			(void)decode(bytes, n, &report, &error);
	}
}

/* A sanitizer watches; whatever comes out must be one of the two answers. */
static void no_garbage_does_harm(void **state)
{
	struct dice dice = {.state = 42};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t which = roll(&dice, sizeof(fine) / sizeof(*fine));
		struct bgp_notification error;
		struct update_report report;
		uint8_t bytes[512];
		size_t len =
			body(fine[which].withdrawn, fine[which].attrs, fine[which].nlri, bytes);
		int rc;

		for (uint32_t i = roll(&dice, 4); i; i--)
			bytes[roll(&dice, (uint32_t)len)] = (uint8_t)roll(&dice, 256);
		rc = decode(bytes, len, &report, &error);
		if (rc)
			assert_int_equal(error.code, BGP_ERR_UPDATE);
	}
}

/* ---- writing ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t local_as, metric;
	bool four_octet_as, add_path, withdraw;
	const char *next_hop, *prefix; /* prefix NULL: End-of-RIB */
	const char *bytes;	       /* without marker and length */
} written[] = {
	{"IPv4", 64601, 0, true, false, false, "10.0.0.1", "198.51.100.1/32",
	 "02 0000 0014 400101 00 400206 0201 0000fc59 400304 0a000001 20 c6336401"},
	{"IPv4 with ADD-PATH and metric", 64601, 100, true, true, false, "10.0.0.1",
	 "198.51.100.1/32",
	 "02 0000 001b 400101 00 400206 0201 0000fc59 400304 0a000001 800404 00000064"
	 "01020304 20 c6336401"},
	{"2-octet peer", 64601, 0, false, false, false, "10.0.0.1", "198.51.100.0/24",
	 "02 0000 0012 400101 00 400204 0201 fc59 400304 0a000001 18 c63364"},
	{"2-octet peer, 4-octet AS", 4200000601, 0, false, false, false, "10.0.0.1",
	 "198.51.100.0/25",
	 "02 0000 001b 400101 00 400204 0201 5ba0 400304 0a000001 c01106 0201 fa56ec59"
	 "19 c6336400"},
	{"IPv4 withdrawal", 64601, 0, true, false, true, NULL, "198.51.100.1/32",
	 "02 0005 20c6336401 0000"},
	{"IPv4 withdrawal with ADD-PATH", 64601, 0, true, true, true, NULL, "198.51.100.1/32",
	 "02 0009 01020304 20c6336401 0000"},
	{"IPv6", 64601, 0, true, false, false, "2001:db8::1", "2001:db8:100::1/128",
	 "02 0000 0037 900e 0026 0002 01 10 20010db8000000000000000000000001 00"
	 "80 20010db8010000000000000000000001 400101 00 400206 0201 0000fc59"},
	{"IPv6 with ADD-PATH and metric", 64601, 7, true, true, false, "2001:db8::1",
	 "2001:db8::/32",
	 "02 0000 0036 900e 001e 0002 01 10 20010db8000000000000000000000001 00"
	 "01020304 20 20010db8 400101 00 400206 0201 0000fc59 800404 00000007"},
	{"IPv6 withdrawal with ADD-PATH", 64601, 0, true, true, true, "::1", "2001:db8::/32",
	 "02 0000 0010 900f 000c 0002 01 01020304 20 20010db8"},
	{"End-of-RIB IPv4", 64601, 0, true, true, true, NULL, NULL, "02 0000 0000"},
	{"End-of-RIB IPv6", 64601, 0, true, true, true, "::1", NULL,
	 "02 0000 0007 900f 0003 0002 01"},
};

static void updates_are_written_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		struct update_style style = {
			.local_as = written[i].local_as,
			.four_octet_as = written[i].four_octet_as,
			.add_path = {written[i].add_path, written[i].add_path}};
		struct update_path path = {.metric = written[i].metric};
		bool v6 = written[i].next_hop && strchr(written[i].next_hop, ':');
		uint8_t buf[512], expected[512];
		struct update update;
		size_t len;

		path.family = v6 ? BGP_IPV6_UNICAST : BGP_IPV4_UNICAST;
		if (written[i].withdraw) {
			update_unreach(&update, buf, sizeof(buf), &style, path.family);
		} else {
			path.next_hop = ip(written[i].next_hop);
			update_reach(&update, buf, sizeof(buf), &style, &path);
		}
		if (written[i].prefix) {
			struct ip_prefix p = prefix(written[i].prefix);

			assert_true(update_add(&update, &p, 0x01020304));
		}
		len = update_end(&update);
		assert_int_equal(len, 18 + unhex(written[i].bytes, expected));
		assert_int_equal(buf[16] << 8 | buf[17], len);
		if (memcmp(buf + 18, expected, len - 18))
			fail_msg("%s", written[i].name);
	}
}

static void a_message_takes_routes_up_to_its_limit_and_not_one_more(void **state)
{
	struct update_style style = {.local_as = 64601, .four_octet_as = true};
	struct ip_prefix v4 = prefix("198.51.100.1/32");
	struct ip_prefix v6 = prefix("2001:db8::1/128");

	(void)state;
	for (size_t cap = 256; cap <= BGP_MESSAGE_MAX; cap += 160) {
		for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
			struct update_path path = {.family = f, .metric = 1};
			const struct ip_prefix *p = f ? &v6 : &v4;
			uint8_t buf[BGP_MESSAGE_MAX + 1];
			struct update update;
			size_t len;

			buf[cap] = 0xee;
			path.next_hop = p->addr;
			update_reach(&update, buf, cap, &style, &path);
			while (update_add(&update, p, 0))
				;
			len = update_end(&update);
			assert_false(update.wr.full);
			assert_in_range(len, cap - 16, cap);
			assert_int_equal(buf[cap], 0xee);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_routes_and_finds_end_of_rib),
		cmocka_unit_test(survives_what_rfc_7606_lets_pass),
		cmocka_unit_test(ends_the_session_where_routes_cannot_be_told),
		cmocka_unit_test(lengths_that_run_over_end_the_session),
		cmocka_unit_test(no_truncation_reads_past_the_end),
		cmocka_unit_test(no_garbage_does_harm),
		cmocka_unit_test(updates_are_written_byte_for_byte),
		cmocka_unit_test(a_message_takes_routes_up_to_its_limit_and_not_one_more),
	};

	return cmocka_run_group_tests_name("bgp updates", tests, NULL, NULL);
}
