// SPDX-License-Identifier: Apache-2.0
#include "plan/routes.h"

#include <string.h>

#include "api/object.h"
#include "plan/endpoints.h"
#include "plan/fallback.h"
#include "plan/ipam.h"

/*
 * First every VIP with its eligible nodes, then the fallback over all of them, then the objects.
 * Nodes are positions in the cluster's list, sessions positions in the list of keys.
 */

typedef ARRAY(uint32_t) node_list;

struct vip {
	const struct api_object *service;
	struct ip_addr ip;
	char *name;		      /* of the route object */
	const struct api_object *old; /* that object as it is now, or NULL */
	bool own_nodes;		      /* nodes.v belongs to this VIP */
	node_list nodes;	      /* eligible */
	uint32_t *choice;	      /* by session key */
};

struct session_key {
	struct ip_addr peer_ip, floating_ip;
	uint32_t families;
};

struct planner {
	const struct plan_cluster *c;
	struct route_plan *out;
	struct endpoint_index endpoints;
	node_list next_hops[2]; /* for VIPs of IPv4, IPv6 */
	ARRAY(struct vip) vips;
	ARRAY(struct session_key) keys;
};

/* FNV-1a */
static uint64_t hash_text(const char *s)
{
	uint64_t h = 0xcbf29ce484222325;

	while (*s)
		h = (h ^ (uint8_t)*s++) * 0x100000001b3;
	return h;
}

/* ---- VIPs and their nodes ------------------------------------------------------------------ */

static void find_next_hops(struct planner *p)
{
	for (size_t i = 0; i < p->c->nodes.n; i++) {
		if (plan_is_next_hop(&p->c->nodes.v[i], AF_INET))
			array_push(&p->next_hops[0], (uint32_t)i);
		if (plan_is_next_hop(&p->c->nodes.v[i], AF_INET6))
			array_push(&p->next_hops[1], (uint32_t)i);
	}
}

static int compare_numbers(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a > b) - (a < b);
}

/* externalTrafficPolicy Local: the next hops that have an endpoint of their own, each once. */
static void find_local_nodes(struct planner *p, struct vip *vip, const api_strings *names)
{
	size_t kept = 0;

	vip->own_nodes = true;
	array_each(names, name) {
		const struct plan_node *node = plan_node_find(p->c, *name);

		if (node && plan_is_next_hop(node, vip->ip.family))
			array_push(&vip->nodes, (uint32_t)(node - p->c->nodes.v));
	}
	if (vip->nodes.n == 0)
		return;
	qsort(vip->nodes.v, vip->nodes.n, sizeof(*vip->nodes.v), compare_numbers);
	for (size_t i = 0; i < vip->nodes.n; i++)
		if (i == 0 || vip->nodes.v[i] != vip->nodes.v[kept - 1])
			vip->nodes.v[kept++] = vip->nodes.v[i];
	vip->nodes.n = kept;
}

/* Fills vip->nodes; false: the VIP is not advertised. */
static bool find_nodes(struct planner *p, struct vip *vip)
{
	bool local = vip->service->service.external_traffic_local;
	api_strings names = {0};
	bool served =
		endpoints_serve(&p->endpoints, vip->service, vip->ip.family, local ? &names : NULL);

	if (served && local) {
		find_local_nodes(p, vip, &names);
		if (vip->nodes.n == 0)
			plan_problem_add(&p->out->problems, vip->service, "NoLocalEndpoint",
					 "%s is not advertised: externalTrafficPolicy is Local, "
					 "and no usable load balancer node has a ready endpoint",
					 ip_str(&vip->ip).s);
	} else if (served) {
		vip->nodes = p->next_hops[plan_family_index(vip->ip.family)];
	}
	array_free(&names);
	return vip->nodes.n > 0;
}

static void add_vip(struct planner *p, const struct api_object *service, const struct ip_addr *ip)
{
	struct vip vip = {.service = service, .ip = *ip};

	if (!find_nodes(p, &vip)) {
		if (vip.own_nodes)
			array_free(&vip.nodes);
		return;
	}
	vip.name = xasprintf("default-%s-%s%s", plan_str(service->meta.ns), service->meta.name,
			     ip->family == AF_INET6 ? "-ipv6" : "");
	array_push(&p->vips, vip);
}

