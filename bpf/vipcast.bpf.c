// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
/*
 * The dataplane of a load balancer node. A packet walks down a straight line of steps; each either
 * ends its way with a verdict or lets it go on:
 *
 *   parse      Ethernet, VLAN, IP, transport; fragments and broken headers end here
 *   icmp       echo to a VIP, errors about a flow in either direction
 *   forward    for a service: to a backend, by the flow that is known or a new one
 *   answer     from a backend, to a NAT port of ours: back to the client
 *
 * What is left and addressed to a VIP is dropped and counted, as the stack would only send it back
 * to the router; what is left and not addressed to a VIP passes with not one byte changed.
 *
 * docs/architecture.md has the picture, include/vipcast/maps.h the tables.
 */

#include "flow_start.h"
#include "icmp.h"
#include "icmp_error.h"
#include "parse.h"

static __always_inline int step_forward(struct packet *p)
{
	__u64 target = vip_find(p, p->key.dst_port, p->key.proto);
	struct backend_value *backend = NULL;
	struct flow_value *flow, fresh;
	struct ends to;
	union hop hop;
	int verdict;

	if (VIP_TARGET_MODE(target) != VIP_MODE_NAT)
		return GO_ON;
	if (ttl_is_used_up(p))
		return DROP(DROP_TTL);
	flow = bpf_map_lookup_elem(&vc_flows, &p->key);
	if (flow) {
		backend = flow_backend(p, flow, VIP_TARGET_NUMBER(target));
		if (backend && !flow_refresh(p, flow))
			backend = NULL;
	}
	if (backend) {
		flow_track_client(p, flow);
	} else {
		verdict = flow_start(p, target, flow, &fresh, &backend);
		if (verdict != GO_ON)
			return verdict;
		flow = &fresh;
	}
	hop = backend_hop(backend);
	if (!(hop.flags & BACKEND_UP))
		return DROP(DROP_NO_NEIGHBOUR);
	to = (struct ends){flow->nat_addr, flow->backend_addr, flow->nat_port, flow->backend_port};
	verdict = nat_packet(p, &to);
	if (verdict != GO_ON)
		return verdict;
	count_forward(p, flow->vip, flow->backend);
	return backend_send(p, backend, &hop);
}

static __always_inline int step_answer(struct packet *p)
{
	const struct config_value *cfg = config_get();
	struct reply_value *reply;
	struct ends to;
	int verdict;

	if (!cfg || !is_nat_port(cfg, p->key.dst_port))
		return GO_ON;
	reply = bpf_map_lookup_elem(&vc_replies, &p->key);
	if (!reply)
		return GO_ON;
	if (ttl_is_used_up(p))
		return DROP(DROP_TTL);
	flow_answer(p, reply);
	to = (struct ends){reply->vip_addr, reply->client_addr, reply->vip_port,
			   reply->client_port};
	verdict = nat_packet(p, &to);
	if (verdict != GO_ON)
		return verdict;
	count_reply(p, reply->vip, reply->backend);
	return send(p, reply->ifindex, reply->dst_mac, reply->src_mac);
}

static __always_inline int step_icmp(struct packet *p)
{
	int verdict;

	if (icmp_is_discovery(p))
		return XDP_PASS;
	if (!vip_is_address(p))
		return icmp_is_error(p) ? icmp_error_from_backend(p) : GO_ON;
	if (icmp_is_error(p))
		return icmp_error_to_vip(p);
	verdict = icmp_echo(p);
	return verdict == GO_ON ? DROP(DROP_ICMP_TYPE) : verdict;
}

static __always_inline int walk(struct packet *p)
{
	int verdict;

	verdict = parse(p);
	if (IS_DROP(verdict))
		return vip_is_address(p) ? verdict : XDP_PASS;
	if (verdict != GO_ON)
		return verdict;
	if (is_icmp(p)) {
		verdict = step_icmp(p);
		return verdict == GO_ON ? XDP_PASS : verdict;
	}
	verdict = step_forward(p);
	if (verdict != GO_ON)
		return verdict;
	verdict = step_answer(p);
	if (verdict != GO_ON)
		return verdict;
	return vip_is_address(p) ? DROP(DROP_NO_SERVICE) : XDP_PASS;
}

SEC("xdp")
int vipcast_xdp(struct xdp_md *ctx)
{
	struct packet p = {
		.ctx = ctx,
		.l2 = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};
	int verdict = walk(&p);

	return IS_DROP(verdict) ? count_drop(DROP_REASON(verdict)) : verdict;
}

/*
 * The stack's side of the door (docs/architecture.md): veth hands frames from XDP on the one end
 * over to the other only if that end has a program too.
 */
SEC("xdp")
int vipcast_door(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* For BPF_PROG_TEST_RUN: the clock that last_seen is written by, which user space can't read. */
SEC("xdp")
int vipcast_clock(struct xdp_md *ctx)
{
	return (int)(__u32)bpf_jiffies64();
}

char _license[] SEC("license") = "GPL";
