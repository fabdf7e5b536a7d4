/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps/maglev.h"

/*
 * A VIP without backends points to the empty table, which all of these share: the first slots of
 * the array, never written. Any other VIP port has a slice of its own.
 */
#define EMPTY_START 0
#define EMPTY_ROW   0

static struct slot_slice empty_table(void)
{
	return (struct slot_slice){EMPTY_START, EMPTY_ROW};
}

static bool is_address(const struct vip_key *key)
{
	return key->port == 0 && key->proto == 0;
}

static uint64_t target_of(const struct published_service *s)
{
	return VIP_TARGET(s->slice.start, s->slice.row,
			  is_address(&s->key) ? VIP_MODE_ADDRESS : VIP_MODE_NAT, s->number);
}

static void service_clear(struct published_service *s)
{
	free(s->service);
	free(s->indexes);
}

/* ---- taking over -------------------------------------------------------------------------- */

static void adopt_entry(void *ctx, const struct vip_key *key, uint64_t target)
{
	struct publisher *p = ctx;
	struct published_service s = {.key = *key, .adopted = true};

	s.number = VIP_TARGET_NUMBER(target);
	s.slice.start = VIP_TARGET_SLOT(target);
	s.slice.row = VIP_TARGET_SIZE(target);
	array_push(&p->services, s);
}

static int compare_services(const void *va, const void *vb)
{
	const struct published_service *a = va, *b = vb;

	return vip_key_compare(&a->key, &b->key);
}

/* Claims the numbers and slices of what was found. */
static int claim(struct publisher *p, struct err *why)
{
	ARRAY(struct slot_slice) slices = {0};
	int rc = 0;

	array_each(&p->services, s) {
		if (!id_pool_adopt(&p->numbers, s->number))
			rc = err_set(why, -EINVAL, "VIP number %u is out of range or taken twice",
				     s->number);
		if (s->slice.start != EMPTY_START)
			array_push(&slices, s->slice);
	}
	if (!rc)
		rc = slot_alloc_init(&p->slots, maglev_size(EMPTY_ROW), p->maps.slot_count,
				     MAPS_REST_MS, slices.v, slices.n, why);
	array_free(&slices);
	return rc;
}

static void start_empty(struct publisher *p, uint64_t now)
{
	array_each(&p->services, s) {
		vip_table_remove(&p->vips, &s->key, now);
		service_clear(s);
	}
	array_free(&p->services);
	id_pool_destroy(&p->numbers);
	id_pool_init(&p->numbers, p->maps.vip_numbers, MAPS_REST_MS);
	slot_alloc_init(&p->slots, maglev_size(EMPTY_ROW), p->maps.slot_count, MAPS_REST_MS, NULL,
			0, NULL);
}

void publisher_init(struct publisher *p, const struct publisher_maps *maps, const uint64_t seed[2],
		    uint64_t now, struct err *why)
{
	memset(p, 0, sizeof(*p));
	why->msg[0] = 0;
	p->maps = *maps;
	p->seed[0] = seed[0];
	p->seed[1] = seed[1];
	p->scratch = xcalloc(maglev_size(MAGLEV_SIZES - 1), sizeof(*p->scratch));
	vip_table_init(&p->vips, maps->v4, maps->v6, maps->buckets, MAPS_REST_MS, now);
	backend_table_init(&p->backends, maps->backends, maps->backend_count, MAPS_REST_MS);
	id_pool_init(&p->numbers, maps->vip_numbers, MAPS_REST_MS);
	memset(maps->slots, 0, maglev_size(EMPTY_ROW) * sizeof(*maps->slots));
	vip_table_each(&p->vips, adopt_entry, p);
	if (p->services.n)
		qsort(p->services.v, p->services.n, sizeof(*p->services.v), compare_services);
	if (claim(p, why) < 0)
		start_empty(p, now);
	publisher_adopt_backends(p);
}

void publisher_destroy(struct publisher *p)
{
	array_each(&p->services, s)
		service_clear(s);
	array_free(&p->services);
	array_free(&p->published);
	array_free(&p->gone);
	free(p->scratch);
	vip_table_destroy(&p->vips);
	slot_alloc_destroy(&p->slots);
	backend_table_destroy(&p->backends);
	id_pool_destroy(&p->numbers);
}

/* ---- one VIP ------------------------------------------------------------------------------ */

