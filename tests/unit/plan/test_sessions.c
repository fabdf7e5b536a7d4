/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include "plan/sessions.h"

struct fixture {
	struct api_state state;
	struct api_object *cluster, *gateways;
	struct plan_cluster c;
	struct placement placement;
	struct session_plan plan;
	bool open;
};

static int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->cluster = add_cluster(&f->state);
	f->gateways = add_gateways(&f->state);
	*ctx = f;
	return 0;
}

static void close_plan(struct fixture *f)
{
	if (!f->open)
		return;
	session_plan_free(&f->plan);
	placement_free(&f->placement);
	plan_cluster_close(&f->c);
	f->open = false;
}

static int tear_down(void **ctx)
{
	struct fixture *f = *ctx;

	close_plan(f);
	state_free(&f->state);
	free(f);
	return 0;
}

static void run(struct fixture *f)
{
	close_plan(f);
	open_view(&f->c, &f->state, NOW);
	place_floating_ips(&f->c, &f->placement);
	plan_sessions(&f->c, &f->placement, &f->plan);
	f->open = true;
}

/* Writes what was planned into the state: sessions (established) and placements. */
static void apply(struct fixture *f)
{
	while (f->state.kinds[API_BGP_SESSION].n) {
		struct api_object *obj = f->state.kinds[API_BGP_SESSION].v[0];

		state_delete(&f->state, API_BGP_SESSION, obj->meta.ns, obj->meta.name);
	}
	array_each(&f->plan.sessions, s) {
		struct api_object *copy = api_object_copy(*s);

		free(copy->session.state);
		copy->session.state = xstrdup("Established");
		state_put(&f->state, copy);
	}
	write_placements(f->gateways, &f->placement);
}

/* "NAME FLOATINGIP LOCALIP PEERIP, ..." in order of names */
static void assert_sessions(const struct fixture *f, const char *expected)
{
	char text[2000] = "";
	size_t used = 0;

	array_each(&f->plan.sessions, obj) {
		const struct api_bgp_session *s = &(*obj)->session;

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s %s %s",
					 used ? ", " : "", (*obj)->meta.name,
					 ip_str(&s->floating_ip).s, ip_str(&s->local_ip).s,
					 ip_str(&s->peer_ip).s);
	}
	assert_string_equal(text, expected);
}

static void assert_problem(const struct fixture *f, const char *part)
{
	array_each(&f->plan.problems, p)
		if (strstr(p->message, part))
			return;
	fail_msg("no problem says \"%s\"", part);
}

static void rack_node(struct fixture *f, const char *name, int rack, int host)
{
	char subnets[64], ip4[32], ip6[48];

	snprintf(subnets, sizeof(subnets), "172.30.%d.0/24,2001:db8:30:%d::/64", rack, rack);
	snprintf(ip4, sizeof(ip4), "172.30.%d.%d", rack, host);
	snprintf(ip6, sizeof(ip6), "2001:db8:30:%d::%d", rack, host);
	add_node(&f->state, name, ip4, ip6);
	add_agent(&f->state, name, "on", "off", subnets);
}

static struct api_object *selected_peer(struct fixture *f, const char *name, const char *ip,
					uint32_t sessions)
{
	struct api_object *obj = add(&f->state, API_BGP_PEER, NS, name);
	struct api_object *balancer = get(&f->state, API_BGP_LOAD_BALANCER, NS, "default");

	if (!balancer) {
		balancer = add(&f->state, API_BGP_LOAD_BALANCER, NS, "default");
		balancer->bgp_load_balancer.has_selector = true;
		api_pair_set(&balancer->bgp_load_balancer.peer_selector, "use", "yes");
	}
	api_pair_set(&obj->meta.labels, "use", "yes");
	obj->bgp_peer.peer_ip = ip_of(ip);
	obj->bgp_peer.peer_asn = 64603;
	obj->bgp_peer.local_asn = 64601;
	obj->bgp_peer.sessions = sessions;
	return obj;
}

