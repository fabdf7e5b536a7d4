// SPDX-License-Identifier: Apache-2.0
/* The state that a flow's packets lead it through, and what begins it anew. */
#include "fixture.h"

/* ---- state -------------------------------------------------------------------------------- */

static void tcp_is_new_until_the_client_acknowledges_the_answer(void **state)
{
	struct fixture *fx = *state;

	scene_basic(fx);
	CASTS_EACH(c) {
		struct spec ask = ask_of(c, IPPROTO_TCP);
		struct talk talk = talk_start(fx, &ask);

		assert_int_equal(talk_state(fx, &talk), FLOW_NEW);
		talk_ask(fx, &talk, TCP_ACK); /* nobody has answered yet */
		assert_int_equal(talk_state(fx, &talk), FLOW_NEW);
		talk_answer(fx, &talk, TCP_SYN | TCP_ACK);
		assert_int_equal(talk_state(fx, &talk), FLOW_NEW);
		talk_ask(fx, &talk, TCP_ACK);
		assert_int_equal(talk_state(fx, &talk), FLOW_ESTABLISHED);
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
		assert_int_equal(talk_state(fx, &talk), FLOW_NEW);
		talk_answer(fx, &talk, 0);
		assert_int_equal(talk_state(fx, &talk), FLOW_ESTABLISHED);
	}
}

static void tcp_is_closed_by_a_fin_from_each_side(void **state)
{
	struct fixture *fx = *state;

	for (int client_first = 0; client_first < 2; client_first++) {
		CASTS_EACH(c) {
			struct talk talk;

			fixture_reset(state);
			scene_basic(fx);
			talk = talk_establish(fx, c);
			if (client_first)
				talk_ask(fx, &talk, TCP_FIN | TCP_ACK);
			else
				talk_answer(fx, &talk, TCP_FIN | TCP_ACK);
			assert_int_equal(talk_state(fx, &talk), FLOW_FIN);
			talk_ask(fx, &talk, TCP_ACK);
			talk_answer(fx, &talk, TCP_ACK);
			assert_int_equal(talk_state(fx, &talk), FLOW_FIN);
			if (client_first)
				talk_answer(fx, &talk, TCP_FIN | TCP_ACK);
			else
				talk_ask(fx, &talk, TCP_FIN | TCP_ACK);
			assert_int_equal(talk_state(fx, &talk), FLOW_CLOSED);
			talk_ask(fx, &talk,
				 TCP_ACK); /* the last acknowledgement still gets there */
			talk_answer(fx, &talk, TCP_ACK);
			assert_int_equal(talk_state(fx, &talk), FLOW_CLOSED);
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
			talk = talk_establish(fx, c);
			if (by_client)
				talk_ask(fx, &talk, TCP_RST);
			else
				talk_answer(fx, &talk, TCP_RST | TCP_ACK);
			assert_int_equal(talk_state(fx, &talk), FLOW_CLOSED);
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
	assert_int_equal(talk_state(fx, &talk), FLOW_CLOSED);
	ask.src_port++;
	ask.tcp_flags = TCP_FIN | TCP_ACK;
	talk = talk_start(fx, &ask);
	assert_int_equal(talk_state(fx, &talk), FLOW_FIN);
}

/* ---- new life ------------------------------------------------------------------------------ */

static void a_syn_on_a_finished_flow_starts_it_anew(void **state)
{
	static const uint8_t endings[] = {TCP_FIN | TCP_ACK, TCP_RST};
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		CASTS_EACH(c) {
			struct talk before, after;

			fixture_reset(state);
			scene_basic(fx);
			before = talk_establish(fx, c);
			talk_ask(fx, &before, endings[i]);
			after = talk_start(fx, &before.ask);
			assert_int_equal(after.flow.state, FLOW_NEW);
			assert_int_equal(after.flow.fin_seen, 0);
			assert_int_equal(after.flow.nat_port, before.flow.nat_port);
			assert_int_equal(vip_stats(fx, 1).new_flows, 2);
			talk_answer(fx, &after, TCP_SYN | TCP_ACK);
			talk_ask(fx, &after, TCP_ACK);
			assert_int_equal(talk_state(fx, &after), FLOW_ESTABLISHED);
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
		before = talk_establish(fx, c);
		talk_ask(fx, &before, TCP_RST);
		slots_point_to(fx, other_backend(before.flow.backend));
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
		slots_point_to(fx, other_backend(talk.flow.backend));
		talk_ask(fx, &talk, TCP_SYN);
		assert_int_equal(vip_stats(fx, 1).new_flows, 1);
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
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
