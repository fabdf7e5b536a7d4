// SPDX-License-Identifier: Apache-2.0
/* ICMP errors about a flow's packets are carried to the side that sent them. */
#include "fixture.h"

static uint8_t icmp_of(const struct cast *c)
{
	return c->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

/* The messages that quote a packet; the rest of the header carries an MTU or a pointer. */
static const struct message {
	uint8_t type, code;
	uint32_t rest;
} messages[2][5] = {
	{{3, 4, 1400}, {3, 1, 0}, {3, 3, 0}, {11, 0, 0}, {12, 0, 0x14000000}},
	{{2, 0, 1280}, {1, 0, 0}, {1, 4, 0}, {3, 0, 0}, {4, 1, 40}},
};

/* An error that SRC sends to DST about PACKET, of which it quotes CUT bytes. */
static struct spec error_about(const struct spec *packet, const struct message *m, size_t cut,
			       struct frame *quoted)
{
	const struct cast *c = &casts[spec_is_ipv6(packet) ? 1 : 0];

	*quoted = packet_of(packet);
	return (struct spec){
		.src_mac = mac_router,
		.dst_mac = mac_node,
		.src = c->router,
		.dst = packet->src,
		.proto = icmp_of(c),
		.icmp_type = m->type,
		.icmp_code = m->code,
		.icmp_rest = m->rest,
		.payload = quoted->b,
		.payload_len = quoted->len < cut ? quoted->len : cut,
	};
}

static const struct message *messages_of(const struct cast *c)
{
	return messages[c->family == AF_INET6];
}

/* The receiver's own packet SENT, with the hop limit that it had when it was SEEN and quoted. */
static struct frame quote_as(const struct spec *sent, const struct spec *seen)
{
	struct spec quote = *sent;

	quote.ttl = seen->ttl;
	return packet_of(&quote);
}

/*
 * How much of the quoted packet there is: 8 bytes of transport header, TCP's checksum, all. Not 17:
 * half a checksum can't be made right.
 */
static size_t cut_of(const struct cast *c, size_t transport_bytes)
{
	return (c->family == AF_INET6 ? 40u : 20u) + transport_bytes;
}

static const size_t cuts[] = {8, 9, 16, 18, 19, 20, 28, 500};
#define CUTS (sizeof(cuts) / sizeof(cuts[0]))

static struct spec carried_to_backend(const struct spec *error, const struct talk *talk,
				      const struct frame *quoted)
{
	struct spec carried = *error;

	carried.src_mac = talk->asked.src_mac;
	carried.dst_mac = talk->asked.dst_mac;
	carried.src = talk->asked.src;
	carried.dst = talk->asked.dst;
	carried.ttl = 63;
	carried.payload = quoted->b;
	return carried;
}

static struct spec carried_to_client(const struct spec *error, const struct talk *talk,
				     const struct frame *quoted)
{
	struct spec carried = *error;

	carried.src_mac = talk->answered.src_mac;
	carried.dst_mac = talk->answered.dst_mac;
	carried.src = talk->answered.src;
	carried.dst = talk->answered.dst;
	carried.ttl = 63;
	carried.payload = quoted->b;
	return carried;
}

/* What the client got and complains of; the backend must see it as what it had sent. */
static void errors_about_answers_go_to_the_backend(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);

		for (size_t i = 0; i < 5; i++) {
			for (size_t j = 0; j < CUTS; j++) {
				struct frame got, sent;
				struct spec error =
					error_about(&talk.answered, &messages_of(k->cast)[i],
						    cut_of(k->cast, cuts[j]), &got);
				struct spec carried = carried_to_backend(&error, &talk, &sent);

				sent = quote_as(&talk.answer, &talk.answered);
				expect_frame(fx, &error, XDP_TX, &carried);
			}
		}
	}
}

static void errors_about_requests_go_to_the_client(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);

		for (size_t i = 0; i < 5; i++) {
			for (size_t j = 0; j < CUTS; j++) {
				struct frame got, sent;
				struct spec error =
					error_about(&talk.asked, &messages_of(k->cast)[i],
						    cut_of(k->cast, cuts[j]), &got);
				struct spec carried = carried_to_client(&error, &talk, &sent);

				sent = quote_as(&talk.ask, &talk.asked);
				expect_frame(fx, &error, XDP_TX, &carried);
			}
		}
	}
}

