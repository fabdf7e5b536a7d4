/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_PROBLEM_H
#define VIPCAST_PLAN_PROBLEM_H

/*
 * What a planner could not do as it was asked to, said about one object in words that a person can
 * act on. A planner lists what is wrong now; it has no memory of what was wrong before.
 */

#include "api/types.h"

struct plan_problem {
	enum api_kind kind;
	char *ns, *name;    /* the object; ns is NULL outside namespaces */
	const char *reason; /* one word in CamelCase, as in an Event; static */
	char *message;
};

typedef ARRAY(struct plan_problem) plan_problems;

void plan_problem_add(plan_problems *problems, const struct api_object *about, const char *reason,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void plan_problems_free(plan_problems *problems);

/* "KIND/NAMESPACE/NAME: MESSAGE"; the caller frees it. */
char *plan_problem_text(const struct plan_problem *problem);

/* Orders by object, reason and message: <0, 0, >0. */
int plan_problem_compare(const struct plan_problem *a, const struct plan_problem *b);

/* "" for NULL. */
static inline const char *plan_str(const char *s)
{
	return s ? s : "";
}

#endif
