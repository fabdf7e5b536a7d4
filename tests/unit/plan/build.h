/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PLAN_BUILD_H
#define TESTS_UNIT_PLAN_BUILD_H

/* Small builders of states for the planners' tests. Objects made here belong to the state. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "api/object.h"
#include "api/state.h"
#include "plan/gateway.h"

#define NS	 "cluster-east"
#define NOW	 1000 /* seconds; agents renewed just now */
#define DURATION 3

static inline struct ip_addr ip_of(const char *text)
{
	struct ip_addr ip;

	assert_int_equal(ip_parse(text, &ip, NULL), 0);
	return ip;
}

static inline struct timespec at(time_t seconds)
{
	return (struct timespec){.tv_sec = seconds};
}

static inline struct api_object *add(struct api_state *state, enum api_kind kind, const char *ns,
				     const char *name)
{
	struct api_object *obj = api_object_new(kind, ns, name);

	state_put(state, obj);
	return obj;
}

static inline struct api_object *add_cluster(struct api_state *state)
{
	struct api_object *obj = add(state, API_CLUSTER, NS, "east");

	obj->cluster.advanced_networking = true;
	obj->cluster.mode = API_LB_BUNDLED;
	obj->cluster.type = API_LB_BGP;
	obj->cluster.local_asn = 64601;
	return obj;
}

/* A pool of RANGES, comma-separated. The pointer holds until the next pool is added. */
static inline struct api_pool *add_pool(struct api_object *cluster, const char *name,
					const char *ranges)
{
	struct api_pool *pool = array_new(&cluster->cluster.pools);
	char *copy = xstrdup(ranges), *rest = copy, *one;
	struct ip_range range;

	pool->name = xstrdup(name);
	while ((one = strsep(&rest, ","))) {
		assert_int_equal(ip_range_parse(one, &range, NULL), 0);
		array_push(&pool->ranges, range);
	}
	free(copy);
	return pool;
}

static inline void add_cluster_peer(struct api_object *cluster, const char *ip, uint32_t asn)
{
	struct api_cluster_peer *peer = array_new(&cluster->cluster.bgp_peers);

	peer->ip = ip_of(ip);
	peer->asn = asn;
}

static inline void add_ref(struct api_object *cluster, bool load_balancer, const char *ip)
{
	struct api_node_ref ref = {ip_of(ip)};

	if (load_balancer)
		array_push(&cluster->cluster.lb_nodes, ref);
	else
		array_push(&cluster->cluster.control_plane_nodes, ref);
}

static inline struct api_object *add_gateways(struct api_state *state)
{
	return add(state, API_NETWORK_GATEWAY_GROUP, NS, "default");
}

static inline void add_floating_ip(struct api_object *gateways, const char *ip)
{
	array_push(&gateways->gateway_group.floating_ips, ip_of(ip));
}

/* A ready node with one or two InternalIPs (IP6 may be NULL). */
static inline struct api_object *add_node(struct api_state *state, const char *name,
					  const char *ip4, const char *ip6)
{
	struct api_object *obj = add(state, API_NODE, NULL, name);

	obj->node.ready = true;
	if (ip4)
		array_push(&obj->node.internal_ips, ip_of(ip4));
	if (ip6)
		array_push(&obj->node.internal_ips, ip_of(ip6));
	return obj;
}

/* The agent of a node, alive at NOW: "on" or "off", "attached" or else, subnets. */
static inline struct api_object *add_agent(struct api_state *state, const char *node,
					   const char *speaker, const char *dataplane,
					   const char *subnets)
{
	char *name = xasprintf("vipcast-%s", node);
	struct api_object *obj = add(state, API_LEASE, "kube-system", name);

	free(name);
	free(obj->lease.holder);
	obj->lease.holder = xstrdup(node);
	obj->lease.renew_time = at(NOW);
	obj->lease.duration_seconds = DURATION;
	api_pair_set(&obj->meta.annotations, "vipcast.io/speaker", speaker);
	api_pair_set(&obj->meta.annotations, "vipcast.io/dataplane", dataplane);
	api_pair_set(&obj->meta.annotations, "vipcast.io/subnets", subnets);
	return obj;
}

static inline struct api_object *add_service(struct api_state *state, const char *ns,
					     const char *name)
{
	struct api_object *obj = add(state, API_SERVICE, ns, name);

	free(obj->service.type);
	obj->service.type = xstrdup("LoadBalancer");
	return obj;
}

/* One ready endpoint of the Service on NODE (may be NULL). */
static inline struct api_endpoint *add_endpoint(struct api_state *state,
						const struct api_object *service, uint8_t family,
						const char *node)
{
	char *name = xasprintf("%s-%d-%s", service->meta.name, family, node ? node : "any");
	struct api_object *obj = add(state, API_ENDPOINT_SLICE, service->meta.ns, name);
	struct api_endpoint *endpoint = array_new(&obj->endpoint_slice.endpoints);

	free(name);
	free(obj->endpoint_slice.service_name);
	obj->endpoint_slice.service_name = xstrdup(service->meta.name);
	obj->endpoint_slice.family = family;
	endpoint->ready = endpoint->serving = true;
	endpoint->node_name = node ? xstrdup(node) : NULL;
	array_push(&endpoint->addresses, ip_of(family == AF_INET ? "10.0.0.1" : "fd00::1"));
	return endpoint;
}

/* What STATE has of the kind and name, to be changed in place. */
static inline struct api_object *get(struct api_state *state, enum api_kind kind, const char *ns,
				     const char *name)
{
	return (struct api_object *)state_get(state, kind, ns, name);
}

static inline void open_view(struct plan_cluster *c, const struct api_state *state, time_t now)
{
	const struct api_object *cluster;

	assert_int_equal(plan_cluster_pick(state, NULL, &cluster, NULL), 0);
	plan_cluster_open(c, state, cluster, at(now), 0);
}

/* Writes a placement into the group's status, as the controller does. */
static inline void write_placements(struct api_object *gateways, const struct placement *placement)
{
	struct api_network_gateway_group *group = &gateways->gateway_group;

	array_each(&group->placements, p) {
		free(p->node_name);
		free(p->reason);
	}
	group->placements.n = 0;
	array_each(&placement->ips, p) {
		struct api_floating_ip entry = {p->ip, p->node ? xstrdup(p->node->name) : NULL,
						xstrdup(p->reason)};

		array_push(&group->placements, entry);
	}
}

/* Reproducible random numbers (xorshift64*). */
static inline uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (uint32_t)((*seed * 0x2545f4914f6cdd1d) >> 33) % n;
}

#endif
