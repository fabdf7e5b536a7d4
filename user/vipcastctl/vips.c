// SPDX-License-Identifier: Apache-2.0
#include "vipcastctl/command.h"

static const struct json_column columns[] = {
	{"VIP", "vip", JSON_COLUMN_VALUE, 0, false},
	{"PORT", "port", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"PROTOCOL", "protocol", JSON_COLUMN_VALUE, 0, false},
	{"SERVICE", "service", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"BACKENDS", "backends", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"DRAINING", "draining", JSON_COLUMN_VALUE, TABLE_RIGHT, true},
	{"SLOTS", "slots", JSON_COLUMN_VALUE, TABLE_RIGHT, true},
	{"FLOWS", "flows", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"PACKETS", "packets", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"BYTES", "bytes", JSON_COLUMN_BYTES, TABLE_RIGHT, false},
	{"REPLY PACKETS", "replyPackets", JSON_COLUMN_VALUE, TABLE_RIGHT, true},
	{"REPLY BYTES", "replyBytes", JSON_COLUMN_BYTES, TABLE_RIGHT, true},
	{"NEW FLOWS", "newFlows", JSON_COLUMN_VALUE, TABLE_RIGHT, true},
	{0},
};

static enum exit_code vips(struct context *ctx)
{
	static const struct list list = {"/v1/vips", "This node balances no VIP.", columns};

	return show_list(ctx, &list);
}

const struct command vips_command = {
	.name = "vips",
	.help = "the VIPs that this node balances, with their traffic",
	.run = vips,
};
