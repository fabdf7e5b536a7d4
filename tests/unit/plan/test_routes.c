/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include "plan/routes.h"

#define NODES 5

struct fixture {
	struct api_state state;
	struct api_object *cluster, *gateways;
	struct plan_cluster c;
	struct placement placement;
	struct session_plan sessions;
	struct route_plan plan;
	bool open;
};

static void close_plan(struct fixture *f)
{
	if (!f->open)
		return;
	route_plan_free(&f->plan);
	session_plan_free(&f->sessions);
	placement_free(&f->placement);
	plan_cluster_close(&f->c);
	f->open = false;
}

static int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char name[16], ip4[32], ip6[48];

	f->cluster = add_cluster(&f->state);
	f->gateways = add_gateways(&f->state);
	for (int i = 1; i <= NODES; i++) {
		snprintf(name, sizeof(name), "lb%d", i);
		snprintf(ip4, sizeof(ip4), "172.30.1.%d", 20 + i);
		snprintf(ip6, sizeof(ip6), "2001:db8:30:1::%d", 20 + i);
		add_node(&f->state, name, ip4, ip6);
		add_agent(&f->state, name, "on", "attached", "172.30.1.0/24");
		add_ref(f->cluster, true, ip4);
	}
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_cluster_peer(f->cluster, "172.30.9.11", 64602);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.1.101");
	*ctx = f;
	return 0;
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
	plan_sessions(&f->c, &f->placement, &f->sessions);
	plan_routes(&f->c, &f->placement, &f->sessions, &f->plan);
	f->open = true;
}

/* Writes routes and placements into the state, and says how many fallback choices of the routes
 * that stay are others than before; those that were on GONE (may be NULL) are counted apart. */
struct moves {
	size_t of_gone, others, total;
};

static void count_moves(const struct api_object *old, const struct api_object *fresh,
			const struct ip_addr *gone, struct moves *moves)
{
	array_each(&old->route.fallback, was) {
		array_each(&fresh->route.fallback, is) {
			if (!ip_equal(&was->peer_ip, &is->peer_ip) ||
			    !ip_equal(&was->floating_ip, &is->floating_ip))
				continue;
			moves->total++;
			if (ip_equal(&was->next_hop, &is->next_hop))
				continue;
			if (gone && ip_equal(&was->next_hop, gone))
				moves->of_gone++;
			else
				moves->others++;
		}
	}
}

static struct moves apply(struct fixture *f, const char *gone)
{
	struct ip_addr gone_ip = {0};
	struct moves moves = {0};

	if (gone)
		gone_ip = ip_of(gone);
	array_each(&f->plan.routes, route) {
		const struct api_object *old = state_get(&f->state, API_BGP_ADVERTISED_ROUTE,
							 "kube-system", (*route)->meta.name);

		if (old)
			count_moves(old, *route, gone ? &gone_ip : NULL, &moves);
		state_put(&f->state, *route);
	}
	f->plan.routes.n = 0; /* the state has them */
	f->gateways->gateway_group.placements.n = 0;
	array_each(&f->placement.ips, p) {
		struct api_floating_ip entry = {p->ip, p->node ? xstrdup(p->node->name) : NULL,
						xstrdup(p->reason)};

		array_push(&f->gateways->gateway_group.placements, entry);
	}
	return moves;
}

static struct api_object *served(struct fixture *f, const char *name, const char *vip)
{
	struct api_object *obj = add_service(&f->state, "shop", name);

	array_push(&obj->service.ingress, ip_of(vip));
	add_endpoint(&f->state, obj, obj->service.ingress.v[0].family, "be1");
	return obj;
}

static void many_served(struct fixture *f, int n)
{
	char name[16], vip[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "s%05d", i);
		snprintf(vip, sizeof(vip), "198.18.%d.%d", i / 250, i % 250 + 1);
		served(f, name, vip);
	}
}

static const struct api_object *route(const struct fixture *f, const char *name)
{
	array_each(&f->plan.routes, obj)
		if (strcmp((*obj)->meta.name, name) == 0)
			return *obj;
	return NULL;
}

static void assert_next_hops(const struct fixture *f, const char *name, const char *expected)
{
	const struct api_object *obj = route(f, name);
	char text[400] = "";

	if (!obj) {
		assert_null(expected);
		return;
	}
	array_each(&obj->route.next_hops, ip) {
		strcat(text, *text ? " " : "");
		strcat(text, ip_str(ip).s);
	}
	assert_non_null(expected);
	assert_string_equal(text, expected);
}

