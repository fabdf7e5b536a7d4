// SPDX-License-Identifier: Apache-2.0
/* Which backend and which NAT port a flow has, and when it moves or is mended. */
#include <string.h>

#include "fixture.h"
#include "vipcast/flow_hash.h"

/* ---- backends that go ---------------------------------------------------------------------- */

static void established_flows_stay_with_a_draining_backend(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct talk talk = talk_establish(fx, c);

		fx->backends[talk.flow.backend].flags |= BACKEND_DRAINING;
		talk_ask(fx, &talk, TCP_ACK | TCP_PSH);
		talk_answer(fx, &talk, TCP_ACK);
	}
}

static void new_flows_avoid_a_draining_backend(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	fx->backends[1].flags |= BACKEND_DRAINING;
	fx->backends[3].flags |= BACKEND_DRAINING;
	KINDS_EACH(k) {
		for (uint16_t port = 3000; port < 3050; port++) {
			struct spec ask = ask_of(k->cast, k->proto);

			ask.src_port = port;
			assert_int_equal(talk_start(fx, &ask).flow.backend % 2, 0);
		}
	}
}

static void a_syn_leaves_a_draining_backend(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);
		struct talk before = talk_start(fx, &ask), after;

		fx->backends[before.flow.backend].flags |= BACKEND_DRAINING;
		after = talk_start(fx, &ask);
		assert_int_not_equal(after.flow.backend, before.flow.backend);
		expect_pass(fx, &before.answer);
	}
}

static void a_flow_whose_backend_is_gone_chooses_again(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk before, after;

		fixture_reset(state);
		scene_basic(fx);
		ask.tcp_flags = TCP_ACK;
		before = talk_start(fx, &ask);
		fx->backends[before.flow.backend].flags = 0;
		slots_point_to(fx, other_backend(before.flow.backend));
		after = talk_start(fx, &ask);
		assert_int_not_equal(after.flow.backend, before.flow.backend);
		assert_int_equal(replies_count(fx), 1);
	}
}

static void a_flow_whose_backend_index_was_reused_chooses_again(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk before, after;
		struct backend_value *b;

		fixture_reset(state);
		scene_basic(fx);
		ask.tcp_flags = TCP_ACK;
		before = talk_start(fx, &ask);
		b = &fx->backends[before.flow.backend];
		b->generation++;
		b->port = htons(9090);
		slots_point_to(fx, before.flow.backend);
		after = talk_start(fx, &ask);
		assert_int_equal(after.flow.backend_generation, b->generation);
		assert_int_equal(after.asked.dst_port, 9090);
		expect_pass(fx, &before.answer);
		talk_answer(fx, &after, TCP_ACK);
	}
}

static void a_flow_does_not_outlive_its_service(void **state)
{
	struct fixture *fx = *state;
	const uint32_t other = 2;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP);
	struct talk before, after;

	scene_basic(fx);
	fx->backends[2].flags |= BACKEND_DRAINING;
	ask.tcp_flags = TCP_ACK;
	before = talk_start(fx, &ask);
	assert_int_equal(before.flow.backend, 1);
	fx->backends[2].flags &= (__u16)~BACKEND_DRAINING;
	vip_remove(fx, casts[0].vip, 80, IPPROTO_TCP);
	vip_add(fx, casts[0].vip, 80, IPPROTO_TCP, 7, &other, 1);
	after = talk_start(fx, &ask);
	assert_int_equal(after.flow.backend, 2);
	assert_int_equal(after.flow.vip, 7);
}

static void an_unresolved_backend_is_named_and_heals(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk;

		fixture_reset(state);
		scene_basic(fx);
		for (uint32_t i = 1; i <= 4; i++)
			fx->backends[i].flags &= (__u16)~BACKEND_UP;
		expect_drop(fx, &ask, DROP_NO_NEIGHBOUR);
		assert_int_equal(flows_count(fx), 0);
		assert_int_equal(replies_count(fx), 0);

		for (uint32_t i = 1; i <= 4; i++)
			fx->backends[i].flags |= BACKEND_UP;
		talk = talk_start(fx, &ask);
		fx->backends[talk.flow.backend].flags &= (__u16)~BACKEND_UP;
		expect_drop(fx, &ask, DROP_NO_NEIGHBOUR);
		fx->backends[talk.flow.backend].flags |= BACKEND_UP;
		memcpy(fx->backends[talk.flow.backend].dst_mac, mac_router2, 6);
		talk.asked.dst_mac = mac_router2;
		talk_ask(fx, &talk, TCP_SYN);
	}
}

