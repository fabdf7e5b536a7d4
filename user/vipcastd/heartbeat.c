// SPDX-License-Identifier: Apache-2.0
#include "vipcastd/heartbeat.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/net.h"
#include "util/mem.h"
#include "vipcastd/lease_hold.h"

#define LEASE_NAMESPACE "kube-system"

struct heartbeat {
	struct heartbeat_config config;
	struct net *net;
	struct event *tick;
	struct lease_hold hold;
	char *name;    /* of the Lease */
	char *subnets; /* as they were last known */
	uint64_t started;
};

/* CLOCK_BOOTTIME also counts while the machine sleeps, as the controller's clock does. */
static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A subnet of other hosts: not a host address, not the loopback's, not a link's own. */
static bool is_subnet(const struct net_address *address)
{
	const struct ip_prefix *prefix = &address->prefix;

	return prefix->len < ip_bits(prefix->addr.family) && !ip_is_loopback(&prefix->addr) &&
	       !ip_is_link_local(&prefix->addr);
}

/* When they cannot be read, the last ones stay: an empty list would move the floating IPs away. */
static void read_subnets(struct heartbeat *h)
{
	net_addresses addresses = {0};
	char *text, *longer, prefix_text[IP_TEXT_MAX];
	struct err err;

	if (net_addresses_get(h->net, &addresses, &err)) {
		log_error(h->config.log, "cannot list the node's subnets", "error", err.msg);
		array_free(&addresses);
		return;
	}
	text = xstrdup("");
	array_each(&addresses, address) {
		struct ip_prefix prefix = address->prefix;

		if (!is_subnet(address))
			continue;
		prefix.addr = ip_prefix_range(&prefix).first;
		longer = xasprintf("%s%s%s", text, *text ? "," : "",
				   ip_prefix_format(&prefix, prefix_text));
		free(text);
		text = longer;
	}
	array_free(&addresses);
	free(h->subnets);
	h->subnets = text;
}

static struct api_object *lease(struct heartbeat *h)
{
	const char *dataplane = h->config.dataplane(h->config.ctx);
	struct api_object *obj = api_object_new(API_LEASE, LEASE_NAMESPACE, h->name);

	read_subnets(h);
	obj->lease.holder = xstrdup(h->config.node);
	obj->lease.duration_seconds = h->config.duration;
	clock_gettime(CLOCK_REALTIME, &obj->lease.renew_time);
	api_pair_set(&obj->meta.annotations, "vipcast.io/speaker",
		     h->config.speaker(h->config.ctx));
	api_pair_set(&obj->meta.annotations, "vipcast.io/dataplane",
		     dataplane ? dataplane : "starting");
	api_pair_set(&obj->meta.annotations, "vipcast.io/subnets", h->subnets);
	return obj;
}

static void tell(struct heartbeat *h, enum lease_news news, const char *why_lost)
{
	if (news == LEASE_LOST)
		h->config.lost(h->config.ctx, why_lost);
	else if (news == LEASE_REGAINED)
		h->config.regained(h->config.ctx);
}

static void renew(struct heartbeat *h)
{
	static const char *const too_late =
		"the node's Lease ran out: this process stood still for too long";
	uint64_t begun = now_ms();
	struct api_object *obj;
	struct err err;

	if (!h->config.dataplane(h->config.ctx) && begun - h->started < h->hold.duration)
		return;
	/* First of all: others may hold our addresses by now. */
	tell(h, lease_hold_check(&h->hold, begun), too_late);
	obj = lease(h);
	if (!store_apply(h->config.store, obj, &err)) {
		tell(h, lease_hold_renewed(&h->hold, begun, now_ms()), too_late);
	} else {
		log_error(h->config.log, "cannot renew the node's Lease", "error", err.msg);
		tell(h, lease_hold_failed(&h->hold, now_ms()),
		     "the node's Lease cannot be renewed");
	}
	api_object_free(obj);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	renew(ctx);
}

int heartbeat_new(const struct heartbeat_config *config, struct heartbeat **out, struct err *err)
{
	struct heartbeat *h = xcalloc(1, sizeof(*h));
	suseconds_t period = (suseconds_t)config->duration * 1000000 / 3;
	const struct timeval third = {.tv_sec = period / 1000000, .tv_usec = period % 1000000};
	int rc = net_open(&h->net, err);

	if (rc) {
		free(h);
		return rc;
	}
	h->config = *config;
	h->name = xasprintf("vipcast-%s", config->node);
	h->subnets = xstrdup("");
	h->started = now_ms();
	lease_hold_init(&h->hold, (uint64_t)config->duration * 1000);
	h->tick = event_new(config->base, -1, EV_PERSIST, on_tick, h);
	/* Before anything else that is due, when the process was frozen. */
	event_priority_set(h->tick, 0);
	event_add(h->tick, &third);
	renew(h);
	*out = h;
	return 0;
}

void heartbeat_now(struct heartbeat *heartbeat)
{
	renew(heartbeat);
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	event_free(heartbeat->tick);
	net_close(heartbeat->net);
	free(heartbeat->name);
	free(heartbeat->subnets);
	free(heartbeat);
}