static void lose(struct fixture *f, const char *node)
{
	char *name = xasprintf("vipcast-%s", node);

	assert_true(state_delete(&f->state, API_LEASE, "kube-system", name));
	free(name);
}

static void gain(struct fixture *f, const char *node)
{
	add_agent(&f->state, node, "on", "attached", "172.30.1.0/24");
}

/* ---- next hops ---------------------------------------------------------------------------- */

static void vip_is_advertised_with_every_healthy_load_balancer_node(void **ctx)
{
	struct fixture *f = *ctx;
	const struct api_bgp_advertised_route *r;

	served(f, "web", "198.51.100.1");
	lose(f, "lb2");
	get(&f->state, API_NODE, NULL, "lb4")->node.unschedulable = true;
	run(f);
	assert_next_hops(f, "default-shop-web", "172.30.1.21 172.30.1.23 172.30.1.25");
	r = &route(f, "default-shop-web")->route;
	assert_int_equal(r->prefix.len, 32);
	assert_string_equal(ip_str(&r->prefix.addr).s, "198.51.100.1");
	assert_string_equal(r->service_namespace, "shop");
	assert_string_equal(r->service_name, "web");
	assert_int_equal(r->fallback.n, 4);
}

static void dual_stack_service_has_two_routes(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *web = served(f, "web", "198.51.100.1");

	array_push(&web->service.ingress, ip_of("2001:db8:100::1"));
	add_endpoint(&f->state, web, AF_INET6, "be1");
	for (int i = 3; i <= NODES; i++) {
		char name[8];

		snprintf(name, sizeof(name), "lb%d", i);
		lose(f, name);
	}
	run(f);
	assert_next_hops(f, "default-shop-web", "172.30.1.21 172.30.1.22");
	assert_next_hops(f, "default-shop-web-ipv6", "2001:db8:30:1::21 2001:db8:30:1::22");
	assert_int_equal(route(f, "default-shop-web-ipv6")->route.prefix.len, 128);
}

static void ipv6_vip_needs_endpoints_and_nodes_of_its_family(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *web = served(f, "web", "198.51.100.1");

	array_push(&web->service.ingress, ip_of("2001:db8:100::1"));
	run(f);
	assert_next_hops(f, "default-shop-web-ipv6", NULL);
	add_endpoint(&f->state, web, AF_INET6, "be1");
	for (int i = 2; i <= NODES; i++) {
		char name[8];

		snprintf(name, sizeof(name), "lb%d", i);
		get(&f->state, API_NODE, NULL, name)->node.internal_ips.n = 1;
	}
	run(f);
	assert_next_hops(f, "default-shop-web-ipv6", "2001:db8:30:1::21");
}

static void service_without_ready_endpoint_is_not_advertised(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *web = add_service(&f->state, "shop", "web");
	struct api_endpoint *endpoint;

	array_push(&web->service.ingress, ip_of("198.51.100.1"));
	run(f);
	assert_next_hops(f, "default-shop-web", NULL);
	endpoint = add_endpoint(&f->state, web, AF_INET, "be1");
	endpoint->ready = endpoint->serving = false;
	run(f);
	assert_next_hops(f, "default-shop-web", NULL);
	/* One that serves to its end is better than none. */
	endpoint->serving = endpoint->terminating = true;
	run(f);
	assert_non_null(route(f, "default-shop-web"));
}

static void service_of_another_kind_is_not_advertised(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *web = served(f, "web", "198.51.100.1");

	free(web->service.type);
	web->service.type = xstrdup("ClusterIP");
	run(f);
	assert_int_equal(f->plan.routes.n, 0);
}

static void no_usable_node_means_no_route(void **ctx)
{
	struct fixture *f = *ctx;

	served(f, "web", "198.51.100.1");
	for (int i = 1; i <= NODES; i++) {
		char name[8];

		snprintf(name, sizeof(name), "lb%d", i);
		lose(f, name);
	}
	run(f);
	assert_int_equal(f->plan.routes.n, 0);
}

static void local_policy_keeps_nodes_with_a_ready_endpoint(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *web = served(f, "web", "198.51.100.1");

	web->service.external_traffic_local = true;
	run(f);
	assert_next_hops(f, "default-shop-web", NULL);
	assert_int_equal(f->plan.problems.n, 1);
	add_endpoint(&f->state, web, AF_INET, "lb4");
	add_endpoint(&f->state, web, AF_INET, "lb2");
	add_endpoint(&f->state, web, AF_INET, "lb3")->ready = false;
	run(f);
	assert_next_hops(f, "default-shop-web", "172.30.1.22 172.30.1.24");
	assert_int_equal(f->plan.problems.n, 0);
	array_each(&route(f, "default-shop-web")->route.fallback, entry)
		assert_true(entry->next_hop.b[3] == 22 || entry->next_hop.b[3] == 24);
}

