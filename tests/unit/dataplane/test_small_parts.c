/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/ageing.h"
#include "dataplane/nexthop.h"
#include "dataplane/seed.h"
#include "util/mem.h"

/* ---- which way to a backend ---------------------------------------------------------------- */

static void the_way_follows_the_route(void **state)
{
	static struct nexthop_device ours[] = {{2, {0}}, {5, {0}}};
	const nexthop_devices devices = {ours, 2, 2};
	static const struct {
		int ifindex;
		bool local;
		enum nexthop_way way;
	} cases[] = {
		{2, false, NEXTHOP_DIRECT}, /* out of an interface with our program */
		{5, false, NEXTHOP_DIRECT}, {7, false, NEXTHOP_DOOR}, /* a pod's veth, an overlay */
		{1, true, NEXTHOP_DOOR},			      /* the node's own address */
		{2, true, NEXTHOP_DOOR}, /* ... also when it stands on that interface */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_route route = {.ifindex = cases[i].ifindex, .local = cases[i].local};

		assert_int_equal(nexthop_way(&route, &devices), cases[i].way);
	}
	assert_int_equal(nexthop_way(NULL, &devices), NEXTHOP_NOWHERE);
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ip_parse(text, &out, NULL), 0);
	return out;
}

static void each_way_has_its_addresses(void **state)
{
	static struct nexthop_device device = {2, {2, 0, 0, 0, 0, 1}};
	static struct compiled_backend backends[4];
	static struct nexthop_entry entries[3];
	struct compiled wanted = {0};
	struct nexthops nh = {0};
	struct nexthop out[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		backends[i].port = (uint16_t)(80 + i);
	backends[0].ip = backends[1].ip = ip("10.0.0.1"); /* one address, two ports */
	backends[2].ip = ip("10.0.0.2");
	backends[3].ip = ip("10.0.0.3");
	wanted.backends.v = backends;
	wanted.backends.n = 4;
	wanted.node_ip[0] = ip("172.30.1.21");
	nh.devices.v = &device;
	nh.devices.n = 1;
	nh.door = (struct nexthop_door){9, {1}, {3}, {ip("169.254.77.2"), {0}}};
	entries[0] = (struct nexthop_entry){.ip = ip("10.0.0.1"),
					    .way = NEXTHOP_DIRECT,
					    .route.ifindex = 2,
					    .mac = {7},
					    .resolved = true};
	entries[1] = (struct nexthop_entry){.ip = ip("10.0.0.2"), .way = NEXTHOP_DOOR};
	entries[2] = (struct nexthop_entry){.ip = ip("10.0.0.3"), .way = NEXTHOP_NOWHERE};
	nh.entries.v = entries;
	nh.entries.n = 3;
	nexthops_fill(&nh, &wanted, out);

	assert_memory_equal(&out[0], &out[1], sizeof(out[0]));
	assert_int_equal(out[0].path.ifindex, 2);
	assert_int_equal(out[0].path.dst_mac[0], 7);
	assert_memory_equal(out[0].path.src_mac, device.mac, 6);
	assert_true(ip_equal(&out[0].nat_addr, &wanted.node_ip[0]));
	assert_true(out[0].path.resolved);
	assert_false(out[0].door);

	assert_true(out[2].door);
	assert_int_equal(out[2].path.ifindex, 9);
	assert_int_equal(out[2].path.src_mac[0], 1);
	assert_int_equal(out[2].path.dst_mac[0], 3);
	assert_true(ip_equal(&out[2].nat_addr, &nh.door.nat_addr[0]));
	assert_true(out[2].path.resolved);

	assert_false(out[3].path.resolved);
}

/* ---- ageing -------------------------------------------------------------------------------- */

static void limits_grow_with_what_is_lost(void **state)
{
	(void)state;
	assert_int_equal(ageing_limit(IPPROTO_TCP, FLOW_NEW), 30);
	assert_int_equal(ageing_limit(IPPROTO_TCP, FLOW_ESTABLISHED), 7200);
	assert_int_equal(ageing_limit(IPPROTO_TCP, FLOW_FIN), 60);
	assert_int_equal(ageing_limit(IPPROTO_TCP, FLOW_CLOSED), 10);
	assert_int_equal(ageing_limit(IPPROTO_UDP, FLOW_NEW), 30);
	assert_int_equal(ageing_limit(IPPROTO_UDP, FLOW_ESTABLISHED), 180);
	assert_int_equal(ageing_limit(IPPROTO_UDP, 77), 30);
}

static void the_kernels_tick_is_recognised(void **state)
{
	static const struct {
		uint32_t jiffies;
		uint64_t ms;
		uint32_t hz;
	} cases[] = {
		{100, 1000, 100}, {50, 500, 100},   {250, 1000, 250},
		{248, 1003, 250}, {300, 1000, 300}, {1000, 1000, 1000},
		{420, 421, 1000}, {125, 503, 250},  {1000, 100, 0 /* too short to tell */},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(ageing_hz(cases[i].jiffies, cases[i].ms), cases[i].hz);
}

/* ---- the seed ------------------------------------------------------------------------------ */

static char *folder_new(void)
{
	char template[] = "/tmp/vipcast-seed-XXXXXX";

	assert_non_null(mkdtemp(template));
	return xstrdup(template);
}

static void folder_free(char *dir)
{
	char *sub = xasprintf("%s/.vipcast", dir), *path = xasprintf("%s/hash-seed", sub);

	unlink(path);
	assert_int_equal(rmdir(sub), 0); /* nothing else was left there */
	rmdir(dir);
	free(path);
	free(sub);
	free(dir);
}

static void the_seed_is_made_once_and_kept_secret(void **state)
{
	char *dir = folder_new(), *path = xasprintf("%s/.vipcast/hash-seed", dir);
	uint64_t first[2] = {0}, second[2] = {0};
	struct stat st;

	(void)state;
	assert_int_equal(seed_get(dir, first, NULL), 0);
	assert_int_equal(seed_get(dir, second, NULL), 0);
	assert_memory_equal(first, second, sizeof(first));
	assert_true(first[0] != 0 || first[1] != 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 16);
	free(path);
	folder_free(dir);
}

static void agents_that_start_at_once_get_the_same_seed(void **state)
{
	enum { AGENTS = 16 };
	char *dir = folder_new();
	uint64_t seeds[AGENTS][2];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < AGENTS; i++) {
		pid_t pid = fork();
		uint64_t seed[2] = {0};

		assert_true(pid >= 0);
		if (pid == 0) {
			seed_get(dir, seed, NULL);
			_exit(write(fds[1], seed, sizeof(seed)) != sizeof(seed));
		}
	}
	for (int i = 0; i < AGENTS; i++)
		assert_int_equal(read(fds[0], seeds[i], sizeof(seeds[i])), sizeof(seeds[i]));
	while (wait(NULL) > 0)
		;
	for (int i = 1; i < AGENTS; i++)
		assert_memory_equal(seeds[0], seeds[i], sizeof(seeds[0]));
	close(fds[0]);
	close(fds[1]);
	folder_free(dir);
}

static void a_seed_that_is_cut_short_is_refused(void **state)
{
	char *dir = folder_new(), *sub = xasprintf("%s/.vipcast", dir);
	char *path = xasprintf("%s/hash-seed", sub);
	struct err err = {0};
	uint64_t seed[2];
	FILE *file;

	(void)state;
	mkdir(sub, 0755);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("short", file);
	fclose(file);
	assert_true(seed_get(dir, seed, &err) < 0);
	assert_non_null(strstr(err.msg, path));
	free(path);
	free(sub);
	folder_free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_follows_the_route),
		cmocka_unit_test(each_way_has_its_addresses),
		cmocka_unit_test(limits_grow_with_what_is_lost),
		cmocka_unit_test(the_kernels_tick_is_recognised),
		cmocka_unit_test(the_seed_is_made_once_and_kept_secret),
		cmocka_unit_test(agents_that_start_at_once_get_the_same_seed),
		cmocka_unit_test(a_seed_that_is_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
