// SPDX-License-Identifier: Apache-2.0
/* What the subcommands share: complaining, and showing a list of the daemon's. */

#include <stdarg.h>
#include <stdio.h>

#include "control/control_client.h"
#include "vipcastctl/command.h"

enum exit_code complain(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	/* In order, also when both streams go to one file. */
	fflush(stdout);
	va_start(args, fmt);
	fputs("vipcastctl: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return code;
}

void print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

enum exit_code show_list(struct context *ctx, const struct list *list)
{
	const char *socket = ctx->options.socket ? ctx->options.socket : VIPCASTD_SOCKET;
	struct table *table;
	struct err err;
	json_t *rows;

	if (control_get(socket, list->path, &rows, &err))
		return complain(EXIT_UNREACHABLE, "%s", err.msg);
	if (ctx->json) {
		print_json(rows);
	} else if (!json_array_size(rows)) {
		/* Not for a script to take for a row. */
		fprintf(stderr, "%s\n", list->nothing);
	} else {
		table = json_table(rows, list->columns, ctx->wide, ctx->now);
		table_print(table, stdout, ctx->width);
		table_free(table);
	}
	json_decref(rows);
	return EXIT_FINE;
}
