// SPDX-License-Identifier: Apache-2.0
/* Headers, OPEN and NOTIFICATION against bytes written by hand out of the RFCs. */

#include "bgp/message.h"
#include "bgp/open.h"

#include "bgp_test.h"

/* ---- headers ----------------------------------------------------------------------------- */

static const struct {
	const char *bytes;
	int code, subcode; /* 0: fine */
	const char *data;
} headers[] = {
	{MARKER "0013 04", 0, 0, ""},
	{MARKER "001d 01", 0, 0, ""},
	{MARKER "0017 02", 0, 0, ""},
	{MARKER "1000 02", 0, 0, ""},
	{MARKER "0015 03", 0, 0, ""},
	{MARKER "0017 05", 0, 0, ""},
	{"fffffffffffffffffffffffffffffffe 0013 04", 1, 1, ""},
	{"00000000000000000000000000000000 0013 04", 1, 1, ""},
	{MARKER "0012 04", 1, 2, "0012"},
	{MARKER "0000 04", 1, 2, "0000"},
	{MARKER "1001 02", 1, 2, "1001"},
	{MARKER "ffff 02", 1, 2, "ffff"},
	{MARKER "0014 04", 1, 2, "0014"}, /* a KEEPALIVE has no body */
	{MARKER "001c 01", 1, 2, "001c"},
	{MARKER "0016 02", 1, 2, "0016"},
	{MARKER "0014 03", 1, 2, "0014"},
	{MARKER "0013 00", 1, 3, "00"},
	{MARKER "0013 06", 1, 3, "06"},
	{MARKER "0013 ff", 1, 3, "ff"},
};

static void headers_are_checked_as_section_6_1_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct bgp_notification error = {0};
		struct bgp_header header;
		uint8_t bytes[32], data[8];
		size_t len;
		int rc;

		assert_int_equal(unhex(headers[i].bytes, bytes), BGP_HEADER_LEN);
		rc = message_header(bytes, BGP_MESSAGE_MAX, &header, &error);
		assert_int_equal(rc != 0, headers[i].code != 0);
		if (!rc)
			continue;
		assert_int_equal(error.code, headers[i].code);
		assert_int_equal(error.subcode, headers[i].subcode);
		len = unhex(headers[i].data, data);
		assert_int_equal(error.len, len);
		assert_memory_equal(error.data, data, len);
	}
}

static void a_built_message_has_its_length_in_its_header(void **state)
{
	uint8_t buf[64], expected[64];
	struct wr wr = wr_init(buf, sizeof(buf));
	size_t start = message_begin(&wr, BGP_KEEPALIVE);

	(void)state;
	message_end(&wr, start);
	assert_int_equal(wr.len, unhex(MARKER "0013 04", expected));
	assert_memory_equal(buf, expected, wr.len);
}

/* ---- OPEN -------------------------------------------------------------------------------- */

/* What we send with everything on: version, AS_TRANS, hold time, identifier; then capabilities. */
static const char our_open[] = "04 5ba0 005a 0a000001 20 02 1e"
			       "01 04 0001 00 01"	      /* multiprotocol IPv4 unicast */
			       "01 04 0002 00 01"	      /* and IPv6 unicast */
			       "02 00"			      /* route refresh */
			       "41 04 fa56ec59"		      /* 4-octet AS 4200000601 */
			       "45 08 0001 01 02 0002 01 02"; /* ADD-PATH, send, both */

static const struct bgp_open full_open = {
	.version = 4,
	.as = 4200000601,
	.hold_time = 90,
	.identifier = 0x0a000001,
	.caps = {.families = BGP_ALL_FAMILIES,
		 .route_refresh = true,
		 .four_octet_as = true,
		 .as = 4200000601,
		 .add_path = {ADD_PATH_SEND, ADD_PATH_SEND}},
};

