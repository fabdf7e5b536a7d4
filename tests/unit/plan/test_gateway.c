/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include "plan/gateway.h"

struct fixture {
	struct api_state state;
	struct api_object *gateways;
	struct plan_cluster c;
	struct placement placement;
	bool open;
};

static int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	add_cluster(&f->state);
	f->gateways = add_gateways(&f->state);
	*ctx = f;
	return 0;
}

static void close_plan(struct fixture *f)
{
	if (!f->open)
		return;
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

static void run_at(struct fixture *f, time_t now)
{
	close_plan(f);
	open_view(&f->c, &f->state, now);
	place_floating_ips(&f->c, &f->placement);
	f->open = true;
}

static void run(struct fixture *f)
{
	run_at(f, NOW);
}

static const char *holder(const struct fixture *f, const char *ip)
{
	struct ip_addr addr = ip_of(ip);
	const struct placed_ip *p = placement_find(&f->placement, &addr);

	return p->node ? p->node->name : "";
}

static const char *reason(const struct fixture *f, const char *ip)
{
	struct ip_addr addr = ip_of(ip);

	return placement_find(&f->placement, &addr)->reason;
}

/* A node of rack N with a speaker. */
static void rack_node(struct fixture *f, const char *name, int rack)
{
	char subnets[64];

	snprintf(subnets, sizeof(subnets), "172.30.%d.0/24,2001:db8:30:%d::/64", rack, rack);
	add_node(&f->state, name, NULL, NULL);
	add_agent(&f->state, name, "on", "off", subnets);
}

static void status_says(struct fixture *f, const char *ip, const char *node)
{
	struct api_network_gateway_group *group = &f->gateways->gateway_group;
	struct api_floating_ip entry = {ip_of(ip), node ? xstrdup(node) : NULL, xstrdup("")};

	array_each(&group->placements, p) {
		if (!ip_equal(&p->ip, &entry.ip))
			continue;
		free(p->node_name);
		free(p->reason);
		*p = entry;
		return;
	}
	array_push(&group->placements, entry);
}

static void session_says(struct fixture *f, const char *ip, const char *node, const char *state)
{
	char *name = xasprintf("192.0.2.1-%s-%s", node, ip);
	struct api_object *obj = add(&f->state, API_BGP_SESSION, "kube-system", name);

	free(name);
	obj->session.floating_ip = ip_of(ip);
	obj->session.peer_ip = ip_of("192.0.2.1");
	free(obj->session.node_name);
	obj->session.node_name = xstrdup(node);
	free(obj->session.state);
	obj->session.state = xstrdup(state);
}

/* What the controller and the agents do with a plan: status, and one working session an address. */
static void apply(struct fixture *f)
{
	while (f->state.kinds[API_BGP_SESSION].n) {
		struct api_object *obj = f->state.kinds[API_BGP_SESSION].v[0];

		state_delete(&f->state, API_BGP_SESSION, obj->meta.ns, obj->meta.name);
	}
	array_each(&f->placement.ips, p) {
		const struct ip_text ip = ip_str(&p->ip);

		status_says(f, ip.s, p->node ? p->node->name : NULL);
		if (p->node)
			session_says(f, ip.s, p->node->name, "Established");
	}
}

static void each_address_goes_to_its_subnet_and_the_emptiest_node(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	rack_node(f, "b1", 2);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.1.101");
	add_floating_ip(f->gateways, "172.30.2.100");
	add_floating_ip(f->gateways, "2001:db8:30:2::100");
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
	assert_string_equal(holder(f, "172.30.1.101"), "a2");
	assert_string_equal(holder(f, "172.30.2.100"), "b1");
	assert_string_equal(holder(f, "2001:db8:30:2::100"), "b1");
}

static void says_why_nobody_holds_an_address(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "b1", 2);
	add_floating_ip(f->gateways, "172.30.3.100");
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.2.100");
	get(&f->state, API_NODE, NULL, "a1")->node.ready = false;
	api_pair_set(&get(&f->state, API_LEASE, "kube-system", "vipcast-b1")->meta.annotations,
		     "vipcast.io/speaker", "off");
	run(f);
	assert_non_null(
		strstr(reason(f, "172.30.3.100"), "no node with an agent is in the subnet"));
	assert_non_null(strstr(reason(f, "172.30.1.100"), "a1 is not ready"));
	assert_non_null(strstr(reason(f, "172.30.2.100"), "b1 runs no speaker"));
}

static void placement_of_the_status_stays(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	status_says(f, "172.30.1.100", "a2");
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a2");
}

static void lost_status_is_read_from_the_sessions(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	session_says(f, "172.30.1.100", "a2", "Established");
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a2");
}

static void dead_nodes_address_moves_when_its_lease_has_run_out(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	status_says(f, "172.30.1.100", "a2");
	session_says(f, "172.30.1.100", "a2", "Established");
	get(&f->state, API_LEASE, "kube-system", "vipcast-a1")->lease.renew_time = at(NOW + 2);
	run_at(f, NOW + DURATION - 1);
	assert_string_equal(holder(f, "172.30.1.100"), "a2");
	run_at(f, NOW + DURATION);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
}

static void clean_exit_moves_the_address_at_once(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	status_says(f, "172.30.1.100", "a2");
	session_says(f, "172.30.1.100", "a2", "Established");
	state_delete(&f->state, API_LEASE, "kube-system", "vipcast-a2");
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
}

