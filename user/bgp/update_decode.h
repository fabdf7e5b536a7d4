/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_UPDATE_DECODE_H
#define VIPCAST_BGP_UPDATE_DECODE_H

/*
 * UPDATE messages that come in (RFC 4271 sections 4.3 and 6.3, RFC 4760). They are parsed, checked
 * by RFC 7606 and counted; the routes in them are never kept. We never ask for ADD-PATH towards
 * us, so received NLRIs carry no path identifiers.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bgp/notification.h"
#include "bgp/wire.h"

struct update_report {
	uint32_t announced[BGP_FAMILIES];
	uint32_t withdrawn[BGP_FAMILIES]; /* those treated as withdrawn are among them */
	bool end_of_rib[BGP_FAMILIES];	  /* RFC 4724 section 2 */
	bool faulty;			  /* RFC 7606 lets it pass, but something was wrong */
	char fault[160];		  /* what, in words */
};

/* Reads a message's body. 0, or -EBADMSG with the NOTIFICATION that ends the session. */
int update_decode(struct rd rd, bool four_octet_as, struct update_report *out,
		  struct bgp_notification *error);

#endif