static void fallback_peers_every_floating_ip_with_every_peer(void **ctx)
{
	struct fixture *f = *ctx;
	const struct api_bgp_session *s;

	rack_node(f, "lb1", 1, 21);
	rack_node(f, "lb3", 2, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.2.100");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_cluster_peer(f->cluster, "172.30.9.11", 64602);
	run(f);
	assert_sessions(f, "172.30.9.10-lb1 172.30.1.100 172.30.1.21 172.30.9.10, "
			   "172.30.9.10-lb3 172.30.2.100 172.30.2.21 172.30.9.10, "
			   "172.30.9.11-lb1 172.30.1.100 172.30.1.21 172.30.9.11, "
			   "172.30.9.11-lb3 172.30.2.100 172.30.2.21 172.30.9.11");
	s = &f->plan.sessions.v[0]->session;
	assert_string_equal(f->plan.sessions.v[0]->meta.ns, "kube-system");
	assert_string_equal(s->node_name, "lb1");
	assert_int_equal(s->local_asn, 64601);
	assert_int_equal(s->peer_asn, 64602);
	assert_int_equal(s->peer_port, 179);
	assert_true(s->add_path);
	assert_int_equal(s->address_families, API_FAMILY_IPV4 | API_FAMILY_IPV6);
}

static void second_floating_ip_of_a_node_has_a_longer_name(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.1.101");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	run(f);
	assert_sessions(f, "172.30.9.10-lb1 172.30.1.100 172.30.1.21 172.30.9.10, "
			   "172.30.9.10-lb1-172.30.1.101 172.30.1.101 172.30.1.21 172.30.9.10");
	/* The name stays when the first one goes. */
	apply(f);
	array_remove(&f->gateways->gateway_group.floating_ips, 0);
	run(f);
	assert_sessions(f, "172.30.9.10-lb1-172.30.1.101 172.30.1.101 172.30.1.21 172.30.9.10");
	/* One that comes new gets the short name, and disturbs nothing. */
	apply(f);
	add_floating_ip(f->gateways, "172.30.1.99");
	run(f);
	assert_sessions(f, "172.30.9.10-lb1 172.30.1.99 172.30.1.21 172.30.9.10, "
			   "172.30.9.10-lb1-172.30.1.101 172.30.1.101 172.30.1.21 172.30.9.10");
}

static void families_of_floating_ip_and_peer_agree(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "2001:db8:30:1::100");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_cluster_peer(f->cluster, "2001:db8:9::10", 64602);
	run(f);
	assert_sessions(f,
			"172.30.9.10-lb1 172.30.1.100 172.30.1.21 172.30.9.10, "
			"2001-db8-9--10-lb1 2001:db8:30:1::100 2001:db8:30:1::21 2001:db8:9::10");
}

static void peer_without_floating_ip_of_its_family_is_reported(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_cluster_peer(f->cluster, "2001:db8:9::10", 64602);
	run(f);
	assert_sessions(f, "");
	assert_problem(f, "no session to 2001:db8:9::10: there is no floating IP of IPv6");
}

static void selected_peer_gets_its_sessions_from_different_nodes(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	rack_node(f, "lb3", 2, 21);
	/* Both of rack 1 are on lb1: the second session comes from rack 2. */
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.1.101");
	add_floating_ip(f->gateways, "172.30.2.100");
	add_cluster_peer(f->cluster, "172.30.9.99", 64602);
	selected_peer(f, "spine", "172.30.3.254", 2);
	run(f);
	assert_sessions(f, "172.30.3.254-lb1 172.30.1.100 172.30.1.21 172.30.3.254, "
			   "172.30.3.254-lb3 172.30.2.100 172.30.2.21 172.30.3.254");
	assert_int_equal(f->plan.problems.n, 0);
}

