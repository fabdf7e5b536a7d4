// SPDX-License-Identifier: Apache-2.0
#include "docs.h"

#define LB	"spec.loadBalancer"
#define NOT_ASN "must be an AS number (1 to 4294967295, or asdot like 64512.1), not "

static void reads_every_field(void **state)
{
	struct api_object *obj = decoded(document(CLUSTER_DOC));
	const struct api_cluster *c = &obj->cluster;
	char text[IP_TEXT_MAX];

	(void)state;
	assert_true(c->advanced_networking);
	assert_string_equal(ip_prefix_format(&c->pod_cidrs.v[0], text), "10.244.0.0/16");
	assert_string_equal(ip_prefix_format(&c->service_cidrs.v[0], text), "10.96.0.0/16");
	assert_int_equal(c->control_plane_nodes.n, 2);
	assert_string_equal(ip_str(&c->control_plane_nodes.v[1].address).s, "10.0.0.2");
	assert_int_equal(c->mode, API_LB_BUNDLED);
	assert_int_equal(c->type, API_LB_BGP);
	assert_int_equal(c->local_asn, 64601);
	assert_int_equal(c->bgp_peers.n, 2);
	assert_string_equal(ip_str(&c->bgp_peers.v[0].ip).s, "10.0.1.1");
	assert_int_equal(c->bgp_peers.v[0].asn, 64602);
	assert_int_equal(c->bgp_peers.v[0].control_plane_nodes.n, 1);
	assert_int_equal(c->bgp_peers.v[1].control_plane_nodes.n, 0);
	assert_int_equal(c->control_plane_lb_port, 443);
	assert_string_equal(ip_str(&c->control_plane_vip).s, "198.51.100.200");
	assert_string_equal(ip_str(&c->ingress_vip).s, "198.51.100.1");
	assert_int_equal(c->pools.n, 2);
	assert_string_equal(c->pools.v[0].name, "front");
	assert_int_equal(c->pools.v[0].ranges.n, 2);
	assert_false(c->pools.v[0].manual_assign || c->pools.v[0].avoid_buggy_ips);
	assert_true(c->pools.v[1].manual_assign && c->pools.v[1].avoid_buggy_ips);
	assert_string_equal(ip_str(&c->pools.v[1].ranges.v[0].first).s, "198.51.100.128");
	assert_string_equal(ip_str(&c->pools.v[1].ranges.v[0].last).s, "198.51.100.143");
	assert_int_equal(c->lb_nodes.n, 2);
	api_object_free(obj);
}

static void has_the_defaults_of_the_reference(void **state)
{
	struct api_object *obj = decoded(document(
		"{'apiVersion': 'baremetal.cluster.gke.io/v1', 'kind': 'Cluster',"
		" 'metadata': {'name': 'a', 'namespace': 'cluster-a'},"
		" 'spec': {'clusterNetwork': {}, 'controlPlane': {}, 'loadBalancer': {}}}"));

	(void)state;
	assert_int_equal(obj->cluster.mode, API_LB_BUNDLED);
	assert_int_equal(obj->cluster.type, API_LB_LAYER2);
	assert_int_equal(obj->cluster.control_plane_lb_port, 443);
	assert_false(obj->cluster.advanced_networking);
	assert_false(ip_is_set(&obj->cluster.control_plane_vip));
	api_object_free(obj);
}

static void as_numbers_are_integers_or_asdot(void **state)
{
	static const struct {
		const char *written;
		uint32_t asn;
	} cases[] = {
		{"1", 1},	    {"4294967295", 4294967295},
		{"'64512'", 64512}, {"'64512.1'", 64512u << 16 | 1},
		{"'0.7'", 7},	    {"'65535.65535'", 4294967295},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct api_object *obj =
			decoded(changed(CLUSTER_DOC, LB ".localASN", cases[i].written));

		assert_int_equal(obj->cluster.local_asn, cases[i].asn);
		api_object_free(obj);
	}
}

