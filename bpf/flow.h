/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_FLOW_H
#define VIPCAST_BPF_FLOW_H

/*
 * Flows of mode nat. A flow is two records that find each other: vc_flows by (client, VIP), and
 * vc_replies by (backend, NAT address). Either may be evicted from its LRU table without the other.
 * The client's side mends that: every FLOW_REFRESH it looks the reply record up and makes it
 * anew, and a new flow whose first NAT port is held by the same client takes that record over.
 *
 * State is written by both directions, possibly on two CPUs at once, and not atomically: the worst
 * that comes of it is a flow that ages by the wrong one of user space's time-outs.
 */

#include "backend.h"
#include "stats.h"
#include "vip.h"

/* NAT ports that are tried, from one that the flow's hash names (docs/decisions). */
#define NAT_PORT_PROBES 32

enum {
	FIN_FROM_CLIENT = 1,
	FIN_FROM_BACKEND = 2,
	FIN_FROM_BOTH = 3,
};

/* The client's side of the link, mixed: each multiplier is odd, so any one change shows. */
static __always_inline __u32 flow_link(const struct packet *p)
{
	const __u32 *macs = p->l2; /* twelve bytes: two addresses */
	__u32 mix = p->ctx->ingress_ifindex;

	if ((const void *)(macs + 3) > p->end)
		return 0;
	mix = mix * 0x9e3779b1 + macs[0];
	mix = mix * 0x85ebca6b + macs[1];
	return mix * 0xc2b2ae35 + macs[2];
}

static __always_inline __u64 flow_hash(const struct packet *p, const struct config_value *cfg)
{
	if (is_ipv6(p))
		return flow_hash_v6(cfg->hash_seed, p->key.src, p->key.dst, p->key.src_port,
				    p->key.dst_port, p->key.proto);
	return flow_hash_v4(cfg->hash_seed, p->key.src[0], p->key.dst[0], p->key.src_port,
			    p->key.dst_port, p->key.proto);
}

/* ---- the reply record --------------------------------------------------------------------- */

/* The key of what the backend of FLOW sends back. */
static __always_inline void reply_key(const struct flow_key *client, const struct flow_value *flow,
				      struct flow_key *key)
{
	address_copy(key->src, flow->backend_addr);
	address_copy(key->dst, flow->nat_addr);
	key->src_port = flow->backend_port;
	key->dst_port = flow->nat_port;
	key->proto = client->proto;
	key->family = client->family;
	key->pad = 0;
}

/* Do both records belong to the same client's flow? */
static __always_inline bool reply_same(const struct reply_value *a, const struct reply_value *b)
{
	return address_equal(a->client_addr, b->client_addr) &&
	       address_equal(a->vip_addr, b->vip_addr) && a->client_port == b->client_port &&
	       a->vip_port == b->vip_port;
}

static __always_inline bool reply_is_of(const struct packet *p, const struct reply_value *reply)
{
	return address_equal(reply->client_addr, p->key.src) &&
	       address_equal(reply->vip_addr, p->key.dst) &&
	       reply->client_port == p->key.src_port && reply->vip_port == p->key.dst_port;
}

/* 0: the record under KEY is now MINE. -EEXIST: it is another's. Else the map's error. */
static __always_inline long reply_put(const struct flow_key *key, const struct reply_value *mine)
{
	struct reply_value *held = bpf_map_lookup_elem(&vc_replies, key);

	if (!held)
		return bpf_map_update_elem(&vc_replies, key, mine, BPF_NOEXIST);
	if (!reply_same(held, mine))
		return -EEXIST;
	*held = *mine;
	return 0;
}

/*
 * Claims a NAT port for the flow of the client's packet in CTX: puts its reply record under the
 * first port that is free, or is its own already, of PROBES ports from OFFSET in the range on.
 * Returns the port in host order, or a verdict. last_seen is put into the past, so that the
 * backend's next packet looks the flow up.
 *
 * A function of its own, so that the verifier follows the loop once and not for each way to it.
 */
__noinline int reply_claim(struct xdp_md *ctx, const struct flow_key *client,
			   const struct flow_value *flow, __u32 offset, __u32 probes)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const struct config_value *cfg = config_get();
	struct reply_value reply = {};
	struct flow_key key = {};
	__u32 ports;

	if (!cfg || !client || !flow || (const void *)(eth + 1) > (void *)(long)ctx->data_end)
		return DROP(DROP_NAT_PORTS);
	address_copy(reply.client_addr, client->src);
	address_copy(reply.vip_addr, client->dst);
	reply.client_port = client->src_port;
	reply.vip_port = client->dst_port;
	reply.vip = flow->vip;
	reply.backend = flow->backend;
	reply.ifindex = ctx->ingress_ifindex;
	mac_copy(reply.dst_mac, eth->h_source);
	mac_copy(reply.src_mac, eth->h_dest);
	reply.last_seen = (__u32)bpf_jiffies64() - FLOW_REFRESH;
	reply_key(client, flow, &key);

	ports = (__u32)cfg->nat_port_last - cfg->nat_port_first + 1;
	for (__u32 i = 0; i < NAT_PORT_PROBES && i < probes; i++) {
		/* modulo and no comparison: a value that the verifier must not tell apart */
		__u16 port = (__u16)(cfg->nat_port_first + (offset + i) % ports);
		long err;

		key.dst_port = bpf_htons(port);
		err = reply_put(&key, &reply);
		if (!err)
			return port;
		if (err != -EEXIST)
			return DROP(DROP_FLOW_TABLE);
	}
	return DROP(DROP_NAT_PORTS);
}

