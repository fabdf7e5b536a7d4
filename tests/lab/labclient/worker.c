/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>

static void begin(struct worker *w);

static void rest_or_begin(struct worker *w)
{
	struct client *c = w->client;
	struct timeval pause = {.tv_sec = c->interval_ms / 1000,
				.tv_usec = c->interval_ms % 1000 * 1000};

	/* Through the loop even without a pause: a failure at once must not recurse. */
	event_add(w->next, &pause);
}

static void end(struct worker *w)
{
	w->busy = false;
	w->client->active--;
	event_del(w->timeout);
	if (!w->client->reuse)
		w->client->transport->drop(w);
	rest_or_begin(w);
}

void worker_failed(struct worker *w, const char *kind)
{
	struct client *c = w->client;

	c->failed++;
	tallies_count(&c->errors, kind, "");
	c->transport->drop(w);
	end(w);
}

void worker_answered(struct worker *w, const char *line)
{
	struct client *c = w->client;
	char pod[KEY_LEN] = "", peer[KEY_LEN] = "";

	if (c->get_bytes)
		snprintf(pod, sizeof(pod), "bytes");
	else if (sscanf(line, "pod=%95s peer=%95s", pod, peer) != 2) {
		worker_failed(w, "wrong answer");
		return;
	}
	totals_answer(c, w, pod, peer);
	end(w);
}

static void on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *w = ctx;

	(void)fd, (void)what;
	worker_failed(w, w->bev && !w->connected ? "connect timeout" : "answer timeout");
}

static void on_next(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	begin(ctx);
}

static void begin(struct worker *w)
{
	struct client *c = w->client;
	struct timeval timeout = {.tv_sec = c->timeout_ms / 1000,
				  .tv_usec = c->timeout_ms % 1000 * 1000};

	if (c->stopping || (c->requests && c->begun == c->requests)) {
		if (!c->active)
			event_base_loopbreak(c->base);
		return;
	}
	c->begun++;
	c->active++;
	w->busy = true;
	w->sequence++;
	w->started = now_ns();
	event_add(w->timeout, &timeout);
	c->transport->send(w);
}

int workers_start(struct client *c)
{
	c->workers = calloc(c->concurrency, sizeof(*c->workers));
	if (!c->workers)
		return -1;
	c->start = c->last_ok = now_ns();
	for (uint32_t i = 0; i < c->concurrency; i++) {
		struct worker *w = &c->workers[i];

		w->client = c;
		w->number = i;
		w->fd = -1;
		w->answered = c->start;
		w->timeout = evtimer_new(c->base, on_timeout, w);
		w->next = evtimer_new(c->base, on_next, w);
	}
	for (uint32_t i = 0; i < c->concurrency; i++)
		begin(&c->workers[i]);
	return 0;
}
