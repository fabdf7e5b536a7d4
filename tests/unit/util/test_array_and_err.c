// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/array.h"
#include "util/err.h"

static void arrays_grow_and_keep_order(void **state)
{
	ARRAY(int) numbers = {0};
	int next = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		array_push(&numbers, i);
	*array_new(&numbers) += 7;
	assert_int_equal(numbers.n, 101);
	assert_int_equal(numbers.v[100], 7);
	array_remove(&numbers, 100);
	array_remove(&numbers, 50);
	array_remove(&numbers, 0);
	array_each(&numbers, n) {
		next += next == 0 || next == 50;
		assert_int_equal(*n, next++);
	}
	assert_int_equal(next, 100);
	array_free(&numbers);
	assert_null(numbers.v);
	array_each(&numbers, n)
		fail();
}

static void errors_are_carried_up_with_prefixes(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, -ENOENT, "no %s", "route"), -ENOENT);
	assert_int_equal(err_prefix(&err, -ENOENT, "peer %d", 5), -ENOENT);
	assert_string_equal(err.msg, "peer 5: no route");
	assert_int_equal(err_set(NULL, -EINVAL, "nobody hears"), -EINVAL);
	assert_int_equal(err_prefix(NULL, -EINVAL, "nobody hears"), -EINVAL);
}

static void long_errors_are_cut(void **state)
{
	struct err err;
	char text[2 * sizeof(err.msg)];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	err_prefix(&err, -EINVAL, "peer");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg, "peer: xx", 8);
	err_prefix(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_grow_and_keep_order),
		cmocka_unit_test(errors_are_carried_up_with_prefixes),
		cmocka_unit_test(long_errors_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
