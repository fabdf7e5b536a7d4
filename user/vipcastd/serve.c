// SPDX-License-Identifier: Apache-2.0
/* What the control socket answers: one function a path, read off the agent as it stands. */
#include <string.h>
#include <time.h>

#include "store/faults.h"
#include "util/version.h"
#include "vipcastd/agent.h"

static json_t *healthz(void *ctx)
{
	(void)ctx;
	return json_pack("{s:s}", "status", "ok");
}

/* ---- sessions and routes, as the store has them ------------------------------------------ */

static void add_time(json_t *row, const char *key, const struct timespec *t)
{
	char text[32];
	struct tm tm;

	if (!t->tv_sec)
		return;
	gmtime_r(&t->tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(row, key, json_string(text));
}

static json_t *session_row(const struct api_object *obj, json_t *live)
{
	const struct api_bgp_session *s = &obj->session;
	json_t *row, *routes = json_array();

	array_each(&s->advertised_routes, name)
		json_array_append_new(routes, json_string(*name));
	row = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:b}", "name",
			obj->meta.name, "node", s->node_name ? s->node_name : "", "localASN",
			(json_int_t)s->local_asn, "peerASN", (json_int_t)s->peer_asn, "localIP",
			ip_str(&s->local_ip).s, "floatingIP", ip_str(&s->floating_ip).s, "peerIP",
			ip_str(&s->peer_ip).s, "state", s->state ? s->state : "Idle", "reason",
			s->reason ? s->reason : "", "advertisedRoutes", routes, "addPath",
			s->add_path_negotiated);
	add_time(row, "lastReportTime", &s->last_report_time);
	if (live)
		json_object_set(row, "live", live);
	return row;
}

static json_t *sessions(void *ctx)
{
	const struct agent *agent = ctx;
	json_t *live = agent->speaker ? speaker_sessions_json(agent->speaker) : json_object();
	json_t *rows = json_array();

	state_each(&agent->state, API_BGP_SESSION, obj)
		json_array_append_new(rows,
				      session_row(obj, json_object_get(live, obj->meta.name)));
	json_decref(live);
	return rows;
}

static json_t *routes(void *ctx)
{
	const struct agent *agent = ctx;
	json_t *rows = json_array();
	char prefix[IP_TEXT_MAX];

	state_each(&agent->state, API_BGP_ADVERTISED_ROUTE, obj) {
		const struct api_bgp_advertised_route *route = &obj->route;
		json_t *hops = json_array();

		array_each(&route->next_hops, ip)
			json_array_append_new(hops, json_string(ip_str(ip).s));
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:I, s:o}", "name", obj->meta.name, "prefix",
					ip_prefix_format(&route->prefix, prefix), "metric",
					(json_int_t)route->metric, "nextHops", hops));
	}
	return rows;
}

/* ---- the dataplane's tables -------------------------------------------------------------- */

static json_t *of_dataplane(const struct agent *agent, json_t *(*rows)(struct dataplane *dp))
{
	return agent->dataplane ? rows(agent->dataplane) : json_array();
}

static json_t *vips(void *ctx)
{
	return of_dataplane(ctx, dataplane_vips_json);
}

static json_t *backends(void *ctx)
{
	return of_dataplane(ctx, dataplane_backends_json);
}

static json_t *drops(void *ctx)
{
	return of_dataplane(ctx, dataplane_drops_json);
}

/* ---- status ------------------------------------------------------------------------------ */

static void add_problem(json_t *problems, char *text)
{
	json_array_append_new(problems, json_string(text));
	free(text);
}

static void count_one(json_t *counts, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(counts, key));

	json_object_set_new(counts, key, json_integer(n + 1));
}

/* {"total": 2, "established": 1, "byState": {"Established": 1, "Connect": 1}} */
static json_t *session_counts(const struct agent *agent, json_t *problems)
{
	json_t *counts = json_pack("{s:i, s:i}", "total", 0, "established", 0);
	json_t *by_state = json_object();

	state_each(&agent->state, API_BGP_SESSION, obj) {
		const struct api_bgp_session *s = &obj->session;
		const char *state = s->state ? s->state : "Idle";

		if (!s->node_name || strcmp(s->node_name, agent->options->node) != 0)
			continue;
		count_one(counts, "total");
		count_one(by_state, state);
		if (!strcmp(state, "Established"))
			count_one(counts, "established");
		else
			add_problem(
				problems,
				xasprintf("session %s is %s: %s", obj->meta.name, state,
					  s->reason && *s->reason ? s->reason : "just started"));
	}
	json_object_set_new(counts, "byState", by_state);
	return counts;
}

static json_t *faults(const struct agent *agent, json_t *problems)
{
	json_t *rows = json_array();
	char text[1024];

	array_each(store_faults(agent->store), fault) {
		fault_format(fault, text, sizeof(text));
		json_array_append_new(rows, json_string(text));
		add_problem(problems, xasprintf("refused: %s", text));
	}
	return rows;
}

static json_t *roles(const struct agent *agent)
{
	json_t *list = json_array();

	if (agent->options->speaker)
		json_array_append_new(list, json_string("speaker"));
	if (agent->options->dataplane)
		json_array_append_new(list, json_string("dataplane"));
	return list;
}

static void speaker_part(const struct agent *agent, json_t *json, json_t *problems)
{
	json_t *own = agent->speaker ? speaker_problems_json(agent->speaker) : json_array();

	json_array_extend(problems, own);
	json_decref(own);
	json_object_set_new(json, "sessions", session_counts(agent, problems));
	json_object_set_new(json, "floatingIPs",
			    agent->speaker ? speaker_floating_json(agent->speaker) : json_array());
}

static void dataplane_part(const struct agent *agent, json_t *json, json_t *problems)
{
	const char *word = agent_dataplane_status(agent);

	if (strcmp(word, "attached") != 0 && strcmp(word, "off") != 0)
		add_problem(problems, xasprintf("dataplane: %s", word));
	json_object_set_new(json, "dataplane", json_string(word));
	if (agent->dataplane)
		json_object_set_new(json, "dataplaneDetails",
				    dataplane_status_json(agent->dataplane));
}

static json_t *status(void *ctx)
{
	const struct agent *agent = ctx;
	json_t *problems = json_array();
	json_t *json = json_pack("{s:s, s:s, s:s, s:I, s:o}", "program", "vipcastd", "node",
				 agent->options->node, "version", VIPCAST_VERSION, "uptimeSeconds",
				 (json_int_t)agent_uptime(agent), "roles", roles(agent));

	dataplane_part(agent, json, problems);
	speaker_part(agent, json, problems);
	json_object_set_new(json, "faults", faults(agent, problems));
	json_object_set_new(json, "problems", problems);
	return json;
}

const struct control_route agent_routes[] = {
	{"/healthz", healthz},	    {"/v1/status", status},
	{"/v1/sessions", sessions}, {"/v1/routes", routes},
	{"/v1/vips", vips},	    {"/v1/backends", backends},
	{"/v1/drops", drops},	    {0},
};
