/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_VIP_H
#define VIPCAST_BPF_VIP_H

/*
 * Is it for a VIP? An entry is in one of two buckets, each a cache line, that its hash names. The
 * target is one word, stored last by user space: an entry whose target is zero is not there.
 */

#include "packet.h"

#include "vipcast/flow_hash.h"

static __always_inline __u64 vip4_find_in(__u32 index, __be32 addr, __be16 port, __u8 proto)
{
	const struct vip4_bucket *bucket = bpf_map_lookup_elem(&vc_vips_v4, &index);
	__u64 target;

	if (!bucket)
		return 0;
#pragma unroll
	for (int i = 0; i < VIP4_BUCKET_ENTRIES; i++) {
		const struct vip4_entry *e = &bucket->entry[i];

		if (e->addr != addr || e->port != port || e->proto != proto)
			continue;
		target = READ_ONCE(e->target);
		if (target)
			return target;
	}
	return 0;
}

static __always_inline __u64 vip6_find_in(__u32 index, const __be32 addr[4], __be16 port,
					  __u8 proto)
{
	const struct vip6_bucket *bucket = bpf_map_lookup_elem(&vc_vips_v6, &index);
	__u64 target;

	if (!bucket)
		return 0;
#pragma unroll
	for (int i = 0; i < VIP6_BUCKET_ENTRIES; i++) {
		const struct vip6_entry *e = &bucket->entry[i];

		if (e->port != port || e->proto != proto || !address_equal(e->addr, addr))
			continue;
		target = READ_ONCE(e->target);
		if (target)
			return target;
	}
	return 0;
}

/* The target word of (destination of the packet, PORT, PROTO), or 0. */
static __always_inline __u64 vip_find(const struct packet *p, __be16 port, __u8 proto)
{
	const struct config_value *cfg = config_get();
	__u64 hash, target;

	if (!cfg)
		return 0;
	if (is_ipv6(p)) {
		hash = vip_hash_v6(p->key.dst, port, proto);
		target = vip6_find_in((__u32)hash & cfg->vip_bucket_mask, p->key.dst, port, proto);
		if (target)
			return target;
		return vip6_find_in((__u32)(hash >> 32) & cfg->vip_bucket_mask, p->key.dst, port,
				    proto);
	}
	hash = vip_hash_v4(p->key.dst[0], port, proto);
	target = vip4_find_in((__u32)hash & cfg->vip_bucket_mask, p->key.dst[0], port, proto);
	if (target)
		return target;
	return vip4_find_in((__u32)(hash >> 32) & cfg->vip_bucket_mask, p->key.dst[0], port, proto);
}

/* Is the destination a VIP at all, whatever the port? */
static __always_inline bool vip_is_address(const struct packet *p)
{
	return vip_find(p, 0, 0) != 0;
}

#endif
