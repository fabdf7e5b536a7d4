// SPDX-License-Identifier: Apache-2.0
/*
 * Owner of sessions, as bgp/session.h wants one. A session never calls its user from inside a call
 * of the user's: state changes are queued and told from the loop, and a session that was removed
 * lives on, silent, until its connection is closed. So callbacks may do to sessions what they like.
 */

#include "bgpio/bgpio.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "bgpio/conn.h"
#include "bgpio/report.h"
#include "util/array.h"
#include "util/mem.h"

struct change {
	enum bgp_state from, to;
	char *reason;
};

struct bgpio_session {
	struct bgpio *io;
	struct bgp_session *bgp;
	struct bgpio_callbacks callbacks;
	void *ctx;
	struct conn *conn; /* NULL: none */
	struct event *timer, *tell;
	ARRAY(struct change) changes; /* to be told */
	char *reported;		      /* the last failure that was logged */
	size_t lingering;	      /* connections that are being closed */
	bool removed;		      /* to be freed when none is */
};

struct bgpio {
	struct event_base *base;
	const struct log *log;
	ARRAY(struct bgpio_session *) sessions; /* removed ones too, until they are gone */
	ARRAY(struct conn *) lingering;
	struct event *rib_changed, *sweep;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
	bool stopping;
};

uint64_t bgpio_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The session's next deadline may have moved: called after whatever may have done that. */
static void arm_timer(struct bgpio_session *s)
{
	uint64_t deadline = bgp_session_next_deadline(s->bgp);
	uint64_t now = bgpio_now();
	uint64_t wait = deadline > now ? deadline - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(wait / 1000),
			     .tv_usec = (suseconds_t)(wait % 1000 * 1000)};

	if (deadline == BGP_NEVER)
		event_del(s->timer);
	else
		event_add(s->timer, &tv);
}

/* ---- what a connection tells --------------------------------------------------------------- */

static void on_connected(void *ctx)
{
	struct bgpio_session *s = ctx;

	bgp_session_connected(s->bgp, bgpio_now());
	arm_timer(s);
}

static void on_failed(void *ctx, const char *why)
{
	struct bgpio_session *s = ctx;

	s->conn = NULL;
	bgp_session_connect_failed(s->bgp, why, bgpio_now());
	arm_timer(s);
}

static void on_closed(void *ctx, const char *why)
{
	struct bgpio_session *s = ctx;

	s->conn = NULL;
	bgp_session_closed(s->bgp, why, bgpio_now());
	arm_timer(s);
}

static void on_input(void *ctx, const uint8_t *bytes, size_t len)
{
	struct bgpio_session *s = ctx;

	bgp_session_input(s->bgp, bytes, len, bgpio_now());
	arm_timer(s);
}

static size_t on_output(void *ctx, uint8_t *buf, size_t size)
{
	struct bgpio_session *s = ctx;
	size_t n = bgp_session_output(s->bgp, buf, size, bgpio_now());

	arm_timer(s);
	return n;
}

static const struct conn_handler conn_handler = {
	.connected = on_connected,
	.failed = on_failed,
	.closed = on_closed,
	.input = on_input,
	.output = on_output,
};

/* ---- what a session wants ------------------------------------------------------------------ */

static void want_connect(void *ctx)
{
	struct bgpio_session *s = ctx;
	const struct bgp_config *config = bgp_session_config(s->bgp);
	const struct conn_target target = {
		.local = config->local,
		.peer = config->peer,
		.port = config->peer_port,
		.ttl = config->ttl,
	};
	struct err err;

	if (conn_open(s->io->base, &target, &conn_handler, s, &s->conn, &err))
		bgp_session_connect_failed(s->bgp, err.msg, bgpio_now());
}

static void on_lingered(void *ctx, struct conn *conn)
{
	struct bgpio_session *s = ctx;
	struct bgpio *io = s->io;

	for (size_t i = 0; i < io->lingering.n; i++) {
		if (io->lingering.v[i] == conn)
			array_remove(&io->lingering, i);
	}
	s->lingering--;
	if (s->removed)
		event_active(io->sweep, EV_TIMEOUT, 0);
}

static void want_close(void *ctx)
{
	struct bgpio_session *s = ctx;
	struct conn *conn = s->conn;

	if (!conn)
		return;
	s->conn = NULL;
	array_push(&s->io->lingering, conn);
	s->lingering++;
	conn_linger(conn, on_lingered, s);
}

static void want_output(void *ctx)
{
	struct bgpio_session *s = ctx;

	if (s->conn)
		conn_output_ready(s->conn);
}

static uint32_t want_random(void *ctx)
{
	uint32_t v = 0;

	(void)ctx;
	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) < 0)
		v = (uint32_t)bgpio_now(); /* early in the boot: good enough for jitter */
	return v;
}

static void on_state_changed(void *ctx, enum bgp_state from, enum bgp_state to, const char *reason)
{
	struct bgpio_session *s = ctx;

	if (s->removed) {
		report_stopped(s->io->log, bgp_session_config(s->bgp), reason);
		return;
	}
	report_state(s->io->log, bgp_session_config(s->bgp), from, to, reason, &s->reported);
	if (!s->callbacks.state_changed)
		return;
	array_push(&s->changes,
		   ((struct change){.from = from, .to = to, .reason = xstrdup(reason)}));
	event_active(s->tell, EV_TIMEOUT, 0);
}

static void on_bad_message(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
	struct bgpio_session *s = ctx;

	report_bad_message(s->io->log, bgp_session_config(s->bgp), bytes, len, what);
}

