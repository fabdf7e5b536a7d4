/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_ATTR_H
#define VIPCAST_BGP_ATTR_H

/* Path attributes: their numbers, their flags, and what is right about their values. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgp/wire.h"

/* RFC 4271 section 4.3 */
#define ATTR_OPTIONAL	0x80
#define ATTR_TRANSITIVE 0x40
#define ATTR_PARTIAL	0x20
#define ATTR_EXTENDED	0x10 /* the length has two bytes */

/* IANA: BGP Path Attributes */
enum bgp_attr {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7,
	ATTR_COMMUNITIES = 8,
	ATTR_ORIGINATOR_ID = 9,
	ATTR_CLUSTER_LIST = 10,
	ATTR_MP_REACH = 14,
	ATTR_MP_UNREACH = 15,
	ATTR_EXT_COMMUNITIES = 16,
	ATTR_AS4_PATH = 17,
	ATTR_AS4_AGGREGATOR = 18,
	ATTR_LARGE_COMMUNITIES = 32,
};

#define ORIGIN_IGP  0
#define AS_SEQUENCE 2

/* What RFC 7606 section 2 has a speaker do about an error, from the mildest to the strongest. The
 * strongest of all, NOTIFICATION, is for what cannot be read, not for what is wrong. */
enum attr_action {
	ATTR_FINE,
	ATTR_DISCARD,  /* forget the attribute */
	ATTR_WITHDRAW, /* treat the message's routes as withdrawn */
};

struct attr_rule {
	uint8_t type;
	uint8_t flags;		 /* optional and transitive bits, as they must be */
	enum attr_action action; /* when flags or value are wrong */
	const char *name;
	/* Says whether the value is right. FOUR_OCTET_AS: AS numbers in it have four bytes. */
	bool (*valid)(struct rd value, bool four_octet_as);
};

/* The rule of a type, or NULL: unknown here. */
const struct attr_rule *attr_rule(uint8_t type);

/* Writes flags, type and length; attr_close() patches the length. For values up to 255 bytes. */
size_t attr_open(struct wr *wr, enum bgp_attr type);
void attr_close(struct wr *wr, size_t field);

#endif
