// SPDX-License-Identifier: Apache-2.0
/* Server and client over a real socket, the server's loop in a child process. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "control/control.h"
#include "control/control_client.h"
#include "util/mem.h"

struct server {
	char *dir, *socket;
	pid_t pid;
};

static json_t *greet(void *ctx)
{
	return json_pack("{s:s}", "hello", (const char *)ctx);
}

/* What jansson makes of text that is not UTF-8. */
static json_t *nothing(void *ctx)
{
	(void)ctx;
	return NULL;
}

static const struct control_route routes[] = {{"/v1/greet", greet}, {"/v1/broken", nothing}, {0}};

/* The child says by a byte that it listens; the test waits for it. */
static void serve(const char *path, int ready)
{
	struct event_base *base = event_base_new();
	struct control *control;
	char who[] = "there";

	if (control_open(base, path, routes, who, &control, NULL) || write(ready, "r", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
	_exit(0);
}

static int start(void **state)
{
	struct server *server = xcalloc(1, sizeof(*server));
	char template[] = "/tmp/vipcast-control-XXXXXX", byte;
	int fds[2];

	if (!mkdtemp(template) || pipe(fds))
		return -1;
	server->dir = xstrdup(template);
	server->socket = xasprintf("%s/run/deep/control.sock", template);
	server->pid = fork();
	if (!server->pid)
		serve(server->socket, fds[1]);
	close(fds[1]);
	*state = server;
	return read(fds[0], &byte, 1) == 1 && !close(fds[0]) ? 0 : -1;
}

static int finish(void **state)
{
	struct server *server = *state;
	char *command = xasprintf("rm -rf '%s'", server->dir);
	int rc = 0;

	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	rc = system(command); // NOLINT(cert-env33-c): a folder of our own making
	free(command);
	free(server->dir);
	free(server->socket);
	free(server);
	return rc;
}

static void answers_a_known_path(void **state)
{
	const struct server *server = *state;
	json_t *json = NULL;

	assert_int_equal(control_get(server->socket, "/v1/greet", &json, NULL), 0);
	assert_string_equal(json_string_value(json_object_get(json, "hello")), "there");
	json_decref(json);
}

static void refuses_an_unknown_path_in_words(void **state)
{
	const struct server *server = *state;
	json_t *json = NULL;
	struct err err;

	assert_int_equal(control_get(server->socket, "/v1/nothing", &json, &err), -EPROTO);
	assert_non_null(strstr(err.msg, "404"));
	assert_non_null(strstr(err.msg, "nothing at this path"));
}

static void an_answer_that_is_no_json_is_an_error_and_no_crash(void **state)
{
	const struct server *server = *state;
	json_t *json = NULL;
	struct err err;

	assert_int_equal(control_get(server->socket, "/v1/broken", &json, &err), -EPROTO);
	assert_non_null(strstr(err.msg, "500"));
	assert_int_equal(control_get(server->socket, "/v1/greet", &json, NULL), 0);
	json_decref(json);
}

/* Sends these bytes, and reads up to the end of the answer into BUF. */
static void talk(const struct server *server, const char *request, char *buf, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	ssize_t got;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	buf[n] = '\0';
	close(fd);
}

static void refuses_all_but_get_in_json(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		char *request = xasprintf("%s /v1/greet HTTP/1.1\r\nHost: x\r\n"
					  "Content-Length: 0\r\nConnection: close\r\n\r\n",
					  methods[i]);
		char answer[2048];

		talk(*state, request, answer, sizeof(answer));
		if (!strstr(answer, " 405 ") || !strstr(answer, "{\"error\":\"only GET"))
			fail_msg("%s: %s", methods[i], answer);
		free(request);
	}
}

static void survives_what_is_no_request(void **state)
{
	static const char *const requests[] = {
		"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET http://%zz/ HTTP/1.0\r\n\r\n",
		"nonsense\r\n\r\n",
		"GET /v1/greet?x=1#y HTTP/1.0\r\n\r\n",
	};
	const struct server *server = *state;
	json_t *json = NULL;
	char answer[2048];

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		talk(server, requests[i], answer, sizeof(answer));
	assert_int_equal(control_get(server->socket, "/v1/greet", &json, NULL), 0);
	json_decref(json);
}

static void socket_is_for_owner_and_group_only(void **state)
{
	const struct server *server = *state;
	struct stat st;

	assert_int_equal(stat(server->socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void a_second_server_is_refused(void **state)
{
	const struct server *server = *state;
	struct event_base *base = event_base_new();
	struct control *control = NULL;
	struct err err;
	json_t *json = NULL;

	assert_int_equal(control_open(base, server->socket, routes, NULL, &control, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.msg, server->socket));
	event_base_free(base);
	/* And the first one is unharmed. */
	assert_int_equal(control_get(server->socket, "/v1/greet", &json, NULL), 0);
	json_decref(json);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	const struct server *server = *state;
	struct event_base *base = event_base_new();
	char *path = xasprintf("%s/precious", server->dir);
	struct control *control = NULL;
	FILE *file = fopen(path, "w");
	struct err err;

	assert_non_null(file);
	fclose(file);
	assert_int_equal(control_open(base, path, routes, NULL, &control, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "is no socket"));
	assert_int_equal(access(path, F_OK), 0);
	free(path);
	event_base_free(base);
}

static void takes_a_dead_servers_place(void **state)
{
	struct server *server = *state;
	struct event_base *base = event_base_new();
	struct control *control = NULL;
	json_t *json = NULL;
	struct err err;

	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = -1;
	assert_int_equal(access(server->socket, F_OK), 0);
	assert_int_equal(control_get(server->socket, "/v1/greet", &json, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.msg, "the socket is a dead process's"));
	assert_int_equal(control_open(base, server->socket, routes, NULL, &control, &err), 0);
	control_close(control);
	assert_int_equal(access(server->socket, F_OK), -1);
	event_base_free(base);
}

static void says_when_there_is_no_socket(void **state)
{
	json_t *json = NULL;
	struct err err;

	(void)state;
	assert_int_equal(control_get("/nowhere/vipcast.sock", "/", &json, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.msg, "/nowhere/vipcast.sock"));
	assert_non_null(strstr(err.msg, "is the daemon running"));
}

static void refuses_a_path_that_is_too_long(void **state)
{
	struct event_base *base = event_base_new();
	struct control *control = NULL;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_open(base, path, routes, NULL, &control, NULL), -ENAMETOOLONG);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_a_known_path, start, finish),
		cmocka_unit_test_setup_teardown(refuses_an_unknown_path_in_words, start, finish),
		cmocka_unit_test_setup_teardown(an_answer_that_is_no_json_is_an_error_and_no_crash,
						start, finish),
		cmocka_unit_test_setup_teardown(refuses_all_but_get_in_json, start, finish),
		cmocka_unit_test_setup_teardown(survives_what_is_no_request, start, finish),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_socket_is_left_alone, start,
						finish),
		cmocka_unit_test_setup_teardown(socket_is_for_owner_and_group_only, start, finish),
		cmocka_unit_test_setup_teardown(a_second_server_is_refused, start, finish),
		cmocka_unit_test_setup_teardown(takes_a_dead_servers_place, start, finish),
		cmocka_unit_test(says_when_there_is_no_socket),
		cmocka_unit_test(refuses_a_path_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
