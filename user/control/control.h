/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROL_CONTROL_H
#define VIPCAST_CONTROL_CONTROL_H

/*
 * The socket that an operator's tools ask: HTTP and JSON over a Unix socket, served on the
 * program's own event loop. Reading only: GET answers, everything else is refused.
 */

#include <jansson.h>

#include "util/err.h"

struct event_base;
struct control;

/* One path, and what answers it: a new reference. */
struct control_route {
	const char *path;
	json_t *(*answer)(void *ctx);
};

/*
 * Listens at PATH (mode 0660, its folder is made when it is missing). ROUTES (borrowed) end with a
 * row without a path. A socket that a dead process left is replaced; -EADDRINUSE when one answers.
 */
int control_open(struct event_base *base, const char *path, const struct control_route *routes,
		 void *ctx, struct control **out, struct err *err);
/* Stops listening and removes the socket. */
void control_close(struct control *control);

#endif
