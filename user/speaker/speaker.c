// SPDX-License-Identifier: Apache-2.0
/*
 * The role itself: keeps running sessions in line with what is wanted. The order of things matters
 * in three places. A session starts once its floating IP is on an interface; a floating IP goes
 * once the last session from it has said goodbye and its socket is closed; and a session that
 * follows another one between the same two addresses waits until that one is closed.
 */
#include "speaker/speaker.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speaker/floating.h"
#include "speaker/running.h"
#include "speaker/want.h"

/* Milliseconds. Changes within this time make one report: routes come in bursts, states don't. */
#define STATE_SETTLE  50
#define ROUTES_SETTLE 300
/* A session's report is renewed this often, so that its age shows whether its speaker lives. */
#define REPORT_REFRESH 10000

struct speaker {
	struct speaker_config config;
	const struct api_state *state;
	struct rib *rib;
	struct bgpio *io;
	struct floating *floating;
	struct adverts *adverts;
	ARRAY(struct running *) running; /* by namespace and name */
	ARRAY(struct running *) leaving; /* told to stop; their sockets are not closed yet */
	struct event *settle, *refresh;
	bool begun; /* the state is complete */
	bool released;
	char *release_reason; /* NULL: it is not, or this is the end */
};

/* ---- reports ----------------------------------------------------------------------------- */

static void report_in(struct speaker *s, struct running *running, suseconds_t ms)
{
	const struct timeval soon = {.tv_usec = ms * 1000};

	running->report_due = true;
	if (!evtimer_pending(s->settle, NULL))
		evtimer_add(s->settle, &soon);
}

static void report(struct speaker *s, struct running *running)
{
	const struct api_object *obj =
		state_get(s->state, API_BGP_SESSION, running->ns, running->name);
	bool mine = obj && want_is_of(obj, s->config.node_name);
	struct err err;
	int rc = mine ? running_report(running, obj, s->adverts, s->config.store, &err) : 0;

	/* Gone between two looks: the state will say so in a moment. */
	if (rc && rc != -ENOENT) {
		log_error(s->config.log, "cannot report", "session", running->name, "error",
			  err.msg);
		return; /* it stays due, and is tried again at the next refresh */
	}
	running->report_due = false;
	running->reported = bgpio_now();
}

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
	struct speaker *s = ctx;

	(void)fd;
	(void)what;
	array_each(&s->running, running)
		if ((*running)->report_due)
			report(s, *running);
}

static void on_refresh(evutil_socket_t fd, short what, void *ctx)
{
	struct speaker *s = ctx;
	uint64_t now = bgpio_now();

	(void)fd;
	(void)what;
	array_each(&s->running, running)
		if ((*running)->report_due || now - (*running)->reported >= REPORT_REFRESH)
			report(s, *running);
}

/* ---- one session ------------------------------------------------------------------------- */

static void start_all(void *ctx);

static void on_state_changed(void *ctx, struct bgpio_session *session, enum bgp_state from,
			     enum bgp_state to, const char *reason)
{
	struct running *running = ctx;

	(void)session;
	(void)from;
	(void)to;
	(void)reason;
	report_in(running->speaker, running, STATE_SETTLE);
}

static const struct ip_addr *on_select(void *ctx, const struct bgp_config *config,
				       const struct rib_route *route)
{
	(void)ctx;
	return adverts_select(config, route);
}

static void on_removed(void *ctx)
{
	struct running *running = ctx;
	struct speaker *s = running->speaker;

	for (size_t i = 0; i < s->leaving.n; i++)
		if (s->leaving.v[i] == running) {
			array_remove(&s->leaving, i);
			break;
		}
	floating_put(s->floating, &running->config.local);
	running_free(running);
	start_all(s); /* one that waited for this */
}

static const struct bgpio_callbacks session_callbacks = {
	.state_changed = on_state_changed,
	.select = on_select,
	.removed = on_removed,
};

