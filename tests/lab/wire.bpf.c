// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
/*
 * Lets every packet pass. A veth device hands on what the XDP program at its other end sends by
 * XDP_TX only while it runs an XDP program itself: this one makes it behave like a wire.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

SEC("xdp")
int wire(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
