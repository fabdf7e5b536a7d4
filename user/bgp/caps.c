// SPDX-License-Identifier: Apache-2.0
#include "bgp/caps.h"

/*
 * One row a capability. decode() adds a value to CAPS, and leaves it alone when it makes no sense.
 * encode() writes the capabilities of its code, code and length included, or nothing.
 */
struct capability {
	uint8_t code;
	void (*decode)(struct rd *value, struct bgp_caps *caps);
	void (*encode)(struct wr *wr, uint8_t code, const struct bgp_caps *caps);
};

static size_t begin(struct wr *wr, uint8_t code)
{
	wr_u8(wr, code);
	return wr_open8(wr);
}

static void write_family(struct wr *wr, enum bgp_family family, bool wide)
{
	wr_u16(wr, bgp_family_afi(family));
	if (wide)
		wr_u8(wr, 0); /* reserved: RFC 4760 section 8 */
	wr_u8(wr, bgp_family_safi(family));
}

static void multiprotocol_decode(struct rd *value, struct bgp_caps *caps)
{
	uint16_t afi;
	uint8_t reserved;
	uint8_t safi;

	if (rd_left(value) != 4 || !rd_u16(value, &afi) || !rd_u8(value, &reserved) ||
	    !rd_u8(value, &safi))
		return;
	caps->multiprotocol = true;

	enum bgp_family family = bgp_family_of(afi, safi);

	if (family < BGP_FAMILIES)
		caps->families |= BGP_FAMILY_BIT(family);
}

static void multiprotocol_encode(struct wr *wr, uint8_t code, const struct bgp_caps *caps)
{
	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (!(caps->families & BGP_FAMILY_BIT(f)))
			continue;

		size_t len = begin(wr, code);

		write_family(wr, f, true);
		wr_close8(wr, len);
	}
}

static void route_refresh_decode(struct rd *value, struct bgp_caps *caps)
{
	if (!rd_left(value))
		caps->route_refresh = true;
}

static void route_refresh_encode(struct wr *wr, uint8_t code, const struct bgp_caps *caps)
{
	if (caps->route_refresh)
		wr_close8(wr, begin(wr, code));
}

static void four_octet_as_decode(struct rd *value, struct bgp_caps *caps)
{
	uint32_t as;

	if (rd_left(value) != 4 || !rd_u32(value, &as))
		return;
	caps->four_octet_as = true;
	caps->as = as;
}

static void four_octet_as_encode(struct wr *wr, uint8_t code, const struct bgp_caps *caps)
{
	if (!caps->four_octet_as)
		return;

	size_t len = begin(wr, code);

	wr_u32(wr, caps->as);
	wr_close8(wr, len);
}

static void add_path_decode(struct rd *value, struct bgp_caps *caps)
{
	uint16_t afi;
	uint8_t safi;
	uint8_t direction;

	while (rd_u16(value, &afi) && rd_u8(value, &safi) && rd_u8(value, &direction)) {
		enum bgp_family family = bgp_family_of(afi, safi);

		if (family < BGP_FAMILIES && direction >= ADD_PATH_RECEIVE &&
		    direction <= (ADD_PATH_RECEIVE | ADD_PATH_SEND))
			caps->add_path[family] = direction;
	}
}

static void add_path_encode(struct wr *wr, uint8_t code, const struct bgp_caps *caps)
{
	bool any = false;

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++)
		any = any || caps->add_path[f];
	if (!any)
		return;

	size_t len = begin(wr, code);

	for (enum bgp_family f = 0; f < BGP_FAMILIES; f++) {
		if (!caps->add_path[f])
			continue;
		write_family(wr, f, false);
		wr_u8(wr, caps->add_path[f]);
	}
	wr_close8(wr, len);
}

/* IANA: Capability Codes. Sent in this order. */
static const struct capability capabilities[] = {
	{1, multiprotocol_decode, multiprotocol_encode},
	{2, route_refresh_decode, route_refresh_encode},
	{65, four_octet_as_decode, four_octet_as_encode},
	{69, add_path_decode, add_path_encode},
};

#define CAPABILITIES (sizeof(capabilities) / sizeof(*capabilities))

void caps_encode(struct wr *wr, const struct bgp_caps *caps)
{
	for (size_t i = 0; i < CAPABILITIES; i++)
		capabilities[i].encode(wr, capabilities[i].code, caps);
}

bool caps_decode(struct rd *rd, struct bgp_caps *caps)
{
	while (rd_left(rd)) {
		struct rd value;
		uint8_t code;
		uint8_t len;

		if (!rd_u8(rd, &code) || !rd_u8(rd, &len) || !rd_sub(rd, len, &value))
			return false;
		for (size_t i = 0; i < CAPABILITIES; i++) {
			if (capabilities[i].code == code)
				capabilities[i].decode(&value, caps);
		}
	}
	return true;
}
