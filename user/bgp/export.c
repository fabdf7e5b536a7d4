// SPDX-License-Identifier: Apache-2.0
/*
 * What a session shows its peer of a route is itself an interned set: the route's own with
 * ADD-PATH, a set of one next hop without, none where the family was not negotiated. So all cases
 * are one: the reader of the RIB keeps the set that was sent for each prefix, and what has to be
 * sent is the way from that set to the one that is to be shown now.
 *
 * Changes are read in batches (batch.h), and only when the batch before is sent to its end. So
 * whatever a slow peer misses in between is never sent at all.
 */

#include "bgp/export.h"

#include <stdlib.h>

#include "bgp/batch.h"
#include "bgp/hash.h"
#include "bgp/rib_reader.h"
#include "util/mem.h"

struct export
{
	struct rib *rib;
	struct export_config config;
	struct rib_reader *reader;
	struct batch batch;
	uint32_t end_of_rib; /* families whose marker is still to be sent, as bits */
	uint32_t resend;     /* families that the peer wants again, until the end of the log */
	uint32_t prefixes[BGP_FAMILIES];
};

struct export *export_new(struct rib *rib, const struct export_config *config)
{
	struct export *export = xcalloc(1, sizeof(*export));

	export->rib = rib;
	export->config = *config;
	export->reader = rib_reader_open(rib);
	export->end_of_rib = config->families;
	batch_init(&export->batch);
	return export;
}

void export_free(struct export *export)
{
	if (!export)
		return;
	batch_reset(&export->batch, rib_nhsets(export->rib));
	rib_reader_close(export->reader);
	free(export);
}

bool export_pending(const struct export *export)
{
	return batch_job(&export->batch) || rib_reader_behind(export->reader) || export->end_of_rib;
}

void export_refresh(struct export *export, enum bgp_family family)
{
	export->resend |= BGP_FAMILY_BIT(family) & export->config.families;
	rib_reader_rewind(export->reader);
}

uint32_t export_prefixes(const struct export *export, enum bgp_family family)
{
	return export->prefixes[family];
}

/* ---- what the peer is to see of a route ---------------------------------------------------- */

/*
 * Rendezvous hashing: each session picks, for each prefix, the next hop that scores highest. It
 * spreads prefixes and sessions over next hops, and a next hop that goes moves only its own.
 */
static const struct nexthop *choose(const struct export *export, const struct rib_route *route)
{
	uint32_t key = hash_bytes(export->config.seed, route->prefix.addr.b,
				  ip_size(route->prefix.addr.family));
	const struct nexthop *best = NULL;
	uint32_t best_score = 0;

	for (uint32_t i = 0; i < route->nhset->n; i++) {
		const struct nexthop *hop = route->nhset->hops[i];
		uint32_t score = hash_bytes(key, hop->ip.b, ip_size(hop->ip.family));

		if (!best || score > best_score) {
			best = hop;
			best_score = score;
		}
	}
	return best;
}

static const struct nhset *one_hop(struct export *export, const struct rib_route *route)
{
	const struct ip_addr *selected = NULL;
	const struct nexthop *hop = NULL;
	struct ip_addr ip;

	if (export->config.select)
		selected = export->config.select(export->config.ctx, route);
	if (selected)
		hop = nhset_find(route->nhset, selected);
	if (!hop)
		hop = choose(export, route);
	ip = hop->ip;
	return nhset_get(rib_nhsets(export->rib), &ip, 1, route->nhset->metric);
}

static enum bgp_family family_of(const struct rib_route *route)
{
	enum bgp_family f = 0;

	while (bgp_family_af(f) != route->prefix.addr.family)
		f++;
	return f;
}

/* A reference for the caller; NULL: the route is not for this peer, or is gone. */
static const struct nhset *view(struct export *export, enum bgp_family family,
				const struct rib_route *route)
{
	if (!route->nhset || !(export->config.families & BGP_FAMILY_BIT(family)))
		return NULL;
	if (export->config.style.add_path[family])
		return nhset_ref(route->nhset);
	return one_hop(export, route);
}

/* ---- from the log to messages -------------------------------------------------------------- */

static void gather(struct export *export, const struct rib_change *change)
{
	enum bgp_family family = family_of(&change->route);
	const struct nhset *to = view(export, family, &change->route);
	bool resend = to && export->resend & BGP_FAMILY_BIT(family);

	if (to == change->sent && !resend) {
		nhset_put(rib_nhsets(export->rib), to);
		return;
	}
	export->prefixes[family] += (to != NULL);
	export->prefixes[family] -= (change->sent != NULL);
	batch_add(&export->batch, &change->route.prefix, family, change->sent, to, resend);
	rib_reader_sent(export->reader, change->id, to);
}

static void fill(struct export *export)
{
	struct rib_change change;

	batch_reset(&export->batch, rib_nhsets(export->rib));
	while (export->batch.prefixes.n < BATCH_MAX && rib_reader_next(export->reader, &change))
		gather(export, &change);
	if (!rib_reader_behind(export->reader))
		export->resend = 0;
	batch_seal(&export->batch, export->config.style.add_path);
}

static size_t write_jobs(struct export *export, uint8_t *buf, size_t size)
{
	struct batch *batch = &export->batch;
	const struct batch_job *first = batch_job(batch);
	const struct batch_job *job = first;
	struct update update;

	if (first->withdraw) {
		update_unreach(&update, buf, size, &export->config.style, first->family);
	} else {
		struct update_path path = {.family = first->family,
					   .next_hop = first->hop->ip,
					   .metric = first->metric};

		update_reach(&update, buf, size, &export->config.style, &path);
	}
	while (job && batch_job_joins(first, job) &&
	       update_add(&update, batch_prefix(batch), job->hop->path_id)) {
		batch_step(batch);
		job = batch_job(batch);
	}
	return update_end(&update);
}

static size_t write_end_of_rib(struct export *export, uint8_t *buf, size_t size)
{
	enum bgp_family family = 0;
	struct update update;

	while (!(export->end_of_rib & BGP_FAMILY_BIT(family)))
		family++;
	export->end_of_rib &= ~BGP_FAMILY_BIT(family);
	update_unreach(&update, buf, size, &export->config.style, family);
	return update_end(&update);
}

size_t export_next(struct export *export, uint8_t *buf, size_t size)
{
	if (size > BGP_MESSAGE_MAX)
		size = BGP_MESSAGE_MAX;
	/* A batch can come out empty: all its changes were undone before they were read. */
	while (!batch_job(&export->batch) && rib_reader_behind(export->reader))
		fill(export);
	if (batch_job(&export->batch))
		return write_jobs(export, buf, size);
	batch_reset(&export->batch, rib_nhsets(export->rib));
	if (export->end_of_rib)
		return write_end_of_rib(export, buf, size);
	return 0;
}
