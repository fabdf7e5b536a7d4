// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <event2/event.h>

struct watch {
	struct event_base *base;
	struct net_monitor *monitor;
	unsigned int mask;
	int calls;
};

static void on_change(void *ctx, unsigned int mask)
{
	struct watch *watch = ctx;

	watch->mask |= mask;
	watch->calls++;
}

static void watch_open(struct watch *watch)
{
	struct err err;

	*watch = (struct watch){.base = event_base_new()};
	assert_non_null(watch->base);
	assert_ok(net_monitor_open(watch->base, on_change, watch, &watch->monitor, &err), err);
}

/* Handles what is there already: the kernel has sent its messages before a command returns. */
static void watch_turn(struct watch *watch)
{
	watch->mask = 0;
	watch->calls = 0;
	event_base_loop(watch->base, EVLOOP_NONBLOCK);
}

static void watch_close(struct watch *watch)
{
	net_monitor_close(watch->monitor);
	event_base_free(watch->base);
}

static void says_which_table_changed(void **state)
{
	static const struct {
		const char *command;
		unsigned int mask;
	} cases[] = {
		{"ip link set va mtu 1400", NET_LINKS},
		{"ip addr add 10.5.0.1/32 dev va", NET_ADDRESSES},
		{"ip addr add 2001:db8:5::1/128 dev va nodad", NET_ADDRESSES},
		{"ip route add 203.0.113.0/24 via 10.1.0.254", NET_ROUTES},
		{"ip -6 route add 2001:db8:77::/48 via 2001:db8:1::fe", NET_ROUTES},
		{"ip rule add to 203.0.113.0/24 lookup 77", NET_ROUTES},
		{"ip neigh add 10.1.0.7 dev va lladdr 2:1:2:3:4:5", NET_NEIGHBOURS},
		{"ip neigh del 10.1.0.7 dev va", NET_NEIGHBOURS},
	};
	struct watch watch;

	(void)state;
	watch_open(&watch);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		run(cases[i].command);
		watch_turn(&watch);
		assert_int_equal(watch.mask & cases[i].mask, cases[i].mask);
	}
	watch_close(&watch);
}

static void a_burst_is_one_call(void **state)
{
	struct watch watch;

	(void)state;
	watch_open(&watch);
	run("for i in $(seq 50); do echo neigh add 10.1.0.$((100 + i)) dev va lladdr 2:1:2:3:4:5; done"
	    " | ip -batch -");
	watch_turn(&watch);
	assert_int_equal(watch.calls, 1);
	assert_int_equal(watch.mask, NET_NEIGHBOURS);
	watch_close(&watch);
}

static void an_overrun_means_that_everything_changed(void **state)
{
	struct watch watch;

	(void)state;
	watch_open(&watch);
	run("for i in $(seq 8192); do"
	    " echo neigh add 10.1.$((i / 256)).$((i % 256)) dev vb lladdr 2:1:2:3:4:5; done"
	    " | ip -batch -");
	watch_turn(&watch);
	assert_int_equal(watch.mask, NET_LINKS | NET_ADDRESSES | NET_ROUTES | NET_NEIGHBOURS);
	watch_close(&watch);
}

static void close_in_call(void *ctx, unsigned int mask)
{
	struct watch *watch = ctx;

	watch->mask = mask;
	net_monitor_close(watch->monitor);
	watch->monitor = NULL;
}

static void the_listener_may_close_the_monitor(void **state)
{
	struct watch watch = {.base = event_base_new()};
	struct err err;

	(void)state;
	assert_ok(net_monitor_open(watch.base, close_in_call, &watch, &watch.monitor, &err), err);
	run("ip link set va mtu 1500");
	event_base_loop(watch.base, EVLOOP_NONBLOCK);
	assert_null(watch.monitor);
	assert_int_equal(watch.mask & NET_LINKS, NET_LINKS);
	watch_close(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_table_changed),
		cmocka_unit_test(a_burst_is_one_call),
		cmocka_unit_test(an_overrun_means_that_everything_changed),
		cmocka_unit_test(the_listener_may_close_the_monitor),
	};

	return cmocka_run_group_tests_name("net monitor", tests, netns_setup, netns_teardown);
}
