/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_MESSAGE_H
#define VIPCAST_BGP_MESSAGE_H

/* Framing: the header of every message, RFC 4271 sections 4.1 and 6.1. */

#include <stddef.h>
#include <stdint.h>

#include "bgp/notification.h"
#include "bgp/wire.h"

struct bgp_header {
	uint16_t len; /* of the whole message, header included */
	uint8_t type; /* enum bgp_message_type */
};

/*
 * Checks the BGP_HEADER_LEN bytes of a header: marker, length (between the least of its type and
 * MAX), type. 0, or -EBADMSG with the NOTIFICATION to send.
 */
int message_header(const uint8_t *bytes, size_t max, struct bgp_header *out,
		   struct bgp_notification *error);

/* Begins a message in WR, and ends it; the length is that of what was written between. */
size_t message_begin(struct wr *wr, enum bgp_message_type type);
void message_end(struct wr *wr, size_t start);

#endif
