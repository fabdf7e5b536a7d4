/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maps/backend_table.h"
#include "maps/id_pool.h"
#include "maps/maglev.h"
#include "maps/slot_alloc.h"

#define REST 100

/* ---- slices ------------------------------------------------------------------------------ */

static void slices_never_overlap(void **state)
{
	enum { SLICES = 60 };
	struct slot_alloc alloc;
	uint8_t *owner = calloc(1, 100000);
	struct slot_slice live[SLICES];
	uint64_t now = 0;

	(void)state;
	srand(7);
	assert_int_equal(slot_alloc_init(&alloc, 251, 100000, REST, NULL, 0, NULL), 0);
	memset(live, 0xff, sizeof(live));
	for (int step = 0; step < 20000; step++) {
		struct slot_slice *s = &live[rand() % SLICES];

		now += 5;
		if (s->start != SLOT_NONE) {
			memset(owner + s->start, 0, maglev_size(s->row));
			slot_alloc_give(&alloc, *s, now);
			s->start = SLOT_NONE;
			continue;
		}
		s->row = (unsigned int)rand() % 5;
		s->start = slot_alloc_take(&alloc, s->row, now);
		if (s->start == SLOT_NONE)
			continue;
		assert_true(s->start >= 251);
		assert_true(s->start + maglev_size(s->row) <= 100000);
		for (uint32_t i = 0; i < maglev_size(s->row); i++)
			assert_int_equal(owner[s->start + i]++, 0);
	}
	slot_alloc_destroy(&alloc);
	free(owner);
}

static void a_freed_slice_rests(void **state)
{
	struct slot_alloc alloc;
	uint32_t start;

	(void)state;
	assert_int_equal(slot_alloc_init(&alloc, 0, 251, REST, NULL, 0, NULL), 0);
	start = slot_alloc_take(&alloc, 0, 0);
	assert_int_equal(start, 0);
	slot_alloc_give(&alloc, (struct slot_slice){start, 0}, 1000);
	assert_int_equal(slot_alloc_take(&alloc, 0, 1000 + REST - 1), SLOT_NONE);
	assert_int_equal(slot_alloc_take(&alloc, 0, 1000 + REST), 0);
	slot_alloc_destroy(&alloc);
}

static void small_slices_are_joined_for_a_large_one(void **state)
{
	struct slot_alloc alloc;
	uint32_t start[9];

	(void)state;
	assert_int_equal(slot_alloc_init(&alloc, 0, 9 * 251, REST, NULL, 0, NULL), 0);
	for (int i = 0; i < 9; i++)
		start[i] = slot_alloc_take(&alloc, 0, 0);
	assert_int_equal(slot_alloc_take(&alloc, 3, 0), SLOT_NONE);
	for (int i = 0; i < 9; i++)
		slot_alloc_give(&alloc, (struct slot_slice){start[i], 0}, 0);
	assert_int_equal(slot_alloc_take(&alloc, 3, REST), 0);
	assert_int_equal(alloc.used, 2039);
	slot_alloc_destroy(&alloc);
}

static void slices_in_use_are_taken_over(void **state)
{
	static const struct slot_slice in_use[] = {{1000, 1}, {251, 0}};
	struct slot_alloc alloc;

	(void)state;
	assert_int_equal(slot_alloc_init(&alloc, 251, 2000, REST, in_use, 2, NULL), 0);
	assert_int_equal(alloc.used, 251 + 509);
	assert_int_equal(slot_alloc_take(&alloc, 0, 0), 1509); /* the best fit, behind the second */
	assert_int_equal(slot_alloc_take(&alloc, 0, 0), 502);
	slot_alloc_destroy(&alloc);
}

static void slices_that_cannot_be_are_refused(void **state)
{
	static const struct {
		struct slot_slice a, b;
	} cases[] = {
		{{251, 0}, {400, 0}},		 /* overlap */
		{{0, 0}, {600, 0}},		 /* in the reserved part */
		{{251, 0}, {1900, 0}},		 /* runs out */
		{{251, 0}, {UINT32_MAX - 5, 0}}, /* wraps */
		{{251, 0}, {600, 60}},		 /* no such row */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slot_slice in_use[] = {cases[i].a, cases[i].b};
		struct slot_alloc alloc;
		struct err err = {0};

		assert_true(slot_alloc_init(&alloc, 251, 2000, REST, in_use, 2, &err) < 0);
		assert_int_not_equal(err.msg[0], 0);
	}
}