static void wait_for(struct running *running, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void wait_for(struct running *running, const char *fmt, ...)
{
	char why[sizeof(running->waiting)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	if (!strcmp(why, running->waiting))
		return;
	memcpy(running->waiting, why, sizeof(why));
	report_in(running->speaker, running, STATE_SETTLE);
}

static bool is_leaving(const struct speaker *s, const struct bgp_config *config)
{
	array_each(&s->leaving, running)
		if (ip_equal(&(*running)->config.local, &config->local) &&
		    ip_equal(&(*running)->config.peer, &config->peer))
			return true;
	return false;
}

static void start(struct speaker *s, struct running *running)
{
	const struct bgp_config *config = &running->config;
	const char *why;
	struct err err;

	if (running->io)
		return;
	if (!floating_is_held(s->floating, &config->local, &why)) {
		wait_for(running, "floating IP %s is not on this node: %s",
			 ip_str(&config->local).s, why);
	} else if (is_leaving(s, config)) {
		wait_for(running, "the session before it is being closed");
	} else if (bgpio_session_add(s->io, config, s->rib, &session_callbacks, running,
				     &running->io, &err)) {
		running->io = NULL;
		wait_for(running, "%s", err.msg);
	} else {
		floating_get(s->floating, &config->local);
		report_in(s, running, STATE_SETTLE);
	}
}

/* The last that is heard of RUNNING: it is freed here, or in on_removed() once the peer was told.
 */
static void stop(struct speaker *s, struct running *running, const char *reason)
{
	struct bgpio_session *io = running->io;

	running->io = NULL;
	snprintf(running->waiting, sizeof(running->waiting), "stopped: %s", reason);
	if (io) {
		array_push(&s->leaving, running);
		bgpio_session_remove(io, reason);
	}
	report(s, running);
	if (!io)
		running_free(running);
}

/* ---- all of them ------------------------------------------------------------------------- */

static void start_all(void *ctx)
{
	struct speaker *s = ctx;

	if (s->released)
		return;
	array_each(&s->running, running)
		start(s, *running);
}

/* A session that lost its address without ending need not wait for its next attempt. */
static void on_arrival(void *ctx)
{
	struct speaker *s = ctx;

	start_all(s);
	array_each(&s->running, running)
		if ((*running)->io)
			bgpio_session_retry((*running)->io);
}

/* The session of this name, taken off the list; NULL: there is none. */
static struct running *take_running(struct speaker *s, const struct want_session *want)
{
	for (size_t i = 0; i < s->running.n; i++) {
		struct running *running = s->running.v[i];

		if (!running_is(running, &want->object->meta))
			continue;
		array_remove(&s->running, i);
		return running;
	}
	return NULL;
}

static void stop_all(struct speaker *s, const char *reason)
{
	array_each(&s->running, running)
		stop(s, *running, reason);
	array_free(&s->running);
}

static void update_sessions(struct speaker *s, const struct want *want)
{
	ARRAY(struct running *) next = {0};

	array_each(&want->sessions, wanted) {
		struct running *running = take_running(s, wanted);

		if (running && !want_same_config(&running->config, &wanted->config)) {
			stop(s, running, "the session's configuration changed");
			running = NULL;
		}
		if (!running)
			running = running_new(s, &wanted->object->meta, &wanted->config);
		array_push(&next, running);
	}
	stop_all(s, "the session is not placed on this node any more");
	s->running.v = next.v;
	s->running.n = next.n;
	s->running.cap = next.cap;
}

/* ---- the interface ----------------------------------------------------------------------- */

int speaker_new(const struct speaker_config *config, const struct api_state *state,
		struct speaker **out, struct err *err)
{
	const struct timeval second = {.tv_sec = 1};
	struct speaker *s = xcalloc(1, sizeof(*s));
	int rc;

	s->config = *config;
	s->state = state;
	rc = floating_new(config->base, config->log, &s->floating, err);
	if (rc) {
		free(s);
		return err_prefix(err, rc, "speaker");
	}
	floating_on_arrival(s->floating, on_arrival, s);
	s->rib = rib_new();
	s->io = bgpio_new(config->base, config->log);
	s->adverts = adverts_new(s->rib, config->log);
	s->settle = evtimer_new(config->base, on_settle, s);
	s->refresh = event_new(config->base, -1, EV_PERSIST, on_refresh, s);
	event_add(s->refresh, &second);
	*out = s;
	return 0;
}

void speaker_state_changed(struct speaker *speaker)
{
	struct want want;

	speaker->begun = true;
	if (speaker->released)
		return;
	if (adverts_update(speaker->adverts, speaker->state)) {
		bgpio_rib_changed(speaker->io);
		array_each(&speaker->running, running)
			report_in(speaker, *running, ROUTES_SETTLE);
	}
	want_read(speaker->state, speaker->config.node_name, &want);
	update_sessions(speaker, &want);
	floating_want(speaker->floating, &want.floating_ips);
	start_all(speaker);
	want_free(&want);
}

void speaker_release(struct speaker *speaker, const char *reason)
{
	if (speaker->released)
		return;
	log_warn(speaker->config.log, "giving up sessions and floating IPs", "reason", reason);
	speaker->released = true;
	speaker->release_reason = xstrdup(reason);
	stop_all(speaker, reason);
	floating_drop_all(speaker->floating);
}

void speaker_resume(struct speaker *speaker)
{
	if (!speaker->released)
		return;
	log_info(speaker->config.log, "taking up sessions and floating IPs again");
	speaker->released = false;
	free(speaker->release_reason);
	speaker->release_reason = NULL;
	if (speaker->begun)
		speaker_state_changed(speaker);
}

void speaker_stop(struct speaker *speaker, const char *reason, void (*done)(void *ctx), void *ctx)
{
	speaker->released = true;
	stop_all(speaker, reason);
	bgpio_stop(speaker->io, reason, done, ctx);
}

void speaker_free(struct speaker *speaker)
{
	if (!speaker)
		return;
	speaker->released = true;
	stop_all(speaker, "the speaker stops");
	bgpio_free(speaker->io);
	array_each(&speaker->leaving, running)
		running_free(*running);
	array_free(&speaker->leaving);
	adverts_free(speaker->adverts);
	rib_free(speaker->rib);
	floating_free(speaker->floating);
	event_free(speaker->settle);
	event_free(speaker->refresh);
	free(speaker->release_reason);
	free(speaker);
}

/* ---- for the control socket -------------------------------------------------------------- */

json_t *speaker_sessions_json(const struct speaker *speaker)
{
	json_t *json = json_object();

	array_each(&speaker->running, running)
		json_object_set_new(json, (*running)->name, running_json(*running));
	return json;
}

json_t *speaker_floating_json(const struct speaker *speaker)
{
	json_t *json = json_array();
	api_ips held = {0};

	floating_list(speaker->floating, &held);
	array_each(&held, ip)
		json_array_append_new(json, json_string(ip_str(ip).s));
	array_free(&held);
	return json;
}

static void add_missing(void *ctx, const struct ip_addr *ip, const char *why)
{
	json_array_append_new(ctx,
			      json_sprintf("floating IP %s cannot be held: %s", ip_str(ip).s, why));
}

json_t *speaker_problems_json(const struct speaker *speaker)
{
	json_t *json = json_array();

	if (speaker->release_reason)
		json_array_append_new(json,
				      json_sprintf("sessions and floating IPs are given up: %s",
						   speaker->release_reason));
	floating_each_missing(speaker->floating, add_missing, json);
	return json;
}
