// SPDX-License-Identifier: Apache-2.0
/* The machine beside RFC 4271 section 8.2.2, with a clock that is turned by hand. */

#include "bgp/fsm.h"

#include "bgp_test.h"

/* What the machine did, in order, as letters: O(pen), K(eepalive), N(otification), C(onnect),
 * D(rop); and the last notification and reason. */
struct bench {
	struct fsm fsm;
	char done[64];
	uint8_t code, subcode, data;
	size_t data_len;
	char reason[256];
	uint32_t random;
};

static void did(struct bench *b, char what)
{
	size_t n = strlen(b->done);

	assert_in_range(n, 0, sizeof(b->done) - 2);
	b->done[n] = what;
	b->done[n + 1] = '\0';
}

static void do_connect(void *ctx)
{
	did(ctx, 'C');
}

static void do_drop(void *ctx)
{
	did(ctx, 'D');
}

static void do_open(void *ctx)
{
	did(ctx, 'O');
}

static void do_keepalive(void *ctx)
{
	did(ctx, 'K');
}

static void do_notification(void *ctx, const struct bgp_notification *error)
{
	struct bench *b = ctx;

	did(b, 'N');
	b->code = error->code;
	b->subcode = error->subcode;
	b->data_len = error->len;
	b->data = error->len ? error->data[0] : 0;
}

static uint32_t do_random(void *ctx)
{
	struct bench *b = ctx;

	return b->random;
}

static void do_state(void *ctx, enum bgp_state from, enum bgp_state to, const char *reason,
		     uint64_t now)
{
	struct bench *b = ctx;

	(void)from;
	(void)now;
	assert_int_equal(b->fsm.state, to);
	if (reason)
		(void)snprintf(b->reason, sizeof(b->reason), "%s", reason);
}

static const struct fsm_actions actions = {
	.connect = do_connect,
	.drop = do_drop,
	.send_open = do_open,
	.send_keepalive = do_keepalive,
	.send_notification = do_notification,
	.random = do_random,
	.state_changed = do_state,
};

#define HOLD	   90000
#define RETRY_TIME 10000

static void event(struct bench *b, enum fsm_event e, uint64_t now)
{
	static struct bgp_notification error;
	struct fsm_detail detail = {.error = &error, .reason = "why"};

	(void)notification_set(&error, BGP_ERR_CEASE, BGP_CEASE_ADMIN_SHUTDOWN, NULL, 0, "%s", "");
	if (e == FSM_HEADER_ERR || e == FSM_OPEN_ERR || e == FSM_UPDATE_ERR)
		(void)notification_set(&error,
				       (uint8_t)(e == FSM_HEADER_ERR ? 1
						 : e == FSM_OPEN_ERR ? 2
								     : 3),
				       9, NULL, 0, "%s", "");
	fsm_event(&b->fsm, e, &detail, now);
}

/* A machine that came to a state the usual way, at time 0, with nothing done yet. */
static void bring_to(struct bench *b, enum bgp_state state)
{
	*b = (struct bench){0};
	fsm_init(&b->fsm, RETRY_TIME, &actions, b);
	b->fsm.hold_time = HOLD;
	b->fsm.keepalive_time = HOLD / 3;
	if (state == BGP_IDLE)
		return;
	event(b, FSM_START, 0);
	if (state != BGP_CONNECT)
		event(b, FSM_TCP_ACKED, 0);
	if (state == BGP_ACTIVE)
		event(b, FSM_TCP_FAILS, 0);
	if (state == BGP_OPENCONFIRM || state == BGP_ESTABLISHED)
		event(b, FSM_MSG_OPEN, 0);
	if (state == BGP_ESTABLISHED)
		event(b, FSM_MSG_KEEPALIVE, 0);
	assert_int_equal(b->fsm.state, state);
	b->done[0] = '\0';
	b->reason[0] = '\0';
}

/* ---- state and event --------------------------------------------------------------------- */

