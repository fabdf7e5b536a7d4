/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_STATS_H
#define VIPCAST_BPF_STATS_H

/* Counters: per CPU, so a plain add is exact. */

#include "packet.h"

static __always_inline int count_drop(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&vc_drop_stats, &reason);

	if (count)
		++*count;
	return XDP_DROP;
}

static __always_inline void count_forward(const struct packet *p, __u32 vip, __u32 backend)
{
	struct traffic_stats *of_vip = bpf_map_lookup_elem(&vc_vip_stats, &vip);
	struct traffic_stats *of_backend = bpf_map_lookup_elem(&vc_backend_stats, &backend);

	if (of_vip) {
		of_vip->packets++;
		of_vip->bytes += frame_len(p);
	}
	if (of_backend) {
		of_backend->packets++;
		of_backend->bytes += frame_len(p);
	}
}

static __always_inline void count_reply(const struct packet *p, __u32 vip, __u32 backend)
{
	struct traffic_stats *of_vip = bpf_map_lookup_elem(&vc_vip_stats, &vip);
	struct traffic_stats *of_backend = bpf_map_lookup_elem(&vc_backend_stats, &backend);

	if (of_vip) {
		of_vip->reply_packets++;
		of_vip->reply_bytes += frame_len(p);
	}
	if (of_backend) {
		of_backend->reply_packets++;
		of_backend->reply_bytes += frame_len(p);
	}
}

static __always_inline void count_flow(__u32 vip, __u32 backend)
{
	struct traffic_stats *of_vip = bpf_map_lookup_elem(&vc_vip_stats, &vip);
	struct traffic_stats *of_backend = bpf_map_lookup_elem(&vc_backend_stats, &backend);

	if (of_vip)
		of_vip->new_flows++;
	if (of_backend)
		of_backend->new_flows++;
}

#endif
