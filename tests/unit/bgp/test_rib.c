// SPDX-License-Identifier: Apache-2.0
#include "bgp/rib.h"

#include <errno.h>

#include "bgp/rib_reader.h"
#include "bgp_test.h"

static int set(struct rib *rib, const char *text, uint32_t metric, const char *first,
	       const char *second, struct err *err)
{
	struct ip_prefix p = prefix(text);
	struct ip_addr hops[2] = {ip(first)};

	if (second)
		hops[1] = ip(second);
	return rib_set(rib, &p, hops, second ? 2 : 1, metric, NULL, err);
}

static void must_set(struct rib *rib, const char *text, const char *first, const char *second)
{
	struct err err;

	assert_ok(set(rib, text, 0, first, second, &err), err);
}

static const struct rib_route *find(struct rib *rib, const char *text)
{
	struct ip_prefix p = prefix(text);

	return rib_find(rib, &p);
}

static void drop(struct rib *rib, const char *text)
{
	struct ip_prefix p = prefix(text);

	rib_delete(rib, &p);
}

/* ---- sets of next hops --------------------------------------------------------------------- */

static void routes_share_one_set_whatever_the_order_of_its_next_hops(void **state)
{
	struct rib *rib = rib_new();

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", "10.0.0.2");
	must_set(rib, "198.51.100.2/32", "10.0.0.2", "10.0.0.1");
	must_set(rib, "198.51.100.3/32", "10.0.0.1", NULL);
	must_set(rib, "198.51.100.4/32", "10.0.0.1", "10.0.0.1");
	assert_ptr_equal(find(rib, "198.51.100.1/32")->nhset, find(rib, "198.51.100.2/32")->nhset);
	assert_ptr_equal(find(rib, "198.51.100.3/32")->nhset, find(rib, "198.51.100.4/32")->nhset);
	assert_int_equal(find(rib, "198.51.100.1/32")->nhset->refs, 2);
	assert_int_equal(find(rib, "198.51.100.4/32")->nhset->n, 1);
	rib_free(rib);
}

static void a_set_differs_by_its_metric(void **state)
{
	struct rib *rib = rib_new();
	struct err err;

	(void)state;
	assert_ok(set(rib, "198.51.100.1/32", 1, "10.0.0.1", NULL, &err), err);
	assert_ok(set(rib, "198.51.100.2/32", 2, "10.0.0.1", NULL, &err), err);
	assert_ptr_not_equal(find(rib, "198.51.100.1/32")->nhset,
			     find(rib, "198.51.100.2/32")->nhset);
	rib_free(rib);
}

/* Values that peers have seen: a new version that computes others would double their paths. */
static void path_identifiers_come_from_the_address_alone(void **state)
{
	static const struct {
		const char *next_hop;
		uint32_t path_id;
	} known[] = {
		{"10.0.0.1", 0x0a000001},
		{"172.30.2.21", 0xac1e0215},
		{"2001:db8:30:1::21", 0x291fee07},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct nhset_store *store = nhset_store_new();
		struct ip_addr hop = ip(known[i].next_hop);
		const struct nhset *set = nhset_get(store, &hop, 1, 0);

		assert_int_equal(set->hops[0]->path_id, known[i].path_id);
		nhset_put(store, set);
		nhset_store_free(store);
	}
}

/* Two addresses with the same hash, found by search. */
static void next_hops_that_hash_alike_get_different_identifiers(void **state)
{
	struct nhset_store *store = nhset_store_new();
	struct ip_addr hops[2] = {ip("2001:db8::d841:0:0:db87"), ip("2001:db8::c7cf:0:0:2e93")};
	struct ip_addr alone = hops[1];
	const struct nhset *single = nhset_get(store, &alone, 1, 0);
	uint32_t hash = single->hops[0]->path_id;
	const struct nhset *set;

	(void)state;
	alone = hops[0];
	nhset_put(store, single);
	single = nhset_get(store, &alone, 1, 0);
	assert_int_equal(single->hops[0]->path_id, hash);
	set = nhset_get(store, hops, 2, 0);
	assert_int_not_equal(set->hops[0]->path_id, set->hops[1]->path_id);
	nhset_put(store, set);
	nhset_put(store, single);
	nhset_store_free(store);
}

static void a_set_finds_its_next_hops(void **state)
{
	struct nhset_store *store = nhset_store_new();
	struct ip_addr hops[9], wanted;
	const struct nhset *set;

	(void)state;
	for (uint8_t i = 0; i < 9; i++)
		hops[i] = ip_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(200 - i * 2)});
	set = nhset_get(store, hops, 9, 0);
	for (uint8_t i = 0; i < 9; i++) {
		wanted = ip_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(200 - i * 2)});
		assert_non_null(nhset_find(set, &wanted));
		wanted.b[3]--;
		assert_null(nhset_find(set, &wanted));
	}
	nhset_put(store, set);
	nhset_store_free(store);
}

