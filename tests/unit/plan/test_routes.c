/* SPDX-License-Identifier: Apache-2.0 */
#include "routes_fixture.h"

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
		char name[16];

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
		char name[16];

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
		char name[16];

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vip_is_advertised_with_every_healthy_load_balancer_node),
		TEST(dual_stack_service_has_two_routes),
		TEST(ipv6_vip_needs_endpoints_and_nodes_of_its_family),
		TEST(service_without_ready_endpoint_is_not_advertised),
		TEST(service_of_another_kind_is_not_advertised),
		TEST(no_usable_node_means_no_route),
		TEST(local_policy_keeps_nodes_with_a_ready_endpoint),
		TEST(names_that_come_out_the_same_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
