// SPDX-License-Identifier: Apache-2.0
/*
 * Two sessions, joined in memory: what one sends, the other receives, in pieces of any size. Each
 * has a RIB of its own. The clock is turned by hand.
 */

#include "bgp/session.h"

#include <errno.h>

#include "bgp/message.h"
#include "bgp_test.h"

struct side {
	struct bgp_session *session;
	struct rib *rib;
	bool wants_connect, wants_close, has_output;
	char reason[512];
	char bad[256];
	uint8_t sent[1 << 20]; /* everything it ever sent */
	size_t sent_len, delivered;
};

struct pair {
	struct side a, b;
	uint64_t now;
	size_t piece; /* bytes delivered at a time */
};

static void on_connect(void *ctx)
{
	((struct side *)ctx)->wants_connect = true;
}

static void take_output(struct side *side, uint64_t now)
{
	size_t n;

	do {
		assert_true(side->sent_len + BGP_MESSAGE_MAX <= sizeof(side->sent));
		n = bgp_session_output(side->session, side->sent + side->sent_len,
				       sizeof(side->sent) - side->sent_len, now);
		side->sent_len += n;
	} while (n);
}

static void on_close(void *ctx)
{
	struct side *side = ctx;

	side->wants_close = true;
	take_output(side, 0);
}

static void on_output(void *ctx)
{
	((struct side *)ctx)->has_output = true;
}

static uint32_t on_random(void *ctx)
{
	(void)ctx;
	return 4;
}

static void on_state(void *ctx, enum bgp_state from, enum bgp_state to, const char *reason)
{
	struct side *side = ctx;

	(void)from;
	assert_int_equal(bgp_session_facts(side->session)->state, to);
	(void)snprintf(side->reason, sizeof(side->reason), "%s", reason);
}

static void on_bad(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
	struct side *side = ctx;

	(void)bytes;
	(void)snprintf(side->bad, sizeof(side->bad), "%zu: %s", len, what);
}

static const struct bgp_callbacks callbacks = {
	.connect = on_connect,
	.close = on_close,
	.output_ready = on_output,
	.random = on_random,
	.state_changed = on_state,
	.bad_message = on_bad,
};

static const struct bgp_config *config(uint32_t as, uint32_t peer_as)
{
	static struct bgp_config c;

	c = (struct bgp_config){.local = ip(as < peer_as ? "10.0.0.1" : "10.0.0.2"),
				.peer = ip(as < peer_as ? "10.0.0.2" : "10.0.0.1"),
				.local_as = as,
				.peer_as = peer_as,
				.add_path = true};
	return &c;
}

static void make_side(struct side *side, const struct bgp_config *c)
{
	struct err err;

	memset(side, 0, sizeof(*side));
	side->rib = rib_new();
	assert_ok(bgp_session_new(c, side->rib, &callbacks, side, &side->session, &err), err);
}

static struct pair *pair_new(const struct bgp_config *a, const struct bgp_config *b)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct bgp_config copy = *a;

	pair->now = 1000;
	pair->piece = SIZE_MAX;
	make_side(&pair->a, &copy);
	make_side(&pair->b, b);
	return pair;
}

static void pair_free(struct pair *pair)
{
	bgp_session_free(pair->a.session);
	bgp_session_free(pair->b.session);
	rib_free(pair->a.rib);
	rib_free(pair->b.rib);
	free(pair);
}

static void connect_both(struct pair *pair)
{
	assert_true(pair->a.wants_connect && pair->b.wants_connect);
	pair->a.wants_connect = pair->b.wants_connect = false;
	pair->a.wants_close = pair->b.wants_close = false;
	pair->a.delivered = pair->a.sent_len;
	pair->b.delivered = pair->b.sent_len;
	bgp_session_connected(pair->a.session, pair->now);
	bgp_session_connected(pair->b.session, pair->now);
}

static bool deliver(struct pair *pair, struct side *from, struct side *to)
{
	size_t n;

	take_output(from, pair->now);
	n = from->sent_len - from->delivered;
	if (n > pair->piece)
		n = pair->piece;
	bgp_session_input(to->session, from->sent + from->delivered, n, pair->now);
	from->delivered += n;
	return n > 0;
}

/* Until neither has anything more to say. */
static void talk(struct pair *pair)
{
	bool more = true;

	while (more) {
		more = deliver(pair, &pair->a, &pair->b);
		more |= deliver(pair, &pair->b, &pair->a);
	}
}

static void start(struct pair *pair)
{
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_start(pair->b.session, pair->now);
	connect_both(pair);
	talk(pair);
}

static enum bgp_state state_of(const struct side *side)
{
	return bgp_session_facts(side->session)->state;
}

static void set(struct rib *rib, const char *text, const char *first, const char *second)
{
	struct ip_prefix p = prefix(text);
	struct ip_addr hops[2] = {ip(first), ip(second)};
	struct err err;

	assert_ok(rib_set(rib, &p, hops, 2, 0, NULL, &err), err);
}

/* Raw bytes into a side, as its peer would send them. */
static void inject(struct pair *pair, struct side *side, const char *text)
{
	uint8_t bytes[256];

	bgp_session_input(side->session, bytes, unhex(text, bytes), pair->now);
}

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
		cmocka_unit_test(wrong_messages_are_answered_and_told),
		cmocka_unit_test(an_update_with_a_fault_that_may_pass_is_told_and_survived),
		cmocka_unit_test(bytes_after_the_end_of_a_session_are_ignored),
		cmocka_unit_test(no_garbage_does_harm),
		cmocka_unit_test(a_configuration_that_cannot_work_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("bgp session", tests, NULL, NULL);
}
