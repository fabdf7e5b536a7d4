// SPDX-License-Identifier: Apache-2.0
#include "controller/controller.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/validate.h"
#include "controller/problems.h"
#include "controller/relevance.h"
#include "controller/role.h"

#define COALESCE_US   20000   /* changes within this time are planned together */
#define RETRY_US      1000000 /* after a write that failed */
#define US_PER_SECOND 1000000
#define NS_PER_US     1000

static void add_timer(struct event *event, uint64_t microseconds)
{
	const struct timeval delay = {
		.tv_sec = (time_t)(microseconds / US_PER_SECOND),
		.tv_usec = (suseconds_t)(microseconds % US_PER_SECOND),
	};

	event_add(event, &delay);
}

/* TO - FROM, 0 when it is past. */
static uint64_t microseconds_until(const struct timespec *from, const struct timespec *to)
{
	int64_t us = (int64_t)(to->tv_sec - from->tv_sec) * US_PER_SECOND +
		     (to->tv_nsec - from->tv_nsec) / NS_PER_US;

	return us > 0 ? (uint64_t)us : 0;
}

/* The first change sets the time, those that follow join it. A plan that takes long is made less
 * often: half of the time stays for everything else. */
static void schedule(struct controller *c)
{
	if (c->synced < API_KIND_COUNT || event_pending(c->plan_event, EV_TIMEOUT, NULL))
		return;
	add_timer(c->plan_event,
		  c->plan_microseconds > COALESCE_US ? c->plan_microseconds : COALESCE_US);
}

/* ---- Leases ------------------------------------------------------------------------------- */

/* When the first of the Leases that were alive at the last plan runs out. */
static bool next_expiry(const struct controller *c, struct timespec *out)
{
	bool any = false;

	state_each(&c->state, API_LEASE, obj) {
		struct timespec expiry = plan_lease_expiry(&obj->lease);

		if (plan_time_compare(&expiry, &c->planned_at) <= 0)
			continue;
		if (!any || plan_time_compare(&expiry, out) < 0)
			*out = expiry;
		any = true;
	}
	return any;
}

static void arm_lease_timer(struct controller *c, const struct timespec *now)
{
	struct timespec expiry;

	if (next_expiry(c, &expiry))
		add_timer(c->lease_event, microseconds_until(now, &expiry) + 1);
}

/* Renewals only move the moment: the timer finds out by itself whether one failed to come. */
static void on_lease_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;
	struct timespec now = c->config.clock(), expiry;

	(void)fd;
	(void)what;
	if (!next_expiry(c, &expiry))
		return;
	if (plan_time_compare(&expiry, &now) > 0)
		arm_lease_timer(c, &now);
	else
		event_active(c->plan_event, EV_TIMEOUT, 0);
}

/* ---- what is wrong ------------------------------------------------------------------------ */

static void tell_appeared(void *ctx, const struct plan_problem *p)
{
	struct controller *c = ctx;
	struct api_object *about = api_object_new(p->kind, p->ns, p->name);
	char *text = plan_problem_text(p);

	log_warn(c->config.log, "problem", "reason", p->reason, "what", text);
	store_event(c->config.store, about, "Warning", p->reason, p->message, NULL);
	api_object_free(about);
	free(text);
}

static void tell_gone(void *ctx, const struct plan_problem *p)
{
	struct controller *c = ctx;
	char *text = plan_problem_text(p);

	log_info(c->config.log, "problem is over", "what", text);
	free(text);
}

/* Takes FRESH over in place of the problems of the plan before. */
static void replace_problems(struct controller *c, plan_problems *fresh)
{
	fault_list faults = {0};

	validate_state(&c->state, &faults);
	problems_add_faults(fresh, &faults);
	fault_list_free(&faults);
	problems_settle(fresh);
	problems_each_new(fresh, &c->problems, tell_appeared, c);
	problems_each_new(&c->problems, fresh, tell_gone, c);
	plan_problems_free(&c->problems);
	c->problems = *fresh;
}

static void set_blocked(struct controller *c, const char *why)
{
	if (why && (!c->blocked || strcmp(why, c->blocked) != 0))
		log_warn(c->config.log, "nothing is planned", "reason", why);
	else if (!why && c->blocked)
		log_info(c->config.log, "planning goes on");
	free(c->blocked);
	c->blocked = why ? xstrdup(why) : NULL;
}

/* ---- writing ------------------------------------------------------------------------------ */

static const char *const VERBS[] = {"apply", "status", "delete", "event"};

static int write_op(struct controller *c, const struct store_op *op, struct err *err)
{
	const struct api_meta *meta = &op->object->meta;

	switch (op->verb) {
	case STORE_APPLY:
		return store_apply(c->config.store, op->object, err);
	case STORE_STATUS:
		return store_status(c->config.store, op->object, err);
	case STORE_DELETE:
		return store_delete(c->config.store, op->object->kind, meta->ns, meta->name, err);
	case STORE_EVENT:
		return store_event(c->config.store, op->object, "Normal", op->reason, op->message,
				   err);
	}
	return 0;
}