/* ---- ids --------------------------------------------------------------------------------- */

static void ids_are_given_once_and_rest(void **state)
{
	struct id_pool pool;

	(void)state;
	id_pool_init(&pool, 4, REST);
	assert_true(id_pool_adopt(&pool, 2));
	assert_false(id_pool_adopt(&pool, 2));
	assert_false(id_pool_adopt(&pool, 0));
	assert_false(id_pool_adopt(&pool, 4));
	assert_int_equal(id_pool_take(&pool, 0), 1);
	assert_int_equal(id_pool_take(&pool, 0), 3);
	assert_int_equal(id_pool_take(&pool, 0), 0);
	id_pool_give(&pool, 1, 1000);
	id_pool_give(&pool, 1, 1000); /* twice changes nothing */
	assert_int_equal(id_pool_take(&pool, 1000 + REST - 1), 0);
	assert_int_equal(id_pool_take(&pool, 1000 + REST), 1);
	assert_int_equal(id_pool_take(&pool, 9000), 0);
	id_pool_destroy(&pool);
}

static void ids_go_round_for_long(void **state)
{
	struct id_pool pool;
	uint32_t held[8] = {0};

	(void)state;
	id_pool_init(&pool, 20, REST);
	for (uint64_t now = 0; now < 100000; now += 25) {
		uint32_t i = (uint32_t)(now / 25) % 8;

		id_pool_give(&pool, held[i], now);
		held[i] = id_pool_take(&pool, now);
		assert_int_not_equal(held[i], 0);
		for (uint32_t j = 0; j < 8; j++)
			assert_true(j == i || held[j] != held[i]);
	}
	assert_int_equal(pool.used, 8);
	id_pool_destroy(&pool);
}

/* ---- backends ---------------------------------------------------------------------------- */

#define CAPACITY 4

struct fixture {
	struct backend_table table;
	struct backend_value *values;
	struct ip_addr ip, nat;
	struct backend_path path;
};

static void open_backends(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->values = aligned_alloc(64, CAPACITY * sizeof(*f->values));
	memset(f->values, 0, CAPACITY * sizeof(*f->values));
	backend_table_init(&f->table, f->values, CAPACITY, REST);
	assert_int_equal(ip_parse("10.1.1.1", &f->ip, NULL), 0);
	assert_int_equal(ip_parse("10.0.0.1", &f->nat, NULL), 0);
	f->path = (struct backend_path){.ifindex = 3,
					.dst_mac = {2, 2, 2, 2, 2, 2},
					.src_mac = {1, 1, 1, 1, 1, 1},
					.resolved = true};
}

static void close_backends(struct fixture *f)
{
	backend_table_destroy(&f->table);
	free(f->values);
}

static uint32_t add(struct fixture *f, uint64_t now)
{
	return backend_table_add(&f->table, &f->ip, 8080, &f->nat, &f->path, 0, now);
}

static void a_record_has_all_that_a_packet_needs(void **state)
{
	struct fixture f;
	uint32_t index;
	struct ip_addr ip;

	(void)state;
	open_backends(&f);
	index = add(&f, 0);
	assert_int_equal(index, 1);
	ip = backend_ip(&f.values[1]);
	assert_true(ip_equal(&ip, &f.ip));
	ip = backend_nat_addr(&f.values[1]);
	assert_true(ip_equal(&ip, &f.nat));
	assert_int_equal(f.values[1].port, htons(8080));
	assert_int_equal(f.values[1].ifindex, 3);
	assert_int_equal(f.values[1].flags, BACKEND_UP | BACKEND_USED);
	assert_int_equal(f.values[1].generation, 1);
	assert_memory_equal(f.values[1].dst_mac, f.path.dst_mac, 6);
	assert_memory_equal(f.values[1].src_mac, f.path.src_mac, 6);
	close_backends(&f);
}

