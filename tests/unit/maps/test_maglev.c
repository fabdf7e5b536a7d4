/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maps/maglev.h"
#include "util/mem.h"

static const uint64_t seed[2] = {0x0123456789abcdefULL, 0xfedcba9876543210ULL};

/* Backends 10.0.0.1 ..., port 8080; index is the number in the address. */
static struct maglev_backend *backends_new(size_t n)
{
	struct maglev_backend *b = xcalloc(n + 1, sizeof(*b));

	for (size_t i = 0; i < n; i++) {
		uint8_t ip[4] = {10, (uint8_t)((i + 1) >> 16), (uint8_t)((i + 1) >> 8),
				 (uint8_t)(i + 1)};

		b[i].ip = ip_from_v4(ip);
		b[i].port = 8080;
		b[i].index = (slot_value)i + 1;
	}
	return b;
}

static slot_value *table_new(const struct maglev_backend *b, size_t n, unsigned int row)
{
	slot_value *slots = xcalloc(maglev_size(row), sizeof(*slots));

	maglev_fill(seed, b, n, row, slots);
	return slots;
}

static void size_is_the_smallest_prime_over_a_hundred_slots_a_backend(void **state)
{
	static const struct {
		size_t backends;
		uint32_t size;
	} cases[] = {{0, 251},	   {1, 251},	 {2, 251},     {3, 509},     {5, 509},
		     {6, 1021},	   {10, 1021},	 {11, 2039},   {20, 2039},   {21, 4093},
		     {81, 8191},   {82, 16381},	 {327, 32749}, {328, 65537}, {655, 65537},
		     {656, 65537}, {9999, 65537}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(maglev_size(maglev_row(cases[i].backends)), cases[i].size);
}

static void every_backend_gets_its_share(void **state)
{
	static const size_t counts[] = {1, 2, 3, 10, 40, 327, 655, 2000};

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		size_t n = counts[c];
		unsigned int row = maglev_row(n);
		struct maglev_backend *b = backends_new(n);
		slot_value *slots = table_new(b, n, row);
		uint32_t *load = xcalloc(n + 1, sizeof(*load));
		double mean = (double)maglev_size(row) / (double)n;
		double slack = mean * 0.03 > 2 ? mean * 0.03 : 2;

		for (uint32_t i = 0; i < maglev_size(row); i++)
			load[slots[i]]++;
		assert_int_equal(load[0], 0);
		for (size_t i = 1; i <= n; i++) {
			assert_true(load[i] >= mean - slack);
			assert_true(load[i] <= mean + slack);
		}
		free(load);
		free(slots);
		free(b);
	}
}

static void order_of_backends_does_not_matter(void **state)
{
	struct maglev_backend *b = backends_new(40);
	unsigned int row = maglev_row(40);
	slot_value *before = table_new(b, 40, row), *after;
	size_t size = maglev_size(row) * sizeof(*before);

	(void)state;
	srand(1);
	for (int round = 0; round < 5; round++) {
		for (size_t i = 39; i > 0; i--) {
			size_t j = (size_t)rand() % (i + 1);
			struct maglev_backend swapped = b[i];

			b[i] = b[j];
			b[j] = swapped;
		}
		after = table_new(b, 40, row);
		assert_memory_equal(before, after, size);
		free(after);
	}
	free(before);
	free(b);
}

static void indexes_do_not_shape_the_table(void **state)
{
	struct maglev_backend *b = backends_new(12);
	unsigned int row = maglev_row(12);
	slot_value *before = table_new(b, 12, row), *after;

	(void)state;
	for (size_t i = 0; i < 12; i++)
		b[i].index += 1000;
	after = table_new(b, 12, row);
	for (uint32_t i = 0; i < maglev_size(row); i++)
		assert_int_equal(before[i] + 1000, after[i]);
	free(before);
	free(after);
	free(b);
}

static void losing_a_backend_moves_little_else(void **state)
{
	struct maglev_backend *b = backends_new(40);
	unsigned int row = maglev_row(40);
	slot_value *before = table_new(b, 40, row), *after = table_new(b, 39, row);
	uint32_t moved = 0;

	(void)state;
	for (uint32_t i = 0; i < maglev_size(row); i++)
		moved += before[i] != 40 && before[i] != after[i];
	/* The lost one's 2.5 % have to move; of the others, no more than as many again. */
	assert_true(moved < maglev_size(row) / 40);
	free(before);
	free(after);
	free(b);
}

static void another_seed_gives_another_table(void **state)
{
	static const uint64_t other[2] = {1, 2};
	struct maglev_backend *b = backends_new(10);
	unsigned int row = maglev_row(10);
	slot_value *one = table_new(b, 10, row), *two = xcalloc(maglev_size(row), sizeof(*two));
	uint32_t same = 0;

	(void)state;
	maglev_fill(other, b, 10, row, two);
	for (uint32_t i = 0; i < maglev_size(row); i++)
		same += one[i] == two[i];
	assert_true(same < maglev_size(row) / 5);
	free(one);
	free(two);
	free(b);
}

static void no_backend_leaves_every_slot_empty(void **state)
{
	slot_value slots[251];

	(void)state;
	memset(slots, 0xff, sizeof(slots));
	maglev_fill(seed, NULL, 0, 0, slots);
	for (size_t i = 0; i < 251; i++)
		assert_int_equal(slots[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_the_smallest_prime_over_a_hundred_slots_a_backend),
		cmocka_unit_test(every_backend_gets_its_share),
		cmocka_unit_test(order_of_backends_does_not_matter),
		cmocka_unit_test(indexes_do_not_shape_the_table),
		cmocka_unit_test(losing_a_backend_moves_little_else),
		cmocka_unit_test(another_seed_gives_another_table),
		cmocka_unit_test(no_backend_leaves_every_slot_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
