// SPDX-License-Identifier: Apache-2.0
#include "pair.h"

/* ---- coming up ----------------------------------------------------------------------------- */

static void two_sessions_come_up_whatever_the_size_of_the_pieces(void **state)
{
	static const size_t pieces[] = {SIZE_MAX, 1, 2, 7, 19, 20, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct bgp_config b = *config(64602, 64601);
		struct pair *pair = pair_new(config(64601, 64602), &b);
		const struct bgp_facts *facts = bgp_session_facts(pair->a.session);

		pair->piece = pieces[i];
		set(pair->b.rib, "198.51.100.1/32", "10.0.0.8", "10.0.0.9");
		start(pair);
		assert_int_equal(state_of(&pair->a), BGP_ESTABLISHED);
		assert_int_equal(state_of(&pair->b), BGP_ESTABLISHED);
		assert_string_equal(facts->reason, "");
		assert_int_equal(facts->families[BGP_IPV4_UNICAST].routes_received, 1);
		assert_int_equal(facts->established_count, 1);
		assert_int_equal(facts->messages_in[BGP_OPEN], 1);
		pair_free(pair);
	}
}

static void facts_tell_what_was_agreed(void **state)
{
	struct bgp_config b = *config(4200000602, 64601);
	struct bgp_config a = *config(64601, 4200000602);
	const struct bgp_facts *facts;
	struct pair *pair;

	(void)state;
	b.hold_time = 30;
	b.families = BGP_FAMILY_BIT(BGP_IPV6_UNICAST);
	b.router_id = ip("192.0.2.7");
	pair = pair_new(&a, &b);
	start(pair);
	facts = bgp_session_facts(pair->a.session);
	assert_int_equal(facts->hold_time, 30);
	assert_int_equal(facts->peer_hold_time, 30);
	assert_true(facts->four_octet_as && facts->route_refresh);
	assert_false(facts->families[BGP_IPV4_UNICAST].negotiated);
	assert_true(facts->families[BGP_IPV6_UNICAST].negotiated);
	assert_true(ip_equal(&facts->peer_router_id, &b.router_id));
	/* Neither takes several paths: both only offer to send them. */
	assert_false(facts->families[BGP_IPV6_UNICAST].add_path);
	pair_free(pair);
}

static void a_peer_that_takes_add_path_gets_it_for_that_family(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);
	const struct bgp_facts *facts = bgp_session_facts(pair->a.session);

	(void)state;
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_connected(pair->a.session, pair->now);
	/* OPEN with both families, ADD-PATH receive for IPv4 alone */
	inject(pair, &pair->a,
	       MARKER "0033 01 04 fc5a 005a 0a000002 16 02 14 01 04 0001 00 01 01 04 0002 00 01"
		      "45 04 0001 01 01 02 00");
	inject(pair, &pair->a, MARKER "0013 04");
	assert_int_equal(state_of(&pair->a), BGP_ESTABLISHED);
	assert_true(facts->families[BGP_IPV4_UNICAST].add_path);
	assert_true(facts->families[BGP_IPV6_UNICAST].negotiated);
	assert_false(facts->families[BGP_IPV6_UNICAST].add_path);
	pair_free(pair);
}

static void routes_flow_as_they_change(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);
	const struct bgp_family_facts *got = bgp_session_facts(pair->b.session)->families;
	const struct bgp_family_facts *gave = bgp_session_facts(pair->a.session)->families;
	struct ip_prefix p = prefix("198.51.100.1/32");

	(void)state;
	start(pair);
	set(pair->a.rib, "198.51.100.1/32", "10.0.0.8", "10.0.0.9");
	set(pair->a.rib, "2001:db8::1/128", "2001:db8::8", "2001:db8::9");
	pair->a.has_output = false;
	bgp_session_rib_changed(pair->a.session);
	assert_true(pair->a.has_output);
	talk(pair);
	assert_int_equal(got[BGP_IPV4_UNICAST].routes_received, 1);
	assert_int_equal(got[BGP_IPV6_UNICAST].routes_received, 1);
	assert_int_equal(gave[BGP_IPV4_UNICAST].prefixes_sent, 1);
	rib_delete(pair->a.rib, &p);
	talk(pair);
	assert_int_equal(got[BGP_IPV4_UNICAST].withdrawals_received, 1);
	assert_int_equal(gave[BGP_IPV4_UNICAST].prefixes_sent, 0);
	pair->a.has_output = false;
	bgp_session_rib_changed(pair->a.session);
	assert_false(pair->a.has_output);
	pair_free(pair);
}

