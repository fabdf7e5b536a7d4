// SPDX-License-Identifier: Apache-2.0
#include "bgp/export.h"

#include "model_peer.h"

#define V4 BGP_FAMILY_BIT(BGP_IPV4_UNICAST)
#define V6 BGP_FAMILY_BIT(BGP_IPV6_UNICAST)

/* Takes everything that is to be sent. */
static void drain(struct export *export, struct model_peer *peer)
{
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t len;

	while ((len = export_next(export, buf, sizeof(buf))) > 0)
		model_message(peer, buf, len);
	assert_false(export_pending(export));
}

static struct export *session(struct rib *rib, struct model_peer *peer, bool add_path)
{
	struct export_config config = {
		.style = {.local_as = 64601,
			  .four_octet_as = true,
			  .add_path = {add_path, add_path}},
		.families = V4 | V6,
	};

	*peer = (struct model_peer){.add_path = {add_path, add_path}};
	return export_new(rib, &config);
}

static void set(struct rib *rib, const char *text, uint32_t metric, const char *first,
		const char *second)
{
	struct ip_prefix p = prefix(text);
	struct ip_addr hops[2] = {ip(first)};
	struct err err;

	if (second)
		hops[1] = ip(second);
	assert_ok(rib_set(rib, &p, hops, second ? 2 : 1, metric, NULL, &err), err);
}

/* ---- what is sent for one change ----------------------------------------------------------- */

