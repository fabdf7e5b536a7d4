// SPDX-License-Identifier: Apache-2.0
#include "plan/fallback.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util/mem.h"

struct balance {
	struct fallback_vip *vips;
	size_t vips_n, sessions, nodes;
	const uint32_t *peers; /* of the sessions */
	uint32_t *count;       /* VIPs per node, of the session at hand */
	uint32_t *total;       /* VIPs per node, of all sessions */
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
	return x ^ (x >> 32);
}

/*
 * How far a node may stand over the least used one for the sake of different nodes for the sessions
 * of a VIP. Within twice this, nothing is moved: the loss of a node must touch no VIP but its own.
 */
static uint32_t slack(uint32_t least)
{
	return 1 + least / 32;
}

static bool is_eligible(const struct fallback_vip *vip, uint32_t node)
{
	for (size_t i = 0; i < vip->eligible_n; i++)
		if (vip->eligible[i] == node)
			return true;
	return false;
}

/* How many other sessions of the VIP use the node: all, or those with the same peer. */
static uint32_t usage(const struct balance *b, const struct fallback_vip *vip, size_t session,
		      uint32_t node, bool same_peer)
{
	uint32_t n = 0;

	for (size_t s = 0; s < b->sessions; s++)
		n += s != session && vip->choice[s] == node &&
		     (!same_peer || b->peers[s] == b->peers[session]);
	return n;
}

/* Would the node be used more by others of the VIP's sessions than the one that it is on? */
static bool is_worse(const struct balance *b, const struct fallback_vip *vip, size_t session,
		     uint32_t node)
{
	uint32_t from = vip->choice[session];
	uint32_t here = usage(b, vip, session, from, true),
		 there = usage(b, vip, session, node, true);

	if (here != there)
		return there > here;
	return usage(b, vip, session, node, false) > usage(b, vip, session, from, false);
}

/* What a choice costs, most significant first. */
struct cost {
	bool far_over; /* twice the slack: what keeps the sessions of one peer apart may cost that
			*/
	uint32_t peer_usage;
	bool over;
	uint32_t usage, count, total;
	uint64_t tie;
};

static bool is_cheaper(const struct cost *a, const struct cost *b)
{
	if (a->far_over != b->far_over)
		return !a->far_over;
	if (a->peer_usage != b->peer_usage)
		return a->peer_usage < b->peer_usage;
	if (a->over != b->over)
		return !a->over;
	if (a->usage != b->usage)
		return a->usage < b->usage;
	if (a->count != b->count)
		return a->count < b->count;
	if (a->total != b->total)
		return a->total < b->total;
	return a->tie < b->tie;
}

static uint32_t least_used(const struct balance *b, const struct fallback_vip *vip)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < vip->eligible_n; i++)
		if (b->count[vip->eligible[i]] < least)
			least = b->count[vip->eligible[i]];
	return least;
}

static uint32_t choose(const struct balance *b, const struct fallback_vip *vip, size_t session)
{
	uint32_t least = least_used(b, vip);
	uint32_t best = FALLBACK_NONE;
	struct cost best_cost = {0};

	for (size_t i = 0; i < vip->eligible_n; i++) {
		uint32_t node = vip->eligible[i];
		struct cost cost = {
			.far_over = b->count[node] > least + 2 * slack(least),
			.peer_usage = usage(b, vip, session, node, true),
			.over = b->count[node] > least + slack(least),
			.usage = usage(b, vip, session, node, false),
			.count = b->count[node],
			.total = b->total[node],
			.tie = mix(vip->hash ^ mix(session << 32 | node)),
		};

		if (best != FALLBACK_NONE && !is_cheaper(&cost, &best_cost))
			continue;
		best = node;
		best_cost = cost;
	}
	return best;
}

static void assign(struct balance *b, struct fallback_vip *vip, size_t session, uint32_t node)
{
	uint32_t *choice = &vip->choice[session];

	if (*choice != FALLBACK_NONE) {
		b->count[*choice]--;
		b->total[*choice]--;
	}
	*choice = node;
	if (node != FALLBACK_NONE) {
		b->count[node]++;
		b->total[node]++;
	}
}

/* ---- moving VIPs to a node that has too few ------------------------------------------------- */