static void a_route_refresh_feeds_again(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);
	const struct bgp_family_facts *got = bgp_session_facts(pair->b.session)->families;

	(void)state;
	set(pair->a.rib, "198.51.100.1/32", "10.0.0.8", "10.0.0.9");
	start(pair);
	inject(pair, &pair->a, MARKER "0017 05 0001 00 01");
	talk(pair);
	assert_int_equal(got[BGP_IPV4_UNICAST].routes_received, 2);
	inject(pair, &pair->a, MARKER "0017 05 0001 01 01"); /* RFC 7313: only a mark */
	inject(pair, &pair->a, MARKER "0017 05 0001 00 80"); /* VPNv4 */
	talk(pair);
	assert_int_equal(got[BGP_IPV4_UNICAST].routes_received, 2);
	assert_int_equal(state_of(&pair->a), BGP_ESTABLISHED);
	pair_free(pair);
}

/* ---- staying up ---------------------------------------------------------------------------- */

static void keepalives_hold_an_idle_session_up(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	start(pair);
	for (int i = 0; i < 600; i++) {
		pair->now += 1000;
		bgp_session_tick(pair->a.session, pair->now);
		bgp_session_tick(pair->b.session, pair->now);
		talk(pair);
	}
	assert_int_equal(state_of(&pair->a), BGP_ESTABLISHED);
	assert_int_equal(state_of(&pair->b), BGP_ESTABLISHED);
	pair_free(pair);
}

static void silence_ends_a_session_when_the_hold_timer_expires(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	start(pair);
	pair->now += 90000;
	bgp_session_tick(pair->a.session, pair->now);
	assert_int_equal(state_of(&pair->a), BGP_IDLE);
	assert_true(pair->a.wants_close);
	assert_string_equal(pair->a.reason, "hold timer expired: nothing from the peer in 90 s");
	talk(pair);
	assert_string_equal(pair->b.reason, "peer sent NOTIFICATION Hold Timer Expired");
	pair_free(pair);
}

static void keepalives_that_wait_to_be_sent_do_not_pile_up(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);
	uint8_t buf[BGP_MESSAGE_MAX];

	(void)state;
	start(pair);
	for (int i = 0; i < 15; i++) { /* shorter than the send hold time */
		pair->now += 25000;
		inject(pair, &pair->a, MARKER "0013 04");
		bgp_session_tick(pair->a.session, pair->now);
	}
	assert_int_equal(bgp_session_output(pair->a.session, buf, sizeof(buf), pair->now),
			 BGP_HEADER_LEN);
	pair_free(pair);
}

/* ---- going down ---------------------------------------------------------------------------- */

static void a_stop_says_why_and_stays_down(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	start(pair);
	bgp_session_stop(pair->a.session, "bye", pair->now);
	assert_true(pair->a.wants_close);
	assert_string_equal(pair->a.reason, "stopped: bye");
	talk(pair);
	assert_string_equal(pair->b.reason,
			    "peer sent NOTIFICATION Cease/Administrative Shutdown \"bye\"");
	assert_true(bgp_session_next_deadline(pair->a.session) == BGP_NEVER);
	assert_false(bgp_session_next_deadline(pair->b.session) == BGP_NEVER);
	pair_free(pair);
}

