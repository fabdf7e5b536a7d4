/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/compile.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "plan/ipam.h"

/*
 * First the EndpointSlices are sorted by the Service that they belong to. Then each Service's ports
 * and VIPs become entries, whose backends are gathered in one long list of wishes (service,
 * address, port, draining). At the end the backends of all wishes are made unique, and the wishes
 * become positions in that list: what comes after this step compares and copies numbers.
 */

struct wish {
	struct compiled_backend backend;
	size_t order; /* position in refs[] */
};

struct compiler {
	const char *node_name;
	ARRAY(const struct api_object *) slices; /* by namespace and service */
	ARRAY(struct wish) wishes;
	struct compiled *out;
};

int compiled_backend_compare(const struct compiled_backend *a, const struct compiled_backend *b)
{
	int by_ip = ip_compare(&a->ip, &b->ip);

	return by_ip ? by_ip : (int)a->port - (int)b->port;
}

/* ---- slices of a service ----------------------------------------------------------------- */

static const char *text(const char *s)
{
	return s ? s : "";
}

static int compare_service_names(const char *ns_a, const char *a, const char *ns_b, const char *b)
{
	int by_ns = strcmp(text(ns_a), text(ns_b));

	return by_ns ? by_ns : strcmp(text(a), text(b));
}

static int compare_slices(const void *va, const void *vb)
{
	const struct api_object *a = *(const struct api_object *const *)va;
	const struct api_object *b = *(const struct api_object *const *)vb;

	return compare_service_names(a->meta.ns, a->endpoint_slice.service_name, b->meta.ns,
				     b->endpoint_slice.service_name);
}

static void sort_slices(struct compiler *c, const struct api_state *state)
{
	state_each(state, API_ENDPOINT_SLICE, obj)
		if (obj->endpoint_slice.service_name)
			array_push(&c->slices, obj);
	if (c->slices.n)
		qsort(c->slices.v, c->slices.n, sizeof(*c->slices.v), compare_slices);
}

