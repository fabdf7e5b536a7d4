// SPDX-License-Identifier: Apache-2.0
/* In a network namespace of its own: va has 10.1.0.1/24 and 2001:db8:1::1/64. Needs root. */
#include "../net/netns.h"

#include <event2/event.h>

#include "speaker/floating.h"

#define PATIENCE_SECONDS 30

struct fixture {
	struct event_base *base;
	struct floating *floating;
	unsigned int arrivals;
};

static void on_arrival(void *ctx)
{
	struct fixture *f = ctx;

	f->arrivals++;
}

/* A process that starts; the second one in a test finds what the first one left. */
static struct fixture start(void)
{
	struct fixture f = {.base = event_base_new()};
	struct err err;

	assert_ok(floating_new(f.base, NULL, &f.floating, &err), err);
	return f;
}

static void end(struct fixture *f)
{
	floating_free(f->floating);
	event_base_free(f->base);
}

/* How many addresses with this text (and length) are on va. */
static int count(const char *text)
{
	char *command = xasprintf("ip -o addr show dev va | grep -cF ' %s '", text);
	FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c): a command of the test's own
	int n = -1;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &n), 1);
	pclose(pipe);
	free(command);
	return n;
}

/* Runs the loop until the address is held. In vain: the alarm of main() ends the program. */
static void wait_held(struct fixture *f, const char *text)
{
	struct ip_addr addr = ip(text);
	const char *why;

	while (!floating_is_held(f->floating, &addr, &why))
		event_base_loop(f->base, EVLOOP_ONCE);
}

static void want(struct fixture *f, const char *one, const char *two)
{
	api_ips ips = {0};

	if (one)
		array_push(&ips, ip(one));
	if (two)
		array_push(&ips, ip(two));
	floating_want(f->floating, &ips);
	array_free(&ips);
}

static void holds_what_is_wanted_and_no_more(void **state)
{
	struct fixture f = start();

	(void)state;
	want(&f, "10.1.0.100", "2001:db8:1::100");
	assert_int_equal(count("10.1.0.100/32"), 1);
	assert_int_equal(count("2001:db8:1::100/128"), 1);
	want(&f, "2001:db8:1::100", NULL);
	assert_int_equal(count("10.1.0.100/32"), 0);
	assert_int_equal(count("2001:db8:1::100/128"), 1);
	end(&f);
	assert_int_equal(count("2001:db8:1::100/128"), 0);
}

static void says_why_an_address_cannot_be_held(void **state)
{
	struct fixture f = start();
	struct ip_addr far = ip("192.0.2.100");
	const char *why;

	(void)state;
	want(&f, "192.0.2.100", NULL);
	assert_false(floating_is_held(f.floating, &far, &why));
	assert_non_null(strstr(why, "no interface has an address in a subnet that holds 192.0.2"));
	end(&f);
}

static void an_address_arrives_when_its_subnet_does(void **state)
{
	struct fixture f = start();

	(void)state;
	floating_on_arrival(f.floating, on_arrival, &f);
	want(&f, "192.0.2.100", NULL);
	assert_int_equal(f.arrivals, 0);
	run("ip addr add 192.0.2.1/24 dev va");
	wait_held(&f, "192.0.2.100");
	assert_int_equal(f.arrivals, 1);
	run("ip addr del 192.0.2.1/24 dev va");
	end(&f);
}

static void an_address_that_somebody_removed_is_put_back(void **state)
{
	struct fixture f = start();

	(void)state;
	want(&f, "10.1.0.100", NULL);
	floating_on_arrival(f.floating, on_arrival, &f);
	run("ip addr del 10.1.0.100/32 dev va");
	while (!f.arrivals)
		event_base_loop(f.base, EVLOOP_ONCE);
	assert_int_equal(count("10.1.0.100/32"), 1);
	end(&f);
}

/* As after kill -9: nothing is cleaned up, and the kernel has the addresses. */
static void leave_behind(const char *text)
{
	struct net *net;
	struct ip_addr addr = ip(text);
	struct err err;

	assert_ok(net_open(&net, &err), err);
	assert_ok(net_address_add(net, ifindex_of(net, "va"), &addr, &err), err);
	net_close(net);
}

