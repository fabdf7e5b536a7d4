// SPDX-License-Identifier: Apache-2.0
#include "api/validate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 4, 5)))
breach(fault_list *faults, const struct api_object *obj, const char *path, const char *fmt, ...)
{
	char title[320], msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	snprintf(title, sizeof(title), "%s/%s", api_kind_info(obj->kind)->name, obj->meta.name);
	fault_add(faults, title, path, "%s", msg);
	faults->v[faults->n - 1].ns = obj->meta.ns ? xstrdup(obj->meta.ns) : NULL;
}

static bool same_ns(const struct api_object *a, const struct api_object *b)
{
	return !strcmp(a->meta.ns, b->meta.ns);
}

static const struct api_object *cluster_of(const struct api_state *state,
					   const struct api_object *obj)
{
	state_each(state, API_CLUSTER, cluster)
		if (same_ns(cluster, obj))
			return cluster;
	return NULL;
}

/* ---- floating IPs ------------------------------------------------------------------------ */

static bool lists_node(const struct api_node_ref *nodes, size_t n, const struct ip_addr *ip)
{
	for (size_t i = 0; i < n; i++)
		if (ip_equal(&nodes[i].address, ip))
			return true;
	return false;
}

static void check_not_a_node(const struct api_state *state, const struct api_cluster *c,
			     const struct api_object *group, const struct ip_addr *ip,
			     const char *path, fault_list *faults)
{
	state_each(state, API_NODE, node)
		array_each(&node->node.internal_ips, own)
			if (ip_equal(own, ip)) {
				breach(faults, group, path, "%s is the own address of node %s",
				       ip_str(ip).s, node->meta.name);
				return;
			}
	if (lists_node(c->control_plane_nodes.v, c->control_plane_nodes.n, ip) ||
	    lists_node(c->lb_nodes.v, c->lb_nodes.n, ip))
		breach(faults, group, path, "%s is the own address of a node of the Cluster",
		       ip_str(ip).s);
}

static void check_not_a_vip(const struct api_cluster *c, const struct api_object *group,
			    const struct ip_addr *ip, const char *path, fault_list *faults)
{
	if (ip_equal(&c->control_plane_vip, ip))
		breach(faults, group, path, "%s is the controlPlaneVIP", ip_str(ip).s);
	array_each(&c->bgp_peers, peer)
		if (ip_equal(&peer->ip, ip))
			breach(faults, group, path, "%s is the address of a BGP peer",
			       ip_str(ip).s);
	array_each(&c->pools, pool)
		array_each(&pool->ranges, range)
			if (ip_range_contains(range, ip))
				breach(faults, group, path, "%s lies inside address pool \"%s\"",
				       ip_str(ip).s, pool->name);
}

static void check_group(const struct api_state *state, const struct api_object *group,
			fault_list *faults)
{
	const struct api_object *cluster = cluster_of(state, group);
	const api_ips *ips = &group->gateway_group.floating_ips;
	char path[64];

	if (!cluster) {
		breach(faults, group, "metadata.namespace", "no Cluster lives in \"%s\"",
		       group->meta.ns);
		return;
	}
	for (size_t i = 0; i < ips->n; i++) {
		snprintf(path, sizeof(path), "spec.floatingIPs[%zu]", i);
		check_not_a_node(state, &cluster->cluster, group, &ips->v[i], path, faults);
		check_not_a_vip(&cluster->cluster, group, &ips->v[i], path, faults);
	}
}

/* ---- peers ------------------------------------------------------------------------------- */

static const struct api_object *group_of(const struct api_state *state,
					 const struct api_object *obj)
{
	return state_get(state, API_NETWORK_GATEWAY_GROUP, obj->meta.ns, "default");
}

static void check_peer_reached(const struct api_state *state, const struct api_object *peer,
			       fault_list *faults)
{
	const struct api_object *lb =
		state_get(state, API_BGP_LOAD_BALANCER, peer->meta.ns, "default");

	if (!lb)
		breach(faults, peer, "metadata.labels",
		       "no BGPLoadBalancer selects this peer: there is none in \"%s\"",
		       peer->meta.ns);
	else if (!lb->bgp_load_balancer.has_selector)
		breach(faults, peer, "metadata.labels",
		       "no selector reaches this peer: BGPLoadBalancer/default has no peerSelector");
	else if (!api_pairs_match(&lb->bgp_load_balancer.peer_selector, &peer->meta.labels))
		breach(faults, peer, "metadata.labels",
		       "no selector reaches this peer: BGPLoadBalancer/default selects other labels");
}

static void check_peer_sessions(const struct api_state *state, const struct api_object *peer,
				fault_list *faults)
{
	const struct api_object *group = group_of(state, peer);
	uint32_t fitting = 0;

	if (!group)
		return;
	array_each(&group->gateway_group.floating_ips, ip)
		fitting += ip->family == peer->bgp_peer.peer_ip.family;
	if (!fitting)
		breach(faults, peer, "spec.peerIP",
		       "%s: there is no floating IP of its family to peer from",
		       ip_str(&peer->bgp_peer.peer_ip).s);
	else if (peer->bgp_peer.sessions > fitting)
		breach(faults, peer, "spec.sessions",
		       "%u sessions need as many floating IPs of the peer's family; there %s %u",
		       peer->bgp_peer.sessions, fitting == 1 ? "is" : "are", fitting);
}

static void check_peer(const struct api_state *state, const struct api_object *peer,
		       fault_list *faults)
{
	if (!cluster_of(state, peer)) {
		breach(faults, peer, "metadata.namespace", "no Cluster lives in \"%s\"",
		       peer->meta.ns);
		return;
	}
	check_peer_reached(state, peer, faults);
	check_peer_sessions(state, peer, faults);
}

static void check_balancer(const struct api_state *state, const struct api_object *lb,
			   fault_list *faults)
{
	if (!cluster_of(state, lb)) {
		breach(faults, lb, "metadata.namespace", "no Cluster lives in \"%s\"", lb->meta.ns);
		return;
	}
	if (!lb->bgp_load_balancer.has_selector)
		return;
	state_each(state, API_BGP_PEER, peer)
		if (same_ns(peer, lb) &&
		    api_pairs_match(&lb->bgp_load_balancer.peer_selector, &peer->meta.labels))
			return;
	breach(faults, lb, "spec.peerSelector", "selects no BGPPeer");
}

/* ---- clusters ---------------------------------------------------------------------------- */

static void check_cluster(const struct api_state *state, const struct api_object *cluster,
			  fault_list *faults)
{
	const struct api_cluster *c = &cluster->cluster;

	if (c->mode == API_LB_MANUAL || c->type != API_LB_BGP)
		return;
	if (!group_of(state, cluster))
		breach(faults, cluster, "spec.loadBalancer.type",
		       "\"bgp\" needs a NetworkGatewayGroup \"default\" in \"%s\"",
		       cluster->meta.ns);
}

size_t validate_state(const struct api_state *state, fault_list *faults)
{
	size_t before = faults->n;

	state_each(state, API_CLUSTER, cluster)
		check_cluster(state, cluster, faults);
	state_each(state, API_NETWORK_GATEWAY_GROUP, group)
		check_group(state, group, faults);
	state_each(state, API_BGP_LOAD_BALANCER, lb)
		check_balancer(state, lb, faults);
	state_each(state, API_BGP_PEER, peer)
		check_peer(state, peer, faults);
	return faults->n - before;
}