static void an_open_is_written_byte_for_byte(void **state)
{
	uint8_t buf[128], expected[128];
	struct wr wr = wr_init(buf, sizeof(buf));

	(void)state;
	open_encode(&wr, &full_open);
	assert_int_equal(wr.len, unhex(our_open, expected));
	assert_memory_equal(buf, expected, wr.len);
}

static int decode(const char *text, struct bgp_open *open, struct bgp_notification *error)
{
	uint8_t bytes[512];
	size_t len = unhex(text, bytes);
	uint8_t *exact = malloc(len); /* so that a sanitizer sees one byte too many */
	struct rd rd = rd_init(memcpy(exact, bytes, len), len);
	int rc = open_decode(&rd, open, error);

	free(exact);
	return rc;
}

static void an_open_is_read_back(void **state)
{
	struct bgp_notification error;
	struct bgp_open open;

	(void)state;
	assert_int_equal(decode(our_open, &open, &error), 0);
	assert_int_equal(open.as, 4200000601);
	assert_int_equal(open.hold_time, 90);
	assert_int_equal(open.identifier, 0x0a000001);
	assert_int_equal(open.caps.families, BGP_ALL_FAMILIES);
	assert_true(open.caps.route_refresh && open.caps.four_octet_as);
	assert_int_equal(open.caps.add_path[BGP_IPV6_UNICAST], ADD_PATH_SEND);
}

static void an_open_cut_anywhere_is_refused(void **state)
{
	char cut[sizeof(our_open)];
	uint8_t bytes[128];
	size_t len = unhex(our_open, bytes);

	(void)state;
	for (size_t n = 0; n < len; n++) {
		struct bgp_notification error;
		struct bgp_open open;

		for (size_t i = 0; i < n; i++)
			(void)snprintf(cut + 2 * i, 3, "%02x", bytes[i]);
		cut[2 * n] = '\0';
		assert_int_not_equal(decode(cut, &open, &error), 0);
		assert_int_equal(error.code, BGP_ERR_OPEN);
	}
}

static const struct {
	const char *bytes;
	uint32_t as, families;
	bool four_octet_as, refresh;
} opens[] = {
	/* no optional parameters: IPv4 unicast, AS numbers of two bytes */
	{"04 fc5a 00b4 0a000002 00", 64602, 1, false, false},
	/* each capability in a parameter of its own */
	{"04 fc5a 00b4 0a000002 10 02 06 01 04 0002 00 01 02 06 41 04 0000fc5a", 64602, 2, true,
	 false},
	/* unknown capabilities and families are passed over: 70, 64, 131; VPNv4 */
	{"04 fc5a 00b4 0a000002 1a 02 18 46 00 40 06 0078 000101 80 83 00 01 04 0001 00 80"
	 "01 04 0001 00 01",
	 64602, 1, false, false},
	/* multiprotocol, but no family of ours */
	{"04 fc5a 00b4 0a000002 08 02 06 01 04 0001 00 80", 64602, 0, false, false},
	/* known capabilities with lengths that they cannot have are passed over */
	{"04 fc5a 00b4 0a000002 0d 02 0b 41 02 fc5a 02 01 00 01 02 0001", 64602, 1, false, false},
	/* RFC 9072: extended lengths */
	{"04 fc5a 00b4 0a000002 ff ff 0009 02 0006 01 04 0002 00 01", 64602, 2, false, false},
	{"04 fc5a 00b4 0a000002 01 ff 0005 02 0002 02 00", 64602, 1, false, true},
};

static void opens_of_all_kinds_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(opens) / sizeof(*opens); i++) {
		struct bgp_notification error;
		struct bgp_open open;

		if (decode(opens[i].bytes, &open, &error))
			fail_msg("%s: %s", opens[i].bytes, error.why);
		assert_int_equal(open.as, opens[i].as);
		assert_int_equal(open.caps.families, opens[i].families);
		assert_int_equal(open.caps.four_octet_as, opens[i].four_octet_as);
		assert_int_equal(open.caps.route_refresh, opens[i].refresh);
	}
}

