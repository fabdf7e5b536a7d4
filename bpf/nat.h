/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_NAT_H
#define VIPCAST_BPF_NAT_H

/*
 * Full NAT: both addresses and both ports of a packet are replaced, the hop limit goes down by
 * one, and the checksums follow. The caller has seen to it that there is a hop left.
 */

#include "csum.h"
#include "packet.h"

/* What a packet shall say of its ends. The addresses are borrowed from a flow's record. */
struct ends {
	const __be32 *src, *dst;
	__be16 src_port, dst_port;
};

static __always_inline bool ttl_is_used_up(const struct packet *p)
{
	return p->ttl <= 1;
}

/*
 * Replaces the addresses in the IP header. The result is the delta that transport checksums need
 * for their pseudo header; it does not cover the TTL, which is not part of that.
 */
static __always_inline int nat_ip_header(struct packet *p, const struct ends *to, __u64 *delta)
{
	if (is_ipv6(p)) {
		struct ipv6hdr *ip = p->l3;

		if ((void *)(ip + 1) > p->end)
			return DROP(DROP_MALFORMED);
		*delta = csum_delta_address(p->key.src, to->src) +
			 csum_delta_address(p->key.dst, to->dst);
		address_copy((__be32 *)&ip->saddr, to->src);
		address_copy((__be32 *)&ip->daddr, to->dst);
		ip->hop_limit--;
	} else {
		struct iphdr *ip = p->l3;
		__u16 *ttl_and_protocol = (__u16 *)&ip->ttl, was;

		if ((void *)(ip + 1) > p->end)
			return DROP(DROP_MALFORMED);
		*delta = csum_delta32(p->key.src[0], to->src[0]) +
			 csum_delta32(p->key.dst[0], to->dst[0]);
		was = *ttl_and_protocol;
		ip->ttl--;
		ip->saddr = to->src[0];
		ip->daddr = to->dst[0];
		ip->check = csum_apply(ip->check, *delta + csum_delta16(was, *ttl_and_protocol));
	}
	return GO_ON;
}

/* Makes a TCP or UDP packet one between the ends TO. */
static __always_inline int nat_packet(struct packet *p, const struct ends *to)
{
	__u64 delta;
	int verdict = nat_ip_header(p, to, &delta);

	if (verdict != GO_ON)
		return verdict;
	delta += csum_delta16(p->key.src_port, to->src_port) +
		 csum_delta16(p->key.dst_port, to->dst_port);
	if (is_tcp(p)) {
		struct tcphdr *tcp = p->l4;

		if ((void *)(tcp + 1) > p->end)
			return DROP(DROP_MALFORMED);
		tcp->source = to->src_port;
		tcp->dest = to->dst_port;
		tcp->check = csum_apply(tcp->check, delta);
	} else {
		struct udphdr *udp = p->l4;

		if ((void *)(udp + 1) > p->end)
			return DROP(DROP_MALFORMED);
		udp->source = to->src_port;
		udp->dest = to->dst_port;
		udp->check = csum_apply_udp(udp->check, delta);
	}
	return GO_ON;
}

#endif