static void an_unresolved_backend_is_in_use_but_not_up(void **state)
{
	struct fixture f;

	(void)state;
	open_backends(&f);
	f.path.resolved = false;
	add(&f, 0);
	assert_int_equal(f.values[1].flags, BACKEND_USED);
	f.path.resolved = true;
	backend_table_update(&f.table, 1, &f.path, BACKEND_DRAINING);
	assert_int_equal(f.values[1].flags, BACKEND_USED | BACKEND_UP | BACKEND_DRAINING);
	assert_int_equal(f.values[1].generation, 1);
	close_backends(&f);
}

static void a_path_over_another_interface_is_taken_in_place(void **state)
{
	struct fixture f;

	(void)state;
	open_backends(&f);
	add(&f, 0);
	f.path.ifindex = 9;
	f.path.src_mac[5] = 7;
	f.path.dst_mac[5] = 8;
	backend_table_update(&f.table, 1, &f.path, 0);
	assert_int_equal(f.values[1].ifindex, 9);
	assert_int_equal(f.values[1].src_mac[5], 7);
	assert_int_equal(f.values[1].dst_mac[5], 8);
	assert_int_equal(f.values[1].flags, BACKEND_UP | BACKEND_USED);
	close_backends(&f);
}

static void a_retired_backend_serves_on_then_rests_then_is_another(void **state)
{
	struct fixture f;

	(void)state;
	open_backends(&f);
	for (uint32_t i = 1; i < CAPACITY; i++)
		assert_int_equal(add(&f, 0), i);
	assert_int_equal(add(&f, 0), 0);
	backend_table_retire(&f.table, 2, 1000);
	assert_true(backend_table_tick(&f.table, 1000 + REST - 1));
	assert_int_equal(f.values[2].flags, BACKEND_UP | BACKEND_USED);
	assert_false(backend_table_tick(&f.table, 1000 + REST));
	assert_int_equal(f.values[2].flags, 0);
	assert_int_equal(add(&f, 1000 + 2 * REST - 1), 0);
	assert_int_equal(add(&f, 1000 + 2 * REST), 2);
	assert_int_equal(f.values[2].generation, 2);
	close_backends(&f);
}

static void a_retired_backend_can_come_back(void **state)
{
	struct fixture f;

	(void)state;
	open_backends(&f);
	add(&f, 0);
	backend_table_retire(&f.table, 1, 1000);
	assert_true(backend_table_revive(&f.table, 1));
	assert_false(backend_table_tick(&f.table, 9000));
	assert_int_equal(f.values[1].flags, BACKEND_UP | BACKEND_USED);
	backend_table_retire(&f.table, 1, 9000);
	backend_table_tick(&f.table, 9000 + REST);
	assert_false(backend_table_revive(&f.table, 1));
	close_backends(&f);
}

static void records_in_use_are_taken_over(void **state)
{
	struct backend_table second;
	struct fixture f;

	(void)state;
	open_backends(&f);
	add(&f, 0);
	f.path.resolved = false;
	add(&f, 0);
	backend_table_init(&second, f.values, CAPACITY, REST);
	assert_int_equal(second.ids.used, 2);
	assert_int_equal(backend_table_add(&second, &f.ip, 1, &f.nat, &f.path, 0, 0), 3);
	backend_table_destroy(&second);
	close_backends(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_never_overlap),
		cmocka_unit_test(a_freed_slice_rests),
		cmocka_unit_test(small_slices_are_joined_for_a_large_one),
		cmocka_unit_test(slices_in_use_are_taken_over),
		cmocka_unit_test(slices_that_cannot_be_are_refused),
		cmocka_unit_test(ids_are_given_once_and_rest),
		cmocka_unit_test(ids_go_round_for_long),
		cmocka_unit_test(a_record_has_all_that_a_packet_needs),
		cmocka_unit_test(an_unresolved_backend_is_in_use_but_not_up),
		cmocka_unit_test(a_path_over_another_interface_is_taken_in_place),
		cmocka_unit_test(a_retired_backend_serves_on_then_rests_then_is_another),
		cmocka_unit_test(a_retired_backend_can_come_back),
		cmocka_unit_test(records_in_use_are_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
