/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_TESTS_BPF_PACKET_H
#define VIPCAST_TESTS_BPF_PACKET_H

/*
 * Frames out of a description. Checksums are computed plainly over all the bytes, as a receiver
 * would, so an expected frame shares nothing with the incremental arithmetic under test.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 2048
#define ETH_LEN	  14

struct frame {
	uint8_t b[FRAME_MAX];
	size_t len;
};

/* An IPv6 extension header of (1 + more) * 8 bytes, its options zero (Pad1). */
struct extension {
	uint8_t type;
	uint8_t more;
	uint8_t segments_left; /* byte 3: of a routing header */
};

/* What is left out is zero; ttl 0 means 64 and is_dead means 0. */
struct spec {
	const uint8_t *src_mac, *dst_mac;
	uint16_t vlans[3];     /* tag protocols, outermost first */
	const char *src, *dst; /* as text; they give the family */
	uint8_t proto;
	uint16_t src_port, dst_port;
	uint8_t ttl;
	bool is_dead;
	uint16_t fragment; /* IPv4: flags and offset, host order */
	uint8_t options;   /* IPv4: words of options (NOP) */
	struct extension ext[8];
	size_t exts;
	uint8_t tcp_flags;
	uint8_t tcp_options; /* words */
	bool no_udp_checksum;
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_rest; /* host order */
	const void *payload;
	size_t payload_len;
	size_t padding; /* bytes behind the packet */
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10

/* A whole frame, and the IP packet alone. */
struct frame frame_of(const struct spec *spec);
struct frame packet_of(const struct spec *spec);

/* Is the spec's family IPv6? */
bool spec_is_ipv6(const struct spec *spec);

/* Are all checksums of an untagged frame right, those of a quoted packet in an ICMP error too? */
bool frame_checksums_hold(const struct frame *frame);

#endif