static void what_a_killed_process_left_is_adopted_or_removed(void **state)
{
	struct ip_addr kept = ip("10.1.0.100");
	struct fixture f;
	const char *why;

	(void)state;
	leave_behind("10.1.0.100");
	leave_behind("10.1.0.101");
	leave_behind("2001:db8:1::101");
	f = start();
	assert_true(floating_is_held(f.floating, &kept, &why));
	want(&f, "10.1.0.100", NULL);
	assert_int_equal(count("10.1.0.100/32"), 1);
	assert_int_equal(count("10.1.0.101/32"), 0);
	assert_int_equal(count("2001:db8:1::101/128"), 0);
	end(&f);
	assert_int_equal(count("10.1.0.100/32"), 0);
}

static void an_address_of_the_user_is_neither_held_nor_removed(void **state)
{
	struct ip_addr users = ip("10.1.0.50");
	struct fixture f;
	const char *why;

	(void)state;
	run("ip addr add 10.1.0.50/32 dev va");
	f = start();
	want(&f, "10.1.0.50", NULL);
	assert_false(floating_is_held(f.floating, &users, &why));
	assert_non_null(strstr(why, "not by vipcast's doing"));
	want(&f, NULL, NULL);
	end(&f);
	assert_int_equal(count("10.1.0.50/32"), 1);
	run("ip addr del 10.1.0.50/32 dev va");
}

static void an_address_in_use_stays_until_the_last_user_is_gone(void **state)
{
	struct ip_addr used = ip("10.1.0.100");
	struct fixture f = start();

	(void)state;
	want(&f, "10.1.0.100", NULL);
	floating_get(f.floating, &used);
	floating_get(f.floating, &used);
	want(&f, NULL, NULL);
	floating_put(f.floating, &used);
	assert_int_equal(count("10.1.0.100/32"), 1);
	floating_put(f.floating, &used);
	assert_int_equal(count("10.1.0.100/32"), 0);
	end(&f);
}

/* The Lease is lost: sessions are still saying goodbye, and the addresses go all the same. */
static void dropping_all_waits_for_nobody(void **state)
{
	struct ip_addr used = ip("10.1.0.100");
	struct fixture f = start();

	(void)state;
	want(&f, "10.1.0.100", "2001:db8:1::100");
	floating_get(f.floating, &used);
	floating_drop_all(f.floating);
	assert_int_equal(count("10.1.0.100/32"), 0);
	assert_int_equal(count("2001:db8:1::100/128"), 0);
	/* It comes back, the user from before goes, and the address does not go with it. */
	want(&f, "10.1.0.100", NULL);
	floating_put(f.floating, &used);
	assert_int_equal(count("10.1.0.100/32"), 1);
	want(&f, NULL, NULL);
	assert_int_equal(count("10.1.0.100/32"), 0);
	end(&f);
}

static void lists_what_is_held_and_what_is_missing(void **state)
{
	struct fixture f = start();
	api_ips held = {0};

	(void)state;
	want(&f, "10.1.0.100", "192.0.2.100");
	floating_list(f.floating, &held);
	assert_int_equal(held.n, 1);
	assert_string_equal(ip_str(&held.v[0]).s, "10.1.0.100");
	array_free(&held);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_is_wanted_and_no_more),
		cmocka_unit_test(says_why_an_address_cannot_be_held),
		cmocka_unit_test(an_address_arrives_when_its_subnet_does),
		cmocka_unit_test(an_address_that_somebody_removed_is_put_back),
		cmocka_unit_test(what_a_killed_process_left_is_adopted_or_removed),
		cmocka_unit_test(an_address_of_the_user_is_neither_held_nor_removed),
		cmocka_unit_test(an_address_in_use_stays_until_the_last_user_is_gone),
		cmocka_unit_test(dropping_all_waits_for_nobody),
		cmocka_unit_test(lists_what_is_held_and_what_is_missing),
	};

	alarm(PATIENCE_SECONDS);
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}
