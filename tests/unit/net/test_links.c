// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <errno.h>

static void finds_a_link_by_name_with_mac_mtu_and_state(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0xa};
	struct net_link link;
	struct err err;

	assert_ok(net_link_by_name(*state, "va", &link, &err), err);
	assert_string_equal(link.name, "va");
	assert_memory_equal(link.mac, mac, 6);
	assert_int_equal(link.mtu, 1500);
	assert_true(link.up);
}

static void names_the_link_that_does_not_exist(void **state)
{
	struct net_link link;
	struct err err;

	assert_int_equal(net_link_by_name(*state, "eth7", &link, &err), -ENODEV);
	assert_string_equal(err.msg, "there is no interface eth7");
	assert_int_equal(net_link_by_name(*state, "a-name-too-long-for-a-device", &link, &err),
			 -ENODEV);
	assert_int_equal(net_link_by_name(*state, "", &link, &err), -ENODEV);
}

static void lists_every_link(void **state)
{
	net_links links = {0};
	bool lo = false, va = false, vb = false;
	struct err err;

	assert_ok(net_links_get(*state, &links, &err), err);
	array_each(&links, link) {
		lo |= !strcmp(link->name, "lo");
		va |= !strcmp(link->name, "va");
		vb |= !strcmp(link->name, "vb");
	}
	array_free(&links);
	assert_true(lo && va && vb);
}

static void a_link_without_carrier_is_not_up(void **state)
{
	struct net_link link;
	struct err err;

	run("ip link set vb down");
	assert_ok(net_link_by_name(*state, "va", &link, &err), err);
	run("ip link set vb up");
	assert_false(link.up);
}

static void makes_a_veth_pair_once(void **state)
{
	struct net_link one, other;
	struct err err;

	assert_ok(net_veth_add(*state, "door0", "door1", &err), err);
	assert_ok(net_link_by_name(*state, "door0", &one, &err), err);
	assert_ok(net_link_by_name(*state, "door1", &other, &err), err);
	assert_false(one.up);
	assert_int_equal(net_veth_add(*state, "door0", "door1", &err), -EEXIST);
	assert_non_null(strstr(err.msg, "door0"));
	assert_ok(net_link_set_up(*state, one.ifindex, &err), err);
	assert_ok(net_link_set_up(*state, other.ifindex, &err), err);
	assert_ok(net_link_by_name(*state, "door0", &one, &err), err);
	assert_true(one.up);
	run("ip link del door0");
}

static void turns_checksum_and_segmentation_offload_off(void **state)
{
	struct err err;

	(void)state;
	run("ethtool -k vb | grep -q 'tx-checksum-ip-generic: on'");
	run("ethtool -k vb | grep -q 'tx-tcp-segmentation: on'");
	assert_ok(net_offload_off("vb", &err), err);
	run("ethtool -k vb | grep -q 'tx-checksum-ip-generic: off'");
	run("ethtool -k vb | grep -q 'tx-tcp-segmentation: off'");
	run("ethtool -k vb | grep -q 'tx-udp-segmentation: off'");
	run("ethtool -k vb | grep -q '^generic-segmentation-offload: off'");
	assert_ok(net_offload_off("vb", &err), err); /* again changes nothing */
	assert_int_equal(net_offload_off("eth7", &err), -ENODEV);
	assert_non_null(strstr(err.msg, "eth7"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_link_by_name_with_mac_mtu_and_state),
		cmocka_unit_test(names_the_link_that_does_not_exist),
		cmocka_unit_test(lists_every_link),
		cmocka_unit_test(a_link_without_carrier_is_not_up),
		cmocka_unit_test(makes_a_veth_pair_once),
		cmocka_unit_test(turns_checksum_and_segmentation_offload_off),
	};

	return cmocka_run_group_tests_name("net links", tests, netns_setup, netns_teardown);
}
