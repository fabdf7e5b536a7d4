// SPDX-License-Identifier: Apache-2.0
/* The pinned maps, read without the daemon. */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "maps/dump.h"
#include "vipcastctl/command.h"

#define PIN_DIR	    "/sys/fs/bpf/vipcast"
#define MAX_FLOWS   100
#define TO_TEXT(x)  TO_TEXT_(x)
#define TO_TEXT_(x) #x

static const struct cli_option options[] = {
	{"pin-dir", 0, "DIR", "where the maps are pinned (default: " PIN_DIR ")",
	 offsetof(struct option_values, pin_dir)},
	{"max-flows", 0, "N", "how many flows to show (default: " TO_TEXT(MAX_FLOWS) ")",
	 offsetof(struct option_values, max_flows)},
	{0},
};

static int parse_count(const char *text, size_t *out)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < 0)
		return -EINVAL;
	*out = (size_t)value;
	return 0;
}

static enum exit_code maps(struct context *ctx)
{
	const char *dir = ctx->options.pin_dir ? ctx->options.pin_dir : PIN_DIR;
	size_t max_flows = MAX_FLOWS;
	struct err err;
	json_t *dump;

	if (ctx->options.max_flows && parse_count(ctx->options.max_flows, &max_flows))
		return complain(EXIT_USAGE, "--max-flows %s is no number", ctx->options.max_flows);
	if (dump_json(dir, max_flows, &dump, &err))
		return complain(EXIT_UNREACHABLE, "%s", err.msg);
	if (ctx->json)
		print_json(dump);
	else
		dump_text(stdout, dump);
	json_decref(dump);
	return EXIT_FINE;
}

const struct command maps_command = {
	.name = "maps",
	.help = "the XDP program's maps as they are in the kernel; needs no daemon",
	.options = options,
	.run = maps,
};
