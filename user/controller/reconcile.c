// SPDX-License-Identifier: Apache-2.0
#include "controller/reconcile.h"

#include <string.h>

#include "api/object.h"

/*
 * Order matters in one place: the gateway group's status and the deletions of sessions come before
 * new sessions, so that an agent hears that it must let an address go before another one hears
 * that it has it. The rest is in the order in which a person would do it.
 */

/* ---- the planners ------------------------------------------------------------------------- */

void desired_make(const struct plan_cluster *c, struct desired *out)
{
	*out = (struct desired){0};
	ipam_assign(c, &out->ipam);
	place_floating_ips(c, &out->placement);
	plan_sessions(c, &out->placement, &out->sessions);
	plan_routes(c, &out->placement, &out->sessions, &out->routes);
	if (c->spec->mode == API_LB_BUNDLED)
		plan_cluster_problems(c, &out->nodes);
}

void desired_free(struct desired *desired)
{
	ipam_plan_free(&desired->ipam);
	placement_free(&desired->placement);
	session_plan_free(&desired->sessions);
	route_plan_free(&desired->routes);
	plan_problems_free(&desired->nodes);
}

static void copy_problems(const plan_problems *from, plan_problems *out)
{
	array_each(from, p) {
		struct plan_problem copy = *p;

		copy.ns = p->ns ? xstrdup(p->ns) : NULL;
		copy.name = xstrdup(p->name);
		copy.message = xstrdup(p->message);
		array_push(out, copy);
	}
}

void desired_problems(const struct plan_cluster *c, const struct desired *desired,
		      plan_problems *out)
{
	copy_problems(&desired->ipam.problems, out);
	placement_problems(c, &desired->placement, out);
	copy_problems(&desired->sessions.problems, out);
	copy_problems(&desired->routes.problems, out);
	copy_problems(&desired->nodes, out);
}

/* ---- operations --------------------------------------------------------------------------- */

static struct api_object *named_like(const struct api_object *obj)
{
	return api_object_new(obj->kind, obj->meta.ns, obj->meta.name);
}

/* Takes OBJECT and MESSAGE over. */
static void push(store_ops_list *out, enum store_verb verb, struct api_object *object,
		 const char *reason, char *message)
{
	struct store_op op = {verb, object, reason, message};

	array_push(out, op);
}

void store_ops_free(store_ops_list *ops)
{
	array_each(ops, op) {
		api_object_free(op->object);
		free(op->message);
	}
	array_free(ops);
}

/* ---- Services ----------------------------------------------------------------------------- */

static bool holds(const api_ips *ips, const struct ip_addr *ip)
{
	array_each(ips, other)
		if (ip_equal(other, ip))
			return true;
	return false;
}

static void tell_difference(store_ops_list *out, const struct api_object *service,
			    const api_ips *old, const api_ips *fresh)
{
	array_each(old, ip)
		if (!holds(fresh, ip))
			push(out, STORE_EVENT, named_like(service), "AddressReleased",
			     xasprintf("%s is no VIP of the Service any more", ip_str(ip).s));
	array_each(fresh, ip)
		if (!holds(old, ip))
			push(out, STORE_EVENT, named_like(service), "AddressAllocated",
			     xasprintf("%s is a VIP of the Service now", ip_str(ip).s));
}

static void reconcile_services(const struct ipam_plan *plan, store_ops_list *out)
{
	array_each(&plan->changes, change) {
		struct api_object *status = named_like(change->service);

		array_each(&change->ingress, ip)
			array_push(&status->service.ingress, *ip);
		push(out, STORE_STATUS, status, NULL, NULL);
		tell_difference(out, change->service, &change->service->service.ingress,
				&change->ingress);
	}
}

/* ---- the gateway group -------------------------------------------------------------------- */

static const struct api_floating_ip *old_entry(const struct api_network_gateway_group *group,
					       const struct ip_addr *ip)
{
	array_each(&group->placements, entry)
		if (ip_equal(&entry->ip, ip))
			return entry;
	return NULL;
}

static bool same_placements(const struct api_network_gateway_group *group,
			    const struct placement *placement)
{
	if (group->placements.n != placement->ips.n)
		return false;
	for (size_t i = 0; i < placement->ips.n; i++) {
		const struct placed_ip *fresh = &placement->ips.v[i];
		const struct api_floating_ip *old = &group->placements.v[i];
		const char *node = fresh->node ? fresh->node->name : "";

		if (!ip_equal(&old->ip, &fresh->ip) ||
		    strcmp(plan_str(old->node_name), node) != 0 ||
		    strcmp(plan_str(old->reason), fresh->reason) != 0)
			return false;
	}
	return true;
}

static void tell_placement(store_ops_list *out, const struct api_object *group,
			   const struct placed_ip *fresh)
{
	const struct api_floating_ip *old = old_entry(&group->gateway_group, &fresh->ip);

	if (!fresh->node || (old && strcmp(plan_str(old->node_name), fresh->node->name) == 0))
		return;
	push(out, STORE_EVENT, named_like(group), "FloatingIPPlaced",
	     xasprintf("%s is held by %s now", ip_str(&fresh->ip).s, fresh->node->name));
}

