/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_VIPCASTCTL_COMMAND_H
#define VIPCAST_VIPCASTCTL_COMMAND_H

/* What a subcommand is, and what it is given. Each has a file of its own; main.c has the table. */

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "cli/json_table.h"
#include "cli/options.h"
#include "util/err.h"

#define VIPCASTD_SOCKET	  "/run/vipcast/vipcastd.sock"
#define CONTROLLER_SOCKET "/run/vipcast/controller.sock"

enum exit_code {
	EXIT_FINE = 0,
	EXIT_PROBLEM = 1,     /* degraded, or a configuration with faults */
	EXIT_USAGE = 2,	      /* also a file that cannot be read */
	EXIT_UNREACHABLE = 3, /* the daemon does not answer, the maps are not there */
};

/* The options of every subcommand; those that were not given are NULL. */
struct option_values {
	const char *socket, *output, *help, *version;
	const char *pin_dir, *max_flows; /* maps */
	const char *file, *cluster;	 /* validate */
};

struct context {
	struct option_values options;
	bool json, wide;
	size_t width; /* of the terminal; 0: standard output is none */
	time_t now;
};

struct command {
	const char *name;
	const char *help;		  /* one line */
	const struct cli_option *options; /* its own, may be NULL */
	const char *more;		  /* further lines of its help, may be NULL */
	enum exit_code (*run)(struct context *ctx);
};

extern const struct command status_command, sessions_command, routes_command, vips_command,
	backends_command, drops_command, maps_command, validate_command;

/* Complains on standard error; returns CODE. */
enum exit_code complain(enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints JSON for programs, indented, with a newline. */
void print_json(const json_t *json);

/* A subcommand that shows one list of the daemon's as a table, or as JSON. */
struct list {
	const char *path;    /* on the control socket; answers an array */
	const char *nothing; /* said when it is empty */
	const struct json_column *columns;
};
enum exit_code show_list(struct context *ctx, const struct list *list);

#endif
