// SPDX-License-Identifier: Apache-2.0
/*
 * Where the NLRIs stand differs: an MP attribute is the first of the attributes (RFC 7606 section
 * 5.1) and so in the middle of the message, while IPv4's fields are at its ends. So what comes
 * after the NLRIs is built beforehand (tail), and room for it is kept.
 */

#include "bgp/update_encode.h"

#include "bgp/attr.h"
#include "bgp/message.h"

#define NO_FIELD SIZE_MAX

static void write_as_path(struct wr *wr, enum bgp_attr type, uint32_t as, bool four_octet)
{
	size_t field = attr_open(wr, type);

	wr_u8(wr, AS_SEQUENCE);
	wr_u8(wr, 1);
	if (four_octet)
		wr_u32(wr, as);
	else
		wr_u16(wr, (uint16_t)(as > UINT16_MAX ? BGP_AS_TRANS : as));
	attr_close(wr, field);
}

/* In ascending order of type, RFC 4271 section 5. */
static void write_attrs(struct wr *wr, const struct update_style *style,
			const struct update_path *path)
{
	size_t field = attr_open(wr, ATTR_ORIGIN);

	wr_u8(wr, ORIGIN_IGP);
	attr_close(wr, field);
	write_as_path(wr, ATTR_AS_PATH, style->local_as, style->four_octet_as);
	if (path->family == BGP_IPV4_UNICAST) {
		field = attr_open(wr, ATTR_NEXT_HOP);
		wr_bytes(wr, path->next_hop.b, ip_size(path->next_hop.family));
		attr_close(wr, field);
	}
	if (path->metric) {
		field = attr_open(wr, ATTR_MED);
		wr_u32(wr, path->metric);
		attr_close(wr, field);
	}
	/* RFC 6793 section 4.2.2: only what two bytes cannot say is said again. */
	if (!style->four_octet_as && style->local_as > UINT16_MAX)
		write_as_path(wr, ATTR_AS4_PATH, style->local_as, true);
}

/* An attribute with a length of two bytes, for as many NLRIs as fit. */
static void open_mp(struct update *u, enum bgp_attr type)
{
	wr_u8(&u->wr, attr_rule((uint8_t)type)->flags | ATTR_EXTENDED);
	wr_u8(&u->wr, (uint8_t)type);
	u->mp = wr_open16(&u->wr);
	wr_u16(&u->wr, bgp_family_afi(u->family));
	wr_u8(&u->wr, bgp_family_safi(u->family));
}

static void begin(struct update *u, void *buf, size_t cap, const struct update_style *style,
		  enum bgp_family family)
{
	u->wr = wr_init(buf, cap);
	u->family = family;
	u->add_path = style->add_path[family];
	u->tail_len = 0;
	u->mp = NO_FIELD;
	u->attrs = NO_FIELD;
	u->message = message_begin(&u->wr, BGP_UPDATE);
	u->withdrawn = wr_open16(&u->wr);
}

void update_reach(struct update *u, void *buf, size_t cap, const struct update_style *style,
		  const struct update_path *path)
{
	begin(u, buf, cap, style, path->family);
	wr_close16(&u->wr, u->withdrawn);
	u->withdrawn = NO_FIELD;
	u->attrs = wr_open16(&u->wr);
	if (path->family == BGP_IPV4_UNICAST) {
		write_attrs(&u->wr, style, path);
		wr_close16(&u->wr, u->attrs);
		u->attrs = NO_FIELD;
		return;
	}

	struct wr tail = wr_init(u->tail, sizeof(u->tail));

	write_attrs(&tail, style, path);
	u->tail_len = tail.len;
	open_mp(u, ATTR_MP_REACH);
	wr_u8(&u->wr, (uint8_t)ip_size(path->next_hop.family));
	wr_bytes(&u->wr, path->next_hop.b, ip_size(path->next_hop.family));
	wr_u8(&u->wr, 0); /* reserved */
}

void update_unreach(struct update *u, void *buf, size_t cap, const struct update_style *style,
		    enum bgp_family family)
{
	begin(u, buf, cap, style, family);
	if (family == BGP_IPV4_UNICAST) {
		struct wr tail = wr_init(u->tail, sizeof(u->tail));

		wr_u16(&tail, 0); /* the length of no attributes at all */
		u->tail_len = tail.len;
		return;
	}
	wr_close16(&u->wr, u->withdrawn);
	u->withdrawn = NO_FIELD;
	u->attrs = wr_open16(&u->wr);
	open_mp(u, ATTR_MP_UNREACH);
}

bool update_add(struct update *u, const struct ip_prefix *prefix, uint32_t path_id)
{
	size_t bytes = (prefix->len + 7u) / 8;
	size_t nlri = (u->add_path ? 4u : 0u) + 1 + bytes;

	if (wr_room(&u->wr) < nlri + u->tail_len)
		return false;
	if (u->add_path)
		wr_u32(&u->wr, path_id);
	wr_u8(&u->wr, prefix->len);
	wr_bytes(&u->wr, prefix->addr.b, bytes);
	return true;
}

size_t update_end(struct update *u)
{
	if (u->mp != NO_FIELD)
		wr_close16(&u->wr, u->mp);
	if (u->withdrawn != NO_FIELD)
		wr_close16(&u->wr, u->withdrawn);
	wr_bytes(&u->wr, u->tail, u->tail_len);
	if (u->attrs != NO_FIELD)
		wr_close16(&u->wr, u->attrs);
	message_end(&u->wr, u->message);
	return u->wr.len;
}