/* Could one of the VIPs go to a node that has far fewer than the one it is on? */
static bool is_lopsided(const struct balance *b, size_t session)
{
	for (size_t i = 0; i < b->vips_n; i++) {
		const struct fallback_vip *vip = &b->vips[i];
		uint32_t least;

		if (vip->choice[session] == FALLBACK_NONE)
			continue;
		least = least_used(b, vip);
		if (b->count[vip->choice[session]] > least + 2 * slack(least) + 1)
			return true;
	}
	return false;
}

/* What no node should have more of: the mean, rounded up. */
static uint32_t fair_share(const struct balance *b)
{
	uint32_t sum = 0, nodes = 0;
	uint8_t *seen = xcalloc(b->nodes + 1, 1);

	for (size_t i = 0; i < b->vips_n; i++)
		for (size_t e = 0; e < b->vips[i].eligible_n; e++)
			seen[b->vips[i].eligible[e]] = 1;
	for (size_t node = 0; node < b->nodes; node++) {
		sum += b->count[node];
		nodes += seen[node];
	}
	free(seen);
	return nodes ? (sum + nodes - 1) / nodes : 0;
}

/* The least used node that would still have fewer VIPs than the one that gives. */
static uint32_t receiver(const struct balance *b, const struct fallback_vip *vip, size_t session,
			 bool apart)
{
	uint32_t from = vip->choice[session], best = FALLBACK_NONE;

	for (size_t i = 0; i < vip->eligible_n; i++) {
		uint32_t node = vip->eligible[i];

		if (b->count[node] + 1 >= b->count[from])
			continue;
		if (apart && is_worse(b, vip, session, node))
			continue;
		if (best == FALLBACK_NONE || b->count[node] < b->count[best])
			best = node;
	}
	return best;
}

/* One walk over the VIPs of nodes that have more than SHARE; says whether any moved. */
static bool give_away(struct balance *b, size_t session, uint32_t share, bool apart)
{
	bool moved = false;

	for (size_t i = 0; i < b->vips_n; i++) {
		struct fallback_vip *vip = &b->vips[i];
		uint32_t to;

		if (vip->choice[session] == FALLBACK_NONE ||
		    b->count[vip->choice[session]] <= share)
			continue;
		to = receiver(b, vip, session, apart);
		if (to == FALLBACK_NONE)
			continue;
		assign(b, vip, session, to);
		moved = true;
	}
	return moved;
}

static void level(struct balance *b, size_t session)
{
	uint32_t share;

	if (!is_lopsided(b, session))
		return;
	share = fair_share(b);
	give_away(b, session, share, true);
	give_away(b, session, share, false);
	/* VIPs that few nodes may take (externalTrafficPolicy Local) can leave it lopsided. Each
	 * move makes the counts more equal, so this ends. */
	while (is_lopsided(b, session) && give_away(b, session, 0, false))
		;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void count_session(struct balance *b, size_t session)
{
	for (size_t node = 0; node < b->nodes; node++)
		b->count[node] = 0;
	for (size_t i = 0; i < b->vips_n; i++)
		if (b->vips[i].choice[session] != FALLBACK_NONE)
			b->count[b->vips[i].choice[session]]++;
}

static void drop_stale(struct balance *b)
{
	for (size_t i = 0; i < b->vips_n; i++) {
		for (size_t s = 0; s < b->sessions; s++) {
			uint32_t *choice = &b->vips[i].choice[s];

			if (*choice == FALLBACK_NONE)
				continue;
			if (is_eligible(&b->vips[i], *choice))
				b->total[*choice]++;
			else
				*choice = FALLBACK_NONE;
		}
	}
}

void fallback_balance(struct fallback_vip *vips, size_t vips_n, const uint32_t *peers,
		      size_t sessions, size_t nodes)
{
	struct balance b = {.vips = vips,
			    .vips_n = vips_n,
			    .peers = peers,
			    .sessions = sessions,
			    .nodes = nodes};

	b.count = xcalloc(nodes + 1, sizeof(*b.count));
	b.total = xcalloc(nodes + 1, sizeof(*b.total));
	drop_stale(&b);
	for (size_t s = 0; s < sessions; s++) {
		count_session(&b, s);
		for (size_t i = 0; i < vips_n; i++)
			if (vips[i].choice[s] == FALLBACK_NONE)
				assign(&b, &vips[i], s, choose(&b, &vips[i], s));
		level(&b, s);
	}
	free(b.count);
	free(b.total);
}
