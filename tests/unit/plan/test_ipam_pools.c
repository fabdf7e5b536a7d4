/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam_fixture.h"

static void gives_lowest_free_addresses_in_order_of_names(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	service(f, "b");
	service(f, "a");
	has(service(f, "c"), "198.51.100.1");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.2");
	assert_vips(f, "shop", "b", "198.51.100.3");
	assert_vips(f, "shop", "c", "198.51.100.1");
	assert_int_equal(f->plan.problems.n, 0);
}

static void goes_on_with_the_next_pool_and_skips_manual_ones(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "reserved", "198.51.100.128/28")->manual_assign = true;
	add_pool(f->cluster, "small", "198.51.100.1-198.51.100.1");
	add_pool(f->cluster, "next", "198.51.100.9-198.51.100.9");
	service(f, "a");
	service(f, "b");
	service(f, "c");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.1");
	assert_vips(f, "shop", "b", "198.51.100.9");
	assert_vips(f, "shop", "c", "");
	assert_problem(f, "c", "every address pool is exhausted");
}

static void gives_families_as_asked(void **ctx)
{
	static const struct {
		uint32_t families;
		bool ipv6_first, require, prefer;
		const char *pool;
		const char *vips, *problem;
	} cases[] = {
		{0, false, false, false, "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9",
		 "198.51.100.1", NULL},
		{API_FAMILY_IPV6, true, false, false,
		 "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9", "2001:db8::1", NULL},
		{3, false, true, false, "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9",
		 "198.51.100.1 2001:db8::1", NULL},
		{3, true, true, false, "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9",
		 "2001:db8::1 198.51.100.1", NULL},
		{0, false, true, false, "198.51.100.1-198.51.100.9", "",
		 "no address pool holds both IPv4 and IPv6"},
		{0, false, false, true, "198.51.100.1-198.51.100.9", "198.51.100.1", NULL},
		{3, true, false, true, "198.51.100.1-198.51.100.9", "198.51.100.1", NULL},
		{3, false, false, true, "2001:db8::1-2001:db8::9", "2001:db8::1", NULL},
		{3, false, false, true, "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9",
		 "198.51.100.1 2001:db8::1", NULL},
		{API_FAMILY_IPV6, true, false, false, "198.51.100.1-198.51.100.9", "",
		 "no address pool holds IPv6"},
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f;
		struct api_service *s;

		set_up((void **)&f);
		add_pool(f->cluster, "pool", cases[i].pool);
		s = &service(f, "a")->service;
		s->ip_families = cases[i].families;
		s->prefers_ipv6 = cases[i].ipv6_first;
		s->require_dual_stack = cases[i].require;
		s->prefer_dual_stack = cases[i].prefer;
		settle(f);
		assert_vips(f, "shop", "a", cases[i].vips);
		if (cases[i].problem)
			assert_problem(f, "a", cases[i].problem);
		else
			assert_int_equal(f->plan.problems.n, 0);
		tear_down((void **)&f);
	}
}

static void follows_the_clusters_first_family_when_a_service_names_none(void **ctx)
{
	struct fixture *f = *ctx;
	struct ip_prefix cidr = {ip_of("fd00:96::"), 112};

	array_push(&f->cluster->cluster.service_cidrs, cidr);
	add_pool(f->cluster, "pool", "198.51.100.1,2001:db8::1");
	service(f, "a");
	settle(f);
	assert_vips(f, "shop", "a", "2001:db8::1");
}

static void dual_stack_comes_out_of_one_pool(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "v4", "198.51.100.1-198.51.100.9");
	add_pool(f->cluster, "v6", "2001:db8::1-2001:db8::9");
	add_pool(f->cluster, "both", "198.51.100.20,2001:db8::20");
	service(f, "a")->service.require_dual_stack = true;
	service(f, "b")->service.require_dual_stack = true;
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.20 2001:db8::20");
	assert_vips(f, "shop", "b", "");
	assert_problem(f, "b", "exhausted: nothing free of both IPv4 and IPv6");
}

static void service_that_becomes_dual_stack_keeps_its_vip(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a");

	add_pool(f->cluster, "both", "198.51.100.20-198.51.100.29,2001:db8::20-2001:db8::29");
	has(a, "198.51.100.25");
	a->service.require_dual_stack = true;
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.25 2001:db8::20");
	a->service.require_dual_stack = false;
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.25");
}

static void leaves_out_buggy_addresses(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.99.254-198.51.100.1")->avoid_buggy_ips = true;
	service(f, "a");
	service(f, "b");
	service(f, "c");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.99.254");
	assert_vips(f, "shop", "b", "198.51.100.1");
	assert_vips(f, "shop", "c", "");
}

static void never_gives_reserved_addresses(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.6");
	f->cluster->cluster.ingress_vip = ip_of("198.51.100.1");
	f->cluster->cluster.control_plane_vip = ip_of("198.51.100.2");
	add_floating_ip(add_gateways(&f->state), "198.51.100.3");
	add_node(&f->state, "n", "198.51.100.4", NULL);
	add_cluster_peer(f->cluster, "198.51.100.5", 64602);
	service(f, "a");
	service(f, "b");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.6");
	assert_vips(f, "shop", "b", "");
}

static void service_of_another_type_loses_its_vip(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.1");
	has(a, "198.51.100.1");
	free(a->service.type);
	a->service.type = xstrdup("ClusterIP");
	service(f, "b");
	settle(f);
	assert_vips(f, "shop", "a", "");
	assert_vips(f, "shop", "b", "198.51.100.1");
}

