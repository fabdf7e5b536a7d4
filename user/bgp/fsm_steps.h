/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_FSM_STEPS_H
#define VIPCAST_BGP_FSM_STEPS_H

/* The steps of RFC 4271 section 8.2.2 that several states share. For fsm.c alone. */

#include "bgp/fsm.h"

#define OPEN_HOLD_TIME	240000u /* ms: "a large value", section 8.2.2 */
#define IDLE_HOLD_FIRST 1000u	/* ms: the wait after the first failure */

/* The one place where the state changes. Timers that the new state does not have are stopped.
 * REASON NULL: what was known stays true. */
void fsm_change_state(struct fsm *fsm, enum bgp_state to, const char *reason, uint64_t now);

/* "Initiates a TCP connection to the other BGP peer", in Connect. */
void fsm_initiate(struct fsm *fsm, const char *reason, uint64_t now);

/* Start the timer anew. A negotiated hold time of zero: they never run (section 4.2). */
void fsm_start_timer(struct fsm *fsm, enum fsm_timer timer, uint64_t duration, uint64_t now);
void fsm_restart_hold(struct fsm *fsm, uint64_t now);
void fsm_restart_keepalive(struct fsm *fsm, uint64_t now);

/* Drops the connection: to Idle, and out of it again by the IdleHoldTimer if the session is still
 * wanted. */
void fsm_fail(struct fsm *fsm, const char *reason, uint64_t now);
/* The same, and says to the peer what was wrong: the error given; an event that the state does not
 * expect (RFC 6608); a hold timer that ran out after HOLD_TIME ms; a peer that reads nothing
 * (RFC 9687). */
void fsm_fail_with(struct fsm *fsm, const struct bgp_notification *error, uint64_t now);
void fsm_fail_unexpected(struct fsm *fsm, enum fsm_event event, uint64_t now);
void fsm_fail_hold(struct fsm *fsm, uint32_t hold_time, uint64_t now);
void fsm_fail_send_hold(struct fsm *fsm, uint64_t now);

/* The connection was lost before the peer's OPEN: to Active. */
void fsm_go_active(struct fsm *fsm, const char *reason, uint64_t now);

/* ManualStop: DETAIL->error is the Cease for a peer that we had sent an OPEN. */
void fsm_stop(struct fsm *fsm, const struct fsm_detail *detail, uint64_t now);

#endif
