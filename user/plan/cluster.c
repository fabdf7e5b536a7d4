// SPDX-License-Identifier: Apache-2.0
#include "plan/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/object.h"

#define LEASE_PREFIX	 "vipcast-"
#define EXCLUDE_LABEL	 "node.kubernetes.io/exclude-from-external-load-balancers"
#define DEFAULT_LEASE	 3 /* seconds, for a Lease that does not say */
#define ASSUMED_MASK_V4	 24
#define ASSUMED_MASK_V6	 64
#define NAMES_IN_MESSAGE 300 /* characters of a list of names */

/* ---- which Cluster ------------------------------------------------------------------------ */

static bool is_named(const struct api_object *obj, const char *wanted)
{
	const char *ns = plan_str(obj->meta.ns);
	size_t n = strlen(ns);

	return strncmp(wanted, ns, n) == 0 && wanted[n] == '/' &&
	       strcmp(wanted + n + 1, obj->meta.name) == 0;
}

static void list_clusters(const struct api_state *state, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	state_each(state, API_CLUSTER, obj)
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s/%s",
						 used ? ", " : "", plan_str(obj->meta.ns),
						 obj->meta.name);
}

int plan_cluster_pick(const struct api_state *state, const char *wanted,
		      const struct api_object **out, struct err *err)
{
	size_t n = state->kinds[API_CLUSTER].n;
	char names[NAMES_IN_MESSAGE];

	list_clusters(state, names, sizeof(names));
	if (wanted) {
		state_each(state, API_CLUSTER, obj) {
			if (is_named(obj, wanted)) {
				*out = obj;
				return 0;
			}
		}
		return err_set(err, -ENOENT, "no Cluster %s (there is: %s)", wanted,
			       n ? names : "none");
	}
	if (n == 0)
		return err_set(err, -ENOENT, "no Cluster object");
	if (n > 1)
		return err_set(err, -EINVAL, "several Clusters and none is named: %s", names);
	*out = state->kinds[API_CLUSTER].v[0];
	return 0;
}

/* ---- agents ------------------------------------------------------------------------------- */

struct timespec plan_lease_expiry(const struct api_lease *lease)
{
	struct timespec t = lease->renew_time;

	t.tv_sec += lease->duration_seconds ? lease->duration_seconds : DEFAULT_LEASE;
	return t;
}

int plan_time_compare(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

/* A prefix that does not parse is left out: the agent is of another version, or a person tried. */
static void parse_subnets(const char *text, api_prefixes *out)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		char one[IP_TEXT_MAX];
		struct ip_prefix prefix;
		const char *start = text;

		text += text[n] ? n + 1 : n;
		while (*start == ' ' && n > 0) {
			start++;
			n--;
		}
		if (n == 0 || n >= sizeof(one))
			continue;
		memcpy(one, start, n);
		one[n] = '\0';
		if (ip_prefix_parse(one, &prefix, NULL) == 0)
			array_push(out, prefix);
	}
}

static void read_agent(struct plan_node *node, const struct api_object *lease,
		       const struct timespec *now)
{
	const api_pairs *notes = &lease->meta.annotations;
	struct plan_agent *agent = &node->agent;

	agent->present = true;
	agent->expiry = plan_lease_expiry(&lease->lease);
	agent->alive = strcmp(plan_str(lease->lease.holder), node->name) == 0 &&
		       plan_time_compare(now, &agent->expiry) < 0;
	agent->speaker = strcmp(plan_str(api_pair_get(notes, "vipcast.io/speaker")), "on") == 0;
	agent->dataplane = plan_str(api_pair_get(notes, "vipcast.io/dataplane"));
	agent->attached = strcmp(agent->dataplane, "attached") == 0;
	parse_subnets(plan_str(api_pair_get(notes, "vipcast.io/subnets")), &agent->subnets);
}

static void assume_agent(struct plan_node *node)
{
	struct plan_agent *agent = &node->agent;

	if (!agent->present)
		*agent = (struct plan_agent){.dataplane = "attached"};
	agent->alive = agent->speaker = agent->attached = true;
	for (int f = 0; f < 2 && !agent->present; f++) {
		struct ip_prefix subnet = {node->ip[f], f ? ASSUMED_MASK_V6 : ASSUMED_MASK_V4};

		if (ip_is_set(&node->ip[f]))
			array_push(&agent->subnets, subnet);
	}
}

/* ---- nodes -------------------------------------------------------------------------------- */

static bool has_ip(const struct plan_node *node, const struct ip_addr *ip)
{
	if (!node->object)
		return ip_equal(&node->ip[plan_family_index(ip->family)], ip);
	array_each(&node->object->node.internal_ips, own)
		if (ip_equal(own, ip))
			return true;
	return false;
}

const struct plan_node *plan_node_by_ip(const struct plan_cluster *c, const struct ip_addr *ip)
{
	array_each(&c->nodes, node)
		if (has_ip(node, ip))
			return node;
	return NULL;
}