static void living_agent_lets_go_before_another_node_takes_over(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	status_says(f, "172.30.1.100", "a2");
	session_says(f, "172.30.1.100", "a2", "Established");
	get(&f->state, API_NODE, NULL, "a2")->node.ready = false;
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "");
	assert_string_equal(reason(f, "172.30.1.100"), "moves from a2 to a1");
	/* The status is written, the session is not gone yet. */
	status_says(f, "172.30.1.100", NULL);
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "");
	apply(f);
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
}

static void address_without_sessions_is_let_go_first_as_well(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	rack_node(f, "a2", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	status_says(f, "172.30.1.100", "a2");
	get(&f->state, API_NODE, NULL, "a2")->node.ready = false;
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "");
	status_says(f, "172.30.1.100", NULL);
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
}

static void returning_node_takes_nothing_that_works(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.1.101");
	run(f);
	apply(f);
	rack_node(f, "a2", 1);
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
	assert_string_equal(holder(f, "172.30.1.101"), "a1");
}

static void addresses_without_working_sessions_spread_to_nodes_that_come_later(void **ctx)
{
	struct fixture *f = *ctx;

	rack_node(f, "a1", 1);
	for (int i = 100; i < 103; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "172.30.1.%d", i);
		add_floating_ip(f->gateways, ip);
		status_says(f, ip, "a1");
		session_says(f, ip, "a1", i == 100 ? "Established" : "Connect");
	}
	rack_node(f, "a2", 1);
	run(f);
	assert_string_equal(holder(f, "172.30.1.100"), "a1");
	assert_string_equal(reason(f, "172.30.1.101"), "moves from a1 to a2");
	assert_string_equal(holder(f, "172.30.1.102"), "a1");
	apply(f);
	run(f);
	assert_string_equal(holder(f, "172.30.1.101"), "a2");
	assert_string_equal(holder(f, "172.30.1.102"), "a1");
}

static void no_group_means_no_placement(void **ctx)
{
	struct fixture *f = *ctx;

	state_delete(&f->state, API_NETWORK_GATEWAY_GROUP, NS, "default");
	run(f);
	assert_int_equal(f->placement.ips.n, 0);
}

/* ---- a random history --------------------------------------------------------------------- */

#define RACKS	  2
#define RACK_SIZE 4
#define ADDRESSES 8

static void toggle(struct fixture *f, uint32_t n)
{
	char name[32];

	snprintf(name, sizeof(name), "vipcast-r%u-n%u", n / RACK_SIZE + 1, n % RACK_SIZE);
	if (!state_delete(&f->state, API_LEASE, "kube-system", name)) {
		char subnet[32];

		snprintf(subnet, sizeof(subnet), "172.30.%u.0/24", n / RACK_SIZE + 1);
		add_agent(&f->state, name + strlen("vipcast-"), "on", "off", subnet);
	}
}

static char *status_holder(struct fixture *f, size_t i)
{
	struct api_network_gateway_group *group = &f->gateways->gateway_group;

	return i < group->placements.n ? group->placements.v[i].node_name : NULL;
}

static void check_step(struct fixture *f, char before[ADDRESSES][32])
{
	for (size_t i = 0; i < ADDRESSES; i++) {
		const struct placed_ip *p = &f->placement.ips.v[i];
		const struct plan_node *old = plan_node_find(&f->c, before[i]);
		size_t candidates = 0;

		array_each(&f->c.nodes, node)
			candidates += plan_may_hold(node, &p->ip);
		/* Held by one that may, if there is one. */
		assert_int_equal(p->node != NULL, candidates > 0);
		if (p->node)
			assert_true(plan_may_hold(p->node, &p->ip));
		/* Whoever could keep it has it still. */
		if (old && plan_may_hold(old, &p->ip))
			assert_ptr_equal(p->node, old);
	}
}

static void random_losses_and_returns_move_only_what_must(void **ctx)
{
	struct fixture *f = *ctx;
	uint64_t seed = 7;
	char text[32];

	for (uint32_t n = 0; n < RACKS * RACK_SIZE; n++) {
		snprintf(text, sizeof(text), "r%u-n%u", n / RACK_SIZE + 1, n % RACK_SIZE);
		add_node(&f->state, text, NULL, NULL);
		toggle(f, n);
	}
	for (int i = 0; i < ADDRESSES; i++) {
		snprintf(text, sizeof(text), "172.30.%d.%d", i % RACKS + 1, 100 + i);
		add_floating_ip(f->gateways, text);
	}
	for (int step = 0; step < 2000; step++) {
		char before[ADDRESSES][32];

		toggle(f, random_below(&seed, RACKS * RACK_SIZE));
		for (size_t i = 0; i < ADDRESSES; i++)
			snprintf(before[i], sizeof(before[i]), "%s", plan_str(status_holder(f, i)));
		run(f);
		check_step(f, before);
		apply(f);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_address_goes_to_its_subnet_and_the_emptiest_node),
		TEST(says_why_nobody_holds_an_address),
		TEST(placement_of_the_status_stays),
		TEST(lost_status_is_read_from_the_sessions),
		TEST(dead_nodes_address_moves_when_its_lease_has_run_out),
		TEST(clean_exit_moves_the_address_at_once),
		TEST(living_agent_lets_go_before_another_node_takes_over),
		TEST(address_without_sessions_is_let_go_first_as_well),
		TEST(returning_node_takes_nothing_that_works),
		TEST(addresses_without_working_sessions_spread_to_nodes_that_come_later),
		TEST(no_group_means_no_placement),
		TEST(random_losses_and_returns_move_only_what_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
