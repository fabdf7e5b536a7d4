// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <errno.h>

static void tells_interface_gateway_and_source(void **state)
{
	static const struct {
		const char *dst, *gateway, *source;
	} cases[] = {
		{"10.1.0.77", NULL, "10.1.0.1"},
		{"203.0.113.9", "10.1.0.254", "10.1.0.1"},
		{"2001:db8:1::77", NULL, "2001:db8:1::1"},
		{"2001:db8:77::1", "2001:db8:1::fe", "2001:db8:1::1"},
		{"192.0.2.1", "fe80::1", "10.1.0.1"}, /* a gateway of the other family */
	};
	int va = ifindex_of(*state, "va");

	run("ip route add 203.0.113.0/24 via 10.1.0.254");
	run("ip route add 2001:db8:77::/48 via 2001:db8:1::fe");
	run("ip route add 192.0.2.0/24 via inet6 fe80::1 dev va");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_addr dst = ip(cases[i].dst), source = ip(cases[i].source);
		struct net_route route;
		struct err err;

		assert_ok(net_route_get(*state, &dst, &route, &err), err);
		assert_int_equal(route.ifindex, va);
		assert_true(ip_equal(&route.source, &source));
		assert_false(route.local);
		if (cases[i].gateway)
			assert_string_equal(ip_str(&route.gateway).s, cases[i].gateway);
		else
			assert_false(ip_is_set(&route.gateway));
	}
}

static void knows_the_nodes_own_addresses(void **state)
{
	static const char *const own[] = {"10.1.0.1", "2001:db8:1::1"};

	for (size_t i = 0; i < 2; i++) {
		struct ip_addr dst = ip(own[i]);
		struct net_route route;
		struct err err;

		assert_ok(net_route_get(*state, &dst, &route, &err), err);
		assert_true(route.local);
	}
}

static void every_kind_of_nowhere_is_unreachable(void **state)
{
	static const char *const nowhere[] = {"198.51.100.1",	"10.66.0.1",	   "10.67.0.1",
					      "10.68.0.1",	"2001:db8:66::1",  "2001:db8:67::1",
					      "2001:db8:68::1", "2001:db8:ffff::1"};

	run("ip route add unreachable 10.66.0.0/16 && ip route add prohibit 10.67.0.0/16");
	run("ip route add blackhole 10.68.0.0/16");
	run("ip route add unreachable 2001:db8:66::/48 && ip route add prohibit 2001:db8:67::/48");
	run("ip route add blackhole 2001:db8:68::/48");
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		struct ip_addr dst = ip(nowhere[i]);
		struct net_route route;
		struct err err;

		assert_int_equal(net_route_get(*state, &dst, &route, &err), -ENETUNREACH);
		assert_non_null(strstr(err.msg, nowhere[i]));
	}
}

static void a_host_route_is_set_and_replaced(void **state)
{
	static const char *const doors[] = {"169.254.77.2", "fd76:6970:6361:7374::2"};
	int va = ifindex_of(*state, "va"), vb = ifindex_of(*state, "vb");

	for (size_t i = 0; i < 2; i++) {
		struct ip_addr dst = ip(doors[i]);
		struct net_route route;
		struct err err;

		assert_ok(net_host_route_set(*state, &dst, vb, &err), err);
		assert_ok(net_host_route_set(*state, &dst, vb, &err), err);
		assert_ok(net_route_get(*state, &dst, &route, &err), err);
		assert_int_equal(route.ifindex, vb);
		assert_false(ip_is_set(&route.gateway));
		assert_ok(net_host_route_set(*state, &dst, va, &err), err);
		assert_ok(net_route_get(*state, &dst, &route, &err), err);
		assert_int_equal(route.ifindex, va);
	}
	run("test $(ip route show proto 118 | wc -l) = 1");
	run("test $(ip -6 route show proto 118 | wc -l) = 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_interface_gateway_and_source),
		cmocka_unit_test(knows_the_nodes_own_addresses),
		cmocka_unit_test(every_kind_of_nowhere_is_unreachable),
		cmocka_unit_test(a_host_route_is_set_and_replaced),
	};

	return cmocka_run_group_tests_name("net routes", tests, netns_setup, netns_teardown);
}
