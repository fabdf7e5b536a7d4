// SPDX-License-Identifier: Apache-2.0
#include "vipcastctl/command.h"

/* The first seven are the columns of `kubectl get bgpsessions`. */
static const struct json_column columns[] = {
	{"NAME", "name", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"LOCAL ASN", "localASN", JSON_COLUMN_VALUE, 0, false},
	{"PEER ASN", "peerASN", JSON_COLUMN_VALUE, 0, false},
	{"LOCAL IP", "localIP", JSON_COLUMN_VALUE, 0, false},
	{"PEER IP", "peerIP", JSON_COLUMN_VALUE, 0, false},
	{"STATE", "state", JSON_COLUMN_VALUE, 0, false},
	{"LAST REPORT", "lastReportTime", JSON_COLUMN_AGE, 0, false},
	{"FLOATING IP", "floatingIP", JSON_COLUMN_VALUE, 0, true},
	{"ADD-PATH", "addPath", JSON_COLUMN_VALUE, 0, true},
	{"ROUTES", "advertisedRoutes", JSON_COLUMN_COUNT, TABLE_RIGHT, true},
	{"REASON", "reason", JSON_COLUMN_VALUE, TABLE_FOLD, true},
	{0},
};

static enum exit_code sessions(struct context *ctx)
{
	static const struct list list = {"/v1/sessions", "There is no BGP session.", columns};

	return show_list(ctx, &list);
}

const struct command sessions_command = {
	.name = "sessions",
	.help = "the BGP sessions; -o wide: with the reason when one is down",
	.run = sessions,
};