static const struct ip_addr *want_next_hop(void *ctx, const struct rib_route *route)
{
	struct bgpio_session *s = ctx;

	if (s->removed || !s->callbacks.select)
		return NULL;
	return s->callbacks.select(s->ctx, bgp_session_config(s->bgp), route);
}

static const struct bgp_callbacks session_callbacks = {
	.connect = want_connect,
	.close = want_close,
	.output_ready = want_output,
	.random = want_random,
	.state_changed = on_state_changed,
	.bad_message = on_bad_message,
	.select = want_next_hop,
};

/* ---- events ------------------------------------------------------------------------------ */

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct bgpio_session *s = ctx;

	(void)fd;
	(void)what;
	/* After a time without CPU, what the peer sent meanwhile counts before its hold timer. */
	if (s->conn)
		conn_poll(s->conn);
	bgp_session_tick(s->bgp, bgpio_now());
	arm_timer(s);
}

static void on_tell(evutil_socket_t fd, short what, void *ctx)
{
	struct bgpio_session *s = ctx;

	(void)fd;
	(void)what;
	while (s->changes.n) {
		struct change change = s->changes.v[0];

		array_remove(&s->changes, 0);
		if (!s->removed)
			s->callbacks.state_changed(s->ctx, s, change.from, change.to,
						   change.reason);
		free(change.reason);
	}
}

static void on_rib_changed(evutil_socket_t fd, short what, void *ctx)
{
	struct bgpio *io = ctx;

	(void)fd;
	(void)what;
	array_each(&io->sessions, s)
		bgp_session_rib_changed((*s)->bgp);
}

static void session_free(struct bgpio_session *s)
{
	event_free(s->timer);
	event_free(s->tell);
	array_each(&s->changes, change)
		free(change->reason);
	array_free(&s->changes);
	bgp_session_free(s->bgp);
	free(s->reported);
	free(s);
}

/* A removed session whose connections are closed, taken off the list; NULL: there is none. */
static struct bgpio_session *take_gone(struct bgpio *io)
{
	for (size_t i = 0; i < io->sessions.n; i++) {
		struct bgpio_session *s = io->sessions.v[i];

		if (s->removed && !s->lingering) {
			array_remove(&io->sessions, i);
			return s;
		}
	}
	return NULL;
}

static void on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct bgpio *io = ctx;
	struct bgpio_session *s;

	(void)fd;
	(void)what;
	while ((s = take_gone(io)) != NULL) {
		if (s->callbacks.removed)
			s->callbacks.removed(s->ctx);
		session_free(s);
	}
	if (io->stopping && !io->sessions.n) {
		io->stopping = false;
		if (io->stopped)
			io->stopped(io->stopped_ctx); /* may free IO */
	}
}

/* ---- what the user calls ------------------------------------------------------------------- */

struct bgpio *bgpio_new(struct event_base *base, const struct log *log)
{
	struct bgpio *io = xcalloc(1, sizeof(*io));

	io->base = base;
	io->log = log;
	io->rib_changed = event_new(base, -1, 0, on_rib_changed, io);
	io->sweep = event_new(base, -1, 0, on_sweep, io);
	return io;
}

void bgpio_stop(struct bgpio *io, const char *reason, void (*done)(void *ctx), void *ctx)
{
	io->stopping = true;
	io->stopped = done;
	io->stopped_ctx = ctx;
	array_each(&io->sessions, s)
		bgpio_session_remove(*s, reason);
	event_active(io->sweep, EV_TIMEOUT, 0); /* there may have been none */
}

void bgpio_free(struct bgpio *io)
{
	if (!io)
		return;
	array_each(&io->sessions, s)
		bgpio_session_remove(*s, "shutting down");
	array_each(&io->lingering, conn)
		conn_free(*conn);
	array_each(&io->sessions, s)
		session_free(*s);
	array_free(&io->lingering);
	array_free(&io->sessions);
	event_free(io->rib_changed);
	event_free(io->sweep);
	free(io);
}

int bgpio_session_add(struct bgpio *io, const struct bgp_config *config, struct rib *rib,
		      const struct bgpio_callbacks *callbacks, void *ctx,
		      struct bgpio_session **out, struct err *err)
{
	struct bgpio_session *s = xcalloc(1, sizeof(*s));
	int rc = bgp_session_new(config, rib, &session_callbacks, s, &s->bgp, err);

	if (rc) {
		free(s);
		return rc;
	}
	s->io = io;
	s->callbacks = *callbacks;
	s->ctx = ctx;
	s->timer = evtimer_new(io->base, on_timer, s);
	s->tell = event_new(io->base, -1, 0, on_tell, s);
	array_push(&io->sessions, s);
	*out = s;
	bgp_session_start(s->bgp, bgpio_now());
	arm_timer(s);
	return 0;
}

void bgpio_session_remove(struct bgpio_session *s, const char *reason)
{
	if (s->removed)
		return;
	s->removed = true;
	bgp_session_stop(s->bgp, reason, bgpio_now());
	arm_timer(s);
	if (!s->lingering)
		event_active(s->io->sweep, EV_TIMEOUT, 0);
}

void bgpio_session_retry(struct bgpio_session *s)
{
	bgp_session_start(s->bgp, bgpio_now());
	arm_timer(s);
}

void bgpio_rib_changed(struct bgpio *io)
{
	event_active(io->rib_changed, EV_TIMEOUT, 0);
}

const struct bgp_facts *bgpio_session_facts(const struct bgpio_session *s)
{
	return bgp_session_facts(s->bgp);
}

const struct bgp_config *bgpio_session_config(const struct bgpio_session *s)
{
	return bgp_session_config(s->bgp);
}
