/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_DROP_REASON_H
#define VIPCAST_DROP_REASON_H

/*
 * Why a packet for a VIP was dropped: index in vc_drop_stats, name and meaning for people.
 * A new reason is one row, at the end.
 */
#define DROP_REASONS(X)                                                                           \
	X(DROP_MALFORMED, "malformed", "headers are cut short or contradict each other")          \
	X(DROP_FRAGMENT, "fragment", "a fragment of a packet for a VIP")                          \
	X(DROP_VLAN, "vlan", "a VLAN-tagged packet for a VIP")                                    \
	X(DROP_IPV6_EXTENSION, "ipv6_extension", "an IPv6 extension header that is not followed") \
	X(DROP_NO_SERVICE, "no_service", "the VIP has no such port")                              \
	X(DROP_PROTOCOL, "protocol", "a protocol that is not balanced")                           \
	X(DROP_NO_BACKEND, "no_backend", "no backend is ready")                                   \
	X(DROP_NO_NEIGHBOUR, "no_neighbour", "the backend's next hop has no known MAC address")   \
	X(DROP_NAT_PORTS, "nat_ports_exhausted", "no NAT port was free towards the backend")      \
	X(DROP_FLOW_TABLE, "flow_table_full", "the flow could not be recorded")                   \
	X(DROP_TTL, "ttl_expired", "the hop limit is used up")                                    \
	X(DROP_ICMP_NO_FLOW, "icmp_no_flow", "an ICMP error about a flow that is not known")      \
	X(DROP_ICMP_TYPE, "icmp_type", "an ICMP message to a VIP that is neither echo nor error") \
	X(DROP_DEVICE, "device", "the interface to send by is not one of ours")

#define DROP_ID(id, name, text) id,
enum drop_reason { DROP_REASONS(DROP_ID) DROP_REASON_COUNT };
#undef DROP_ID

#endif
