// SPDX-License-Identifier: Apache-2.0
#include "vipcastctl/command.h"

static const struct json_column columns[] = {
	{"IP", "ip", JSON_COLUMN_VALUE, 0, false},
	{"PORT", "port", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"STATE", "state", JSON_COLUMN_VALUE, 0, false},
	{"INTERFACE", "interface", JSON_COLUMN_VALUE, 0, false},
	{"VIA", "via", JSON_COLUMN_VALUE, 0, true},
	{"MAC", "mac", JSON_COLUMN_VALUE, 0, true},
	{"FLOWS", "flows", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"PACKETS", "packets", JSON_COLUMN_VALUE, TABLE_RIGHT, false},
	{"BYTES", "bytes", JSON_COLUMN_BYTES, TABLE_RIGHT, false},
	{"REPLY PACKETS", "replyPackets", JSON_COLUMN_VALUE, TABLE_RIGHT, true},
	{"REPLY BYTES", "replyBytes", JSON_COLUMN_BYTES, TABLE_RIGHT, true},
	{"SERVICES", "services", JSON_COLUMN_VALUE, TABLE_FOLD, true},
	{0},
};

static enum exit_code backends(struct context *ctx)
{
	static const struct list list = {"/v1/backends", "This node has no backends.", columns};

	return show_list(ctx, &list);
}

const struct command backends_command = {
	.name = "backends",
	.help = "the backends that this node sends to, with their traffic",
	.run = backends,
};
