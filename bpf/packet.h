/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_PACKET_H
#define VIPCAST_BPF_PACKET_H

/*
 * The packet cursor, and what a step says. A step takes the cursor and returns a verdict: an XDP
 * action that ends the way of the packet, DROP(reason), or GO_ON to the next step.
 */

#include "maps.h"

#define GO_ON	       -1
#define DROP(reason)   (-2 - (int)(reason))
#define DROP_REASON(v) ((__u32)(-2 - (v)))
#define IS_DROP(v)     ((v) < GO_ON)

/*
 * The verdict of a negative result of a function that the verifier looks at by itself, and so
 * takes for any number: never GO_ON.
 */
static __always_inline int failed(int result)
{
	return IS_DROP(result) ? result : DROP(DROP_MALFORMED);
}

struct packet {
	struct xdp_md *ctx;
	void *l2, *l3, *l4; /* l4: once parse() has said GO_ON */
	void *end;
	struct flow_key key; /* as it stands in the packet; ICMP has no ports */
	__u32 l4_len;	     /* bytes from l4 to where the IP header says that the packet ends */
	__u8 ttl;
	__u8 tcp_flags;
	__u8 icmp_type;
};

static __always_inline __u32 frame_len(const struct packet *p)
{
	return (__u32)(p->end - p->l2);
}

static __always_inline bool is_ipv6(const struct packet *p)
{
	return p->key.family == AF_INET6;
}

static __always_inline bool is_tcp(const struct packet *p)
{
	return p->key.proto == PROTO_TCP;
}

static __always_inline bool is_icmp(const struct packet *p)
{
	return p->key.proto == (is_ipv6(p) ? PROTO_ICMPV6 : PROTO_ICMP);
}

/* A client's first packet of a TCP connection. */
static __always_inline bool is_syn(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline void address_copy(__be32 to[4], const __be32 from[4])
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
}

static __always_inline bool address_equal(const __be32 a[4], const __be32 b[4])
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
}

#endif