static void peers_share_the_floating_ips(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	rack_node(f, "lb3", 2, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.2.100");
	selected_peer(f, "a", "172.30.3.1", 1);
	selected_peer(f, "b", "172.30.3.2", 1);
	run(f);
	assert_sessions(f, "172.30.3.1-lb1 172.30.1.100 172.30.1.21 172.30.3.1, "
			   "172.30.3.2-lb3 172.30.2.100 172.30.2.21 172.30.3.2");
}

static void session_carries_what_the_peer_says(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_bgp_peer *peer;
	const struct api_bgp_session *s;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	peer = &selected_peer(f, "spine", "172.30.3.254", 1)->bgp_peer;
	peer->port = 1179;
	peer->hold_time = 30;
	peer->keepalive_time = 10;
	peer->connect_retry_time = 5;
	peer->add_path = false;
	peer->address_families = API_FAMILY_IPV6;
	peer->local_asn = 4200000001;
	run(f);
	assert_int_equal(f->plan.sessions.n, 1);
	s = &f->plan.sessions.v[0]->session;
	assert_int_equal(s->peer_port, 1179);
	assert_int_equal(s->hold_time, 30);
	assert_int_equal(s->keepalive_time, 10);
	assert_int_equal(s->connect_retry_time, 5);
	assert_false(s->add_path);
	assert_int_equal(s->address_families, API_FAMILY_IPV6);
	assert_int_equal(s->local_asn, 4200000001);
	assert_int_equal(s->peer_asn, 64603);
}

static void only_peers_of_the_clusters_namespace_and_selector_count(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *other;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	selected_peer(f, "spine", "172.30.3.254", 1);
	other = add(&f->state, API_BGP_PEER, "cluster-west", "west");
	api_pair_set(&other->meta.labels, "use", "yes");
	other->bgp_peer.peer_ip = ip_of("172.30.3.1");
	other = add(&f->state, API_BGP_PEER, NS, "unlabelled");
	other->bgp_peer.peer_ip = ip_of("172.30.3.2");
	run(f);
	assert_sessions(f, "172.30.3.254-lb1 172.30.1.100 172.30.1.21 172.30.3.254");
}

static void wishes_that_cannot_be_met_are_reported(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	selected_peer(f, "a", "172.30.3.254", 3);
	selected_peer(f, "b", "172.30.3.254", 1);
	run(f);
	assert_sessions(f, "172.30.3.254-lb1 172.30.1.100 172.30.1.21 172.30.3.254");
	assert_problem(f, "3 sessions to 172.30.3.254 need as many floating IPs; there are 1");
	assert_problem(f, "BGPPeer a has the same peerIP 172.30.3.254");
	state_delete(&f->state, API_BGP_PEER, NS, "a");
	state_delete(&f->state, API_BGP_PEER, NS, "b");
	run(f);
	assert_problem(f, "reaches no BGPPeer");
}

static void no_sessions_without_bgp_or_advanced_networking(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	f->cluster->cluster.type = API_LB_LAYER2;
	run(f);
	assert_sessions(f, "");
	f->cluster->cluster.type = API_LB_BGP;
	f->cluster->cluster.mode = API_LB_MANUAL;
	run(f);
	assert_sessions(f, "");
	f->cluster->cluster.mode = API_LB_BUNDLED;
	f->cluster->cluster.advanced_networking = false;
	run(f);
	assert_sessions(f, "");
}

static void session_moves_with_its_floating_ip(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "lb1", 1, 21);
	rack_node(f, "lb2", 1, 22);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	run(f);
	assert_sessions(f, "172.30.9.10-lb1 172.30.1.100 172.30.1.21 172.30.9.10");
	apply(f);
	state_delete(&f->state, API_LEASE, "kube-system", "vipcast-lb1");
	run(f);
	assert_sessions(f, "172.30.9.10-lb2 172.30.1.100 172.30.1.22 172.30.9.10");
}