const struct plan_node *plan_node_find(const struct plan_cluster *c, const char *name)
{
	size_t low = 0, high = c->nodes.n;

	while (name && low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(c->nodes.v[mid].name, name);

		if (order == 0)
			return &c->nodes.v[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void add_node(struct plan_cluster *c, const struct api_object *obj)
{
	struct plan_node *node = array_new(&c->nodes);
	char *lease_name = xasprintf(LEASE_PREFIX "%s", obj->meta.name);
	const struct api_object *lease = state_get(c->state, API_LEASE, PLAN_NAMESPACE, lease_name);

	free(lease_name);
	node->name = xstrdup(obj->meta.name);
	node->object = obj;
	node->ready = obj->node.ready;
	node->unschedulable = obj->node.unschedulable;
	node->excluded = api_pair_get(&obj->meta.labels, EXCLUDE_LABEL) != NULL;
	array_each(&obj->node.internal_ips, ip) {
		struct ip_addr *slot = &node->ip[plan_family_index(ip->family)];

		if (!ip_is_set(slot))
			*slot = *ip;
	}
	node->agent.dataplane = "";
	if (lease)
		read_agent(node, lease, &c->now);
}

/* In a preview: a node that the Cluster names and that has no Node object. */
static void imply_node(struct plan_cluster *c, const struct ip_addr *ip)
{
	struct plan_node *node;

	if (plan_node_by_ip(c, ip))
		return;
	node = array_new(&c->nodes);
	node->name = xstrdup(ip_str(ip).s);
	node->ready = true;
	node->ip[plan_family_index(ip->family)] = *ip;
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct plan_node *)a)->name, ((const struct plan_node *)b)->name);
}

static void imply_nodes(struct plan_cluster *c)
{
	array_each(&c->spec->control_plane_nodes, ref)
		imply_node(c, &ref->address);
	array_each(&c->spec->lb_nodes, ref)
		imply_node(c, &ref->address);
	if (c->nodes.n)
		qsort(c->nodes.v, c->nodes.n, sizeof(*c->nodes.v), compare_nodes);
	array_each(&c->nodes, node)
		assume_agent(node);
}

/* The load balancer nodes that the Cluster lists, or, with none, its control-plane nodes. */
static const struct api_node_ref *lb_refs(const struct plan_cluster *c, size_t *n)
{
	const struct api_cluster *spec = c->spec;

	*n = spec->lb_nodes.n ? spec->lb_nodes.n : spec->control_plane_nodes.n;
	return spec->lb_nodes.n ? spec->lb_nodes.v : spec->control_plane_nodes.v;
}

static void mark_load_balancers(struct plan_cluster *c)
{
	size_t n;
	const struct api_node_ref *refs = lb_refs(c, &n);

	for (size_t i = 0; i < n; i++)
		array_each(&c->nodes, node)
			if (has_ip(node, &refs[i].address))
				node->load_balancer = true;
}

void plan_cluster_open(struct plan_cluster *c, const struct api_state *state,
		       const struct api_object *object, struct timespec now, unsigned int flags)
{
	*c = (struct plan_cluster){
		.state = state, .object = object, .spec = &object->cluster, .now = now};
	c->gateways = state_get(state, API_NETWORK_GATEWAY_GROUP, object->meta.ns, "default");
	/* A state is sorted by name already. */
	state_each(state, API_NODE, obj)
		add_node(c, obj);
	if (flags & PLAN_PREVIEW)
		imply_nodes(c);
	mark_load_balancers(c);
}

void plan_cluster_close(struct plan_cluster *c)
{
	array_each(&c->nodes, node) {
		array_free(&node->agent.subnets);
		free(node->name);
	}
	array_free(&c->nodes);
}

/* ---- what a node can do ------------------------------------------------------------------- */

static const char *health_fault(const struct plan_node *node, char *buf, size_t size)
{
	if (!node->ready)
		return "the node is not ready";
	if (!node->agent.present)
		return "no vipcastd runs on it (it has no Lease)";
	if (!node->agent.alive) {
		snprintf(buf, size, "its vipcastd has not renewed the Lease " LEASE_PREFIX "%s",
			 node->name);
		return buf;
	}
	return "";
}

const char *plan_next_hop_fault(const struct plan_node *node, char *buf, size_t size)
{
	const char *fault = health_fault(node, buf, size);

	if (*fault)
		return fault;
	if (node->unschedulable)
		return "the node is cordoned";
	if (node->excluded)
		return "it has the label " EXCLUDE_LABEL;
	if (!node->agent.attached) {
		snprintf(buf, size, "its XDP program is not attached (%s)",
			 *node->agent.dataplane ? node->agent.dataplane : "the agent says nothing");
		return buf;
	}
	return "";
}

bool plan_is_next_hop(const struct plan_node *node, uint8_t family)
{
	return node->load_balancer && ip_is_set(&node->ip[plan_family_index(family)]) &&
	       node->ready && node->agent.alive && !node->unschedulable && !node->excluded &&
	       node->agent.attached;
}

bool plan_in_subnet(const struct plan_node *node, const struct ip_addr *ip)
{
	array_each(&node->agent.subnets, subnet)
		if (ip_prefix_contains(subnet, ip))
			return true;
	return false;
}

bool plan_may_hold(const struct plan_node *node, const struct ip_addr *ip)
{
	return node->ready && node->agent.alive && node->agent.speaker && plan_in_subnet(node, ip);
}

bool plan_next_expiry(const struct plan_cluster *c, struct timespec *out)
{
	bool any = false;

	array_each(&c->nodes, node) {
		if (!node->agent.alive)
			continue;
		if (!any || plan_time_compare(&node->agent.expiry, out) < 0)
			*out = node->agent.expiry;
		any = true;
	}
	return any;
}

void plan_cluster_problems(const struct plan_cluster *c, plan_problems *problems)
{
	size_t n;
	const struct api_node_ref *refs = lb_refs(c, &n);
	char buf[256];

	for (size_t i = 0; i < n; i++)
		if (!plan_node_by_ip(c, &refs[i].address))
			plan_problem_add(problems, c->object, "NoNode",
					 "no Node has the load balancer node's address %s",
					 ip_str(&refs[i].address).s);
	array_each(&c->nodes, node) {
		const char *fault;

		if (!node->load_balancer || !node->object)
			continue;
		fault = plan_next_hop_fault(node, buf, sizeof(buf));
		if (*fault)
			plan_problem_add(problems, node->object, "NoNextHop",
					 "no VIP traffic is sent here: %s", fault);
	}
}
