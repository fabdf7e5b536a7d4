// SPDX-License-Identifier: Apache-2.0
/* Each reason for which a packet for a VIP is dropped, named and counted. */
#include <string.h>

#include "fixture.h"

static void a_port_without_a_service_is_dropped(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		ask.dst_port = 81;
		expect_drop(fx, &ask, DROP_NO_SERVICE);
		ask.dst_port = NAT_FIRST; /* in the NAT range, too */
		expect_drop(fx, &ask, DROP_NO_SERVICE);
		ask.dst_port = 0;
		expect_drop(fx, &ask, DROP_NO_SERVICE);
		ask.dst_port = k->proto == IPPROTO_TCP ? 53 : 80; /* the other protocol's */
		expect_drop(fx, &ask, DROP_NO_SERVICE);
		assert_int_equal(flows_count(fx), 0);
	}
}

static void a_service_without_backends_is_named(void **state)
{
	struct fixture *fx = *state;

	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);

		vip_add(fx, c->vip, 80, IPPROTO_TCP, 1, NULL, 0);
		expect_drop(fx, &ask, DROP_NO_BACKEND);
		assert_int_equal(flows_count(fx), 0);
	}
}

static void a_service_whose_backends_all_drain_has_none(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	for (uint32_t i = 1; i <= 4; i++)
		fx->backends[i].flags |= BACKEND_DRAINING;
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		expect_drop(fx, &ask, DROP_NO_BACKEND);
	}
}

static void slots_that_name_what_is_no_backend_are_survived(void **state)
{
	static const uint32_t wrong[] = {5 /* free */, BACKENDS, 0xffffffff};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < 3; i++) {
		KINDS_EACH(k) {
			struct spec ask = ask_of(k->cast, k->proto);

			for (uint32_t slot = 0; slot < fx->next_slot; slot++)
				fx->slots[slot].backend = wrong[i];
			expect_drop(fx, &ask, DROP_NO_BACKEND);
		}
	}
}

static void a_backend_of_the_other_family_is_not_used(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		for (uint32_t slot = 0; slot < fx->next_slot; slot++)
			fx->slots[slot].backend = k->cast->family == AF_INET ? 3 : 1;
		expect_drop(fx, &ask, DROP_NO_BACKEND);
	}
}

static void protocols_that_are_not_balanced_are_dropped(void **state)
{
	static const uint8_t four[] = {0, 2, 4, 41, 47, 50, 58, 132, 255};
	static const uint8_t six[] = {1, 2, 4, 41, 47, 59, 132, 255};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(four); i++) {
		struct spec ask = ask_of(&casts[0], four[i]);

		ask.dst_port = 80;
		expect_drop(fx, &ask, DROP_PROTOCOL);
	}
	for (size_t i = 0; i < sizeof(six); i++) {
		struct spec ask = ask_of(&casts[1], six[i]);

		ask.dst_port = 80;
		expect_drop(fx, &ask, DROP_PROTOCOL);
	}
}

static void tagged_frames_are_dropped(void **state)
{
	static const uint16_t tags[] = {0x8100, 0x88a8};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t outer = 0; outer < 2; outer++) {
		KINDS_EACH(k) {
			struct spec ask = ask_of(k->cast, k->proto);

			ask.vlans[0] = tags[outer];
			expect_drop(fx, &ask, DROP_VLAN);
			for (size_t inner = 0; inner < 2; inner++) {
				ask.vlans[1] = tags[inner];
				expect_drop(fx, &ask, DROP_VLAN);
			}
		}
	}
}

static void fragments_are_dropped(void **state)
{
	static const uint16_t fragments[] = {0x2000, 0x2001, 0x0001, 0x1fff, 0x3fff};
	struct fixture *fx = *state;

	scene_basic(fx);
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++) {
			ask.fragment = fragments[i];
			ask.ext[0].type = 44;
			ask.exts = 1;
			expect_drop(fx, &ask, DROP_FRAGMENT);
		}
		if (k->cast->family == AF_INET6) {
			ask.ext[0].type = 60;
			ask.ext[1].type = 44;
			ask.exts = 2;
			expect_drop(fx, &ask, DROP_FRAGMENT);
		}
	}
}

static void dont_fragment_is_no_fragment(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP);

	scene_basic(fx);
	ask.fragment = 0x4000;
	talk_start(fx, &ask);
}

static void extension_headers_that_are_not_followed_are_named(void **state)
{
	static const uint8_t others[] = {50, 51, 135, 139, 140};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(others); i++) {
		struct spec ask = ask_of(&casts[1], IPPROTO_TCP);

		ask.ext[0].type = others[i];
		ask.exts = 1;
		expect_drop(fx, &ask, DROP_IPV6_EXTENSION);
		ask.ext[0].type = 60;
		ask.ext[1].type = others[i];
		ask.exts = 2;
		expect_drop(fx, &ask, DROP_IPV6_EXTENSION);
	}
}

static void extension_headers_beyond_the_bound_are_named(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[1], IPPROTO_TCP);

	scene_basic(fx);
	for (ask.exts = 0; ask.exts < 7; ask.exts++)
		ask.ext[ask.exts].type = 60;
	expect_drop(fx, &ask, DROP_IPV6_EXTENSION);
}

/* The transport checksum is over the final destination, which is not the VIP. */
static void a_routing_header_with_segments_left_is_not_followed(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[1], IPPROTO_TCP);

	scene_basic(fx);
	ask.ext[0] = (struct extension){.type = 43, .segments_left = 1};
	ask.exts = 1;
	expect_drop(fx, &ask, DROP_IPV6_EXTENSION);
}

