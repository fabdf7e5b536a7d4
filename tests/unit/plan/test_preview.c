/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include "plan/preview.h"

/* The shapes of k8s/examples, built by hand: what a user file leads to, with no Node object known.
 */

static void three_control_plane_nodes(struct api_object *cluster)
{
	add_ref(cluster, false, "172.30.1.10");
	add_ref(cluster, false, "172.30.1.11");
	add_ref(cluster, false, "172.30.2.10");
}

static void two_floating_ips(struct api_state *state, const char *a, const char *b)
{
	struct api_object *gateways = add_gateways(state);

	add_floating_ip(gateways, a);
	add_floating_ip(gateways, b);
}

static void assert_next_hops(const struct preview *p, const char *expected)
{
	char text[400] = "";

	array_each(&p->next_hops, ip) {
		strcat(text, *text ? " " : "");
		strcat(text, *ip);
	}
	assert_string_equal(text, expected);
}

static void finish(struct api_state *state, struct preview *preview)
{
	preview_free(preview);
	state_free(state);
}

static void shared_peers(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	struct preview p;

	(void)ctx;
	three_control_plane_nodes(cluster);
	add_cluster_peer(cluster, "172.30.9.10", 64602);
	add_cluster_peer(cluster, "172.30.9.11", 64602);
	add_pool(cluster, "front", "198.51.100.1-198.51.100.60");
	cluster->cluster.ingress_vip = ip_of("198.51.100.1");
	two_floating_ips(&state, "172.30.1.100", "172.30.2.100");
	preview_make(&state, cluster, &p);
	assert_string_equal(p.cluster, "cluster-east/east");
	assert_string_equal(p.type, "bgp");
	assert_int_equal(p.control_plane.n, 6);
	assert_int_equal(p.service.n, 4);
	assert_string_equal(p.service.v[0].name, "172.30.9.10-172.30.1.10");
	assert_string_equal(p.service.v[0].note, "");
	assert_int_equal(p.pools.n, 1);
	assert_string_equal(p.pools.v[0].addresses, "198.51.100.1-198.51.100.60");
	assert_string_equal(p.pools.v[0].capacity, "60 IPv4");
	assert_next_hops(&p, "172.30.1.10 172.30.1.11 172.30.2.10");
	assert_int_equal(p.problems.n, 0);
	finish(&state, &p);
}

static void per_rack_peers(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	struct api_cluster *spec = &cluster->cluster;
	struct preview p;

	(void)ctx;
	three_control_plane_nodes(cluster);
	add_cluster_peer(cluster, "172.30.1.254", 64602);
	add_cluster_peer(cluster, "172.30.2.254", 64603);
	array_push(&spec->bgp_peers.v[0].control_plane_nodes, ip_of("172.30.1.10"));
	array_push(&spec->bgp_peers.v[0].control_plane_nodes, ip_of("172.30.1.11"));
	array_push(&spec->bgp_peers.v[1].control_plane_nodes, ip_of("172.30.2.10"));
	add_pool(cluster, "front", "198.51.100.0/26")->avoid_buggy_ips = true;
	two_floating_ips(&state, "172.30.1.100", "172.30.2.100");
	preview_make(&state, cluster, &p);
	assert_int_equal(p.control_plane.n, 3);
	assert_string_equal(p.control_plane.v[2].local, "172.30.2.10");
	assert_string_equal(p.control_plane.v[2].peer, "172.30.2.254");
	assert_int_equal(p.control_plane.v[2].peer_asn, 64603);
	assert_int_equal(p.service.n, 4);
	assert_string_equal(p.pools.v[0].capacity, "63 IPv4");
	assert_string_equal(p.pools.v[0].note, "without .0 and .255");
	finish(&state, &p);
}

