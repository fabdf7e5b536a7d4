/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dataplane.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/role.h"
#include "dataplane/seed.h"

/*
 * What happens is noted (the state changed, links changed) and worked off in one run a moment
 * later, so that a burst costs one run. A run goes in the order that a fresh start needs: find the
 * interfaces and the door, look up the next hops, publish, attach last. Each step compares before
 * it writes, so a run that finds nothing to do does nothing. A failed run is tried again.
 */

#define RUN_DELAY_MS	 20  /* after a change of the state */
#define NET_DELAY_MS	 100 /* after a change of the network */
#define NET_SHARE	 5   /* ... and so many times as long as the last run took */
#define TICK_MS		 100
#define RETRY_MS	 1000
#define WARM_UP_MS	 1000 /* neighbours may take so long to answer before "attached" */
#define EVERY_NET_CHANGE (NET_LINKS | NET_ADDRESSES | NET_ROUTES | NET_NEIGHBOURS)

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void set_status(struct dataplane *dp, const char *prefix, const char *reason)
{
	char status[sizeof(dp->status)];

	snprintf(status, sizeof(status), "%s%s", prefix, reason);
	if (strcmp(status, dp->status) == 0)
		return;
	memcpy(dp->status, status, sizeof(dp->status));
	if (reason[0])
		log_error(dp->log, "dataplane", "status", dp->status);
	else
		log_info(dp->log, "dataplane", "status", dp->status);
	if (dp->status_changed)
		dp->status_changed(dp->ctx);
}

