/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dataplane/publish.h"

/*
 * The backends' half of a publication: a merge of two sorted lists, what is published and what is
 * wanted. A backend keeps its index as long as its address, port and NAT address stay.
 */

typedef ARRAY(struct published_backend) published_list;

static int compare_published(const void *va, const void *vb)
{
	const struct published_backend *a = va, *b = vb;
	int by_backend = compiled_backend_compare(&a->backend, &b->backend);

	if (by_backend)
		return by_backend;
	return (a->index > b->index) - (a->index < b->index);
}

static struct published_backend read_record(const struct backend_value *value, uint32_t index)
{
	struct published_backend b = {.index = index};

	b.backend.ip = backend_ip(value);
	b.backend.port = (uint16_t)(value->port >> 8 | value->port << 8);
	b.backend.draining = value->flags & BACKEND_DRAINING;
	b.nexthop.nat_addr = backend_nat_addr(value);
	b.nexthop.path.ifindex = value->ifindex;
	b.nexthop.path.resolved = value->flags & BACKEND_UP;
	memcpy(b.nexthop.path.dst_mac, value->dst_mac, sizeof(value->dst_mac));
	memcpy(b.nexthop.path.src_mac, value->src_mac, sizeof(value->src_mac));
	return b;
}

void publisher_adopt_backends(struct publisher *p)
{
	size_t kept = 0;

	for (uint32_t i = 1; i < p->maps.backend_count; i++)
		if (p->maps.backends[i].flags)
			array_push(&p->published, read_record(&p->maps.backends[i], i));
	if (p->published.n == 0)
		return;
	qsort(p->published.v, p->published.n, sizeof(*p->published.v), compare_published);
	for (size_t i = 1; i < p->published.n; i++) {
		struct published_backend *b = &p->published.v[i];

		if (compiled_backend_compare(&b->backend, &p->published.v[kept].backend))
			p->published.v[++kept] = *b;
		else
			array_push(&p->gone, b->index);
	}
	p->published.n = kept + 1;
}

static uint16_t flags_of(const struct compiled_backend *backend)
{
	return backend->draining ? BACKEND_DRAINING : 0;
}

static bool path_equal(const struct backend_path *a, const struct backend_path *b)
{
	return a->ifindex == b->ifindex && a->resolved == b->resolved &&
	       memcmp(a->dst_mac, b->dst_mac, sizeof(a->dst_mac)) == 0 &&
	       memcmp(a->src_mac, b->src_mac, sizeof(a->src_mac)) == 0;
}

/*
 * A MAC address that was known is kept while the neighbour is being asked again: a lost entry of
 * the neighbour table is no reason to drop packets.
 */
static struct nexthop with_last_mac(const struct nexthop *now, const struct nexthop *before)
{
	struct nexthop merged = *now;

	if (!now->path.resolved && before->path.resolved &&
	    now->path.ifindex == before->path.ifindex) {
		memcpy(merged.path.dst_mac, before->path.dst_mac, sizeof(merged.path.dst_mac));
		merged.path.resolved = true;
	}
	return merged;
}

/* Same index, at most a new path or flag. */
static void refresh(struct publisher *p, struct published_backend *b,
		    const struct compiled_backend *wanted, const struct nexthop *nexthop)
{
	struct nexthop merged = with_last_mac(nexthop, &b->nexthop);

	if (!path_equal(&merged.path, &b->nexthop.path) || wanted->draining != b->backend.draining)
		backend_table_update(&p->backends, b->index, &merged.path, flags_of(wanted));
	b->nexthop = merged;
	b->backend = *wanted;
}

/* A record that was retired a moment ago and is still in force, if it is this backend's. */
static uint32_t revive(struct publisher *p, const struct compiled_backend *wanted,
		       const struct nexthop *nexthop)
{
	array_each(&p->backends.retired, r) {
		struct published_backend b = read_record(&p->maps.backends[r->index], r->index);

		if (compiled_backend_compare(&b.backend, wanted) == 0 &&
		    ip_equal(&b.nexthop.nat_addr, &nexthop->nat_addr)) {
			backend_table_revive(&p->backends, b.index);
			refresh(p, &b, wanted, nexthop);
			return b.index;
		}
	}
	return 0;
}

static uint32_t make_record(struct publisher *p, const struct compiled_backend *wanted,
			    const struct nexthop *nexthop, uint64_t now)
{
	uint32_t index = revive(p, wanted, nexthop);

	if (index)
		return index;
	index = backend_table_add(&p->backends, &wanted->ip, wanted->port, &nexthop->nat_addr,
				  &nexthop->path, flags_of(wanted), now);
	if (index && p->maps.reset_backend_stats)
		p->maps.reset_backend_stats(p->maps.ctx, index);
	return index;
}

size_t publisher_apply_backends(struct publisher *p, const struct compiled *wanted,
				const struct nexthop *nexthops, uint64_t now, uint32_t *indexes)
{
	published_list next = {0};
	size_t old = 0, deferred = 0;

	for (size_t i = 0; i < wanted->backends.n; i++) {
		const struct compiled_backend *w = &wanted->backends.v[i];
		struct published_backend b = {.backend = *w, .nexthop = nexthops[i]};
		int order = 1;

		while (old < p->published.n &&
		       (order = compiled_backend_compare(&p->published.v[old].backend, w)) < 0)
			array_push(&p->gone, p->published.v[old++].index);
		if (old < p->published.n && order == 0) {
			struct published_backend *was = &p->published.v[old++];

			if (ip_equal(&was->nexthop.nat_addr, &nexthops[i].nat_addr)) {
				refresh(p, was, w, &nexthops[i]);
				b = *was;
			} else {
				array_push(&p->gone, was->index);
			}
		}
		if (!b.index)
			b.index = make_record(p, w, &b.nexthop, now);
		indexes[i] = b.index;
		if (b.index)
			array_push(&next, b);
		else
			deferred++;
	}
	while (old < p->published.n)
		array_push(&p->gone, p->published.v[old++].index);
	array_free(&p->published);
	p->published.v = next.v;
	p->published.n = next.n;
	p->published.cap = next.cap;
	return deferred;
}
