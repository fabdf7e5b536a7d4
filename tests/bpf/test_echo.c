// SPDX-License-Identifier: Apache-2.0
/* Echo to a VIP is answered; other messages that are no errors are not. */
#include "fixture.h"

static uint8_t icmp_of(const struct cast *c)
{
	return c->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

static struct spec ping_of(const struct cast *c)
{
	return (struct spec){
		.src_mac = mac_router,
		.dst_mac = mac_node,
		.src = c->client,
		.dst = c->vip,
		.proto = icmp_of(c),
		.ttl = 17,
		.icmp_type = c->family == AF_INET6 ? 128 : 8,
		.icmp_rest = 0x12340001,
		.payload = "are you there?",
		.payload_len = 14,
	};
}

static struct spec pong_of(const struct spec *ping)
{
	struct spec pong = *ping;

	pong.src_mac = ping->dst_mac;
	pong.dst_mac = ping->src_mac;
	pong.src = ping->dst;
	pong.dst = ping->src;
	pong.ttl = 64;
	pong.icmp_type = ping->icmp_type == 128 ? 129 : 0;
	return pong;
}

static void echo_to_a_vip_is_answered(void **state)
{
	static uint8_t payload[1472];
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 11);
	CASTS_EACH(c) {
		size_t most = c->family == AF_INET6 ? 1452 : 1472; /* of an MTU of 1500 */

		for (size_t i = 0; i <= 100; i++) {
			struct spec ping = ping_of(c), pong;

			ping.payload = payload;
			ping.payload_len = i < 20 ? i : most * i / 100;
			pong = pong_of(&ping);
			expect_frame(fx, &ping, XDP_TX, &pong);
		}
	}
}

static void echo_checksums_are_right_where_they_wrap(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		for (uint32_t id = 0; id < 0x10000; id += 3) {
			struct spec ping = ping_of(c), pong;
			struct frame in, out, want;

			ping.icmp_rest = id << 16 | 1;
			pong = pong_of(&ping);
			in = frame_of(&ping);
			want = frame_of(&pong);
			assert_int_equal(run(fx, &in, &out), XDP_TX);
			assert_memory_equal(out.b, want.b, want.len);
		}
	}
}

static void echo_with_options_or_padding_is_answered_with_them(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ping = ping_of(c), pong;

		ping.options = 3;
		ping.ext[0] = (struct extension){.type = 60};
		ping.exts = 1;
		ping.padding = 11;
		pong = pong_of(&ping);
		expect_frame(fx, &ping, XDP_TX, &pong);
	}
}

static void echo_to_others_passes(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ping = ping_of(c);

		ping.dst = c->nat;
		expect_pass(fx, &ping);
	}
}

static void other_messages_to_a_vip_are_dropped(void **state)
{
	static const uint8_t four[] = {0, 4, 5, 9, 10, 13, 14, 15, 17, 42, 255};
	static const uint8_t six[] = {0, 5, 100, 127, 129, 130, 131, 132, 138, 143, 255};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(four); i++) {
		struct spec ping = ping_of(&casts[0]);

		ping.icmp_type = four[i];
		expect_drop(fx, &ping, DROP_ICMP_TYPE);
		ping = ping_of(&casts[1]);
		ping.icmp_type = six[i];
		expect_drop(fx, &ping, DROP_ICMP_TYPE);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(echo_to_a_vip_is_answered),
		TEST(echo_checksums_are_right_where_they_wrap),
		TEST(echo_with_options_or_padding_is_answered_with_them),
		TEST(echo_to_others_passes),
		TEST(other_messages_to_a_vip_are_dropped),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
