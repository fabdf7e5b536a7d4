// SPDX-License-Identifier: Apache-2.0
#include "plan/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/object.h"

static char *format_message(const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = xmalloc((size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

void plan_problem_add(plan_problems *problems, const struct api_object *about, const char *reason,
		      const char *fmt, ...)
{
	struct plan_problem *p = array_new(problems);
	va_list ap;

	p->kind = about->kind;
	p->ns = about->meta.ns ? xstrdup(about->meta.ns) : NULL;
	p->name = xstrdup(plan_str(about->meta.name));
	p->reason = reason;
	va_start(ap, fmt);
	p->message = format_message(fmt, ap);
	va_end(ap);
}

void plan_problems_free(plan_problems *problems)
{
	array_each(problems, p) {
		free(p->ns);
		free(p->name);
		free(p->message);
	}
	array_free(problems);
}

char *plan_problem_text(const struct plan_problem *problem)
{
	const char *kind = api_kind_info(problem->kind)->name;

	if (problem->ns)
		return xasprintf("%s/%s/%s: %s", kind, problem->ns, problem->name,
				 problem->message);
	return xasprintf("%s/%s: %s", kind, problem->name, problem->message);
}

int plan_problem_compare(const struct plan_problem *a, const struct plan_problem *b)
{
	int order = (int)a->kind - (int)b->kind;

	if (!order)
		order = strcmp(plan_str(a->ns), plan_str(b->ns));
	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = strcmp(a->reason, b->reason);
	return order ? order : strcmp(a->message, b->message);
}
