/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_NOTIFICATION_H
#define VIPCAST_BGP_NOTIFICATION_H

/* NOTIFICATION messages (RFC 4271 section 4.5): what an error is called, on the wire and in words.
 */

#include <stddef.h>
#include <stdint.h>

#include "bgp/bgp.h"
#include "bgp/wire.h"

enum bgp_error_code {
	BGP_ERR_HEADER = 1,
	BGP_ERR_OPEN = 2,
	BGP_ERR_UPDATE = 3,
	BGP_ERR_HOLD_TIMER = 4,
	BGP_ERR_FSM = 5,
	BGP_ERR_CEASE = 6,
	BGP_ERR_ROUTE_REFRESH = 7, /* RFC 7313 */
	BGP_ERR_SEND_HOLD = 8,	   /* RFC 9687 */
};

enum bgp_header_error {
	BGP_HEADER_NOT_SYNCHRONIZED = 1,
	BGP_HEADER_BAD_LENGTH = 2,
	BGP_HEADER_BAD_TYPE = 3,
};

enum bgp_open_error {
	BGP_OPEN_UNSPECIFIC = 0,
	BGP_OPEN_BAD_VERSION = 1,
	BGP_OPEN_BAD_PEER_AS = 2,
	BGP_OPEN_BAD_IDENTIFIER = 3,
	BGP_OPEN_BAD_PARAMETER = 4,
	BGP_OPEN_BAD_HOLD_TIME = 6,
	BGP_OPEN_BAD_CAPABILITY = 7, /* RFC 5492 */
};

enum bgp_update_error {
	BGP_UPDATE_MALFORMED_LIST = 1,
	BGP_UPDATE_UNKNOWN_WELL_KNOWN = 2,
	BGP_UPDATE_ATTR_LENGTH = 5,
	BGP_UPDATE_OPTIONAL_ATTR = 9,
	BGP_UPDATE_BAD_NLRI = 10,
};

/* RFC 6608 */
enum bgp_fsm_error {
	BGP_FSM_UNSPECIFIC = 0,
	BGP_FSM_IN_OPENSENT = 1,
	BGP_FSM_IN_OPENCONFIRM = 2,
	BGP_FSM_IN_ESTABLISHED = 3,
};

/* RFC 4486, RFC 8538, RFC 9384 */
enum bgp_cease {
	BGP_CEASE_MAX_PREFIXES = 1,
	BGP_CEASE_ADMIN_SHUTDOWN = 2,
	BGP_CEASE_DECONFIGURED = 3,
	BGP_CEASE_ADMIN_RESET = 4,
	BGP_CEASE_REJECTED = 5,
	BGP_CEASE_CONFIG_CHANGE = 6,
	BGP_CEASE_COLLISION = 7,
	BGP_CEASE_OUT_OF_RESOURCES = 8,
	BGP_CEASE_HARD_RESET = 9,
	BGP_CEASE_BFD_DOWN = 10,
};

/* RFC 7313 */
#define BGP_REFRESH_BAD_LENGTH 1

#define BGP_NOTIFICATION_DATA_MAX (BGP_MESSAGE_MAX - BGP_HEADER_LEN - 2)
#define BGP_SHUTDOWN_TEXT_MAX	  255 /* bytes: RFC 9003 */

struct bgp_notification {
	uint8_t code, subcode;
	char why[160]; /* in words, for our own log; not sent. "": the names say it all */
	size_t len;
	uint8_t data[BGP_NOTIFICATION_DATA_MAX];
};

/*
 * Fills OUT; DATA (may be NULL) is cut to fit. The words say what is wrong with which value.
 * Always returns -EBADMSG, so that a decoder ends with `return notification_set(...)`.
 */
int notification_set(struct bgp_notification *out, uint8_t code, uint8_t subcode, const void *data,
		     size_t len, const char *why, ...) __attribute__((format(printf, 6, 7)));

/* Cease with a text for the operator at the other end, cut at 255 bytes between characters. */
void notification_shutdown(struct bgp_notification *out, uint8_t subcode, const char *text);

/* The message's body, without the header. */
void notification_encode(struct wr *wr, const struct bgp_notification *notification);
/* A body shorter than two bytes reads as code 0, which no one has defined. */
void notification_decode(struct rd *rd, struct bgp_notification *out);

/*
 * "Cease/Administrative Shutdown \"bye\"", "OPEN Message Error/Bad Peer AS". What the peer wrote is
 * shown without control characters. Writes at most SIZE bytes with the NUL; returns BUF.
 */
const char *notification_describe(const struct bgp_notification *notification, char *buf,
				  size_t size);

#endif