static void a_session_that_was_lost_comes_back_with_all_routes(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);
	const struct bgp_facts *facts = bgp_session_facts(pair->b.session);

	(void)state;
	set(pair->a.rib, "198.51.100.1/32", "10.0.0.8", "10.0.0.9");
	start(pair);
	bgp_session_closed(pair->a.session, "connection reset by the peer", pair->now);
	bgp_session_closed(pair->b.session, "connection closed by the peer", pair->now);
	assert_string_equal(facts->reason, "connection closed by the peer");
	assert_false(facts->families[BGP_IPV4_UNICAST].negotiated);
	pair->now += 1000;
	bgp_session_tick(pair->a.session, pair->now);
	bgp_session_tick(pair->b.session, pair->now);
	connect_both(pair);
	talk(pair);
	assert_int_equal(state_of(&pair->b), BGP_ESTABLISHED);
	assert_int_equal(facts->established_count, 2);
	assert_int_equal(facts->families[BGP_IPV4_UNICAST].routes_received, 2);
	assert_string_equal(facts->reason, "");
	pair_free(pair);
}

static void a_failed_connection_is_tried_again(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	bgp_session_start(pair->a.session, pair->now);
	pair->a.wants_connect = false;
	bgp_session_connect_failed(pair->a.session, "cannot connect to 10.0.0.2: refused",
				   pair->now);
	assert_int_equal(state_of(&pair->a), BGP_IDLE);
	assert_string_equal(pair->a.reason, "cannot connect to 10.0.0.2: refused");
	assert_false(pair->a.wants_close); /* there is nothing to close */
	bgp_session_tick(pair->a.session, pair->now + 1000);
	assert_true(pair->a.wants_connect);
	/* and the reason is still known while it tries */
	assert_string_equal(bgp_session_facts(pair->a.session)->reason,
			    "cannot connect to 10.0.0.2: refused");
	pair_free(pair);
}

static void a_start_while_waiting_connects_at_once(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_connect_failed(pair->a.session, "no", pair->now);
	pair->a.wants_connect = false;
	bgp_session_start(pair->a.session, pair->now);
	assert_true(pair->a.wants_connect);
	bgp_session_connected(pair->a.session, pair->now);
	bgp_session_closed(pair->a.session, "no", pair->now);
	assert_int_equal(state_of(&pair->a), BGP_ACTIVE);
	pair->a.wants_connect = false;
	bgp_session_start(pair->a.session, pair->now);
	assert_true(pair->a.wants_connect);
	pair_free(pair);
}

static void a_connection_that_closes_before_its_open_names_what_to_look_at(void **state)
{
	struct bgp_config b = *config(64602, 64601);
	struct pair *pair = pair_new(config(64601, 64602), &b);

	(void)state;
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_connected(pair->a.session, pair->now);
	bgp_session_closed(pair->a.session, "connection closed by the peer", pair->now);
	assert_string_equal(pair->a.reason, "connection closed by the peer before its OPEN (does "
					    "it expect 10.0.0.1 with AS 64601?)");
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_connected(pair->a.session, pair->now);
	inject(pair, &pair->a, MARKER "0015 03 02 02");
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_connected(pair->a.session, pair->now);
	bgp_session_closed(pair->a.session, "connection closed by the peer", pair->now);
	assert_string_equal(pair->a.reason,
			    "connection closed by the peer; before that: peer sent NOTIFICATION "
			    "OPEN Message Error/Bad Peer AS");
	pair_free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_sessions_come_up_whatever_the_size_of_the_pieces),
		cmocka_unit_test(facts_tell_what_was_agreed),
		cmocka_unit_test(a_peer_that_takes_add_path_gets_it_for_that_family),
		cmocka_unit_test(routes_flow_as_they_change),
		cmocka_unit_test(a_route_refresh_feeds_again),
		cmocka_unit_test(keepalives_hold_an_idle_session_up),
		cmocka_unit_test(silence_ends_a_session_when_the_hold_timer_expires),
		cmocka_unit_test(keepalives_that_wait_to_be_sent_do_not_pile_up),
		cmocka_unit_test(a_stop_says_why_and_stays_down),
		cmocka_unit_test(a_session_that_was_lost_comes_back_with_all_routes),
		cmocka_unit_test(a_failed_connection_is_tried_again),
		cmocka_unit_test(a_start_while_waiting_connects_at_once),
		cmocka_unit_test(a_connection_that_closes_before_its_open_names_what_to_look_at),
	};

	return cmocka_run_group_tests_name("bgp session", tests, NULL, NULL);
}
