// SPDX-License-Identifier: Apache-2.0
/*
 * After a failure the machine goes to Idle and stays there for the IdleHoldTime: 1 s after the
 * first one, doubled for each that follows, up to 60 s. A session that stood for a while makes it
 * 1 s again; one that only came up to be torn down at once does not.
 */

#include "bgp/fsm_steps.h"

#include <stdio.h>

#define SECOND		1000u /* ms */
#define IDLE_HOLD_MOST	60000u
#define STABLE_AFTER	30000u
#define SEND_HOLD_LEAST 480000u

void fsm_init(struct fsm *fsm, uint32_t connect_retry_time, const struct fsm_actions *actions,
	      void *ctx)
{
	*fsm = (struct fsm){
		.state = BGP_IDLE,
		.idle_hold_time = IDLE_HOLD_FIRST,
		.connect_retry_time = connect_retry_time,
		.actions = actions,
		.ctx = ctx,
	};
	for (int t = 0; t < FSM_TIMERS; t++)
		fsm->deadlines[t] = BGP_NEVER;
}

/* ---- timers ------------------------------------------------------------------------------ */

/* Which timers run on into a state (section 8.2.2 stops the others on the way). Into Idle: none. */
static const bool runs_in[BGP_STATE_COUNT][FSM_TIMERS] = {
	[BGP_CONNECT] = {[FSM_CONNECT_RETRY_TIMER] = true},
	[BGP_ACTIVE] = {[FSM_CONNECT_RETRY_TIMER] = true},
	[BGP_OPENSENT] = {[FSM_HOLD_TIMER] = true},
	[BGP_OPENCONFIRM] = {[FSM_HOLD_TIMER] = true, [FSM_KEEPALIVE_TIMER] = true},
	[BGP_ESTABLISHED] = {[FSM_HOLD_TIMER] = true,
			     [FSM_KEEPALIVE_TIMER] = true,
			     [FSM_SEND_HOLD_TIMER] = true},
};

void fsm_start_timer(struct fsm *fsm, enum fsm_timer timer, uint64_t duration, uint64_t now)
{
	fsm->deadlines[timer] = now + duration;
}

/* Section 10: a factor between 0.75 and 1.0. */
static uint64_t jittered(const struct fsm *fsm, uint64_t duration)
{
	return duration * 3 / 4 + fsm->actions->random(fsm->ctx) % (duration / 4 + 1);
}

static void start_connect_retry(struct fsm *fsm, uint64_t now)
{
	fsm_start_timer(fsm, FSM_CONNECT_RETRY_TIMER, jittered(fsm, fsm->connect_retry_time), now);
}

void fsm_restart_hold(struct fsm *fsm, uint64_t now)
{
	if (fsm->hold_time)
		fsm_start_timer(fsm, FSM_HOLD_TIMER, fsm->hold_time, now);
}

void fsm_restart_keepalive(struct fsm *fsm, uint64_t now)
{
	if (fsm->hold_time)
		fsm_start_timer(fsm, FSM_KEEPALIVE_TIMER, jittered(fsm, fsm->keepalive_time), now);
}

/* The wait after one more failure; each makes the next one longer. */
static uint64_t back_off(struct fsm *fsm)
{
	uint64_t wait = jittered(fsm, fsm->idle_hold_time);

	fsm->idle_hold_time *= 2;
	if (fsm->idle_hold_time > IDLE_HOLD_MOST)
		fsm->idle_hold_time = IDLE_HOLD_MOST;
	return wait;
}

/* ---- steps that several states share ------------------------------------------------------- */

void fsm_change_state(struct fsm *fsm, enum bgp_state to, const char *reason, uint64_t now)
{
	enum bgp_state from = fsm->state;

	fsm->state = to;
	for (int t = 0; t < FSM_TIMERS; t++) {
		if (!runs_in[to][t])
			fsm->deadlines[t] = BGP_NEVER;
	}
	if (to == BGP_ESTABLISHED)
		fsm->established_at = now;
	if (from == BGP_ESTABLISHED && now - fsm->established_at >= STABLE_AFTER)
		fsm->idle_hold_time = IDLE_HOLD_FIRST;
	fsm->actions->state_changed(fsm->ctx, from, to, reason, now);
}

void fsm_initiate(struct fsm *fsm, const char *reason, uint64_t now)
{
	start_connect_retry(fsm, now);
	fsm_change_state(fsm, BGP_CONNECT, reason, now);
	fsm->actions->connect(fsm->ctx);
}

void fsm_fail(struct fsm *fsm, const char *reason, uint64_t now)
{
	fsm->actions->drop(fsm->ctx);
	fsm->connect_retry_counter++;
	fsm_change_state(fsm, BGP_IDLE, reason, now);
	if (fsm->wanted)
		fsm_start_timer(fsm, FSM_IDLE_HOLD_TIMER, back_off(fsm), now);
}