/* As long as a slot nearby has a backend that can be reached, nobody has to wait for the other. */
static void a_new_flow_avoids_an_unresolved_backend(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		uint32_t first, second;

		fixture_reset(state);
		scene_basic(fx);
		first = talk_start(fx, &ask).flow.backend;
		fx->backends[first].flags &= (__u16)~BACKEND_UP;
		for (uint16_t port = 2000; port < 2050; port++) {
			ask.src_port = port;
			second = talk_start(fx, &ask).flow.backend;
			assert_int_not_equal(second, first);
		}
		fx->backends[first].flags |= BACKEND_UP;
	}
}

/* ---- NAT ports ----------------------------------------------------------------------------- */

static void the_nat_port_is_where_the_hash_points(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP);
	struct flow_key key = key_of(&ask);
	struct talk talk;
	uint64_t hash;

	scene_basic(fx);
	talk = talk_start(fx, &ask);
	hash = flow_hash_v4(fx->config->hash_seed, key.src[0], key.dst[0], key.src_port,
			    key.dst_port, key.proto);
	assert_int_equal(ntohs(talk.flow.nat_port),
			 NAT_FIRST + ((hash & 0xffffffff) * (NAT_LAST - NAT_FIRST + 1) >> 32));
	assert_int_equal(talk.flow.backend, fx->slots[flow_slot(hash, 251)].backend);
}

/* Every size of Maglev table is known: slots beyond each smaller size are reached. */
static void tables_of_every_size_are_used_whole(void **state)
{
	static const uint32_t primes[] = MAGLEV_PRIMES;
	struct fixture *fx = *state;

	for (uint32_t row = 0; row < MAGLEV_SIZES; row++) {
		const uint32_t backend = 1;
		struct spec ask = ask_of(&casts[0], IPPROTO_TCP);

		fixture_reset(state);
		backend_add(fx, 1, casts[0].backend, 8080, casts[0].nat);
		backend_add(fx, 2, casts[0].other_backend, 8080, casts[0].nat);
		vip_add_sized(fx, casts[0].vip, 80, IPPROTO_TCP, 1, row, &backend, 1);
		for (ask.src_port = 1000; ask.src_port < 1064; ask.src_port++) {
			struct flow_key key = key_of(&ask);
			uint64_t hash = flow_hash_v4(fx->config->hash_seed, key.src[0], key.dst[0],
						     key.src_port, key.dst_port, key.proto);
			uint32_t slot = flow_slot(hash, primes[row]);

			fx->slots[slot].backend = 2;
			assert_int_equal(talk_start(fx, &ask).flow.backend, 2);
			flow_delete(fx, &ask);
			fx->slots[slot].backend = 1;
		}
	}
}

static void colliding_clients_get_different_nat_ports(void **state)
{
	struct fixture *fx = *state;
	bool taken[8];

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);

		fixture_reset(state);
		memset(taken, 0, sizeof(taken));
		scene_basic(fx);
		slots_point_to(fx, k->cast->family == AF_INET ? 1 : 3);
		fx->config->nat_port_last = NAT_FIRST + 7;
		for (uint16_t i = 0; i < 8; i++) {
			struct talk talk;
			uint16_t at;

			ask.src_port = (uint16_t)(5000 + i);
			talk = talk_start(fx, &ask);
			at = (uint16_t)(ntohs(talk.flow.nat_port) - NAT_FIRST);
			assert_in_range(at, 0, 7);
			assert_false(taken[at]);
			taken[at] = true;
			talk_answer(fx, &talk, TCP_SYN | TCP_ACK);
		}
		ask.src_port = 6000;
		expect_drop(fx, &ask, DROP_NAT_PORTS);
		assert_int_equal(flows_count(fx), 8);
	}
}