static void sources_that_nobody_can_answer_are_malformed(void **state)
{
	static const char *const four[] = {"0.0.0.0",	"0.1.2.3",   "127.0.0.1",
					   "224.0.0.1", "240.1.1.1", "255.255.255.255"};
	static const char *const six[] = {"::", "::1", "ff02::1", "ff0e::1"};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < 6; i++) {
		struct spec ask = ask_of(&casts[0], IPPROTO_UDP);

		ask.src = four[i];
		expect_drop(fx, &ask, DROP_MALFORMED);
	}
	for (size_t i = 0; i < 4; i++) {
		struct spec ask = ask_of(&casts[1], IPPROTO_UDP);

		ask.src = six[i];
		expect_drop(fx, &ask, DROP_MALFORMED);
	}
}

/* Bytes that no honest sender writes; offsets from the start of the IP header. */
static void headers_that_contradict_each_other_are_malformed(void **state)
{
	static const struct {
		int family;
		uint8_t proto;
		size_t offset;
		uint8_t value;
	} lies[] = {
		{AF_INET, IPPROTO_TCP, 0, 0x44},  /* header of 16 bytes */
		{AF_INET, IPPROTO_TCP, 0, 0x40},  /* ... of none */
		{AF_INET, IPPROTO_TCP, 0, 0x65},  /* version 6 */
		{AF_INET, IPPROTO_TCP, 0, 0x05},  /* version 0 */
		{AF_INET, IPPROTO_TCP, 2, 0x01},  /* length beyond the frame */
		{AF_INET, IPPROTO_TCP, 3, 19},	  /* length below the header's */
		{AF_INET, IPPROTO_TCP, 3, 20},	  /* no room for TCP */
		{AF_INET, IPPROTO_TCP, 3, 39},	  /* nor now */
		{AF_INET, IPPROTO_UDP, 3, 27},	  /* nor for UDP */
		{AF_INET, IPPROTO_TCP, 32, 0x40}, /* TCP header of 16 bytes */
		{AF_INET, IPPROTO_TCP, 32, 0xf0}, /* TCP header beyond the packet */
		{AF_INET, IPPROTO_UDP, 25, 7},	  /* UDP length below its header's */
		{AF_INET, IPPROTO_UDP, 25, 0},
		{AF_INET, IPPROTO_UDP, 24, 1}, /* ... beyond the packet */
		{AF_INET6, IPPROTO_TCP, 0, 0x40},
		{AF_INET6, IPPROTO_TCP, 4, 0x01},
		{AF_INET6, IPPROTO_TCP, 5, 0}, /* a jumbogram, or nothing */
		{AF_INET6, IPPROTO_TCP, 5, 19},
		{AF_INET6, IPPROTO_UDP, 5, 7},
		{AF_INET6, IPPROTO_TCP, 52, 0x40},
		{AF_INET6, IPPROTO_TCP, 52, 0xf0},
		{AF_INET6, IPPROTO_UDP, 45, 7},
		{AF_INET6, IPPROTO_UDP, 44, 1},
	};
	struct fixture *fx = *state;

	scene_basic(fx);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct spec ask = ask_of(&casts[lies[i].family == AF_INET6], lies[i].proto);
		struct frame f = frame_of(&ask);

		f.b[ETH_LEN + lies[i].offset] = lies[i].value;
		expect_raw_drop(fx, &f, DROP_MALFORMED);
	}
	assert_int_equal(flows_count(fx), 0);
}

static void an_extension_header_longer_than_the_packet_is_malformed(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[1], IPPROTO_TCP);
	struct frame f;

	scene_basic(fx);
	ask.ext[0].type = 60;
	ask.exts = 1;
	ask.padding = 1000; /* the frame would have room, the packet has none */
	f = frame_of(&ask);
	f.b[ETH_LEN + 41] = 10;
	expect_raw_drop(fx, &f, DROP_MALFORMED);
	f.b[ETH_LEN + 41] = 255;
	expect_raw_drop(fx, &f, DROP_MALFORMED);
}

static void a_mode_that_is_not_known_is_no_service(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP);

	scene_basic(fx);
	for (size_t i = 0; i < VIP_BUCKETS * VIP4_BUCKET_ENTRIES; i++) {
		struct vip4_entry *e =
			&fx->vips_v4[i / VIP4_BUCKET_ENTRIES].entry[i % VIP4_BUCKET_ENTRIES];

		if (e->port)
			e->target |= 0xfULL << 38;
	}
	expect_drop(fx, &ask, DROP_NO_SERVICE);
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_without_a_service_is_dropped),
		TEST(a_service_without_backends_is_named),
		TEST(a_service_whose_backends_all_drain_has_none),
		TEST(slots_that_name_what_is_no_backend_are_survived),
		TEST(a_backend_of_the_other_family_is_not_used),
		TEST(protocols_that_are_not_balanced_are_dropped),
		TEST(tagged_frames_are_dropped),
		TEST(fragments_are_dropped),
		TEST(dont_fragment_is_no_fragment),
		TEST(extension_headers_that_are_not_followed_are_named),
		TEST(extension_headers_beyond_the_bound_are_named),
		TEST(a_routing_header_with_segments_left_is_not_followed),
		TEST(sources_that_nobody_can_answer_are_malformed),
		TEST(headers_that_contradict_each_other_are_malformed),
		TEST(an_extension_header_longer_than_the_packet_is_malformed),
		TEST(a_mode_that_is_not_known_is_no_service),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
