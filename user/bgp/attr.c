// SPDX-License-Identifier: Apache-2.0
#include "bgp/attr.h"

#define WELL_KNOWN   ATTR_TRANSITIVE
#define TRANSITIVE   (ATTR_OPTIONAL | ATTR_TRANSITIVE)
#define NOT_FORWARD  ATTR_OPTIONAL /* optional non-transitive */
#define ORIGIN_COUNT 3

static bool origin(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) == 1 && *value.p < ORIGIN_COUNT;
}

/*
 * RFC 7606 section 7.2: segment types, lengths that add up, no empty segment. Confederation
 * segments (RFC 5065 section 5) come from no external peer that is set up rightly.
 */
static bool as_path(struct rd value, bool four_octet_as)
{
	size_t as_len = four_octet_as ? 4 : 2;

	while (rd_left(&value)) {
		struct rd segment;
		uint8_t type;
		uint8_t count;

		if (!rd_u8(&value, &type) || !rd_u8(&value, &count))
			return false;
		if (type == 0 || type > AS_SEQUENCE || count == 0)
			return false;
		if (!rd_sub(&value, count * as_len, &segment))
			return false;
	}
	return true;
}

static bool as4_path(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return as_path(value, true);
}

static bool four_bytes(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) == 4;
}

static bool empty(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) == 0;
}

static bool aggregator(struct rd value, bool four_octet_as)
{
	return rd_left(&value) == (four_octet_as ? 8 : 6);
}

static bool eight_bytes(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) == 8;
}

static bool fours(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) && rd_left(&value) % 4 == 0;
}

static bool eights(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) && rd_left(&value) % 8 == 0;
}

static bool twelves(struct rd value, bool four_octet_as)
{
	(void)four_octet_as;
	return rd_left(&value) && rd_left(&value) % 12 == 0;
}

/* LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST have no business on an external session. */
static bool never(struct rd value, bool four_octet_as)
{
	(void)value;
	(void)four_octet_as;
	return false;
}

/* update.c reads the value itself. */
static bool anything(struct rd value, bool four_octet_as)
{
	(void)value;
	(void)four_octet_as;
	return true;
}

/* RFC 7606 section 7, in its order; then what the attributes' own RFCs say. */
static const struct attr_rule rules[] = {
	{ATTR_ORIGIN, WELL_KNOWN, ATTR_WITHDRAW, "ORIGIN", origin},
	{ATTR_AS_PATH, WELL_KNOWN, ATTR_WITHDRAW, "AS_PATH", as_path},
	{ATTR_NEXT_HOP, WELL_KNOWN, ATTR_WITHDRAW, "NEXT_HOP", four_bytes},
	{ATTR_MED, NOT_FORWARD, ATTR_WITHDRAW, "MULTI_EXIT_DISC", four_bytes},
	{ATTR_LOCAL_PREF, WELL_KNOWN, ATTR_DISCARD, "LOCAL_PREF", never},
	{ATTR_ATOMIC_AGGREGATE, WELL_KNOWN, ATTR_DISCARD, "ATOMIC_AGGREGATE", empty},
	{ATTR_AGGREGATOR, TRANSITIVE, ATTR_DISCARD, "AGGREGATOR", aggregator},
	{ATTR_COMMUNITIES, TRANSITIVE, ATTR_WITHDRAW, "COMMUNITIES", fours},
	{ATTR_ORIGINATOR_ID, NOT_FORWARD, ATTR_DISCARD, "ORIGINATOR_ID", never},
	{ATTR_CLUSTER_LIST, NOT_FORWARD, ATTR_DISCARD, "CLUSTER_LIST", never},
	{ATTR_MP_REACH, NOT_FORWARD, ATTR_WITHDRAW, "MP_REACH_NLRI", anything},
	{ATTR_MP_UNREACH, NOT_FORWARD, ATTR_WITHDRAW, "MP_UNREACH_NLRI", anything},
	{ATTR_EXT_COMMUNITIES, TRANSITIVE, ATTR_WITHDRAW, "EXTENDED_COMMUNITIES", eights},
	{ATTR_AS4_PATH, TRANSITIVE, ATTR_DISCARD, "AS4_PATH", as4_path}, /* RFC 6793 */
	{ATTR_AS4_AGGREGATOR, TRANSITIVE, ATTR_DISCARD, "AS4_AGGREGATOR", eight_bytes},	 /* 6793 */
	{ATTR_LARGE_COMMUNITIES, TRANSITIVE, ATTR_WITHDRAW, "LARGE_COMMUNITY", twelves}, /* 8092 */
};

const struct attr_rule *attr_rule(uint8_t type)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (rules[i].type == type)
			return &rules[i];
	}
	return NULL;
}

size_t attr_open(struct wr *wr, enum bgp_attr type)
{
	wr_u8(wr, attr_rule((uint8_t)type)->flags);
	wr_u8(wr, (uint8_t)type);
	return wr_open8(wr);
}

void attr_close(struct wr *wr, size_t field)
{
	wr_close8(wr, field);
}