/* Ports move the sums over the edge where a checksum turns 0 or 0xffff. */
static void error_checksums_are_right_for_many_flows(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		for (uint16_t port = 1024; port < 1524; port++) {
			struct spec ask = ask_of(k->cast, k->proto);
			struct frame got, sent;
			struct talk talk;
			struct spec error, carried;

			ask.src_port = port;
			talk = talk_start(fx, &ask);
			error = error_about(&talk.answered, messages_of(k->cast), 500, &got);
			carried = carried_to_backend(&error, &talk, &sent);
			sent = quote_as(&talk.answer, &talk.answered);
			expect_frame(fx, &error, XDP_TX, &carried);
		}
	}
}

static void options_of_outer_and_quoted_packets_are_kept(void **state)
{
	struct fixture *fx = *state;
	const struct cast *c = &casts[0];
	struct spec ask = ask_of(c, IPPROTO_TCP);

	scene_basic(fx);
	for (uint8_t outer = 0; outer <= 10; outer += 5) {
		for (uint8_t inner = 0; inner <= 10; inner += 5) {
			struct talk talk = talk_start(fx, &ask);
			struct frame got, sent;
			struct spec error, carried;

			talk.answer.options = talk.answered.options = inner;
			error = error_about(&talk.answered, messages_of(c), 500, &got);
			error.options = outer;
			carried = carried_to_backend(&error, &talk, &sent);
			sent = quote_as(&talk.answer, &talk.answered);
			expect_frame(fx, &error, XDP_TX, &carried);
		}
	}
}

static void a_quote_of_udp_without_a_checksum_stays_without(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_UDP);
	struct frame got, sent;
	struct talk talk;
	struct spec error, carried;

	scene_basic(fx);
	talk = talk_start(fx, &ask);
	talk.answer.no_udp_checksum = talk.answered.no_udp_checksum = true;
	error = error_about(&talk.answered, messages_of(&casts[0]), 500, &got);
	carried = carried_to_backend(&error, &talk, &sent);
	sent = quote_as(&talk.answer, &talk.answered);
	expect_frame(fx, &error, XDP_TX, &carried);
}

/* Padding behind a short quote is not taken for the checksum of its TCP header. */
static void padding_is_no_part_of_the_quote(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);
		struct talk talk = talk_start(fx, &ask);
		struct frame got, sent;
		struct spec error = error_about(&talk.answered, messages_of(c), cut_of(c, 8), &got);
		struct spec carried;

		error.padding = 30;
		carried = carried_to_backend(&error, &talk, &sent);
		sent = quote_as(&talk.answer, &talk.answered);
		expect_frame(fx, &error, XDP_TX, &carried);
	}
}

static void errors_go_through_the_backends_interface(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	devices_add(fx, fx->far);
	for (uint32_t i = 1; i <= 4; i++)
		fx->backends[i].ifindex = fx->far;
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		struct frame got, sent;
		struct spec error = error_about(&talk.answered, messages_of(k->cast), 500, &got);
		struct spec carried = carried_to_backend(&error, &talk, &sent);

		sent = quote_as(&talk.answer, &talk.answered);
		expect_frame(fx, &error, XDP_REDIRECT, &carried);

		error = error_about(&talk.asked, messages_of(k->cast), 500, &got);
		carried = carried_to_client(&error, &talk, &sent);
		sent = quote_as(&talk.ask, &talk.asked);
		fx->ingress = fx->far;
		expect_frame(fx, &error, XDP_REDIRECT, &carried);
		fx->ingress = fx->near;
	}
}

static void errors_about_unknown_flows_are_dropped_or_passed(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		struct spec error;
		struct frame got;

		talk.answered.dst_port = talk.asked.dst_port = 999;
		error = error_about(&talk.answered, messages_of(k->cast), 500, &got);
		expect_drop(fx, &error, DROP_ICMP_NO_FLOW);
		/* to the node itself: about a packet of its own stack */
		error = error_about(&talk.asked, messages_of(k->cast), 500, &got);
		expect_pass(fx, &error);
	}
}