struct apply {
	struct publisher *p;
	const struct compiled *wanted;
	const uint32_t *indexes; /* of wanted->backends */
	uint64_t now;
	struct publish_result *result;
	struct err *err;
	int rc;	      /* the first failure */
	size_t stale; /* tables that could not be replaced */
	ARRAY(struct published_service) next;
};

static void defer(struct apply *a, const struct compiled_service *w, int rc, const char *what)
{
	const char *when = rc == -EAGAIN ? "for a moment" : "until the maps are made larger";

	a->result->deferred++;
	if (a->rc && !(a->rc == -EAGAIN && rc != -EAGAIN))
		return;
	a->rc = rc;
	err_set(a->err, rc, "%s port %u (%s) has to wait %s: %s", ip_str(&w->key.ip).s, w->key.port,
		w->service, when, what);
}

/* The indexes of a service's active backends that have one. Returns how many. */
static size_t wanted_indexes(const struct apply *a, const struct compiled_service *w, uint32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < w->active; i++) {
		uint32_t index = a->indexes[a->wanted->refs.v[w->first + i]];

		if (index)
			out[n++] = index;
	}
	return n;
}

/* Makes the service's table in the scratch space. */
static void make_table(const struct apply *a, const struct compiled_service *w, unsigned int row)
{
	struct maglev_backend *backends = xcalloc(w->active + 1, sizeof(*backends));
	size_t n = 0;

	for (size_t i = 0; i < w->active; i++) {
		uint32_t position = a->wanted->refs.v[w->first + i];
		const struct compiled_backend *b = &a->wanted->backends.v[position];

		if (a->indexes[position])
			backends[n++] =
				(struct maglev_backend){b->ip, b->port, a->indexes[position]};
	}
	maglev_fill(a->p->seed, backends, n, row, a->p->scratch);
	free(backends);
}

/* Whether the table that was taken over is the one that we would make. */
static bool table_is(const struct apply *a, const struct compiled_service *w,
		     const struct slot_slice *slice, size_t n)
{
	const struct slot_element *slots = a->p->maps.slots + slice->start;

	if (n == 0)
		return slice->start == EMPTY_START;
	if (slice->start == EMPTY_START || slice->row != maglev_row(n))
		return false;
	make_table(a, w, slice->row);
	for (uint32_t i = 0; i < maglev_size(slice->row); i++)
		if (slots[i].backend != a->p->scratch[i])
			return false;
	return true;
}

static bool is_current(const struct apply *a, const struct published_service *s,
		       const struct compiled_service *w, const uint32_t *indexes, size_t n)
{
	if (is_address(&s->key))
		return true;
	if (s->adopted)
		return table_is(a, w, &s->slice, n);
	return s->n == n && (n == 0 || memcmp(s->indexes, indexes, n * sizeof(*indexes)) == 0);
}

/* Writes a table for N backends into fresh slots; *SLICE changes only on success. */
static int take_table(struct apply *a, const struct compiled_service *w, size_t n,
		      struct slot_slice *slice)
{
	struct slot_slice fresh = empty_table();
	struct publisher *p = a->p;

	if (n) {
		fresh.row = maglev_row(n);
		fresh.start = slot_alloc_take(&p->slots, fresh.row, a->now);
		if (fresh.start == SLOT_NONE) {
			defer(a, w, p->slots.resting.n ? -EAGAIN : -ENOSPC, "no slots are free");
			return -ENOSPC;
		}
		make_table(a, w, fresh.row);
		for (uint32_t i = 0; i < maglev_size(fresh.row); i++)
			p->maps.slots[fresh.start + i].backend = p->scratch[i];
	}
	*slice = fresh;
	return 0;
}

static void give_table(struct apply *a, const struct slot_slice *slice)
{
	if (slice->start != EMPTY_START)
		slot_alloc_give(&a->p->slots, *slice, a->now);
}

/* Takes over what the list says about a service whose table is in force. */
static void remember(struct published_service *s, const struct compiled_service *w,
		     const uint32_t *indexes, size_t n)
{
	if (!s->service || strcmp(s->service, w->service) != 0) {
		free(s->service);
		s->service = xstrdup(w->service);
	}
	free(s->indexes);
	s->indexes = n ? xmemdup(indexes, n * sizeof(*indexes)) : NULL;
	s->n = n;
	s->draining = w->draining;
	s->adopted = false;
}

