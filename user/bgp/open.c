// SPDX-License-Identifier: Apache-2.0
#include "bgp/open.h"

#define PARAM_CAPABILITIES 2   /* RFC 5492 section 4 */
#define PARAM_EXTENDED	   255 /* RFC 9072 section 2: in place of the first parameter's type */

void open_encode(struct wr *wr, const struct bgp_open *open)
{
	wr_u8(wr, open->version);
	wr_u16(wr, (uint16_t)(open->as > UINT16_MAX ? BGP_AS_TRANS : open->as));
	wr_u16(wr, open->hold_time);
	wr_u32(wr, open->identifier);

	size_t params = wr_open8(wr);

	wr_u8(wr, PARAM_CAPABILITIES);

	size_t caps = wr_open8(wr);

	caps_encode(wr, &open->caps);
	wr_close8(wr, caps);
	wr_close8(wr, params);
}

static int malformed(struct bgp_notification *error, const char *what)
{
	return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_UNSPECIFIC, NULL, 0, "%s", what);
}

/*
 * The optional parameters' own bytes, however their length is written: in one byte, or the
 * extended way of RFC 9072, where each parameter's length has two bytes (*wide) and the one byte
 * means nothing but that it is not zero.
 */
static bool read_params(struct rd *rd, struct rd *params, bool *wide)
{
	uint8_t len;

	if (!rd_u8(rd, &len))
		return false;
	*wide = len && rd_left(rd) && *rd->p == PARAM_EXTENDED;
	if (*wide) {
		uint8_t type;
		uint16_t extended_len;

		return rd_u8(rd, &type) && rd_u16(rd, &extended_len) &&
		       rd_sub(rd, extended_len, params) && !rd_left(rd);
	}
	return rd_sub(rd, len, params) && !rd_left(rd);
}

static bool read_param(struct rd *params, bool wide, uint8_t *type, struct rd *value)
{
	uint8_t short_len;
	uint16_t len;

	if (!rd_u8(params, type))
		return false;
	if (wide)
		return rd_u16(params, &len) && rd_sub(params, len, value);
	return rd_u8(params, &short_len) && rd_sub(params, short_len, value);
}

int open_decode(struct rd *rd, struct bgp_open *out, struct bgp_notification *error)
{
	static const uint8_t our_version[] = {0, BGP_VERSION};
	struct rd params;
	uint16_t my_as;
	bool wide;

	*out = (struct bgp_open){0};
	if (!rd_u8(rd, &out->version) || !rd_u16(rd, &my_as) || !rd_u16(rd, &out->hold_time) ||
	    !rd_u32(rd, &out->identifier))
		return malformed(error, "OPEN cut short");
	if (out->version != BGP_VERSION)
		return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_BAD_VERSION, our_version,
					sizeof(our_version), "peer speaks version %u",
					out->version);
	if (!read_params(rd, &params, &wide))
		return malformed(error, "length of the optional parameters is wrong");
	while (rd_left(&params)) {
		struct rd value;
		uint8_t type;

		if (!read_param(&params, wide, &type, &value))
			return malformed(error, "an optional parameter runs over the end");
		if (type != PARAM_CAPABILITIES)
			return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_BAD_PARAMETER, NULL,
						0, "optional parameter of type %u", type);
		if (!caps_decode(&value, &out->caps))
			return malformed(error, "a capability runs over the end");
	}
	out->as = out->caps.four_octet_as ? out->caps.as : my_as;
	if (!out->caps.multiprotocol)
		out->caps.families = BGP_FAMILY_BIT(BGP_IPV4_UNICAST);
	return 0;
}

int open_check(const struct bgp_open *open, uint32_t peer_as, uint32_t families,
	       struct bgp_notification *error)
{
	if (open->as == 0 || open->as != peer_as)
		return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_BAD_PEER_AS, NULL, 0,
					"peer is AS %u, expected AS %u", open->as, peer_as);
	if (open->hold_time == 1 || open->hold_time == 2)
		return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_BAD_HOLD_TIME, NULL, 0,
					"peer offers a hold time of %u s", open->hold_time);
	/* The identifier need not differ from ours in another AS: RFC 6286 section 2.2. */
	if (open->identifier == 0)
		return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_BAD_IDENTIFIER, NULL, 0,
					"peer's BGP identifier is 0.0.0.0");
	if (!(open->caps.families & families)) {
		uint8_t data[32];
		struct wr wr = wr_init(data, sizeof(data));

		/* RFC 5492 section 3: the data lists the capabilities that were wanted. */
		caps_encode(&wr, &(struct bgp_caps){.families = families});
		return notification_set(error, BGP_ERR_OPEN, BGP_OPEN_BAD_CAPABILITY, data, wr.len,
					"peer speaks none of our address families");
	}
	return 0;
}
