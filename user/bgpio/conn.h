/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGPIO_CONN_H
#define VIPCAST_BGPIO_CONN_H

/*
 * One TCP connection of a session: made from a given local address, read and written on the event
 * loop, and closed so that the last message still arrives.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/ip.h"

struct event_base;
struct conn;

struct conn_target {
	struct ip_addr local, peer;
	uint16_t port; /* host order */
	uint8_t ttl;
};

/* What a connection tells, on the event loop. */
struct conn_handler {
	void (*connected)(void *ctx);
	/* The connection was not made, or is gone, and WHY in words. The last call; the connection
	 * is freed after it. */
	void (*failed)(void *ctx, const char *why);
	void (*closed)(void *ctx, const char *why);
	void (*input)(void *ctx, const uint8_t *bytes, size_t len);
	/* Writes up to SIZE bytes that are to be sent, and returns how many. */
	size_t (*output)(void *ctx, uint8_t *buf, size_t size);
};

/* Begins to connect. -errno, and ERR says what cannot be done. HANDLER is borrowed. */
int conn_open(struct event_base *base, const struct conn_target *target,
	      const struct conn_handler *handler, void *ctx, struct conn **out, struct err *err);

/* handler->output() has something. */
void conn_output_ready(struct conn *conn);

/* Reads what is there now, without waiting for the loop. */
void conn_poll(struct conn *conn);

/*
 * Takes the last output, sends it and closes, within two seconds; an attempt to connect just ends.
 * The handler hears no more. DONE is called from the loop when the connection is about to be freed.
 */
void conn_linger(struct conn *conn, void (*done)(void *ctx, struct conn *conn), void *ctx);

/* Closes at once. */
void conn_free(struct conn *conn);

#endif