static void update(struct apply *a, struct published_service *s, const struct compiled_service *w,
		   const uint32_t *indexes, size_t n)
{
	struct slot_slice old = s->slice;

	if (!is_current(a, s, w, indexes, n)) {
		if (take_table(a, w, n, &s->slice) < 0) {
			a->stale++;
			return;
		}
		vip_table_set(&a->p->vips, &s->key, target_of(s), a->now);
		give_table(a, &old);
		a->result->changed++;
	}
	remember(s, w, indexes, n);
}

static void add(struct apply *a, const struct compiled_service *w, const uint32_t *indexes,
		size_t n)
{
	struct published_service s = {.key = w->key, .slice = empty_table()};
	struct publisher *p = a->p;
	int rc;

	s.number = id_pool_take(&p->numbers, a->now);
	if (!s.number) {
		defer(a, w, p->numbers.resting.n ? -EAGAIN : -ENOSPC, "no VIP number is free");
		return;
	}
	if (p->maps.reset_vip_stats)
		p->maps.reset_vip_stats(p->maps.ctx, s.number);
	rc = take_table(a, w, n, &s.slice);
	if (!rc) {
		rc = vip_table_set(&p->vips, &s.key, target_of(&s), a->now);
		if (rc) {
			defer(a, w, rc, "its buckets of the VIP table are full");
			give_table(a, &s.slice);
		}
	}
	if (rc) {
		id_pool_give(&p->numbers, s.number, a->now);
		return;
	}
	remember(&s, w, indexes, n);
	array_push(&a->next, s);
	a->result->added++;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* From the back: a VIP's ports go before its address, so that none of its packets gets past. */
static void remove_services(struct apply *a, struct published_service *gone, size_t n)
{
	while (n-- > 0) {
		vip_table_remove(&a->p->vips, &gone[n].key, a->now);
		give_table(a, &gone[n].slice);
		id_pool_give(&a->p->numbers, gone[n].number, a->now);
		service_clear(&gone[n]);
		a->result->removed++;
	}
}

static void apply_services(struct apply *a)
{
	ARRAY(struct published_service) gone = {0};
	uint32_t *indexes = xcalloc(a->wanted->backends.n + 1, sizeof(*indexes));
	struct publisher *p = a->p;
	size_t old = 0;

	array_each(&a->wanted->services, w) {
		size_t n = wanted_indexes(a, w, indexes);
		int order = 1;

		while (old < p->services.n &&
		       (order = vip_key_compare(&p->services.v[old].key, &w->key)) < 0)
			array_push(&gone, p->services.v[old++]);
		if (old < p->services.n && order == 0) {
			update(a, &p->services.v[old], w, indexes, n);
			array_push(&a->next, p->services.v[old++]);
		} else {
			add(a, w, indexes, n);
		}
	}
	while (old < p->services.n)
		array_push(&gone, p->services.v[old++]);
	remove_services(a, gone.v, gone.n);
	array_free(&gone);
	array_free(&p->services);
	p->services.v = a->next.v;
	p->services.n = a->next.n;
	p->services.cap = a->next.cap;
	free(indexes);
}

/* A table that could not be replaced holds its old indexes: they are kept until it can. */
static void retire_gone(struct apply *a)
{
	if (a->stale)
		return;
	array_each(&a->p->gone, index)
		backend_table_retire(&a->p->backends, *index, a->now);
	a->p->gone.n = 0;
}

int publisher_apply(struct publisher *p, const struct compiled *wanted,
		    const struct nexthop *nexthops, uint64_t now, struct publish_result *result,
		    struct err *err)
{
	uint32_t *indexes = xcalloc(wanted->backends.n + 1, sizeof(*indexes));
	struct apply a = {p, wanted, indexes, now, result, err, 0, 0, {0}};
	size_t deferred;

	memset(result, 0, sizeof(*result));
	publisher_tick(p, now);
	deferred = publisher_apply_backends(p, wanted, nexthops, now, indexes);
	apply_services(&a);
	retire_gone(&a);
	if (deferred && !a.rc) {
		bool resting = p->backends.retired.n || p->backends.ids.resting.n;

		a.rc = err_set(err, resting ? -EAGAIN : -ENOSPC,
			       "%zu backends have no index yet, of %u that there are", deferred,
			       p->maps.backend_count);
	}
	result->deferred += deferred;
	free(indexes);
	return a.rc;
}

bool publisher_tick(struct publisher *p, uint64_t now)
{
	vip_table_tick(&p->vips, now);
	return backend_table_tick(&p->backends, now) || p->vips.moving.n > 0;
}