static bool has_session(const struct fixture *f, const struct api_object *wanted)
{
	array_each(&f->plan.sessions, obj)
		if (api_spec_equal(*obj, wanted))
			return true;
	return false;
}

/*
 * Nodes and floating IPs come and go at random. A peer has as many sessions as can be, each from
 * another floating IP; a session whose floating IP stays where it is stays as it is.
 */
static void random_history_never_disturbs_a_session_that_still_fits(void **ctx)
{
	struct fixture *f = *ctx;
	uint64_t seed = 11;
	char text[48];

	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		rack_node(f, text, i % 2 + 1, 20 + i);
		snprintf(text, sizeof(text), "172.30.%d.%d", i % 2 + 1, 100 + i);
		add_floating_ip(f->gateways, text);
	}
	selected_peer(f, "a", "172.30.9.1", 2);
	selected_peer(f, "b", "172.30.9.2", 3);
	for (int step = 0; step < 1000; step++) {
		size_t placed = 0, kept[2] = {0}, had[2] = {0};

		snprintf(text, sizeof(text), "vipcast-n%u", random_below(&seed, 6));
		if (!state_delete(&f->state, API_LEASE, "kube-system", text))
			add_agent(&f->state, text + 8, "on", "off",
				  (text[9] - '0') % 2 ? "172.30.2.0/24" : "172.30.1.0/24");
		run(f);
		array_each(&f->placement.ips, p)
			placed += p->node != NULL;
		assert_int_equal(f->plan.sessions.n,
				 (placed < 2 ? placed : 2) + (placed < 3 ? placed : 3));
		state_each(&f->state, API_BGP_SESSION, old) {
			const struct placed_ip *p =
				placement_find(&f->placement, &old->session.floating_ip);

			if (!p->node || strcmp(p->node->name, old->session.node_name) != 0)
				continue;
			had[old->session.peer_ip.b[3] == 2]++;
			kept[old->session.peer_ip.b[3] == 2] += has_session(f, old);
		}
		assert_int_equal(kept[0], had[0]);
		assert_int_equal(kept[1], had[1]);
		apply(f);
	}
}

static void control_plane_peers_with_all_nodes_or_those_listed(void **ctx)
{
	struct fixture *f = *ctx;
	control_plane_sessions sessions;

	add_ref(f->cluster, false, "172.30.1.10");
	add_ref(f->cluster, false, "172.30.1.11");
	add_ref(f->cluster, false, "172.30.2.10");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_cluster_peer(f->cluster, "172.30.9.11", 64602);
	run(f);
	plan_control_plane_sessions(&f->c, &sessions);
	assert_int_equal(sessions.n, 6);
	array_free(&sessions);
	array_push(&f->cluster->cluster.bgp_peers.v[1].control_plane_nodes, ip_of("172.30.2.10"));
	plan_control_plane_sessions(&f->c, &sessions);
	assert_int_equal(sessions.n, 4);
	assert_string_equal(ip_str(&sessions.v[3].node).s, "172.30.2.10");
	assert_string_equal(ip_str(&sessions.v[3].peer).s, "172.30.9.11");
	array_free(&sessions);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(fallback_peers_every_floating_ip_with_every_peer),
		TEST(second_floating_ip_of_a_node_has_a_longer_name),
		TEST(families_of_floating_ip_and_peer_agree),
		TEST(peer_without_floating_ip_of_its_family_is_reported),
		TEST(selected_peer_gets_its_sessions_from_different_nodes),
		TEST(peers_share_the_floating_ips),
		TEST(session_carries_what_the_peer_says),
		TEST(only_peers_of_the_clusters_namespace_and_selector_count),
		TEST(wishes_that_cannot_be_met_are_reported),
		TEST(no_sessions_without_bgp_or_advanced_networking),
		TEST(session_moves_with_its_floating_ip),
		TEST(random_history_never_disturbs_a_session_that_still_fits),
		TEST(control_plane_peers_with_all_nodes_or_those_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
