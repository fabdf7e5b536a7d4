/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_SEND_H
#define VIPCAST_BPF_SEND_H

/* Link addresses, and out: by the interface that it came in by, or by another one. */

#include "packet.h"

struct mac {
	__u16 word[3];
} __attribute__((may_alias));

static __always_inline void mac_copy(void *to, const void *from)
{
	*(struct mac *)to = *(const struct mac *)from;
}

static __always_inline int send(struct packet *p, __u32 ifindex, const void *dst_mac,
				const void *src_mac)
{
	struct ethhdr *eth = p->l2;

	if ((void *)(eth + 1) > p->end)
		return DROP(DROP_MALFORMED);
	mac_copy(eth->h_dest, dst_mac);
	mac_copy(eth->h_source, src_mac);
	if (ifindex == p->ctx->ingress_ifindex)
		return XDP_TX;
	if (bpf_redirect_map(&vc_devices, ifindex, XDP_DROP) != XDP_REDIRECT)
		return DROP(DROP_DEVICE);
	return XDP_REDIRECT;
}

/* Back to where it came from. */
static __always_inline int send_back(struct packet *p)
{
	struct ethhdr *eth = p->l2;
	struct mac asker;

	if ((void *)(eth + 1) > p->end)
		return DROP(DROP_MALFORMED);
	mac_copy(&asker, eth->h_source);
	mac_copy(eth->h_source, eth->h_dest);
	mac_copy(eth->h_dest, &asker);
	return XDP_TX;
}

#endif
