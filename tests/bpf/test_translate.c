// SPDX-License-Identifier: Apache-2.0
/* A flow's packets in both directions, byte for byte, for each family and protocol. */
#include <string.h>

#include "fixture.h"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};

static void a_request_goes_to_a_backend_and_its_answer_to_the_client(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);

		assert_in_range(ntohs(talk.flow.nat_port), NAT_FIRST, NAT_LAST);
		talk_answer(fx, &talk, TCP_SYN | TCP_ACK);
	}
}

static void every_payload_length_keeps_its_checksum(void **state)
{
	struct fixture *fx = *state;
	uint8_t payload[1400];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + 3);
	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);

		for (size_t len = 0; len < sizeof(payload); len += len < 40 ? 1 : 97) {
			talk.ask.payload = talk.asked.payload = payload;
			talk.answer.payload = talk.answered.payload = payload;
			talk.ask.payload_len = talk.asked.payload_len = len;
			talk.answer.payload_len = talk.answered.payload_len = len;
			talk_ask(fx, &talk, TCP_ACK);
			talk_answer(fx, &talk, TCP_ACK);
		}
	}
}

/* Sweeps a payload word, so that each checksum comes out as 0 (0xffff in UDP) on the way once. */
static void checksums_are_right_where_they_wrap(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		size_t zeros = 0;

		for (uint32_t word = 0; word < 0x10000; word++) {
			const uint8_t payload[2] = {(uint8_t)(word >> 8), (uint8_t)word};
			size_t at = k->proto == IPPROTO_TCP ? 16 : 6;
			struct frame in, out, want;

			talk.ask.payload = talk.asked.payload = payload;
			talk.ask.payload_len = talk.asked.payload_len = 2;
			in = frame_of(&talk.ask);
			want = frame_of(&talk.asked);
			at += ETH_LEN + (k->cast->family == AF_INET6 ? 40u : 20u);
			if (want.b[at] != want.b[at + 1] || (want.b[at] && want.b[at] != 0xff))
				if (word % 257)
					continue; /* the edges, and a sample of the rest */
			zeros += want.b[at] == want.b[at + 1];
			assert_int_equal(run(fx, &in, &out), XDP_TX);
			assert_memory_equal(out.b, want.b, want.len);
		}
		assert_true(zeros > 0);
	}
}

static void later_packets_stay_with_the_backend(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		size_t flows = flows_count(fx);

		for (int i = 0; i < 5; i++)
			talk_ask(fx, &talk, TCP_ACK);
		assert_int_equal(flows_count(fx), flows);
		assert_int_equal(replies_count(fx), flows);
	}
}

static void clients_spread_over_the_backends(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		size_t first = 0;

		for (uint16_t port = 2000; port < 2200; port++) {
			struct spec ask = ask_of(k->cast, k->proto);
			struct talk talk;

			ask.src_port = port;
			talk = talk_start(fx, &ask);
			first += talk.flow.backend % 2;
		}
		assert_in_range(first, 60, 140);
	}
}

static void a_backend_behind_another_interface_is_redirected_to(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	devices_add(fx, fx->far);
	for (uint32_t i = 1; i <= 4; i++)
		fx->backends[i].ifindex = fx->far;
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask); /* checks for XDP_REDIRECT */

		fx->ingress = fx->far;
		expect_frame(fx, &talk.answer, XDP_REDIRECT, &talk.answered);
		fx->ingress = fx->near;
	}
}

static void an_interface_that_is_not_ours_is_not_sent_by(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	for (uint32_t i = 1; i <= 4; i++)
		fx->backends[i].ifindex = fx->far;
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		expect_drop(fx, &ask, DROP_DEVICE);
	}
}

static void the_last_hop_is_not_forwarded(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk;

		ask.ttl = 1;
		expect_drop(fx, &ask, DROP_TTL);
		ask.is_dead = true;
		expect_drop(fx, &ask, DROP_TTL);
		assert_int_equal(flow_get(fx, &ask, &talk.flow), -ENOENT);

		ask.is_dead = false;
		ask.ttl = 2;
		talk = talk_start(fx, &ask); /* checks for a TTL of 1 */
		talk.answer.ttl = 1;
		expect_drop(fx, &talk.answer, DROP_TTL);
	}
}

static void ipv4_options_are_kept(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	for (uint8_t words = 1; words <= 10; words++) {
		for (size_t i = 0; i < 2; i++) {
			struct spec ask = ask_of(&casts[0], protocols[i]);
			struct talk talk;

			ask.options = words;
			ask.src_port = (uint16_t)(1000 + words);
			talk = talk_start(fx, &ask);
			talk.answer.options = talk.answered.options = words;
			talk_answer(fx, &talk, TCP_ACK);
		}
	}
}

static void tcp_options_are_kept(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);

		ask.tcp_options = 10;
		talk_start(fx, &ask);
	}
}

