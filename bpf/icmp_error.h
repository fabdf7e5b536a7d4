/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_ICMP_ERROR_H
#define VIPCAST_BPF_ICMP_ERROR_H

/*
 * ICMP errors quote a packet that this node sent for somebody else. An error about a packet from
 * VIP to client goes to the backend that wrote it; one about a packet from NAT address to backend
 * goes to the client. The quoted packet is turned into what the receiver once sent, so the
 * receiver's stack finds its socket. Then four checksums agree again: the outer IP header's, the
 * quoted IP header's, the quoted TCP or UDP one (if that much is quoted), and ICMP's own, which
 * covers all of the quote, and in IPv6 the outer addresses as well.
 */

#include "flow.h"
#include "nat.h"

#define QUOTED_PORTS 8	/* bytes of the quoted transport header that every error has (RFC 792) */
#define QUOTED_TCP   18 /* ... and up to the end of TCP's checksum */

struct quote {
	void *l3, *l4;
	__u32 l4_len;	     /* bytes of it that are there */
	struct flow_key key; /* of a packet that answers the quoted one */
};

static __always_inline int quote_parse_ipv4(const struct packet *p, struct quote *q)
{
	const struct iphdr *ip = q->l3;
	__u32 header;

	if ((const void *)(ip + 1) > p->end || q->l4_len < sizeof(*ip))
		return DROP(DROP_MALFORMED);
	header = ip->ihl * 4;
	if (ip->version != 4 || header < sizeof(*ip) || q->l4_len < header + QUOTED_PORTS)
		return DROP(DROP_MALFORMED);
	if (ip->frag_off & bpf_htons(0x1fff))
		return DROP(DROP_ICMP_NO_FLOW); /* not a first fragment: it has no ports */
	q->key.proto = ip->protocol;
	q->key.src[0] = ip->daddr;
	q->key.dst[0] = ip->saddr;
	q->key.src[1] = q->key.src[2] = q->key.src[3] = 0;
	q->key.dst[1] = q->key.dst[2] = q->key.dst[3] = 0;
	q->l4 = q->l3 + header;
	q->l4_len -= header;
	return GO_ON;
}

static __always_inline int quote_parse_ipv6(const struct packet *p, struct quote *q)
{
	const struct ipv6hdr *ip = q->l3;

	if ((const void *)(ip + 1) > p->end || q->l4_len < sizeof(*ip) + QUOTED_PORTS ||
	    ip->version != 6)
		return DROP(DROP_MALFORMED);
	q->key.proto = ip->nexthdr;
	address_copy(q->key.src, (const __be32 *)&ip->daddr);
	address_copy(q->key.dst, (const __be32 *)&ip->saddr);
	q->l4 = q->l3 + sizeof(*ip);
	q->l4_len -= sizeof(*ip);
	return GO_ON;
}

/*
 * DROP_MALFORMED: the quote is cut short. DROP_ICMP_NO_FLOW: it can be of no flow of ours, as the
 * error is addressed to somebody who did not send the quoted packet, for instance.
 */
static __always_inline int quote_parse(const struct packet *p, struct quote *q)
{
	const struct udphdr *ports;
	int verdict;

	q->l3 = p->l4 + sizeof(struct icmphdr);
	q->l4_len = p->l4_len - sizeof(struct icmphdr);
	verdict = is_ipv6(p) ? quote_parse_ipv6(p, q) : quote_parse_ipv4(p, q);
	if (verdict != GO_ON)
		return verdict;
	ports = q->l4;
	if ((const void *)(ports + 1) > p->end)
		return DROP(DROP_MALFORMED);
	q->key.src_port = ports->dest;
	q->key.dst_port = ports->source;
	q->key.family = p->key.family;
	q->key.pad = 0;
	if ((q->key.proto != PROTO_TCP && q->key.proto != PROTO_UDP) ||
	    !address_equal(q->key.dst, p->key.dst))
		return DROP(DROP_ICMP_NO_FLOW);
	return GO_ON;
}

/* Corrects the quoted transport checksum, if it is quoted. Returns the delta that this makes. */
static __always_inline __u64 quote_fix_transport(const struct packet *p, const struct quote *q,
						 __u64 delta)
{
	__u16 *check, was;

	if (q->key.proto == PROTO_UDP) {
		check = &((struct udphdr *)q->l4)->check;
		if ((void *)(check + 1) > p->end)
			return 0;
		was = *check;
		*check = csum_apply_udp(was, delta);
	} else {
		check = &((struct tcphdr *)q->l4)->check;
		if (q->l4_len < QUOTED_TCP || (void *)(check + 1) > p->end)
			return 0;
		was = *check;
		*check = csum_apply(was, delta);
	}
	return csum_delta16(was, *check);
}

