// SPDX-License-Identifier: Apache-2.0
#include "bgp/message.h"

#define MARKER_LEN 16

/*
 * The lengths that a message of each type can have (RFC 4271 section 4). A ROUTE-REFRESH is checked
 * when it is read: its wrong length has an error code of its own (RFC 7313 section 5).
 */
static const struct {
	uint16_t min, max; /* max 0: the session's */
} lengths[BGP_MESSAGE_TYPES] = {
	[BGP_OPEN] = {29, BGP_MESSAGE_MAX}, [BGP_UPDATE] = {23, 0},
	[BGP_NOTIFICATION] = {21, 0},	    [BGP_KEEPALIVE] = {19, 19},
	[BGP_ROUTE_REFRESH] = {19, 0},
};

int message_header(const uint8_t *bytes, size_t max, struct bgp_header *out,
		   struct bgp_notification *error)
{
	struct rd rd = rd_init(bytes, BGP_HEADER_LEN);
	const uint8_t *marker;

	if (!rd_bytes(&rd, MARKER_LEN, &marker) || !rd_u16(&rd, &out->len) ||
	    !rd_u8(&rd, &out->type))
		return notification_set(error, BGP_ERR_HEADER, 0, NULL, 0, "header cut short");
	for (int i = 0; i < MARKER_LEN; i++) {
		if (marker[i] != 0xff)
			return notification_set(error, BGP_ERR_HEADER, BGP_HEADER_NOT_SYNCHRONIZED,
						NULL, 0, "marker is not all ones");
	}
	if (out->len < BGP_HEADER_LEN || out->len > max)
		return notification_set(error, BGP_ERR_HEADER, BGP_HEADER_BAD_LENGTH,
					bytes + MARKER_LEN, 2, "length %u is not within %u to %zu",
					out->len, BGP_HEADER_LEN, max);
	if (out->type == 0 || out->type >= BGP_MESSAGE_TYPES)
		return notification_set(error, BGP_ERR_HEADER, BGP_HEADER_BAD_TYPE,
					bytes + MARKER_LEN + 2, 1, "type %u", out->type);

	size_t most = lengths[out->type].max ? lengths[out->type].max : max;

	if (out->len < lengths[out->type].min || out->len > most)
		return notification_set(error, BGP_ERR_HEADER, BGP_HEADER_BAD_LENGTH,
					bytes + MARKER_LEN, 2, "%s of length %u",
					bgp_message_name(out->type), out->len);
	return 0;
}

size_t message_begin(struct wr *wr, enum bgp_message_type type)
{
	size_t start = wr->len;

	for (int i = 0; i < MARKER_LEN; i++)
		wr_u8(wr, 0xff);
	wr_u16(wr, 0);
	wr_u8(wr, (uint8_t)type);
	return start;
}

void message_end(struct wr *wr, size_t start)
{
	size_t n = wr->len - start;

	if (wr->full)
		return;
	wr->buf[start + MARKER_LEN] = (uint8_t)(n >> 8);
	wr->buf[start + MARKER_LEN + 1] = (uint8_t)n;
}
