// SPDX-License-Identifier: Apache-2.0
#include "vipcastd/heartbeat.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/net.h"
#include "util/mem.h"

#define LEASE_NAMESPACE "kube-system"

struct heartbeat {
	struct heartbeat_config config;
	struct net *net;
	struct event *tick;
	uint64_t renewed; /* milliseconds since boot; 0: never */
	bool lost;
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

static char *subnets(struct heartbeat *h)
{
	net_addresses addresses = {0};
	char *text = xstrdup(""), *longer, prefix_text[IP_TEXT_MAX];
	struct err err;

	if (net_addresses_get(h->net, &addresses, &err))
		log_error(h->config.log, "cannot list the node's addresses", "error", err.msg);
	array_each (&addresses, address) {
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
	return text;
}

static struct api_object *lease(struct heartbeat *h)
{
	char *name = xasprintf("vipcast-%s", h->config.node), *list = subnets(h);
	struct api_object *obj = api_object_new(API_LEASE, LEASE_NAMESPACE, name);

	obj->lease.holder = xstrdup(h->config.node);
	obj->lease.duration_seconds = h->config.duration;
	clock_gettime(CLOCK_REALTIME, &obj->lease.renew_time);
	api_pair_set(&obj->meta.annotations, "vipcast.io/speaker",
		     h->config.speaker(h->config.ctx));
	api_pair_set(&obj->meta.annotations, "vipcast.io/dataplane",
		     h->config.dataplane(h->config.ctx));
	api_pair_set(&obj->meta.annotations, "vipcast.io/subnets", list);
	free(name);
	free(list);
	return obj;
}

static void lose(struct heartbeat *h, const char *reason)
{
	if (h->lost)
		return;
	h->lost = true;
	h->config.lost(h->config.ctx, reason);
}

static void renew(struct heartbeat *h)
{
	struct api_object *obj = lease(h);
	struct err err;
	int rc = store_apply(h->config.store, obj, &err);

	api_object_free(obj);
	if (!rc) {
		h->renewed = now_ms();
		return;
	}
	log_error(h->config.log, "cannot renew the node's Lease", "error", err.msg);
	/* One more try would come too late: the address must be gone when the Lease is. */
	if (h->renewed && now_ms() - h->renewed >= (uint64_t)h->config.duration * 1000 * 2 / 3)
		lose(h, "the node's Lease cannot be renewed");
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct heartbeat *h = ctx;
	uint64_t duration = (uint64_t)h->config.duration * 1000, before = h->renewed;

	(void)fd;
	(void)what;
	/* Frozen, or starved, for so long that others may hold our addresses by now. */
	if (before && now_ms() - before >= duration) {
		lose(h, "the node's Lease ran out: this process did not run for too long");
		renew(h);
		return;
	}
	renew(h);
	/* One period after the loss, the controller has seen the Lease and decided again. */
	if (h->lost && before && h->renewed != before && now_ms() - before < duration) {
		h->lost = false;
		h->config.regained(h->config.ctx);
	}
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
	h->tick = event_new(config->base, -1, EV_PERSIST, on_tick, h);
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
	free(heartbeat);
}