/* ---- routes ------------------------------------------------------------------------------ */

static void host_bits_do_not_matter(void **state)
{
	struct rib *rib = rib_new();

	(void)state;
	must_set(rib, "198.51.100.7/24", "10.0.0.1", NULL);
	must_set(rib, "198.51.100.9/24", "10.0.0.1", NULL);
	assert_int_equal(rib_count(rib), 1);
	assert_non_null(find(rib, "198.51.100.0/24"));
	assert_null(find(rib, "198.51.100.0/25"));
	assert_null(find(rib, "198.51.100.0/32"));
	drop(rib, "198.51.100.1/24");
	assert_int_equal(rib_count(rib), 0);
	rib_free(rib);
}

static void what_does_not_change_makes_no_news(void **state)
{
	struct rib *rib = rib_new();
	uint64_t sequence;

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", "10.0.0.2");
	sequence = rib_sequence(rib);
	must_set(rib, "198.51.100.1/32", "10.0.0.2", "10.0.0.1");
	drop(rib, "198.51.100.2/32");
	assert_int_equal(rib_sequence(rib), sequence);
	must_set(rib, "198.51.100.1/32", "10.0.0.2", NULL);
	assert_true(rib_sequence(rib) > sequence);
	rib_free(rib);
}

static void no_next_hops_delete(void **state)
{
	struct rib *rib = rib_new();
	struct ip_prefix p = prefix("198.51.100.1/32");
	struct err err;

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
	assert_ok(rib_set(rib, &p, NULL, 0, 0, NULL, &err), err);
	assert_int_equal(rib_count(rib), 0);
	assert_null(rib_find(rib, &p));
	rib_free(rib);
}

static const struct {
	const char *prefix, *next_hop, *words;
} refused[] = {
	{"198.51.100.1/32", "2001:db8::1",
	 "198.51.100.1/32: next hop 2001:db8::1 is of another address family"},
	{"2001:db8::1/128", "10.0.0.1",
	 "2001:db8::1/128: next hop 10.0.0.1 is of another address family"},
	{"198.51.100.1/32", "0.0.0.0", "198.51.100.1/32: 0.0.0.0 cannot be a next hop"},
	{"198.51.100.1/32", "224.0.0.1", "198.51.100.1/32: 224.0.0.1 cannot be a next hop"},
	{"2001:db8::1/128", "fe80::1", "2001:db8::1/128: fe80::1 cannot be a next hop"},
};

static void a_refused_route_stays_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct rib *rib = rib_new();
		struct err err;

		must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
		assert_int_equal(set(rib, refused[i].prefix, 0, refused[i].next_hop, NULL, &err),
				 -EINVAL);
		assert_string_equal(err.msg, refused[i].words);
		assert_int_equal(rib_count(rib), 1);
		assert_int_equal(find(rib, "198.51.100.1/32")->nhset->n, 1);
		rib_free(rib);
	}
}

static void thousands_of_routes_are_found_again(void **state)
{
	enum { ROUTES = 5000 };
	struct rib *rib = rib_new();
	struct ip_addr hop = ip("10.0.0.1");
	struct ip_prefix p = {.len = 32};
	struct err err;

	(void)state;
	for (uint32_t i = 0; i < ROUTES; i++) {
		p.addr = ip_from_v4((uint8_t[]){100, 64, (uint8_t)(i >> 8), (uint8_t)i});
		assert_ok(rib_set(rib, &p, &hop, 1, 0, NULL, &err), err);
	}
	for (uint32_t i = 0; i < ROUTES; i += 2) {
		p.addr = ip_from_v4((uint8_t[]){100, 64, (uint8_t)(i >> 8), (uint8_t)i});
		rib_delete(rib, &p);
	}
	assert_int_equal(rib_count(rib), ROUTES / 2);
	for (uint32_t i = 0; i < ROUTES; i++) {
		p.addr = ip_from_v4((uint8_t[]){100, 64, (uint8_t)(i >> 8), (uint8_t)i});
		assert_int_equal(rib_find(rib, &p) != NULL, i % 2);
	}
	rib_free(rib);
}

/* ---- the log ----------------------------------------------------------------------------- */

/* The changes ahead of a reader, as the last bytes of their addresses; '-' before a deleted one.
 * Each counts as sent. */
static void read_all(struct rib_reader *reader, char *out)
{
	struct rib_change change;

	*out = '\0';
	while (rib_reader_next(reader, &change)) {
		out += sprintf(out, "%s%u ", change.route.nhset ? "" : "-",
			       change.route.prefix.addr.b[3]);
		rib_reader_sent(reader, change.id, nhset_ref(change.route.nhset));
	}
}

