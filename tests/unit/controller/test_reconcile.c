/* SPDX-License-Identifier: Apache-2.0 */
#include "../plan/build.h"

#include "controller/reconcile.h"

struct fixture {
	struct api_state state;
	struct api_object *cluster, *gateways;
	struct plan_cluster c;
	struct desired desired;
	store_ops_list ops;
	bool open;
};

static void close_plan(struct fixture *f)
{
	if (!f->open)
		return;
	store_ops_free(&f->ops);
	desired_free(&f->desired);
	plan_cluster_close(&f->c);
	f->open = false;
}

static int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct api_object *web = add_service(&f->state, "shop", "web");

	f->cluster = add_cluster(&f->state);
	f->gateways = add_gateways(&f->state);
	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_node(&f->state, "lb1", "172.30.1.21", NULL);
	add_node(&f->state, "lb2", "172.30.1.22", NULL);
	add_ref(f->cluster, true, "172.30.1.21");
	add_ref(f->cluster, true, "172.30.1.22");
	add_agent(&f->state, "lb1", "on", "attached", "172.30.1.0/24");
	add_agent(&f->state, "lb2", "on", "attached", "172.30.1.0/24");
	add_endpoint(&f->state, web, AF_INET, "be1");
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

static void run_mode(struct fixture *f, enum reconcile_mode mode)
{
	close_plan(f);
	f->ops = (store_ops_list){0};
	open_view(&f->c, &f->state, NOW);
	desired_make(&f->c, &f->desired);
	reconcile(&f->c, &f->state, &f->desired, mode, &f->ops);
	f->open = true;
}

static void run(struct fixture *f)
{
	run_mode(f, RECONCILE_NORMAL);
}

/* What a store does with the operations. */
static void apply_status(struct fixture *f, const struct api_object *from)
{
	struct api_object *obj = get(&f->state, from->kind, from->meta.ns, from->meta.name);
	struct api_network_gateway_group *group = &obj->gateway_group;

	if (from->kind == API_SERVICE) {
		obj->service.ingress.n = 0;
		array_each(&from->service.ingress, ip)
			array_push(&obj->service.ingress, *ip);
		return;
	}
	array_each(&group->placements, old) {
		free(old->node_name);
		free(old->reason);
	}
	group->placements.n = 0;
	array_each(&from->gateway_group.placements, p) {
		struct api_floating_ip copy = {p->ip, p->node_name ? xstrdup(p->node_name) : NULL,
					       xstrdup(p->reason)};

		array_push(&group->placements, copy);
	}
}

static void apply(struct fixture *f)
{
	array_each(&f->ops, op) {
		const struct api_meta *meta = &op->object->meta;

		if (op->verb == STORE_APPLY)
			state_put(&f->state, api_object_copy(op->object));
		else if (op->verb == STORE_DELETE)
			state_delete(&f->state, op->object->kind, meta->ns, meta->name);
		else if (op->verb == STORE_STATUS)
			apply_status(f, op->object);
	}
}

static void settle(struct fixture *f)
{
	for (int i = 0; i < 6; i++) {
		run(f);
		if (f->ops.n == 0)
			return;
		apply(f);
	}
	fail_msg("reconciling does not come to rest");
}

/* "status Service web, apply BGPSession x, event NAME: MESSAGE" */
static void assert_ops(const struct fixture *f, const char *expected)
{
	static const char *const verbs[] = {"apply", "status", "delete", "event"};
	char text[3000] = "";
	size_t used = 0;

	array_each(&f->ops, op)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s %s%s%s",
					 used ? ", " : "", verbs[op->verb],
					 api_kind_info(op->object->kind)->name,
					 op->object->meta.name, op->message ? ": " : "",
					 op->message ? op->message : "");
	assert_string_equal(text, expected);
}

static void first_pass_writes_everything_in_order(void **ctx)
{
	struct fixture *f = *ctx;

	run(f);
	assert_ops(f, "status Service web, "
		      "event Service web: 198.51.100.1 is a VIP of the Service now, "
		      "status NetworkGatewayGroup default, "
		      "event NetworkGatewayGroup default: 172.30.1.100 is held by lb1 now, "
		      "apply BGPSession 172.30.9.10-lb1");
	apply(f);
	run(f);
	assert_ops(f, "apply BGPAdvertisedRoute default-shop-web");
	apply(f);
	run(f);
	assert_ops(f, "");
}

