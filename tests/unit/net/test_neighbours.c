// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <errno.h>
#include <poll.h>

static const uint8_t some_mac[6] = {2, 1, 2, 3, 4, 5};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 0xb};

/* The entry, with family 0 when there is none. */
static struct net_neighbour find(struct net *net, int ifindex, const struct ip_addr *wanted)
{
	struct net_neighbour found = {0};
	net_neighbours all = {0};
	struct err err;

	assert_ok(net_neighbours_get(net, &all, &err), err);
	array_each(&all, n) {
		if (n->ifindex == ifindex && ip_equal(&n->ip, wanted))
			found = *n;
	}
	array_free(&all);
	return found;
}

/* Puts vb, with .2 of both subnets, into another namespace, so that va has somebody to ask. */
static int neighbour_setup(void **state)
{
	char command[128];
	int ours, theirs;

	if (netns_setup(state))
		return -1;
	ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ours < 0 || unshare(CLONE_NEWNET))
		return -1;
	theirs = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (theirs < 0 || setns(ours, CLONE_NEWNET))
		return -1;
	snprintf(command, sizeof(command), "ip link set vb netns /proc/%d/fd/%d", getpid(), theirs);
	run(command);
	if (setns(theirs, CLONE_NEWNET))
		return -1;
	run("ip link set vb up && ip addr add 10.1.0.2/24 dev vb");
	run("ip addr add 2001:db8:1::2/64 dev vb nodad");
	return setns(ours, CLONE_NEWNET);
}

static void a_permanent_entry_is_set_and_replaced(void **state)
{
	static const char *const texts[] = {"10.1.0.7", "2001:db8:1::7"};
	int va = ifindex_of(*state, "va");

	for (size_t i = 0; i < 2; i++) {
		struct ip_addr addr = ip(texts[i]);
		struct net_neighbour found;
		struct err err;

		assert_ok(net_neighbour_set(*state, va, &addr, some_mac, &err), err);
		assert_ok(net_neighbour_set(*state, va, &addr, peer_mac, &err), err);
		found = find(*state, va, &addr);
		assert_true(found.usable);
		assert_memory_equal(found.mac, peer_mac, 6);
	}
	run("test $(ip neigh show nud permanent | grep -c lladdr) -ge 2");
}

static void resolves_a_neighbour_that_answers(void **state)
{
	static const char *const texts[] = {"10.1.0.2", "2001:db8:1::2"};
	int va = ifindex_of(*state, "va");

	for (size_t i = 0; i < 2; i++) {
		struct net_neighbour found = {0};
		struct ip_addr addr = ip(texts[i]);
		struct err err;

		assert_ok(net_neighbour_resolve(*state, va, &addr, &err), err);
		for (int wait = 0; wait < 300 && !found.usable; wait++) {
			found = find(*state, va, &addr);
			poll(NULL, 0, 10);
		}
		assert_true(found.usable);
		assert_memory_equal(found.mac, peer_mac, 6);
	}
}

static void a_neighbour_that_does_not_answer_is_not_usable(void **state)
{
	struct ip_addr addr = ip("10.1.0.9");
	int va = ifindex_of(*state, "va");
	struct net_neighbour found;
	struct err err;

	assert_ok(net_neighbour_resolve(*state, va, &addr, &err), err);
	found = find(*state, va, &addr);
	assert_true(ip_is_set(&found.ip));
	assert_false(found.usable);
}

static void an_entry_is_managed_until_it_is_released(void **state)
{
	struct ip_addr addr = ip("10.1.0.2"), absent = ip("10.1.0.123");
	struct net_neighbour found;
	int va = ifindex_of(*state, "va");
	struct err err;

	assert_ok(net_neighbour_resolve(*state, va, &addr, &err), err);
	run("ip neigh show 10.1.0.2 dev va | grep -q managed");
	assert_ok(net_neighbour_release(*state, va, &addr, &err), err);
	run("! ip neigh show 10.1.0.2 dev va | grep -q managed");
	assert_ok(net_neighbour_release(*state, va, &absent, &err), err);
	found = find(*state, va, &absent);
	assert_false(ip_is_set(&found.ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_permanent_entry_is_set_and_replaced),
		cmocka_unit_test(resolves_a_neighbour_that_answers),
		cmocka_unit_test(a_neighbour_that_does_not_answer_is_not_usable),
		cmocka_unit_test(an_entry_is_managed_until_it_is_released),
	};

	return cmocka_run_group_tests_name("net neighbours", tests, neighbour_setup,
					   netns_teardown);
}
