// SPDX-License-Identifier: Apache-2.0
/*
 * Cluster (baremetal.cluster.gke.io/v1) and ClusterCIDRConfig: what a user writes of the cluster as
 * a whole. A cluster file holds much that a load balancer has no use for; those fields are known
 * by name, so that a misspelt one is still found.
 */
#include <stdio.h>
#include <string.h>

#include "api/schema.h"

#define C(member)	  offsetof(struct api_object, cluster.member)
#define KNOWN(field_name) {.name = field_name, .type = &type_object, .flags = FIELD_KNOWN}

static const char *const lb_modes[] = {"bundled", "manual", NULL};
static const char *const lb_types[] = {"layer2", "bgp", NULL};

static const struct field node_ref_fields[] = {
	{.name = "address",
	 .type = &type_ip,
	 .offset = offsetof(struct api_node_ref, address),
	 .flags = FIELD_REQUIRED},
	KNOWN("k8sIP"),
	KNOWN("labels"),
	{0},
};
static const struct schema node_ref_schema = {.fields = node_ref_fields};
static const struct field element_node_ref = {.type = &type_object, .schema = &node_ref_schema};

#define NODE_POOL_FIELDS(list)                                                                    \
	{.name = "nodes",                                                                         \
	 .type = &type_list,                                                                      \
	 .offset = C(list),                                                                       \
	 .element = &element_node_ref,                                                            \
	 .element_size = sizeof(struct api_node_ref)},                                            \
		KNOWN("clusterName"), KNOWN("operatingSystem"), KNOWN("labels"), KNOWN("taints"), \
		KNOWN("kubeletConfig"), KNOWN("upgradeStrategy"), {0}

static const struct field control_plane_pool_fields[] = {NODE_POOL_FIELDS(control_plane_nodes)};
static const struct field lb_pool_fields[] = {NODE_POOL_FIELDS(lb_nodes)};
static const struct schema control_plane_pool = {.fields = control_plane_pool_fields};
static const struct schema lb_pool = {.fields = lb_pool_fields};

static const struct field control_plane_fields[] = {
	{.name = "nodePoolSpec",
	 .type = &type_object,
	 .schema = &control_plane_pool,
	 .flags = FIELD_OMIT_ZERO},
	KNOWN("apiServerCertExtraSANs"),
	KNOWN("loadBalancer"),
	{0},
};
static const struct schema control_plane = {.fields = control_plane_fields};

static const struct field cidr_fields[][2] = {
	{{.name = "cidrBlocks",
	  .type = &type_list,
	  .offset = C(pod_cidrs),
	  .element = &element_prefix,
	  .element_size = sizeof(struct ip_prefix)}},
	{{.name = "cidrBlocks",
	  .type = &type_list,
	  .offset = C(service_cidrs),
	  .element = &element_prefix,
	  .element_size = sizeof(struct ip_prefix)}},
};
static const struct schema pods = {.fields = cidr_fields[0]};
static const struct schema services = {.fields = cidr_fields[1]};

static const struct field network_fields[] = {
	{.name = "advancedNetworking", .type = &type_bool, .offset = C(advanced_networking)},
	{.name = "pods", .type = &type_object, .schema = &pods, .flags = FIELD_OMIT_ZERO},
	{.name = "services", .type = &type_object, .schema = &services, .flags = FIELD_OMIT_ZERO},
	KNOWN("bundledIngress"),
	KNOWN("flatIPv4"),
	KNOWN("forwardMode"),
	KNOWN("multipleNetworkInterfaces"),
	KNOWN("sriovOperator"),
	{0},
};
static const struct schema network = {.fields = network_fields};

