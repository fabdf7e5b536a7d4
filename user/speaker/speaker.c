// SPDX-License-Identifier: Apache-2.0
/*
 * The role itself: keeps running sessions in line with what is wanted. The order of things matters
 * in two places. A session starts once its floating IP is on an interface, and a floating IP goes
 * once the last session from it has said goodbye and its socket is closed.
 */
#include "speaker/speaker.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speaker/floating.h"
#include "speaker/running.h"
#include "speaker/want.h"

/* Changes within this time make one report. */
#define REPORT_SETTLE_MS 100
/* An Established session says that it still is, this often. */
#define REPORT_REFRESH_SECONDS 10

struct speaker {
	struct speaker_config config;
	const struct api_state *state;
	struct rib *rib;
	struct bgpio *io;
	struct floating *floating;
	struct adverts *adverts;
	ARRAY(struct running *) running; /* by namespace and name */
	struct event *settle, *refresh;
	bool released;
};

/* ---- reports ----------------------------------------------------------------------------- */

static void report_soon(struct speaker *s, struct running *running)
{
	const struct timeval soon = {.tv_usec = REPORT_SETTLE_MS * 1000};

	running->report_due = true;
	if (!evtimer_pending(s->settle, NULL))
		evtimer_add(s->settle, &soon);
}

static void report(struct speaker *s, struct running *running, time_t now)
{
	const struct api_object *obj =
		state_get(s->state, API_BGP_SESSION, running->ns, running->name);
	struct err err;
	int rc;

	running->report_due = false;
	running->reported = now;
	if (!obj)
		return;
	rc = running_report(running, obj, s->adverts, s->config.store, &err);
	/* Gone between two looks: the state will say so in a moment. */
	if (rc && rc != -ENOENT)
		log_error(s->config.log, "cannot report", "session", running->name, "error",
			  err.msg);
}

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
	struct speaker *s = ctx;
	time_t now = time(NULL);

	(void)fd;
	(void)what;
	array_each (&s->running, running)
		if ((*running)->report_due)
			report(s, *running, now);
}

static void on_refresh(evutil_socket_t fd, short what, void *ctx)
{
	struct speaker *s = ctx;
	time_t now = time(NULL);

	(void)fd;
	(void)what;
	array_each (&s->running, running)
		if (now - (*running)->reported >= REPORT_REFRESH_SECONDS)
			report(s, *running, now);
}

/* ---- sessions ---------------------------------------------------------------------------- */

static void on_state_changed(void *ctx, struct bgpio_session *session, enum bgp_state from,
			     enum bgp_state to, const char *reason)
{
	struct running *running = ctx;

	(void)session;
	(void)from;
	(void)to;
	(void)reason;
	report_soon(running->speaker, running);
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

	if (!s->released)
		floating_put(s->floating, &running->config.local);
	free(running->ns);
	free(running->name);
	free(running);
}

static const struct bgpio_callbacks session_callbacks = {
	.state_changed = on_state_changed,
	.select = on_select,
	.removed = on_removed,
};

static void start(struct speaker *s, struct running *running)
{
	const char *why;
	struct err err;

	if (running->io)
		return;
	if (!floating_is_held(s->floating, &running->config.local, &why)) {
		snprintf(running->waiting, sizeof(running->waiting),
			 "floating IP %s is not on this node: %s",
			 ip_str(&running->config.local).s, why);
	} else if (bgpio_session_add(s->io, &running->config, s->rib, &session_callbacks, running,
				     &running->io, &err)) {
		snprintf(running->waiting, sizeof(running->waiting), "%s", err.msg);
		running->io = NULL;
	} else {
		floating_get(s->floating, &running->config.local);
	}
	report_soon(s, running);
}

static void stop(struct running *running, const char *reason)
{
	if (running->io) {
		/* on_removed() frees it, when the peer has been told. */
		bgpio_session_remove(running->io, reason);
		return;
	}
	free(running->ns);
	free(running->name);
	free(running);
}