static void address_is_let_go_before_it_is_taken(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	state_delete(&f->state, API_LEASE, "kube-system", "vipcast-lb1");
	run(f);
	assert_ops(f, "status NetworkGatewayGroup default, "
		      "event NetworkGatewayGroup default: 172.30.1.100 is held by lb2 now, "
		      "delete BGPSession 172.30.9.10-lb1, apply BGPSession 172.30.9.10-lb2, "
		      "apply BGPAdvertisedRoute default-shop-web");
}

static void living_agent_loses_its_address_in_two_passes(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	get(&f->state, API_NODE, NULL, "lb1")->node.ready = false;
	run(f);
	assert_ops(f, "status NetworkGatewayGroup default, delete BGPSession 172.30.9.10-lb1, "
		      "apply BGPAdvertisedRoute default-shop-web");
	apply(f);
	run(f);
	assert_ops(f, "status NetworkGatewayGroup default, "
		      "event NetworkGatewayGroup default: 172.30.1.100 is held by lb2 now, "
		      "apply BGPSession 172.30.9.10-lb2");
}

static void service_that_goes_takes_its_route_along(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	state_delete(&f->state, API_SERVICE, "shop", "web");
	run(f);
	assert_ops(f, "delete BGPAdvertisedRoute default-shop-web");
}

static void service_of_another_type_loses_status_and_route(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *web;

	settle(f);
	web = get(&f->state, API_SERVICE, "shop", "web");
	free(web->service.type);
	web->service.type = xstrdup("ClusterIP");
	run(f);
	assert_ops(f, "status Service web, "
		      "event Service web: 198.51.100.1 is no VIP of the Service any more, "
		      "delete BGPAdvertisedRoute default-shop-web");
}

static void changed_peer_changes_only_its_sessions(void **ctx)
{
	struct fixture *f = *ctx;

	add_cluster_peer(f->cluster, "172.30.9.11", 64602);
	settle(f);
	f->cluster->cluster.bgp_peers.v[1].asn = 64699;
	run(f);
	assert_ops(f, "apply BGPSession 172.30.9.11-lb1");
	assert_int_equal(f->ops.v[0].object->session.peer_asn, 64699);
}

static void status_of_a_session_is_no_difference(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *session;

	settle(f);
	session = get(&f->state, API_BGP_SESSION, "kube-system", "172.30.9.10-lb1");
	free(session->session.state);
	session->session.state = xstrdup("Established");
	run(f);
	assert_ops(f, "");
}

static void objects_that_nobody_planned_are_removed(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	add(&f->state, API_BGP_SESSION, "kube-system", "stray");
	add(&f->state, API_BGP_ADVERTISED_ROUTE, "kube-system", "stray");
	run(f);
	assert_ops(f, "delete BGPSession stray, delete BGPAdvertisedRoute stray");
}

static void without_a_cluster_sessions_and_routes_go(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	reconcile(NULL, &f->state, NULL, RECONCILE_NORMAL, &f->ops);
	assert_ops(f, "delete BGPSession 172.30.9.10-lb1, "
		      "delete BGPAdvertisedRoute default-shop-web");
}

static void careful_mode_leaves_what_hangs_on_unreadable_manifests(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	state_delete(&f->state, API_NETWORK_GATEWAY_GROUP, NS, "default");
	state_delete(&f->state, API_SERVICE, "shop", "web");
	run_mode(f, RECONCILE_CAREFUL);
	assert_ops(f, "");
	run(f);
	assert_ops(f, "delete BGPSession 172.30.9.10-lb1, "
		      "delete BGPAdvertisedRoute default-shop-web");
}

static void careful_mode_still_moves_floating_ips(void **ctx)
{
	struct fixture *f = *ctx;

	settle(f);
	state_delete(&f->state, API_LEASE, "kube-system", "vipcast-lb1");
	run_mode(f, RECONCILE_CAREFUL);
	assert_ops(f, "status NetworkGatewayGroup default, "
		      "event NetworkGatewayGroup default: 172.30.1.100 is held by lb2 now, "
		      "delete BGPSession 172.30.9.10-lb1, apply BGPSession 172.30.9.10-lb2, "
		      "apply BGPAdvertisedRoute default-shop-web");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(first_pass_writes_everything_in_order),
		TEST(address_is_let_go_before_it_is_taken),
		TEST(living_agent_loses_its_address_in_two_passes),
		TEST(service_that_goes_takes_its_route_along),
		TEST(service_of_another_type_loses_status_and_route),
		TEST(changed_peer_changes_only_its_sessions),
		TEST(status_of_a_session_is_no_difference),
		TEST(objects_that_nobody_planned_are_removed),
		TEST(without_a_cluster_sessions_and_routes_go),
		TEST(careful_mode_leaves_what_hangs_on_unreadable_manifests),
		TEST(careful_mode_still_moves_floating_ips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
