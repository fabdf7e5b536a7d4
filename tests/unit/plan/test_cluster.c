/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include <errno.h>

static void picks_the_only_cluster_or_the_named_one(void **ctx)
{
	struct api_state state = {0};
	const struct api_object *picked;
	struct err err;

	(void)ctx;
	assert_int_equal(plan_cluster_pick(&state, NULL, &picked, &err), -ENOENT);
	add_cluster(&state);
	assert_int_equal(plan_cluster_pick(&state, NULL, &picked, &err), 0);
	assert_string_equal(picked->meta.name, "east");
	add(&state, API_CLUSTER, "cluster-west", "west");
	assert_int_equal(plan_cluster_pick(&state, NULL, &picked, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cluster-east/east, cluster-west/west"));
	assert_int_equal(plan_cluster_pick(&state, "cluster-west/west", &picked, &err), 0);
	assert_string_equal(picked->meta.name, "west");
	assert_int_equal(plan_cluster_pick(&state, "cluster-west/east", &picked, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "cluster-east/east"));
	state_free(&state);
}

static void load_balancer_nodes_are_those_listed_else_the_control_plane(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	struct plan_cluster c;

	(void)ctx;
	add_node(&state, "cp", "172.30.1.10", NULL);
	add_node(&state, "lb", "172.30.1.21", "2001:db8::21");
	add_node(&state, "other", "172.30.1.31", NULL);
	add_ref(cluster, false, "172.30.1.10");
	open_view(&c, &state, NOW);
	assert_true(plan_node_find(&c, "cp")->load_balancer);
	assert_false(plan_node_find(&c, "lb")->load_balancer);
	plan_cluster_close(&c);
	add_ref(cluster, true, "2001:db8::21");
	open_view(&c, &state, NOW);
	assert_false(plan_node_find(&c, "cp")->load_balancer);
	assert_true(plan_node_find(&c, "lb")->load_balancer);
	assert_false(plan_node_find(&c, "other")->load_balancer);
	assert_null(plan_node_find(&c, "nobody"));
	plan_cluster_close(&c);
	state_free(&state);
}

/* Each way in which a node cannot take traffic, and the one in which it can. */
static void next_hop_must_be_well_in_every_way(void **ctx)
{
	static const struct {
		const char *what;
		bool not_ready, cordoned, excluded, no_lease, released, other_holder;
		time_t now;
		const char *dataplane;
		const char *fault;
	} cases[] = {
		{.what = "well", .now = NOW, .dataplane = "attached", .fault = ""},
		{.what = "just in time",
		 .now = NOW + DURATION - 1,
		 .dataplane = "attached",
		 .fault = ""},
		{.what = "late",
		 .now = NOW + DURATION,
		 .dataplane = "attached",
		 .fault = "has not renewed the Lease vipcast-lb"},
		{.what = "not ready",
		 .not_ready = true,
		 .now = NOW,
		 .dataplane = "attached",
		 .fault = "not ready"},
		{.what = "cordoned",
		 .cordoned = true,
		 .now = NOW,
		 .dataplane = "attached",
		 .fault = "cordoned"},
		{.what = "excluded",
		 .excluded = true,
		 .now = NOW,
		 .dataplane = "attached",
		 .fault = "exclude-from-external-load-balancers"},
		{.what = "no agent",
		 .no_lease = true,
		 .now = NOW,
		 .dataplane = "attached",
		 .fault = "no vipcastd runs on it"},
		{.what = "somebody else's Lease",
		 .other_holder = true,
		 .now = NOW,
		 .dataplane = "attached",
		 .fault = "has not renewed"},
		{.what = "not attached",
		 .now = NOW,
		 .dataplane = "failed: no driver",
		 .fault = "failed: no driver"},
		{.what = "off", .now = NOW, .dataplane = "off", .fault = "(off)"},
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct api_state state = {0};
		struct api_object *cluster = add_cluster(&state), *node, *lease;
		struct plan_cluster c;
		char buf[256];
		const char *fault;

		add_ref(cluster, true, "172.30.1.21");
		node = add_node(&state, "lb", "172.30.1.21", NULL);
		node->node.ready = !cases[i].not_ready;
		node->node.unschedulable = cases[i].cordoned;
		if (cases[i].excluded)
			api_pair_set(&node->meta.labels,
				     "node.kubernetes.io/exclude-from-external-load-balancers", "");
		lease = add_agent(&state, "lb", "on", cases[i].dataplane, "172.30.1.0/24");
		if (cases[i].other_holder)
			strcpy(lease->lease.holder, "xx");
		if (cases[i].no_lease)
			state_delete(&state, API_LEASE, "kube-system", "vipcast-lb");
		open_view(&c, &state, cases[i].now);
		fault = plan_next_hop_fault(&c.nodes.v[0], buf, sizeof(buf));
		if (!strstr(fault, cases[i].fault) || !*fault != !*cases[i].fault)
			fail_msg("%s: \"%s\"", cases[i].what, fault);
		assert_int_equal(plan_is_next_hop(&c.nodes.v[0], AF_INET), !*fault);
		assert_false(plan_is_next_hop(&c.nodes.v[0], AF_INET6));
		plan_cluster_close(&c);
		state_free(&state);
	}
}

static void floating_ip_needs_a_speaker_in_its_subnet(void **ctx)
{
	struct api_state state = {0};
	struct ip_addr v4 = ip_of("172.30.1.100"), v6 = ip_of("2001:db8:30:1::100");
	struct ip_addr far = ip_of("172.30.2.100");
	struct plan_cluster c;

	(void)ctx;
	add_cluster(&state);
	add_node(&state, "a", "172.30.1.21", NULL);
	add_node(&state, "b", "172.30.1.22", NULL);
	add_agent(&state, "a", "on", "off", "172.30.1.0/24, nonsense,,2001:db8:30:1::/64");
	add_agent(&state, "b", "off", "attached", "172.30.1.0/24");
	open_view(&c, &state, NOW);
	assert_true(plan_may_hold(plan_node_find(&c, "a"), &v4));
	assert_true(plan_may_hold(plan_node_find(&c, "a"), &v6));
	assert_false(plan_may_hold(plan_node_find(&c, "a"), &far));
	assert_false(plan_may_hold(plan_node_find(&c, "b"), &v4));
	plan_cluster_close(&c);
	state_free(&state);
}

static void tells_when_the_next_lease_runs_out(void **ctx)
{
	struct api_state state = {0};
	struct timespec expiry;
	struct plan_cluster c;

	(void)ctx;
	add_cluster(&state);
	open_view(&c, &state, NOW);
	assert_false(plan_next_expiry(&c, &expiry));
	plan_cluster_close(&c);
	for (int i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		add_node(&state, name, NULL, NULL);
		add_agent(&state, name, "on", "off", "")->lease.renew_time = at(NOW - 4 + 2 * i);
	}
	/* n0 is dead already, n1 is next. */
	open_view(&c, &state, NOW);
	assert_true(plan_next_expiry(&c, &expiry));
	assert_int_equal(expiry.tv_sec, NOW - 2 + DURATION);
	plan_cluster_close(&c);
	state_free(&state);
}

static void names_what_is_wrong_with_nodes(void **ctx)
{
	struct api_state state = {0};
	struct api_object *cluster = add_cluster(&state);
	plan_problems problems = {0};
	struct plan_cluster c;

	(void)ctx;
	add_ref(cluster, true, "172.30.1.21");
	add_ref(cluster, true, "172.30.1.22");
	add_node(&state, "lb1", "172.30.1.21", NULL);
	open_view(&c, &state, NOW);
	plan_cluster_problems(&c, &problems);
	assert_int_equal(problems.n, 2);
	assert_non_null(strstr(problems.v[0].message, "172.30.1.22"));
	assert_string_equal(problems.v[1].name, "lb1");
	plan_problems_free(&problems);
	plan_cluster_close(&c);
	state_free(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picks_the_only_cluster_or_the_named_one),
		cmocka_unit_test(load_balancer_nodes_are_those_listed_else_the_control_plane),
		cmocka_unit_test(next_hop_must_be_well_in_every_way),
		cmocka_unit_test(floating_ip_needs_a_speaker_in_its_subnet),
		cmocka_unit_test(tells_when_the_next_lease_runs_out),
		cmocka_unit_test(names_what_is_wrong_with_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
