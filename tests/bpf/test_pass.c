// SPDX-License-Identifier: Apache-2.0
/* What is not for a VIP goes to the stack, with not one byte changed. */
#include <string.h>

#include "fixture.h"

static struct frame raw_frame(uint16_t ether_type, const uint8_t dst[6], size_t len)
{
	struct frame f = {.len = len};

	memset(f.b, 0x11, len);
	memcpy(f.b, dst, 6);
	memcpy(f.b + 6, mac_router, 6);
	f.b[12] = (uint8_t)(ether_type >> 8);
	f.b[13] = (uint8_t)ether_type;
	return f;
}

static void other_protocols_of_the_link_pass(void **state)
{
	static const uint16_t types[] = {0x0806 /* ARP */,
					 0x88cc /* LLDP */,
					 0x8847 /* MPLS */,
					 0x8863 /* PPPoE */,
					 0x0026 /* 802.3 */,
					 0x0000,
					 0xffff};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct frame f = raw_frame(types[i], mac_node, 60);

		expect_raw_pass(fx, &f);
	}
}

static void broadcast_and_multicast_frames_pass(void **state)
{
	static const uint8_t groups[][6] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
					    {0x33, 0x33, 0, 0, 0, 1},
					    {0x01, 0x00, 0x5e, 0, 0, 1}};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < 3; i++) {
		KINDS_EACH(k) {
			struct spec ask = ask_of(k->cast, k->proto);

			ask.dst_mac = groups[i];
			expect_pass(fx, &ask); /* even to a VIP */
		}
	}
}

/* The node's own services: BGP in both directions, SSH, the API server, DNS. */
static void the_nodes_own_traffic_passes(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t src_port, dst_port;
	} talks[] = {
		{IPPROTO_TCP, 40000, 179},
		{IPPROTO_TCP, 179, 40000},
		{IPPROTO_TCP, 50000, 22},
		{IPPROTO_TCP, 50000, 443},
		{IPPROTO_UDP, 53, 33333},
		{IPPROTO_UDP, 3784, 3784},
		{IPPROTO_TCP, 50000, 80},
		/* in the NAT range, and yet nobody's answer */
		{IPPROTO_TCP, 443, NAT_FIRST},
		{IPPROTO_UDP, 53, NAT_LAST},
	};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		CASTS_EACH(c) {
			struct spec packet = ask_of(c, talks[i].proto);

			packet.dst = c->nat;
			packet.src_port = talks[i].src_port;
			packet.dst_port = talks[i].dst_port;
			expect_pass(fx, &packet);
		}
	}
}

/* An answer is one only if all of its key is right. */
static void almost_an_answer_passes(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		struct spec other = talk.answer;

		other.src = k->cast->router;
		expect_pass(fx, &other);
		other = talk.answer;
		other.src_port++;
		expect_pass(fx, &other);
		other = talk.answer;
		other.dst_port = other.dst_port == NAT_LAST ? NAT_FIRST : other.dst_port + 1;
		expect_pass(fx, &other);
		other = talk.answer;
		other.dst = k->cast->router;
		expect_pass(fx, &other);
		other = talk.answer;
		other.proto = k->proto == IPPROTO_TCP ? IPPROTO_UDP : IPPROTO_TCP;
		expect_pass(fx, &other);
	}
}

static void an_answer_below_or_above_the_nat_ports_is_not_looked_for(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk = talk_start(fx, &ask);
		uint16_t port = talk.answer.dst_port;

		fx->config->nat_port_first = (uint16_t)(port + 1);
		expect_pass(fx, &talk.answer);
		fx->config->nat_port_first = NAT_FIRST;
		fx->config->nat_port_last = (uint16_t)(port - 1);
		expect_pass(fx, &talk.answer);
		fx->config->nat_port_first = fx->config->nat_port_last = port;
		talk_answer(fx, &talk, TCP_ACK);
		fx->config->nat_port_first = NAT_FIRST;
		fx->config->nat_port_last = NAT_LAST;
	}
}

static void neighbour_discovery_passes_even_to_a_vip(void **state)
{
	struct fixture *fx = *state;
	const struct cast *c = &casts[1];
	const char *const targets[] = {c->nat, c->vip, "ff02::1:ff00:1"};

	scene_basic(fx);
	for (uint8_t type = 133; type <= 137; type++) {
		for (size_t i = 0; i < 3; i++) {
			struct spec nd = {.src_mac = mac_router,
					  .dst_mac = mac_node,
					  .src = c->router,
					  .dst = targets[i],
					  .proto = IPPROTO_ICMPV6,
					  .ttl = 255,
					  .icmp_type = type,
					  .payload = "0123456789abcdef\1\1abcdef",
					  .payload_len = 24};

			expect_pass(fx, &nd);
		}
	}
}

static void what_is_wrong_with_others_packets_is_not_our_business(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec packet = ask_of(k->cast, k->proto);
		struct frame f;

		packet.dst = k->cast->nat;
		packet.fragment = 0x2000;
		packet.ext[0].type = 44;
		packet.exts = 1;
		expect_pass(fx, &packet); /* a fragment */

		packet = ask_of(k->cast, k->proto);
		packet.dst = k->cast->nat;
		packet.vlans[0] = 0x8100;
		expect_pass(fx, &packet);
		packet.vlans[1] = 0x8100;
		expect_pass(fx, &packet);
		packet.vlans[0] = 0x88a8;
		packet.vlans[2] = 0x8100; /* a third tag is not looked into */
		packet.dst = k->cast->vip;
		expect_pass(fx, &packet);

		packet = ask_of(k->cast, k->proto);
		packet.dst = k->cast->nat;
		packet.is_dead = true; /* hop limit 0 */
		expect_pass(fx, &packet);

		f = frame_of(&packet);
		f.b[ETH_LEN] = 0xf0; /* a version that nobody knows */
		expect_raw_pass(fx, &f);

		packet.proto = IPPROTO_SCTP;
		expect_pass(fx, &packet);
	}
}

static void everything_passes_while_there_is_no_vip(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		expect_pass(fx, &ask);
	}
}

static void a_vip_that_was_removed_passes_again(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		vip_remove(fx, k->cast->vip, ask.dst_port, k->proto);
		vip_remove(fx, k->cast->vip, 0, 0);
		expect_pass(fx, &ask);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(other_protocols_of_the_link_pass),
		TEST(broadcast_and_multicast_frames_pass),
		TEST(the_nodes_own_traffic_passes),
		TEST(almost_an_answer_passes),
		TEST(an_answer_below_or_above_the_nat_ports_is_not_looked_for),
		TEST(neighbour_discovery_passes_even_to_a_vip),
		TEST(what_is_wrong_with_others_packets_is_not_our_business),
		TEST(everything_passes_while_there_is_no_vip),
		TEST(a_vip_that_was_removed_passes_again),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