static void names_that_come_out_the_same_are_told_apart(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = add_service(&f->state, "a", "b-c");
	struct api_object *b = add_service(&f->state, "a-b", "c");

	array_push(&a->service.ingress, ip_of("198.51.100.1"));
	array_push(&b->service.ingress, ip_of("198.51.100.2"));
	add_endpoint(&f->state, a, AF_INET, NULL);
	add_endpoint(&f->state, b, AF_INET, NULL);
	run(f);
	assert_int_equal(f->plan.routes.n, 2);
	assert_string_equal(f->plan.routes.v[0]->meta.name, "default-a-b-c");
	assert_int_equal(strncmp(f->plan.routes.v[1]->meta.name, "default-a-b-c-", 14), 0);
}

/* ---- the fallback ------------------------------------------------------------------------- */

/* No node over 1.15 times the mean: of all sessions together, and of each one. */
static void assert_balanced(const struct fixture *f, size_t nodes)
{
	size_t total[NODES + 1] = {0};
	size_t sum = 0;

	for (size_t key = 0; key < 4; key++) {
		size_t count[NODES + 1] = {0};

		array_each(&f->plan.routes, obj) {
			count[(*obj)->route.fallback.v[key].next_hop.b[3] - 20]++;
			total[(*obj)->route.fallback.v[key].next_hop.b[3] - 20]++;
			sum++;
		}
		for (size_t i = 1; i <= NODES; i++)
			assert_true((double)count[i] <=
				    1.15 * (double)f->plan.routes.n / (double)nodes + 1);
	}
	for (size_t i = 1; i <= NODES; i++)
		assert_true((double)total[i] <= 1.15 * (double)sum / (double)nodes);
}

static void assert_different_nodes_per_session(const struct fixture *f, double least_share)
{
	size_t apart = 0;

	array_each(&f->plan.routes, obj) {
		const struct api_bgp_advertised_route *r = &(*obj)->route;
		bool all = true;

		assert_int_equal(r->fallback.n, 4);
		for (size_t i = 0; i < r->fallback.n; i++)
			for (size_t j = 0; j < i; j++)
				all &= !ip_equal(&r->fallback.v[i].next_hop,
						 &r->fallback.v[j].next_hop);
		apart += all;
	}
	assert_true((double)apart >= least_share * (double)f->plan.routes.n);
}

static void thousand_vips_spread_evenly_over_five_nodes(void **ctx)
{
	struct fixture *f = *ctx;

	many_served(f, 1000);
	run(f);
	assert_int_equal(f->plan.routes.n, 1000);
	assert_balanced(f, 5);
	assert_different_nodes_per_session(f, 0.95);
}

static void loss_of_a_node_moves_only_its_own_vips(void **ctx)
{
	struct fixture *f = *ctx;
	struct moves moves;

	many_served(f, 1000);
	run(f);
	apply(f, NULL);
	lose(f, "lb3");
	run(f);
	assert_balanced(f, 4);
	moves = apply(f, "172.30.1.23");
	assert_int_equal(moves.total, 4000);
	assert_int_equal(moves.others, 0);
	assert_true(moves.of_gone > 700 && moves.of_gone < 900);
}

static void returning_node_takes_just_its_share(void **ctx)
{
	struct fixture *f = *ctx;
	struct moves moves;

	many_served(f, 1000);
	lose(f, "lb3");
	run(f);
	apply(f, NULL);
	gain(f, "lb3");
	run(f);
	assert_balanced(f, 5);
	array_each(&f->plan.routes, obj) {
		const struct api_object *old = state_get(&f->state, API_BGP_ADVERTISED_ROUTE,
							 "kube-system", (*obj)->meta.name);

		/* Whatever moved, moved to the node that came. */
		for (size_t i = 0; i < 4; i++)
			if (!ip_equal(&old->route.fallback.v[i].next_hop,
				      &(*obj)->route.fallback.v[i].next_hop))
				assert_int_equal((*obj)->route.fallback.v[i].next_hop.b[3], 23);
	}
	moves = apply(f, NULL);
	assert_true(moves.others > 700 && moves.others <= 800);
}

