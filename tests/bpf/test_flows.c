// SPDX-License-Identifier: Apache-2.0
/* What is remembered of a flow, and when it is forgotten, moved or mended. */
#include <string.h>

#include "fixture.h"
#include "vipcast/flow_hash.h"

static struct flow_value flow_of(struct fixture *fx, const struct talk *talk)
{
	struct flow_value flow = {0};

	assert_int_equal(flow_get(fx, &talk->ask, &flow), 0);
	return flow;
}

static int state_of(struct fixture *fx, const struct talk *talk)
{
	return flow_of(fx, talk).state;
}

/* ---- state -------------------------------------------------------------------------------- */

static void tcp_is_new_until_the_client_acknowledges_the_answer(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);
		struct talk talk = talk_start(fx, &ask);

		assert_int_equal(state_of(fx, &talk), FLOW_NEW);
		talk_ask(fx, &talk, TCP_ACK); /* nobody has answered yet */
		assert_int_equal(state_of(fx, &talk), FLOW_NEW);
		talk_answer(fx, &talk, TCP_SYN | TCP_ACK);
		assert_int_equal(state_of(fx, &talk), FLOW_NEW);
		talk_ask(fx, &talk, TCP_ACK);
		assert_int_equal(state_of(fx, &talk), FLOW_ESTABLISHED);
	}
}

static void udp_is_new_until_it_is_answered(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_UDP);
		struct talk talk = talk_start(fx, &ask);

		talk_ask(fx, &talk, 0);
		assert_int_equal(state_of(fx, &talk), FLOW_NEW);
		talk_answer(fx, &talk, 0);
		assert_int_equal(state_of(fx, &talk), FLOW_ESTABLISHED);
	}
}

static struct talk establish(struct fixture *fx, const struct cast *c)
{
	struct spec ask = ask_of(c, IPPROTO_TCP);
	struct talk talk = talk_start(fx, &ask);

	talk_answer(fx, &talk, TCP_SYN | TCP_ACK);
	talk_ask(fx, &talk, TCP_ACK);
	assert_int_equal(state_of(fx, &talk), FLOW_ESTABLISHED);
	return talk;
}

static void tcp_is_closed_by_a_fin_from_each_side(void **state)
{
	struct fixture *fx = *state;

	for (int client_first = 0; client_first < 2; client_first++) {
		CASTS_EACH(c) {
			struct talk talk;

			fixture_reset(state);
			scene_basic(fx);
			talk = establish(fx, c);
			if (client_first)
				talk_ask(fx, &talk, TCP_FIN | TCP_ACK);
			else
				talk_answer(fx, &talk, TCP_FIN | TCP_ACK);
			assert_int_equal(state_of(fx, &talk), FLOW_FIN);
			talk_ask(fx, &talk, TCP_ACK);
			talk_answer(fx, &talk, TCP_ACK);
			assert_int_equal(state_of(fx, &talk), FLOW_FIN);
			if (client_first)
				talk_answer(fx, &talk, TCP_FIN | TCP_ACK);
			else
				talk_ask(fx, &talk, TCP_FIN | TCP_ACK);
			assert_int_equal(state_of(fx, &talk), FLOW_CLOSED);
			talk_ask(fx, &talk,
				 TCP_ACK); /* the last acknowledgement still gets there */
			talk_answer(fx, &talk, TCP_ACK);
			assert_int_equal(state_of(fx, &talk), FLOW_CLOSED);
		}
	}
}

static void tcp_is_closed_by_a_reset_from_either_side(void **state)
{
	struct fixture *fx = *state;

	for (int by_client = 0; by_client < 2; by_client++) {
		CASTS_EACH(c) {
			struct talk talk;

			fixture_reset(state);
			scene_basic(fx);
			talk = establish(fx, c);
			if (by_client)
				talk_ask(fx, &talk, TCP_RST);
			else
				talk_answer(fx, &talk, TCP_RST | TCP_ACK);
			assert_int_equal(state_of(fx, &talk), FLOW_CLOSED);
		}
	}
}

static void a_first_packet_that_ends_the_connection_leaves_a_finished_flow(void **state)
{
	struct fixture *fx = *state;
	struct spec ask = ask_of(&casts[0], IPPROTO_TCP);
	struct talk talk;

	scene_basic(fx);
	ask.tcp_flags = TCP_RST;
	talk = talk_start(fx, &ask);
	assert_int_equal(state_of(fx, &talk), FLOW_CLOSED);
	ask.src_port++;
	ask.tcp_flags = TCP_FIN | TCP_ACK;
	talk = talk_start(fx, &ask);
	assert_int_equal(state_of(fx, &talk), FLOW_FIN);
}

/* ---- new life ------------------------------------------------------------------------------ */

/* Lets all slots of the VIPs name the backend INDEX. */
static void point_all_slots_to(struct fixture *fx, uint32_t index)
{
	for (uint32_t i = 0; i < fx->next_slot; i++)
		fx->slots[i].backend = index;
}

