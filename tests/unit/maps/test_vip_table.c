/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maps/vip_table.h"
#include "util/mem.h"

#define REST 100

struct fixture {
	struct vip_table table;
	struct vip4_bucket *v4;
	struct vip6_bucket *v6;
	uint32_t buckets;
};

static void open_table(struct fixture *f, uint32_t buckets)
{
	f->buckets = buckets;
	f->v4 = aligned_alloc(64, buckets * sizeof(*f->v4));
	f->v6 = aligned_alloc(64, buckets * sizeof(*f->v6));
	memset(f->v4, 0, buckets * sizeof(*f->v4));
	memset(f->v6, 0, buckets * sizeof(*f->v6));
	vip_table_init(&f->table, f->v4, f->v6, buckets, REST, 0);
}

static void close_table(struct fixture *f)
{
	vip_table_destroy(&f->table);
	free(f->v4);
	free(f->v6);
}

static struct vip_key key_v4(uint32_t i)
{
	uint32_t ip = htonl(0xc6336400 + i);

	return (struct vip_key){ip_from_v4(&ip), 80, IPPROTO_TCP};
}

static struct vip_key key_v6(uint32_t i)
{
	uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8};

	i = htonl(i);
	memcpy(ip + 12, &i, 4);
	return (struct vip_key){ip_from_v6(ip), 443, IPPROTO_UDP};
}

/* What the XDP program does: both buckets, key first, then the target. */
static uint64_t reader_finds(const struct fixture *f, const struct vip_key *key)
{
	__be32 addr[4];
	__u64 hash;
	uint32_t bucket[2];

	memcpy(addr, key->ip.b, sizeof(addr));
	hash = key->ip.family == AF_INET ? vip_hash_v4(addr[0], htons(key->port), key->proto)
					 : vip_hash_v6(addr, htons(key->port), key->proto);
	bucket[0] = (uint32_t)hash & (f->buckets - 1);
	bucket[1] = (uint32_t)(hash >> 32) & (f->buckets - 1);
	for (int b = 0; b < 2; b++) {
		for (int i = 0; key->ip.family == AF_INET && i < VIP4_BUCKET_ENTRIES; i++) {
			const struct vip4_entry *e = &f->v4[bucket[b]].entry[i];

			if (e->addr == addr[0] && e->port == htons(key->port) &&
			    e->proto == key->proto && e->target)
				return e->target;
		}
		for (int i = 0; key->ip.family == AF_INET6 && i < VIP6_BUCKET_ENTRIES; i++) {
			const struct vip6_entry *e = &f->v6[bucket[b]].entry[i];

			if (memcmp(e->addr, addr, 16) == 0 && e->port == htons(key->port) &&
			    e->proto == key->proto && e->target)
				return e->target;
		}
	}
	return 0;
}

static void the_reader_finds_what_was_set(void **state)
{
	struct fixture f;

	(void)state;
	open_table(&f, 256);
	for (uint32_t i = 0; i < 100; i++) {
		struct vip_key a = key_v4(i), b = key_v6(i);

		assert_int_equal(vip_table_set(&f.table, &a, i + 1, 0), 0);
		assert_int_equal(vip_table_set(&f.table, &b, i + 1001, 0), 0);
	}
	for (uint32_t i = 0; i < 100; i++) {
		struct vip_key a = key_v4(i), b = key_v6(i), other = key_v4(i);

		other.port = 81;
		assert_int_equal(reader_finds(&f, &a), i + 1);
		assert_int_equal(reader_finds(&f, &b), i + 1001);
		assert_int_equal(vip_table_find(&f.table, &a), i + 1);
		assert_int_equal(reader_finds(&f, &other), 0);
	}
	assert_int_equal(f.table.used[0], 100);
	assert_int_equal(f.table.used[1], 100);
	close_table(&f);
}

static void setting_again_replaces_the_target_in_place(void **state)
{
	struct vip_key key = key_v4(1);
	struct fixture f;

	(void)state;
	open_table(&f, 16);
	assert_int_equal(vip_table_set(&f.table, &key, 7, 0), 0);
	assert_int_equal(vip_table_set(&f.table, &key, 8, 1), 0);
	assert_int_equal(reader_finds(&f, &key), 8);
	assert_int_equal(f.table.used[0], 1);
	close_table(&f);
}

static void a_removed_key_is_gone_at_once(void **state)
{
	struct vip_key key = key_v6(1);
	struct fixture f;

	(void)state;
	open_table(&f, 16);
	vip_table_set(&f.table, &key, 7, 0);
	assert_true(vip_table_remove(&f.table, &key, 1));
	assert_int_equal(reader_finds(&f, &key), 0);
	assert_false(vip_table_remove(&f.table, &key, 2));
	close_table(&f);
}

static void a_freed_entry_rests_before_it_is_used_again(void **state)
{
	struct vip_key key = key_v4(0);
	struct fixture f;

	(void)state;
	open_table(&f, 1); /* one bucket: four entries in all */
	for (uint32_t i = 0; i < 4; i++) {
		struct vip_key k = key_v4(i);

		assert_int_equal(vip_table_set(&f.table, &k, i + 1, 0), 0);
	}
	vip_table_remove(&f.table, &key, 1000);
	key = key_v4(9);
	assert_int_equal(vip_table_set(&f.table, &key, 9, 1000), -EAGAIN);
	assert_int_equal(vip_table_set(&f.table, &key, 9, 1000 + REST - 1), -EAGAIN);
	assert_int_equal(vip_table_set(&f.table, &key, 9, 1000 + REST), 0);
	assert_int_equal(reader_finds(&f, &key), 9);
	close_table(&f);
}

