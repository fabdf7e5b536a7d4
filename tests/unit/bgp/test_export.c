// SPDX-License-Identifier: Apache-2.0
#include "bgp/export.h"

#include "model_peer.h"

#define PREFIXES 48
#define HOPS	 10
#define PEERS	 5
#define V4	 BGP_FAMILY_BIT(BGP_IPV4_UNICAST)
#define V6	 BGP_FAMILY_BIT(BGP_IPV6_UNICAST)

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
	drain(export, &peer);
	assert_int_equal(peer.announced, 2);
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

/* ---- all of it at random ------------------------------------------------------------------- */

struct world {
	struct dice dice;
	struct rib *rib;
	struct ip_prefix prefixes[PREFIXES];
	struct ip_addr hops[2][HOPS]; /* IPv4, IPv6 */
	struct export *exports[PEERS];
	struct model_peer peers[PEERS];
	uint32_t families[PEERS];
	uint32_t choice; /* moves the answers of choose() */
};

static const struct ip_addr *choose(void *ctx, const struct rib_route *route)
{
	const struct world *w = ctx;

	if (w->choice % 4 == 0)
		return NULL;
	return &route->nhset->hops[(w->choice + route->prefix.addr.b[3]) % route->nhset->n]->ip;
}

static void make_prefixes(struct world *w)
{
	for (uint32_t i = 0; i < PREFIXES; i++) {
		uint8_t v4[] = {100, (uint8_t)(i * 37), (uint8_t)(i * 11), (uint8_t)i};
		uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, (uint8_t)i};
		struct ip_prefix *p = &w->prefixes[i];

		p->addr = i % 3 ? ip_from_v4(v4) : ip_from_v6(v6);
		p->len = (uint8_t)(ip_bits(p->addr.family) - (i % 5 ? 0 : i % 24));
		p->addr = ip_prefix_range(p).first;
	}
	for (uint8_t i = 0; i < HOPS; i++) {
		uint8_t v6[16] = {0x20, 0x01, [15] = (uint8_t)(i + 1)};

		w->hops[0][i] = ip_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(i + 1)});
		w->hops[1][i] = ip_from_v6(v6);
	}
}

static void connect_peer(struct world *w, int i)
{
	struct export_config config = {.style = {.local_as = 4200000001}, .ctx = w};

	config.style.four_octet_as = roll(&w->dice, 2);
	config.style.add_path[0] = i % 2;
	config.style.add_path[1] = i % 3 == 0;
	config.families = i == PEERS - 1 ? V4 : V4 | V6;
	config.select = choose;
	w->families[i] = config.families;
	w->peers[i] = (struct model_peer){
		.add_path = {config.style.add_path[0], config.style.add_path[1]}};
	w->exports[i] = export_new(w->rib, &config);
}

static void change_a_route(struct world *w)
{
	const struct ip_prefix *p = &w->prefixes[roll(&w->dice, PREFIXES)];
	bool v6 = p->addr.family == AF_INET6;
	struct ip_addr hops[HOPS];
	size_t n = 0;
	struct err err;

	switch (roll(&w->dice, 6)) {
	case 0:
		rib_delete(w->rib, p);
		return;
	case 1:
		w->choice++;
		for (int i = 0; i < PREFIXES; i++)
			rib_touch(w->rib, &w->prefixes[i]);
		return;
	default:
		for (int i = 0; i < HOPS; i++) {
			if (roll(&w->dice, 3) == 0)
				hops[n++] = w->hops[v6][i];
		}
		assert_ok(rib_set(w->rib, p, hops, n, roll(&w->dice, 3), NULL, &err), err);
	}
}

static void read_some(struct world *w, int i)
{
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t room = roll(&w->dice, 2) ? 256 + roll(&w->dice, 512) : sizeof(buf);

	for (uint32_t left = roll(&w->dice, 8); left; left--) {
		size_t len = export_next(w->exports[i], buf, room);

		if (!len)
			return;
		model_message(&w->peers[i], buf, len);
	}
}