static void first_feeds_everything_and_ends_with_end_of_rib(void **state)
{
	struct rib *rib = rib_new();
	struct model_peer peer;
	struct export *export;

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", "10.0.0.2");
	set(rib, "2001:db8::1/128", 0, "2001:db8:1::1", "2001:db8:1::2");
	export = session(rib, &peer, true);
	drain(export, &peer);
	assert_int_equal(peer.paths.n, 4);
	assert_true(peer.end_of_rib[0] && peer.end_of_rib[1]);
	assert_int_equal(export_prefixes(export, BGP_IPV4_UNICAST), 1);
	assert_int_equal(export_prefixes(export, BGP_IPV6_UNICAST), 1);
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

static void end_of_rib_comes_even_when_there_is_no_route(void **state)
{
	struct rib *rib = rib_new();
	struct model_peer peer;
	struct export *export = session(rib, &peer, false);

	(void)state;
	assert_true(export_pending(export));
	drain(export, &peer);
	assert_true(peer.end_of_rib[0] && peer.end_of_rib[1]);
	assert_int_equal(peer.updates, 2);
	export_free(export);
	rib_free(rib);
}

/* What is sent when one route goes from some next hops and metric to others. */
static const struct {
	const char *from[2], *to[2];
	uint32_t from_metric, to_metric;
	uint32_t announced[2], withdrawn[2]; /* without, with ADD-PATH */
} steps[] = {
	{{"10.0.0.1", NULL}, {"10.0.0.1", NULL}, 0, 0, {0, 0}, {0, 0}},
	{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.2", "10.0.0.1"}, 0, 0, {0, 0}, {0, 0}},
	{{"10.0.0.1", NULL}, {"10.0.0.1", "10.0.0.1"}, 0, 0, {0, 0}, {0, 0}},
	{{"10.0.0.1", NULL}, {"10.0.0.2", NULL}, 0, 0, {1, 1}, {0, 1}},
	{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.3", "10.0.0.4"}, 0, 0, {1, 2}, {0, 2}},
	{{"10.0.0.1", NULL}, {"10.0.0.1", NULL}, 0, 5, {1, 1}, {0, 0}},
	{{"10.0.0.1", NULL}, {"10.0.0.1", NULL}, 5, 0, {1, 1}, {0, 0}},
	{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.1", "10.0.0.3"}, 5, 7, {1, 2}, {0, 1}},
	{{"10.0.0.1", NULL}, {NULL, NULL}, 0, 0, {0, 0}, {1, 1}},
	{{"10.0.0.1", "10.0.0.2"}, {NULL, NULL}, 0, 0, {0, 0}, {1, 2}},
};

static void sends_exactly_the_difference(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(steps) / sizeof(*steps); i++) {
		bool add_path = i % 2;
		struct rib *rib = rib_new();
		struct ip_prefix p = prefix("198.51.100.1/32");
		struct model_peer peer;
		struct export *export = session(rib, &peer, add_path);

		set(rib, "198.51.100.1/32", steps[i / 2].from_metric, steps[i / 2].from[0],
		    steps[i / 2].from[1]);
		drain(export, &peer);
		peer.announced = 0;
		if (steps[i / 2].to[0])
			set(rib, "198.51.100.1/32", steps[i / 2].to_metric, steps[i / 2].to[0],
			    steps[i / 2].to[1]);
		else
			rib_delete(rib, &p);
		drain(export, &peer);
		assert_int_equal(peer.announced, steps[i / 2].announced[add_path]);
		assert_int_equal(peer.withdrawn, steps[i / 2].withdrawn[add_path]);
		export_free(export);
		array_free(&peer.paths);
		rib_free(rib);
	}
}

static void a_change_that_was_undone_before_it_was_read_is_not_sent(void **state)
{
	struct rib *rib = rib_new();
	struct ip_prefix p = prefix("198.51.100.1/32");
	struct model_peer peer;
	struct export *export = session(rib, &peer, true);
	uint32_t updates;

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", NULL);
	drain(export, &peer);
	updates = peer.updates;
	set(rib, "198.51.100.1/32", 0, "10.0.0.2", NULL);
	rib_delete(rib, &p);
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", NULL);
	set(rib, "198.51.100.2/32", 0, "10.0.0.1", NULL);
	p = prefix("198.51.100.2/32");
	rib_delete(rib, &p);
	drain(export, &peer);
	assert_int_equal(peer.updates, updates);
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

static void announces_the_new_next_hops_before_it_withdraws_the_old_ones(void **state)
{
	struct rib *rib = rib_new();
	struct model_peer peer;
	struct export *export = session(rib, &peer, true);
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t len;

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", "10.0.0.2");
	drain(export, &peer);
	set(rib, "198.51.100.1/32", 0, "10.0.0.3", "10.0.0.4");
	while ((len = export_next(export, buf, sizeof(buf))) > 0) {
		model_message(&peer, buf, len);
		assert_true(peer.paths.n >= 2);
	}
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

static void a_refresh_sends_one_family_again(void **state)
{
	struct rib *rib = rib_new();
	struct model_peer peer;
	struct export *export = session(rib, &peer, true);

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", "10.0.0.2");
	set(rib, "2001:db8::1/128", 0, "2001:db8:1::1", NULL);
	drain(export, &peer);
	peer.announced = 0;
	export_refresh(export, BGP_IPV4_UNICAST);
	assert_true(export_pending(export));
	drain(export, &peer);
	assert_int_equal(peer.announced, 2);
	assert_int_equal(peer.idle_announcements, 2);
	/* and from then on only what changes */
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", "10.0.0.3");
	drain(export, &peer);
	assert_int_equal(peer.announced, 3);
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

static void a_family_that_was_not_negotiated_is_not_sent(void **state)
{
	struct rib *rib = rib_new();
	struct export_config config = {.style = {.local_as = 1}, .families = V4};
	struct model_peer peer = {0};
	struct export *export;

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", NULL);
	set(rib, "2001:db8::1/128", 0, "2001:db8:1::1", NULL);
	export = export_new(rib, &config);
	drain(export, &peer);
	assert_int_equal(peer.paths.n, 1);
	assert_false(peer.end_of_rib[1]);
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

/* ---- choice of one next hop ---------------------------------------------------------------- */

static const struct ip_addr *selected(void *ctx, const struct rib_route *route)
{
	(void)route;
	return ctx;
}

static void without_add_path_the_selected_next_hop_is_sent(void **state)
{
	struct ip_addr choice = ip("10.0.0.2");
	struct rib *rib = rib_new();
	struct ip_prefix p = prefix("198.51.100.1/32");
	struct export_config config = {
		.style = {.local_as = 1}, .families = V4, .select = selected, .ctx = &choice};
	struct model_peer peer = {0};
	struct export *export = export_new(rib, &config);

	(void)state;
	set(rib, "198.51.100.1/32", 3, "10.0.0.1", "10.0.0.2");
	drain(export, &peer);
	assert_int_equal(peer.paths.n, 1);
	assert_true(ip_equal(&peer.paths.v[0].next_hop, &choice));
	assert_int_equal(peer.paths.v[0].metric, 3);

	choice = ip("10.0.0.1");
	rib_touch(rib, &p);
	drain(export, &peer);
	assert_int_equal(peer.paths.n, 1);
	assert_true(ip_equal(&peer.paths.v[0].next_hop, &choice));
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

static void a_choice_that_is_no_next_hop_is_not_followed(void **state)
{
	struct ip_addr choice = ip("10.0.0.9");
	struct rib *rib = rib_new();
	struct export_config config = {
		.style = {.local_as = 1}, .families = V4, .select = selected, .ctx = &choice};
	struct model_peer peer = {0};
	struct export *export = export_new(rib, &config);
	struct ip_addr only = ip("10.0.0.1");

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", NULL);
	drain(export, &peer);
	assert_int_equal(peer.paths.n, 1);
	assert_true(ip_equal(&peer.paths.v[0].next_hop, &only));
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

static void own_choices_spread_over_next_hops_and_keep_to_them(void **state)
{
	enum { ROUTES = 1000, WAYS = 4 };
	struct rib *rib = rib_new();
	struct export_config config = {.style = {.local_as = 1}, .families = V4};
	struct model_peer peer = {0};
	struct export *export = export_new(rib, &config);
	struct ip_addr hops[WAYS];
	uint32_t used[WAYS] = {0};
	struct err err;

	(void)state;
	for (uint8_t i = 0; i < WAYS; i++)
		hops[i] = ip_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(i + 1)});
	for (uint32_t i = 0; i < ROUTES; i++) {
		struct ip_prefix p = {.len = 32};

		p.addr = ip_from_v4((uint8_t[]){100, 64, (uint8_t)(i >> 8), (uint8_t)i});
		assert_ok(rib_set(rib, &p, hops, WAYS, 0, NULL, &err), err);
	}
	drain(export, &peer);
	assert_int_equal(peer.paths.n, ROUTES);
	array_each(&peer.paths, path)
		used[path->next_hop.b[3] - 1]++;
	for (int i = 0; i < WAYS; i++)
		assert_in_range(used[i], ROUTES / WAYS / 2, ROUTES / WAYS * 2);

	/* One that goes moves no prefix but its own. */
	peer.announced = 0;
	for (uint32_t i = 0; i < ROUTES; i++) {
		struct ip_prefix p = {.len = 32};

		p.addr = ip_from_v4((uint8_t[]){100, 64, (uint8_t)(i >> 8), (uint8_t)i});
		assert_ok(rib_set(rib, &p, hops, WAYS - 1, 0, NULL, &err), err);
	}
	drain(export, &peer);
	assert_int_equal(peer.announced, used[WAYS - 1]);
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

/* ---- packing ----------------------------------------------------------------------------- */

static void packs_messages_full(void **state)
{
	enum { ROUTES = 100000, WAYS = 8 };
	struct rib *rib = rib_new();
	struct export_config config = {
		.style = {.local_as = 64601, .four_octet_as = true, .add_path = {true, true}},
		.families = V4,
	};
	struct export *export = export_new(rib, &config);
	struct ip_addr hops[WAYS];
	uint8_t buf[BGP_MESSAGE_MAX];
	uint32_t messages = 0;
	struct err err;

	(void)state;
	for (uint8_t i = 0; i < WAYS; i++)
		hops[i] = ip_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(i + 1)});
	for (uint32_t i = 0; i < ROUTES; i++) {
		struct ip_prefix p = {.len = 32};

		p.addr = ip_from_v4(
			(uint8_t[]){100, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
		assert_ok(rib_set(rib, &p, hops, WAYS, 0, NULL, &err), err);
	}
	while (export_next(export, buf, sizeof(buf)) > 0)
		messages++;
	assert_in_range(messages - 1, ROUTES * WAYS / 450, ROUTES * WAYS / 445);
	export_free(export);
	rib_free(rib);
}

static void prefixes_of_different_sets_share_messages_of_one_next_hop(void **state)
{
	struct rib *rib = rib_new();
	struct model_peer peer;
	struct export *export = session(rib, &peer, true);

	(void)state;
	set(rib, "198.51.100.1/32", 0, "10.0.0.1", "10.0.0.2");
	set(rib, "198.51.100.2/32", 0, "10.0.0.1", "10.0.0.3");
	set(rib, "198.51.100.3/32", 0, "10.0.0.1", NULL);
	drain(export, &peer);
	assert_int_equal(peer.announced, 5);
	assert_int_equal(peer.updates, 3 + 2); /* a message a next hop, and End-of-RIBs */
	export_free(export);
	array_free(&peer.paths);
	rib_free(rib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_feeds_everything_and_ends_with_end_of_rib),
		cmocka_unit_test(end_of_rib_comes_even_when_there_is_no_route),
		cmocka_unit_test(sends_exactly_the_difference),
		cmocka_unit_test(a_change_that_was_undone_before_it_was_read_is_not_sent),
		cmocka_unit_test(announces_the_new_next_hops_before_it_withdraws_the_old_ones),
		cmocka_unit_test(a_refresh_sends_one_family_again),
		cmocka_unit_test(a_family_that_was_not_negotiated_is_not_sent),
		cmocka_unit_test(without_add_path_the_selected_next_hop_is_sent),
		cmocka_unit_test(a_choice_that_is_no_next_hop_is_not_followed),
		cmocka_unit_test(own_choices_spread_over_next_hops_and_keep_to_them),
		cmocka_unit_test(packs_messages_full),
		cmocka_unit_test(prefixes_of_different_sets_share_messages_of_one_next_hop),
	};

	return cmocka_run_group_tests_name("bgp export", tests, NULL, NULL);
}
