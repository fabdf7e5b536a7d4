/* SPDX-License-Identifier: Apache-2.0 */
#include "routes_fixture.h"

#include "plan/fallback.h"

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

/*
 * The pairs of nodes that two sessions of a VIP use must mix: were it always (1,2), (2,3), (3,1),
 * all that node 3 leaves would have to go to one node, or to the one that the other session uses.
 */
static void sessions_of_a_vip_stay_apart_when_a_node_is_lost(void **ctx)
{
	enum { VIPS = 1000, MAX_SESSIONS = 5 };
	static const struct {
		uint32_t nodes, sessions;
	} cases[] = {{3, 2}, {4, 2}, {4, 3}, {6, 4}, {6, 5}};
	static const uint32_t nodes[] = {0, 1, 2, 3, 4, 5}, peers[] = {0, 1, 2, 3, 4};
	static uint32_t choices[VIPS][MAX_SESSIONS];
	static struct fallback_vip vips[VIPS];

	(void)ctx;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t apart = 0;

		for (uint32_t v = 0; v < VIPS; v++) {
			memset(choices[v], 0xff, sizeof(choices[v])); /* FALLBACK_NONE */
			vips[v] = (struct fallback_vip){v * 0x9e3779b97f4a7c15, nodes,
							cases[i].nodes, choices[v]};
		}
		fallback_balance(vips, VIPS, peers, cases[i].sessions, cases[i].nodes);
		for (size_t v = 0; v < VIPS; v++)
			vips[v].eligible_n--;
		fallback_balance(vips, VIPS, peers, cases[i].sessions, cases[i].nodes);
		for (size_t v = 0; v < VIPS; v++) {
			uint32_t seen = 0;

			for (uint32_t s = 0; s < cases[i].sessions; s++)
				seen |= 1u << choices[v][s];
			apart += (uint32_t)__builtin_popcount(seen) == cases[i].sessions;
		}
		assert_true(apart > VIPS * 9 / 10);
	}
}

/* A router with two sessions can have two next hops, though there are fewer nodes than sessions. */
static void sessions_with_one_peer_use_different_nodes(void **ctx)
{
	enum { VIPS = 12, SESSIONS = 4, NODES_LEFT = 3 };
	static const uint32_t nodes[] = {0, 1, 2, 3}, peers[SESSIONS] = {7, 7, 9, 9};
	uint32_t choices[VIPS][SESSIONS], count[SESSIONS][4] = {0};
	struct fallback_vip vips[VIPS];

	(void)ctx;
	memset(choices, 0xff, sizeof(choices)); /* FALLBACK_NONE */
	for (size_t eligible = 4; eligible >= NODES_LEFT; eligible--) {
		for (uint32_t v = 0; v < VIPS; v++)
			vips[v] = (struct fallback_vip){v * 0x9e3779b97f4a7c15, nodes, eligible,
							choices[v]};
		fallback_balance(vips, VIPS, peers, SESSIONS, 4);
		for (size_t v = 0; v < VIPS; v++) {
			assert_int_not_equal(choices[v][0], choices[v][1]);
			assert_int_not_equal(choices[v][2], choices[v][3]);
		}
	}
	for (size_t v = 0; v < VIPS; v++)
		for (size_t s = 0; s < SESSIONS; s++)
			count[s][choices[v][s]]++;
	for (size_t s = 0; s < SESSIONS; s++)
		for (size_t node = 0; node < NODES_LEFT; node++)
			assert_in_range(count[s][node], VIPS / NODES_LEFT - 2,
					VIPS / NODES_LEFT + 2);
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
	const struct CMUnitTest tests[] = {
		TEST(thousand_vips_spread_evenly_over_five_nodes),
		TEST(loss_of_a_node_moves_only_its_own_vips),
		TEST(returning_node_takes_just_its_share),
		TEST(plan_without_a_change_changes_nothing),
		cmocka_unit_test(sessions_of_a_vip_stay_apart_when_a_node_is_lost),
		cmocka_unit_test(sessions_with_one_peer_use_different_nodes),
		TEST(few_vips_use_different_nodes),
		TEST(fallback_outlives_a_floating_ip_that_nobody_holds_for_a_moment),
		TEST(sessions_that_do_not_carry_the_family_have_no_entry),
		TEST(random_history_stays_balanced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