static void a_route_stands_in_the_log_once_at_its_newest_change(void **state)
{
	struct rib *rib = rib_new();
	struct rib_reader *reader = rib_reader_open(rib);
	char text[64];

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
	must_set(rib, "198.51.100.2/32", "10.0.0.1", NULL);
	must_set(rib, "198.51.100.3/32", "10.0.0.1", NULL);
	must_set(rib, "198.51.100.1/32", "10.0.0.2", NULL);
	read_all(reader, text);
	assert_string_equal(text, "2 3 1 ");
	assert_false(rib_reader_behind(reader));
	must_set(rib, "198.51.100.3/32", "10.0.0.2", NULL);
	drop(rib, "198.51.100.2/32");
	read_all(reader, text);
	assert_string_equal(text, "3 -2 ");
	rib_reader_rewind(reader);
	read_all(reader, text);
	assert_string_equal(text, "1 3 ");
	rib_reader_close(reader);
	rib_free(rib);
}

static void readers_go_at_their_own_pace(void **state)
{
	struct rib *rib = rib_new();
	struct rib_reader *fast = rib_reader_open(rib);
	struct rib_reader *slow = rib_reader_open(rib);
	struct rib_change change;
	char text[64];

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
	must_set(rib, "198.51.100.2/32", "10.0.0.1", NULL);
	read_all(fast, text);
	assert_true(rib_reader_next(slow, &change)); /* stands at route 2 now */
	rib_reader_sent(slow, change.id, nhset_ref(change.route.nhset));
	must_set(rib, "198.51.100.2/32", "10.0.0.2", NULL); /* which goes to the end */
	must_set(rib, "198.51.100.1/32", "10.0.0.2", NULL);
	read_all(slow, text);
	assert_string_equal(text, "2 1 ");
	read_all(fast, text);
	assert_string_equal(text, "2 1 ");
	rib_reader_close(fast);
	rib_reader_close(slow);
	rib_free(rib);
}

static void a_deleted_route_is_kept_for_those_that_have_to_withdraw_it(void **state)
{
	struct rib *rib = rib_new();
	struct rib_reader *has_it = rib_reader_open(rib);
	struct rib_reader *never_had_it = rib_reader_open(rib);
	char text[64];

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
	read_all(has_it, text);
	drop(rib, "198.51.100.1/32");
	assert_int_equal(rib_count(rib), 0);
	assert_null(find(rib, "198.51.100.1/32"));
	read_all(has_it, text);
	assert_string_equal(text, "-1 ");
	assert_false(rib_reader_behind(never_had_it));

	must_set(rib, "198.51.100.2/32", "10.0.0.1", NULL);
	drop(rib, "198.51.100.2/32"); /* before anyone read it */
	assert_false(rib_reader_behind(has_it));
	rib_reader_close(has_it);
	rib_reader_close(never_had_it);
	rib_free(rib);
}

static void a_reader_that_closes_lets_deleted_routes_go(void **state)
{
	struct rib *rib = rib_new();
	struct rib_reader *reader = rib_reader_open(rib);
	struct rib_reader *other;
	char text[64];

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
	read_all(reader, text);
	drop(rib, "198.51.100.1/32");
	rib_reader_close(reader);
	other = rib_reader_open(rib);
	assert_false(rib_reader_behind(other));
	rib_reader_close(other);
	rib_free(rib);
}

static void a_touched_route_is_looked_at_again(void **state)
{
	struct rib *rib = rib_new();
	struct rib_reader *reader = rib_reader_open(rib);
	struct ip_prefix p = prefix("198.51.100.1/32");
	char text[64];

	(void)state;
	must_set(rib, "198.51.100.1/32", "10.0.0.1", NULL);
	read_all(reader, text);
	rib_touch(rib, &p);
	read_all(reader, text);
	assert_string_equal(text, "1 ");
	rib_reader_close(reader);
	rib_free(rib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_share_one_set_whatever_the_order_of_its_next_hops),
		cmocka_unit_test(a_set_differs_by_its_metric),
		cmocka_unit_test(path_identifiers_come_from_the_address_alone),
		cmocka_unit_test(next_hops_that_hash_alike_get_different_identifiers),
		cmocka_unit_test(a_set_finds_its_next_hops),
		cmocka_unit_test(host_bits_do_not_matter),
		cmocka_unit_test(what_does_not_change_makes_no_news),
		cmocka_unit_test(no_next_hops_delete),
		cmocka_unit_test(a_refused_route_stays_as_it_was),
		cmocka_unit_test(thousands_of_routes_are_found_again),
		cmocka_unit_test(a_route_stands_in_the_log_once_at_its_newest_change),
		cmocka_unit_test(readers_go_at_their_own_pace),
		cmocka_unit_test(a_deleted_route_is_kept_for_those_that_have_to_withdraw_it),
		cmocka_unit_test(a_reader_that_closes_lets_deleted_routes_go),
		cmocka_unit_test(a_touched_route_is_looked_at_again),
	};

	return cmocka_run_group_tests_name("bgp rib", tests, NULL, NULL);
}
