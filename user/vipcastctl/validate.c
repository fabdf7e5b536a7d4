// SPDX-License-Identifier: Apache-2.0
/*
 * Whether a configuration is right, without a cluster: every fault at once, or else what it would
 * lead to, by the planners that the controller runs.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "plan/preview.h"
#include "store/faults.h"
#include "store/load.h"
#include "vipcastctl/command.h"
#include "vipcastctl/preview_show.h"

static const struct cli_option options[] = {
	{"file", 'f', "FILE|DIR", "a manifest, or a folder of manifests",
	 offsetof(struct option_values, file)},
	{"cluster", 0, "NS/NAME", "the Cluster to look at (default: each)",
	 offsetof(struct option_values, cluster)},
	{0},
};

static json_t *fault_json(const struct fault *fault)
{
	return json_pack("{s:s?, s:i, s:s?, s:s?, s:s}", "file", fault->file, "line", fault->line,
			 "object", fault->object, "field", fault->path, "message", fault->msg);
}

static enum exit_code show_faults(const struct context *ctx, const fault_list *faults)
{
	json_t *rows = ctx->json ? json_array() : NULL;
	char line[2048];

	array_each(faults, fault) {
		if (rows)
			json_array_append_new(rows, fault_json(fault));
		else
			puts(fault_format(fault, line, sizeof(line)));
	}
	if (rows) {
		json_t *all = json_pack("{s:o}", "faults", rows);

		print_json(all);
		json_decref(all);
		return EXIT_PROBLEM;
	}
	return complain(EXIT_PROBLEM, "%zu fault%s in %s", faults->n, faults->n == 1 ? "" : "s",
			ctx->options.file);
}

/* The Clusters to preview: the one that is asked for, or all there are. */
static enum exit_code show_previews(const struct context *ctx, const struct api_state *state)
{
	const struct api_object *only = NULL;
	json_t *all = ctx->json ? json_array() : NULL;
	bool shown = false;
	struct err err;

	if (ctx->options.cluster && plan_cluster_pick(state, ctx->options.cluster, &only, &err))
		return complain(EXIT_USAGE, "%s", err.msg);
	state_each(state, API_CLUSTER, cluster) {
		struct preview preview;

		if (only && cluster != only)
			continue;
		preview_make(state, cluster, &preview);
		if (all)
			json_array_append_new(all, preview_json(&preview));
		else
			preview_show(&preview, stdout, ctx->width);
		preview_free(&preview);
		shown = true;
	}
	if (all) {
		json_t *answer = json_pack("{s:[], s:o}", "faults", "clusters", all);

		print_json(answer);
		json_decref(answer);
	} else if (!shown) {
		printf("No fault in %s, and no Cluster: nothing would be advertised.\n",
		       ctx->options.file);
	}
	return EXIT_FINE;
}

static enum exit_code validate(struct context *ctx)
{
	struct api_state state = {0};
	fault_list faults = {0};
	enum exit_code code;
	struct err err;

	if (!ctx->options.file)
		return complain(EXIT_USAGE, "what is to be validated? -f FILE or -f DIR says it");
	if (store_load_files(ctx->options.file, &state, &faults, &err)) {
		code = complain(EXIT_USAGE, "%s", err.msg);
		goto out;
	}
	code = faults.n ? show_faults(ctx, &faults) : show_previews(ctx, &state);
out:
	fault_list_free(&faults);
	state_free(&state);
	return code;
}

const struct command validate_command = {
	.name = "validate",
	.help = "find the faults of a configuration, or show what it would lead to",
	.options = options,
	.run = validate,
};