static const struct field peer_fields[] = {
	{.name = "ip",
	 .type = &type_ip,
	 .offset = offsetof(struct api_cluster_peer, ip),
	 .flags = FIELD_REQUIRED},
	{.name = "asn",
	 .type = &type_asn,
	 .offset = offsetof(struct api_cluster_peer, asn),
	 .flags = FIELD_REQUIRED},
	{.name = "controlPlaneNodes",
	 .type = &type_list,
	 .offset = offsetof(struct api_cluster_peer, control_plane_nodes),
	 .element = &element_ip,
	 .element_size = sizeof(struct ip_addr),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};
static const struct schema peer = {.fields = peer_fields};
static const struct field element_peer = {.type = &type_object, .schema = &peer};

static const struct field pool_fields[] = {
	{.name = "name",
	 .type = &type_string,
	 .offset = offsetof(struct api_pool, name),
	 .flags = FIELD_REQUIRED},
	{.name = "addresses",
	 .type = &type_list,
	 .offset = offsetof(struct api_pool, ranges),
	 .element = &element_range,
	 .element_size = sizeof(struct ip_range),
	 .flags = FIELD_REQUIRED},
	{.name = "avoidBuggyIPs",
	 .type = &type_bool,
	 .offset = offsetof(struct api_pool, avoid_buggy_ips),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "manualAssign",
	 .type = &type_bool,
	 .offset = offsetof(struct api_pool, manual_assign),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};
static const struct schema pool = {.fields = pool_fields};
static const struct field element_pool = {.type = &type_object, .schema = &pool};

static const struct field port_fields[] = {
	{.name = "controlPlaneLBPort",
	 .type = &type_u16,
	 .offset = C(control_plane_lb_port),
	 .min = 1},
	{0},
};
static const struct schema ports = {.fields = port_fields};

static const struct field vip_fields[] = {
	{.name = "controlPlaneVIP", .type = &type_ip, .offset = C(control_plane_vip)},
	{.name = "ingressVIP", .type = &type_ip, .offset = C(ingress_vip)},
	{0},
};
static const struct schema vips = {.fields = vip_fields};

static const struct field lb_fields[] = {
	{.name = "mode", .type = &type_enum, .offset = C(mode), .words = lb_modes},
	{.name = "type", .type = &type_enum, .offset = C(type), .words = lb_types},
	{.name = "localASN", .type = &type_asn, .offset = C(local_asn), .flags = FIELD_OMIT_ZERO},
	{.name = "bgpPeers",
	 .type = &type_list,
	 .offset = C(bgp_peers),
	 .element = &element_peer,
	 .element_size = sizeof(struct api_cluster_peer),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "ports", .type = &type_object, .schema = &ports},
	{.name = "vips", .type = &type_object, .schema = &vips},
	{.name = "addressPools",
	 .type = &type_list,
	 .offset = C(pools),
	 .element = &element_pool,
	 .element_size = sizeof(struct api_pool),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "nodePoolSpec", .type = &type_object, .schema = &lb_pool},
	{0},
};
static const struct schema load_balancer = {.fields = lb_fields};

static const struct field spec_fields[] = {
	{.name = "clusterNetwork",
	 .type = &type_object,
	 .schema = &network,
	 .flags = FIELD_REQUIRED},
	{.name = "controlPlane",
	 .type = &type_object,
	 .schema = &control_plane,
	 .flags = FIELD_REQUIRED},
	{.name = "loadBalancer",
	 .type = &type_object,
	 .schema = &load_balancer,
	 .flags = FIELD_REQUIRED},
	KNOWN("anthosBareMetalVersion"),
	KNOWN("authentication"),
	KNOWN("authorization"),
	KNOWN("binaryAuthorization"),
	KNOWN("bypassPreflightCheck"),
	KNOWN("clusterOperations"),
	KNOWN("clusterSecurity"),
	KNOWN("gkeConnect"),
	KNOWN("gkeOnPremAPI"),
	KNOWN("gkeVersion"),
	KNOWN("kubevirt"),
	KNOWN("maintenanceBlocks"),
	KNOWN("nodeAccess"),
	KNOWN("nodeConfig"),
	KNOWN("osEnvironmentConfig"),
	KNOWN("periodicHealthCheck"),
	KNOWN("profile"),
	KNOWN("proxy"),
	KNOWN("registryMirrors"),
	KNOWN("storage"),
	KNOWN("type"),
	{0},
};
static const struct schema spec = {.fields = spec_fields};

static const struct field root_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &spec, .flags = FIELD_REQUIRED},
	KNOWN("status"),
	{0},
};

static void defaults(void *base)
{
	struct api_object *obj = base;

	obj->cluster.control_plane_lb_port = 443;
	obj->cluster.mode = API_LB_BUNDLED;
	obj->cluster.type = API_LB_LAYER2;
}

/* ---- rules that hold between fields ------------------------------------------------------ */

#define LB	      "spec.loadBalancer."
#define CONTROL_NODES "spec.controlPlane.nodePoolSpec.nodes"

