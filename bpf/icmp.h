/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_ICMP_H
#define VIPCAST_BPF_ICMP_H

/* ICMP and ICMPv6 by type: what is an error, what is neighbour discovery; and echo. */

#include "nat.h"
#include "send.h"

/* Errors that quote a packet. Redirects and source quench are not carried (RFC 6633). */
static __always_inline bool icmp_is_error(const struct packet *p)
{
	if (is_ipv6(p))
		return p->icmp_type >= ICMP6_UNREACHABLE && p->icmp_type <= ICMP6_PARAMETER_PROBLEM;
	return p->icmp_type == ICMP_UNREACHABLE || p->icmp_type == ICMP_TIME_EXCEEDED ||
	       p->icmp_type == ICMP_PARAMETER_PROBLEM;
}

/* Neighbour discovery is the stack's, also when it is about a VIP. */
static __always_inline bool icmp_is_discovery(const struct packet *p)
{
	return is_ipv6(p) && p->icmp_type >= ICMP6_ND_FIRST && p->icmp_type <= ICMP6_ND_LAST;
}

/* Swapping the addresses changes no checksum; the type does, and the TTL that of IPv4's header. */
static __always_inline int icmp_echo_ipv4(struct packet *p, struct icmphdr *icmp)
{
	struct iphdr *ip = p->l3;
	__u16 *ttl_and_protocol = (__u16 *)&ip->ttl, was;

	if ((void *)(ip + 1) > p->end)
		return DROP(DROP_MALFORMED);
	was = *ttl_and_protocol;
	ip->ttl = DEFAULT_TTL;
	ip->check = csum_apply(ip->check, csum_delta16(was, *ttl_and_protocol));
	ip->saddr = p->key.dst[0];
	ip->daddr = p->key.src[0];
	icmp->type = ICMP_ECHO_REPLY;
	icmp->checksum = csum_apply(icmp->checksum, csum_delta16(bpf_htons(ICMP_ECHO_REQUEST << 8),
								 bpf_htons(ICMP_ECHO_REPLY << 8)));
	return send_back(p);
}

static __always_inline int icmp_echo_ipv6(struct packet *p, struct icmphdr *icmp)
{
	struct ipv6hdr *ip = p->l3;

	if ((void *)(ip + 1) > p->end)
		return DROP(DROP_MALFORMED);
	ip->hop_limit = DEFAULT_TTL;
	address_copy((__be32 *)&ip->saddr, p->key.dst);
	address_copy((__be32 *)&ip->daddr, p->key.src);
	icmp->type = ICMP6_ECHO_REPLY;
	icmp->checksum = csum_apply(icmp->checksum, csum_delta16(bpf_htons(ICMP6_ECHO_REQUEST << 8),
								 bpf_htons(ICMP6_ECHO_REPLY << 8)));
	return send_back(p);
}

/* An echo request to a VIP is answered here: the VIP is on no interface. */
static __always_inline int icmp_echo(struct packet *p)
{
	struct icmphdr *icmp = p->l4;

	if (p->icmp_type != (is_ipv6(p) ? ICMP6_ECHO_REQUEST : ICMP_ECHO_REQUEST))
		return GO_ON;
	if ((void *)(icmp + 1) > p->end)
		return DROP(DROP_MALFORMED);
	return is_ipv6(p) ? icmp_echo_ipv6(p, icmp) : icmp_echo_ipv4(p, icmp);
}

#endif