static void one_nat_port_serves_each_backend_and_protocol(void **state)
{
	struct fixture *fx = *state;
	size_t flows = 0;

	scene_basic(fx);
	fx->config->nat_port_last = NAT_FIRST;
	for (uint32_t backend = 1; backend <= 2; backend++) {
		KINDS_EACH(k) {
			struct spec ask = ask_of(k->cast, k->proto);

			slots_point_to(fx, backend + (k->cast->family == AF_INET ? 0 : 2));
			ask.src_port = (uint16_t)(7000 + backend);
			talk_start(fx, &ask);
			flows++;
			ask.src_port += 100;
			expect_drop(fx, &ask, DROP_NAT_PORTS);
		}
	}
	assert_int_equal(flows_count(fx), flows);
}

static void a_changed_range_moves_a_flow_at_its_next_refresh(void **state)
{
	static const struct {
		uint16_t first, last;
	} ranges[] = {{30000, 30009}, {2000, 2009}};
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		KINDS_EACH(k) {
			struct spec ask = ask_of(k->cast, k->proto);
			struct talk talk;

			fixture_reset(state);
			scene_basic(fx);
			talk_start(fx, &ask);
			fx->config->nat_port_first = ranges[i].first;
			fx->config->nat_port_last = ranges[i].last;
			ask.src_mac = mac_router2;
			talk = talk_start(fx, &ask);
			assert_in_range(ntohs(talk.flow.nat_port), ranges[i].first, ranges[i].last);
			assert_int_equal(replies_count(fx), 1);
			talk_answer(fx, &talk, TCP_ACK);
		}
	}
}

/* ---- records that the LRU tables lost ------------------------------------------------------ */

static void a_lost_flow_record_is_found_again_by_its_nat_port(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk before, after;

		fixture_reset(state);
		scene_basic(fx);
		ask.tcp_flags = TCP_ACK;
		before = talk_start(fx, &ask);
		flow_delete(fx, &ask);
		after = talk_start(fx, &ask);
		assert_int_equal(after.flow.nat_port, before.flow.nat_port);
		assert_int_equal(replies_count(fx), 1);
	}
}

/* Makes the flow's last refresh so old that its next packet refreshes it. */
static void make_stale(struct fixture *fx, const struct talk *talk)
{
	struct flow_value flow = talk_flow(fx, talk);

	flow.last_seen -= FLOW_REFRESH;
	flow_set(fx, &talk->ask, &flow);
}

static void a_lost_reply_record_is_made_anew_by_the_next_refresh(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk;

		fixture_reset(state);
		scene_basic(fx);
		talk = talk_start(fx, &ask);
		reply_delete(fx, &talk.answer);
		expect_pass(fx, &talk.answer);
		make_stale(fx, &talk);
		talk_ask(fx, &talk, TCP_ACK);
		talk_answer(fx, &talk, TCP_ACK);
	}
}

static void a_nat_port_that_went_to_another_client_is_not_shared(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto), other = ask;
		struct talk talk, moved;
		struct reply_value reply;

		fixture_reset(state);
		scene_basic(fx);
		talk = talk_start(fx, &ask);
		assert_int_equal(reply_get(fx, &talk.answer, &reply), 0);
		reply.client_port = htons(41000); /* as if evicted, and taken by another */
		reply_set(fx, &talk.answer, &reply);
		make_stale(fx, &talk);
		moved = talk_start(fx, &ask);
		assert_int_not_equal(moved.flow.nat_port, talk.flow.nat_port);
		talk_answer(fx, &moved, TCP_ACK);
		other = talk.answered;
		other.dst_port = 41000;
		expect_frame(fx, &talk.answer, XDP_TX, &other);
	}
}