static void what_is_no_as_number_is_refused(void **state)
{
	static const struct change_case cases[] = {
		{LB ".localASN", "0", LB ".localASN: " NOT_ASN "0"},
		{LB ".localASN", "4294967296", LB ".localASN: " NOT_ASN "4294967296"},
		{LB ".localASN", "-1", LB ".localASN: " NOT_ASN "-1"},
		{LB ".localASN", "'0.0'", LB ".localASN: " NOT_ASN "\"0.0\""},
		{LB ".localASN", "'65536.1'", LB ".localASN: " NOT_ASN "\"65536.1\""},
		{LB ".localASN", "'1.65536'", LB ".localASN: " NOT_ASN "\"1.65536\""},
		{LB ".localASN", "'1.'", LB ".localASN: " NOT_ASN "\"1.\""},
		{LB ".localASN", "'1.2.3'", LB ".localASN: " NOT_ASN "\"1.2.3\""},
		{LB ".localASN", "'+1'", LB ".localASN: " NOT_ASN "\"+1\""},
		{LB ".localASN", "'AS1'", LB ".localASN: " NOT_ASN "\"AS1\""},
		{LB ".localASN", "''", LB ".localASN: " NOT_ASN "\"\""},
		{LB ".localASN", "true", LB ".localASN: " NOT_ASN "true"},
		{LB ".localASN", "64512.1",
		 LB ".localASN: 64512.1 must be quoted: YAML reads an AS number in asdot as a "
		    "fraction"},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void type_bgp_needs_what_it_works_with(void **state)
{
	static const struct change_case cases[] = {
		{"spec.clusterNetwork.advancedNetworking", NULL,
		 LB ".type: \"bgp\" needs spec.clusterNetwork.advancedNetworking: true"},
		{"spec.clusterNetwork.advancedNetworking", "false",
		 LB ".type: \"bgp\" needs spec.clusterNetwork.advancedNetworking: true"},
		{LB ".localASN", NULL, LB ".localASN: is required with type \"bgp\""},
		{LB ".bgpPeers", NULL, LB ".bgpPeers: is required with type \"bgp\""},
		{LB ".bgpPeers", "[]", LB ".bgpPeers: is required with type \"bgp\""},
		{LB ".type", "'layer2'", ""},
		{LB ".type", NULL, ""},
		{LB ".mode", "'manual'", ""},
		{LB ".type", "'BGP'", LB ".type: must be \"layer2\" or \"bgp\", not \"BGP\""},
		{LB ".bgpPeers", "'10.0.1.1'", LB ".bgpPeers: must be a list, not \"10.0.1.1\""},
		{"spec.controlPlane.nodePoolSpec", NULL,
		 LB
		 ".bgpPeers[0].controlPlaneNodes[0]: 10.0.0.1 is not a node of "
		 "spec.controlPlane.nodePoolSpec\nspec.controlPlane.nodePoolSpec.nodes: lists no "
		 "node"},
		{LB ".mode", "5", LB ".mode: must be \"bundled\" or \"manual\", not 5"},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void peers_are_in_another_as(void **state)
{
	static const struct change_case cases[] = {
		{LB ".bgpPeers[1].asn", "64601",
		 LB ".bgpPeers[1].asn: 64601 is localASN: only eBGP is supported, the peer must be "
		    "in another AS"},
		{LB ".bgpPeers[1].asn", "0", LB ".bgpPeers[1].asn: " NOT_ASN "0"},
		{LB ".bgpPeers[1].asn", NULL, LB ".bgpPeers[1].asn: is required"},
		{LB ".bgpPeers[1].ip", NULL, LB ".bgpPeers[1].ip: is required"},
		{LB ".bgpPeers[1].ip", "'router'",
		 LB ".bgpPeers[1].ip: \"router\" is not an IP address"},
		{LB ".bgpPeers[1].ip", "'224.0.0.1'",
		 LB ".bgpPeers[1].ip: 224.0.0.1 is not a unicast address"},
		{LB ".bgpPeers[1].ip", "'10.0.1.1'",
		 LB ".bgpPeers[1].ip: peer 10.0.1.1 is listed twice"},
		{LB ".bgpPeers[1].ip", "'2001:db8::1'", ""},
		{LB ".bgpPeers[0].controlPlaneNodes", "['10.0.0.2', '10.0.0.9']",
		 LB ".bgpPeers[0].controlPlaneNodes[1]: 10.0.0.9 is not a node of "
		    "spec.controlPlane.nodePoolSpec"},
		{LB ".bgpPeers[0].controlPlaneNodes", "['10.0.0.x']",
		 LB ".bgpPeers[0].controlPlaneNodes[0]: \"10.0.0.x\" is not an IP address"},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void pools_are_addresses_that_do_not_overlap(void **state)
{
#define FRONT LB ".addressPools[0].addresses"
#define KEPT  LB ".addressPools[1].addresses"
	static const struct change_case cases[] = {
		{KEPT, "['198.51.100.130']", ""},
		{KEPT, "['2001:db8:1::/64']", ""},
		{KEPT, "['198.51.100.140-198.51.100.130']",
		 KEPT
		 "[0]: range \"198.51.100.140-198.51.100.130\" is backwards: 198.51.100.140 is "
		 "after 198.51.100.130"},
		{KEPT, "['198.51.100.140-2001:db8::1']",
		 KEPT "[0]: range \"198.51.100.140-2001:db8::1\" mixes IPv4 and IPv6"},
		{KEPT, "['198.51.100.1x-198.51.100.20']",
		 KEPT
		 "[0]: \"198.51.100.1x-198.51.100.20\" is not a range FIRST-LAST of addresses"},
		{KEPT, "['somewhere']",
		 KEPT "[0]: \"somewhere\" is not a CIDR, a range FIRST-LAST or an address"},
		{KEPT, "['198.51.100.128/33']",
		 KEPT "[0]: \"198.51.100.128/33\": prefix length must be 0 to 32"},
		{KEPT, "['224.0.0.0/28']", KEPT "[0]: 224.0.0.0 is not a unicast address"},
		{KEPT, "['223.255.255.250-224.0.0.5']",
		 KEPT "[0]: 224.0.0.5 is not a unicast address"},
		{KEPT, "['::ffff:198.51.100.1']",
		 KEPT "[0]: ::ffff:198.51.100.1 is not a unicast address"},
		{KEPT, "[5]", KEPT "[0]: must be a CIDR or a range of addresses, not 5"},
		{KEPT, "'198.51.100.128/28'", KEPT ": must be a list, not \"198.51.100.128/28\""},
		{KEPT, "['198.51.100.60-198.51.100.70']",
		 KEPT "[0]: 198.51.100.60-198.51.100.70 of pool \"kept\" overlaps "
		      "198.51.100.1-198.51.100.60 of pool \"front\""},
		{KEPT, "['198.51.100.128/28', '198.51.100.143']",
		 KEPT "[1]: 198.51.100.143-198.51.100.143 of pool \"kept\" overlaps "
		      "198.51.100.128-198.51.100.143 of pool \"kept\""},
		{KEPT, "['2001:db8::20-2001:db8::30']",
		 KEPT "[0]: 2001:db8::20-2001:db8::30 of pool \"kept\" overlaps "
		      "2001:db8::1-2001:db8::20 of pool \"front\""},
		{KEPT, "[]", KEPT ": pool \"kept\" has no addresses"},
		{KEPT, NULL, KEPT ": is required"},
		{LB ".addressPools[1].name", "'front'",
		 LB ".addressPools[1].name: there are two pools \"front\""},
		{LB ".addressPools[1].name", NULL, LB ".addressPools[1].name: is required"},
		{LB ".addressPools[1].manualAssign", "'yes'",
		 LB ".addressPools[1].manualAssign: must be true or false, not \"yes\""},
		/* A range that is refused says nothing of what is outside of all pools. */
		{FRONT, "['198.51.100.60-198.51.100.1']",
		 FRONT
		 "[0]: range \"198.51.100.60-198.51.100.1\" is backwards: 198.51.100.60 is after "
		 "198.51.100.1"},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void vips_are_on_the_right_side_of_the_pools(void **state)
{
	static const struct change_case cases[] = {
		{LB ".vips.controlPlaneVIP", "'198.51.100.60'",
		 LB
		 ".vips.controlPlaneVIP: 198.51.100.60 lies inside address pool \"front\"; it must "
		 "be outside every pool"},
		{LB ".vips.controlPlaneVIP", "'198.51.100.61'", ""},
		{LB ".vips.controlPlaneVIP", "'2001:db8::2'",
		 LB
		 ".vips.controlPlaneVIP: 2001:db8::2 lies inside address pool \"front\"; it must be "
		 "outside every pool"},
		{LB ".vips.controlPlaneVIP", "'2001:db8::f:1'", ""},
		{LB ".vips.controlPlaneVIP", "'127.0.0.1'",
		 LB ".vips.controlPlaneVIP: 127.0.0.1 is not a unicast address"},
		{LB ".vips.ingressVIP", "'198.51.100.61'",
		 LB
		 ".vips.ingressVIP: 198.51.100.61 lies in no address pool; it must be inside one"},
		{LB ".vips.ingressVIP", "'198.51.100.200'",
		 LB ".vips.ingressVIP: 198.51.100.200 is the controlPlaneVIP too"},
		{LB ".vips.ingressVIP", NULL, ""},
		{LB ".ports.controlPlaneLBPort", "0",
		 LB ".ports.controlPlaneLBPort: 0 is not between 1 and 65535"},
		{LB ".ports.controlPlaneLBPort", "65536",
		 LB ".ports.controlPlaneLBPort: 65536 is not between 1 and 65535"},
		{LB ".ports.controlPlaneLBPort", "'443'",
		 LB ".ports.controlPlaneLBPort: must be a whole number, not \"443\""},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void lives_in_the_namespace_of_its_name(void **state)
{
	static const struct change_case cases[] = {
		{"metadata.namespace", "'cluster-b'",
		 "metadata.namespace: must be \"cluster-a\", not \"cluster-b\""},
		{"metadata.namespace", NULL,
		 "metadata.namespace: must be \"cluster-a\", not \"default\""},
		{"metadata.name", "'b'",
		 "metadata.namespace: must be \"cluster-b\", not \"cluster-a\""},
		{"metadata.name", NULL, "metadata.name: is required"},
		{"metadata.name", "'B b'",
		 "metadata.name: \"B b\" is not a name (lower case letters, digits, - and .)\n"
		 "metadata.namespace: must be \"cluster-B b\", not \"cluster-a\""},
		{"metadata", NULL, "metadata: is required"},
		{"metadata", "'x'", "metadata: must be an object, not \"x\""},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void nodes_are_listed_once(void **state)
{
	static const struct change_case cases[] = {
		{"spec.controlPlane.nodePoolSpec.nodes[1].address", "'10.0.0.1'",
		 "spec.controlPlane.nodePoolSpec.nodes[1].address: node 10.0.0.1 is listed twice"},
		{LB ".nodePoolSpec.nodes[1].address", "'10.0.0.21'",
		 LB ".nodePoolSpec.nodes[1].address: node 10.0.0.21 is listed twice"},
		{LB ".nodePoolSpec.nodes[1].address", "'lb2'",
		 LB ".nodePoolSpec.nodes[1].address: \"lb2\" is not an IP address"},
		{LB ".nodePoolSpec.nodes[1]", "'10.0.0.22'",
		 LB ".nodePoolSpec.nodes[1]: must be an object, not \"10.0.0.22\""},
		{LB ".nodePoolSpec", NULL, ""},
		{"spec.clusterNetwork.pods.cidrBlocks[0]", "'10.244.0.0'",
		 "spec.clusterNetwork.pods.cidrBlocks[0]: \"10.244.0.0\" is not a prefix "
		 "(ADDRESS/LENGTH)"},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

static void unknown_fields_are_refused_with_the_nearest_name(void **state)
{
	static const struct change_case cases[] = {
		{LB ".bgpPeer", "[]",
		 LB ".bgpPeer: unknown field \"bgpPeer\", did you mean \"bgpPeers\"?"},
		{LB ".localAsn", "1",
		 LB ".localAsn: unknown field \"localAsn\", did you mean \"localASN\"?"},
		{LB ".addresspools", "[]",
		 LB
		 ".addresspools: unknown field \"addresspools\", did you mean \"addressPools\"?"},
		{LB ".vips.ingresVIP", "'x'",
		 LB ".vips.ingresVIP: unknown field \"ingresVIP\", did you mean \"ingressVIP\"?"},
		{LB ".somethingElse", "1", LB ".somethingElse: unknown field \"somethingElse\""},
		{LB ".addressPools[0].autoAssign", "false",
		 LB ".addressPools[0].autoAssign: unknown field \"autoAssign\""},
		{"spec.loadbalancer", "{}",
		 "spec.loadbalancer: unknown field \"loadbalancer\", did you mean \"loadBalancer\"?"},
		{"spce", "{}", "spce: unknown field \"spce\", did you mean \"spec\"?"},
		{"spec", NULL, "spec: is required"},
		{LB, NULL, LB ": is required"},
		{"spec", "[]", "spec: must be an object, not a list"},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

/* The fields of a cluster file that a load balancer has no use for, all at once. */
static void fields_of_the_reference_that_are_not_used_pass(void **state)
{
	static const struct change_case cases[] = {
		{"spec.type", "'hybrid'", ""},
		{"spec.profile", "'default'", ""},
		{"spec.anthosBareMetalVersion", "'1.30.0'", ""},
		{"spec.gkeConnect", "{'projectID': 'p'}", ""},
		{"spec.storage", "{'lvpShare': {}}", ""},
		{"spec.nodeConfig", "{'podDensity': {'maxPodsPerNode': 250}}", ""},
		{"spec.nodeAccess", "{'loginUser': 'root'}", ""},
		{"spec.clusterOperations", "{'location': 'x'}", ""},
		{"spec.clusterSecurity", "{}", ""},
		{"spec.authentication", "{'oidc': {}}", ""},
		{"spec.proxy", "{'url': 'http://x'}", ""},
		{"spec.registryMirrors", "[{'endpoint': 'x'}]", ""},
		{"spec.controlPlane.nodePoolSpec.clusterName", "'a'", ""},
		{"spec.controlPlane.nodePoolSpec.taints", "[]", ""},
		{"spec.controlPlane.nodePoolSpec.labels", "{}", ""},
		{"spec.controlPlane.nodePoolSpec.nodes[0].k8sIP", "'10.0.0.1'", ""},
		{LB ".nodePoolSpec.kubeletConfig", "{}", ""},
		{"status", "{'anything': 1}", ""},
		{"metadata.creationTimestamp", "null", ""},
		{"metadata.finalizers", "['x']", ""},
	};

	(void)state;
	CHECK_CHANGES(CLUSTER_DOC, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(has_the_defaults_of_the_reference),
		cmocka_unit_test(as_numbers_are_integers_or_asdot),
		cmocka_unit_test(what_is_no_as_number_is_refused),
		cmocka_unit_test(type_bgp_needs_what_it_works_with),
		cmocka_unit_test(peers_are_in_another_as),
		cmocka_unit_test(pools_are_addresses_that_do_not_overlap),
		cmocka_unit_test(vips_are_on_the_right_side_of_the_pools),
		cmocka_unit_test(lives_in_the_namespace_of_its_name),
		cmocka_unit_test(nodes_are_listed_once),
		cmocka_unit_test(unknown_fields_are_refused_with_the_nearest_name),
		cmocka_unit_test(fields_of_the_reference_that_are_not_used_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
