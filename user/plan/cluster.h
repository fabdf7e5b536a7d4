/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_CLUSTER_H
#define VIPCAST_PLAN_CLUSTER_H

/*
 * The view of a state that the planners share: one Cluster, its gateway group, and its nodes, each
 * a Node object joined with what the Cluster says of it (by InternalIP) and with what its agent
 * says (the Lease vipcast-NODE and its annotations). A view borrows from the state, which must not
 * change while the view is in use.
 */

#include <sys/socket.h>

#include "api/state.h"
#include "plan/problem.h"

/* Where everything that vipcast writes lives. */
#define PLAN_NAMESPACE "kube-system"

/* What the agent of a node says. */
struct plan_agent {
	bool present;		/* there is a Lease */
	bool alive;		/* renewed in time */
	bool speaker;		/* the role is on */
	bool attached;		/* the XDP program is attached */
	const char *dataplane;	/* "attached", "off", "failed: REASON", "" */
	struct timespec expiry; /* wall clock: alive until here, if not renewed */
	api_prefixes subnets;	/* connected prefixes */
};

struct plan_node {
	char *name;
	const struct api_object *object; /* NULL: implied by the Cluster, in a preview */
	struct ip_addr ip[2];		 /* the first InternalIP: IPv4, IPv6; family 0: none */
	bool ready;
	bool unschedulable;
	bool excluded; /* node.kubernetes.io/exclude-from-external-load-balancers */
	bool load_balancer;
	struct plan_agent agent;
};

struct plan_cluster {
	const struct api_state *state;
	const struct api_object *object;
	const struct api_cluster *spec;
	const struct api_object *gateways; /* NetworkGatewayGroup/default; NULL: none */
	struct timespec now;
	ARRAY(struct plan_node) nodes; /* by name */
};

/*
 * In a preview nobody is alive yet: nodes that only the Cluster names are implied, agents are taken
 * to be well, and nodes whose subnets are unknown are taken to be in a /24 and a /64.
 */
enum plan_flags { PLAN_PREVIEW = 1 };

/*
 * The Cluster to plan for: the one of that "NAMESPACE/NAME", or, with WANTED NULL, the only one.
 * -ENOENT when it is not there, -EINVAL when there are several and none is named.
 */
int plan_cluster_pick(const struct api_state *state, const char *wanted,
		      const struct api_object **out, struct err *err);

/* OBJECT is one of STATE. Closed by plan_cluster_close(). */
void plan_cluster_open(struct plan_cluster *c, const struct api_state *state,
		       const struct api_object *object, struct timespec now, unsigned int flags);
void plan_cluster_close(struct plan_cluster *c);

const struct plan_node *plan_node_find(const struct plan_cluster *c, const char *name);
const struct plan_node *plan_node_by_ip(const struct plan_cluster *c, const struct ip_addr *ip);

/* 0 for IPv4, 1 for IPv6: the index of struct plan_node's ip. */
static inline int plan_family_index(uint8_t family)
{
	return family == AF_INET6;
}

/* Why VIP traffic cannot be sent to the node, in words; "" when it can. Written into BUF. */
const char *plan_next_hop_fault(const struct plan_node *node, char *buf, size_t size);
/* Is the node a next hop for VIPs of this family? */
bool plan_is_next_hop(const struct plan_node *node, uint8_t family);

/* May the node hold this floating IP: healthy, with a speaker, and in its subnet? */
bool plan_may_hold(const struct plan_node *node, const struct ip_addr *ip);
bool plan_in_subnet(const struct plan_node *node, const struct ip_addr *ip);

/* When the first of the living agents' Leases runs out; false when there are none. */
bool plan_next_expiry(const struct plan_cluster *c, struct timespec *out);

/* When an agent's Lease runs out if it is not renewed. */
struct timespec plan_lease_expiry(const struct api_lease *lease);
/* <0, 0, >0 */
int plan_time_compare(const struct timespec *a, const struct timespec *b);

/* What is wrong with the nodes: load balancer nodes that are no next hop, addresses without Node.
 */
void plan_cluster_problems(const struct plan_cluster *c, plan_problems *problems);

#endif
