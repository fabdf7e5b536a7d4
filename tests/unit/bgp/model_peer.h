/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_BGP_MODEL_PEER_H
#define TESTS_UNIT_BGP_MODEL_PEER_H

/*
 * A peer as simple as can be: reads UPDATEs with a parser of its own and keeps what they say in a
 * plain list. It fails the test over anything a router would complain about, and counts what was
 * said for nothing.
 */

#include <stdbool.h>
#include <sys/socket.h>

#include "bgp_test.h"
#include "util/array.h"

struct model_path {
	struct ip_prefix prefix;
	uint32_t id; /* 0 without ADD-PATH */
	struct ip_addr next_hop;
	uint32_t metric;
};

struct model_peer {
	bool add_path[2]; /* IPv4, IPv6 */
	ARRAY(struct model_path) paths;
	uint32_t announced, withdrawn; /* NLRIs */
	uint32_t idle_announcements;   /* of what was known already */
	uint32_t updates;
	bool end_of_rib[2];
};

struct model_bytes {
	const uint8_t *p, *end;
};

static inline uint32_t model_number(struct model_bytes *b, size_t size)
{
	uint32_t v = 0;

	if ((size_t)(b->end - b->p) < size)
		fail_msg("message too short: %zu bytes wanted", size);
	while (size--)
		v = v << 8 | *b->p++;
	return v;
}

static inline struct model_bytes model_part(struct model_bytes *b, size_t size)
{
	struct model_bytes part = {b->p, b->p + size};

	if ((size_t)(b->end - b->p) < size)
		fail_msg("message too short: %zu bytes wanted", size);
	b->p += size;
	return part;
}

static inline struct model_path *model_find(struct model_peer *peer, const struct ip_prefix *prefix,
					    uint32_t id)
{
	array_each(&peer->paths, path) {
		if (path->id == id && path->prefix.len == prefix->len &&
		    ip_equal(&path->prefix.addr, &prefix->addr))
			return path;
	}
	return NULL;
}

static inline void model_announce(struct model_peer *peer, const struct model_path *path)
{
	struct model_path *known = model_find(peer, &path->prefix, path->id);

	peer->announced++;
	if (!known) {
		array_push(&peer->paths, *path);
		return;
	}
	if (ip_equal(&known->next_hop, &path->next_hop) && known->metric == path->metric)
		peer->idle_announcements++;
	*known = *path;
}

static inline void model_withdraw(struct model_peer *peer, const struct model_path *path)
{
	struct model_path *known = model_find(peer, &path->prefix, path->id);

	peer->withdrawn++;
	if (!known)
		fail_msg("withdrawal of %s, which was not announced", ip_str(&path->prefix.addr).s);
	array_remove(&peer->paths, known - peer->paths.v);
}

static inline void model_nlris(struct model_peer *peer, struct model_bytes nlri, uint8_t family,
			       bool withdraw, struct model_path path)
{
	while (nlri.p < nlri.end) {
		struct model_bytes bytes;

		path.id = peer->add_path[family == AF_INET6] ? model_number(&nlri, 4) : 0;
		path.prefix = (struct ip_prefix){.addr.family = family};
		path.prefix.len = (uint8_t)model_number(&nlri, 1);
		assert_in_range(path.prefix.len, 0, ip_bits(family));
		bytes = model_part(&nlri, (path.prefix.len + 7u) / 8);
		memcpy(path.prefix.addr.b, bytes.p, (size_t)(bytes.end - bytes.p));
		if (withdraw)
			model_withdraw(peer, &path);
		else
			model_announce(peer, &path);
	}
}

/* One message with its header. Others than UPDATEs are of no interest here. */
static inline void model_message(struct model_peer *peer, const uint8_t *bytes, size_t len)
{
	struct model_bytes b = {bytes + 16, bytes + len};
	struct model_bytes withdrawn, attrs, reach = {0}, unreach = {0};
	struct model_path path = {0};
	bool attributes[256] = {0};

	assert_in_range(len, 19, 4096);
	assert_int_equal(model_number(&b, 2), len);
	if (model_number(&b, 1) != 2)
		return;
	peer->updates++;
	withdrawn = model_part(&b, model_number(&b, 2));
	attrs = model_part(&b, model_number(&b, 2));
	if (len == 23)
		peer->end_of_rib[0] = true;
	while (attrs.p < attrs.end) {
		uint32_t flags = model_number(&attrs, 1);
		uint32_t type = model_number(&attrs, 1);
		struct model_bytes value =
			model_part(&attrs, model_number(&attrs, flags & 0x10 ? 2 : 1));

		assert_false(attributes[type]);
		attributes[type] = true;
		if (type == 3)
			path.next_hop = ip_from_v4(value.p);
		else if (type == 4)
			path.metric = model_number(&value, 4);
		else if (type == 14)
			reach = value;
		else if (type == 15)
			unreach = value;
	}
	model_nlris(peer, withdrawn, AF_INET, true, path);
	if (b.p < b.end) {
		assert_true(attributes[1] && attributes[2] && attributes[3]);
		model_nlris(peer, b, AF_INET, false, path);
	}
	if (reach.p) {
		assert_true(attributes[1] && attributes[2]);
		assert_int_equal(model_number(&reach, 3), 0x000201);
		assert_int_equal(model_number(&reach, 1), 16);
		path.next_hop = ip_from_v6(model_part(&reach, 16).p);
		assert_int_equal(model_number(&reach, 1), 0);
		model_nlris(peer, reach, AF_INET6, false, path);
	}
	if (unreach.p) {
		assert_int_equal(model_number(&unreach, 3), 0x000201);
		if (unreach.p == unreach.end)
			peer->end_of_rib[1] = true;
		model_nlris(peer, unreach, AF_INET6, true, path);
	}
}

#endif
