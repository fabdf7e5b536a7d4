/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_CAPS_H
#define VIPCAST_BGP_CAPS_H

/* Capabilities of an OPEN message, RFC 5492. */

#include <stdbool.h>
#include <stdint.h>

#include "bgp/bgp.h"
#include "bgp/wire.h"

/* RFC 7911 section 4, bits */
#define ADD_PATH_RECEIVE 1
#define ADD_PATH_SEND	 2

struct bgp_caps {
	uint32_t families;		/* RFC 4760: bits 1 << enum bgp_family */
	bool multiprotocol;		/* some family was named, spoken here or not */
	bool route_refresh;		/* RFC 2918 */
	bool four_octet_as;		/* RFC 6793 */
	uint32_t as;			/* with four_octet_as */
	uint8_t add_path[BGP_FAMILIES]; /* RFC 7911: the bits above */
};

/* Writes all of CAPS, one capability after the other. */
void caps_encode(struct wr *wr, const struct bgp_caps *caps);

/*
 * Adds what RD holds to CAPS. Unknown capabilities are passed over, as are known ones whose value
 * does not make sense (RFC 5492 section 3, RFC 7911 section 4). False: a length runs over the end.
 */
bool caps_decode(struct rd *rd, struct bgp_caps *caps);

#endif
