/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_VIPCASTD_LEASE_HOLD_H
#define VIPCAST_VIPCASTD_LEASE_HOLD_H

/*
 * Whether this node may hold what must not be held twice: what follows from when its Lease was
 * renewed, and when not. Pure: times come in, milliseconds on a clock that also counts while the
 * machine sleeps.
 *
 * The Lease runs out one duration after the renewal was begun (that is when its time was taken).
 * What is held is given up before that, when one more try would come too late; and at once when it
 * is found to have run out already, because the process stood still. It is taken up again when the
 * Lease has been held without a break for some time: enough for the controller to see it, and
 * for its decision to arrive here.
 */

#include <stdbool.h>
#include <stdint.h>

struct lease_hold {
	uint64_t duration;    /* milliseconds */
	bool renewed, lost;   /* ever; now */
	uint64_t last;	      /* when the last renewal that succeeded was begun */
	uint64_t sound_since; /* lost: begin of the first of an unbroken row of renewals */
	bool sound;
};

enum lease_news {
	LEASE_NO_NEWS,
	LEASE_LOST,
	LEASE_REGAINED,
};

/* Nothing was renewed, nothing is lost. */
void lease_hold_init(struct lease_hold *hold, uint64_t duration);

/* Before a renewal, and whenever there is reason to doubt: has it run out? */
enum lease_news lease_hold_check(struct lease_hold *hold, uint64_t now);
/* A renewal that was begun at BEGUN has succeeded by NOW. */
enum lease_news lease_hold_renewed(struct lease_hold *hold, uint64_t begun, uint64_t now);
/* One has failed. */
enum lease_news lease_hold_failed(struct lease_hold *hold, uint64_t now);

#endif