/* The scene's backends are pairs: 1 and 2, 3 and 4. */
static uint32_t other_backend(uint32_t index)
{
	return index % 2 ? index + 1 : index - 1;
}

static void a_syn_on_a_finished_flow_starts_it_anew(void **state)
{
	static const uint8_t endings[] = {TCP_FIN | TCP_ACK, TCP_RST};
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		CASTS_EACH(c) {
			struct talk before, after;

			fixture_reset(state);
			scene_basic(fx);
			before = establish(fx, c);
			talk_ask(fx, &before, endings[i]);
			after = talk_start(fx, &before.ask);
			assert_int_equal(after.flow.state, FLOW_NEW);
			assert_int_equal(after.flow.fin_seen, 0);
			assert_int_equal(after.flow.nat_port, before.flow.nat_port);
			assert_int_equal(vip_stats(fx, 1).new_flows, 2);
			talk_answer(fx, &after, TCP_SYN | TCP_ACK);
			talk_ask(fx, &after, TCP_ACK);
			assert_int_equal(state_of(fx, &after), FLOW_ESTABLISHED);
		}
	}
}

static void a_new_life_may_be_with_another_backend(void **state)
{
	struct fixture *fx = *state;

	CASTS_EACH(c) {
		struct talk before, after;

		fixture_reset(state);
		scene_basic(fx);
		before = establish(fx, c);
		talk_ask(fx, &before, TCP_RST);
		point_all_slots_to(fx, other_backend(before.flow.backend));
		after = talk_start(fx, &before.ask);
		assert_int_not_equal(after.flow.backend, before.flow.backend);
		assert_int_equal(replies_count(fx), 1);
		expect_pass(fx, &before.answer); /* late packets of the old one are the stack's */
		talk_answer(fx, &after, TCP_SYN | TCP_ACK);
	}
}

static void a_repeated_syn_stays_where_it_was(void **state)
{
	struct fixture *fx = *state;

	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);
		struct talk talk;

		fixture_reset(state);
		scene_basic(fx);
		talk = talk_start(fx, &ask);
		point_all_slots_to(fx, other_backend(talk.flow.backend));
		talk_ask(fx, &talk, TCP_SYN);
		assert_int_equal(vip_stats(fx, 1).new_flows, 1);
	}
}

/* ---- backends that go ---------------------------------------------------------------------- */

static void established_flows_stay_with_a_draining_backend(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct talk talk = establish(fx, c);

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
		point_all_slots_to(fx, other_backend(before.flow.backend));
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
		point_all_slots_to(fx, before.flow.backend);
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
		point_all_slots_to(fx, k->cast->family == AF_INET ? 1 : 3);
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

			point_all_slots_to(fx, backend + (k->cast->family == AF_INET ? 0 : 2));
			ask.src_port = (uint16_t)(7000 + backend);
			talk_start(fx, &ask);
			flows++;
			ask.src_port += 100;
			expect_drop(fx, &ask, DROP_NAT_PORTS);
		}
	}
	assert_int_equal(flows_count(fx), flows);
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
	struct flow_value flow = flow_of(fx, talk);

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
		talk = establish(fx, c);
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
			assert_int_equal(state_of(fx, &talk), FLOW_ESTABLISHED);
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
			flow = flow_of(fx, &talk);
			flow.last_seen -= 100000;
			flow_set(fx, &ask, &flow);
			assert_int_equal(reply_get(fx, &talk.answer, &reply), 0);
			reply.last_seen = clock_now(fx) - 100000;
			reply_set(fx, &talk.answer, &reply);
			if (by_backend)
				talk_answer(fx, &talk, TCP_ACK);
			else
				talk_ask(fx, &talk, TCP_ACK);
			flow = flow_of(fx, &talk);
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
		TEST(tcp_is_new_until_the_client_acknowledges_the_answer),
		TEST(udp_is_new_until_it_is_answered),
		TEST(tcp_is_closed_by_a_fin_from_each_side),
		TEST(tcp_is_closed_by_a_reset_from_either_side),
		TEST(a_first_packet_that_ends_the_connection_leaves_a_finished_flow),
		TEST(a_syn_on_a_finished_flow_starts_it_anew),
		TEST(a_new_life_may_be_with_another_backend),
		TEST(a_repeated_syn_stays_where_it_was),
		TEST(established_flows_stay_with_a_draining_backend),
		TEST(new_flows_avoid_a_draining_backend),
		TEST(a_syn_leaves_a_draining_backend),
		TEST(a_flow_whose_backend_is_gone_chooses_again),
		TEST(a_flow_whose_backend_index_was_reused_chooses_again),
		TEST(a_flow_does_not_outlive_its_service),
		TEST(an_unresolved_backend_is_named_and_heals),
		TEST(the_nat_port_is_where_the_hash_points),
		TEST(tables_of_every_size_are_used_whole),
		TEST(colliding_clients_get_different_nat_ports),
		TEST(one_nat_port_serves_each_backend_and_protocol),
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