static void carry_out(struct controller *c, const store_ops_list *ops)
{
	bool failed = false;

	array_each(ops, op) {
		const char *kind = api_kind_info(op->object->kind)->name;
		const char *name = op->object->meta.name;
		struct err err;

		c->writes++;
		if (write_op(c, op, &err)) {
			failed = true;
			c->failed_writes++;
			log_error(c->config.log, "cannot write", "verb", VERBS[op->verb], "kind",
				  kind, "name", name, "error", err.msg);
		} else if (op->verb == STORE_EVENT) {
			log_info(c->config.log, op->message, "kind", kind, "name", name);
		} else {
			log_debug(c->config.log, "written", "verb", VERBS[op->verb], "kind", kind,
				  "name", name);
		}
	}
	if (failed && !event_pending(c->plan_event, EV_TIMEOUT, NULL))
		add_timer(c->plan_event, RETRY_US);
}

/* ---- planning ----------------------------------------------------------------------------- */

/* Is there a refused object of which no good version is known? */
static bool has_unknown_objects(const struct controller *c)
{
	plan_problems refused = {0};
	const fault_list *faults = store_faults(c->config.store);
	bool unknown;

	problems_add_faults(&refused, faults);
	unknown = refused.n < faults->n; /* a file that does not parse may hold anything */
	array_each(&refused, p)
		if (!state_get(&c->state, p->kind, p->ns, p->name))
			unknown = true;
	plan_problems_free(&refused);
	return unknown;
}

/* Only from its start on: later, the last good version of everything is in the state. */
static enum reconcile_mode reconcile_mode(struct controller *c)
{
	c->careful = c->careful && has_unknown_objects(c);
	return c->careful ? RECONCILE_CAREFUL : RECONCILE_NORMAL;
}

static void plan_cluster(struct controller *c, const struct api_object *cluster,
			 const struct timespec *now, store_ops_list *ops)
{
	struct plan_cluster view;
	struct desired desired;
	plan_problems problems = {0};

	plan_cluster_open(&view, &c->state, cluster, *now, 0);
	desired_make(&view, &desired);
	desired_problems(&view, &desired, &problems);
	reconcile(&view, &c->state, &desired, reconcile_mode(c), ops);
	desired_free(&desired);
	plan_cluster_close(&view);
	replace_problems(c, &problems);
}

/* Without a Cluster nothing is advertised; but an unreadable one is not the same as none. */
static void plan_nothing(struct controller *c, const char *why, store_ops_list *ops)
{
	plan_problems none = {0};
	bool deleted = c->state.kinds[API_CLUSTER].n == 0;

	set_blocked(c, why);
	replace_problems(c, &none);
	if (deleted && reconcile_mode(c) == RECONCILE_NORMAL)
		reconcile(NULL, &c->state, NULL, RECONCILE_NORMAL, ops);
}

static uint64_t monotonic_microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * US_PER_SECOND + (uint64_t)t.tv_nsec / NS_PER_US;
}

static void on_plan(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;
	const uint64_t start = monotonic_microseconds();
	const struct timespec now = c->config.clock();
	const struct api_object *cluster;
	store_ops_list ops = {0};
	struct err err;

	(void)fd;
	(void)what;
	event_del(c->plan_event); /* it may have been made active before its time */
	c->planned_at = now;
	c->plans++;
	if (plan_cluster_pick(&c->state, c->config.cluster, &cluster, &err)) {
		plan_nothing(c, err.msg, &ops);
	} else {
		set_blocked(c, NULL);
		plan_cluster(c, cluster, &now, &ops);
	}
	arm_lease_timer(c, &now);
	carry_out(c, &ops);
	store_ops_free(&ops);
	c->plan_microseconds = monotonic_microseconds() - start;
}

/* ---- the store ---------------------------------------------------------------------------- */

static void on_store(void *ctx, enum store_event event, enum api_kind kind,
		     const struct api_object *obj)
{
	struct controller *c = ctx;
	struct timespec now;

	switch (event) {
	case STORE_SYNCED:
		c->synced++;
		schedule(c);
		break;
	case STORE_ADDED:
	case STORE_CHANGED:
		now = c->config.clock();
		if (change_matters(state_get(&c->state, kind, obj->meta.ns, obj->meta.name), obj,
				   &now))
			schedule(c);
		state_put(&c->state, api_object_copy(obj));
		break;
	case STORE_DELETED:
		if (state_delete(&c->state, kind, obj->meta.ns, obj->meta.name))
			schedule(c);
		break;
	}
}

int controller_open(const struct controller_config *config, struct controller **out,
		    struct err *err)
{
	struct controller *c = xcalloc(1, sizeof(*c));
	int r = 0;

	c->config = *config;
	c->careful = true;
	c->plan_event = event_new(config->base, -1, 0, on_plan, c);
	c->lease_event = event_new(config->base, -1, 0, on_lease_timer, c);
	for (int kind = 0; kind < API_KIND_COUNT && !r; kind++)
		r = store_watch(config->store, (enum api_kind)kind, on_store, c, err);
	if (r)
		controller_close(c);
	else
		*out = c;
	return r;
}

void controller_close(struct controller *controller)
{
	event_free(controller->plan_event);
	event_free(controller->lease_event);
	state_free(&controller->state);
	plan_problems_free(&controller->problems);
	free(controller->blocked);
	free(controller);
}

bool controller_is_well(const struct controller *controller)
{
	return controller->plans > 0 && !controller->blocked;
}