static const char *pool_name(const struct api_pool *p)
{
	return p->name ? p->name : "";
}

static const struct api_pool *pool_of(const struct api_cluster *c, const struct ip_addr *ip)
{
	array_each(&c->pools, p)
		array_each(&p->ranges, range)
			if (ip_range_contains(range, ip))
				return p;
	return NULL;
}

/* False when a pool has an address that was refused: nothing can be said of what is outside then.
 */
static bool pools_are_whole(const struct api_cluster *c)
{
	array_each(&c->pools, p)
		array_each(&p->ranges, range)
			if (!ip_is_set(&range->first))
				return false;
	return true;
}

static void check_unicast(struct decode *d, const char *path, const struct ip_addr *ip)
{
	if (ip_is_set(ip) && !ip_is_unicast(ip))
		decode_fault_at(d, path, "%s is not a unicast address", ip_str(ip).s);
}

static void check_vips(struct decode *d, const struct api_cluster *c)
{
	const struct ip_addr *control = &c->control_plane_vip, *ingress = &c->ingress_vip;
	const struct api_pool *p = pool_of(c, control);

	check_unicast(d, LB "vips.controlPlaneVIP", control);
	check_unicast(d, LB "vips.ingressVIP", ingress);
	if (ip_is_set(control) && p)
		decode_fault_at(d, LB "vips.controlPlaneVIP",
				"%s lies inside address pool \"%s\"; it must be outside every pool",
				ip_str(control).s, pool_name(p));
	if (ip_is_set(ingress) && ip_equal(ingress, control))
		decode_fault_at(d, LB "vips.ingressVIP", "%s is the controlPlaneVIP too",
				ip_str(ingress).s);
	else if (ip_is_set(ingress) && pools_are_whole(c) && !pool_of(c, ingress))
		decode_fault_at(d, LB "vips.ingressVIP",
				"%s lies in no address pool; it must be inside one",
				ip_str(ingress).s);
}

static void check_pool_pair(struct decode *d, const struct api_cluster *c, size_t i, size_t j)
{
	const struct api_pool *a = &c->pools.v[i], *b = &c->pools.v[j];
	char path[96];

	for (size_t k = 0; k < a->ranges.n; k++)
		for (size_t l = 0; l < (i == j ? k : b->ranges.n); l++) {
			const struct ip_range *x = &a->ranges.v[k], *y = &b->ranges.v[l];

			if (!ip_is_set(&x->first) || !ip_range_overlaps(x, y))
				continue;
			snprintf(path, sizeof(path), LB "addressPools[%zu].addresses[%zu]", i, k);
			decode_fault_at(d, path,
					"%s-%s of pool \"%s\" overlaps %s-%s of pool \"%s\"",
					ip_str(&x->first).s, ip_str(&x->last).s, pool_name(a),
					ip_str(&y->first).s, ip_str(&y->last).s, pool_name(b));
		}
}

static void check_pool_addresses(struct decode *d, const struct api_pool *p, size_t i)
{
	char path[96];

	for (size_t k = 0; k < p->ranges.n; k++) {
		const struct ip_range *range = &p->ranges.v[k];

		snprintf(path, sizeof(path), LB "addressPools[%zu].addresses[%zu]", i, k);
		check_unicast(d, path, &range->first);
		if (ip_is_unicast(&range->first))
			check_unicast(d, path, &range->last);
	}
}

static void check_pools(struct decode *d, const struct api_cluster *c)
{
	char path[96];

	for (size_t i = 0; i < c->pools.n; i++) {
		const char *name = pool_name(&c->pools.v[i]);

		snprintf(path, sizeof(path), LB "addressPools[%zu].addresses", i);
		if (!c->pools.v[i].ranges.n && !decode_is_refused(d, path))
			decode_fault_at(d, path, "pool \"%s\" has no addresses", name);
		check_pool_addresses(d, &c->pools.v[i], i);
		for (size_t j = 0; j < i; j++) {
			if (!*name || strcmp(name, pool_name(&c->pools.v[j])) != 0)
				continue;
			snprintf(path, sizeof(path), LB "addressPools[%zu].name", i);
			decode_fault_at(d, path, "there are two pools \"%s\"", name);
		}
		for (size_t j = 0; j <= i; j++)
			check_pool_pair(d, c, i, j);
	}
}

