/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_PARSE_H
#define VIPCAST_BPF_PARSE_H

/*
 * From a frame to a cursor: Ethernet with up to two VLAN tags, IPv4 with options, IPv6 with
 * extension headers, then TCP, UDP or ICMP. Nothing is read past the frame's end, and nothing past
 * where the IP header says that the packet ends (short frames are padded).
 *
 * A packet that is not understood is XDP_PASS as long as its destination is not known, and
 * DROP(reason) after that. The latter only counts if the destination is a VIP: the caller asks.
 */

#include "packet.h"

#define VLAN_TAGS_MAX	    2
#define IPV6_EXTENSIONS_MAX 6
#define IPV6_HEADERS_MAX    (40 + IPV6_EXTENSIONS_MAX * 256 * 8)

/* Leaves l3 behind the Ethernet header and the tags, and tells the EtherType and if it is tagged.
 */
static __always_inline int parse_link(struct packet *p, __be16 *ether_type, bool *tagged)
{
	const struct ethhdr *eth = p->l2;

	if ((const void *)(eth + 1) > p->end)
		return XDP_PASS;
	if (eth->h_dest[0] & 1)
		return XDP_PASS; /* broadcast and multicast are never balanced */
	*ether_type = eth->h_proto;
	*tagged = false;
	p->l3 = p->l2 + sizeof(*eth);

#pragma unroll
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		const struct vlan_tag *tag = p->l3;

		if (*ether_type != bpf_htons(ETH_P_8021Q) && *ether_type != bpf_htons(ETH_P_8021AD))
			break;
		if ((const void *)(tag + 1) > p->end)
			return XDP_PASS;
		*ether_type = tag->proto;
		p->l3 += sizeof(*tag);
		*tagged = true;
	}
	return GO_ON;
}

/* Sources that no answer can be sent to: this network, loopback, multicast and beyond. */
static __always_inline bool martian_v4(__be32 addr)
{
	__u8 first = *(const __u8 *)&addr;

	return first == 0 || first == 127 || first >= 224;
}

static __always_inline bool martian_v6(const __be32 addr[4])
{
	if (*(const __u8 *)addr == 0xff)
		return true;
	return !(addr[0] | addr[1] | addr[2]) && bpf_ntohl(addr[3]) <= 1;
}

static __always_inline int parse_ipv4_addresses(struct packet *p)
{
	const struct iphdr *ip = p->l3;

	if ((const void *)(ip + 1) > p->end)
		return XDP_PASS;
	p->key.family = AF_INET;
	p->key.proto = ip->protocol;
	p->key.src[0] = ip->saddr;
	p->key.dst[0] = ip->daddr;
	p->key.src[1] = p->key.src[2] = p->key.src[3] = 0;
	p->key.dst[1] = p->key.dst[2] = p->key.dst[3] = 0;
	p->ttl = ip->ttl;
	return GO_ON;
}

static __always_inline int parse_ipv4(struct packet *p)
{
	const struct iphdr *ip = p->l3;
	__u32 header, total;

	if ((const void *)(ip + 1) > p->end)
		return DROP(DROP_MALFORMED);
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || total < header ||
	    total > (__u32)(p->end - p->l3) || martian_v4(ip->saddr))
		return DROP(DROP_MALFORMED);
	if (ip->frag_off & bpf_htons(IP_FRAGMENT_BITS))
		return DROP(DROP_FRAGMENT);
	p->l4 = p->l3 + header;
	p->l4_len = total - header;
	return GO_ON;
}

static __always_inline bool is_followed(__u8 next)
{
	return next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_DEST_OPTIONS;
}

static __always_inline bool is_other_extension(__u8 next)
{
	return next == PROTO_ESP || next == PROTO_AH || next == PROTO_MOBILITY ||
	       next == PROTO_HIP || next == PROTO_SHIM6;
}

/*
 * Walks the extension headers (RFC 8200 section 4) of an untagged frame up to the transport header.
 * Result: its offset from the IP header, shifted by 8, with its protocol in the low byte; or a
 * verdict below GO_ON. A routing header that has segments left names another final destination,
 * which the transport checksum covers: it is not followed.
 *
 * A function of its own, so that the verifier follows the loop once and not for each of its ends.
 */
__noinline int walk_extensions(struct xdp_md *ctx)
{
	const void *l3 = (void *)(long)ctx->data + sizeof(struct ethhdr);
	const void *frame_end = (void *)(long)ctx->data_end;
	const struct ipv6hdr *ip = l3;
	__u32 offset = sizeof(*ip), end;
	__u8 next;

	if ((const void *)(ip + 1) > frame_end)
		return DROP(DROP_MALFORMED);
	end = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	next = ip->nexthdr;
	for (int i = 0; i < IPV6_EXTENSIONS_MAX && is_followed(next); i++) {
		const struct ipv6_rt_hdr *header = l3 + offset;

		if ((const void *)header + 8 > frame_end || offset + 8 > end)
			return DROP(DROP_MALFORMED);
		if (next == PROTO_ROUTING && header->segments_left)
			return DROP(DROP_IPV6_EXTENSION);
		offset += (header->hdrlen + 1) * 8;
		next = header->nexthdr;
		if (offset > end)
			return DROP(DROP_MALFORMED);
	}
	return (int)(offset << 8 | next);
}