static size_t paths_to(const struct model_peer *peer, const struct ip_prefix *p)
{
	size_t n = 0;

	array_each(&peer->paths, path)
		n += path->prefix.len == p->len && ip_equal(&path->prefix.addr, &p->addr);
	return n;
}

/* The peer has what the RIB has, each route as its session is to show it, and nothing else. */
static void compare(struct world *w, int i)
{
	struct model_peer *peer = &w->peers[i];
	size_t expected = 0;

	for (int k = 0; k < PREFIXES; k++) {
		const struct rib_route *route = rib_find(w->rib, &w->prefixes[k]);
		bool v6 = w->prefixes[k].addr.family == AF_INET6;

		if (!route || !(w->families[i] & (v6 ? V6 : V4)))
			continue;
		if (!peer->add_path[v6]) {
			const struct ip_addr *choice = choose(w, route);
			struct model_path *path = model_find(peer, &route->prefix, 0);

			assert_non_null(path);
			assert_int_equal(path->metric, route->nhset->metric);
			assert_non_null(nhset_find(route->nhset, &path->next_hop));
			if (choice)
				assert_true(ip_equal(choice, &path->next_hop));
			expected++;
			continue;
		}
		for (uint32_t h = 0; h < route->nhset->n; h++) {
			const struct nexthop *hop = route->nhset->hops[h];
			struct model_path *path = model_find(peer, &route->prefix, hop->path_id);

			assert_non_null(path);
			assert_true(ip_equal(&path->next_hop, &hop->ip));
			assert_int_equal(path->metric, route->nhset->metric);
		}
		assert_int_equal(paths_to(peer, &route->prefix), route->nhset->n);
		expected += route->nhset->n;
	}
	assert_int_equal(peer->paths.n, expected);
}

static void one_step(struct world *w)
{
	int i = (int)roll(&w->dice, PEERS);

	switch (roll(&w->dice, 40)) {
	case 0:
		export_free(w->exports[i]);
		array_free(&w->peers[i].paths);
		connect_peer(w, i);
		break;
	case 1:
		export_refresh(w->exports[i], roll(&w->dice, BGP_FAMILIES));
		break;
	case 2:
		drain(w->exports[i], &w->peers[i]);
		compare(w, i);
		break;
	default:
		if (roll(&w->dice, 2))
			change_a_route(w);
		else
			read_some(w, i);
	}
}

static void peers_end_with_the_rib_whatever_happens_on_the_way(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w = {.dice.state = seed, .rib = rib_new()};

		make_prefixes(&w);
		for (int i = 0; i < PEERS; i++)
			connect_peer(&w, i);
		for (int step = 0; step < 2000; step++)
			one_step(&w);
		for (int i = 0; i < PEERS; i++) {
			drain(w.exports[i], &w.peers[i]);
			compare(&w, i);
			export_free(w.exports[i]);
			array_free(&w.peers[i].paths);
		}
		rib_free(w.rib);
	}
}

static void a_slow_peer_makes_nothing_grow(void **state)
{
	struct world w = {.dice.state = 7, .rib = rib_new()};
	size_t memory = 0;

	(void)state;
	make_prefixes(&w);
	connect_peer(&w, 1);
	drain(w.exports[1], &w.peers[1]);
	for (int round = 0; round < 20000; round++) {
		change_a_route(&w);
		if (round == 5000)
			memory = rib_memory(w.rib);
	}
	assert_in_range(rib_memory(w.rib), 0, 2 * memory);
	drain(w.exports[1], &w.peers[1]);
	compare(&w, 1);
	/* It never saw more than where the routes ended. */
	assert_in_range(w.peers[1].announced, 0, PREFIXES * HOPS);
	export_free(w.exports[1]);
	array_free(&w.peers[1].paths);
	rib_free(w.rib);
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
		cmocka_unit_test(peers_end_with_the_rib_whatever_happens_on_the_way),
		cmocka_unit_test(a_slow_peer_makes_nothing_grow),
	};

	return cmocka_run_group_tests_name("bgp export", tests, NULL, NULL);
}
