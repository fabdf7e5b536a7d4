// SPDX-License-Identifier: Apache-2.0
#include "vipcastctl/command.h"

static const struct json_column columns[] = {
	{"REASON", "reason", JSON_COLUMN_VALUE, 0, false},
	{"PACKETS", "packets", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"MEANING", "meaning", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{0},
};

static enum exit_code drops(struct context *ctx)
{
	static const struct list list = {"/v1/drops", "No packet was dropped.", columns};

	return show_list(ctx, &list);
}

const struct command drops_command = {
	.name = "drops",
	.help = "the packets for VIPs that this node dropped, and why",
	.run = drops,
};
