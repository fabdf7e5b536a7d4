/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_FLOW_START_H
#define VIPCAST_BPF_FLOW_START_H

/*
 * The first packet of a flow: choose a backend, claim a NAT port towards it, record both
 * directions. Two clients never share (NAT address and port, backend address and port, protocol),
 * because the claim is an insertion into vc_replies that fails if the key is there.
 */

#include "flow.h"

static __always_inline void flow_fill(const struct packet *p, const struct backend_value *backend,
				      __u32 index, __u32 vip, struct flow_value *flow)
{
	address_copy(flow->nat_addr, backend->nat_addr);
	address_copy(flow->backend_addr, backend->addr);
	flow->nat_port = 0;
	flow->backend_port = backend->port;
	flow->backend = index;
	flow->backend_generation = backend->generation;
	flow->vip = vip;
	flow->last_seen = (__u32)bpf_jiffies64();
	flow->state = FLOW_NEW;
	flow->fin_seen = 0;
	flow->answered = 0;
	flow->pad = 0;
	flow->link = flow_link(p);
}

static __always_inline bool same_reply_key(const struct flow_value *a, const struct flow_value *b)
{
	return a->nat_port == b->nat_port && a->backend_port == b->backend_port &&
	       address_equal(a->nat_addr, b->nat_addr) &&
	       address_equal(a->backend_addr, b->backend_addr);
}

/*
 * Starts the flow of this packet. OLD is what vc_flows held of it, when that can't be followed any
 * more, or NULL. Fills FLOW (its copy in the map is the same) and *BACKEND.
 */
static __always_inline int flow_start(const struct packet *p, __u64 target,
				      const struct flow_value *old, struct flow_value *flow,
				      struct backend_value **backend)
{
	const struct config_value *cfg = config_get();
	__u32 ports, offset, index;
	int chosen, port;
	__u64 hash;

	if (!cfg)
		return DROP(DROP_NO_BACKEND);
	hash = flow_hash(p, cfg);
	chosen = backend_choose(target, hash, p->key.family);
	if (chosen < 0)
		return failed(chosen);
	index = (__u32)chosen;
	*backend = bpf_map_lookup_elem(&vc_backends, &index);
	if (!*backend)
		return DROP(DROP_NO_BACKEND);
	flow_fill(p, *backend, index, VIP_TARGET_NUMBER(target), flow);
	ports = (__u32)cfg->nat_port_last - cfg->nat_port_first + 1;
	offset = (__u32)((__u64)(__u32)hash * ports >> 32);
	port = reply_claim(p->ctx, &p->key, flow, offset, NAT_PORT_PROBES);
	if (port < 0)
		return failed(port);
	flow->nat_port = bpf_htons((__u16)port);
	flow_track_client(p, flow);
	if (old && !same_reply_key(old, flow))
		reply_release(p, old);
	if (bpf_map_update_elem(&vc_flows, &p->key, flow, BPF_ANY)) {
		reply_release(p, flow);
		return DROP(DROP_FLOW_TABLE);
	}
	count_flow(flow->vip, flow->backend);
	return GO_ON;
}

#endif