static struct running *running_new(struct speaker *s, const struct want_session *want)
{
	struct running *running = xcalloc(1, sizeof(*running));

	running->speaker = s;
	running->ns = want->object->meta.ns ? xstrdup(want->object->meta.ns) : NULL;
	running->name = xstrdup(want->object->meta.name);
	running->config = want->config;
	return running;
}

static struct running *take_running(struct speaker *s, const struct want_session *want)
{
	for (size_t i = 0; i < s->running.n; i++) {
		struct running *running = s->running.v[i];

		if (!running || strcmp(running->name, want->object->meta.name) != 0 ||
		    strcmp(running->ns ? running->ns : "",
			   want->object->meta.ns ? want->object->meta.ns : "") != 0)
			continue;
		s->running.v[i] = NULL;
		return running;
	}
	return NULL;
}

static void update_sessions(struct speaker *s, const struct want *want)
{
	ARRAY(struct running *) next = {0};

	array_each (&want->sessions, wanted) {
		struct running *running = take_running(s, wanted);

		if (running && !want_same_config(&running->config, &wanted->config)) {
			stop(running, "the session's configuration changed");
			running = NULL;
		}
		array_push(&next, running ? running : running_new(s, wanted));
	}
	array_each (&s->running, running)
		if (*running)
			stop(*running, "the session is not placed here any more");
	array_free(&s->running);
	s->running.v = next.v;
	s->running.n = next.n;
	s->running.cap = next.cap;
}

static void start_all(void *ctx)
{
	struct speaker *s = ctx;

	array_each (&s->running, running)
		start(s, *running);
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
	floating_on_arrival(s->floating, start_all, s);
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

	if (speaker->released)
		return;
	want_read(speaker->state, speaker->config.node_name, &want);
	if (adverts_update(speaker->adverts, speaker->state)) {
		bgpio_rib_changed(speaker->io);
		array_each (&speaker->running, running)
			report_soon(speaker, *running);
	}
	update_sessions(speaker, &want);
	floating_want(speaker->floating, &want.floating_ips);
	start_all(speaker);
	want_free(&want);
}

static void forget_sessions(struct speaker *s, const char *reason)
{
	array_each (&s->running, running)
		stop(*running, reason);
	array_free(&s->running);
}

void speaker_release(struct speaker *speaker, const char *reason)
{
	if (speaker->released)
		return;
	log_warn(speaker->config.log, "giving up sessions and floating IPs", "reason", reason);
	speaker->released = true;
	forget_sessions(speaker, reason);
	floating_drop_all(speaker->floating);
}

void speaker_resume(struct speaker *speaker)
{
	if (!speaker->released)
		return;
	speaker->released = false;
	speaker_state_changed(speaker);
}

void speaker_stop(struct speaker *speaker, const char *reason, void (*done)(void *ctx), void *ctx)
{
	speaker->released = true;
	forget_sessions(speaker, reason);
	bgpio_stop(speaker->io, reason, done, ctx);
}

void speaker_free(struct speaker *speaker)
{
	if (!speaker)
		return;
	speaker->released = true;
	forget_sessions(speaker, "the speaker stops");
	bgpio_free(speaker->io);
	adverts_free(speaker->adverts);
	rib_free(speaker->rib);
	floating_free(speaker->floating);
	event_free(speaker->settle);
	event_free(speaker->refresh);
	free(speaker);
}

json_t *speaker_sessions_json(const struct speaker *speaker)
{
	json_t *json = json_object();

	array_each (&speaker->running, running)
		json_object_set_new(json, (*running)->name, running_json(*running));
	return json;
}

json_t *speaker_floating_json(const struct speaker *speaker)
{
	json_t *json = json_array();
	api_ips held = {0};

	floating_list(speaker->floating, &held);
	array_each (&held, ip)
		json_array_append_new(json, json_string(ip_str(ip).s));
	array_free(&held);
	return json;
}