/* Deletes the reply record of a flow that goes elsewhere from now on. */
static __always_inline void reply_release(const struct packet *p, const struct flow_value *flow)
{
	struct flow_key key;
	struct reply_value *held;

	reply_key(&p->key, flow, &key);
	held = bpf_map_lookup_elem(&vc_replies, &key);
	if (held && reply_is_of(p, held))
		bpf_map_delete_elem(&vc_replies, &key);
}

/* ---- a flow that is known ----------------------------------------------------------------- */

/*
 * The backend of a flow, if the flow may stay with it. A new connection from the same client port
 * must not land on a finished one's backend by accident, nor on one that is draining.
 */
static __always_inline struct backend_value *flow_backend(const struct packet *p,
							  const struct flow_value *flow, __u32 vip)
{
	__u32 index = flow->backend;
	struct backend_value *backend = bpf_map_lookup_elem(&vc_backends, &index);
	__u32 flags;

	if (!backend || flow->vip != vip || backend->generation != flow->backend_generation)
		return NULL;
	flags = READ_ONCE(backend->flags);
	if (!(flags & BACKEND_USED))
		return NULL;
	if (is_syn(p) && (flow->state >= FLOW_FIN || flags & BACKEND_DRAINING))
		return NULL;
	return backend;
}

/* Is it one of the ports that step_answer() looks at? */
static __always_inline bool is_nat_port(const struct config_value *cfg, __be16 port)
{
	return bpf_ntohs(port) >= cfg->nat_port_first && bpf_ntohs(port) <= cfg->nat_port_last;
}

/*
 * Writes down where the client's packets come from and that the flow is alive. False: the flow's
 * NAT port went to another client meanwhile (its reply record had been evicted), or is none any
 * more.
 */
static __always_inline bool flow_refresh(const struct packet *p, struct flow_value *flow)
{
	__u32 now = (__u32)bpf_jiffies64(), link = flow_link(p), offset;
	const struct config_value *cfg = config_get();

	if (link == flow->link && now - flow->last_seen < FLOW_REFRESH)
		return true;
	if (!cfg || !is_nat_port(cfg, flow->nat_port))
		return false;
	offset = (__u32)bpf_ntohs(flow->nat_port) - cfg->nat_port_first;
	if (reply_claim(p->ctx, &p->key, flow, offset, 1) < 0)
		return false;
	flow->last_seen = now;
	flow->link = link;
	return true;
}

static __always_inline void flow_fin(struct flow_value *flow, __u8 from)
{
	flow->fin_seen |= from;
	flow->state = flow->fin_seen == FIN_FROM_BOTH ? FLOW_CLOSED : FLOW_FIN;
}

/* What a client's packet means for the flow's state. */
static __always_inline void flow_track_client(const struct packet *p, struct flow_value *flow)
{
	if (!is_tcp(p) || flow->state == FLOW_CLOSED)
		return;
	if (p->tcp_flags & TCP_RST)
		flow->state = FLOW_CLOSED;
	else if (p->tcp_flags & TCP_FIN)
		flow_fin(flow, FIN_FROM_CLIENT);
	else if (flow->state == FLOW_NEW && flow->answered && p->tcp_flags & TCP_ACK)
		flow->state = FLOW_ESTABLISHED;
}

/* The same for a backend's packet. */
static __always_inline void flow_track_backend(const struct packet *p, struct flow_value *flow)
{
	flow->answered = 1;
	if (flow->state == FLOW_CLOSED)
		return;
	if (!is_tcp(p))
		flow->state = FLOW_ESTABLISHED;
	else if (p->tcp_flags & TCP_RST)
		flow->state = FLOW_CLOSED;
	else if (p->tcp_flags & TCP_FIN)
		flow_fin(flow, FIN_FROM_BACKEND);
}

/*
 * A backend's packet came: the flow is looked up when its state changes, the first time, and
 * every FLOW_REFRESH, so that the bulk of replies costs one look-up and no write.
 */
static __always_inline void flow_answer(const struct packet *p, struct reply_value *reply)
{
	bool ends = p->tcp_flags & (TCP_FIN | TCP_RST);
	__u32 now = (__u32)bpf_jiffies64();
	struct flow_value *flow;
	struct flow_key key;

	if (!ends && now - reply->last_seen < FLOW_REFRESH)
		return;
	reply->last_seen = now;
	address_copy(key.src, reply->client_addr);
	address_copy(key.dst, reply->vip_addr);
	key.src_port = reply->client_port;
	key.dst_port = reply->vip_port;
	key.proto = p->key.proto;
	key.family = p->key.family;
	key.pad = 0;
	flow = bpf_map_lookup_elem(&vc_flows, &key);
	if (!flow || flow->nat_port != p->key.dst_port || flow->backend_port != p->key.src_port ||
	    !address_equal(flow->backend_addr, p->key.src))
		return; /* the client has gone on to another backend */
	flow->last_seen = now;
	flow_track_backend(p, flow);
}

#endif