static void other_classes_are_left_alone(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a"), *b = service(f, "b");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	a->service.load_balancer_class = xstrdup("example.org/other");
	has(a, "203.0.113.9");
	b->service.load_balancer_class = xstrdup("vipcast.io/vipcast");
	settle(f);
	assert_vips(f, "shop", "a", "203.0.113.9");
	assert_vips(f, "shop", "b", "198.51.100.1");
}

static void address_rests_while_it_is_advertised_for_a_service_that_is_gone(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *route =
		add(&f->state, API_BGP_ADVERTISED_ROUTE, "kube-system", "default-shop-gone");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	route->route.prefix = (struct ip_prefix){ip_of("198.51.100.1"), 32};
	free(route->route.service_namespace);
	free(route->route.service_name);
	route->route.service_namespace = xstrdup("shop");
	route->route.service_name = xstrdup("gone");
	service(f, "a");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.2");
	state_delete(&f->state, API_BGP_ADVERTISED_ROUTE, "kube-system", "default-shop-gone");
	service(f, "b");
	settle(f);
	assert_vips(f, "shop", "b", "198.51.100.1");
}

static void manual_mode_touches_nothing(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	f->cluster->cluster.mode = API_LB_MANUAL;
	service(f, "a");
	run(f);
	assert_int_equal(f->plan.changes.n, 0);
}

static void last_address_of_a_family_ends_the_walk(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "end", "255.255.255.254-255.255.255.255");
	service(f, "a");
	service(f, "b");
	service(f, "c");
	settle(f);
	assert_vips(f, "shop", "b", "255.255.255.255");
	assert_vips(f, "shop", "c", "");
}

/* 10,000 Services out of a /64: nothing may walk the range, or compare everybody with everybody. */
static void ten_thousand_services_fit_a_big_range(void **ctx)
{
	struct fixture *f = *ctx;
	char name[32];

	add_pool(f->cluster, "big", "198.18.0.0/15,2001:db8::/64");
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "s%05d", i);
		service(f, name)->service.require_dual_stack = true;
	}
	run(f);
	assert_int_equal(f->plan.changes.n, 10000);
	apply(f);
	assert_vips(f, "shop", "s09999", "198.18.39.15 2001:db8::270f");
	run(f);
	assert_int_equal(f->plan.changes.n, 0);
}

static void check_no_address_twice(const struct fixture *f)
{
	struct ip_addr seen[64];
	size_t n = 0;

	state_each(&f->state, API_SERVICE, obj) {
		array_each(&obj->service.ingress, ip) {
			for (size_t i = 0; i < n; i++)
				assert_false(ip_equal(&seen[i], ip));
			seen[n++] = *ip;
		}
	}
}

/* 2,000 steps of coming, going and asking: addresses are unique, stable and reused. */
static void random_history_keeps_addresses_unique_and_stable(void **ctx)
{
	struct fixture *f = *ctx;
	uint64_t seed = 42;
	char name[32], ip[32];

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.20");
	for (int step = 0; step < 2000; step++) {
		struct ip_addr before = {0};
		uint32_t watched = random_below(&seed, 24), touched = random_below(&seed, 24);
		const struct api_object *obj;
		size_t holders = 0;

		snprintf(name, sizeof(name), "s%u", watched);
		obj = state_get(&f->state, API_SERVICE, "shop", name);
		if (obj && obj->service.ingress.n)
			before = obj->service.ingress.v[0];
		snprintf(name, sizeof(name), "s%u", touched);
		if (!state_delete(&f->state, API_SERVICE, "shop", name)) {
			struct api_object *fresh = service(f, name);

			snprintf(ip, sizeof(ip), "198.51.100.%u", 1 + random_below(&seed, 20));
			if (random_below(&seed, 4) == 0)
				fresh->service.load_balancer_ip = ip_of(ip);
		}
		settle(f);
		check_no_address_twice(f);
		snprintf(name, sizeof(name), "s%u", watched);
		obj = state_get(&f->state, API_SERVICE, "shop", name);
		if (ip_is_set(&before) && obj && watched != touched)
			if (!ip_is_set(&obj->service.load_balancer_ip))
				assert_true(ip_equal(&before, &obj->service.ingress.v[0]));
		state_each(&f->state, API_SERVICE, s)
			holders += s->service.ingress.n > 0;
		/* Nobody goes without as long as there is one free, but who insists on one. */
		array_each(&f->plan.problems, p)
			if (strstr(p->message, "exhausted"))
				assert_int_equal(holders, 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_lowest_free_addresses_in_order_of_names),
		TEST(goes_on_with_the_next_pool_and_skips_manual_ones),
		TEST(gives_families_as_asked),
		TEST(follows_the_clusters_first_family_when_a_service_names_none),
		TEST(dual_stack_comes_out_of_one_pool),
		TEST(service_that_becomes_dual_stack_keeps_its_vip),
		TEST(leaves_out_buggy_addresses),
		TEST(never_gives_reserved_addresses),
		TEST(service_of_another_type_loses_its_vip),
		TEST(other_classes_are_left_alone),
		TEST(address_rests_while_it_is_advertised_for_a_service_that_is_gone),
		TEST(manual_mode_touches_nothing),
		TEST(last_address_of_a_family_ends_the_walk),
		TEST(ten_thousand_services_fit_a_big_range),
		TEST(random_history_keeps_addresses_unique_and_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
