// SPDX-License-Identifier: Apache-2.0
#include "plan/preview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan/pool.h"
#include "plan/sessions.h"

static char *copy_ip(const struct ip_addr *ip)
{
	return xstrdup(ip_str(ip).s);
}

/* ---- the control plane -------------------------------------------------------------------- */

/* A session goes between addresses of one family: the node's that fits, if it has one. */
static void add_control_plane(struct preview *out, const struct plan_cluster *c,
			      const struct control_plane_session *s)
{
	const struct plan_node *node = plan_node_by_ip(c, &s->node);
	struct preview_session *row = array_new(&out->control_plane);
	struct ip_addr local = s->node;
	const char *note = "";

	if (s->node.family != s->peer.family) {
		const struct ip_addr *other =
			node ? &node->ip[plan_family_index(s->peer.family)] : NULL;

		if (other && ip_is_set(other))
			local = *other;
		else
			note = "node and peer have no address family in common";
	}
	row->name = xstrdup("");
	row->local = copy_ip(&local);
	row->node = xstrdup(node ? node->name : "");
	row->peer = copy_ip(&s->peer);
	row->local_asn = s->local_asn;
	row->peer_asn = s->peer_asn;
	row->note = xstrdup(note);
}

static void show_control_plane(struct preview *out, const struct plan_cluster *c)
{
	control_plane_sessions sessions;

	plan_control_plane_sessions(c, &sessions);
	array_each(&sessions, s)
		add_control_plane(out, c, s);
	array_free(&sessions);
}

/* ---- the data plane ----------------------------------------------------------------------- */

/*
 * A floating IP in whose subnet no node is known yet is planned all the same, on a node of its own
 * that stands for the one to come; the row says so.
 */
static struct plan_node *stand_ins(struct placement *placement)
{
	struct plan_node *nodes = xcalloc(placement->ips.n + 1, sizeof(*nodes));

	for (size_t i = 0; i < placement->ips.n; i++) {
		struct placed_ip *p = &placement->ips.v[i];

		if (p->node)
			continue;
		nodes[i].name = xasprintf("unknown-%zu", i + 1);
		p->node = &nodes[i];
	}
	return nodes;
}

static void add_service(struct preview *out, const struct api_bgp_session *s, const char *name,
			const char *note)
{
	struct preview_session *row = array_new(&out->service);

	row->name = xstrdup(*note ? "" : name);
	row->local = copy_ip(&s->floating_ip);
	row->node = xstrdup(*note ? "" : s->node_name);
	row->peer = copy_ip(&s->peer_ip);
	row->local_asn = s->local_asn;
	row->peer_asn = s->peer_asn;
	row->note = xstrdup(note);
}

static void show_service(struct preview *out, const struct plan_cluster *c)
{
	struct placement placement;
	struct session_plan plan;
	struct plan_node *extra;

	place_floating_ips(c, &placement);
	placement_problems(c, &placement, &out->problems);
	extra = stand_ins(&placement);
	plan_sessions(c, &placement, &plan);
	array_each(&plan.sessions, obj) {
		const struct api_bgp_session *s = &(*obj)->session;
		const struct placed_ip *from = placement_find(&placement, &s->floating_ip);

		add_service(out, s, (*obj)->meta.name,
			    *from->reason ? "no known node is in the floating IP's subnet" : "");
	}
	array_each(&plan.problems, p)
		array_push(&out->problems, *p);
	plan.problems.n = 0; /* they have moved */
	session_plan_free(&plan);
	for (size_t i = 0; i < placement.ips.n; i++)
		free(extra[i].name);
	free(extra);
	placement_free(&placement);
}

/* ---- pools and next hops ------------------------------------------------------------------ */

static char *append(char *text, const char *separator, char *more)
{
	char *joined = xasprintf("%s%s%s", text, *text ? separator : "", more);

	free(text);
	free(more);
	return joined;
}

