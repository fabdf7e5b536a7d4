/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_WIRE_H
#define VIPCAST_BPF_WIRE_H

/*
 * Numbers of the wire that vmlinux.h does not carry, as it has types and no macros. The kernel's
 * structs for headers are used as they are: their layout is the wire's, so no relocation is wanted.
 */

#define BPF_NO_PRESERVE_ACCESS_INDEX
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET	 2
#define AF_INET6 10

#define EEXIST 17

/* Ethernet */
#define ETH_P_IP     0x0800
#define ETH_P_IPV6   0x86dd
#define ETH_P_8021Q  0x8100
#define ETH_P_8021AD 0x88a8

struct vlan_tag {
	__be16 control;
	__be16 proto;
};

/* IPv4: more fragments, and the fragment's offset */
#define IP_FRAGMENT_BITS 0x3fff

/* Protocols and IPv6 next headers */
#define PROTO_HOP_BY_HOP   0
#define PROTO_ICMP	   1
#define PROTO_TCP	   6
#define PROTO_UDP	   17
#define PROTO_ROUTING	   43
#define PROTO_FRAGMENT	   44
#define PROTO_ESP	   50
#define PROTO_AH	   51
#define PROTO_ICMPV6	   58
#define PROTO_DEST_OPTIONS 60
#define PROTO_MOBILITY	   135
#define PROTO_HIP	   139
#define PROTO_SHIM6	   140

/* TCP flags, as they stand in byte 13 of the header */
#define TCP_FLAGS_OFFSET 13
#define TCP_FIN		 0x01
#define TCP_SYN		 0x02
#define TCP_RST		 0x04
#define TCP_ACK		 0x10

/* ICMP (RFC 792) */
#define ICMP_ECHO_REPLY	       0
#define ICMP_UNREACHABLE       3
#define ICMP_ECHO_REQUEST      8
#define ICMP_TIME_EXCEEDED     11
#define ICMP_PARAMETER_PROBLEM 12

/* ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861) */
#define ICMP6_UNREACHABLE	1
#define ICMP6_PARAMETER_PROBLEM 4 /* the last of the errors 1 ... 4 */
#define ICMP6_ECHO_REQUEST	128
#define ICMP6_ECHO_REPLY	129
#define ICMP6_ND_FIRST		133 /* router solicitation */
#define ICMP6_ND_LAST		137 /* redirect */

/* Of packets that we originate (echo replies). */
#define DEFAULT_TTL 64

#endif