static bool is_control_plane_node(const struct api_cluster *c, const struct ip_addr *ip)
{
	array_each(&c->control_plane_nodes, node)
		if (ip_equal(&node->address, ip))
			return true;
	return false;
}

static void check_peer_nodes(struct decode *d, const struct api_cluster *c, size_t i)
{
	const api_ips *nodes = &c->bgp_peers.v[i].control_plane_nodes;
	char path[96];

	for (size_t k = 0; k < nodes->n; k++) {
		if (!ip_is_set(&nodes->v[k]) || is_control_plane_node(c, &nodes->v[k]))
			continue;
		snprintf(path, sizeof(path), LB "bgpPeers[%zu].controlPlaneNodes[%zu]", i, k);
		decode_fault_at(d, path, "%s is not a node of spec.controlPlane.nodePoolSpec",
				ip_str(&nodes->v[k]).s);
	}
}

static void check_peers(struct decode *d, const struct api_cluster *c)
{
	char path[96];

	for (size_t i = 0; i < c->bgp_peers.n; i++) {
		const struct api_cluster_peer *p = &c->bgp_peers.v[i];

		if (p->asn && p->asn == c->local_asn) {
			snprintf(path, sizeof(path), LB "bgpPeers[%zu].asn", i);
			decode_fault_at(d, path,
					"%u is localASN: only eBGP is supported, the peer must be "
					"in another AS",
					p->asn);
		}
		snprintf(path, sizeof(path), LB "bgpPeers[%zu].ip", i);
		check_unicast(d, path, &p->ip);
		for (size_t j = 0; ip_is_set(&p->ip) && j < i; j++)
			if (p->ip.family && ip_equal(&c->bgp_peers.v[j].ip, &p->ip))
				decode_fault_at(d, path, "peer %s is listed twice",
						ip_str(&p->ip).s);
		check_peer_nodes(d, c, i);
	}
}

static void check_node_list(struct decode *d, const struct api_node_ref *nodes, size_t n,
			    const char *list)
{
	char path[96];

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (ip_is_set(&nodes[i].address) &&
			    ip_equal(&nodes[i].address, &nodes[j].address)) {
				snprintf(path, sizeof(path), "%s[%zu].address", list, i);
				decode_fault_at(d, path, "node %s is listed twice",
						ip_str(&nodes[i].address).s);
			}
}

static void check(struct decode *d, const void *base)
{
	const struct api_object *obj = base;
	const struct api_cluster *c = &obj->cluster;

	if (obj->meta.name && obj->meta.ns &&
	    (strncmp(obj->meta.ns, "cluster-", 8) != 0 ||
	     strcmp(obj->meta.ns + 8, obj->meta.name) != 0))
		decode_fault_at(d, "metadata.namespace", "must be \"cluster-%s\", not \"%s\"",
				obj->meta.name, obj->meta.ns);
	check_node_list(d, c->control_plane_nodes.v, c->control_plane_nodes.n, CONTROL_NODES);
	check_node_list(d, c->lb_nodes.v, c->lb_nodes.n, LB "nodePoolSpec.nodes");
	check_pools(d, c);
	check_vips(d, c);
	check_peers(d, c);
	if (c->mode == API_LB_MANUAL || c->type != API_LB_BGP)
		return;
	if (!c->advanced_networking)
		decode_fault_at(d, LB "type",
				"\"bgp\" needs spec.clusterNetwork.advancedNetworking: true");
	if (!c->local_asn && !decode_is_refused(d, LB "localASN"))
		decode_fault_at(d, LB "localASN", "is required with type \"bgp\"");
	if (!c->bgp_peers.n && !decode_is_refused(d, LB "bgpPeers"))
		decode_fault_at(d, LB "bgpPeers", "is required with type \"bgp\"");
	if (!c->control_plane_nodes.n && !decode_is_refused(d, CONTROL_NODES))
		decode_fault_at(d, CONTROL_NODES, "lists no node");
}

static const struct schema cluster_root = {
	.fields = root_fields, .defaults = defaults, .check = check};
static const char *const cluster_versions[] = {"baremetal.cluster.gke.io/v1", NULL};

const struct kind_schema cluster_kind = {
	.info = {API_CLUSTER, "Cluster", "baremetal.cluster.gke.io", "v1", "clusters", true, false},
	.versions = cluster_versions,
	.root = &cluster_root,
};