static const struct {
	enum bgp_state state;
	enum fsm_event event;
	enum bgp_state next;
	const char *done;
	int code, subcode; /* of a NOTIFICATION */
} table[] = {
	{BGP_IDLE, FSM_START, BGP_CONNECT, "C", 0, 0},
	{BGP_IDLE, FSM_STOP, BGP_IDLE, "D", 0, 0},
	{BGP_IDLE, FSM_TCP_ACKED, BGP_IDLE, "", 0, 0},
	{BGP_IDLE, FSM_TCP_FAILS, BGP_IDLE, "", 0, 0},
	{BGP_IDLE, FSM_MSG_OPEN, BGP_IDLE, "", 0, 0},
	{BGP_IDLE, FSM_MSG_UPDATE, BGP_IDLE, "", 0, 0},
	{BGP_IDLE, FSM_IDLE_HOLD, BGP_CONNECT, "C", 0, 0},

	{BGP_CONNECT, FSM_START, BGP_CONNECT, "", 0, 0},
	{BGP_CONNECT, FSM_STOP, BGP_IDLE, "D", 0, 0},
	{BGP_CONNECT, FSM_CONNECT_RETRY, BGP_CONNECT, "DC", 0, 0},
	{BGP_CONNECT, FSM_TCP_ACKED, BGP_OPENSENT, "O", 0, 0},
	{BGP_CONNECT, FSM_TCP_FAILS, BGP_IDLE, "D", 0, 0},
	{BGP_CONNECT, FSM_HEADER_ERR, BGP_IDLE, "D", 0, 0},
	{BGP_CONNECT, FSM_OPEN_ERR, BGP_IDLE, "D", 0, 0},
	{BGP_CONNECT, FSM_MSG_NOTIFICATION_VER, BGP_IDLE, "D", 0, 0},
	{BGP_CONNECT, FSM_MSG_KEEPALIVE, BGP_IDLE, "D", 0, 0},

	{BGP_ACTIVE, FSM_START, BGP_ACTIVE, "", 0, 0},
	{BGP_ACTIVE, FSM_STOP, BGP_IDLE, "D", 0, 0},
	{BGP_ACTIVE, FSM_CONNECT_RETRY, BGP_CONNECT, "C", 0, 0},
	{BGP_ACTIVE, FSM_TCP_FAILS, BGP_IDLE, "D", 0, 0},
	{BGP_ACTIVE, FSM_MSG_OPEN, BGP_IDLE, "D", 0, 0},

	{BGP_OPENSENT, FSM_START, BGP_OPENSENT, "", 0, 0},
	{BGP_OPENSENT, FSM_STOP, BGP_IDLE, "ND", BGP_ERR_CEASE, 2},
	{BGP_OPENSENT, FSM_HOLD, BGP_IDLE, "ND", BGP_ERR_HOLD_TIMER, 0},
	{BGP_OPENSENT, FSM_TCP_FAILS, BGP_ACTIVE, "D", 0, 0},
	{BGP_OPENSENT, FSM_MSG_OPEN, BGP_OPENCONFIRM, "K", 0, 0},
	{BGP_OPENSENT, FSM_HEADER_ERR, BGP_IDLE, "ND", BGP_ERR_HEADER, 9},
	{BGP_OPENSENT, FSM_OPEN_ERR, BGP_IDLE, "ND", BGP_ERR_OPEN, 9},
	{BGP_OPENSENT, FSM_MSG_NOTIFICATION_VER, BGP_IDLE, "D", 0, 0},
	{BGP_OPENSENT, FSM_MSG_NOTIFICATION, BGP_IDLE, "D", 0, 0},
	{BGP_OPENSENT, FSM_MSG_KEEPALIVE, BGP_IDLE, "ND", BGP_ERR_FSM, 1},
	{BGP_OPENSENT, FSM_MSG_UPDATE, BGP_IDLE, "ND", BGP_ERR_FSM, 1},
	{BGP_OPENSENT, FSM_MSG_ROUTE_REFRESH, BGP_IDLE, "ND", BGP_ERR_FSM, 1},

	{BGP_OPENCONFIRM, FSM_START, BGP_OPENCONFIRM, "", 0, 0},
	{BGP_OPENCONFIRM, FSM_STOP, BGP_IDLE, "ND", BGP_ERR_CEASE, 2},
	{BGP_OPENCONFIRM, FSM_HOLD, BGP_IDLE, "ND", BGP_ERR_HOLD_TIMER, 0},
	{BGP_OPENCONFIRM, FSM_KEEPALIVE, BGP_OPENCONFIRM, "K", 0, 0},
	{BGP_OPENCONFIRM, FSM_TCP_FAILS, BGP_IDLE, "D", 0, 0},
	{BGP_OPENCONFIRM, FSM_MSG_NOTIFICATION_VER, BGP_IDLE, "D", 0, 0},
	{BGP_OPENCONFIRM, FSM_MSG_NOTIFICATION, BGP_IDLE, "D", 0, 0},
	{BGP_OPENCONFIRM, FSM_HEADER_ERR, BGP_IDLE, "ND", BGP_ERR_HEADER, 9},
	{BGP_OPENCONFIRM, FSM_OPEN_ERR, BGP_IDLE, "ND", BGP_ERR_OPEN, 9},
	{BGP_OPENCONFIRM, FSM_MSG_KEEPALIVE, BGP_ESTABLISHED, "", 0, 0},
	{BGP_OPENCONFIRM, FSM_MSG_OPEN, BGP_IDLE, "ND", BGP_ERR_FSM, 2},
	{BGP_OPENCONFIRM, FSM_MSG_UPDATE, BGP_IDLE, "ND", BGP_ERR_FSM, 2},
	{BGP_OPENCONFIRM, FSM_UPDATE_ERR, BGP_IDLE, "ND", BGP_ERR_FSM, 2},

	{BGP_ESTABLISHED, FSM_START, BGP_ESTABLISHED, "", 0, 0},
	{BGP_ESTABLISHED, FSM_STOP, BGP_IDLE, "ND", BGP_ERR_CEASE, 2},
	{BGP_ESTABLISHED, FSM_HOLD, BGP_IDLE, "ND", BGP_ERR_HOLD_TIMER, 0},
	{BGP_ESTABLISHED, FSM_KEEPALIVE, BGP_ESTABLISHED, "K", 0, 0},
	{BGP_ESTABLISHED, FSM_TCP_FAILS, BGP_IDLE, "D", 0, 0},
	{BGP_ESTABLISHED, FSM_MSG_NOTIFICATION_VER, BGP_IDLE, "D", 0, 0},
	{BGP_ESTABLISHED, FSM_MSG_NOTIFICATION, BGP_IDLE, "D", 0, 0},
	{BGP_ESTABLISHED, FSM_MSG_KEEPALIVE, BGP_ESTABLISHED, "", 0, 0},
	{BGP_ESTABLISHED, FSM_MSG_UPDATE, BGP_ESTABLISHED, "", 0, 0},
	{BGP_ESTABLISHED, FSM_MSG_ROUTE_REFRESH, BGP_ESTABLISHED, "", 0, 0},
	{BGP_ESTABLISHED, FSM_UPDATE_ERR, BGP_IDLE, "ND", BGP_ERR_UPDATE, 9},
	{BGP_ESTABLISHED, FSM_HEADER_ERR, BGP_IDLE, "ND", BGP_ERR_HEADER, 9},
	{BGP_ESTABLISHED, FSM_MSG_OPEN, BGP_IDLE, "ND", BGP_ERR_FSM, 3},
	{BGP_ESTABLISHED, FSM_SEND_HOLD, BGP_IDLE, "ND", BGP_ERR_SEND_HOLD, 0},
};

