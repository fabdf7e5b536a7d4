// SPDX-License-Identifier: Apache-2.0
/*
 * One function a state, each a switch over the events in the RFC's order (section 8.2.2); what it
 * does not name is "any other event". The steps that they take are in fsm_steps.c.
 */

#include "bgp/fsm.h"

#include "bgp/fsm_steps.h"

static void idle(struct fsm *fsm, enum fsm_event event, uint64_t now)
{
	switch (event) {
	case FSM_START:
		fsm->wanted = true;
		fsm->connect_retry_counter = 0;
		fsm->idle_hold_time = IDLE_HOLD_FIRST;
		fsm_initiate(fsm, NULL, now);
		break;
	case FSM_IDLE_HOLD:
		fsm_initiate(fsm, NULL, now);
		break;
	default: /* ignored, each of them */
		break;
	}
}

static void connecting(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail,
		       uint64_t now)
{
	switch (event) {
	case FSM_START:
		break;
	case FSM_STOP:
		fsm_stop(fsm, detail, now);
		break;
	case FSM_CONNECT_RETRY:
		fsm->actions->drop(fsm->ctx);
		fsm_initiate(fsm, "no answer to the connection attempt", now);
		break;
	case FSM_TCP_ACKED:
		fsm->actions->send_open(fsm->ctx);
		fsm_start_timer(fsm, FSM_HOLD_TIMER, OPEN_HOLD_TIME, now);
		fsm_change_state(fsm, BGP_OPENSENT, NULL, now);
		break;
	default: /* 18 as well, since the DelayOpenTimer never runs */
		fsm_fail(fsm, detail->reason, now);
		break;
	}
}

/* Only reached from OpenSent, and left by the ConnectRetryTimer: we do not listen. */
static void active(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail,
		   uint64_t now)
{
	switch (event) {
	case FSM_START:
		break;
	case FSM_STOP:
		fsm_stop(fsm, detail, now);
		break;
	case FSM_CONNECT_RETRY:
		fsm_initiate(fsm, NULL, now);
		break;
	default:
		fsm_fail(fsm, detail->reason, now);
		break;
	}
}

static void open_sent(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail,
		      uint64_t now)
{
	switch (event) {
	case FSM_START:
		break;
	case FSM_STOP:
		fsm_stop(fsm, detail, now);
		break;
	case FSM_HOLD:
		fsm_fail_hold(fsm, OPEN_HOLD_TIME, now);
		break;
	case FSM_TCP_FAILS:
		fsm_go_active(fsm, detail->reason, now);
		break;
	case FSM_MSG_OPEN:
		fsm->deadlines[FSM_HOLD_TIMER] = BGP_NEVER;
		fsm_restart_hold(fsm, now);
		fsm_restart_keepalive(fsm, now);
		fsm->actions->send_keepalive(fsm->ctx);
		fsm_change_state(fsm, BGP_OPENCONFIRM, NULL, now);
		break;
	case FSM_HEADER_ERR:
	case FSM_OPEN_ERR:
		fsm_fail_with(fsm, detail->error, now);
		break;
	case FSM_MSG_NOTIFICATION_VER:
	case FSM_MSG_NOTIFICATION: /* never answered by another one: section 6.4 */
		fsm_fail(fsm, detail->reason, now);
		break;
	default:
		fsm_fail_unexpected(fsm, event, now);
		break;
	}
}

static void open_confirm(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail,
			 uint64_t now)
{
	switch (event) {
	case FSM_START:
		break;
	case FSM_STOP:
		fsm_stop(fsm, detail, now);
		break;
	case FSM_HOLD:
		fsm_fail_hold(fsm, fsm->hold_time, now);
		break;
	case FSM_KEEPALIVE:
		fsm->actions->send_keepalive(fsm->ctx);
		fsm_restart_keepalive(fsm, now);
		break;
	case FSM_TCP_FAILS:
	case FSM_MSG_NOTIFICATION_VER:
	case FSM_MSG_NOTIFICATION:
		fsm_fail(fsm, detail->reason, now);
		break;
	case FSM_HEADER_ERR:
	case FSM_OPEN_ERR:
		fsm_fail_with(fsm, detail->error, now);
		break;
	case FSM_MSG_KEEPALIVE:
		fsm_restart_hold(fsm, now);
		fsm_change_state(fsm, BGP_ESTABLISHED, "", now);
		break;
	default:
		fsm_fail_unexpected(fsm, event, now);
		break;
	}
}

static void established(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail,
			uint64_t now)
{
	switch (event) {
	case FSM_START:
		break;
	case FSM_STOP:
		fsm_stop(fsm, detail, now);
		break;
	case FSM_HOLD:
		fsm_fail_hold(fsm, fsm->hold_time, now);
		break;
	case FSM_KEEPALIVE:
		fsm->actions->send_keepalive(fsm->ctx);
		fsm_restart_keepalive(fsm, now);
		break;
	case FSM_TCP_FAILS:
	case FSM_MSG_NOTIFICATION_VER:
	case FSM_MSG_NOTIFICATION:
		fsm_fail(fsm, detail->reason, now);
		break;
	case FSM_HEADER_ERR:
	case FSM_UPDATE_ERR:
		fsm_fail_with(fsm, detail->error, now);
		break;
	case FSM_MSG_KEEPALIVE:
	case FSM_MSG_UPDATE:
		fsm_restart_hold(fsm, now);
		break;
	case FSM_MSG_ROUTE_REFRESH:
		break;
	case FSM_SEND_HOLD:
		fsm_fail_send_hold(fsm, now);
		break;
	default:
		fsm_fail_unexpected(fsm, event, now);
		break;
	}
}

void fsm_event(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail, uint64_t now)
{
	static const struct fsm_detail none = {.reason = NULL};

	if (!detail)
		detail = &none;
	switch (fsm->state) {
	case BGP_IDLE:
		/* A session that waits to connect again can still be stopped. */
		if (event == FSM_STOP)
			fsm_stop(fsm, detail, now);
		else
			idle(fsm, event, now);
		break;
	case BGP_CONNECT:
		connecting(fsm, event, detail, now);
		break;
	case BGP_ACTIVE:
		active(fsm, event, detail, now);
		break;
	case BGP_OPENSENT:
		open_sent(fsm, event, detail, now);
		break;
	case BGP_OPENCONFIRM:
		open_confirm(fsm, event, detail, now);
		break;
	case BGP_ESTABLISHED:
		established(fsm, event, detail, now);
		break;
	default:
		break;
	}
}

/* ---- time -------------------------------------------------------------------------------- */

static const enum fsm_event expires[FSM_TIMERS] = {
	[FSM_CONNECT_RETRY_TIMER] = FSM_CONNECT_RETRY, [FSM_HOLD_TIMER] = FSM_HOLD,
	[FSM_KEEPALIVE_TIMER] = FSM_KEEPALIVE,	       [FSM_IDLE_HOLD_TIMER] = FSM_IDLE_HOLD,
	[FSM_SEND_HOLD_TIMER] = FSM_SEND_HOLD,
};

void fsm_tick(struct fsm *fsm, uint64_t now)
{
	for (int t = 0; t < FSM_TIMERS; t++) {
		if (fsm->deadlines[t] > now)
			continue;
		fsm->deadlines[t] = BGP_NEVER;
		fsm_event(fsm, expires[t], NULL, now);
	}
}

uint64_t fsm_next_deadline(const struct fsm *fsm)
{
	uint64_t next = BGP_NEVER;

	for (int t = 0; t < FSM_TIMERS; t++) {
		if (fsm->deadlines[t] < next)
			next = fsm->deadlines[t];
	}
	return next;
}
