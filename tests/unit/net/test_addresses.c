// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <errno.h>

/* The entry of an address on the device, with family 0 when there is none. */
static struct net_address find(struct net *net, int ifindex, const char *text)
{
	struct net_address found = {0};
	struct ip_addr wanted = ip(text);
	net_addresses all = {0};
	struct err err;

	assert_ok(net_addresses_get(net, &all, &err), err);
	array_each(&all, a) {
		if (a->ifindex == ifindex && ip_equal(&a->prefix.addr, &wanted))
			found = *a;
	}
	array_free(&all);
	return found;
}

static const char *const floating[] = {"10.1.0.100", "2001:db8:1::100"};

static void an_added_address_is_a_host_address_and_ours(void **state)
{
	int va = ifindex_of(*state, "va");

	for (size_t i = 0; i < 2; i++) {
		struct ip_addr addr = ip(floating[i]);
		struct net_address found;
		struct err err;

		assert_ok(net_address_add(*state, va, &addr, &err), err);
		found = find(*state, va, floating[i]);
		assert_int_equal(found.prefix.len, ip_bits(addr.family));
		assert_true(found.ours);
		assert_ok(net_address_del(*state, va, &addr, &err), err);
		found = find(*state, va, floating[i]);
		assert_false(ip_is_set(&found.prefix.addr));
	}
}

static void adding_and_removing_twice_is_as_once(void **state)
{
	int va = ifindex_of(*state, "va");

	for (size_t i = 0; i < 2; i++) {
		struct ip_addr addr = ip(floating[i]);
		struct err err;

		assert_ok(net_address_add(*state, va, &addr, &err), err);
		assert_ok(net_address_add(*state, va, &addr, &err), err);
		assert_ok(net_address_del(*state, va, &addr, &err), err);
		assert_ok(net_address_del(*state, va, &addr, &err), err);
	}
}

static void removing_from_a_device_that_is_gone_is_done_already(void **state)
{
	struct ip_addr addr = ip("10.1.0.100");
	struct err err;

	assert_ok(net_address_del(*state, 4711, &addr, &err), err);
}

static void what_the_user_added_is_not_ours(void **state)
{
	int va = ifindex_of(*state, "va");

	run("ip addr add 10.1.0.50/32 dev va && ip addr add 2001:db8:1::50/128 dev va nodad");
	assert_false(find(*state, va, "10.1.0.1").ours);
	assert_false(find(*state, va, "10.1.0.50").ours);
	assert_false(find(*state, va, "2001:db8:1::50").ours);
	assert_int_equal(find(*state, va, "10.1.0.1").prefix.len, 24);
	run("ip addr del 10.1.0.50/32 dev va && ip addr del 2001:db8:1::50/128 dev va");
}

static void an_ipv4_address_with_our_label_alone_is_ours(void **state)
{
	int va = ifindex_of(*state, "va");

	run("ip addr add 10.1.0.51/32 dev va label va:vc");
	assert_true(find(*state, va, "10.1.0.51").ours);
	run("ip addr del 10.1.0.51/32 dev va");
}

static void a_long_device_name_still_fits_a_label(void **state)
{
	struct ip_addr addr = ip("10.9.0.100");
	struct err err;
	int ifindex;

	assert_ok(net_veth_add(*state, "enp175s0f0np123", "peer", &err), err);
	ifindex = ifindex_of(*state, "enp175s0f0np123");
	assert_ok(net_address_add(*state, ifindex, &addr, &err), err);
	assert_true(find(*state, ifindex, "10.9.0.100").ours);
	run("ip link del peer");
}

static void the_nodes_own_connections_do_not_start_from_a_floating_ip(void **state)
{
	int va = ifindex_of(*state, "va");

	for (size_t i = 0; i < 2; i++) {
		static const char *const own[] = {"10.1.0.1", "2001:db8:1::1"};
		static const char *const there[] = {"10.1.0.101", "2001:db8:1::101"};
		struct ip_addr addr = ip(floating[i]), dst = ip(there[i]), expected = ip(own[i]);
		struct net_route route;
		struct err err;

		assert_ok(net_address_add(*state, va, &addr, &err), err);
		assert_ok(net_route_get(*state, &dst, &route, &err), err);
		assert_true(ip_equal(&route.source, &expected));
		assert_ok(net_address_del(*state, va, &addr, &err), err);
	}
}

static void says_which_address_cannot_be_added_where(void **state)
{
	struct ip_addr addr = ip("10.1.0.100");
	struct err err;

	assert_int_equal(net_address_add(*state, 4711, &addr, &err), -ENODEV);
	assert_non_null(strstr(err.msg, "cannot add address 10.1.0.100 to interface 4711: "));
}

static void finds_the_interface_of_the_narrowest_subnet(void **state)
{
	int va = ifindex_of(*state, "va"), vb = ifindex_of(*state, "vb");
	static const struct {
		const char *ip;
		bool on_vb;
	} cases[] = {
		{"10.1.0.200", false}, {"10.1.0.100", false}, {"2001:db8:1::abc", false},
		{"10.2.3.4", true},    {"10.2.0.77", false},
	};

	run("ip addr add 10.2.0.1/16 dev vb && ip addr add 10.2.0.65/26 dev va");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip_addr addr = ip(cases[i].ip);
		struct err err;
		int ifindex;

		assert_ok(net_ifindex_for(*state, &addr, &ifindex, &err), err);
		assert_int_equal(ifindex, cases[i].on_vb ? vb : va);
	}
	run("ip addr del 10.2.0.1/16 dev vb && ip addr del 10.2.0.65/26 dev va");
}

static void no_subnet_holds_a_foreign_or_a_loopback_address(void **state)
{
	static const char *const foreign[] = {"192.0.2.1", "127.0.0.5", "2001:db8:ffff::1"};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		struct ip_addr addr = ip(foreign[i]);
		struct err err;
		int ifindex;

		assert_int_equal(net_ifindex_for(*state, &addr, &ifindex, &err), -ENOENT);
		assert_non_null(strstr(err.msg, foreign[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_added_address_is_a_host_address_and_ours),
		cmocka_unit_test(adding_and_removing_twice_is_as_once),
		cmocka_unit_test(removing_from_a_device_that_is_gone_is_done_already),
		cmocka_unit_test(what_the_user_added_is_not_ours),
		cmocka_unit_test(an_ipv4_address_with_our_label_alone_is_ours),
		cmocka_unit_test(a_long_device_name_still_fits_a_label),
		cmocka_unit_test(the_nodes_own_connections_do_not_start_from_a_floating_ip),
		cmocka_unit_test(says_which_address_cannot_be_added_where),
		cmocka_unit_test(finds_the_interface_of_the_narrowest_subnet),
		cmocka_unit_test(no_subnet_holds_a_foreign_or_a_loopback_address),
	};

	return cmocka_run_group_tests_name("net addresses", tests, netns_setup, netns_teardown);
}
