/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_CSUM_H
#define VIPCAST_BPF_CSUM_H

/*
 * Checksums are corrected by what changed (RFC 1624), never computed afresh: a packet that came in
 * damaged goes out damaged, and the receiver finds it. A delta is a sum of ~old + new words, in 64
 * bits so that carries need no care. Words are taken as they stand in memory: one's complement
 * sums don't depend on byte order.
 */

#include "wire.h"

static __always_inline __u64 csum_delta32(__be32 was, __be32 is)
{
	return (__u64)(__u32)~was + is;
}

static __always_inline __u64 csum_delta16(__u16 was, __u16 is)
{
	return (__u64)(__u16)~was + is;
}

static __always_inline __u64 csum_delta_address(const __be32 was[4], const __be32 is[4])
{
	return csum_delta32(was[0], is[0]) + csum_delta32(was[1], is[1]) +
	       csum_delta32(was[2], is[2]) + csum_delta32(was[3], is[3]);
}

static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* The checksum CHECK after a change of DELTA. */
static __always_inline __u16 csum_apply(__u16 check, __u64 delta)
{
	return ~csum_fold((__u16)~check + delta);
}

/* UDP: 0 means "no checksum" and stays; a checksum that comes out as 0 is sent as 0xffff. */
static __always_inline __u16 csum_apply_udp(__u16 check, __u64 delta)
{
	if (!check)
		return 0;
	check = csum_apply(check, delta);
	return check ? check : 0xffff;
}

#endif
