/* SPDX-License-Identifier: Apache-2.0 */
#include "ipam_fixture.h"

static void honours_a_request_or_says_why_not(void **ctx)
{
	static const struct {
		const char *ip, *annotation, *vips, *problem;
	} cases[] = {
		{"198.51.100.7", NULL, "198.51.100.7", NULL},
		{NULL, "198.51.100.7", "198.51.100.7", NULL},
		{NULL, " 198.51.100.7 , 198.51.100.7 ", "198.51.100.7", NULL},
		{NULL, "2001:db8::7", "2001:db8::7", NULL},
		{"198.51.100.130", NULL, "198.51.100.130", NULL}, /* of a manual pool */
		{"198.51.100.4", NULL, "", "198.51.100.4 is refused: in use by shop/holder"},
		{"203.0.113.1", NULL, "",
		 "203.0.113.1 is refused: it lies outside every address pool"},
		{NULL, "one of yours", "", "\"one of yours\" is not an IP address"},
		{"198.51.100.1", NULL, "",
		 "198.51.100.1 is refused: it is reserved for the ingress"},
		{"198.51.100.99", NULL, "",
		 "198.51.100.99 is refused: it is the control-plane VIP"},
		{"198.51.100.98", NULL, "", "198.51.100.98 is refused: it is a floating IP"},
		{"198.51.100.255", NULL, "", "avoids .0 and .255"},
		{NULL, "198.51.100.7,198.51.100.8", "198.51.100.7", "two addresses of one family"},
		{NULL, "198.51.100.7,2001:db8::7", "198.51.100.7", "no IPv6 in its ipFamilies"},
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f;
		struct api_object *a;

		set_up((void **)&f);
		add_pool(f->cluster, "front", "198.51.100.1-198.51.100.99,2001:db8::1-2001:db8::9");
		add_pool(f->cluster, "manual", "198.51.100.128/28")->manual_assign = true;
		add_pool(f->cluster, "careful", "198.51.100.255")->avoid_buggy_ips = true;
		f->cluster->cluster.ingress_vip = ip_of("198.51.100.1");
		f->cluster->cluster.control_plane_vip = ip_of("198.51.100.99");
		add_floating_ip(add_gateways(&f->state), "198.51.100.98");
		has(service(f, "holder"), "198.51.100.4");
		a = service(f, "asks");
		if (cases[i].ip)
			a->service.load_balancer_ip = ip_of(cases[i].ip);
		if (cases[i].annotation)
			api_pair_set(&a->meta.annotations, IPAM_ANNOTATION_IPS,
				     cases[i].annotation);
		settle(f);
		assert_vips(f, "shop", "asks", cases[i].vips);
		if (cases[i].problem)
			assert_problem(f, "asks", cases[i].problem);
		else
			assert_int_equal(f->plan.problems.n, 0);
		tear_down((void **)&f);
	}
}

static void honours_a_request_of_both_families(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a");

	add_pool(f->cluster, "both", "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9");
	a->service.require_dual_stack = true;
	api_pair_set(&a->meta.annotations, IPAM_ANNOTATION_IPS, "2001:db8::5,198.51.100.5");
	settle(f);
	/* The one asked for first names the Service's first family. */
	assert_vips(f, "shop", "a", "2001:db8::5 198.51.100.5");
}

static void refusal_of_one_family_leaves_a_service_that_requires_both_without(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a");

	add_pool(f->cluster, "both", "198.51.100.1-198.51.100.9,2001:db8::1-2001:db8::9");
	a->service.require_dual_stack = true;
	a->service.load_balancer_ip = ip_of("203.0.113.5");
	settle(f);
	assert_vips(f, "shop", "a", "");
	assert_problem(f, "a", "203.0.113.5 is refused");
}

static void service_moves_to_the_address_that_it_asks_for_later(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.2");
	settle(f);
	a->service.load_balancer_ip = ip_of("198.51.100.2");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.2");
	/* What cannot be had takes nothing away. */
	a->service.load_balancer_ip = ip_of("203.0.113.5");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.2");
	assert_problem(f, "a", "203.0.113.5 is refused");
}

static void address_that_a_service_leaves_can_be_asked_for(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *z = service(f, "z");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.2");
	has(z, "198.51.100.1");
	z->service.load_balancer_ip = ip_of("198.51.100.2");
	service(f, "a")->service.load_balancer_ip = ip_of("198.51.100.1");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.1");
	assert_vips(f, "shop", "z", "198.51.100.2");
	assert_int_equal(f->plan.problems.n, 0);
}

static void pool_annotation_names_the_pool(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a"), *b = service(f, "b");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	add_pool(f->cluster, "vip", "198.51.100.20-198.51.100.29")->manual_assign = true;
	api_pair_set(&a->meta.annotations, IPAM_ANNOTATION_POOL, "vip");
	api_pair_set(&b->meta.annotations, IPAM_ANNOTATION_POOL, "nowhere");
	has(a, "198.51.100.1");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.20");
	assert_vips(f, "shop", "b", "");
	assert_problem(f, "b", "there is no pool \"nowhere\"");
}

static void ingress_vip_is_for_the_ingress_service(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	f->cluster->cluster.ingress_vip = ip_of("198.51.100.5");
	has(service(f, "thief"), "198.51.100.5");
	add_service(&f->state, "gke-system", "istio-ingress");
	run(f);
	assert_problem(f, "thief", "198.51.100.5 is taken away: it is reserved");
	settle(f);
	assert_vips(f, "gke-system", "istio-ingress", "198.51.100.5");
	assert_vips(f, "shop", "thief", "198.51.100.1");
}

static void annotation_makes_a_service_the_ingress(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *a = service(f, "a");

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	f->cluster->cluster.ingress_vip = ip_of("198.51.100.5");
	api_pair_set(&a->meta.annotations, IPAM_ANNOTATION_INGRESS, "true");
	has(a, "198.51.100.3");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.5");
}

static void two_holders_of_an_address_are_told_apart(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	has(service(f, "b"), "198.51.100.4");
	has(service(f, "a"), "198.51.100.4");
	run(f);
	assert_problem(f, "b", "198.51.100.4 is taken away: in use by shop/a");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.4");
	assert_vips(f, "shop", "b", "198.51.100.1");
}

static void address_outside_the_pools_is_replaced(void **ctx)
{
	struct fixture *f = *ctx;

	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	has(service(f, "a"), "203.0.113.1");
	settle(f);
	assert_vips(f, "shop", "a", "198.51.100.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(honours_a_request_or_says_why_not),
		TEST(honours_a_request_of_both_families),
		TEST(refusal_of_one_family_leaves_a_service_that_requires_both_without),
		TEST(service_moves_to_the_address_that_it_asks_for_later),
		TEST(address_that_a_service_leaves_can_be_asked_for),
		TEST(pool_annotation_names_the_pool),
		TEST(ingress_vip_is_for_the_ingress_service),
		TEST(annotation_makes_a_service_the_ingress),
		TEST(two_holders_of_an_address_are_told_apart),
		TEST(address_outside_the_pools_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
