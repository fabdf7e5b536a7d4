// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vipcastd/options.h"

#define ARGS_MAX 12

/* Parses "vipcastd" and these words. */
static int parse(const char *const *words, struct options *options, struct err *err)
{
	char *argv[ARGS_MAX + 2];
	int argc = 1, rc;

	argv[0] = xstrdup("vipcastd");
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	argv[argc] = NULL;
	rc = options_parse(argc, argv, options, err);
	free(argv[0]);
	return rc;
}

static void defaults_are_both_roles_and_three_seconds(void **unused)
{
	static const char *const words[] = {"--node", "lb1", "--store", "/etc/vipcast", NULL};
	struct options options;
	struct err err;

	(void)unused;
	assert_int_equal(parse(words, &options, &err), 0);
	assert_true(options.speaker && options.dataplane);
	assert_int_equal(options.lease_duration, 3);
	assert_int_equal(options.nat_port_first, 10000);
	assert_int_equal(options.nat_port_last, 29999);
	assert_string_equal(options.pin_dir, "/sys/fs/bpf/vipcast");
	assert_int_equal(options.interfaces.n, 0);
	options_free(&options);
}

static void reads_every_option(void **unused)
{
	static const char *const words[] = {"--node=lb1",
					    "--store=d",
					    "--roles=speaker",
					    "--interface=eth0,eth1",
					    "--nat-ports=20000-20099",
					    "--lease-duration=10",
					    "--log-level=debug",
					    NULL};
	struct options options;
	struct err err;

	(void)unused;
	assert_int_equal(parse(words, &options, &err), 0);
	assert_true(options.speaker);
	assert_false(options.dataplane);
	assert_int_equal(options.interfaces.n, 2);
	assert_string_equal(options.interfaces.v[1], "eth1");
	assert_int_equal(options.nat_port_first, 20000);
	assert_int_equal(options.nat_port_last, 20099);
	assert_int_equal(options.lease_duration, 10);
	assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
	options_free(&options);
}

static void takes_interfaces_one_by_one_and_as_a_list(void **unused)
{
	static const char *const words[] = {
		"--node=n", "--store=d", "--interface", "eth0", "--interface=eth1,eth2",
		"-ieth3",   NULL};
	static const char *const expected[] = {"eth0", "eth1", "eth2", "eth3"};
	struct options options;
	struct err err;

	(void)unused;
	assert_int_equal(parse(words, &options, &err), 0);
	assert_int_equal(options.interfaces.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(options.interfaces.v[i], expected[i]);
	options_free(&options);
}

static void names_the_option_and_the_value_that_are_wrong(void **unused)
{
	static const struct {
		const char *word, *says;
	} cases[] = {
		{"--roles=router", "--roles: \"router\" is not speaker or dataplane"},
		{"--roles=", "--roles: \"\" is not speaker or dataplane"},
		{"--nat-ports=5-4", "--nat-ports: \"5-4\""},
		{"--nat-ports=20000", "--nat-ports: \"20000\""},
		{"--nat-ports=20000-70000", "--nat-ports: \"20000-70000\""},
		{"--lease-duration=1", "--lease-duration: \"1\""},
		{"--lease-duration=3s", "--lease-duration: \"3s\""},
		{"--log-level=loud", "--log-level: \"loud\""},
		{"--interface=averyverylongname", "--interface: \"averyverylongname\""},
		{"--nonsense", "nonsense"},
		{"stray", "\"stray\""},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const words[] = {"--node=lb1", "--store=d", cases[i].word, NULL};
		struct options options;
		struct err err;

		assert_int_not_equal(parse(words, &options, &err), 0);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].word, err.msg,
				 cases[i].says);
		options_free(&options);
	}
}

static void wants_node_and_store_unless_it_detaches(void **unused)
{
	static const char *const no_node[] = {"--store=d", NULL};
	static const char *const no_store[] = {"--node=n", NULL};
	static const char *const detach[] = {"--detach", NULL};
	struct options options;
	struct err err;

	(void)unused;
	assert_int_not_equal(parse(no_node, &options, &err), 0);
	assert_string_equal(err.msg, "--node is required");
	options_free(&options);
	assert_int_not_equal(parse(no_store, &options, &err), 0);
	assert_string_equal(err.msg, "--store is required");
	options_free(&options);
	assert_int_equal(parse(detach, &options, &err), 0);
	options_free(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_both_roles_and_three_seconds),
		cmocka_unit_test(reads_every_option),
		cmocka_unit_test(takes_interfaces_one_by_one_and_as_a_list),
		cmocka_unit_test(names_the_option_and_the_value_that_are_wrong),
		cmocka_unit_test(wants_node_and_store_unless_it_detaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
