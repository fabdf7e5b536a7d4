/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_FSM_H
#define VIPCAST_BGP_FSM_H

/*
 * The finite state machine of RFC 4271 section 8, to be read beside it. One function takes each
 * event; what the RFC has the machine do is done by its owner through struct fsm_actions. Of the
 * optional attributes (section 8.1.1) it has IdleHoldTime with DampPeerOscillations; it does not
 * listen, and does not delay its OPEN.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bgp/bgp.h"
#include "bgp/notification.h"

/* RFC 4271 section 8.1, with its numbers where it has them. */
enum fsm_event {
	FSM_START = 1,		       /* ManualStart */
	FSM_STOP = 2,		       /* ManualStop */
	FSM_CONNECT_RETRY = 9,	       /* ConnectRetryTimer_Expires */
	FSM_HOLD = 10,		       /* HoldTimer_Expires */
	FSM_KEEPALIVE = 11,	       /* KeepaliveTimer_Expires */
	FSM_IDLE_HOLD = 13,	       /* IdleHoldTimer_Expires */
	FSM_TCP_ACKED = 16,	       /* Tcp_CR_Acked */
	FSM_TCP_FAILS = 18,	       /* TcpConnectionFails */
	FSM_MSG_OPEN = 19,	       /* BGPOpen */
	FSM_HEADER_ERR = 21,	       /* BGPHeaderErr */
	FSM_OPEN_ERR = 22,	       /* BGPOpenMsgErr */
	FSM_MSG_NOTIFICATION_VER = 24, /* NotifMsgVerErr */
	FSM_MSG_NOTIFICATION = 25,     /* NotifMsg */
	FSM_MSG_KEEPALIVE = 26,	       /* KeepAliveMsg */
	FSM_MSG_UPDATE = 27,	       /* UpdateMsg */
	FSM_UPDATE_ERR = 28,	       /* UpdateMsgErr */
	FSM_SEND_HOLD = 29,	       /* SendHoldTimer_Expires: RFC 9687 */
	FSM_MSG_ROUTE_REFRESH,	       /* RFC 2918: no event of RFC 4271's */
};

enum fsm_timer {
	FSM_CONNECT_RETRY_TIMER,
	FSM_HOLD_TIMER,
	FSM_KEEPALIVE_TIMER,
	FSM_IDLE_HOLD_TIMER,
	FSM_SEND_HOLD_TIMER,
	FSM_TIMERS
};

/* What comes with an event. */
struct fsm_detail {
	const struct bgp_notification *error; /* to be sent: with errors and FSM_STOP */
	const char *reason;		      /* in words: with all that end a connection */
};

/* Each is called with FSM->ctx. */
struct fsm_actions {
	void (*connect)(void *ctx); /* may lead to an event from within: the last thing done */
	void (*drop)(void *ctx);    /* the TCP connection, or the attempt at one */
	void (*send_open)(void *ctx);
	void (*send_keepalive)(void *ctx);
	void (*send_notification)(void *ctx, const struct bgp_notification *error);
	uint32_t (*random)(void *ctx);
	/* Also called with FROM == TO == Connect, when an attempt got no answer and is repeated. */
	void (*state_changed)(void *ctx, enum bgp_state from, enum bgp_state to, const char *reason,
			      uint64_t now);
};

struct fsm {
	enum bgp_state state;
	bool wanted;			    /* started and not stopped since */
	uint32_t connect_retry_counter;	    /* RFC 4271 section 8: failures since the start */
	uint32_t idle_hold_time;	    /* ms, before jitter: of the next wait */
	uint32_t connect_retry_time;	    /* ms, configured */
	uint32_t hold_time, keepalive_time; /* ms, negotiated: set before FSM_MSG_OPEN */
	uint64_t established_at;
	uint64_t deadlines[FSM_TIMERS]; /* BGP_NEVER: does not run */
	const struct fsm_actions *actions;
	void *ctx;
};

/* Idle, not started. */
void fsm_init(struct fsm *fsm, uint32_t connect_retry_time, const struct fsm_actions *actions,
	      void *ctx);

/* DETAIL may be NULL for events that have none. */
void fsm_event(struct fsm *fsm, enum fsm_event event, const struct fsm_detail *detail,
	       uint64_t now);

/* The events of all timers that are due. */
void fsm_tick(struct fsm *fsm, uint64_t now);
uint64_t fsm_next_deadline(const struct fsm *fsm);

/* An UPDATE went out: RFC 4271 section 4.4 starts the KeepaliveTimer anew. */
void fsm_update_sent(struct fsm *fsm, uint64_t now);
/* The peer takes what we send (PROGRESS), or there is nothing that it should take (!PENDING). */
void fsm_send_progress(struct fsm *fsm, bool progress, bool pending, uint64_t now);

#endif