static void each_state_answers_each_event_as_the_rfc_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bench b;

		bring_to(&b, table[i].state);
		event(&b, table[i].event, 0);
		if (b.fsm.state != table[i].next || strcmp(b.done, table[i].done) ||
		    b.code != table[i].code || b.subcode != table[i].subcode)
			fail_msg("%s, event %u: %s, did %s, error %u/%u",
				 bgp_state_name(table[i].state), table[i].event,
				 bgp_state_name(b.fsm.state), b.done, b.code, b.subcode);
	}
}

static void an_unexpected_message_is_named_in_the_data(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_ESTABLISHED);
	event(&b, FSM_MSG_OPEN, 0);
	assert_int_equal(b.data_len, 1);
	assert_int_equal(b.data, BGP_OPEN);
}

static void a_stopped_machine_stays_idle_until_it_is_started(void **state)
{
	(void)state;
	for (enum bgp_state s = BGP_IDLE; s < BGP_STATE_COUNT; s++) {
		struct bench b;

		bring_to(&b, s);
		event(&b, FSM_STOP, 0);
		assert_int_equal(b.fsm.state, BGP_IDLE);
		assert_true(fsm_next_deadline(&b.fsm) == BGP_NEVER);
	}
}

static void a_stop_while_waiting_to_connect_again_ends_the_wait(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_CONNECT);
	event(&b, FSM_TCP_FAILS, 0);
	assert_false(fsm_next_deadline(&b.fsm) == BGP_NEVER);
	event(&b, FSM_STOP, 100);
	assert_true(fsm_next_deadline(&b.fsm) == BGP_NEVER);
}

