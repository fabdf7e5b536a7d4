// SPDX-License-Identifier: Apache-2.0
#include "packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#define PROTO_ICMPV6 58

static void put(struct frame *f, const void *bytes, size_t len)
{
	assert(f->len + len <= FRAME_MAX);
	if (bytes)
		memcpy(f->b + f->len, bytes, len);
	else
		memset(f->b + f->len, 0, len);
	f->len += len;
}

static void put8(struct frame *f, uint8_t value)
{
	put(f, &value, 1);
}

static void put16(struct frame *f, uint16_t value)
{
	put8(f, (uint8_t)(value >> 8));
	put8(f, (uint8_t)value);
}

static void put32(struct frame *f, uint32_t value)
{
	put16(f, (uint16_t)(value >> 16));
	put16(f, (uint16_t)value);
}

static void set16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

bool spec_is_ipv6(const struct spec *spec)
{
	return strchr(spec->src, ':') != NULL;
}

static size_t put_address(struct frame *f, const char *text)
{
	uint8_t raw[16];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	size_t len = family == AF_INET6 ? 16 : 4;
	int ok = inet_pton(family, text, raw);

	assert(ok == 1);
	(void)ok;
	put(f, raw, len);
	return len;
}

/* The sum of RFC 1071, byte by byte. */
static uint32_t sum(const uint8_t *b, size_t len, uint32_t start)
{
	for (size_t i = 0; i < len; i++)
		start += i % 2 ? b[i] : (uint32_t)b[i] << 8;
	return start;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* Over TRANSPORT with the pseudo header of RFC 793 or RFC 8200. ADDRESSES: source, destination. */
static uint16_t transport_checksum(const uint8_t *addresses, size_t addresses_len, uint8_t proto,
				   const uint8_t *transport, size_t len)
{
	uint32_t s =
		proto == IPPROTO_ICMP ? 0 : sum(addresses, addresses_len, proto + (uint32_t)len);

	return fold(sum(transport, len, s));
}

static void put_transport(struct frame *f, const struct spec *spec)
{
	switch (spec->proto) {
	case IPPROTO_TCP:
		put16(f, spec->src_port);
		put16(f, spec->dst_port);
		put32(f, 0x01020304); /* sequence, acknowledgement */
		put32(f, 0x05060708);
		put8(f, (uint8_t)((5 + spec->tcp_options) << 4));
		put8(f, spec->tcp_flags);
		put16(f, 0x7210); /* window */
		put32(f, 0);	  /* checksum, urgent */
		for (int i = 0; i < spec->tcp_options; i++)
			put32(f, 0x01010101);
		break;
	case IPPROTO_UDP:
		put16(f, spec->src_port);
		put16(f, spec->dst_port);
		put16(f, (uint16_t)(8 + spec->payload_len));
		put16(f, 0);
		break;
	case IPPROTO_ICMP:
	case PROTO_ICMPV6:
		put8(f, spec->icmp_type);
		put8(f, spec->icmp_code);
		put16(f, 0);
		put32(f, spec->icmp_rest);
		break;
	default:
		break;
	}
	put(f, spec->payload, spec->payload_len);
}

static void set_transport_checksum(const struct spec *spec, uint8_t *transport, size_t len,
				   const uint8_t *addresses, size_t addresses_len)
{
	uint16_t check = transport_checksum(addresses, addresses_len, spec->proto, transport, len);

	switch (spec->proto) {
	case IPPROTO_TCP:
		set16(transport + 16, check);
		break;
	case IPPROTO_UDP:
		if (!spec->no_udp_checksum)
			set16(transport + 6, check ? check : 0xffff);
		break;
	case IPPROTO_ICMP:
	case PROTO_ICMPV6:
		set16(transport + 2, check);
		break;
	default:
		break;
	}
}

static uint8_t ttl_of(const struct spec *spec)
{
	if (spec->is_dead)
		return 0;
	return spec->ttl ? spec->ttl : 64;
}

static void put_ipv4(struct frame *f, const struct spec *spec)
{
	size_t start = f->len, transport;

	put8(f, (uint8_t)(0x45 + spec->options));
	put8(f, 0x10);	  /* type of service */
	put16(f, 0);	  /* length */
	put16(f, 0xbeef); /* identification */
	put16(f, spec->fragment);
	put8(f, ttl_of(spec));
	put8(f, spec->proto);
	put16(f, 0); /* checksum */
	put_address(f, spec->src);
	put_address(f, spec->dst);
	for (int i = 0; i < spec->options; i++)
		put32(f, 0x01010101);
	transport = f->len;
	put_transport(f, spec);
	set16(f->b + start + 2, (uint16_t)(f->len - start));
	set16(f->b + start + 10, fold(sum(f->b + start, transport - start, 0)));
	set_transport_checksum(spec, f->b + transport, f->len - transport, f->b + start + 12, 8);
}

static void put_ipv6(struct frame *f, const struct spec *spec)
{
	size_t start = f->len, transport;

	put32(f, 0x60112233); /* version, traffic class, flow label */
	put16(f, 0);	      /* length */
	put8(f, spec->exts ? spec->ext[0].type : spec->proto);
	put8(f, ttl_of(spec));
	put_address(f, spec->src);
	put_address(f, spec->dst);
	for (size_t i = 0; i < spec->exts; i++) {
		put8(f, i + 1 < spec->exts ? spec->ext[i + 1].type : spec->proto);
		put8(f, spec->ext[i].more);
		put8(f, 0);
		put8(f, spec->ext[i].segments_left);
		put(f, NULL, 4 + spec->ext[i].more * 8u);
	}
	transport = f->len;
	put_transport(f, spec);
	set16(f->b + start + 4, (uint16_t)(f->len - start - 40));
	set_transport_checksum(spec, f->b + transport, f->len - transport, f->b + start + 8, 32);
}

struct frame packet_of(const struct spec *spec)
{
	struct frame f = {.len = 0};

	if (spec_is_ipv6(spec))
		put_ipv6(&f, spec);
	else
		put_ipv4(&f, spec);
	return f;
}

struct frame frame_of(const struct spec *spec)
{
	struct frame f = {.len = 0};

	put(&f, spec->dst_mac, 6);
	put(&f, spec->src_mac, 6);
	for (size_t i = 0; i < 3 && spec->vlans[i]; i++) {
		put16(&f, spec->vlans[i]);
		put16(&f, (uint16_t)(100 + i));
	}
	put16(&f, spec_is_ipv6(spec) ? 0x86dd : 0x0800);
	if (spec_is_ipv6(spec))
		put_ipv6(&f, spec);
	else
		put_ipv4(&f, spec);
	for (size_t i = 0; i < spec->padding; i++)
		put8(&f, 0xa5);
	return f;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* LEN: bytes that are there; a quoted packet may be cut short. */
static bool packet_checksums_hold(const uint8_t *ip, size_t len, bool quoted)
{
	bool six = ip[0] >> 4 == 6;
	size_t header = six ? 40 : (ip[0] & 0xfu) * 4, addresses = six ? 32 : 8;
	size_t total = six ? 40u + get16(ip + 4) : get16(ip + 2);
	uint8_t proto = six ? ip[6] : ip[9];
	const uint8_t *transport;
	uint32_t pseudo;

	if (!six && fold(sum(ip, header, 0)) != 0)
		return false;
	while (six &&
	       (proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS)) {
		proto = ip[header];
		header += (ip[header + 1] + 1u) * 8;
	}
	transport = ip + header;
	if (total > len)
		return quoted; /* the rest of what the transport checksum covers is not here */
	if (proto == IPPROTO_UDP && !get16(transport + 6))
		return !six;
	pseudo = proto == IPPROTO_ICMP ? 0
				       : sum(six ? ip + 8 : ip + 12, addresses,
					     proto + (uint32_t)(total - header));
	if (fold(sum(transport, total - header, pseudo)) != 0)
		return false;
	if (quoted || !((proto == IPPROTO_ICMP && (transport[0] == 3 || transport[0] == 11)) ||
			(proto == PROTO_ICMPV6 && transport[0] < 5)))
		return true;
	return packet_checksums_hold(transport + 8, total - header - 8, true);
}

bool frame_checksums_hold(const struct frame *frame)
{
	return packet_checksums_hold(frame->b + ETH_LEN, frame->len - ETH_LEN, false);
}
