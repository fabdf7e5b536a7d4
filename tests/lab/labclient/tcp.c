/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void tcp_drop(struct worker *w)
{
	if (w->bev)
		bufferevent_free(w->bev);
	w->bev = NULL;
	w->connected = false;
}

static void add_filling(struct evbuffer *out, size_t len)
{
	static const char filling[] = "some bytes that fill the body of a request\n";

	while (len) {
		size_t piece = len < sizeof(filling) - 1 ? len : sizeof(filling) - 1;

		evbuffer_add(out, filling, piece);
		len -= piece;
	}
}

static void tcp_write_request(struct worker *w)
{
	struct client *c = w->client;
	struct evbuffer *out = bufferevent_get_output(w->bev);
	const char *keep = c->reuse ? "keep-alive" : "close";

	w->head_seen = false;
	if (c->get_bytes)
		evbuffer_add_printf(
			out, "GET /bytes/%zu HTTP/1.1\r\nHost: vip\r\nConnection: %s\r\n\r\n",
			c->get_bytes, keep);
	else if (c->post_bytes) {
		evbuffer_add_printf(out,
				    "POST / HTTP/1.1\r\nHost: vip\r\nConnection: %s\r\n"
				    "Content-Length: %zu\r\n\r\n",
				    keep, c->post_bytes);
		add_filling(out, c->post_bytes);
	} else
		evbuffer_add_printf(out, "GET / HTTP/1.1\r\nHost: vip\r\nConnection: %s\r\n\r\n",
				    keep);
}

/* Reads the head when all of it is there. False: not yet; body_len SIZE_MAX: not what we expect. */
static bool tcp_read_head(struct worker *w, struct evbuffer *in)
{
	struct evbuffer_ptr head_end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	char *line;
	size_t len;

	if (head_end.pos < 0)
		return false;
	w->head_seen = true;
	w->body_len = SIZE_MAX;
	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF)) && len) {
		if (!strncasecmp(line, "Content-Length:", 15))
			w->body_len = strtoul(line + 15, NULL, 10);
		if (!strncmp(line, "HTTP/", 5) && !strstr(line, " 200 ")) {
			free(line);
			w->body_len = SIZE_MAX;
			return true;
		}
		free(line);
	}
	free(line);
	w->body_left = w->body_len;
	w->line[0] = '\0';
	return true;
}

static bool tcp_right_answer(const struct worker *w)
{
	const struct client *c = w->client;
	const char *received = strstr(w->line, "received=");

	if (c->get_bytes)
		return w->body_len == c->get_bytes;
	if (c->post_bytes)
		return received && strtoul(received + 9, NULL, 10) == c->post_bytes;
	return true;
}

static void tcp_readable(struct bufferevent *bev, void *ctx)
{
	struct worker *w = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t have;

	if (!w->busy || (!w->head_seen && !tcp_read_head(w, in)))
		return;
	if (w->body_len == SIZE_MAX) {
		worker_failed(w, "not HTTP 200");
		return;
	}
	if (!w->line[0] && evbuffer_get_length(in)) {
		ssize_t got = evbuffer_copyout(in, w->line, sizeof(w->line) - 1);

		/* An answer of one line comes whole in practice; wait for the rest if not. */
		if (!w->client->get_bytes && evbuffer_get_length(in) < w->body_len) {
			w->line[0] = '\0';
			return;
		}
		w->line[got > 0 ? got : 0] = '\0';
	}
	have = evbuffer_get_length(in);
	have = have < w->body_left ? have : w->body_left;
	evbuffer_drain(in, have);
	w->body_left -= have;
	if (w->body_left)
		return;
	if (tcp_right_answer(w))
		worker_answered(w, w->line);
	else
		worker_failed(w, "wrong answer");
}

static void tcp_event(struct bufferevent *bev, short what, void *ctx)
{
	struct worker *w = ctx;
	const char *kind = "closed early";
	int error = EVUTIL_SOCKET_ERROR();

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		w->connected = true;
		return;
	}
	if (what & BEV_EVENT_ERROR)
		kind = error == ECONNREFUSED ? "connection refused"
		       : error == ECONNRESET ? "connection reset"
					     : strerror(error);
	if (!w->busy) { /* a long-lived connection ended between two requests */
		tallies_count(&w->client->errors, "idle connection lost", "");
		w->client->failed++;
		tcp_drop(w);
		return;
	}
	worker_failed(w, kind);
}

static void tcp_send(struct worker *w)
{
	struct client *c = w->client;

	if (!w->bev) {
		int fd = socket(c->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0 || (c->from_len &&
			       bind(fd, (struct sockaddr *)&c->from, (socklen_t)c->from_len))) {
			if (fd >= 0)
				close(fd);
			worker_failed(w, strerror(errno));
			return;
		}
		c->connections++;
		w->bev = bufferevent_socket_new(c->base, fd, BEV_OPT_CLOSE_ON_FREE);
		bufferevent_setcb(w->bev, tcp_readable, NULL, tcp_event, w);
		bufferevent_enable(w->bev, EV_READ | EV_WRITE);
		if (bufferevent_socket_connect(w->bev, (struct sockaddr *)&c->to, c->to_len)) {
			if (w->busy) /* unless the event callback has failed it already */
				worker_failed(w, strerror(EVUTIL_SOCKET_ERROR()));
			return;
		}
	}
	tcp_write_request(w);
}

const struct transport tcp_transport = {tcp_send, tcp_drop};
