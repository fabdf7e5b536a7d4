/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_BGP_H
#define VIPCAST_BGP_BGP_H

/* The words that every part of the speaker shares: states, families, limits. */

#include <stdbool.h>
#include <stdint.h>

#define BGP_PORT	  179
#define BGP_HEADER_LEN	  19	/* marker, length, type: RFC 4271 section 4.1 */
#define BGP_MESSAGE_MAX	  4096	/* the same */
#define BGP_HOLD_TIME	  90	/* seconds, when the configuration says nothing */
#define BGP_CONNECT_RETRY 10	/* seconds, likewise */
#define BGP_TTL		  64	/* of what we send, likewise: peers may be several hops away */
#define BGP_AS_TRANS	  23456 /* RFC 6793: stands for an AS number over 65535 */
#define BGP_NEVER	  UINT64_MAX
#define BGP_FAMILY_BIT(f) (1u << (f))
#define BGP_ALL_FAMILIES  (BGP_FAMILY_BIT(BGP_FAMILIES) - 1)

/* RFC 4271 section 8.2.2 */
enum bgp_state {
	BGP_IDLE,
	BGP_CONNECT,
	BGP_ACTIVE,
	BGP_OPENSENT,
	BGP_OPENCONFIRM,
	BGP_ESTABLISHED,
	BGP_STATE_COUNT
};

/* The families that vipcast speaks; bit sets of them are 1 << family (as enum api_family_set). */
enum bgp_family { BGP_IPV4_UNICAST, BGP_IPV6_UNICAST, BGP_FAMILIES };

/* RFC 4271 section 4.1, RFC 2918 */
enum bgp_message_type {
	BGP_OPEN = 1,
	BGP_UPDATE,
	BGP_NOTIFICATION,
	BGP_KEEPALIVE,
	BGP_ROUTE_REFRESH,
	BGP_MESSAGE_TYPES
};

/* "Idle" ... "Established", as the BGPSession's status shows them. */
const char *bgp_state_name(enum bgp_state state);
/* "ipv4-unicast", "ipv6-unicast" */
const char *bgp_family_name(enum bgp_family family);
/* "OPEN" ... "ROUTE-REFRESH"; "unknown" for another number. */
const char *bgp_message_name(uint8_t type);

/* The family of an AFI and SAFI (RFC 4760), or BGP_FAMILIES for one that vipcast does not speak. */
enum bgp_family bgp_family_of(uint16_t afi, uint8_t safi);
uint16_t bgp_family_afi(enum bgp_family family);
uint8_t bgp_family_safi(enum bgp_family family);
/* AF_INET or AF_INET6 */
uint8_t bgp_family_af(enum bgp_family family);

#endif