/* ---- timers ------------------------------------------------------------------------------ */

static void the_hold_timer_starts_anew_with_each_sign_of_life(void **state)
{
	static const enum fsm_event signs[] = {FSM_MSG_KEEPALIVE, FSM_MSG_UPDATE};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bring_to(&b, BGP_ESTABLISHED);
		event(&b, signs[i], 50000);
		fsm_tick(&b.fsm, 50000 + HOLD - 1);
		assert_int_equal(b.fsm.state, BGP_ESTABLISHED);
		fsm_tick(&b.fsm, 50000 + HOLD);
		assert_int_equal(b.fsm.state, BGP_IDLE);
		assert_string_equal(b.reason, "hold timer expired: nothing from the peer in 90 s");
	}
}

static void keepalives_go_out_every_third_of_the_hold_time_or_sooner(void **state)
{
	struct bench b;
	uint64_t now = 0;

	(void)state;
	bring_to(&b, BGP_ESTABLISHED);
	for (int i = 1; i <= 20; i++) {
		uint64_t next = b.fsm.deadlines[FSM_KEEPALIVE_TIMER];

		assert_in_range(next - now, HOLD / 4, HOLD / 3);
		now = next;
		b.random = (uint32_t)i * 12345;
		b.fsm.deadlines[FSM_HOLD_TIMER] = BGP_NEVER;
		fsm_tick(&b.fsm, now);
		assert_int_equal(strlen(b.done), i);
	}
}

static void an_update_stands_for_a_keepalive(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_ESTABLISHED);
	fsm_update_sent(&b.fsm, 20000);
	fsm_tick(&b.fsm, 20000 + HOLD / 4 - 1);
	assert_string_equal(b.done, "");
}

static void a_hold_time_of_zero_runs_no_timers(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_OPENSENT);
	b.fsm.hold_time = 0;
	event(&b, FSM_MSG_OPEN, 0);
	event(&b, FSM_MSG_KEEPALIVE, 0);
	assert_true(fsm_next_deadline(&b.fsm) == BGP_NEVER);
}

static void an_open_is_waited_for_for_four_minutes(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_OPENSENT);
	assert_true(fsm_next_deadline(&b.fsm) == 240000);
	fsm_tick(&b.fsm, 240000);
	assert_int_equal(b.fsm.state, BGP_IDLE);
}

static void a_connection_attempt_is_repeated_after_the_retry_time(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_CONNECT);
	assert_in_range(fsm_next_deadline(&b.fsm), RETRY_TIME * 3 / 4, RETRY_TIME);
	fsm_tick(&b.fsm, RETRY_TIME);
	assert_string_equal(b.done, "DC");
	assert_string_equal(b.reason, "no answer to the connection attempt");
}

/* How long the machine waits in Idle after one more failure to connect. */
static uint64_t wait_after_failure(struct bench *b, uint64_t *now)
{
	uint64_t wait;

	event(b, FSM_TCP_FAILS, *now);
	assert_int_equal(b->fsm.state, BGP_IDLE);
	wait = fsm_next_deadline(&b->fsm) - *now;
	*now += wait;
	fsm_tick(&b->fsm, *now);
	assert_int_equal(b->fsm.state, BGP_CONNECT);
	b->done[0] = '\0';
	return wait;
}

