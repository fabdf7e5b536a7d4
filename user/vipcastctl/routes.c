// SPDX-License-Identifier: Apache-2.0
#include "vipcastctl/command.h"

static const struct json_column columns[] = {
	{"NAME", "name", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"PREFIX", "prefix", JSON_COLUMN_VALUE, 0, false},
	{"METRIC", "metric", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"NEXT HOPS", "nextHops", JSON_COLUMN_VALUE, TABLE_FOLD, true},
	{0},
};

static enum exit_code routes(struct context *ctx)
{
	static const struct list list = {"/v1/routes", "No route is advertised.", columns};

	return show_list(ctx, &list);
}

const struct command routes_command = {
	.name = "routes",
	.help = "the prefixes that are advertised; -o wide: with their next hops",
	.run = routes,
};
