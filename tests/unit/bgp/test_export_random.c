// SPDX-License-Identifier: Apache-2.0
/*
 * A RIB that changes at random, and peers of all kinds that read it at random: each must end with
 * exactly what the RIB has, and is told off for any message that makes no sense on the way.
 */

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
		cmocka_unit_test(peers_end_with_the_rib_whatever_happens_on_the_way),
		cmocka_unit_test(a_slow_peer_makes_nothing_grow),
	};

	return cmocka_run_group_tests_name("bgp export at random", tests, NULL, NULL);
}
