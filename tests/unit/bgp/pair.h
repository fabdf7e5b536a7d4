/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_BGP_PAIR_H
#define TESTS_UNIT_BGP_PAIR_H

/*
 * Two sessions, joined in memory: what one sends, the other receives, in pieces of any size. Each
 * has a RIB of its own. The clock is turned by hand.
 */

#include "bgp/session.h"
#include "bgp_test.h"

struct side {
	struct bgp_session *session;
	struct rib *rib;
	bool wants_connect, wants_close, has_output;
	char reason[512];
	char bad[256];
	uint8_t sent[1 << 20]; /* everything it ever sent */
	size_t sent_len, delivered;
};

struct pair {
	struct side a, b;
	uint64_t now;
	size_t piece; /* bytes delivered at a time */
};

static inline void on_connect(void *ctx)
{
	((struct side *)ctx)->wants_connect = true;
}

static inline void take_output(struct side *side, uint64_t now)
{
	size_t n;

	do {
		assert_true(side->sent_len + BGP_MESSAGE_MAX <= sizeof(side->sent));
		n = bgp_session_output(side->session, side->sent + side->sent_len,
				       sizeof(side->sent) - side->sent_len, now);
		side->sent_len += n;
	} while (n);
}

static inline void on_close(void *ctx)
{
	struct side *side = ctx;

	side->wants_close = true;
	take_output(side, 0);
}

static inline void on_output(void *ctx)
{
	((struct side *)ctx)->has_output = true;
}

static inline uint32_t on_random(void *ctx)
{
	(void)ctx;
	return 4;
}

static inline void on_state(void *ctx, enum bgp_state from, enum bgp_state to, const char *reason)
{
	struct side *side = ctx;

	(void)from;
	assert_int_equal(bgp_session_facts(side->session)->state, to);
	(void)snprintf(side->reason, sizeof(side->reason), "%s", reason);
}

static inline void on_bad(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
	struct side *side = ctx;

	(void)bytes;
	(void)snprintf(side->bad, sizeof(side->bad), "%zu: %s", len, what);
}

static const struct bgp_callbacks callbacks = {
	.connect = on_connect,
	.close = on_close,
	.output_ready = on_output,
	.random = on_random,
	.state_changed = on_state,
	.bad_message = on_bad,
};

static inline const struct bgp_config *config(uint32_t as, uint32_t peer_as)
{
	static struct bgp_config c;

	c = (struct bgp_config){.local = ip(as < peer_as ? "10.0.0.1" : "10.0.0.2"),
				.peer = ip(as < peer_as ? "10.0.0.2" : "10.0.0.1"),
				.local_as = as,
				.peer_as = peer_as,
				.add_path = true};
	return &c;
}

static inline void make_side(struct side *side, const struct bgp_config *c)
{
	struct err err;

	memset(side, 0, sizeof(*side));
	side->rib = rib_new();
	assert_ok(bgp_session_new(c, side->rib, &callbacks, side, &side->session, &err), err);
}

static inline struct pair *pair_new(const struct bgp_config *a, const struct bgp_config *b)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct bgp_config copy = *a;

	pair->now = 1000;
	pair->piece = SIZE_MAX;
	make_side(&pair->a, &copy);
	make_side(&pair->b, b);
	return pair;
}

static inline void pair_free(struct pair *pair)
{
	bgp_session_free(pair->a.session);
	bgp_session_free(pair->b.session);
	rib_free(pair->a.rib);
	rib_free(pair->b.rib);
	free(pair);
}

static inline void connect_both(struct pair *pair)
{
	assert_true(pair->a.wants_connect && pair->b.wants_connect);
	pair->a.wants_connect = pair->b.wants_connect = false;
	pair->a.wants_close = pair->b.wants_close = false;
	pair->a.delivered = pair->a.sent_len;
	pair->b.delivered = pair->b.sent_len;
	bgp_session_connected(pair->a.session, pair->now);
	bgp_session_connected(pair->b.session, pair->now);
}

static inline bool deliver(struct pair *pair, struct side *from, struct side *to)
{
	size_t n;

	take_output(from, pair->now);
	n = from->sent_len - from->delivered;
	if (n > pair->piece)
		n = pair->piece;
	bgp_session_input(to->session, from->sent + from->delivered, n, pair->now);
	from->delivered += n;
	return n > 0;
}

/* Until neither has anything more to say. */
static inline void talk(struct pair *pair)
{
	bool more = true;

	while (more) {
		more = deliver(pair, &pair->a, &pair->b);
		more |= deliver(pair, &pair->b, &pair->a);
	}
}

static inline void start(struct pair *pair)
{
	bgp_session_start(pair->a.session, pair->now);
	bgp_session_start(pair->b.session, pair->now);
	connect_both(pair);
	talk(pair);
}

static inline enum bgp_state state_of(const struct side *side)
{
	return bgp_session_facts(side->session)->state;
}

static inline void set(struct rib *rib, const char *text, const char *first, const char *second)
{
	struct ip_prefix p = prefix(text);
	struct ip_addr hops[2] = {ip(first), ip(second)};
	struct err err;

	assert_ok(rib_set(rib, &p, hops, 2, 0, NULL, &err), err);
}

/* Raw bytes into a side, as its peer would send them. */
static inline void inject(struct pair *pair, struct side *side, const char *text)
{
	uint8_t bytes[256];

	bgp_session_input(side->session, bytes, unhex(text, bytes), pair->now);
}

#endif
