// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "api/object.h"
#include "speaker/want.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ip_parse(text, &out, NULL), 0);
	return out;
}

static void add_session(struct api_state *state, const char *name, const char *node,
			const char *floating)
{
	struct api_object *obj = api_object_new(API_BGP_SESSION, "kube-system", name);

	obj->session.node_name = xstrdup(node);
	obj->session.floating_ip = ip(floating);
	obj->session.local_ip = ip("10.0.0.9");
	obj->session.peer_ip = ip("10.0.1.254");
	obj->session.local_asn = 64601;
	obj->session.peer_asn = 64602;
	obj->session.hold_time = 30;
	state_put(state, obj);
}

static void add_node(struct api_state *state, const char *name, const char *address)
{
	struct api_object *obj = api_object_new(API_NODE, NULL, name);

	array_push(&obj->node.internal_ips, ip("2001:db8::9"));
	array_push(&obj->node.internal_ips, ip(address));
	state_put(state, obj);
}

static void place(struct api_state *state, const char *floating, const char *node)
{
	struct api_object *obj = api_object_new(API_NETWORK_GATEWAY_GROUP, "cluster-a", "default");
	struct api_floating_ip *placement = array_new(&obj->gateway_group.placements);

	array_push(&obj->gateway_group.floating_ips, ip(floating));
	placement->ip = ip(floating);
	placement->node_name = node ? xstrdup(node) : NULL;
	state_put(state, obj);
}

static void wants_only_sessions_of_its_own_node(void **unused)
{
	struct api_state state = {0};
	struct want want;

	(void)unused;
	add_session(&state, "s1", "lb1", "10.0.0.100");
	add_session(&state, "s2", "lb2", "10.0.0.101");
	want_read(&state, "lb2", &want);
	assert_int_equal(want.sessions.n, 1);
	assert_string_equal(want.sessions.v[0].object->meta.name, "s2");
	assert_int_equal(want.floating_ips.n, 1);
	assert_true(want_holds(&want, &(struct ip_addr){.family = AF_INET, .b = {10, 0, 0, 101}}));
	want_free(&want);
	state_free(&state);
}

static void takes_the_parameters_over(void **unused)
{
	struct api_state state = {0};
	const struct bgp_config *config;
	struct want want;

	(void)unused;
	add_session(&state, "s1", "lb1", "10.0.0.100");
	want_read(&state, "lb1", &want);
	config = &want.sessions.v[0].config;
	assert_string_equal(ip_str(&config->local).s, "10.0.0.100");
	assert_string_equal(ip_str(&config->peer).s, "10.0.1.254");
	assert_int_equal(config->local_as, 64601);
	assert_int_equal(config->peer_as, 64602);
	assert_int_equal(config->hold_time, 30);
	assert_true(config->add_path);
	assert_int_equal(config->families, 3);
	want_free(&want);
	state_free(&state);
}

/* The router id that a session with this local IP gets on the node lb1. */
static struct ip_addr router_id(struct api_state *state, const char *local_ip)
{
	struct ip_addr id;
	struct want want;

	add_session(state, "s1", "lb1", "2001:db8::100");
	state->kinds[API_BGP_SESSION].v[0]->session.local_ip = ip(local_ip);
	want_read(state, "lb1", &want);
	id = want.sessions.v[0].config.router_id;
	want_free(&want);
	return id;
}

static void router_id_is_the_nodes_ipv4_address(void **unused)
{
	struct api_state state = {0};
	struct ip_addr id;

	(void)unused;
	add_node(&state, "lb1", "10.0.0.21");
	id = router_id(&state, "2001:db8::9");
	assert_string_equal(ip_str(&id).s, "10.0.0.21");
	state_free(&state);
}

/* A Node that comes, goes or changes must not bring sessions down. */
static void router_id_of_an_ipv4_session_is_in_its_own_object(void **unused)
{
	struct api_state state = {0};
	struct ip_addr id;

	(void)unused;
	id = router_id(&state, "10.0.0.9");
	assert_string_equal(ip_str(&id).s, "10.0.0.9");
	add_node(&state, "lb1", "10.0.0.21");
	id = router_id(&state, "10.0.0.9");
	assert_string_equal(ip_str(&id).s, "10.0.0.9");
	state_free(&state);
}

static void a_node_without_ipv4_has_a_router_id_all_the_same(void **unused)
{
	struct api_state state = {0};
	struct ip_addr first, again;

	(void)unused;
	first = router_id(&state, "2001:db8::9");
	again = router_id(&state, "2001:db8::9");
	assert_int_equal(first.family, AF_INET);
	assert_false(ip_is_unspecified(&first));
	assert_true(ip_equal(&first, &again));
	state_free(&state);
}

