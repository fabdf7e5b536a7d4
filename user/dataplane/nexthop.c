/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/nexthop.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/*
 * The entries are one a backend address, sorted as the compiled list is, so that taking a new list
 * over is a merge. Routes are asked for one by one, neighbours read in one dump and looked up in
 * it.
 */

#define ROUTES_MAY_CHANGE (NET_ROUTES | NET_LINKS | NET_ADDRESSES)

typedef ARRAY(struct nexthop_entry) entry_list;

void nexthops_init(struct nexthops *nh, struct net *net, const struct log *log)
{
	memset(nh, 0, sizeof(*nh));
	nh->net = net;
	nh->log = log;
}

void nexthops_destroy(struct nexthops *nh)
{
	array_free(&nh->devices);
	array_free(&nh->entries);
}

static const struct nexthop_device *find_device(const nexthop_devices *devices, int ifindex)
{
	array_each(devices, d)
		if (d->ifindex == (uint32_t)ifindex)
			return d;
	return NULL;
}

enum nexthop_way nexthop_way(const struct net_route *route, const nexthop_devices *devices)
{
	if (!route)
		return NEXTHOP_NOWHERE;
	if (!route->local && find_device(devices, route->ifindex))
		return NEXTHOP_DIRECT;
	return NEXTHOP_DOOR;
}

/* ---- routes ------------------------------------------------------------------------------- */

static void look_up_route(struct nexthops *nh, struct nexthop_entry *e)
{
	struct ip_addr gateway = e->ip;
	struct net_route route = {0};
	struct err err = {0};
	int rc = net_route_get(nh->net, &e->ip, &route, &err);
	enum nexthop_way way = nexthop_way(rc ? NULL : &route, &nh->devices);

	if (rc && (e->way != NEXTHOP_NOWHERE || !ip_is_set(&e->gateway)))
		log_warn(nh->log, "no way to a backend", "backend", ip_str(&e->ip).s, "error",
			 err.msg);
	if (ip_is_set(&route.gateway))
		gateway = route.gateway;
	if (way != e->way || route.ifindex != e->route.ifindex ||
	    !ip_equal(&gateway, &e->gateway)) {
		e->resolved = false;
		e->asked = false;
	}
	e->way = way;
	e->route = route;
	e->gateway = gateway;
}

/* ---- neighbours --------------------------------------------------------------------------- */

static int compare_neighbours(const void *va, const void *vb)
{
	const struct net_neighbour *a = va, *b = vb;

	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	return ip_compare(&a->ip, &b->ip);
}

static int read_neighbours(struct nexthops *nh, struct err *err)
{
	net_neighbours all = {0};
	int rc = net_neighbours_get(nh->net, &all, err);

	if (rc)
		goto out;
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), compare_neighbours);
	array_each(&nh->entries, e) {
		struct net_neighbour key = {.ifindex = e->route.ifindex, .ip = e->gateway};
		const struct net_neighbour *found;

		if (e->way != NEXTHOP_DIRECT)
			continue;
		found = all.n ? bsearch(&key, all.v, all.n, sizeof(*all.v), compare_neighbours)
			      : NULL;
		e->resolved = found && found->usable;
		if (e->resolved)
			memcpy(e->mac, found->mac, sizeof(e->mac));
	}
out:
	array_free(&all);
	return rc;
}

/*
 * Each next hop is asked for once, so that the kernel keeps it fresh though no packet of the
 * stack uses it; those without an answer are asked for again.
 */
size_t nexthops_ask(struct nexthops *nh)
{
	size_t missing = 0;

	array_each(&nh->entries, e) {
		if (e->way != NEXTHOP_DIRECT)
			continue;
		missing += !e->resolved;
		if (e->asked && e->resolved)
			continue;
		e->asked = net_neighbour_resolve(nh->net, e->route.ifindex, &e->gateway, NULL) == 0;
	}
	return missing;
}

size_t nexthops_unresolved(const struct nexthops *nh)
{
	size_t n = 0;

	array_each(&nh->entries, e)
		n += e->way == NEXTHOP_DIRECT && !e->resolved;
	return n;
}

/* ---- the list ----------------------------------------------------------------------------- */

/* Merges the addresses of WANTED (sorted; one may stand there with several ports) in. */
static void merge(struct nexthops *nh, const struct compiled *wanted, bool routes_changed)
{
	entry_list next = {0};
	size_t old = 0;

	array_each(&wanted->backends, b) {
		struct nexthop_entry e = {.ip = b->ip};
		bool known = false;

		if (next.n && ip_equal(&next.v[next.n - 1].ip, &b->ip))
			continue;
		while (old < nh->entries.n && ip_compare(&nh->entries.v[old].ip, &b->ip) < 0)
			old++;
		if (old < nh->entries.n && ip_equal(&nh->entries.v[old].ip, &b->ip)) {
			e = nh->entries.v[old++];
			known = true;
		}
		if (!known || routes_changed)
			look_up_route(nh, &e);
		array_push(&next, e);
	}
	array_free(&nh->entries);
	nh->entries.v = next.v;
	nh->entries.n = next.n;
	nh->entries.cap = next.cap;
}

int nexthops_update(struct nexthops *nh, const struct compiled *wanted, unsigned int changes,
		    struct err *err)
{
	int rc;

	merge(nh, wanted, changes & ROUTES_MAY_CHANGE);
	rc = read_neighbours(nh, err);
	nexthops_ask(nh);
	return rc;
}

static void fill_direct(const struct nexthops *nh, const struct nexthop_entry *e,
			const struct compiled *wanted, struct nexthop *out)
{
	const struct nexthop_device *device = find_device(&nh->devices, e->route.ifindex);
	bool ipv6 = e->ip.family == AF_INET6;

	out->nat_addr = ip_is_set(&wanted->node_ip[ipv6]) ? wanted->node_ip[ipv6] : e->route.source;
	out->path.ifindex = device->ifindex;
	memcpy(out->path.src_mac, device->mac, sizeof(device->mac));
	memcpy(out->path.dst_mac, e->mac, sizeof(e->mac));
	out->path.resolved = e->resolved && ip_is_set(&out->nat_addr);
}

static void fill_door(const struct nexthops *nh, const struct nexthop_entry *e, struct nexthop *out)
{
	out->door = true;
	out->nat_addr = nh->door.nat_addr[e->ip.family == AF_INET6];
	out->path.ifindex = nh->door.ifindex;
	memcpy(out->path.src_mac, nh->door.xdp_mac, sizeof(out->path.src_mac));
	memcpy(out->path.dst_mac, nh->door.stack_mac, sizeof(out->path.dst_mac));
	out->path.resolved = nh->door.ifindex != 0;
}

void nexthops_fill(const struct nexthops *nh, const struct compiled *wanted, struct nexthop *out)
{
	size_t at = 0;

	for (size_t i = 0; i < wanted->backends.n; i++) {
		const struct nexthop_entry *e;

		memset(&out[i], 0, sizeof(out[i]));
		while (!ip_equal(&nh->entries.v[at].ip, &wanted->backends.v[i].ip))
			at++;
		e = &nh->entries.v[at];
		if (e->way == NEXTHOP_DIRECT)
			fill_direct(nh, e, wanted, &out[i]);
		else if (e->way == NEXTHOP_DOOR)
			fill_door(nh, e, &out[i]);
	}
}
