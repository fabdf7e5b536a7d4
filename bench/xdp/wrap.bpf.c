// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
/*
 * What BPF_PROG_TEST_RUN runs when a program is timed. A program that rewrites its packet sees its
 * own output on the second repetition, so each repetition first restores the packet, gives it the
 * source of a flow drawn at random, and then tail-calls the program under test. The cost of that
 * is in every figure alike, and is taken off by measuring a program that only bounces.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#define ETH_LEN 14

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bench_target SEC(".maps");

__u8 bench_packet[128];
__u32 bench_flows = 1; /* how many different flows */
__u64 bench_random = 1;

/* The high bits of a multiplicative generator are random enough to defeat caches. */
static __always_inline __u32 next_flow(void)
{
	bench_random = bench_random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)((bench_random >> 32) * bench_flows >> 32);
}

static __always_inline int restore(struct xdp_md *ctx, const __u32 len, const __u32 addr_at,
				   const __u32 port_at)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 flow = next_flow();

	if (data + len > end)
		return XDP_ABORTED;
	__builtin_memcpy(data, bench_packet, len);
	/* 16,384 ports an address, as one client machine might use. */
	*(__u16 *)(data + port_at) = (__u16)(flow & 0x3fff) | 0x4000;
	data[addr_at + 2] = (__u8)(flow >> 22);
	data[addr_at + 3] = (__u8)(flow >> 14);
	bpf_tail_call(ctx, &bench_target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int bench_wrap_v4(struct xdp_md *ctx)
{
	return restore(ctx, 64, ETH_LEN + 12, ETH_LEN + 20);
}

SEC("xdp")
int bench_wrap_v6(struct xdp_md *ctx)
{
	return restore(ctx, 80, ETH_LEN + 8 + 12, ETH_LEN + 40);
}

/* The floor: what any program that sends the packet back has to do. */
SEC("xdp")
int bench_bounce(struct xdp_md *ctx)
{
	__u16 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 7 > end)
		return XDP_ABORTED;
	for (int i = 0; i < 3; i++) {
		__u16 mac = data[i];

		data[i] = data[i + 3];
		data[i + 3] = mac;
	}
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