void fsm_fail_with(struct fsm *fsm, const struct bgp_notification *error, uint64_t now)
{
	char words[256];
	char reason[sizeof(words) + 32];

	(void)snprintf(reason, sizeof(reason), "sent NOTIFICATION %s",
		       notification_describe(error, words, sizeof(words)));
	fsm->actions->send_notification(fsm->ctx, error);
	fsm_fail(fsm, reason, now);
}

/* RFC 6608: subcode by state, and the type of the message as data where it was a message. */
void fsm_fail_unexpected(struct fsm *fsm, enum fsm_event event, uint64_t now)
{
	static const uint8_t subcodes[BGP_STATE_COUNT] = {
		[BGP_OPENSENT] = BGP_FSM_IN_OPENSENT,
		[BGP_OPENCONFIRM] = BGP_FSM_IN_OPENCONFIRM,
		[BGP_ESTABLISHED] = BGP_FSM_IN_ESTABLISHED,
	};
	static const struct {
		enum fsm_event event;
		uint8_t type;
	} messages[] = {
		{FSM_MSG_OPEN, BGP_OPEN},
		{FSM_MSG_KEEPALIVE, BGP_KEEPALIVE},
		{FSM_MSG_UPDATE, BGP_UPDATE},
		{FSM_UPDATE_ERR, BGP_UPDATE},
		{FSM_MSG_ROUTE_REFRESH, BGP_ROUTE_REFRESH},
	};
	struct bgp_notification error;

	(void)notification_set(&error, BGP_ERR_FSM, subcodes[fsm->state], NULL, 0, "event %u",
			       event);
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		if (messages[i].event == event)
			(void)notification_set(&error, BGP_ERR_FSM, subcodes[fsm->state],
					       &messages[i].type, 1, "%s",
					       bgp_message_name(messages[i].type));
	}
	fsm_fail_with(fsm, &error, now);
}

void fsm_fail_hold(struct fsm *fsm, uint32_t hold_time, uint64_t now)
{
	struct bgp_notification error;
	char reason[80];

	(void)notification_set(&error, BGP_ERR_HOLD_TIMER, 0, NULL, 0, "%s", "");
	(void)snprintf(reason, sizeof(reason), "hold timer expired: nothing from the peer in %u s",
		       hold_time / SECOND);
	fsm->actions->send_notification(fsm->ctx, &error);
	fsm_fail(fsm, reason, now);
}

/* RFC 9687 section 4: 8 minutes or twice the hold time, whichever is more. */
static uint64_t send_hold_time(const struct fsm *fsm)
{
	uint64_t twice = 2 * (uint64_t)fsm->hold_time;

	return twice > SEND_HOLD_LEAST ? twice : SEND_HOLD_LEAST;
}

void fsm_fail_send_hold(struct fsm *fsm, uint64_t now)
{
	struct bgp_notification error;
	char reason[80];

	(void)notification_set(&error, BGP_ERR_SEND_HOLD, 0, NULL, 0, "%s", "");
	(void)snprintf(reason, sizeof(reason),
		       "send hold timer expired: the peer has read nothing for %u s",
		       (unsigned int)(send_hold_time(fsm) / SECOND));
	fsm->actions->send_notification(fsm->ctx, &error);
	fsm_fail(fsm, reason, now);
}

/*
 * The RFC has the ConnectRetryTimer run for its usual time here. A peer that accepts connections
 * and closes them at once (one that is starting, or was just given another address) should be
 * tried sooner than that, but not over and over.
 */
void fsm_go_active(struct fsm *fsm, const char *reason, uint64_t now)
{
	uint64_t wait = back_off(fsm);

	fsm->actions->drop(fsm->ctx);
	start_connect_retry(fsm, now);
	if (now + wait < fsm->deadlines[FSM_CONNECT_RETRY_TIMER])
		fsm_start_timer(fsm, FSM_CONNECT_RETRY_TIMER, wait, now);
	fsm_change_state(fsm, BGP_ACTIVE, reason, now);
}

void fsm_stop(struct fsm *fsm, const struct fsm_detail *detail, uint64_t now)
{
	if (fsm->state >= BGP_OPENSENT)
		fsm->actions->send_notification(fsm->ctx, detail->error);
	fsm->actions->drop(fsm->ctx);
	fsm->wanted = false;
	fsm->connect_retry_counter = 0;
	fsm->idle_hold_time = IDLE_HOLD_FIRST;
	fsm_change_state(fsm, BGP_IDLE, detail->reason, now);
}

/* ---- what goes out ---------------------------------------------------------------------- */

void fsm_update_sent(struct fsm *fsm, uint64_t now)
{
	if (fsm->state == BGP_ESTABLISHED)
		fsm_restart_keepalive(fsm, now);
}

void fsm_send_progress(struct fsm *fsm, bool progress, bool pending, uint64_t now)
{
	uint64_t *deadline = &fsm->deadlines[FSM_SEND_HOLD_TIMER];

	if (fsm->state != BGP_ESTABLISHED || !pending)
		*deadline = BGP_NEVER;
	else if (progress || *deadline == BGP_NEVER)
		fsm_start_timer(fsm, FSM_SEND_HOLD_TIMER, send_hold_time(fsm), now);
}
