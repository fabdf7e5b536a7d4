// SPDX-License-Identifier: Apache-2.0
#include "bgp/notification.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SUBCODES 12

/* IANA: BGP Error (Notification) Codes and their subcodes. Subcode 0 is "Unspecific". */
static const struct {
	const char *name;
	const char *sub[SUBCODES];
} codes[] = {
	[BGP_ERR_HEADER] =
		{
			"Message Header Error",
			{
				[BGP_HEADER_NOT_SYNCHRONIZED] = "Connection Not Synchronized",
				[BGP_HEADER_BAD_LENGTH] = "Bad Message Length",
				[BGP_HEADER_BAD_TYPE] = "Bad Message Type",
			},
		},
	[BGP_ERR_OPEN] =
		{
			"OPEN Message Error",
			{
				[BGP_OPEN_BAD_VERSION] = "Unsupported Version Number",
				[BGP_OPEN_BAD_PEER_AS] = "Bad Peer AS",
				[BGP_OPEN_BAD_IDENTIFIER] = "Bad BGP Identifier",
				[BGP_OPEN_BAD_PARAMETER] = "Unsupported Optional Parameter",
				[5] = "Authentication Failure",
				[BGP_OPEN_BAD_HOLD_TIME] = "Unacceptable Hold Time",
				[BGP_OPEN_BAD_CAPABILITY] = "Unsupported Capability",
				[11] = "Role Mismatch",
			},
		},
	[BGP_ERR_UPDATE] =
		{
			"UPDATE Message Error",
			{
				[BGP_UPDATE_MALFORMED_LIST] = "Malformed Attribute List",
				[BGP_UPDATE_UNKNOWN_WELL_KNOWN] =
					"Unrecognized Well-known Attribute",
				[3] = "Missing Well-known Attribute",
				[4] = "Attribute Flags Error",
				[BGP_UPDATE_ATTR_LENGTH] = "Attribute Length Error",
				[6] = "Invalid ORIGIN Attribute",
				[7] = "AS Routing Loop",
				[8] = "Invalid NEXT_HOP Attribute",
				[BGP_UPDATE_OPTIONAL_ATTR] = "Optional Attribute Error",
				[BGP_UPDATE_BAD_NLRI] = "Invalid Network Field",
				[11] = "Malformed AS_PATH",
			},
		},
	[BGP_ERR_HOLD_TIMER] = {"Hold Timer Expired", {0}},
	[BGP_ERR_FSM] =
		{
			"Finite State Machine Error",
			{
				[BGP_FSM_IN_OPENSENT] =
					"Receive Unexpected Message in OpenSent State",
				[BGP_FSM_IN_OPENCONFIRM] =
					"Receive Unexpected Message in OpenConfirm State",
				[BGP_FSM_IN_ESTABLISHED] =
					"Receive Unexpected Message in Established State",
			},
		},
	[BGP_ERR_CEASE] =
		{
			"Cease",
			{
				[BGP_CEASE_MAX_PREFIXES] = "Maximum Number of Prefixes Reached",
				[BGP_CEASE_ADMIN_SHUTDOWN] = "Administrative Shutdown",
				[BGP_CEASE_DECONFIGURED] = "Peer De-configured",
				[BGP_CEASE_ADMIN_RESET] = "Administrative Reset",
				[BGP_CEASE_REJECTED] = "Connection Rejected",
				[BGP_CEASE_CONFIG_CHANGE] = "Other Configuration Change",
				[BGP_CEASE_COLLISION] = "Connection Collision Resolution",
				[BGP_CEASE_OUT_OF_RESOURCES] = "Out of Resources",
				[BGP_CEASE_HARD_RESET] = "Hard Reset",
				[BGP_CEASE_BFD_DOWN] = "BFD Down",
			},
		},
	[BGP_ERR_ROUTE_REFRESH] =
		{
			"ROUTE-REFRESH Message Error",
			{
				[BGP_REFRESH_BAD_LENGTH] = "Invalid Message Length",
			},
		},
	[BGP_ERR_SEND_HOLD] = {"Send Hold Timer Expired", {0}},
};

