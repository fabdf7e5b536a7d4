// SPDX-License-Identifier: Apache-2.0
#include "bgp/wire.h"

#include "bgp_test.h"

static void reads_in_network_order(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct rd rd = rd_init(bytes, sizeof(bytes));
	const uint8_t *rest;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	assert_true(rd_u8(&rd, &v8) && rd_u16(&rd, &v16) && rd_u32(&rd, &v32));
	assert_int_equal(v8, 1);
	assert_int_equal(v16, 0x0203);
	assert_int_equal(v32, 0x04050607);
	assert_true(rd_bytes(&rd, 2, &rest));
	assert_ptr_equal(rest, bytes + 7);
	assert_int_equal(rd_left(&rd), 0);
}

static void a_read_past_the_end_fails_and_moves_nothing(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct rd rd = rd_init(bytes, sizeof(bytes));
	struct rd sub;
	const uint8_t *p;
	uint32_t v32 = 77;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	assert_false(rd_u32(&rd, &v32));
	assert_false(rd_bytes(&rd, 4, &p));
	assert_false(rd_bytes(&rd, SIZE_MAX, &p));
	assert_false(rd_sub(&rd, 4, &sub));
	assert_int_equal(v32, 77);
	assert_int_equal(rd_left(&rd), 3);
	assert_true(rd_u16(&rd, &v16));
	assert_false(rd_u16(&rd, &v16));
	assert_true(rd_u8(&rd, &v8));
	assert_false(rd_u8(&rd, &v8));
}

static void a_part_ends_where_it_was_cut(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct rd rd = rd_init(bytes, sizeof(bytes));
	struct rd sub;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	assert_true(rd_sub(&rd, 1, &sub));
	assert_false(rd_u16(&sub, &v16));
	assert_true(rd_u8(&sub, &v8));
	assert_true(rd_u16(&rd, &v16));
	assert_int_equal(v16, 0x0203);
}

static void writes_lengths_of_what_was_written(void **state)
{
	uint8_t buf[16];
	static const uint8_t expected[] = {0, 7, 9, 4, 1, 2, 3, 4, 5};
	struct wr wr = wr_init(buf, sizeof(buf));
	size_t outer = wr_open16(&wr);
	size_t inner;

	(void)state;
	wr_u8(&wr, 9);
	inner = wr_open8(&wr);
	wr_u32(&wr, 0x01020304);
	wr_close8(&wr, inner);
	wr_u8(&wr, 5);
	wr_close16(&wr, outer);
	assert_false(wr.full);
	assert_int_equal(wr.len, sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void a_full_builder_writes_nothing_more(void **state)
{
	uint8_t buf[8];

	(void)state;
	for (size_t cap = 0; cap < 7; cap++) {
		struct wr wr = wr_init(buf, cap);
		size_t field;

		memset(buf, 0xee, sizeof(buf));
		field = wr_open16(&wr);
		wr_u32(&wr, 0);
		wr_u8(&wr, 0);
		wr_close16(&wr, field);
		assert_true(wr.full);
		for (size_t i = cap; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xee);
	}
}

static void a_length_that_its_field_cannot_say_makes_it_full(void **state)
{
	uint8_t buf[300], many[256] = {0};
	struct wr wr = wr_init(buf, sizeof(buf));
	size_t field = wr_open8(&wr);

	(void)state;
	wr_bytes(&wr, many, sizeof(many));
	wr_close8(&wr, field);
	assert_true(wr.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_network_order),
		cmocka_unit_test(a_read_past_the_end_fails_and_moves_nothing),
		cmocka_unit_test(a_part_ends_where_it_was_cut),
		cmocka_unit_test(writes_lengths_of_what_was_written),
		cmocka_unit_test(a_full_builder_writes_nothing_more),
		cmocka_unit_test(a_length_that_its_field_cannot_say_makes_it_full),
	};

	return cmocka_run_group_tests_name("bgp wire", tests, NULL, NULL);
}
