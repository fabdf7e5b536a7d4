// SPDX-License-Identifier: Apache-2.0
/*
 * One screen about this machine: what is wrong, the worst first, then what each program does. It
 * asks vipcastd and the controller; one that is not on this machine (it has no socket) is no
 * problem as long as the other one is.
 */

#include <string.h>
#include <unistd.h>

#include "cli/health.h"
#include "cli/text.h"
#include "control/control_client.h"
#include "vipcastctl/command.h"

#define INDENT	     ((size_t)2)
#define PROBLEMS_MAX 10 /* the worst ones: it must stay one screen */

/* ---- what a program does ----------------------------------------------------------------- */

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* The strings of a list, joined; NULL when it is empty. */
static char *join(const json_t *list)
{
	char *joined = NULL;
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		char *longer = xasprintf("%s%s%s", joined ? joined : "", joined ? ", " : "",
					 json_string_value(entry) ? json_string_value(entry) : "?");

		free(joined);
		joined = longer;
	}
	return joined;
}

static char *roles_text(const json_t *status)
{
	return join(json_object_get(status, "roles"));
}

static char *uptime_text(const json_t *status)
{
	const json_t *uptime = json_object_get(status, "uptimeSeconds");

	return uptime ? xstrdup(cli_age(json_integer_value(uptime)).s) : NULL;
}

static char *sessions_text(const json_t *status)
{
	const json_t *sessions = json_object_get(status, "sessions");

	if (!json_is_object(sessions))
		return NULL;
	if (!number(sessions, "total"))
		return xstrdup("none is placed on this node");
	return xasprintf("%lld of %lld established", number(sessions, "established"),
			 number(sessions, "total"));
}

static char *floating_text(const json_t *status)
{
	return join(json_object_get(status, "floatingIPs"));
}

static char *dataplane_text(const json_t *status)
{
	const json_t *interfaces =
		json_object_get(json_object_get(status, "dataplaneDetails"), "interfaces");
	const char *state = json_string_value(json_object_get(status, "dataplane"));
	char *text = state ? xstrdup(state) : NULL;
	const json_t *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface) {
		const char *name = json_string_value(json_object_get(interface, "name"));
		const char *mode = json_string_value(json_object_get(interface, "mode"));
		char *longer = xasprintf("%s%s %s (%s)", text ? text : "", i ? "," : " to",
					 name ? name : "?", mode ? mode : "?");

		free(text);
		text = longer;
	}
	return text;
}

static char *load_text(const json_t *status)
{
	const json_t *d = json_object_get(status, "dataplaneDetails");

	if (!d)
		return NULL;
	return xasprintf("%lld services on %lld VIPs, %lld backends, %lld flows",
			 number(d, "services"), number(d, "vips"), number(d, "backends"),
			 number(d, "flows"));
}

static char *slots_text(const json_t *status)
{
	const json_t *d = json_object_get(status, "dataplaneDetails");

	if (!d || !number(d, "slotsTotal"))
		return NULL;
	return xasprintf("%.1f %% of %lld used",
			 100.0 * (double)number(d, "slotsUsed") / (double)number(d, "slotsTotal"),
			 number(d, "slotsTotal"));
}

static char *cluster_text(const json_t *status)
{
	const char *cluster = json_string_value(json_object_get(status, "cluster"));

	return cluster ? xstrdup(cluster) : NULL;
}

/* The controller's counts. */
static char *nodes_text(const json_t *status)
{
	const json_t *c = json_object_get(status, "counts");

	if (!json_object_get(c, "nodes"))
		return NULL;
	return xasprintf("%lld, %lld with a living agent; %lld load balancers, %lld next hops",
			 number(c, "nodes"), number(c, "agentsAlive"),
			 number(c, "loadBalancerNodes"), number(c, "nextHops"));
}

static char *held_text(const json_t *status)
{
	const json_t *c = json_object_get(status, "counts");

	if (!json_object_get(c, "floatingIPs"))
		return NULL;
	return xasprintf("%lld of %lld held", number(c, "floatingIPsHeld"),
			 number(c, "floatingIPs"));
}

static char *planned_sessions_text(const json_t *status)
{
	const json_t *c = json_object_get(status, "counts");

	if (!json_object_get(c, "sessions"))
		return NULL;
	return xasprintf("%lld of %lld established", number(c, "sessionsEstablished"),
			 number(c, "sessions"));
}

static char *services_text(const json_t *status)
{
	const json_t *c = json_object_get(status, "counts");

	if (!json_object_get(c, "services"))
		return NULL;
	return xasprintf("%lld of type LoadBalancer, %lld VIPs, %lld routes", number(c, "services"),
			 number(c, "vips"), number(c, "routes"));
}