static void errors_about_a_backend_that_is_gone_are_dropped(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto), error;
		struct talk talk;
		struct frame got;

		fixture_reset(state);
		scene_basic(fx);
		talk = talk_start(fx, &ask);
		error = error_about(&talk.answered, messages_of(k->cast), 500, &got);
		fx->backends[talk.flow.backend].flags &= (__u16)~BACKEND_UP;
		expect_drop(fx, &error, DROP_NO_NEIGHBOUR);
		fx->backends[talk.flow.backend].flags = 0;
		expect_drop(fx, &error, DROP_ICMP_NO_FLOW);
	}
}

/* Somebody who sends an error to one VIP about a packet of another has not seen such a packet. */
static void errors_to_another_than_the_sender_are_not_carried(void **state)
{
	struct fixture *fx = *state;
	const uint32_t backends[] = {1, 3};

	scene_basic(fx);
	vip_add(fx, "198.51.100.9", 80, IPPROTO_TCP, 8, &backends[0], 1);
	vip_add(fx, "2001:db8:100::9", 80, IPPROTO_TCP, 9, &backends[1], 1);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		struct frame got;
		struct spec error = error_about(&talk.answered, messages_of(k->cast), 500, &got);

		error.dst = k->cast->family == AF_INET6 ? "2001:db8:100::9" : "198.51.100.9";
		expect_drop(fx, &error, DROP_ICMP_NO_FLOW);
	}
}

static void errors_at_their_last_hop_are_dropped(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		struct frame got;
		struct spec error = error_about(&talk.answered, messages_of(k->cast), 500, &got);

		error.ttl = 1;
		expect_drop(fx, &error, DROP_TTL);
		error = error_about(&talk.asked, messages_of(k->cast), 500, &got);
		error.ttl = 1;
		expect_drop(fx, &error, DROP_TTL);
	}
}

static void quotes_that_are_cut_short_are_malformed(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);

		for (size_t cut = 0; cut < cut_of(k->cast, 8); cut++) {
			struct frame got;
			struct spec error =
				error_about(&talk.answered, messages_of(k->cast), cut, &got);

			expect_drop(fx, &error, DROP_MALFORMED);
			error = error_about(&talk.asked, messages_of(k->cast), cut, &got);
			expect_pass(fx, &error);
		}
	}
}

static void a_quoted_later_fragment_belongs_to_no_flow(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_UDP), error;
	struct talk talk;
	struct frame got;

	scene_basic(fx);
	talk = talk_start(fx, &ask);
	talk.answered.fragment = 185;
	error = error_about(&talk.answered, messages_of(&casts[0]), 500, &got);
	expect_drop(fx, &error, DROP_ICMP_NO_FLOW);
}

static void a_quote_of_another_protocol_belongs_to_no_flow(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec pong = ask_of(c, icmp_of(c)), error;
		struct frame got;

		pong.src = c->vip;
		pong.dst = c->client;
		error = error_about(&pong, messages_of(c), 500, &got);
		expect_drop(fx, &error, DROP_ICMP_NO_FLOW);
	}
}

static void carried_errors_are_counted_with_their_flow(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP), error, carried;
	struct talk talk;
	struct frame got, sent;

	scene_basic(fx);
	talk = talk_start(fx, &ask);
	error = error_about(&talk.answered, messages_of(&casts[0]), 500, &got);
	carried = carried_to_backend(&error, &talk, &sent);
	sent = quote_as(&talk.answer, &talk.answered);
	expect_frame(fx, &error, XDP_TX, &carried);
	assert_int_equal(vip_stats(fx, 1).packets, 2);
	assert_int_equal(backend_stats(fx, talk.flow.backend).packets, 2);
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(errors_about_answers_go_to_the_backend),
		TEST(errors_about_requests_go_to_the_client),
		TEST(error_checksums_are_right_for_many_flows),
		TEST(options_of_outer_and_quoted_packets_are_kept),
		TEST(a_quote_of_udp_without_a_checksum_stays_without),
		TEST(padding_is_no_part_of_the_quote),
		TEST(errors_go_through_the_backends_interface),
		TEST(errors_about_unknown_flows_are_dropped_or_passed),
		TEST(errors_about_a_backend_that_is_gone_are_dropped),
		TEST(errors_to_another_than_the_sender_are_not_carried),
		TEST(errors_at_their_last_hop_are_dropped),
		TEST(quotes_that_are_cut_short_are_malformed),
		TEST(a_quoted_later_fragment_belongs_to_no_flow),
		TEST(a_quote_of_another_protocol_belongs_to_no_flow),
		TEST(carried_errors_are_counted_with_their_flow),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