static void add_path_directions_that_do_not_exist_are_passed_over(void **state)
{
	struct bgp_notification error;
	struct bgp_open open;

	(void)state;
	assert_int_equal(
		decode("04 fc5a 00b4 0a000002 0c 02 0a 45 08 0001 01 04 0002 01 03", &open, &error),
		0);
	assert_int_equal(open.caps.add_path[BGP_IPV4_UNICAST], 0);
	assert_int_equal(open.caps.add_path[BGP_IPV6_UNICAST], ADD_PATH_RECEIVE | ADD_PATH_SEND);
}

static const struct {
	const char *bytes;
	int subcode;
	const char *data;
} bad_opens[] = {
	{"03 fc5a 00b4 0a000002 00", BGP_OPEN_BAD_VERSION, "0004"},
	{"04 0001 00b4 0a000002 00", BGP_OPEN_BAD_PEER_AS, ""},
	{"04 0000 00b4 0a000002 00", BGP_OPEN_BAD_PEER_AS, ""},
	{"04 fc5a 00b4 0a000002 08 02 06 41 04 00000000", BGP_OPEN_BAD_PEER_AS, ""},
	{"04 fc5a 0001 0a000002 00", BGP_OPEN_BAD_HOLD_TIME, ""},
	{"04 fc5a 0002 0a000002 00", BGP_OPEN_BAD_HOLD_TIME, ""},
	{"04 fc5a 00b4 00000000 00", BGP_OPEN_BAD_IDENTIFIER, ""},
	{"04 fc5a 00b4 0a000002 02 01 00", BGP_OPEN_BAD_PARAMETER, ""},
	{"04 fc5a 00b4 0a000002 03 02 01 02", BGP_OPEN_UNSPECIFIC, ""}, /* capability cut short */
	{"04 fc5a 00b4 0a000002 04 02 03 02 00", BGP_OPEN_UNSPECIFIC, ""},
	{"04 fc5a 00b4 0a000002 00 00", BGP_OPEN_UNSPECIFIC, ""}, /* a byte left over */
	{"04 fc5a 00b4 0a000002 08 02 06 01 04 0001 00 80", BGP_OPEN_BAD_CAPABILITY,
	 "01 04 0001 00 01 01 04 0002 00 01"},
};

static void wrong_opens_get_the_notification_of_section_6_2(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_opens) / sizeof(*bad_opens); i++) {
		struct bgp_notification error = {0};
		struct bgp_open open;
		uint8_t data[32];
		size_t len = unhex(bad_opens[i].data, data);
		int rc = decode(bad_opens[i].bytes, &open, &error);

		if (!rc)
			rc = open_check(&open, 64602, BGP_ALL_FAMILIES, &error);
		assert_int_not_equal(rc, 0);
		assert_int_equal(error.code, BGP_ERR_OPEN);
		assert_int_equal(error.subcode, bad_opens[i].subcode);
		assert_int_equal(error.len, len);
		assert_memory_equal(error.data, data, len);
	}
}

static void a_hold_time_of_zero_is_allowed(void **state)
{
	struct bgp_notification error;
	struct bgp_open open;

	(void)state;
	assert_int_equal(decode("04 fc5a 0000 0a000002 00", &open, &error), 0);
	assert_int_equal(open_check(&open, 64602, BGP_ALL_FAMILIES, &error), 0);
}

/* ---- NOTIFICATION ------------------------------------------------------------------------ */