static void ipv6_extension_headers_are_followed_and_kept(void **state)
{
	static const struct extension chain[6] = {
		{.type = 0},  {.type = 60, .more = 2},	{.type = 43},
		{.type = 60}, {.type = 60, .more = 30}, {.type = 43}};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t exts = 1; exts <= 6; exts++) {
		for (size_t i = 0; i < 2; i++) {
			struct spec ask = ask_of(&casts[1], protocols[i]);
			struct talk talk;

			memcpy(ask.ext, chain, sizeof(chain));
			ask.exts = exts;
			ask.src_port = (uint16_t)(1000 + exts);
			talk = talk_start(fx, &ask);
			memcpy(talk.answer.ext, chain, sizeof(chain));
			memcpy(talk.answered.ext, chain, sizeof(chain));
			talk.answer.exts = talk.answered.exts = exts;
			talk_answer(fx, &talk, TCP_ACK);
		}
	}
}

static void udp_without_a_checksum_stays_without_in_ipv4(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_UDP);
	struct talk talk;

	scene_basic(fx);
	ask.no_udp_checksum = true;
	talk = talk_start(fx, &ask);
	talk.answer.no_udp_checksum = talk.answered.no_udp_checksum = true;
	talk_answer(fx, &talk, 0);
}

static void udp_without_a_checksum_is_malformed_in_ipv6(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[1], IPPROTO_UDP);

	scene_basic(fx);
	ask.no_udp_checksum = true;
	expect_drop(fx, &ask, DROP_MALFORMED);
}

/* A damaged packet must not be made whole: the backend's stack shall find the damage. */
static void a_wrong_checksum_stays_wrong(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct frame in = frame_of(&ask), out;

		in.b[in.len - 1] ^= 0x40;
		assert_int_equal(run(fx, &in, &out), XDP_TX);
		assert_false(frame_checksums_hold(&out));
	}
}

static void padding_of_short_frames_survives(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk;

		ask.payload_len = 0;
		ask.padding = 6;
		talk = talk_start(fx, &ask);
		talk.answer.padding = talk.answered.padding = 20;
		talk_answer(fx, &talk, TCP_ACK);
	}
}

static void the_largest_frames_fit(void **state)
{
	static uint8_t payload[1452];
	struct fixture *fx = *state;

	scene_basic(fx);
	memset(payload, 0x5a, sizeof(payload));
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		ask.payload = payload;
		ask.payload_len = 1500 - (k->cast->family == AF_INET6 ? 40u : 20u) -
				  (k->proto == IPPROTO_TCP ? 20u : 8u);
		if (ask.payload_len > sizeof(payload))
			ask.payload_len = sizeof(payload);
		talk_start(fx, &ask);
	}
}

static void traffic_is_counted_per_vip_and_backend(void **state)
{
	struct fixture *fx = *state;
	struct traffic_stats want = {0};

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);
		struct talk talk = talk_start(fx, &ask);
		struct traffic_stats got;
		uint64_t ask_len = frame_of(&talk.ask).len, answer_len = frame_of(&talk.answer).len;

		talk_ask(fx, &talk, TCP_ACK);
		talk_answer(fx, &talk, TCP_ACK);
		got = backend_stats(fx, talk.flow.backend);
		assert_int_equal(got.packets, 2);
		assert_int_equal(got.bytes, 2 * ask_len);
		assert_int_equal(got.reply_packets, 1);
		assert_int_equal(got.reply_bytes, answer_len);
		assert_int_equal(got.new_flows, 1);

		want.packets += got.packets;
		want.bytes += got.bytes;
		want.reply_packets += got.reply_packets;
		want.reply_bytes += got.reply_bytes;
		want.new_flows += got.new_flows;
		got = vip_stats(fx, 1);
		assert_memory_equal(&got, &want, sizeof(got));
		got = vip_stats(fx, 2);
		assert_int_equal(got.packets, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_goes_to_a_backend_and_its_answer_to_the_client),
		TEST(every_payload_length_keeps_its_checksum),
		TEST(checksums_are_right_where_they_wrap),
		TEST(later_packets_stay_with_the_backend),
		TEST(clients_spread_over_the_backends),
		TEST(a_backend_behind_another_interface_is_redirected_to),
		TEST(an_interface_that_is_not_ours_is_not_sent_by),
		TEST(the_last_hop_is_not_forwarded),
		TEST(ipv4_options_are_kept),
		TEST(tcp_options_are_kept),
		TEST(ipv6_extension_headers_are_followed_and_kept),
		TEST(udp_without_a_checksum_stays_without_in_ipv4),
		TEST(udp_without_a_checksum_is_malformed_in_ipv6),
		TEST(a_wrong_checksum_stays_wrong),
		TEST(padding_of_short_frames_survives),
		TEST(the_largest_frames_fit),
		TEST(traffic_is_counted_per_vip_and_backend),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
