/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_SESSION_STATE_H
#define VIPCAST_BGP_SESSION_STATE_H

/* What session.c and session_input.c share. */

#include "bgp/export.h"
#include "bgp/fsm.h"
#include "bgp/open.h"
#include "bgp/session.h"

/* Room for an OPEN, a KEEPALIVE and the largest NOTIFICATION. */
#define OUTBOX_SIZE (BGP_MESSAGE_MAX + 512)

enum session_link { LINK_NONE, LINK_CONNECTING, LINK_UP };

struct bgp_session {
	struct bgp_config config;
	struct rib *rib;
	struct bgp_callbacks callbacks;
	void *ctx;

	struct fsm fsm;
	enum session_link link; /* the TCP connection, as far as the owner told */
	struct bgp_facts facts;
	char reason[400];
	char refusal[300];     /* the peer's last NOTIFICATION since the session was up */
	struct export *export; /* while Established */

	uint8_t in[BGP_MESSAGE_MAX]; /* the message that is arriving */
	size_t in_len;
	uint8_t out[OUTBOX_SIZE]; /* messages other than UPDATEs */
	size_t out_len;
	bool keepalive_waits; /* one of them is a KEEPALIVE */
};

/* Handles one whole message: header and body. */
void session_message(struct bgp_session *session, uint8_t type, const uint8_t *bytes, size_t len,
		     uint64_t now);
/* What we offer in our OPEN. */
void session_our_open(const struct bgp_session *session, struct bgp_open *open);

#endif
