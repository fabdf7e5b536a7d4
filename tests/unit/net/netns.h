/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_NET_NETNS_H
#define TESTS_UNIT_NET_NETNS_H

/*
 * A test program of its own network namespace, which ends with the process: nothing that a test
 * does to the network is seen outside. Needs root.
 */

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/net.h"

/* Runs a command of iproute2; the test fails when it does. */
static inline void run(const char *command)
{
	int status = system(command);

	if (status)
		fail_msg("%s: status %d", command, status);
}

static inline struct ip_addr ip(const char *text)
{
	struct ip_addr out = {0};
	struct err err;

	if (ip_parse(text, &out, &err))
		fail_msg("%s", err.msg);
	return out;
}

/* Group set-up: a fresh namespace with lo up and the pair va (10.1.0.1/24, 2001:db8:1::1/64), vb.
 */
static inline int netns_setup(void **state)
{
	struct net *net;
	struct err err;

	if (unshare(CLONE_NEWNET)) {
		print_error("cannot make a network namespace; these tests run as root\n");
		return -1;
	}
	run("ip link set lo up");
	run("ip link add va address 02:00:00:00:00:0a type veth peer vb address 02:00:00:00:00:0b");
	run("ip link set va up && ip link set vb up");
	run("ip addr add 10.1.0.1/24 dev va");
	run("ip addr add 2001:db8:1::1/64 dev va nodad");
	if (net_open(&net, &err)) {
		print_error("%s\n", err.msg);
		return -1;
	}
	*state = net;
	return 0;
}

static inline int netns_teardown(void **state)
{
	net_close(*state);
	return 0;
}

static inline int ifindex_of(struct net *net, const char *name)
{
	struct net_link link;
	struct err err;

	if (net_link_by_name(net, name, &link, &err))
		fail_msg("%s", err.msg);
	return link.ifindex;
}

#define assert_ok(code, err)                       \
	do {                                       \
		if (code)                          \
			fail_msg("%s", (err).msg); \
	} while (0)

#endif