/* Turns the quoted packet into one from TO's destination to TO's source; tells the delta. */
static __always_inline int quote_rewrite(const struct packet *p, const struct quote *q,
					 const struct ends *to, __u64 *delta)
{
	struct udphdr *ports = q->l4;
	__u64 ends;

	if ((void *)(ports + 1) > p->end)
		return DROP(DROP_MALFORMED);
	if (is_ipv6(p)) {
		struct ipv6hdr *ip = q->l3;

		if ((void *)(ip + 1) > p->end)
			return DROP(DROP_MALFORMED);
		ends = csum_delta_address(q->key.dst, to->dst) +
		       csum_delta_address(q->key.src, to->src);
		address_copy((__be32 *)&ip->saddr, to->dst);
		address_copy((__be32 *)&ip->daddr, to->src);
		*delta = ends;
	} else {
		struct iphdr *ip = q->l3;
		__u16 was;

		if ((void *)(ip + 1) > p->end)
			return DROP(DROP_MALFORMED);
		ends = csum_delta32(q->key.dst[0], to->dst[0]) +
		       csum_delta32(q->key.src[0], to->src[0]);
		ip->saddr = to->dst[0];
		ip->daddr = to->src[0];
		was = ip->check;
		ip->check = csum_apply(was, ends);
		*delta = ends + csum_delta16(was, ip->check);
	}
	ends += csum_delta16(q->key.dst_port, to->dst_port) +
		csum_delta16(q->key.src_port, to->src_port);
	*delta += csum_delta16(q->key.dst_port, to->dst_port) +
		  csum_delta16(q->key.src_port, to->src_port);
	ports->source = to->dst_port;
	ports->dest = to->src_port;
	*delta += quote_fix_transport(p, q, ends);
	return GO_ON;
}

/* Makes the error one from TO's source to TO's destination about a packet the other way. */
static __always_inline int icmp_error_rewrite(struct packet *p, const struct quote *q,
					      const struct ends *to)
{
	struct icmphdr *icmp = p->l4;
	__u64 quoted, outer;
	int verdict;

	verdict = quote_rewrite(p, q, to, &quoted);
	if (verdict != GO_ON)
		return verdict;
	verdict = nat_ip_header(p, to, &outer);
	if (verdict != GO_ON)
		return verdict;
	if ((void *)(icmp + 1) > p->end)
		return DROP(DROP_MALFORMED);
	if (is_ipv6(p))
		quoted += outer; /* ICMPv6 has a pseudo header, ICMP has none */
	icmp->checksum = csum_apply(icmp->checksum, quoted);
	return GO_ON;
}

/* An error about a packet that we sent to a backend: to the client. Another's error goes on. */
static __always_inline int icmp_error_from_backend(struct packet *p)
{
	const struct reply_value *reply;
	struct ends to;
	struct quote q;
	int verdict;

	if (quote_parse(p, &q) != GO_ON)
		return GO_ON;
	reply = bpf_map_lookup_elem(&vc_replies, &q.key);
	if (!reply)
		return GO_ON;
	if (ttl_is_used_up(p))
		return DROP(DROP_TTL);
	to = (struct ends){reply->vip_addr, reply->client_addr, reply->vip_port,
			   reply->client_port};
	verdict = icmp_error_rewrite(p, &q, &to);
	if (verdict != GO_ON)
		return verdict;
	count_reply(p, reply->vip, reply->backend);
	return send(p, reply->ifindex, reply->dst_mac, reply->src_mac);
}

/* An error about a packet that we sent to a client: to the backend. */
static __always_inline int icmp_error_to_vip(struct packet *p)
{
	const struct backend_value *backend;
	const struct flow_value *flow;
	struct ends to;
	struct quote q;
	union hop hop;
	int verdict;

	verdict = quote_parse(p, &q);
	if (verdict != GO_ON)
		return verdict;
	flow = bpf_map_lookup_elem(&vc_flows, &q.key);
	if (!flow)
		return DROP(DROP_ICMP_NO_FLOW);
	backend = flow_backend(p, flow, flow->vip);
	if (!backend)
		return DROP(DROP_ICMP_NO_FLOW);
	if (ttl_is_used_up(p))
		return DROP(DROP_TTL);
	hop = backend_hop(backend);
	if (!(hop.flags & BACKEND_UP))
		return DROP(DROP_NO_NEIGHBOUR);
	to = (struct ends){flow->nat_addr, flow->backend_addr, flow->nat_port, flow->backend_port};
	verdict = icmp_error_rewrite(p, &q, &to);
	if (verdict != GO_ON)
		return verdict;
	count_forward(p, flow->vip, flow->backend);
	return backend_send(p, backend, &hop);
}

#endif
