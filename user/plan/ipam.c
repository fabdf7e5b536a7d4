// SPDX-License-Identifier: Apache-2.0
#include "plan/ipam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/ipam_claim.h"

/*
 * Every Service of ours becomes a claim. Four passes over the claims: keep what they have, give
 * what they ask for by address, fill what is missing out of the pools, compare with the status. Who
 * has an address is one hash table (struct pools); claim number I is its owner I + 1.
 */

static const char *const FAMILY_NAMES[] = {"IPv4", "IPv6"};
static const uint8_t FAMILIES[] = {AF_INET, AF_INET6};

struct ipam {
	struct pools pools;
	ARRAY(struct claim) claims;
	plan_problems *problems;
};

static int owner_of(const struct ipam *ipam, const struct claim *claim)
{
	return (int)(claim - ipam->claims.v) + 1;
}

static void release(struct ipam *ipam, struct claim *claim, int f)
{
	if (ip_is_set(&claim->vip[f]))
		ip_map_set(&ipam->pools.owners, &claim->vip[f], POOL_FREE);
	claim->vip[f] = (struct ip_addr){0};
}

static void give(struct ipam *ipam, struct claim *claim, const struct ip_addr *ip)
{
	int f = plan_family_index(ip->family);

	release(ipam, claim, f);
	ip_map_set(&ipam->pools.owners, ip, owner_of(ipam, claim));
	claim->vip[f] = *ip;
}

/* Why the claim cannot have the address; "" when it can. */
static const char *why_not(const struct ipam *ipam, const struct claim *claim,
			   const struct ip_addr *ip, char *buf, size_t size)
{
	int owner = ip_map_get(&ipam->pools.owners, ip);
	const struct api_object *holder;

	switch (owner) {
	case POOL_FREE:
		return pool_of(&ipam->pools, ip) ? "" : "it lies outside every address pool";
	case POOL_CONTROL_PLANE_VIP:
		return "it is the control-plane VIP";
	case POOL_INGRESS_VIP:
		return claim->ingress ? "" : "it is reserved for the ingress Service";
	case POOL_FLOATING_IP:
		return "it is a floating IP";
	case POOL_NODE:
		return "it is a node's own address";
	case POOL_PEER:
		return "it is a BGP peer's address";
	case POOL_ADVERTISED:
		return "it is still advertised for a Service that is gone";
	default:
		if (owner == owner_of(ipam, claim))
			return "";
		holder = ipam->claims.v[owner - 1].service;
		snprintf(buf, size, "in use by %s/%s", plan_str(holder->meta.ns),
			 holder->meta.name);
		return buf;
	}
}

/* ---- first: what they have ---------------------------------------------------------------- */

static void keep(struct ipam *ipam, struct claim *claim)
{
	array_each(&claim->service->service.ingress, ip) {
		int f = plan_family_index(ip->family);
		char buf[600];
		const char *why;

		if (!claim->wants[f] || ip_is_set(&claim->vip[f]))
			continue;
		why = why_not(ipam, claim, ip, buf, sizeof(buf));
		if (*why)
			plan_problem_add(ipam->problems, claim->service, "AddressTaken",
					 "%s is taken away: %s", ip_str(ip).s, why);
		else
			give(ipam, claim, ip);
	}
}

/* ---- second: what they ask for ------------------------------------------------------------- */

static void request(struct ipam *ipam, struct claim *claim, const struct ip_addr *ip)
{
	const struct api_pool *pool = pool_of(&ipam->pools, ip);
	int f = plan_family_index(ip->family);
	char buf[600];
	const char *why = why_not(ipam, claim, ip, buf, sizeof(buf));

	if (!*why && claim->pinned[f] && !ip_equal(&claim->vip[f], ip))
		why = "the ingress Service has loadBalancer.vips.ingressVIP";
	else if (!*why && claim->pool && pool != claim->pool)
		why = "it lies outside the pool that the Service names";
	else if (!*why && pool && pool_avoids(pool, ip) && !ip_equal(&claim->vip[f], ip))
		why = "its pool avoids .0 and .255 (avoidBuggyIPs)";
	if (*why) {
		plan_problem_add(ipam->problems, claim->service, "AddressRefused",
				 "%s is refused: %s", ip_str(ip).s, why);
		claim->refused[f] = true;
		return;
	}
	if (!ip_equal(&claim->vip[f], ip))
		give(ipam, claim, ip);
	claim->pinned[f] = true;
}

static void grant_requests(struct ipam *ipam, struct claim *claim)
{
	const struct ip_addr *vip = &ipam->pools.c->spec->ingress_vip;

	if (claim->ingress && ip_is_set(vip) && claim->wants[plan_family_index(vip->family)])
		request(ipam, claim, vip);
	array_each(&claim->requests, ip)
		request(ipam, claim, ip);
}

/* ---- third: what is missing ---------------------------------------------------------------- */

/* Is this family of the claim to be filled from a pool? */
static bool lacks(const struct ipam *ipam, const struct claim *claim, int f)
{
	if (!claim->wants[f] || claim->pinned[f] || claim->refused[f] || claim->no_pool)
		return false;
	if (!ip_is_set(&claim->vip[f]))
		return true;
	/* A Service that names a pool moves there. */
	return claim->pool && pool_of(&ipam->pools, &claim->vip[f]) != claim->pool;
}

/* Fills the families of NEED out of one pool: all of them or none. */
static bool take(struct ipam *ipam, struct claim *claim, const struct api_pool *pool,
		 const bool need[2])
{
	struct ip_addr free_ip[2] = {{0}};

	for (int f = 0; f < 2; f++)
		if (need[f] && !pool_peek(&ipam->pools, pool, FAMILIES[f], &free_ip[f]))
			return false;
	for (int f = 0; f < 2; f++)
		if (need[f])
			give(ipam, claim, &free_ip[f]);
	return true;
}

