// SPDX-License-Identifier: Apache-2.0
#include "bgp/batch.h"

#include <stdlib.h>
#include <string.h>

#include "bgp/hash.h"
#include "util/mem.h"

#define NONE UINT32_MAX

void batch_init(struct batch *batch)
{
	*batch = (struct batch){0};
}

void batch_reset(struct batch *batch, struct nhset_store *store)
{
	array_each(&batch->groups, group) {
		nhset_put(store, group->from);
		nhset_put(store, group->to);
	}
	array_free(&batch->prefixes);
	array_free(&batch->groups);
	array_free(&batch->jobs);
	free(batch->buckets);
	batch_init(batch);
}

static uint32_t *bucket_of(struct batch *batch, const struct nhset *from, const struct nhset *to)
{
	uint32_t hash = hash_bytes(0, &from, sizeof(from));

	if (!batch->buckets) {
		batch->buckets = xmalloc(BATCH_BUCKETS * sizeof(*batch->buckets));
		memset(batch->buckets, 0xff, BATCH_BUCKETS * sizeof(*batch->buckets));
	}
	hash = hash_bytes(hash, &to, sizeof(to));
	return &batch->buckets[hash % BATCH_BUCKETS];
}

static struct batch_group *group_of(struct batch *batch, enum bgp_family family,
				    const struct nhset *from, const struct nhset *to, bool resend)
{
	uint32_t *bucket = bucket_of(batch, from, to);
	uint32_t i = *bucket;
	struct batch_group *group;

	for (; i != NONE; i = batch->groups.v[i].chain) {
		group = &batch->groups.v[i];
		if (group->from == from && group->to == to)
			return group;
	}
	group = array_new(&batch->groups);
	*group = (struct batch_group){
		.from = nhset_ref(from),
		.to = nhset_ref(to),
		.resend = resend,
		.family = family, /* follows from the sets */
		.first = NONE,
		.chain = *bucket,
	};
	*bucket = (uint32_t)(batch->groups.n - 1);
	return group;
}

void batch_add(struct batch *batch, const struct ip_prefix *prefix, enum bgp_family family,
	       const struct nhset *from, const struct nhset *to, bool resend)
{
	struct batch_group *group = group_of(batch, family, from, to, resend);
	uint32_t i = (uint32_t)batch->prefixes.n;

	array_push(&batch->prefixes, ((struct batch_prefix){.prefix = *prefix, .next = NONE}));
	if (group->first == NONE)
		group->first = i;
	else
		batch->prefixes.v[group->last].next = i;
	group->last = i;
}

/* ---- from groups to jobs ----------------------------------------------------------------- */

static void add_job(struct batch *batch, uint32_t group, bool withdraw, const struct nexthop *hop,
		    uint32_t metric)
{
	array_push(&batch->jobs, ((struct batch_job){
					 .withdraw = withdraw,
					 .family = batch->groups.v[group].family,
					 .metric = metric,
					 .hop = hop,
					 .group = group,
				 }));
}

/* Both sets are sorted by address: one walk finds what is in which. */
static void add_difference(struct batch *batch, uint32_t i)
{
	const struct batch_group *group = &batch->groups.v[i];
	const struct nhset *from = group->from;
	const struct nhset *to = group->to;
	size_t from_n = from ? from->n : 0;
	size_t to_n = to ? to->n : 0;
	/* A new metric is in the attributes of every path. */
	bool all = group->resend || !from || !to || from->metric != to->metric;
	size_t f = 0;
	size_t t = 0;

	while (f < from_n || t < to_n) {
		int order = f == from_n ? 1
			    : t == to_n ? -1
					: ip_compare(&from->hops[f]->ip, &to->hops[t]->ip);

		if (order < 0)
			add_job(batch, i, true, from->hops[f], 0);
		else if (order > 0 || all)
			add_job(batch, i, false, to->hops[t], to->metric);
		f += order <= 0;
		t += order >= 0;
	}
}

static void add_replacement(struct batch *batch, uint32_t i)
{
	const struct batch_group *group = &batch->groups.v[i];

	if (group->to)
		add_job(batch, i, false, group->to->hops[0], group->to->metric);
	else if (group->from)
		add_job(batch, i, true, group->from->hops[0], 0);
}

/*
 * Announcements before withdrawals, so that a prefix whose next hops are all exchanged has some of
 * them at every moment. Then what messages can share; then groups, for the sake of one fixed order.
 */
static int compare_jobs(const void *left, const void *right)
{
	const struct batch_job *a = left;
	const struct batch_job *b = right;
	int order;

	if (a->withdraw != b->withdraw)
		return a->withdraw ? 1 : -1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	order = ip_compare(&a->hop->ip, &b->hop->ip);
	if (order)
		return order;
	return a->group < b->group ? -1 : 1;
}

static void start_job(struct batch *batch)
{
	if (batch->job < batch->jobs.n)
		batch->at = batch->groups.v[batch->jobs.v[batch->job].group].first;
}

void batch_seal(struct batch *batch, const bool add_path[BGP_FAMILIES])
{
	for (uint32_t i = 0; i < batch->groups.n; i++) {
		if (add_path[batch->groups.v[i].family])
			add_difference(batch, i);
		else
			add_replacement(batch, i);
	}
	if (batch->jobs.n)
		qsort(batch->jobs.v, batch->jobs.n, sizeof(*batch->jobs.v), compare_jobs);
	batch->job = 0;
	start_job(batch);
}

/* ---- going through them ------------------------------------------------------------------ */

const struct batch_job *batch_job(const struct batch *batch)
{
	return batch->job < batch->jobs.n ? &batch->jobs.v[batch->job] : NULL;
}

bool batch_job_joins(const struct batch_job *a, const struct batch_job *b)
{
	if (a->withdraw != b->withdraw || a->family != b->family)
		return false;
	return a->withdraw || (a->metric == b->metric && a->hop == b->hop);
}

const struct ip_prefix *batch_prefix(const struct batch *batch)
{
	return &batch->prefixes.v[batch->at].prefix;
}

void batch_step(struct batch *batch)
{
	batch->at = batch->prefixes.v[batch->at].next;
	if (batch->at == NONE) {
		batch->job++;
		start_job(batch);
	}
}