#define CODES (sizeof(codes) / sizeof(*codes))

int notification_set(struct bgp_notification *out, uint8_t code, uint8_t subcode, const void *data,
		     size_t len, const char *why, ...)
{
	va_list args;

	out->code = code;
	out->subcode = subcode;
	out->len = data ? len : 0;
	if (out->len > sizeof(out->data))
		out->len = sizeof(out->data);
	if (out->len)
		memcpy(out->data, data, out->len);
	va_start(args, why);
	(void)vsnprintf(out->why, sizeof(out->why), why, args);
	va_end(args);
	return -EBADMSG;
}

void notification_shutdown(struct bgp_notification *out, uint8_t subcode, const char *text)
{
	uint8_t data[1 + BGP_SHUTDOWN_TEXT_MAX];
	struct wr wr = wr_init(data, sizeof(data));
	size_t len = strlen(text);

	if (len > BGP_SHUTDOWN_TEXT_MAX) {
		len = BGP_SHUTDOWN_TEXT_MAX;
		while (len && ((uint8_t)text[len] & 0xc0) == 0x80) /* in a UTF-8 character */
			len--;
	}
	wr_u8(&wr, (uint8_t)len);
	wr_bytes(&wr, text, len);
	(void)notification_set(out, BGP_ERR_CEASE, subcode, data, wr.len, "%s", "");
}

void notification_encode(struct wr *wr, const struct bgp_notification *notification)
{
	wr_u8(wr, notification->code);
	wr_u8(wr, notification->subcode);
	wr_bytes(wr, notification->data, notification->len);
}

void notification_decode(struct rd *rd, struct bgp_notification *out)
{
	uint8_t code = 0;
	uint8_t subcode = 0;

	if (!rd_u8(rd, &code) || !rd_u8(rd, &subcode))
		code = 0;
	(void)notification_set(out, code, subcode, rd->p, rd_left(rd), "%s", "");
}

/* snprintf() at the end of what is there, cut to fit. */
static void add(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(buf + used, size - used, fmt, args);
	va_end(args);
}

/* RFC 9003: a length byte and UTF-8 of that length. */
static bool has_text(const struct bgp_notification *n)
{
	return n->code == BGP_ERR_CEASE &&
	       (n->subcode == BGP_CEASE_ADMIN_SHUTDOWN || n->subcode == BGP_CEASE_ADMIN_RESET) &&
	       n->len >= 2 && n->data[0] > 0 && n->data[0] <= n->len - 1;
}

static void add_text(char *buf, size_t size, const struct bgp_notification *n)
{
	char text[BGP_SHUTDOWN_TEXT_MAX + 1];
	size_t len = n->data[0];

	for (size_t i = 0; i < len; i++) {
		uint8_t c = n->data[1 + i];

		text[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	text[len] = '\0';
	add(buf, size, " \"%s\"", text);
}

static void add_data(char *buf, size_t size, const struct bgp_notification *n)
{
	size_t shown = n->len < 16 ? n->len : 16;

	add(buf, size, " (data ");
	for (size_t i = 0; i < shown; i++)
		add(buf, size, "%02x", n->data[i]);
	add(buf, size, "%s)", shown < n->len ? "..." : "");
}

const char *notification_describe(const struct bgp_notification *n, char *buf, size_t size)
{
	bool known = n->code < CODES && codes[n->code].name;
	const char *sub = known && n->subcode < SUBCODES ? codes[n->code].sub[n->subcode] : NULL;

	buf[0] = '\0';
	if (known)
		add(buf, size, "%s", codes[n->code].name);
	else
		add(buf, size, "code %u", n->code);
	if (sub)
		add(buf, size, "/%s", sub);
	else if (n->subcode)
		add(buf, size, "/subcode %u", n->subcode);
	if (has_text(n))
		add_text(buf, size, n);
	else if (n->len)
		add_data(buf, size, n);
	if (n->why[0])
		add(buf, size, ": %s", n->why);
	return buf;
}