static void waits_twice_as_long_after_each_failure_up_to_a_minute(void **state)
{
	static const uint64_t expected[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct bench b;
	uint64_t now = 0;

	(void)state;
	bring_to(&b, BGP_CONNECT);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		uint64_t wait;

		b.random = (uint32_t)i * 77777;
		wait = wait_after_failure(&b, &now);
		assert_in_range(wait, expected[i] * 3 / 4, expected[i]);
	}
}

/* The wait after a session that was up for a time. */
static uint64_t wait_after_session_of(uint64_t up)
{
	struct bench b;
	uint64_t now = 0;

	bring_to(&b, BGP_CONNECT);
	for (int i = 0; i < 4; i++)
		(void)wait_after_failure(&b, &now);
	event(&b, FSM_TCP_ACKED, now);
	event(&b, FSM_MSG_OPEN, now);
	event(&b, FSM_MSG_KEEPALIVE, now);
	now += up;
	event(&b, FSM_MSG_NOTIFICATION, now);
	return fsm_next_deadline(&b.fsm) - now;
}

static void only_a_session_that_lasted_makes_the_wait_short_again(void **state)
{
	(void)state;
	assert_in_range(wait_after_session_of(60000), 750, 1000);
	assert_in_range(wait_after_session_of(100), 12000, 16000);
}

static void a_peer_that_closes_at_once_is_tried_again_soon(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_ACTIVE);
	assert_in_range(fsm_next_deadline(&b.fsm), 750, 1000);
	fsm_tick(&b.fsm, 1000);
	assert_int_equal(b.fsm.state, BGP_CONNECT);
}

static void a_peer_that_reads_nothing_is_given_up(void **state)
{
	struct bench b;

	(void)state;
	bring_to(&b, BGP_ESTABLISHED);
	b.fsm.deadlines[FSM_HOLD_TIMER] = BGP_NEVER;
	b.fsm.deadlines[FSM_KEEPALIVE_TIMER] = BGP_NEVER;
	fsm_send_progress(&b.fsm, false, true, 0);
	fsm_send_progress(&b.fsm, false, true, 100000); /* still the same wait */
	assert_true(fsm_next_deadline(&b.fsm) == 480000);
	fsm_send_progress(&b.fsm, true, true, 200000);
	assert_true(fsm_next_deadline(&b.fsm) == 680000);
	fsm_send_progress(&b.fsm, true, false, 200000);
	assert_true(fsm_next_deadline(&b.fsm) == BGP_NEVER);
	fsm_send_progress(&b.fsm, false, true, 300000);
	fsm_tick(&b.fsm, 780000);
	assert_int_equal(b.fsm.state, BGP_IDLE);
	assert_int_equal(b.code, BGP_ERR_SEND_HOLD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_answers_each_event_as_the_rfc_says),
		cmocka_unit_test(an_unexpected_message_is_named_in_the_data),
		cmocka_unit_test(a_stopped_machine_stays_idle_until_it_is_started),
		cmocka_unit_test(a_stop_while_waiting_to_connect_again_ends_the_wait),
		cmocka_unit_test(the_hold_timer_starts_anew_with_each_sign_of_life),
		cmocka_unit_test(keepalives_go_out_every_third_of_the_hold_time_or_sooner),
		cmocka_unit_test(an_update_stands_for_a_keepalive),
		cmocka_unit_test(a_hold_time_of_zero_runs_no_timers),
		cmocka_unit_test(an_open_is_waited_for_for_four_minutes),
		cmocka_unit_test(a_connection_attempt_is_repeated_after_the_retry_time),
		cmocka_unit_test(waits_twice_as_long_after_each_failure_up_to_a_minute),
		cmocka_unit_test(only_a_session_that_lasted_makes_the_wait_short_again),
		cmocka_unit_test(a_peer_that_closes_at_once_is_tried_again_soon),
		cmocka_unit_test(a_peer_that_reads_nothing_is_given_up),
	};

	return cmocka_run_group_tests_name("bgp fsm", tests, NULL, NULL);
}