static char *range_text(const struct ip_range *range)
{
	if (ip_equal(&range->first, &range->last))
		return copy_ip(&range->first);
	return xasprintf("%s-%s", ip_str(&range->first).s, ip_str(&range->last).s);
}

static char *count_text(uint64_t n, const char *family)
{
	if (n == UINT64_MAX)
		return xasprintf("2^64 or more %s", family);
	return xasprintf("%" PRIu64 " %s", n, family);
}

static void add_pool(struct preview *out, const struct pools *pools, const struct api_pool *pool)
{
	struct preview_pool *row = array_new(&out->pools);

	row->name = xstrdup(pool->name);
	row->addresses = xstrdup("");
	row->capacity = xstrdup("");
	row->note = xstrdup("");
	array_each(&pool->ranges, range)
		row->addresses = append(row->addresses, ", ", range_text(range));
	if (pool_has_family(pool, AF_INET))
		row->capacity = append(row->capacity, ", ",
				       count_text(pool_capacity(pools, pool, AF_INET), "IPv4"));
	if (pool_has_family(pool, AF_INET6))
		row->capacity = append(row->capacity, ", ",
				       count_text(pool_capacity(pools, pool, AF_INET6), "IPv6"));
	if (pool->manual_assign)
		row->note = append(row->note, ", ", xstrdup("only on request"));
	if (pool->avoid_buggy_ips)
		row->note = append(row->note, ", ", xstrdup("without .0 and .255"));
}

static void show_pools(struct preview *out, const struct plan_cluster *c)
{
	struct pools pools;

	pools_open(&pools, c);
	array_each(&c->spec->pools, pool)
		add_pool(out, &pools, pool);
	pools_close(&pools);
}

static int compare_ips(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static void show_next_hops(struct preview *out, const struct plan_cluster *c)
{
	api_ips ips = {0};

	array_each(&c->nodes, node)
		for (int f = 0; f < 2; f++)
			if (plan_is_next_hop(node, f ? AF_INET6 : AF_INET))
				array_push(&ips, node->ip[f]);
	if (ips.n)
		qsort(ips.v, ips.n, sizeof(*ips.v), compare_ips);
	array_each(&ips, ip)
		array_push(&out->next_hops, copy_ip(ip));
	array_free(&ips);
}

static const char *type_of(const struct api_cluster *spec)
{
	if (spec->mode != API_LB_BUNDLED)
		return "manual";
	return spec->type == API_LB_BGP ? "bgp" : "layer2";
}

void preview_make(const struct api_state *state, const struct api_object *cluster,
		  struct preview *out)
{
	const struct timespec epoch = {0}; /* in a preview every agent is alive at any time */
	struct plan_cluster c;

	plan_cluster_open(&c, state, cluster, epoch, PLAN_PREVIEW);
	*out = (struct preview){.type = type_of(&cluster->cluster)};
	out->cluster = xasprintf("%s/%s", plan_str(cluster->meta.ns), cluster->meta.name);
	show_control_plane(out, &c);
	show_service(out, &c);
	show_pools(out, &c);
	show_next_hops(out, &c);
	plan_cluster_close(&c);
}

static void free_session(struct preview_session *s)
{
	free(s->name);
	free(s->local);
	free(s->node);
	free(s->peer);
	free(s->note);
}

void preview_free(struct preview *preview)
{
	free(preview->cluster);
	array_each(&preview->control_plane, s)
		free_session(s);
	array_each(&preview->service, s)
		free_session(s);
	array_each(&preview->pools, pool) {
		free(pool->name);
		free(pool->addresses);
		free(pool->capacity);
		free(pool->note);
	}
	array_each(&preview->next_hops, ip)
		free(*ip);
	array_free(&preview->control_plane);
	array_free(&preview->service);
	array_free(&preview->pools);
	array_free(&preview->next_hops);
	plan_problems_free(&preview->problems);
	*preview = (struct preview){0};
}
