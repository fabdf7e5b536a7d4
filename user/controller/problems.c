// SPDX-License-Identifier: Apache-2.0
#include "controller/problems.h"

#include <string.h>

static int compare(const void *a, const void *b)
{
	return plan_problem_compare(a, b);
}

void problems_settle(plan_problems *problems)
{
	size_t kept = 0;

	if (problems->n == 0)
		return;
	qsort(problems->v, problems->n, sizeof(*problems->v), compare);
	for (size_t i = 0; i < problems->n; i++) {
		struct plan_problem *p = &problems->v[i];

		if (kept && plan_problem_compare(p, &problems->v[kept - 1]) == 0) {
			free(p->ns);
			free(p->name);
			free(p->message);
		} else {
			problems->v[kept++] = *p;
		}
	}
	problems->n = kept;
}

void problems_each_new(const plan_problems *a, const plan_problems *b,
		       void (*fn)(void *ctx, const struct plan_problem *problem), void *ctx)
{
	size_t i = 0;

	array_each(a, p) {
		while (i < b->n && plan_problem_compare(&b->v[i], p) < 0)
			i++;
		if (i == b->n || plan_problem_compare(&b->v[i], p) != 0)
			fn(ctx, p);
	}
}

/* "KIND/NAME", as faults name their object. */
static bool split_object(const char *object, enum api_kind *kind, const char **name)
{
	const char *slash = object ? strchr(object, '/') : NULL;

	if (!slash)
		return false;
	for (int k = 0; k < API_KIND_COUNT; k++) {
		const char *known = api_kind_info((enum api_kind)k)->name;

		if (strlen(known) != (size_t)(slash - object) ||
		    strncmp(known, object, strlen(known)) != 0)
			continue;
		*kind = (enum api_kind)k;
		*name = slash + 1;
		return true;
	}
	return false;
}

void problems_add_faults(plan_problems *problems, const fault_list *faults)
{
	array_each(faults, fault) {
		struct api_object about = {0};
		const char *name;

		if (!split_object(fault->object, &about.kind, &name))
			continue;
		about.meta.ns = fault->ns;
		about.meta.name = (char *)name;
		plan_problem_add(problems, &about, "Invalid", "%s%s%s", plan_str(fault->path),
				 fault->path && *fault->path ? ": " : "", fault->msg);
	}
}