/* The one pool that the claim is bound to, because it names it or has an address of it. */
static const struct api_pool *bound_pool(const struct ipam *ipam, const struct claim *claim)
{
	if (claim->pool)
		return claim->pool;
	for (int f = 0; f < 2; f++)
		if (ip_is_set(&claim->vip[f]))
			return pool_of(&ipam->pools, &claim->vip[f]);
	return NULL;
}

static bool take_anywhere(struct ipam *ipam, struct claim *claim, const bool need[2])
{
	const struct api_pool *bound = bound_pool(ipam, claim);

	if (bound)
		return take(ipam, claim, bound, need);
	array_each(&ipam->pools.c->spec->pools, pool)
		if (!pool->manual_assign && take(ipam, claim, pool, need))
			return true;
	return false;
}

static void report_lack(struct ipam *ipam, const struct claim *claim, const bool need[2])
{
	const struct api_pool *bound = bound_pool(ipam, claim);
	const char *what = need[0] && need[1] ? "both IPv4 and IPv6" : FAMILY_NAMES[need[1]];
	bool any = false;

	array_each(&ipam->pools.c->spec->pools, pool)
		if (bound ? pool == bound : !pool->manual_assign)
			any |= (!need[0] || pool_has_family(pool, AF_INET)) &&
			       (!need[1] || pool_has_family(pool, AF_INET6));
	if (any && bound)
		plan_problem_add(ipam->problems, claim->service, "PoolExhausted",
				 "address pool %s is exhausted: nothing free of %s", bound->name,
				 what);
	else if (any)
		plan_problem_add(ipam->problems, claim->service, "PoolExhausted",
				 "every address pool is exhausted: nothing free of %s", what);
	else if (bound)
		plan_problem_add(ipam->problems, claim->service, "NoPool",
				 "address pool %s does not hold %s", bound->name, what);
	else
		plan_problem_add(ipam->problems, claim->service, "NoPool",
				 "no address pool holds %s", what);
}

static void fill(struct ipam *ipam, struct claim *claim)
{
	bool need[2] = {lacks(ipam, claim, 0), lacks(ipam, claim, 1)};
	bool one[2] = {false, false};

	if (!need[0] && !need[1])
		return;
	if (claim->both && (claim->refused[0] || claim->refused[1]))
		return; /* the refusal has been told */
	if (take_anywhere(ipam, claim, need))
		return;
	if (claim->both || need[0] != need[1]) {
		/* Who prefers two families and has one of them lacks nothing. */
		if (claim->both || !ip_is_set(&claim->vip[need[0]]))
			report_lack(ipam, claim, need);
		return;
	}
	one[claim->first] = true;
	if (take_anywhere(ipam, claim, one))
		return;
	one[claim->first] = false;
	one[!claim->first] = true;
	if (!take_anywhere(ipam, claim, one))
		report_lack(ipam, claim, one);
}

/* ---- fourth: what differs ------------------------------------------------------------------ */

static void compare(const struct claim *claim, struct ipam_plan *out)
{
	const struct api_service *service = &claim->service->service;
	struct ipam_change change = {.service = claim->service};
	bool same;

	for (int i = 0; i < 2; i++) {
		int f = i ? !claim->first : claim->first;

		if (ip_is_set(&claim->vip[f]))
			array_push(&change.ingress, claim->vip[f]);
	}
	same = change.ingress.n == service->ingress.n;
	for (size_t i = 0; same && i < service->ingress.n; i++)
		same = ip_equal(&service->ingress.v[i], &change.ingress.v[i]);
	if (same)
		array_free(&change.ingress);
	else
		array_push(&out->changes, change);
}

static void read_services(struct ipam *ipam, struct ipam_plan *out)
{
	state_each(ipam->pools.c->state, API_SERVICE, obj) {
		struct ipam_change emptied = {.service = obj};

		if (ipam_is_ours(obj))
			claim_read(array_new(&ipam->claims), obj, &ipam->pools, &out->problems);
		else if (strcmp(plan_str(obj->service.type), "LoadBalancer") != 0 &&
			 obj->service.ingress.n)
			array_push(&out->changes, emptied);
	}
}

static int compare_changes(const void *va, const void *vb)
{
	const struct api_meta *a = &((const struct ipam_change *)va)->service->meta;
	const struct api_meta *b = &((const struct ipam_change *)vb)->service->meta;
	int by_ns = strcmp(plan_str(a->ns), plan_str(b->ns));

	return by_ns ? by_ns : strcmp(a->name, b->name);
}

void ipam_assign(const struct plan_cluster *c, struct ipam_plan *out)
{
	struct ipam ipam = {.problems = &out->problems};

	*out = (struct ipam_plan){0};
	if (c->spec->mode != API_LB_BUNDLED)
		return;
	pools_open(&ipam.pools, c);
	read_services(&ipam, out);
	array_each(&ipam.claims, claim)
		keep(&ipam, claim);
	array_each(&ipam.claims, claim)
		grant_requests(&ipam, claim);
	array_each(&ipam.claims, claim)
		fill(&ipam, claim);
	array_each(&ipam.claims, claim) {
		compare(claim, out);
		array_free(&claim->requests);
	}
	if (out->changes.n)
		qsort(out->changes.v, out->changes.n, sizeof(*out->changes.v), compare_changes);
	array_free(&ipam.claims);
	pools_close(&ipam.pools);
}

void ipam_plan_free(struct ipam_plan *plan)
{
	array_each(&plan->changes, change)
		array_free(&change->ingress);
	array_free(&plan->changes);
	plan_problems_free(&plan->problems);
}
