// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
/*
 * What makes a veth pair behave like a wire.
 *
 * A veth device hands on what the XDP program at its other end sends by XDP_TX only while it runs
 * an XDP program itself: wire is one that does nothing.
 *
 * A packet takes its socket's hash along through a veth, and routers would choose among next hops
 * by that: a hash that is another one for a retransmitted SYN. forget_hash makes them compute their
 * own from the packet, as they would of one that comes by cable.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

SEC("xdp")
int wire(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int forget_hash(struct __sk_buff *skb)
{
	bpf_set_hash_invalid(skb);
	return 0; /* TC_ACT_OK */
}

char _license[] SEC("license") = "GPL";
