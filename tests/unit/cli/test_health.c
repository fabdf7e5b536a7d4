// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/health.h"

static health_problems read_all(const char *const *statuses, size_t n)
{
	health_problems problems = {0};

	for (size_t i = 0; i < n; i++) {
		json_t *status = json_loads(statuses[i], 0, NULL);

		assert_non_null(status);
		health_read(&problems, status);
		json_decref(status);
	}
	health_sort(&problems);
	return problems;
}

static void a_program_that_is_well_has_no_problem(void **state)
{
	static const char *const well[] = {
		"{\"program\":\"vipcastd\",\"node\":\"lb1\",\"problems\":[],"
		"\"sessions\":{\"total\":2,\"established\":2},"
		"\"dataplaneDetails\":{\"warnings\":[]}}",
		"{\"program\":\"vipcastd\",\"node\":\"lb2\",\"sessions\":{\"total\":0,"
		"\"established\":0}}",
		"{}",
	};
	health_problems problems = read_all(well, 3);

	(void)state;
	assert_int_equal(problems.n, 0);
	health_free(&problems);
}

static void the_worst_problem_comes_first(void **state)
{
	static const char *const statuses[] = {
		"{\"program\":\"vipcast-controller\",\"problems\":[\"pool front is exhausted\"]}",
		"{\"program\":\"vipcastd\",\"node\":\"lb1\",\"problems\":["
		"\"refused: a.yaml:3: kind: unknown\",\"session p1 is Active: no answer\","
		"\"session p2 is Idle: no answer\",\"dataplane: failed: no such interface\"],"
		"\"sessions\":{\"total\":3,\"established\":1},"
		"\"dataplaneDetails\":{\"warnings\":[\"VIP 198.51.100.7 is not served\"]}}",
	};
	static const char *const expected[] = {
		"dataplane: failed: no such interface", "session p1 is Active: no answer",
		"session p2 is Idle: no answer",	"pool front is exhausted",
		"refused: a.yaml:3: kind: unknown",	"VIP 198.51.100.7 is not served",
	};
	health_problems problems = read_all(statuses, 2);

	(void)state;
	assert_int_equal(problems.n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(problems.v[i].text, expected[i]);
	assert_string_equal(problems.v[0].about, "vipcastd on lb1");
	assert_string_equal(problems.v[3].about, "vipcast-controller");
	health_free(&problems);
}

static void no_session_at_all_is_said_before_the_single_ones(void **state)
{
	static const char *const status[] = {
		"{\"program\":\"vipcastd\",\"problems\":[\"session p1 is Active: no answer\"],"
		"\"sessions\":{\"total\":1,\"established\":0}}",
	};
	health_problems problems = read_all(status, 1);

	(void)state;
	assert_int_equal(problems.n, 2);
	assert_string_equal(problems.v[0].text,
			    "no BGP session is established: the routers learn no route from here");
	health_free(&problems);
}

static void a_fault_that_two_programs_report_is_said_once(void **state)
{
	static const char *const statuses[] = {
		"{\"program\":\"vipcast-controller\",\"problems\":[\"refused: a.yaml:3: x\"]}",
		"{\"program\":\"vipcastd\",\"problems\":[\"refused: a.yaml:3: x\","
		"\"refused: a.yaml:9: y\"]}",
	};
	health_problems problems = read_all(statuses, 2);

	(void)state;
	assert_int_equal(problems.n, 2);
	assert_string_equal(problems.v[0].about, "vipcast-controller");
	assert_string_equal(problems.v[1].text, "refused: a.yaml:9: y");
	health_free(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_is_well_has_no_problem),
		cmocka_unit_test(the_worst_problem_comes_first),
		cmocka_unit_test(a_fault_that_two_programs_report_is_said_once),
		cmocka_unit_test(no_session_at_all_is_said_before_the_single_ones),
	};

	return cmocka_run_group_tests_name("cli health", tests, NULL, NULL);
}