static __always_inline int parse_extensions(struct packet *p, __u32 *offset, __u32 end)
{
	int found;

	if (is_followed(p->key.proto)) {
		found = walk_extensions(p->ctx);
		if (found < 0)
			return failed(found);
		*offset = (__u32)found >> 8;
		p->key.proto = (__u8)found;
		if (*offset > end || *offset > IPV6_HEADERS_MAX)
			return DROP(DROP_MALFORMED);
	}
	if (p->key.proto == PROTO_FRAGMENT)
		return DROP(DROP_FRAGMENT);
	if (is_followed(p->key.proto) || is_other_extension(p->key.proto))
		return DROP(DROP_IPV6_EXTENSION);
	return GO_ON;
}

static __always_inline int parse_ipv6_addresses(struct packet *p)
{
	const struct ipv6hdr *ip = p->l3;

	if ((const void *)(ip + 1) > p->end)
		return XDP_PASS;
	p->key.family = AF_INET6;
	p->key.proto = ip->nexthdr;
	address_copy(p->key.src, (const __be32 *)&ip->saddr);
	address_copy(p->key.dst, (const __be32 *)&ip->daddr);
	p->ttl = ip->hop_limit;
	return GO_ON;
}

static __always_inline int parse_ipv6(struct packet *p)
{
	const struct ipv6hdr *ip = p->l3;
	__u32 offset = sizeof(*ip), end;
	int verdict;

	if ((const void *)(ip + 1) > p->end)
		return DROP(DROP_MALFORMED);
	end = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || end > (__u32)(p->end - p->l3) || martian_v6(p->key.src))
		return DROP(DROP_MALFORMED);
	verdict = parse_extensions(p, &offset, end);
	if (verdict != GO_ON)
		return verdict;
	p->l4 = p->l3 + offset;
	p->l4_len = end - offset;
	return GO_ON;
}

static __always_inline int parse_tcp(struct packet *p)
{
	const struct tcphdr *tcp = p->l4;
	__u32 header;

	if ((const void *)(tcp + 1) > p->end)
		return DROP(DROP_MALFORMED);
	header = tcp->doff * 4;
	if (header < sizeof(*tcp) || header > p->l4_len)
		return DROP(DROP_MALFORMED);
	p->key.src_port = tcp->source;
	p->key.dst_port = tcp->dest;
	p->tcp_flags = ((const __u8 *)tcp)[TCP_FLAGS_OFFSET];
	return GO_ON;
}

static __always_inline int parse_udp(struct packet *p)
{
	const struct udphdr *udp = p->l4;
	__u32 len;

	if ((const void *)(udp + 1) > p->end || p->l4_len < sizeof(*udp))
		return DROP(DROP_MALFORMED);
	len = bpf_ntohs(udp->len);
	if (len < sizeof(*udp) || len > p->l4_len)
		return DROP(DROP_MALFORMED);
	if (is_ipv6(p) && !udp->check)
		return DROP(DROP_MALFORMED); /* RFC 8200 section 8.1 */
	p->key.src_port = udp->source;
	p->key.dst_port = udp->dest;
	return GO_ON;
}

static __always_inline int parse_icmp(struct packet *p)
{
	const struct icmphdr *icmp = p->l4;

	if ((const void *)(icmp + 1) > p->end || p->l4_len < sizeof(*icmp))
		return DROP(DROP_MALFORMED);
	p->icmp_type = icmp->type;
	return GO_ON;
}

static __always_inline int parse_transport(struct packet *p)
{
	if (p->key.proto == PROTO_TCP)
		return parse_tcp(p);
	if (p->key.proto == PROTO_UDP)
		return parse_udp(p);
	if (is_icmp(p))
		return parse_icmp(p);
	return DROP(DROP_PROTOCOL);
}

/* Fills the cursor, at least its addresses where the result is not XDP_PASS. */
static __always_inline int parse(struct packet *p)
{
	__be16 ether_type;
	bool tagged;
	int verdict;

	verdict = parse_link(p, &ether_type, &tagged);
	if (verdict != GO_ON)
		return verdict;
	if (ether_type == bpf_htons(ETH_P_IP))
		verdict = parse_ipv4_addresses(p);
	else if (ether_type == bpf_htons(ETH_P_IPV6))
		verdict = parse_ipv6_addresses(p);
	else
		return XDP_PASS;
	if (verdict != GO_ON)
		return verdict;
	if (tagged)
		return DROP(DROP_VLAN);
	verdict = is_ipv6(p) ? parse_ipv6(p) : parse_ipv4(p);
	if (verdict != GO_ON)
		return verdict;
	return parse_transport(p);
}

#endif