static void never_holds_what_is_placed_elsewhere(void **unused)
{
	static const char *const holders[] = {"lb2", NULL};
	struct want want;

	(void)unused;
	for (size_t i = 0; i < sizeof(holders) / sizeof(*holders); i++) {
		struct api_state state = {0};

		add_session(&state, "s1", "lb1", "10.0.0.100");
		place(&state, "10.0.0.100", holders[i]);
		want_read(&state, "lb1", &want);
		assert_int_equal(want.sessions.n, 0);
		assert_int_equal(want.floating_ips.n, 0);
		want_free(&want);
		state_free(&state);
	}
}

static void holds_what_is_placed_here_without_a_session(void **unused)
{
	struct api_state state = {0};
	struct want want;

	(void)unused;
	place(&state, "10.0.0.100", "lb1");
	want_read(&state, "lb1", &want);
	assert_int_equal(want.sessions.n, 0);
	assert_int_equal(want.floating_ips.n, 1);
	want_free(&want);
	state_free(&state);
}

static void one_floating_ip_of_two_sessions_is_wanted_once(void **unused)
{
	struct api_state state = {0};
	struct want want;

	(void)unused;
	add_session(&state, "s1", "lb1", "10.0.0.100");
	add_session(&state, "s2", "lb1", "10.0.0.100");
	add_session(&state, "s3", "lb1", "10.0.0.99");
	want_read(&state, "lb1", &want);
	assert_int_equal(want.sessions.n, 3);
	assert_int_equal(want.floating_ips.n, 2);
	assert_string_equal(ip_str(&want.floating_ips.v[0]).s, "10.0.0.99");
	want_free(&want);
	state_free(&state);
}

/* Each parameter by itself is a reason to set the session up anew; nothing else is. */
static void a_session_goes_on_unless_its_own_parameters_change(void **unused)
{
	const struct bgp_config base = {.local = ip("10.0.0.1"),
					.peer = ip("10.0.0.2"),
					.local_as = 1,
					.peer_as = 2,
					.families = 3};
	struct bgp_config changed[12];

	(void)unused;
	for (size_t i = 0; i < 12; i++) {
		changed[i] = base;
		assert_true(want_same_config(&base, &changed[i]));
	}
	changed[0].local = ip("10.0.0.3");
	changed[1].peer = ip("10.0.0.3");
	changed[2].local_as = 3;
	changed[3].peer_as = 3;
	changed[4].hold_time = 9;
	changed[5].add_path = true;
	changed[6].families = 1;
	changed[7].peer_port = 1179;
	changed[8].keepalive_time = 1;
	changed[9].connect_retry_time = 1;
	changed[10].ttl = 1;
	changed[11].router_id = ip("10.0.0.3");
	for (size_t i = 0; i < 12; i++)
		assert_false(want_same_config(&base, &changed[i]));
}

static void routes_and_other_sessions_change_no_configuration(void **unused)
{
	struct api_state state = {0};
	struct want before, after;

	(void)unused;
	add_session(&state, "s2", "lb1", "10.0.0.100");
	want_read(&state, "lb1", &before);
	add_session(&state, "s1", "lb1", "10.0.0.101");
	add_session(&state, "s3", "lb2", "10.0.0.102");
	add_node(&state, "lb1", "10.0.0.21");
	place(&state, "10.0.0.100", "lb1");
	want_read(&state, "lb1", &after);
	assert_int_equal(after.sessions.n, 2);
	assert_true(want_same_config(&before.sessions.v[0].config, &after.sessions.v[1].config));
	want_free(&before);
	want_free(&after);
	state_free(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wants_only_sessions_of_its_own_node),
		cmocka_unit_test(takes_the_parameters_over),
		cmocka_unit_test(router_id_is_the_nodes_ipv4_address),
		cmocka_unit_test(router_id_of_an_ipv4_session_is_in_its_own_object),
		cmocka_unit_test(a_node_without_ipv4_has_a_router_id_all_the_same),
		cmocka_unit_test(never_holds_what_is_placed_elsewhere),
		cmocka_unit_test(holds_what_is_placed_here_without_a_session),
		cmocka_unit_test(one_floating_ip_of_two_sessions_is_wanted_once),
		cmocka_unit_test(a_session_goes_on_unless_its_own_parameters_change),
		cmocka_unit_test(routes_and_other_sessions_change_no_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