/* A reply record that is an orphan still translates, but says nothing of the client's new flow. */
static void an_orphan_does_not_end_the_flow_that_replaced_its_own(void **state)
{
	struct fixture *fx = *state;

	CASTS_EACH(c) {
		struct talk talk;
		struct reply_value reply;

		fixture_reset(state);
		scene_basic(fx);
		talk = talk_establish(fx, c);
		assert_int_equal(reply_get(fx, &talk.answer, &reply), 0);
		for (int i = 0; i < 3; i++) {
			struct talk old = talk;

			if (i == 0)
				old.answer.src = c->router;
			else if (i == 1)
				old.answer.src_port++;
			else
				old.answer.dst_port = NAT_FIRST;
			reply_set(fx, &old.answer, &reply);
			talk_answer(fx, &old, TCP_RST);
			assert_int_equal(talk_state(fx, &talk), FLOW_ESTABLISHED);
		}
	}
}

/* ---- ageing -------------------------------------------------------------------------------- */

static void the_clock_is_that_of_last_seen(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP);
	uint32_t before, after;
	struct talk talk;

	scene_basic(fx);
	before = clock_now(fx);
	talk = talk_start(fx, &ask);
	after = clock_now(fx);
	assert_in_range(talk.flow.last_seen - before, 0, after - before);
}

static void packets_of_either_side_keep_a_flow_young(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk;
		struct reply_value reply;
		struct flow_value flow;

		fixture_reset(state);
		scene_basic(fx);
		talk = talk_start(fx, &ask);
		for (int by_backend = 0; by_backend < 2; by_backend++) {
			flow = talk_flow(fx, &talk);
			flow.last_seen -= 100000;
			flow_set(fx, &ask, &flow);
			assert_int_equal(reply_get(fx, &talk.answer, &reply), 0);
			reply.last_seen = clock_now(fx) - 100000;
			reply_set(fx, &talk.answer, &reply);
			if (by_backend)
				talk_answer(fx, &talk, TCP_ACK);
			else
				talk_ask(fx, &talk, TCP_ACK);
			flow = talk_flow(fx, &talk);
			assert_in_range(clock_now(fx) - flow.last_seen, 0, FLOW_REFRESH);
		}
	}
}

/* ---- the client's side --------------------------------------------------------------------- */

static void the_answer_goes_to_where_the_client_was_last_heard(void **state)
{
	struct fixture *fx = *state;

	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto);
		struct talk talk;

		fixture_reset(state);
		scene_basic(fx);
		devices_add(fx, fx->far);
		talk = talk_start(fx, &ask);
		talk_answer(fx, &talk, TCP_ACK);

		talk.ask.src_mac = talk.answered.dst_mac = mac_router2;
		talk_ask(fx, &talk, TCP_ACK);
		talk_answer(fx, &talk, TCP_ACK);

		fx->ingress = fx->far; /* the client's packets now come by another interface */
		expect_frame(fx, &talk.ask, XDP_REDIRECT, &talk.asked);
		talk.answer.tcp_flags = talk.answered.tcp_flags;
		expect_frame(fx, &talk.answer, XDP_TX, &talk.answered);
		fx->ingress = fx->near;
		expect_frame(fx, &talk.answer, XDP_REDIRECT, &talk.answered);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(established_flows_stay_with_a_draining_backend),
		TEST(new_flows_avoid_a_draining_backend),
		TEST(a_syn_leaves_a_draining_backend),
		TEST(a_flow_whose_backend_is_gone_chooses_again),
		TEST(a_flow_whose_backend_index_was_reused_chooses_again),
		TEST(a_flow_does_not_outlive_its_service),
		TEST(an_unresolved_backend_is_named_and_heals),
		TEST(a_new_flow_avoids_an_unresolved_backend),
		TEST(the_nat_port_is_where_the_hash_points),
		TEST(tables_of_every_size_are_used_whole),
		TEST(colliding_clients_get_different_nat_ports),
		TEST(one_nat_port_serves_each_backend_and_protocol),
		TEST(a_changed_range_moves_a_flow_at_its_next_refresh),
		TEST(a_lost_flow_record_is_found_again_by_its_nat_port),
		TEST(a_lost_reply_record_is_made_anew_by_the_next_refresh),
		TEST(a_nat_port_that_went_to_another_client_is_not_shared),
		TEST(an_orphan_does_not_end_the_flow_that_replaced_its_own),
		TEST(the_clock_is_that_of_last_seen),
		TEST(packets_of_either_side_keep_a_flow_young),
		TEST(the_answer_goes_to_where_the_client_was_last_heard),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