static void reconcile_placement(const struct api_object *group, const struct placement *placement,
				store_ops_list *out)
{
	struct api_object *status;

	if (!group || same_placements(&group->gateway_group, placement))
		return;
	status = named_like(group);
	array_each(&placement->ips, placed) {
		struct api_floating_ip entry = {
			.ip = placed->ip,
			.node_name = placed->node ? xstrdup(placed->node->name) : NULL,
			.reason = xstrdup(placed->reason),
		};

		array_push(&status->gateway_group.placements, entry);
	}
	push(out, STORE_STATUS, status, NULL, NULL);
	array_each(&placement->ips, placed)
		tell_placement(out, group, placed);
}

/* ---- sessions and routes ------------------------------------------------------------------ */

static bool same_session(const struct api_bgp_session *a, const struct api_bgp_session *b)
{
	return ip_equal(&a->floating_ip, &b->floating_ip) && ip_equal(&a->local_ip, &b->local_ip) &&
	       ip_equal(&a->peer_ip, &b->peer_ip) && a->local_asn == b->local_asn &&
	       a->peer_asn == b->peer_asn &&
	       strcmp(plan_str(a->node_name), plan_str(b->node_name)) == 0 &&
	       a->peer_port == b->peer_port && a->hold_time == b->hold_time &&
	       a->keepalive_time == b->keepalive_time &&
	       a->connect_retry_time == b->connect_retry_time && a->add_path == b->add_path &&
	       a->address_families == b->address_families;
}

static bool same_fallback(const struct api_fallback *a, const struct api_fallback *b)
{
	return ip_equal(&a->peer_ip, &b->peer_ip) && ip_equal(&a->floating_ip, &b->floating_ip) &&
	       ip_equal(&a->next_hop, &b->next_hop);
}

static bool same_route(const struct api_bgp_advertised_route *a,
		       const struct api_bgp_advertised_route *b)
{
	if (!ip_equal(&a->prefix.addr, &b->prefix.addr) || a->prefix.len != b->prefix.len ||
	    a->metric != b->metric || a->next_hops.n != b->next_hops.n ||
	    a->fallback.n != b->fallback.n ||
	    strcmp(plan_str(a->service_namespace), plan_str(b->service_namespace)) != 0 ||
	    strcmp(plan_str(a->service_name), plan_str(b->service_name)) != 0)
		return false;
	for (size_t i = 0; i < a->next_hops.n; i++)
		if (!ip_equal(&a->next_hops.v[i], &b->next_hops.v[i]))
			return false;
	for (size_t i = 0; i < a->fallback.n; i++)
		if (!same_fallback(&a->fallback.v[i], &b->fallback.v[i]))
			return false;
	return true;
}

/* Field by field, as there are many and most are the same: no comparison of documents. */
static bool same_object(const struct api_object *a, const struct api_object *b)
{
	return a->kind == API_BGP_SESSION ? same_session(&a->session, &b->session)
					  : same_route(&a->route, &b->route);
}

/* OBJECTS are sorted by name. */
static bool is_wanted(struct api_object *const *objects, size_t n, const struct api_object *old)
{
	size_t low = 0, high = n;

	if (strcmp(plan_str(old->meta.ns), PLAN_NAMESPACE) != 0)
		return false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(objects[mid]->meta.name, old->meta.name);

		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Does the object hang on a manifest that could not be read? See enum reconcile_mode. */
static bool must_rest(const struct api_state *state, const struct desired *desired,
		      const struct api_object *old)
{
	const struct placed_ip *placed;

	if (old->kind == API_BGP_ADVERTISED_ROUTE)
		return !state_get(state, API_SERVICE, old->route.service_namespace,
				  plan_str(old->route.service_name));
	placed = desired ? placement_find(&desired->placement, &old->session.floating_ip) : NULL;
	return !placed ||
	       (placed->node && strcmp(placed->node->name, plan_str(old->session.node_name)) == 0);
}

struct wanted {
	struct api_object *const *objects;
	size_t n;
};

static void delete_unwanted(const struct api_state *state, const struct desired *desired,
			    enum api_kind kind, struct wanted wanted, enum reconcile_mode mode,
			    store_ops_list *out)
{
	state_each(state, kind, old) {
		if (is_wanted(wanted.objects, wanted.n, old))
			continue;
		if (mode == RECONCILE_CAREFUL && must_rest(state, desired, old))
			continue;
		push(out, STORE_DELETE, named_like(old), NULL, NULL);
	}
}

static void apply_wanted(const struct api_state *state, struct wanted wanted, store_ops_list *out)
{
	for (size_t i = 0; i < wanted.n; i++) {
		const struct api_object *fresh = wanted.objects[i];
		const struct api_object *old =
			state_get(state, fresh->kind, fresh->meta.ns, fresh->meta.name);

		if (!old || !same_object(old, fresh))
			push(out, STORE_APPLY, api_object_copy(fresh), NULL, NULL);
	}
}

void reconcile(const struct plan_cluster *c, const struct api_state *state,
	       const struct desired *desired, enum reconcile_mode mode, store_ops_list *out)
{
	struct wanted sessions = {0}, routes = {0};

	if (desired) {
		sessions =
			(struct wanted){desired->sessions.sessions.v, desired->sessions.sessions.n};
		routes = (struct wanted){desired->routes.routes.v, desired->routes.routes.n};
		reconcile_services(&desired->ipam, out);
		reconcile_placement(c->gateways, &desired->placement, out);
	}
	delete_unwanted(state, desired, API_BGP_SESSION, sessions, mode, out);
	apply_wanted(state, sessions, out);
	delete_unwanted(state, desired, API_BGP_ADVERTISED_ROUTE, routes, mode, out);
	apply_wanted(state, routes, out);
}
