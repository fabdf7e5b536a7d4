// SPDX-License-Identifier: Apache-2.0
/* vipcast-controller: decides; touches no packet and no router. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/options.h"
#include "control/control.h"
#include "controller/controller.h"
#include "util/version.h"

#define PROGRAM	       "vipcast-controller"
#define DEFAULT_SOCKET "/run/vipcast/controller.sock"

struct options {
	const char *store, *cluster, *socket, *log_level, *help, *version;
};

#define O(member) offsetof(struct options, member)

static const struct cli_option option_table[] = {
	{"store", 0, "DIR", "directory of manifests (required)", O(store)},
	{"cluster", 0, "NAMESPACE/NAME", "the Cluster to serve, when there are several",
	 O(cluster)},
	{"socket", 0, "PATH", "control socket (default: " DEFAULT_SOCKET ")", O(socket)},
	{"log-level", 0, "LEVEL", "debug, info, warn or error (default: info)", O(log_level)},
	{"help", 'h', NULL, "this help", O(help)},
	{"version", 'V', NULL, "the version", O(version)},
	{0},
};

static json_t *answer_health(void *ctx)
{
	return json_pack("{s:b}", "ok", controller_is_well(ctx));
}

static json_t *answer_status(void *ctx)
{
	return controller_status(ctx);
}

static const struct control_route routes[] = {
	{"/healthz", answer_health},
	{"/v1/status", answer_status},
	{0},
};

static struct timespec wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

static void on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	(void)signal_number;
	(void)what;
	event_base_loopbreak(ctx);
}

/* Until a signal comes. */
static int serve(struct event_base *base, const struct options *o, const struct log *log,
		 struct err *err)
{
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base);
	struct event *interrupt = evsignal_new(base, SIGINT, on_signal, base);
	struct controller_config config = {
		.base = base, .log = log, .cluster = o->cluster, .clock = wall_clock};
	struct controller *controller = NULL;
	struct control *control = NULL;
	int r;

	event_add(term, NULL);
	event_add(interrupt, NULL);
	r = store_dir_open(base, o->store, log, &config.store, err);
	if (!r)
		r = controller_open(&config, &controller, err);
	if (!r)
		r = control_open(base, o->socket, routes, controller, &control, err);
	if (!r) {
		log_info(log, "started", "store", o->store, "socket", o->socket);
		event_base_dispatch(base);
		log_info(log, "stopped");
	}
	if (control)
		control_close(control);
	if (controller)
		controller_close(controller);
	if (config.store)
		store_close(config.store);
	event_free(term);
	event_free(interrupt);
	return r;
}

static void help(void)
{
	puts("usage: " PROGRAM " --store DIR [OPTION ...]\n\n"
	     "Hands out VIPs, places floating IPs, plans BGP sessions and routes.\n\nOptions:");
	cli_options_help(stdout, option_table);
}

static int run(const struct options *o, struct log *log, struct err *err)
{
	struct event_base *base;
	int r;

	if (!o->store || !*o->store)
		return err_set(err, -EINVAL, "--store is required (--help lists the options)");
	if (log_level_parse(o->log_level, &log->level))
		return err_set(err, -EINVAL,
			       "--log-level: \"%s\" is not debug, info, warn or error",
			       o->log_level);
	base = event_base_new();
	if (!base)
		return err_set(err, -EIO, "cannot make an event loop");
	r = serve(base, o, log, err);
	event_base_free(base);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = {.socket = DEFAULT_SOCKET, .log_level = "info"};
	struct log log = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO, .program = PROGRAM};
	struct err err;
	int r = cli_parse(option_table, NULL, &o, argc - 1, argv + 1, &err);

	if (r > 0)
		r = err_set(&err, -EINVAL, "unexpected argument \"%s\"", argv[1]);
	if (!r && o.help) {
		help();
		return EXIT_SUCCESS;
	}
	if (!r && o.version) {
		puts(PROGRAM " " VIPCAST_VERSION);
		return EXIT_SUCCESS;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!r)
		r = run(&o, &log, &err);
	if (!r)
		return EXIT_SUCCESS;
	fprintf(stderr, PROGRAM ": %s\n", err.msg);
	return r == -EINVAL ? 2 : EXIT_FAILURE;
}