static void separate_data_plane(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	struct api_object *balancer = add(&state, API_BGP_LOAD_BALANCER, NS, "default");
	struct api_object *peer = add(&state, API_BGP_PEER, NS, "spine");
	struct preview p;

	(void)ctx;
	three_control_plane_nodes(cluster);
	add_cluster_peer(cluster, "172.30.1.254", 64602);
	add_ref(cluster, true, "172.30.3.21");
	add_ref(cluster, true, "172.30.3.22");
	add_ref(cluster, true, "172.30.3.23");
	add_pool(cluster, "reserved", "198.51.100.128/28")->manual_assign = true;
	two_floating_ips(&state, "172.30.3.100", "172.30.3.101");
	balancer->bgp_load_balancer.has_selector = true;
	api_pair_set(&balancer->bgp_load_balancer.peer_selector, "data-plane", "true");
	api_pair_set(&peer->meta.labels, "data-plane", "true");
	peer->bgp_peer.peer_ip = ip_of("172.30.3.254");
	peer->bgp_peer.local_asn = 64601;
	peer->bgp_peer.peer_asn = 64603;
	peer->bgp_peer.sessions = 2;
	preview_make(&state, cluster, &p);
	assert_int_equal(p.control_plane.n, 3);
	assert_int_equal(p.service.n, 2);
	assert_string_equal(p.service.v[0].peer, "172.30.3.254");
	assert_string_equal(p.service.v[0].local, "172.30.3.100");
	assert_string_equal(p.service.v[0].node, "172.30.3.21");
	assert_string_equal(p.service.v[1].local, "172.30.3.101");
	assert_string_equal(p.service.v[1].node, "172.30.3.22");
	assert_next_hops(&p, "172.30.3.21 172.30.3.22 172.30.3.23");
	assert_string_equal(p.pools.v[0].note, "only on request");
	finish(&state, &p);
}

static void floating_ip_without_a_known_node_is_shown_with_a_note(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	struct preview p;
	size_t notes = 0;

	(void)ctx;
	add_ref(cluster, false, "172.30.1.10");
	add_ref(cluster, false, "172.30.1.11");
	add_cluster_peer(cluster, "172.30.9.10", 64602);
	add_cluster_peer(cluster, "172.30.9.11", 64602);
	add_pool(cluster, "both", "198.51.100.1-198.51.100.20,2001:db8:100::1-2001:db8:100::20");
	two_floating_ips(&state, "172.30.1.100", "172.30.2.100");
	preview_make(&state, cluster, &p);
	assert_int_equal(p.control_plane.n, 4);
	assert_int_equal(p.service.n, 4);
	array_each(&p.service, s) {
		bool unknown = strcmp(s->local, "172.30.2.100") == 0;

		assert_int_equal(unknown, strstr(s->note, "no known node") != NULL);
		assert_int_equal(unknown, !*s->node);
		notes += unknown;
	}
	assert_int_equal(notes, 2);
	assert_string_equal(p.pools.v[0].capacity, "20 IPv4, 32 IPv6");
	finish(&state, &p);
}

static void known_nodes_give_their_names_and_both_families(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	struct preview p;

	(void)ctx;
	add_node(&state, "lb1", "172.30.1.21", "2001:db8:30:1::21");
	add_ref(cluster, false, "172.30.1.21");
	add_cluster_peer(cluster, "2001:db8:9::10", 64602);
	two_floating_ips(&state, "2001:db8:30:1::100", "172.30.1.100");
	preview_make(&state, cluster, &p);
	/* The node's address of the peer's family, though the Cluster names it by the other. */
	assert_string_equal(p.control_plane.v[0].local, "2001:db8:30:1::21");
	assert_string_equal(p.control_plane.v[0].node, "lb1");
	assert_int_equal(p.service.n, 1);
	assert_string_equal(p.service.v[0].node, "lb1");
	assert_next_hops(&p, "172.30.1.21 2001:db8:30:1::21");
	finish(&state, &p);
}

static void big_pools_are_counted_without_walking(void **ctx)
{
	static const struct {
		const char *range;
		bool avoid;
		const char *capacity;
	} cases[] = {
		{"10.0.0.0/8", false, "16777216 IPv4"},
		{"10.0.0.0/8", true, "16646144 IPv4"},
		{"0.0.0.0-255.255.255.255", true, "4261412864 IPv4"},
		{"198.51.100.1-198.51.100.254", true, "254 IPv4"},
		{"198.51.100.255-198.51.101.0", true, "0 IPv4"},
		{"2001:db8::/96", false, "4294967296 IPv6"},
		{"2001:db8::/64", false, "2^64 or more IPv6"},
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct api_state state = {0};
		struct api_object *cluster = add_cluster(&state);
		struct preview p;

		add_pool(cluster, "pool", cases[i].range)->avoid_buggy_ips = cases[i].avoid;
		preview_make(&state, cluster, &p);
		assert_string_equal(p.pools.v[0].capacity, cases[i].capacity);
		finish(&state, &p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_peers),
		cmocka_unit_test(per_rack_peers),
		cmocka_unit_test(separate_data_plane),
		cmocka_unit_test(floating_ip_without_a_known_node_is_shown_with_a_note),
		cmocka_unit_test(known_nodes_give_their_names_and_both_families),
		cmocka_unit_test(big_pools_are_counted_without_walking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