/* What is said of a program, where it has it. */
static const struct {
	const char *label;
	char *(*text)(const json_t *status); /* NULL: nothing to say; freed by the caller */
} facts[] = {
	{"running for", uptime_text},
	{"roles", roles_text},
	{"cluster", cluster_text},
	{"nodes", nodes_text},
	{"services", services_text},
	{"sessions", planned_sessions_text},
	{"floating IPs", held_text},
	{"sessions", sessions_text},
	{"floating IPs", floating_text},
	{"dataplane", dataplane_text},
	{"load", load_text},
	{"slots", slots_text},
};

/* ---- the screen -------------------------------------------------------------------------- */

/* LEFT in a column of its own, TEXT folded beside it. */
static void print_beside(const char *left, size_t column, const char *text, size_t width)
{
	size_t room = width > column + 20 ? width - column : 0;
	char *folded = cli_fold(text, room ? room : SIZE_MAX), *save = NULL;
	const char *line = strtok_r(folded, "\n", &save);

	printf("%-*s%s\n", (int)column, left, line ? line : "");
	while ((line = strtok_r(NULL, "\n", &save)))
		printf("%-*s%s\n", (int)column, "", line);
	free(folded);
}

static void print_problems(const health_problems *problems, size_t max, size_t width)
{
	size_t column = 0, n = problems->n < max ? problems->n : max;

	if (!problems->n) {
		puts("HEALTHY");
		return;
	}
	printf("DEGRADED: %zu problem%s\n", problems->n, problems->n == 1 ? "" : "s");
	array_each(problems, problem) {
		size_t w = cli_width(problem->about) + 2 * INDENT;

		column = w > column ? w : column;
	}
	for (size_t i = 0; i < n; i++) {
		char *left = xasprintf("%*s%s", (int)INDENT, "", problems->v[i].about);

		print_beside(left, column, problems->v[i].text, width);
		free(left);
	}
	if (n < problems->n)
		printf("%*sand %zu more; -o wide shows all\n", (int)INDENT, "", problems->n - n);
}

static void print_program(const json_t *status, size_t width)
{
	const char *version = json_string_value(json_object_get(status, "version"));
	char *program = health_program(status);

	printf("\n%s%s%s\n", program, version ? ", version " : "", version ? version : "");
	free(program);
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		char *text = facts[i].text(status), left[32];

		snprintf(left, sizeof(left), "%*s%s", (int)INDENT, "", facts[i].label);
		if (text)
			print_beside(left, 16, text, width);
		free(text);
	}
}

static void show_json(const health_problems *problems, json_t *programs)
{
	json_t *list = json_array(), *all;

	array_each(problems, problem)
		json_array_append_new(list, json_pack("{s:s, s:s}", "about", problem->about, "text",
						      problem->text));
	all = json_pack("{s:b, s:o, s:O}", "healthy", !problems->n, "problems", list, "programs",
			programs);
	print_json(all);
	json_decref(all);
}

/* Asks one program; what it says goes to PROGRAMS, its silence to PROBLEMS. */
static void ask(const char *name, const char *socket, json_t *programs, health_problems *problems)
{
	struct err err;
	json_t *status;

	if (control_get(socket, "/v1/status", &status, &err)) {
		health_add(problems, HEALTH_WORST, name, err.msg);
		return;
	}
	health_read(problems, status);
	json_array_append_new(programs, status);
}

static enum exit_code show(const struct context *ctx, const health_problems *problems,
			   json_t *programs)
{
	const json_t *status;
	size_t i;

	if (!json_array_size(programs))
		return complain(EXIT_UNREACHABLE, "%s", problems->v[0].text);
	if (ctx->json) {
		show_json(problems, programs);
	} else {
		print_problems(problems, ctx->wide ? SIZE_MAX : PROBLEMS_MAX, ctx->width);
		json_array_foreach(programs, i, status)
			print_program(status, ctx->width);
	}
	return problems->n ? EXIT_PROBLEM : EXIT_FINE;
}

static enum exit_code status(struct context *ctx)
{
	bool controller = !access(CONTROLLER_SOCKET, F_OK);
	json_t *programs = json_array();
	health_problems problems = {0};
	enum exit_code code;

	if (ctx->options.socket) {
		ask("vipcastctl", ctx->options.socket, programs, &problems);
	} else {
		if (controller)
			ask("vipcast-controller", CONTROLLER_SOCKET, programs, &problems);
		if (!controller || !access(VIPCASTD_SOCKET, F_OK))
			ask("vipcastd", VIPCASTD_SOCKET, programs, &problems);
	}
	health_sort(&problems);
	code = show(ctx, &problems, programs);
	health_free(&problems);
	json_decref(programs);
	return code;
}

const struct command status_command = {
	.name = "status",
	.help = "what is wrong, and what each program on this machine does",
	.run = status,
};
