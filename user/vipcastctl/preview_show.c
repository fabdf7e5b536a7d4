// SPDX-License-Identifier: Apache-2.0
/* A preview goes out in two steps: it becomes JSON, and tables are drawn from that. */

#include "vipcastctl/preview_show.h"

#include <string.h>

#include "cli/json_table.h"
#include "cli/text.h"

static const struct json_column session_columns[] = {
	{"NAME", "name", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"NODE", "node", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"LOCAL IP", "localIP", JSON_COLUMN_VALUE, 0, false},
	{"LOCAL ASN", "localASN", JSON_COLUMN_VALUE, 0, false},
	{"PEER IP", "peerIP", JSON_COLUMN_VALUE, 0, false},
	{"PEER ASN", "peerASN", JSON_COLUMN_VALUE, 0, false},
	{"NOTE", "note", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{0},
};

static const struct json_column pool_columns[] = {
	{"NAME", "name", JSON_COLUMN_VALUE, 0, false},
	{"CAPACITY", "capacity", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"ADDRESSES", "addresses", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{"NOTE", "note", JSON_COLUMN_VALUE, TABLE_FOLD, false},
	{0},
};

static const struct {
	const char *key, *title, *nothing;
	const struct json_column *columns;
} sections[] = {
	{"controlPlaneSessions", "Control-plane sessions", "none", session_columns},
	{"serviceSessions", "Service sessions", "none", session_columns},
	{"pools", "Address pools", "none: Services get no VIP", pool_columns},
	{"nextHops", "Next hops of Service VIPs", "none: no VIP is advertised", NULL},
	{"notes", "Notes", NULL, NULL},
};

static json_t *session_json(const struct preview_session *s)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:s}", "name", s->name, "node", s->node,
			 "localIP", s->local, "localASN", (json_int_t)s->local_asn, "peerIP",
			 s->peer, "peerASN", (json_int_t)s->peer_asn, "note", s->note);
}

json_t *preview_json(const struct preview *preview)
{
	json_t *control_plane = json_array(), *service = json_array(), *pools = json_array();
	json_t *next_hops = json_array(), *notes = json_array();

	array_each(&preview->control_plane, s)
		json_array_append_new(control_plane, session_json(s));
	array_each(&preview->service, s)
		json_array_append_new(service, session_json(s));
	array_each(&preview->pools, p)
		json_array_append_new(pools, json_pack("{s:s, s:s, s:s, s:s}", "name", p->name,
						       "addresses", p->addresses, "capacity",
						       p->capacity, "note", p->note));
	array_each(&preview->next_hops, ip)
		json_array_append_new(next_hops, json_string(*ip));
	array_each(&preview->problems, problem) {
		char *text = plan_problem_text(problem);

		json_array_append_new(notes, json_string(text));
		free(text);
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "cluster", preview->cluster, "type",
			 preview->type, "controlPlaneSessions", control_plane, "serviceSessions",
			 service, "pools", pools, "nextHops", next_hops, "notes", notes);
}

/* True when no row has anything in the column. */
static bool column_is_empty(const json_t *rows, const char *key)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *text = json_string_value(json_object_get(row, key));

		if (!text || *text)
			return false;
	}
	return true;
}

/* The table of ROWS, without the columns that say nothing. */
static void show_table(const json_t *rows, const struct json_column *columns, FILE *out,
		       size_t width)
{
	struct json_column used[16] = {0};
	struct table *table;
	size_t n = 0;

	for (; columns->title && n < sizeof(used) / sizeof(*used) - 1; columns++) {
		if (!column_is_empty(rows, columns->key))
			used[n++] = *columns;
	}
	table = json_table(rows, used, true, 0);
	table_print(table, out, width);
	table_free(table);
}

static void show_lines(const json_t *lines, FILE *out, size_t width)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		char *text = cli_fold(json_string_value(line), width ? width : SIZE_MAX);

		fprintf(out, "%s\n", text);
		free(text);
	}
}

void preview_show(const struct preview *preview, FILE *out, size_t width)
{
	json_t *json = preview_json(preview);

	fprintf(out, "Cluster %s, load balancer type %s\n", preview->cluster, preview->type);
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		const json_t *rows = json_object_get(json, sections[i].key);
		size_t n = json_array_size(rows);

		if (!n) {
			if (sections[i].nothing)
				fprintf(out, "\n%s: %s\n", sections[i].title, sections[i].nothing);
			continue;
		}
		fprintf(out, "\n%s (%zu)\n", sections[i].title, n);
		if (sections[i].columns)
			show_table(rows, sections[i].columns, out, width);
		else
			show_lines(rows, out, width);
	}
	json_decref(json);
}