static int compare_vips(const void *va, const void *vb)
{
	const struct vip *a = va, *b = vb;
	int order = strcmp(a->name, b->name);

	if (!order)
		order = strcmp(plan_str(a->service->meta.ns), plan_str(b->service->meta.ns));
	return order ? order : ip_compare(&a->ip, &b->ip);
}

/* Names of two VIPs can come out the same ("a-b"/"c" and "a"/"b-c"): the later one gets a tail. */
static void settle_names(struct planner *p)
{
	for (size_t i = p->vips.n; i-- > 1;) {
		struct vip *vip = &p->vips.v[i];
		char *whole, *longer;

		if (strcmp(vip->name, p->vips.v[i - 1].name) != 0)
			continue;
		whole = xasprintf("%s/%s/%s", plan_str(vip->service->meta.ns),
				  vip->service->meta.name, ip_str(&vip->ip).s);
		longer = xasprintf("%s-%08x", vip->name, (uint32_t)hash_text(whole));
		free(vip->name);
		vip->name = longer;
		free(whole);
	}
	array_each(&p->vips, vip)
		vip->old =
			state_get(p->c->state, API_BGP_ADVERTISED_ROUTE, PLAN_NAMESPACE, vip->name);
}

static void find_vips(struct planner *p)
{
	state_each(p->c->state, API_SERVICE, service)
		if (ipam_is_ours(service))
			array_each(&service->service.ingress, ip)
				add_vip(p, service, ip);
	if (p->vips.n == 0)
		return;
	qsort(p->vips.v, p->vips.n, sizeof(*p->vips.v), compare_vips);
	settle_names(p);
	qsort(p->vips.v, p->vips.n, sizeof(*p->vips.v), compare_vips);
}

/* ---- the fallback ------------------------------------------------------------------------- */

static bool has_key(const struct planner *p, const struct api_fallback *f)
{
	array_each(&p->keys, key)
		if (ip_equal(&key->peer_ip, &f->peer_ip) &&
		    ip_equal(&key->floating_ip, &f->floating_ip))
			return true;
	return false;
}

static int compare_keys(const void *va, const void *vb)
{
	const struct session_key *a = va, *b = vb;
	int by_peer = ip_compare(&a->peer_ip, &b->peer_ip);

	return by_peer ? by_peer : ip_compare(&a->floating_ip, &b->floating_ip);
}

/* Keys of floating IPs that nobody holds now: known from the routes that have them. */
static void find_resting_keys(struct planner *p, const struct placement *placement)
{
	bool resting = false;

	array_each(&placement->ips, placed)
		resting |= !placed->node;
	if (!resting)
		return;
	array_each(&p->vips, vip) {
		if (!vip->old)
			continue;
		array_each(&vip->old->route.fallback, f) {
			const struct placed_ip *placed = placement_find(placement, &f->floating_ip);
			struct session_key key = {f->peer_ip, f->floating_ip,
						  API_FAMILY_IPV4 | API_FAMILY_IPV6};

			if (placed && !placed->node && !has_key(p, f))
				array_push(&p->keys, key);
		}
	}
}

static void find_keys(struct planner *p, const struct placement *placement,
		      const struct session_plan *sessions)
{
	array_each(&sessions->sessions, obj) {
		const struct api_bgp_session *s = &(*obj)->session;
		struct session_key key = {s->peer_ip, s->floating_ip, s->address_families};

		array_push(&p->keys, key);
	}
	find_resting_keys(p, placement);
	if (p->keys.n)
		qsort(p->keys.v, p->keys.n, sizeof(*p->keys.v), compare_keys);
}

/* The node whose address a fallback entry names. */
static uint32_t node_of(const struct vip *vip, const struct plan_cluster *c,
			const struct ip_addr *next_hop)
{
	array_each(&vip->nodes, i)
		if (ip_equal(&c->nodes.v[*i].ip[plan_family_index(next_hop->family)], next_hop))
			return *i;
	return FALLBACK_NONE;
}

/* What the route object says now is where the choice starts from. */
static void read_choices(const struct planner *p, struct vip *vip)
{
	vip->choice = xcalloc(p->keys.n + 1, sizeof(*vip->choice));
	for (size_t k = 0; k < p->keys.n; k++) {
		const struct session_key *key = &p->keys.v[k];

		vip->choice[k] = FALLBACK_NONE;
		if (!vip->old)
			continue;
		array_each(&vip->old->route.fallback, f)
			if (ip_equal(&f->peer_ip, &key->peer_ip) &&
			    ip_equal(&f->floating_ip, &key->floating_ip))
				vip->choice[k] = node_of(vip, p->c, &f->next_hop);
	}
}

