// SPDX-License-Identifier: Apache-2.0
/*
 * Output is pulled: the buffer is filled from the session only when the socket has taken all that
 * was in it. So there is never more than one buffer of UPDATEs between the RIB and the socket
 * (TCP_NOTSENT_LOWAT keeps the kernel's share small too), and a peer that reads slowly gets routes
 * as they are when it reads, not as they were.
 *
 * A connection that is to be closed lingers: its last bytes are written, the sending side is shut,
 * and what the peer still sends is read and thrown away until it closes too. Closing with unread
 * bytes would send a RST, and a RST makes the peer forget the NOTIFICATION that it has not read.
 */

#include "bgpio/conn.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bgpio/tcp.h"
#include "util/mem.h"

#define OUT_SIZE       65536
#define LAST_WORDS     8192 /* room kept for what is sent at the end */
#define IN_SIZE	       65536
#define TURNS	       16 /* buffers in one turn of the loop, so that one peer starves no other */
#define LINGER_SECONDS 2

enum conn_state { CONN_CONNECTING, CONN_UP, CONN_LINGERING };

struct conn {
	int fd;
	enum conn_state state;
	struct conn_target target;
	const struct conn_handler *handler;
	void *ctx;
	void (*done)(void *ctx, struct conn *conn);
	void *done_ctx;
	struct event *read, *write, *timer;
	size_t out_start, out_len;
	uint8_t out[OUT_SIZE + LAST_WORDS];
};

static void on_readable(evutil_socket_t fd, short what, void *ctx);
static void on_writable(evutil_socket_t fd, short what, void *ctx);
static void on_linger_end(evutil_socket_t fd, short what, void *ctx);

int conn_open(struct event_base *base, const struct conn_target *target,
	      const struct conn_handler *handler, void *ctx, struct conn **out, struct err *err)
{
	struct conn *conn;
	int fd = tcp_connect(target, err);

	if (fd < 0)
		return fd;
	conn = xcalloc(1, sizeof(*conn));
	conn->fd = fd;
	conn->target = *target;
	conn->handler = handler;
	conn->ctx = ctx;
	conn->read = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->write = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
	conn->timer = evtimer_new(base, on_linger_end, conn);
	event_add(conn->write, NULL); /* writable: connected, or not to be */
	*out = conn;
	return 0;
}

void conn_free(struct conn *conn)
{
	if (!conn)
		return;
	event_free(conn->read);
	event_free(conn->write);
	event_free(conn->timer);
	close(conn->fd);
	free(conn);
}

/* ---- connecting -------------------------------------------------------------------------- */

static void finish_connect(struct conn *conn)
{
	struct err err;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error) {
		(void)tcp_connect_error(&conn->target, error, &err);
		conn->handler->failed(conn->ctx, err.msg);
		conn_free(conn);
		return;
	}
	conn->state = CONN_UP;
	event_add(conn->read, NULL);
	conn->handler->connected(conn->ctx);
}

/* ---- reading ----------------------------------------------------------------------------- */

static void lost(struct conn *conn, int error)
{
	conn->handler->closed(conn->ctx, tcp_close_reason(error));
	conn_free(conn);
}

/* 1: there may be more; 0: nothing more now; -1: CONN is not ours any more. */
static int read_some(struct conn *conn)
{
	uint8_t buf[IN_SIZE];
	ssize_t n = recv(conn->fd, buf, sizeof(buf), 0);

	if (n > 0) {
		if (conn->state == CONN_UP)
			conn->handler->input(conn->ctx, buf, (size_t)n);
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (conn->state == CONN_UP) {
		lost(conn, n ? errno : 0);
		return -1;
	}
	/* The peer has closed too, and so has read what we sent last. */
	event_active(conn->timer, EV_TIMEOUT, 0);
	event_del(conn->read);
	return 0;
}

void conn_poll(struct conn *conn)
{
	if (conn->state == CONN_CONNECTING)
		return;
	for (int i = 0; i < TURNS; i++) {
		if (read_some(conn) <= 0)
			return;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	conn_poll(ctx);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* 1: all is written; 0: the socket takes no more now; -errno. */
static int flush(struct conn *conn)
{
	while (conn->out_len) {
		ssize_t n =
			send(conn->fd, conn->out + conn->out_start, conn->out_len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		conn->out_start += (size_t)n;
		conn->out_len -= (size_t)n;
	}
	conn->out_start = 0;
	return 1;
}

static void write_output(struct conn *conn)
{
	int rc = flush(conn);

	for (int i = 0; rc == 1 && i < TURNS; i++) {
		conn->out_len = conn->handler->output(conn->ctx, conn->out, OUT_SIZE);
		if (!conn->out_len) {
			event_del(conn->write);
			return;
		}
		rc = flush(conn);
	}
	if (rc < 0)
		lost(conn, -rc);
}

static void write_last(struct conn *conn)
{
	int rc = flush(conn);

	if (rc == 0)
		return;
	event_del(conn->write);
	if (rc < 0 || shutdown(conn->fd, SHUT_WR))
		event_active(conn->timer, EV_TIMEOUT, 0);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *conn = ctx;

	(void)fd;
	(void)what;
	if (conn->state == CONN_CONNECTING)
		finish_connect(conn);
	else if (conn->state == CONN_UP)
		write_output(conn);
	else
		write_last(conn);
}

void conn_output_ready(struct conn *conn)
{
	if (conn->state == CONN_UP)
		event_add(conn->write, NULL);
}

/* ---- closing ----------------------------------------------------------------------------- */

static void on_linger_end(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *conn = ctx;

	(void)fd;
	(void)what;
	conn->done(conn->done_ctx, conn);
	conn_free(conn);
}

void conn_linger(struct conn *conn, void (*done)(void *ctx, struct conn *conn), void *ctx)
{
	static const struct timeval patience = {.tv_sec = LINGER_SECONDS};
	bool connected = conn->state == CONN_UP;

	conn->state = CONN_LINGERING;
	conn->done = done;
	conn->done_ctx = ctx;
	if (!connected) {
		event_del(conn->write);
		event_active(conn->timer, EV_TIMEOUT, 0);
		return;
	}
	memmove(conn->out, conn->out + conn->out_start, conn->out_len);
	conn->out_start = 0;
	conn->out_len += conn->handler->output(conn->ctx, conn->out + conn->out_len,
					       sizeof(conn->out) - conn->out_len);
	event_add(conn->timer, &patience);
	event_add(conn->write, NULL);
	write_last(conn); /* now, if it can be: the local address may not be there much longer */
}
