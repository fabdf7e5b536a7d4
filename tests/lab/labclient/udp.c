/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void udp_drop(struct worker *w)
{
	if (w->readable)
		event_free(w->readable);
	w->readable = NULL;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static void udp_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct worker *w = ctx;
	static char in[MAX_DATAGRAM];
	ssize_t got = recv(fd, in, sizeof(in) - 1, 0);
	char *newline;

	(void)what;
	if (got < 0) {
		if (errno == EAGAIN)
			return;
		if (w->busy)
			worker_failed(w, errno == ECONNREFUSED ? "connection refused"
							       : strerror(errno));
		return;
	}
	in[got] = '\0';
	newline = strchr(in, '\n');
	if (!w->busy || !newline)
		return;
	*newline++ = '\0';
	/* A late answer to an earlier datagram is no answer to this one. */
	if (strncmp(newline, w->payload, strlen(w->payload)))
		return;
	if ((size_t)(in + got - newline) != strlen(w->payload) + w->client->pad)
		worker_failed(w, "wrong answer");
	else
		worker_answered(w, in);
}

static bool udp_open(struct worker *w)
{
	struct client *c = w->client;

	w->fd = socket(c->to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0 ||
	    (c->from_len && bind(w->fd, (struct sockaddr *)&c->from, (socklen_t)c->from_len)) ||
	    connect(w->fd, (struct sockaddr *)&c->to, (socklen_t)c->to_len))
		return false;
	c->connections++;
	w->readable = event_new(c->base, w->fd, EV_READ | EV_PERSIST, udp_readable, w);
	event_add(w->readable, NULL);
	return true;
}

static void udp_send(struct worker *w)
{
	static char out[MAX_DATAGRAM];
	size_t len;

	if (w->fd < 0 && !udp_open(w)) {
		worker_failed(w, strerror(errno));
		return;
	}
	len = (size_t)snprintf(w->payload, sizeof(w->payload), "worker %u request %llu\n",
			       w->number, (unsigned long long)w->sequence);
	memcpy(out, w->payload, len);
	memset(out + len, 'x', w->client->pad);
	/* An ICMP error about the datagram before may be told by this send: that one has failed. */
	if (send(w->fd, out, len + w->client->pad, 0) < 0 &&
	    send(w->fd, out, len + w->client->pad, 0) < 0)
		worker_failed(w, errno == ECONNREFUSED ? "connection refused" : strerror(errno));
}

const struct transport udp_transport = {udp_send, udp_drop};
