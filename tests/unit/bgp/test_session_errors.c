// SPDX-License-Identifier: Apache-2.0
/* What peers and configurations get wrong. */

#include <errno.h>

#include "pair.h"

/* What a side answers to bytes in Established, and the reason that it gives. */
static const struct {
	const char *bytes, *answer, *reason;
} wrongs[] = {
	{"ffffffffffffffffffffffffffffff00 0013 04", MARKER "0015 03 01 01",
	 "sent NOTIFICATION Message Header Error/Connection Not Synchronized: marker is not all "
	 "ones"},
	{MARKER "0014 04", MARKER "0017 03 01 02 0014",
	 "sent NOTIFICATION Message Header Error/Bad Message Length (data 0014): KEEPALIVE of "
	 "length 20"},
	{MARKER "0013 09", MARKER "0016 03 01 03 09",
	 "sent NOTIFICATION Message Header Error/Bad Message Type (data 09): type 9"},
	{MARKER "001d 01 04 fc5a 005a 0a000002 00", MARKER "0016 03 05 03 01",
	 "sent NOTIFICATION Finite State Machine Error/Receive Unexpected Message in Established "
	 "State (data 01): OPEN"},
	{MARKER "001b 02 0000 0000 20 0a0000", MARKER "0015 03 03 0a",
	 "sent NOTIFICATION UPDATE Message Error/Invalid Network Field: bad prefix among the "
	 "announced routes"},
	{MARKER "0014 05 00", MARKER "0029 03 07 01" MARKER "0014 05 00",
	 "sent NOTIFICATION ROUTE-REFRESH Message Error/Invalid Message Length (data "
	 "ffffffffffffffffffffffffffffffff...): ROUTE-REFRESH of length 20"},
};

static void wrong_messages_are_answered_and_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		struct bgp_config b = *config(64602, 64601);
		struct pair *pair = pair_new(config(64601, 64602), &b);
		uint8_t answer[128];
		size_t len = unhex(wrongs[i].answer, answer);
		size_t before;

		start(pair);
		before = pair->a.sent_len;
		inject(pair, &pair->a, wrongs[i].bytes);
		assert_string_equal(pair->a.reason, wrongs[i].reason);
		assert_int_equal(pair->a.sent_len - before, len);
		assert_memory_equal(pair->a.sent + before, answer, len);
		assert_true(pair->a.wants_close);
		pair_free(pair);
	}
}

static void an_update_with_a_fault_that_may_pass_is_told_and_survived(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);
	const struct bgp_facts *facts = bgp_session_facts(pair->a.session);

	(void)state;
	start(pair);
	inject(pair, &pair->a, MARKER "0020 02 0000 0004 40010107 20 0a000001");
	assert_int_equal(state_of(&pair->a), BGP_ESTABLISHED);
	assert_int_equal(facts->errors_in, 1);
	assert_string_equal(facts->last_error_in, "ORIGIN with a value that is not allowed");
	assert_string_equal(pair->a.bad, "32: ORIGIN with a value that is not allowed");
	assert_int_equal(facts->families[BGP_IPV4_UNICAST].withdrawals_received, 1);
	pair_free(pair);
}

static void bytes_after_the_end_of_a_session_are_ignored(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	start(pair);
	inject(pair, &pair->a, MARKER "0015 03 06 04" MARKER "0015 03 06 05");
	assert_string_equal(pair->a.reason, "peer sent NOTIFICATION Cease/Administrative Reset");
	inject(pair, &pair->a, MARKER "0013 04");
	assert_int_equal(state_of(&pair->a), BGP_IDLE);
	pair_free(pair);
}

static void no_garbage_does_harm(void **state)
{
	struct dice dice = {.state = 3};

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct bgp_config b = *config(64602, 64601);
		struct pair *pair = pair_new(config(64601, 64602), &b);
		size_t to;

		/* Some of what the other side would say, with a few bytes changed. */
		set(pair->b.rib, "198.51.100.1/32", "10.0.0.8", "10.0.0.9");
		set(pair->b.rib, "2001:db8::1/128", "2001:db8::8", "2001:db8::9");
		start(pair);
		to = pair->b.sent_len;
		for (uint32_t i = roll(&dice, 3) + 1; i; i--)
			pair->b.sent[roll(&dice, (uint32_t)to)] = (uint8_t)roll(&dice, 256);
		bgp_session_stop(pair->a.session, "again", pair->now);
		bgp_session_start(pair->a.session, pair->now);
		bgp_session_connected(pair->a.session, pair->now);
		bgp_session_input(pair->a.session, pair->b.sent, to, pair->now);
		take_output(&pair->a, pair->now);
		pair_free(pair);
	}
}

/* ---- configuration ----------------------------------------------------------------------- */

static void spoil_as0(struct bgp_config *c)
{
	c->peer_as = 0;
}

static void spoil_ibgp(struct bgp_config *c)
{
	c->peer_as = c->local_as;
}

static void spoil_trans(struct bgp_config *c)
{
	c->local_as = BGP_AS_TRANS;
}

static void spoil_family(struct bgp_config *c)
{
	c->peer = ip("2001:db8::1");
}

static void spoil_peer(struct bgp_config *c)
{
	c->peer = (struct ip_addr){0};
}

static void spoil_hold(struct bgp_config *c)
{
	c->hold_time = 2;
}

static void spoil_keepalive(struct bgp_config *c)
{
	c->hold_time = 9;
	c->keepalive_time = 4;
}

static void spoil_id(struct bgp_config *c)
{
	c->local = ip("2001:db8::2");
	c->peer = ip("2001:db8::1");
}

static const struct {
	void (*spoil)(struct bgp_config *c);
	const char *words;
} spoilt[] = {
	{spoil_as0, "peer AS: AS 0 may not be used (RFC 7607)"},
	{spoil_ibgp, "peer AS 64601: same as the local AS; only eBGP is spoken"},
	{spoil_trans, "local AS: AS 23456 stands for others (RFC 6793)"},
	{spoil_family, "local address 10.0.0.1 and peer address 2001:db8::1: not one family"},
	{spoil_peer, "peer address: missing"},
	{spoil_hold, "hold time 2: not within 3 and 65535 seconds"},
	{spoil_keepalive, "keepalive time 4: more than a third of the hold time 9"},
	{spoil_id, "router id: missing, and the local address 2001:db8::2 is none"},
};

static void a_configuration_that_cannot_work_is_refused_by_name(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(bgp_config_check(config(64601, 64602), &err), 0);
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(*spoilt); i++) {
		struct bgp_config c = *config(64601, 64602);

		spoilt[i].spoil(&c);
		assert_int_equal(bgp_config_check(&c, &err), -EINVAL);
		assert_string_equal(err.msg, spoilt[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_messages_are_answered_and_told),
		cmocka_unit_test(an_update_with_a_fault_that_may_pass_is_told_and_survived),
		cmocka_unit_test(bytes_after_the_end_of_a_session_are_ignored),
		cmocka_unit_test(no_garbage_does_harm),
		cmocka_unit_test(a_configuration_that_cannot_work_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("bgp session errors", tests, NULL, NULL);
}
