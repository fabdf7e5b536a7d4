// SPDX-License-Identifier: Apache-2.0
/* vipcastctl: an operator's view of a node and of a configuration. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/version.h"
#include "vipcastctl/command.h"

static const struct command *const commands[] = {
	&status_command,   &sessions_command, &routes_command, &vips_command,
	&backends_command, &drops_command,    &maps_command,   &validate_command,
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct cli_option global_options[] = {
	{"socket", 0, "PATH", "control socket (default: " VIPCASTD_SOCKET ")",
	 offsetof(struct option_values, socket)},
	{"output", 'o', "FORMAT", "table, wide or json", offsetof(struct option_values, output)},
	{"help", 'h', NULL, "this help", offsetof(struct option_values, help)},
	{"version", 'V', NULL, "the version", offsetof(struct option_values, version)},
	{0},
};

static void print_help(const struct command *command)
{
	printf("usage: vipcastctl %s [OPTION ...]\n\n", command ? command->name : "COMMAND");
	if (command) {
		printf("%s\n%s", command->help, command->more ? command->more : "");
	} else {
		puts("Commands:");
		for (size_t i = 0; i < COMMANDS; i++)
			printf("  %-10s %s\n", commands[i]->name, commands[i]->help);
	}
	puts("\nOptions:");
	if (command && command->options)
		cli_options_help(stdout, command->options);
	cli_options_help(stdout, global_options);
	puts("\nExit status: 0 fine, 1 problems found, 2 wrong usage, 3 not reachable.");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

/* The first argument that is a subcommand's name: its options are needed to parse the rest. */
static const struct command *look_for_command(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct command *command = find_command(argv[i]);

		if (command)
			return command;
	}
	return NULL;
}

static size_t terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns && atoi(columns) > 0)
		return (size_t)atoi(columns);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

static enum exit_code set_output(struct context *ctx)
{
	const char *output = ctx->options.output;

	ctx->json = output && !strcmp(output, "json");
	ctx->wide = output && !strcmp(output, "wide");
	if (output && !ctx->json && !ctx->wide && strcmp(output, "table") != 0)
		return complain(EXIT_USAGE, "there is no output format %s: table, wide, json",
				output);
	ctx->width = terminal_width();
	ctx->now = time(NULL);
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	const struct command *command = look_for_command(argc - 1, argv + 1);
	struct context ctx = {0};
	struct err err;
	enum exit_code code;
	int operands = cli_parse(global_options, command ? command->options : NULL, &ctx.options,
				 argc - 1, argv + 1, &err);

	if (operands < 0)
		return complain(EXIT_USAGE, "%s; see vipcastctl %s%s--help", err.msg,
				command ? command->name : "", command ? " " : "");
	if (ctx.options.version) {
		puts("vipcastctl " VIPCAST_VERSION);
		return EXIT_FINE;
	}
	if (ctx.options.help) {
		print_help(command);
		return EXIT_FINE;
	}
	if (!operands)
		return complain(EXIT_USAGE, "what is to be shown? See vipcastctl --help");
	command = find_command(argv[1]);
	if (!command)
		return complain(EXIT_USAGE, "there is no command %s; see vipcastctl --help",
				argv[1]);
	if (operands > 1)
		return complain(EXIT_USAGE, "%s takes no argument, but there is %s", command->name,
				argv[2]);
	code = set_output(&ctx);
	if (code)
		return (int)code;
	return (int)command->run(&ctx);
}
