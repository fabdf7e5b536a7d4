// SPDX-License-Identifier: Apache-2.0
#include "control/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/mem.h"

/* A request has no body worth reading; a client that sends nothing is let go. */
#define BODY_MAX     1024
#define HEADERS_MAX  16384
#define IDLE_SECONDS 10
/* All are let through to on_request(), which refuses in JSON. */
#define EVERY_METHOD                                                                               \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
	 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

struct control {
	struct evhttp *http;
	char *path;
	const struct control_route *routes;
	void *ctx;
};

static void reply(struct evhttp_request *request, int code, const char *reason, json_t *body)
{
	struct evbuffer *buffer = evbuffer_new();
	char *text = json_dumps(body, JSON_COMPACT);

	/* jansson makes nothing out of text that is not UTF-8: BODY may be NULL. */
	if (!text) {
		code = 500;
		reason = "Internal Server Error";
	}
	evbuffer_add_printf(buffer, "%s\n",
			    text ? text : "{\"error\":\"the answer cannot be put into JSON\"}");
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "application/json");
	evhttp_send_reply(request, code, reason, buffer);
	evbuffer_free(buffer);
	free(text);
	json_decref(body);
}

static void on_request(struct evhttp_request *request, void *ctx)
{
	const struct control *control = ctx;
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));

	if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
		reply(request, 405, "Method Not Allowed",
		      json_pack("{s:s}", "error", "only GET is answered here"));
		return;
	}
	for (const struct control_route *route = control->routes; path && route->path; route++)
		if (!strcmp(route->path, path)) {
			reply(request, 200, "OK", route->answer(control->ctx));
			return;
		}
	reply(request, 404, "Not Found",
	      json_pack("{s:s}", "error", "there is nothing at this path"));
}

static int fill_address(const char *path, struct sockaddr_un *address, struct err *err)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return err_set(err, -ENAMETOOLONG, "socket path %s is longer than %zu bytes", path,
			       sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

static int make_parents(const char *path, struct err *err)
{
	char *copy = xstrdup(path);
	int rc = 0;

	for (char *slash = strchr(copy + 1, '/'); slash && !rc; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			rc = err_set(err, -errno, "cannot make folder %s: %s", copy,
				     strerror(errno));
		*slash = '/';
	}
	free(copy);
	return rc;
}

/* Whether somebody listens there; a socket file that nobody listens at is a dead process's. */
static bool is_listening(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* EAGAIN: it listens, but has no time (its backlog is full). */
	bool yes = fd >= 0 && (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
			       errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

static int make_room(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0
				       : err_set(err, -errno, "cannot look at %s: %s", path,
						 strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s is there already, and is no socket", path);
	if (is_listening(address))
		return err_set(err, -EADDRINUSE,
			       "another process listens at %s (--socket chooses another path)",
			       path);
	if (unlink(path) && errno != ENOENT)
		return err_set(err, -errno, "cannot replace %s: %s", path, strerror(errno));
	return 0;
}

static int bind_socket(const char *path, int *out, struct err *err)
{
	struct sockaddr_un address;
	int fd = -1, rc = fill_address(path, &address, err);
	mode_t mask;

	if (!rc)
		rc = make_parents(path, err);
	if (!rc)
		rc = make_room(&address, err);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The file has its mode from the moment that it is there. */
	mask = umask(0117);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 64))
		rc = err_set(err, -errno, "cannot listen at %s: %s", path, strerror(errno));
	umask(mask);
	if (rc && fd >= 0)
		close(fd);
	*out = fd;
	return rc;
}

int control_open(struct event_base *base, const char *path, const struct control_route *routes,
		 void *ctx, struct control **out, struct err *err)
{
	struct control *control;
	int fd = -1, rc = bind_socket(path, &fd, err);

	if (rc)
		return rc;
	control = xcalloc(1, sizeof(*control));
	control->path = xstrdup(path);
	control->routes = routes;
	control->ctx = ctx;
	control->http = evhttp_new(base);
	evhttp_set_max_body_size(control->http, BODY_MAX);
	evhttp_set_max_headers_size(control->http, HEADERS_MAX);
	evhttp_set_timeout(control->http, IDLE_SECONDS);
	evhttp_set_allowed_methods(control->http, EVERY_METHOD);
	evhttp_set_gencb(control->http, on_request, control);
	if (evhttp_accept_socket(control->http, fd)) {
		close(fd);
		control_close(control);
		return err_set(err, -EIO, "cannot serve HTTP at %s", path);
	}
	*out = control;
	return 0;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	evhttp_free(control->http);
	unlink(control->path);
	free(control->path);
	free(control);
}