static void a_full_table_says_so(void **state)
{
	struct fixture f;
	struct vip_key key = key_v4(9);

	(void)state;
	open_table(&f, 1);
	for (uint32_t i = 0; i < 4; i++) {
		struct vip_key k = key_v4(i);

		vip_table_set(&f.table, &k, i + 1, 0);
	}
	assert_int_equal(vip_table_set(&f.table, &key, 9, 5000), -ENOSPC);
	close_table(&f);
}

/* Fills until a key needs a move; at every step of it, every key must be found. */
static void check_all(const struct fixture *f, struct vip_key (*key)(uint32_t), uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct vip_key k = key(i);

		assert_int_equal(reader_finds(f, &k), i + 1);
	}
}

static void moving(struct vip_key (*key)(uint32_t))
{
	struct fixture f;
	struct vip_key k;
	uint64_t now = 1000;
	uint32_t n = 0;
	int rc;

	open_table(&f, 64);
	while (k = key(n), rc = vip_table_set(&f.table, &k, n + 1, now), rc == 0)
		n++;
	assert_int_equal(rc, -EAGAIN);
	check_all(&f, key, n);

	/* While it moves, publishing reaches both copies, and the reader sees the new target. */
	assert_int_equal(f.table.moving.n, 1);
	k = f.table.moving.v[0].key;
	assert_int_equal(vip_table_set(&f.table, &k, vip_table_find(&f.table, &k) + 5000, now), 0);
	assert_true(reader_finds(&f, &k) > 5000);
	vip_table_set(&f.table, &k, reader_finds(&f, &k) - 5000, now);

	k = key(n);
	assert_int_equal(vip_table_set(&f.table, &k, n + 1, now + REST), -EAGAIN);
	check_all(&f, key, n);
	assert_int_equal(vip_table_set(&f.table, &k, n + 1, now + 2 * REST), 0);
	check_all(&f, key, n + 1);
	close_table(&f);
}

static void an_entry_moves_when_both_buckets_are_full_v4(void **state)
{
	(void)state;
	moving(key_v4);
}

static void an_entry_moves_when_both_buckets_are_full_v6(void **state)
{
	(void)state;
	moving(key_v6);
}

static void a_key_that_is_removed_while_it_moves_leaves_nothing(void **state)
{
	struct fixture f;
	struct vip_key k;
	uint32_t n = 0;

	(void)state;
	open_table(&f, 64);
	while (k = key_v4(n), vip_table_set(&f.table, &k, n + 1, 0) == 0)
		n++;
	k = f.table.moving.v[0].key;
	assert_true(vip_table_remove(&f.table, &k, 10));
	assert_int_equal(reader_finds(&f, &k), 0);
	assert_int_equal(f.table.moving.n, 0);
	assert_int_equal(f.table.used[0], n - 1);
	vip_table_tick(&f.table, 10000);
	assert_int_equal(f.table.used[0], n - 1);
	close_table(&f);
}

struct seen {
	uint32_t n;
	uint64_t sum;
};

static void count(void *ctx, const struct vip_key *key, uint64_t target)
{
	struct seen *seen = ctx;

	(void)key;
	seen->n++;
	seen->sum += target;
}

static void a_move_that_was_cut_short_is_taken_over(void **state)
{
	struct fixture f;
	struct vip_table second;
	struct seen seen = {0};
	struct vip_key k;
	uint32_t n = 0;

	(void)state;
	open_table(&f, 64);
	while (k = key_v4(n), vip_table_set(&f.table, &k, n + 1, 0) == 0)
		n++;
	vip_table_init(&second, f.v4, f.v6, f.buckets, REST, 50);
	assert_int_equal(second.moving.n, 1);
	assert_int_equal(second.used[0], n + 1);
	vip_table_each(&second, count, &seen);
	assert_int_equal(seen.n, n);
	assert_int_equal(seen.sum, (uint64_t)n * (n + 1) / 2);
	vip_table_tick(&second, 50 + REST);
	assert_int_equal(second.used[0], n);
	check_all(&f, key_v4, n);
	vip_table_destroy(&second);
	close_table(&f);
}

static void twenty_thousand_vips_fit_the_default_size(void **state)
{
	struct fixture f;

	(void)state;
	open_table(&f, MAPS_VIP_BUCKETS);
	for (uint32_t i = 0; i < 10000; i++) {
		struct vip_key a = key_v4(i), b = key_v6(i);
		int rc;

		assert_int_equal(vip_table_set(&f.table, &a, i + 1, 0), 0);
		rc = vip_table_set(&f.table, &b, i + 1, 0);
		for (uint64_t now = REST; rc == -EAGAIN && now <= 2 * REST; now += REST)
			rc = vip_table_set(&f.table, &b, i + 1, now);
		assert_int_equal(rc, 0);
		a.port = b.port = a.proto = b.proto = 0;
		assert_int_equal(vip_table_set(&f.table, &a, i + 1, 0), 0);
		assert_int_not_equal(vip_table_set(&f.table, &b, i + 1, 0), -ENOSPC);
	}
	close_table(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reader_finds_what_was_set),
		cmocka_unit_test(setting_again_replaces_the_target_in_place),
		cmocka_unit_test(a_removed_key_is_gone_at_once),
		cmocka_unit_test(a_freed_entry_rests_before_it_is_used_again),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(an_entry_moves_when_both_buckets_are_full_v4),
		cmocka_unit_test(an_entry_moves_when_both_buckets_are_full_v6),
		cmocka_unit_test(a_key_that_is_removed_while_it_moves_leaves_nothing),
		cmocka_unit_test(a_move_that_was_cut_short_is_taken_over),
		cmocka_unit_test(twenty_thousand_vips_fit_the_default_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
