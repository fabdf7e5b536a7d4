/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_FLOW_HASH_H
#define VIPCAST_FLOW_HASH_H

/*
 * The hashes that the XDP program and user space must agree on. flow_hash() is SipHash-1-3 over
 * the flow's addresses, ports and protocol, keyed with the cluster's seed: who does not know the
 * seed can neither aim at a backend nor collide flows. vip_hash() spreads VIP entries over buckets.
 */

#ifndef FLOW_HASH_INLINE
#define FLOW_HASH_INLINE static inline __attribute__((always_inline))
#endif

struct siphash {
	__u64 v0, v1, v2, v3;
};

FLOW_HASH_INLINE __u64 rotl64(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}

FLOW_HASH_INLINE void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v1 = rotl64(s->v1, 13) ^ s->v0;
	s->v0 = rotl64(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl64(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl64(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl64(s->v1, 17) ^ s->v2;
	s->v2 = rotl64(s->v2, 32);
}

FLOW_HASH_INLINE void siphash_start(struct siphash *s, const __u64 seed[2])
{
	s->v0 = seed[0] ^ 0x736f6d6570736575ULL;
	s->v1 = seed[1] ^ 0x646f72616e646f6dULL;
	s->v2 = seed[0] ^ 0x6c7967656e657261ULL;
	s->v3 = seed[1] ^ 0x7465646279746573ULL;
}

FLOW_HASH_INLINE void siphash_word(struct siphash *s, __u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	s->v0 ^= word;
}

FLOW_HASH_INLINE __u64 siphash_end(struct siphash *s)
{
	s->v2 ^= 0xff;
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* IPv4: addresses and ports as they stand in the packet (network order). */
FLOW_HASH_INLINE __u64 flow_hash_v4(const __u64 seed[2], __be32 src, __be32 dst, __be16 src_port,
				    __be16 dst_port, __u8 proto)
{
	struct siphash s;

	siphash_start(&s, seed);
	siphash_word(&s, (__u64)src << 32 | dst);
	siphash_word(&s, (__u64)proto << 32 | (__u32)src_port << 16 | dst_port);
	return siphash_end(&s);
}

FLOW_HASH_INLINE __u64 flow_hash_v6(const __u64 seed[2], const __be32 src[4], const __be32 dst[4],
				    __be16 src_port, __be16 dst_port, __u8 proto)
{
	struct siphash s;

	siphash_start(&s, seed);
	siphash_word(&s, (__u64)src[0] << 32 | src[1]);
	siphash_word(&s, (__u64)src[2] << 32 | src[3]);
	siphash_word(&s, (__u64)dst[0] << 32 | dst[1]);
	siphash_word(&s, (__u64)dst[2] << 32 | dst[3]);
	siphash_word(&s, (__u64)proto << 32 | (__u32)src_port << 16 | dst_port);
	return siphash_end(&s);
}

/* Which slot of a table of SIZE slots a flow hash falls on: the high half scaled, no division. */
FLOW_HASH_INLINE __u32 flow_slot(__u64 hash, __u32 size)
{
	return (__u32)((hash >> 32) * size >> 32);
}

/*
 * Buckets of a VIP entry: the low and the high half of one multiply-mix. Unkeyed: an attacker
 * cannot choose VIPs. Masks are applied by the caller.
 */
FLOW_HASH_INLINE __u64 vip_hash_mix(__u64 x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15ULL;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ x >> 32;
}

FLOW_HASH_INLINE __u64 vip_hash_v4(__be32 addr, __be16 port, __u8 proto)
{
	return vip_hash_mix((__u64)addr << 32 | (__u32)port << 8 | proto);
}

FLOW_HASH_INLINE __u64 vip_hash_v6(const __be32 addr[4], __be16 port, __u8 proto)
{
	__u64 x = vip_hash_mix((__u64)addr[0] << 32 | addr[1]);

	x = vip_hash_mix(x ^ ((__u64)addr[2] << 32 | addr[3]));
	return vip_hash_mix(x ^ ((__u32)port << 8 | proto));
}

#endif