static void plan_without_a_change_changes_nothing(void **ctx)
{
	struct fixture *f = *ctx;
	struct moves moves;

	many_served(f, 300);
	for (int i = 0; i < 100; i++) {
		char name[16];
		struct api_object *obj;

		/* Some that may only go to one or two nodes. */
		snprintf(name, sizeof(name), "s%05d", i);
		obj = get(&f->state, API_SERVICE, "shop", name);
		obj->service.external_traffic_local = true;
		add_endpoint(&f->state, obj, AF_INET, "lb1");
		if (i % 2)
			add_endpoint(&f->state, obj, AF_INET, "lb2");
	}
	run(f);
	apply(f, NULL);
	run(f);
	moves = apply(f, NULL);
	assert_int_equal(moves.total, 1200);
	assert_int_equal(moves.others, 0);
}

static void few_vips_use_different_nodes(void **ctx)
{
	struct fixture *f = *ctx;
	size_t count[NODES + 1] = {0};

	many_served(f, 5);
	run(f);
	array_each(&f->plan.routes, obj)
		count[(*obj)->route.fallback.v[0].next_hop.b[3] - 20]++;
	for (size_t i = 1; i <= NODES; i++)
		assert_true(count[i] <= 2);
	assert_different_nodes_per_session(f, 1);
}

static void fallback_outlives_a_floating_ip_that_nobody_holds_for_a_moment(void **ctx)
{
	struct fixture *f = *ctx;
	struct moves moves;

	many_served(f, 50);
	run(f);
	apply(f, NULL);
	state_each(&f->state, API_LEASE, lease)
		api_pair_set((api_pairs *)&lease->meta.annotations, "vipcast.io/speaker", "off");
	run(f);
	assert_int_equal(f->sessions.sessions.n, 0);
	moves = apply(f, NULL);
	assert_int_equal(moves.total, 200);
	assert_int_equal(moves.others, 0);
}

static void sessions_that_do_not_carry_the_family_have_no_entry(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *balancer = add(&f->state, API_BGP_LOAD_BALANCER, NS, "default");
	struct api_object *peer = add(&f->state, API_BGP_PEER, NS, "spine");

	balancer->bgp_load_balancer.has_selector = true;
	peer->bgp_peer.peer_ip = ip_of("172.30.9.10");
	peer->bgp_peer.sessions = 2;
	peer->bgp_peer.address_families = API_FAMILY_IPV6;
	served(f, "web", "198.51.100.1");
	run(f);
	assert_int_equal(f->sessions.sessions.n, 2);
	assert_int_equal(route(f, "default-shop-web")->route.fallback.n, 0);
}

/* Nodes and Services come and go: never lopsided, and a loss never moves what it need not. */
static void random_history_stays_balanced(void **ctx)
{
	struct fixture *f = *ctx;
	bool up[NODES + 1] = {false, true, true, true, true, true};
	size_t nodes = NODES;
	uint64_t seed = 3;

	many_served(f, 200);
	run(f);
	apply(f, NULL);
	for (int step = 0; step < 200; step++) {
		uint32_t n = 1 + random_below(&seed, NODES);
		char name[16], ip[32];
		struct moves moves;

		if (up[n] && nodes == 1)
			continue;
		snprintf(name, sizeof(name), "lb%u", n);
		snprintf(ip, sizeof(ip), "172.30.1.%u", 20 + n);
		if (up[n])
			lose(f, name);
		else
			gain(f, name);
		up[n] = !up[n];
		nodes = up[n] ? nodes + 1 : nodes - 1;
		run(f);
		assert_balanced(f, nodes);
		moves = apply(f, ip);
		if (!up[n])
			assert_int_equal(moves.others, 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(vip_is_advertised_with_every_healthy_load_balancer_node),
		TEST(dual_stack_service_has_two_routes),
		TEST(ipv6_vip_needs_endpoints_and_nodes_of_its_family),
		TEST(service_without_ready_endpoint_is_not_advertised),
		TEST(service_of_another_kind_is_not_advertised),
		TEST(no_usable_node_means_no_route),
		TEST(local_policy_keeps_nodes_with_a_ready_endpoint),
		TEST(names_that_come_out_the_same_are_told_apart),
		TEST(thousand_vips_spread_evenly_over_five_nodes),
		TEST(loss_of_a_node_moves_only_its_own_vips),
		TEST(returning_node_takes_just_its_share),
		TEST(plan_without_a_change_changes_nothing),
		TEST(few_vips_use_different_nodes),
		TEST(fallback_outlives_a_floating_ip_that_nobody_holds_for_a_moment),
		TEST(sessions_that_do_not_carry_the_family_have_no_entry),
		TEST(random_history_stays_balanced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