static void schedule(struct dataplane *dp, uint64_t ms)
{
	struct timeval in = {.tv_sec = (time_t)(ms / 1000),
			     .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (!event_pending(dp->run, EV_TIMEOUT, NULL))
		event_add(dp->run, &in);
}

/* ---- a run -------------------------------------------------------------------------------- */

static int prepare_links(struct dataplane *dp, struct err *err)
{
	struct nexthop_door door;
	int rc = interfaces_find(dp, err);

	if (rc)
		return rc;
	door_warnings_free(&dp->door_warnings);
	rc = door_open(dp->ms, dp->net, dp->log, &door, &dp->door_warnings, err);
	if (rc)
		return rc;
	return interfaces_announce(dp, &door, err);
}

/* Looks the next hops up; *CHANGED tells whether any differs from what was published. */
static int find_hops(struct dataplane *dp, unsigned int changes, bool *changed, struct err *err)
{
	size_t n = dp->compiled.backends.n;
	struct nexthop *hops;
	int rc = nexthops_update(&dp->nexthops, &dp->compiled, changes, err);

	if (rc)
		return rc;
	hops = xcalloc(n + 1, sizeof(*hops));
	nexthops_fill(&dp->nexthops, &dp->compiled, hops);
	*changed =
		n != dp->hop_count || !dp->hops || memcmp(hops, dp->hops, n * sizeof(*hops)) != 0;
	free(dp->hops);
	dp->hops = hops;
	dp->hop_count = n;
	return 0;
}

/* What does not fit is told and tried again; it takes no service from the others. */
static void publish(struct dataplane *dp)
{
	struct publish_result result;
	struct err err = {0};
	uint64_t start = now_ms();
	char text[160];
	int rc = publisher_apply(&dp->publisher, &dp->compiled, dp->hops, start, &result, &err);

	if (rc && rc != -EAGAIN && strcmp(err.msg, dp->publish_err.msg) != 0)
		log_error(dp->log, "not every VIP is served", "error", err.msg);
	dp->publish_err = err;
	dp->publish_again = rc != 0;
	dp->publish_at = start + (rc == -EAGAIN ? MAPS_REST_MS : RETRY_MS);
	if (!result.added && !result.changed && !result.removed)
		return;
	snprintf(text, sizeof(text), "%zu added, %zu changed, %zu removed, %zu deferred",
		 result.added, result.changed, result.removed, result.deferred);
	log_debug(dp->log, "published", "entries", text);
}

static void tell_conflicts(struct dataplane *dp)
{
	array_each(&dp->compiled.conflicts, text)
		log_warn(dp->log, "two Services claim a VIP's port", "conflict", *text);
}

static int run_steps(struct dataplane *dp, struct err *err)
{
	unsigned int changes = dp->changes;
	bool publish_needed = dp->state_changed || dp->publish_again, hops_changed = false;
	int rc = 0;

	/* The Node object names the addresses by which interfaces are found. */
	if (dp->state_changed)
		changes |= dp->wanted_interfaces.n ? 0 : NET_ADDRESSES;
	if (changes & (NET_LINKS | NET_ADDRESSES))
		rc = prepare_links(dp, err);
	if (rc)
		return rc;
	if (dp->state_changed) {
		compiled_free(&dp->compiled);
		compile_services(dp->state, dp->node_name, &dp->compiled);
		tell_conflicts(dp);
	}
	rc = find_hops(dp, dp->changes, &hops_changed, err);
	if (rc)
		return rc;
	if (publish_needed || hops_changed)
		publish(dp);
	dp->state_changed = false;
	if (changes & (NET_LINKS | NET_ADDRESSES))
		rc = interfaces_attach(dp, err);
	if (!rc)
		dp->changes = 0;
	return rc;
}

/*
 * Just started, and some backends' neighbours have not answered yet: traffic that came now would
 * meet them. One that never answers must not keep the node out of service, so there is an end.
 */
static bool is_warming_up(const struct dataplane *dp, uint64_t now)
{
	return strcmp(dp->status, "starting") == 0 && now - dp->first_run < WARM_UP_MS &&
	       nexthops_unresolved(&dp->nexthops);
}

static void on_run(evutil_socket_t fd, short events, void *ctx)
{
	struct dataplane *dp = ctx;
	uint64_t start = now_ms();
	struct err err = {0};
	int rc;

	(void)fd;
	(void)events;
	if (!dp->synced)
		return;
	if (!dp->first_run)
		dp->first_run = start;
	dp->next_retry = start + RETRY_MS;
	rc = run_steps(dp, &err);
	dp->run_ms = now_ms() - start;
	if (rc < 0) {
		dp->changes |= EVERY_NET_CHANGE;
		set_status(dp, "failed: ", err.msg);
		return;
	}
	if (is_warming_up(dp, start))
		schedule(dp, NET_DELAY_MS);
	else
		set_status(dp, "attached", "");
}

static void on_tick(evutil_socket_t fd, short events, void *ctx)
{
	struct dataplane *dp = ctx;
	uint64_t now = now_ms();

	(void)fd;
	(void)events;
	publisher_tick(&dp->publisher, now);
	ageing_tick(dp->ageing, now);
	if (dp->publish_again && now >= dp->publish_at)
		schedule(dp, 0);
	if (!dp->synced || now < dp->next_retry)
		return;
	dp->next_retry = now + RETRY_MS;
	if (dp->changes)
		schedule(dp, 0);
	else
		nexthops_ask(&dp->nexthops);
}

static void on_net_change(void *ctx, unsigned int mask)
{
	struct dataplane *dp = ctx;

	dp->changes |= mask;
	/* A network that changes all the time may take a part of our time, not all of it. */
	schedule(dp, NET_DELAY_MS + dp->run_ms * NET_SHARE);
}

void dataplane_state_changed(struct dataplane *dp)
{
	dp->synced = true;
	dp->state_changed = true;
	schedule(dp, RUN_DELAY_MS);
}

const char *dataplane_status(const struct dataplane *dp)
{
	return dp->status;
}

/* ---- life --------------------------------------------------------------------------------- */

static void reset_vip_stats(void *ctx, uint32_t number)
{
	const struct dataplane *dp = ctx;

	stats_traffic_reset(mapset_map_fd(dp->ms, MAP_VIP_STATS), number);
}

static void reset_backend_stats(void *ctx, uint32_t index)
{
	const struct dataplane *dp = ctx;

	stats_traffic_reset(mapset_map_fd(dp->ms, MAP_BACKEND_STATS), index);
}

static int open_maps(struct dataplane *dp, const struct dataplane_config *config, struct err *err)
{
	struct publisher_maps maps = {.reset_vip_stats = reset_vip_stats,
				      .reset_backend_stats = reset_backend_stats,
				      .ctx = dp};
	uint64_t seed[2];
	struct err why;
	int rc = seed_get(config->store_dir, seed, err);

	if (!rc)
		rc = mapset_open(config->pin_dir, NULL, &dp->ms, err);
	if (rc)
		return rc;
	mapset_configure(dp->ms, seed, config->nat_port_first, config->nat_port_last);
	maps.v4 = dp->ms->vips_v4;
	maps.v6 = dp->ms->vips_v6;
	maps.buckets = dp->ms->sizes.vip_buckets;
	maps.slots = dp->ms->slots;
	maps.slot_count = dp->ms->sizes.slots;
	maps.backends = dp->ms->backends;
	maps.backend_count = dp->ms->sizes.backends;
	maps.vip_numbers = dp->ms->sizes.vips;
	publisher_init(&dp->publisher, &maps, seed, now_ms(), &why);
	if (why.msg[0])
		log_warn(dp->log, "the maps of an earlier run are damaged, starting afresh",
			 "error", why.msg);
	if (dp->ms->adopted)
		log_info(dp->log, "maps of an earlier run taken over", "pins", config->pin_dir);
	dp->ageing = ageing_new(dp->ms);
	return 0;
}

static int start_events(struct dataplane *dp, struct event_base *base, struct err *err)
{
	struct timeval tick = {.tv_usec = TICK_MS * 1000L};

	dp->run = event_new(base, -1, 0, on_run, dp);
	dp->tick = event_new(base, -1, EV_PERSIST, on_tick, dp);
	if (!dp->run || !dp->tick || event_add(dp->tick, &tick) < 0)
		return err_set(err, -ENOMEM, "cannot set up the dataplane's timers");
	return net_monitor_open(base, on_net_change, dp, &dp->monitor, err);
}

int dataplane_new(const struct dataplane_config *config, const struct api_state *state,
		  struct dataplane **out, struct err *err)
{
	struct dataplane *dp = xcalloc(1, sizeof(*dp));
	int rc;

	dp->node_name = xstrdup(config->node_name);
	for (size_t i = 0; i < config->interface_count; i++)
		array_push(&dp->wanted_interfaces, xstrdup(config->interfaces[i]));
	dp->state = state;
	dp->log = config->log;
	dp->status_changed = config->status_changed;
	dp->ctx = config->ctx;
	dp->changes = EVERY_NET_CHANGE;
	snprintf(dp->status, sizeof(dp->status), "starting");
	rc = net_open(&dp->net, err);
	nexthops_init(&dp->nexthops, dp->net, dp->log);
	if (!rc)
		rc = open_maps(dp, config, err);
	if (!rc)
		rc = start_events(dp, config->base, err);
	if (rc) {
		dataplane_free(dp);
		return rc;
	}
	*out = dp;
	return 0;
}

void dataplane_free(struct dataplane *dp)
{
	if (!dp)
		return;
	net_monitor_close(dp->monitor);
	if (dp->run)
		event_free(dp->run);
	if (dp->tick)
		event_free(dp->tick);
	ageing_free(dp->ageing);
	publisher_destroy(&dp->publisher);
	nexthops_destroy(&dp->nexthops);
	compiled_free(&dp->compiled);
	free(dp->hops);
	array_free(&dp->interfaces);
	door_warnings_free(&dp->door_warnings);
	array_each(&dp->wanted_interfaces, name)
		free(*name);
	array_free(&dp->wanted_interfaces);
	mapset_close(dp->ms);
	net_close(dp->net);
	free(dp->node_name);
	free(dp);
}

/* ---- going for good ------------------------------------------------------------------------ */

static bool is_meant(const struct dataplane_config *config, const struct net_link *link)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (strcmp(config->interfaces[i], link->name) == 0)
			return true;
	return config->interface_count == 0;
}

/* One interface that cannot be left does not keep the program on the others. */
static int leave_all(const struct dataplane_config *config, const net_links *links, struct err *err)
{
	int first = 0;

	array_each(links, link) {
		int rc = is_meant(config, link)
				 ? attach_remove(link->ifindex, link->name, first ? NULL : err)
				 : 0;

		if (!first)
			first = rc;
	}
	return first;
}

int dataplane_remove(const struct dataplane_config *config, struct err *err)
{
	struct net *net = NULL;
	net_links links = {0};
	int rc = mapset_check_unused(config->pin_dir, err);

	if (!rc)
		rc = net_open(&net, err);
	if (!rc)
		rc = net_links_get(net, &links, err);
	if (!rc)
		rc = leave_all(config, &links, err);
	if (!rc)
		rc = door_remove(net, err);
	if (!rc)
		rc = mapset_remove(config->pin_dir, err);
	array_free(&links);
	net_close(net);
	return rc;
}
