// SPDX-License-Identifier: Apache-2.0
#include "speaker/adverts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/object.h"

/* One BGPAdvertisedRoute as it stands in the RIB. Its address is the cookie, so it never moves. */
struct advert {
	char *ns, *name;
	struct ip_prefix prefix;
	ARRAY(struct api_fallback) fallback;
};

struct adverts {
	struct rib *rib;
	const struct log *log;
	ARRAY(struct advert *) list; /* by namespace and name, as the state has them */
};

struct adverts *adverts_new(struct rib *rib, const struct log *log)
{
	struct adverts *adverts = xcalloc(1, sizeof(*adverts));

	adverts->rib = rib;
	adverts->log = log;
	return adverts;
}

static void advert_free(struct advert *advert)
{
	array_free(&advert->fallback);
	free(advert->ns);
	free(advert->name);
	free(advert);
}

void adverts_free(struct adverts *adverts)
{
	if (!adverts)
		return;
	array_each(&adverts->list, advert) {
		rib_delete(adverts->rib, &(*advert)->prefix);
		advert_free(*advert);
	}
	array_free(&adverts->list);
	free(adverts);
}

static bool same_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len == b->len && ip_equal(&a->addr, &b->addr);
}

static bool same_fallback(const struct advert *advert, const struct api_bgp_advertised_route *route)
{
	if (advert->fallback.n != route->fallback.n)
		return false;
	for (size_t i = 0; i < route->fallback.n; i++) {
		const struct api_fallback *a = &advert->fallback.v[i], *b = &route->fallback.v[i];

		if (!ip_equal(&a->peer_ip, &b->peer_ip) ||
		    !ip_equal(&a->floating_ip, &b->floating_ip) ||
		    !ip_equal(&a->next_hop, &b->next_hop))
			return false;
	}
	return true;
}

static void copy_fallback(struct advert *advert, const struct api_bgp_advertised_route *route)
{
	advert->fallback.n = 0;
	array_each(&route->fallback, f)
		array_push(&advert->fallback, *f);
}

static void leave_former_prefix(struct adverts *adverts, struct advert *advert,
				const struct api_bgp_advertised_route *route)
{
	if (ip_is_set(&advert->prefix.addr) && !same_prefix(&advert->prefix, &route->prefix))
		rib_delete(adverts->rib, &advert->prefix);
	advert->prefix = route->prefix;
}

static void update_one(struct adverts *adverts, struct advert *advert,
		       const struct api_bgp_advertised_route *route)
{
	struct err err;

	if (rib_set(adverts->rib, &route->prefix, route->next_hops.v, route->next_hops.n,
		    route->metric, advert, &err))
		log_error(adverts->log, "cannot advertise", "route", advert->name, "error",
			  err.msg);
	if (!same_fallback(advert, route)) {
		copy_fallback(advert, route);
		rib_touch(adverts->rib, &route->prefix);
	}
}

static struct advert *advert_new(const struct api_object *obj)
{
	struct advert *advert = xcalloc(1, sizeof(*advert));

	advert->ns = obj->meta.ns ? xstrdup(obj->meta.ns) : NULL;
	advert->name = xstrdup(obj->meta.name);
	return advert;
}

static int compare(const struct advert *advert, const struct api_object *obj)
{
	int by_ns = strcmp(advert->ns ? advert->ns : "", obj->meta.ns ? obj->meta.ns : "");

	return by_ns ? by_ns : strcmp(advert->name, obj->meta.name);
}

/* Both lists are sorted, so one walk over both finds what came, went or stayed. */
bool adverts_update(struct adverts *adverts, const struct api_state *state)
{
	uint64_t before = rib_sequence(adverts->rib);
	ARRAY(struct advert *) old = {adverts->list.v, adverts->list.n, adverts->list.cap};
	size_t i = 0;

	memset(&adverts->list, 0, sizeof(adverts->list));
	/* What goes, goes first: its prefix may come back under another name. */
	state_each(state, API_BGP_ADVERTISED_ROUTE, obj) {
		while (i < old.n && compare(old.v[i], obj) < 0) {
			rib_delete(adverts->rib, &old.v[i]->prefix);
			advert_free(old.v[i++]);
		}
		if (i < old.n && !compare(old.v[i], obj))
			array_push(&adverts->list, old.v[i++]);
		else
			array_push(&adverts->list, advert_new(obj));
	}
	for (; i < old.n; i++) {
		rib_delete(adverts->rib, &old.v[i]->prefix);
		advert_free(old.v[i]);
	}
	array_free(&old);
	/* Then what moves to another prefix: two routes may have changed places. */
	i = 0;
	state_each(state, API_BGP_ADVERTISED_ROUTE, obj)
		leave_former_prefix(adverts, adverts->list.v[i++], &obj->route);
	i = 0;
	state_each(state, API_BGP_ADVERTISED_ROUTE, obj)
		update_one(adverts, adverts->list.v[i++], &obj->route);
	return rib_sequence(adverts->rib) != before;
}

const struct ip_addr *adverts_select(const struct bgp_config *config, const struct rib_route *route)
{
	const struct advert *advert = route->cookie;

	if (!advert)
		return NULL;
	array_each(&advert->fallback, f)
		if (ip_equal(&f->peer_ip, &config->peer) &&
		    ip_equal(&f->floating_ip, &config->local))
			return &f->next_hop;
	return NULL;
}

void adverts_names(const struct adverts *adverts, uint32_t families, api_strings *out)
{
	array_each(&adverts->list, advert) {
		bool v4 = (*advert)->prefix.addr.family == AF_INET;
		enum bgp_family family = v4 ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST;

		/* One without next hops is not advertised. */
		if (families & BGP_FAMILY_BIT(family) && rib_find(adverts->rib, &(*advert)->prefix))
			array_push(out, xstrdup((*advert)->name));
	}
}