static const struct {
	const char *bytes, *words;
} notifications[] = {
	{"06 02 03 627965", "Cease/Administrative Shutdown \"bye\""},
	{"06 04 02 6869", "Cease/Administrative Reset \"hi\""},
	{"06 02", "Cease/Administrative Shutdown"},
	{"06 02 00", "Cease/Administrative Shutdown (data 00)"},
	{"06 02 09 627965", "Cease/Administrative Shutdown (data 09627965)"}, /* text cut short */
	{"06 02 04 610a7f62", "Cease/Administrative Shutdown \"a??b\""},
	{"06 03", "Cease/Peer De-configured"},
	{"06 07", "Cease/Connection Collision Resolution"},
	{"06 0a", "Cease/BFD Down"},
	{"02 02", "OPEN Message Error/Bad Peer AS"},
	{"03 0b", "UPDATE Message Error/Malformed AS_PATH"},
	{"04 00", "Hold Timer Expired"},
	{"05 03 01",
	 "Finite State Machine Error/Receive Unexpected Message in Established State (data 01)"},
	{"08 00", "Send Hold Timer Expired"},
	{"01 02 0012", "Message Header Error/Bad Message Length (data 0012)"},
	{"06 63", "Cease/subcode 99"},
	{"09 01", "code 9/subcode 1"},
	{"ff ff", "code 255/subcode 255"},
	{"06", "code 0"},
	{"", "code 0"},
	{"03 01 000102030405060708090a0b0c0d0e0f1011",
	 "UPDATE Message Error/Malformed Attribute List (data "
	 "000102030405060708090a0b0c0d0e0f...)"},
};

static void notifications_read_as_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(notifications) / sizeof(*notifications); i++) {
		struct bgp_notification notification;
		uint8_t bytes[64];
		char words[256];
		struct rd rd = rd_init(bytes, unhex(notifications[i].bytes, bytes));

		notification_decode(&rd, &notification);
		assert_string_equal(notification_describe(&notification, words, sizeof(words)),
				    notifications[i].words);
	}
}

static void words_are_cut_to_the_room_they_have(void **state)
{
	struct bgp_notification notification;
	char words[8];

	(void)state;
	notification_shutdown(&notification, BGP_CEASE_ADMIN_SHUTDOWN, "bye");
	assert_string_equal(notification_describe(&notification, words, sizeof(words)), "Cease/A");
}

static void a_shutdown_text_goes_out_as_rfc_9003_has_it(void **state)
{
	struct bgp_notification notification;
	uint8_t buf[64], expected[64];
	struct wr wr = wr_init(buf, sizeof(buf));

	(void)state;
	notification_shutdown(&notification, BGP_CEASE_ADMIN_SHUTDOWN, "bye");
	notification_encode(&wr, &notification);
	assert_int_equal(wr.len, unhex("06 02 03 627965", expected));
	assert_memory_equal(buf, expected, wr.len);
}

static void a_long_shutdown_text_is_cut_between_characters(void **state)
{
	struct bgp_notification notification;
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 254, "\xc3\xa4", 2); /* would end in the middle at 255 bytes */
	text[300] = '\0';
	notification_shutdown(&notification, BGP_CEASE_ADMIN_SHUTDOWN, text);
	assert_int_equal(notification.data[0], 254);
	assert_int_equal(notification.len, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_checked_as_section_6_1_says),
		cmocka_unit_test(a_built_message_has_its_length_in_its_header),
		cmocka_unit_test(an_open_is_written_byte_for_byte),
		cmocka_unit_test(an_open_is_read_back),
		cmocka_unit_test(an_open_cut_anywhere_is_refused),
		cmocka_unit_test(opens_of_all_kinds_are_understood),
		cmocka_unit_test(add_path_directions_that_do_not_exist_are_passed_over),
		cmocka_unit_test(wrong_opens_get_the_notification_of_section_6_2),
		cmocka_unit_test(a_hold_time_of_zero_is_allowed),
		cmocka_unit_test(notifications_read_as_words),
		cmocka_unit_test(words_are_cut_to_the_room_they_have),
		cmocka_unit_test(a_shutdown_text_goes_out_as_rfc_9003_has_it),
		cmocka_unit_test(a_long_shutdown_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("bgp messages", tests, NULL, NULL);
}