/* Numbers the peers of the sessions, which are in order of their peer. */
static uint32_t *number_peers(const struct planner *p)
{
	uint32_t *peers = xcalloc(p->keys.n + 1, sizeof(*peers));

	for (size_t k = 1; k < p->keys.n; k++)
		peers[k] =
			peers[k - 1] + !ip_equal(&p->keys.v[k].peer_ip, &p->keys.v[k - 1].peer_ip);
	return peers;
}

static void choose_fallback(struct planner *p)
{
	struct fallback_vip *v = xcalloc(p->vips.n + 1, sizeof(*v));
	uint32_t *peers = number_peers(p);

	for (size_t i = 0; i < p->vips.n; i++) {
		struct vip *vip = &p->vips.v[i];

		read_choices(p, vip);
		v[i] = (struct fallback_vip){
			.hash = hash_text(vip->name),
			.eligible = vip->nodes.v,
			.eligible_n = vip->nodes.n,
			.choice = vip->choice,
		};
	}
	fallback_balance(v, p->vips.n, peers, p->keys.n, p->c->nodes.n);
	free(peers);
	free(v);
}

/* ---- objects ------------------------------------------------------------------------------ */

static const struct ip_addr *node_ip(const struct planner *p, uint32_t node, uint8_t family)
{
	return &p->c->nodes.v[node].ip[plan_family_index(family)];
}

static int compare_ips(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static void add_route(struct planner *p, const struct vip *vip)
{
	struct api_object *obj =
		api_object_new(API_BGP_ADVERTISED_ROUTE, PLAN_NAMESPACE, vip->name);
	struct api_bgp_advertised_route *route = &obj->route;
	uint32_t family = vip->ip.family == AF_INET ? API_FAMILY_IPV4 : API_FAMILY_IPV6;

	route->prefix = (struct ip_prefix){vip->ip, ip_bits(vip->ip.family)};
	free(route->service_namespace);
	free(route->service_name);
	route->service_namespace = xstrdup(plan_str(vip->service->meta.ns));
	route->service_name = xstrdup(vip->service->meta.name);
	array_each(&vip->nodes, node)
		array_push(&route->next_hops, *node_ip(p, *node, vip->ip.family));
	qsort(route->next_hops.v, route->next_hops.n, sizeof(*route->next_hops.v), compare_ips);
	for (size_t k = 0; k < p->keys.n; k++) {
		const struct session_key *key = &p->keys.v[k];
		struct api_fallback f = {key->peer_ip, key->floating_ip, {0}};

		if (!(key->families & family) || vip->choice[k] == FALLBACK_NONE)
			continue;
		f.next_hop = *node_ip(p, vip->choice[k], vip->ip.family);
		array_push(&route->fallback, f);
	}
	array_push(&p->out->routes, obj);
}

static void close_planner(struct planner *p)
{
	array_each(&p->vips, vip) {
		if (vip->own_nodes)
			array_free(&vip->nodes);
		free(vip->choice);
		free(vip->name);
	}
	array_free(&p->vips);
	array_free(&p->keys);
	array_free(&p->next_hops[0]);
	array_free(&p->next_hops[1]);
	endpoint_index_close(&p->endpoints);
}

void plan_routes(const struct plan_cluster *c, const struct placement *placement,
		 const struct session_plan *sessions, struct route_plan *out)
{
	struct planner p = {.c = c, .out = out};

	*out = (struct route_plan){0};
	if (c->spec->mode != API_LB_BUNDLED || c->spec->type != API_LB_BGP)
		return;
	endpoint_index_open(&p.endpoints, c->state);
	find_next_hops(&p);
	find_vips(&p);
	find_keys(&p, placement, sessions);
	choose_fallback(&p);
	array_each(&p.vips, vip)
		add_route(&p, vip);
	close_planner(&p);
}

void route_plan_free(struct route_plan *plan)
{
	array_each(&plan->routes, route)
		api_object_free(*route);
	array_free(&plan->routes);
	plan_problems_free(&plan->problems);
}
