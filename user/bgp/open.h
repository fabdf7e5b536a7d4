/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_OPEN_H
#define VIPCAST_BGP_OPEN_H

/* OPEN messages: RFC 4271 sections 4.2 and 6.2. */

#include <stdint.h>

#include "bgp/caps.h"
#include "bgp/notification.h"
#include "bgp/wire.h"

#define BGP_VERSION 4

struct bgp_open {
	uint8_t version;
	uint32_t as;	     /* out of the 4-octet AS capability where there is one */
	uint16_t hold_time;  /* seconds */
	uint32_t identifier; /* host order */
	struct bgp_caps caps;
};

/* The message's body, without the header. OPEN->as over 65535 goes out as AS_TRANS. */
void open_encode(struct wr *wr, const struct bgp_open *open);

/*
 * Reads the body. 0, or -EBADMSG with the NOTIFICATION to send. A peer that names no family at all
 * speaks IPv4 unicast (RFC 4760 section 8).
 */
int open_decode(struct rd *rd, struct bgp_open *out, struct bgp_notification *error);

/* Checks what the fields say against what we are set up for: FAMILIES of which the peer must speak
 * at least one. 0, or -EBADMSG with the NOTIFICATION to send. */
int open_check(const struct bgp_open *open, uint32_t peer_as, uint32_t families,
	       struct bgp_notification *error);

#endif