/* The first slice that is not before the Service's. */
static size_t first_slice(const struct compiler *c, const struct api_object *service)
{
	size_t low = 0, high = c->slices.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct api_object *slice = c->slices.v[mid];

		if (compare_service_names(slice->meta.ns, slice->endpoint_slice.service_name,
					  service->meta.ns, service->meta.name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool belongs_to(const struct api_object *slice, const struct api_object *service)
{
	return compare_service_names(slice->meta.ns, slice->endpoint_slice.service_name,
				     service->meta.ns, service->meta.name) == 0;
}

/* ---- backends of one port ---------------------------------------------------------------- */

/* The slice's port of that name and protocol, 0 when it has none. */
static uint16_t target_port(const struct api_endpoint_slice *slice,
			    const struct api_service_port *port)
{
	array_each(&slice->ports, p)
		if (p->protocol == port->protocol && strcmp(text(p->name), text(port->name)) == 0)
			return p->port;
	return 0;
}

static bool counts_here(const struct compiler *c, const struct api_service *service,
			const struct api_endpoint *endpoint)
{
	if (endpoint->addresses.n == 0)
		return false;
	return !service->external_traffic_local ||
	       strcmp(text(endpoint->node_name), c->node_name) == 0;
}

static int compare_wishes(const void *va, const void *vb)
{
	const struct wish *a = va, *b = vb;
	int by_backend = compiled_backend_compare(&a->backend, &b->backend);

	return by_backend ? by_backend : (int)a->backend.draining - (int)b->backend.draining;
}

static void gather_endpoints(struct compiler *c, const struct api_object *slice,
			     const struct api_service *service, uint16_t port)
{
	array_each(&slice->endpoint_slice.endpoints, e) {
		struct wish wish = {0};

		/* An endpoint's addresses are all the same to Kubernetes: the first one is used. */
		if (!counts_here(c, service, e) ||
		    e->addresses.v[0].family != slice->endpoint_slice.family)
			continue;
		if (!e->ready && !(e->serving && e->terminating))
			continue;
		wish.backend.ip = e->addresses.v[0];
		wish.backend.port = port;
		wish.backend.draining = !e->ready;
		array_push(&c->wishes, wish);
	}
}

/* One wish a backend: an endpoint that is in two slices is active if it is so in one of them. */
static void drop_doubles(struct compiler *c, size_t first)
{
	size_t kept = first;

	if (c->wishes.n - first < 2)
		return;
	qsort(c->wishes.v + first, c->wishes.n - first, sizeof(*c->wishes.v), compare_wishes);
	for (size_t i = first + 1; i < c->wishes.n; i++)
		if (compiled_backend_compare(&c->wishes.v[i].backend, &c->wishes.v[kept].backend))
			c->wishes.v[++kept] = c->wishes.v[i];
	c->wishes.n = kept + 1;
}

/* Fills the entry's part of refs[]: active ones first. */
static void order_wishes(struct compiler *c, struct compiled_service *entry, size_t first)
{
	size_t ready = 0;

	for (size_t i = first; i < c->wishes.n; i++)
		ready += !c->wishes.v[i].backend.draining;
	if (ready == 0)
		for (size_t i = first; i < c->wishes.n; i++)
			c->wishes.v[i].backend.draining = false;
	entry->first = first;
	for (int draining = 0; draining < 2; draining++) {
		for (size_t i = first; i < c->wishes.n; i++) {
			if (c->wishes.v[i].backend.draining != draining)
				continue;
			c->wishes.v[i].order = entry->first + entry->active + entry->draining;
			if (draining)
				entry->draining++;
			else
				entry->active++;
		}
	}
}

static void add_entry(struct compiler *c, const struct api_object *obj, const struct ip_addr *vip,
		      const struct api_service_port *port)
{
	struct compiled_service *entry = array_new(&c->out->services);
	size_t first = c->wishes.n;

	entry->key.ip = *vip;
	entry->service = xasprintf("%s/%s", text(obj->meta.ns), text(obj->meta.name));
	entry->first = first;
	if (!port)
		return;
	entry->key.port = port->port;
	entry->key.proto = port->protocol;
	for (size_t i = first_slice(c, obj); i < c->slices.n; i++) {
		const struct api_object *slice = c->slices.v[i];
		uint16_t target;

		if (!belongs_to(slice, obj))
			break;
		if (slice->endpoint_slice.family != vip->family)
			continue;
		target = target_port(&slice->endpoint_slice, port);
		if (target)
			gather_endpoints(c, slice, &obj->service, target);
	}
	drop_doubles(c, first);
	order_wishes(c, entry, first);
}

static void add_service(struct compiler *c, const struct api_object *obj)
{
	const struct api_service *service = &obj->service;

	array_each(&service->ingress, vip) {
		add_entry(c, obj, vip, NULL);
		array_each(&service->ports, port)
			if (port->protocol == IPPROTO_TCP || port->protocol == IPPROTO_UDP)
				add_entry(c, obj, vip, port);
	}
	c->out->service_count += service->ingress.n > 0;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int compare_services(const void *va, const void *vb)
{
	const struct compiled_service *a = va, *b = vb;
	int by_key = vip_key_compare(&a->key, &b->key);

	return by_key ? by_key : strcmp(a->service, b->service);
}

/* Of several Services that claim a port of a VIP the first by name has it. */
static void settle_conflicts(struct compiled *out)
{
	size_t kept = 0;

	if (out->services.n == 0)
		return;
	qsort(out->services.v, out->services.n, sizeof(*out->services.v), compare_services);
	for (size_t i = 1; i < out->services.n; i++) {
		struct compiled_service *s = &out->services.v[i], *holder = &out->services.v[kept];

		if (vip_key_compare(&s->key, &holder->key)) {
			out->services.v[++kept] = *s;
			continue;
		}
		if (s->key.port)
			array_push(&out->conflicts,
				   xasprintf("%s port %u of %s belongs to %s already",
					     ip_str(&s->key.ip).s, s->key.port, s->service,
					     holder->service));
		free(s->service);
	}
	out->services.n = kept + 1;
}

/* Wishes become positions in the list of distinct backends. */
static void number_backends(struct compiler *c)
{
	struct compiled *out = c->out;

	if (c->wishes.n == 0)
		return;
	out->refs.v = xcalloc(c->wishes.n, sizeof(*out->refs.v));
	out->refs.n = out->refs.cap = c->wishes.n;
	qsort(c->wishes.v, c->wishes.n, sizeof(*c->wishes.v), compare_wishes);
	array_each(&c->wishes, w) {
		size_t n = out->backends.n;

		/* Active wishes of a backend come before draining ones, and decide. */
		if (n == 0 || compiled_backend_compare(&out->backends.v[n - 1], &w->backend))
			array_push(&out->backends, w->backend);
		out->refs.v[w->order] = (uint32_t)out->backends.n - 1;
	}
}

static void find_node_ips(struct compiled *out, const struct api_state *state,
			  const char *node_name)
{
	const struct api_object *node = state_get(state, API_NODE, NULL, node_name);

	if (!node)
		return;
	array_each(&node->node.internal_ips, ip) {
		struct ip_addr *slot = &out->node_ip[ip->family == AF_INET6];

		if (!ip_is_set(slot))
			*slot = *ip;
	}
}

void compile_services(const struct api_state *state, const char *node_name, struct compiled *out)
{
	struct compiler c = {.node_name = node_name, .out = out};

	memset(out, 0, sizeof(*out));
	find_node_ips(out, state, node_name);
	sort_slices(&c, state);
	state_each(state, API_SERVICE, obj)
		if (ipam_is_ours(obj))
			add_service(&c, obj);
	number_backends(&c);
	settle_conflicts(out);
	array_free(&c.slices);
	array_free(&c.wishes);
}

void compiled_free(struct compiled *compiled)
{
	array_each(&compiled->services, s)
		free(s->service);
	array_each(&compiled->conflicts, text_)
		free(*text_);
	array_free(&compiled->services);
	array_free(&compiled->backends);
	array_free(&compiled->refs);
	array_free(&compiled->conflicts);
	memset(compiled, 0, sizeof(*compiled));
}
