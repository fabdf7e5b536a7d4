// SPDX-License-Identifier: Apache-2.0
#include "bgp/bgp.h"

#include <sys/socket.h>

static const char *const state_names[BGP_STATE_COUNT] = {
	[BGP_IDLE] = "Idle",
	[BGP_CONNECT] = "Connect",
	[BGP_ACTIVE] = "Active",
	[BGP_OPENSENT] = "OpenSent",
	[BGP_OPENCONFIRM] = "OpenConfirm",
	[BGP_ESTABLISHED] = "Established",
};

static const char *const message_names[BGP_MESSAGE_TYPES] = {
	[BGP_OPEN] = "OPEN",
	[BGP_UPDATE] = "UPDATE",
	[BGP_NOTIFICATION] = "NOTIFICATION",
	[BGP_KEEPALIVE] = "KEEPALIVE",
	[BGP_ROUTE_REFRESH] = "ROUTE-REFRESH",
};

/* IANA: Address Family Numbers, SAFI Values */
static const struct {
	uint16_t afi;
	uint8_t safi;
	uint8_t af;
	const char *name;
} families[BGP_FAMILIES] = {
	[BGP_IPV4_UNICAST] = {1, 1, AF_INET, "ipv4-unicast"},
	[BGP_IPV6_UNICAST] = {2, 1, AF_INET6, "ipv6-unicast"},
};

const char *bgp_state_name(enum bgp_state state)
{
	return state_names[state];
}

const char *bgp_message_name(uint8_t type)
{
	if (type == 0 || type >= BGP_MESSAGE_TYPES)
		return "unknown";
	return message_names[type];
}

const char *bgp_family_name(enum bgp_family family)
{
	return families[family].name;
}

enum bgp_family bgp_family_of(uint16_t afi, uint8_t safi)
{
	enum bgp_family f = 0;

	while (f < BGP_FAMILIES && (families[f].afi != afi || families[f].safi != safi))
		f++;
	return f;
}

uint16_t bgp_family_afi(enum bgp_family family)
{
	return families[family].afi;
}

uint8_t bgp_family_safi(enum bgp_family family)
{
	return families[family].safi;
}

uint8_t bgp_family_af(enum bgp_family family)
{
	return families[family].af;
}
