/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROLLER_PROBLEMS_H
#define VIPCAST_CONTROLLER_PROBLEMS_H

/* What is wrong at present, and what of it is news: each problem is told once when it appears. */

#include "api/object.h"
#include "plan/problem.h"

/* Sorts and drops doubles: the form in which two lists are compared. */
void problems_settle(plan_problems *problems);

/* Calls FN with each problem of A that B has not; both settled. */
void problems_each_new(const plan_problems *a, const plan_problems *b,
		       void (*fn)(void *ctx, const struct plan_problem *problem), void *ctx);

/* Adds the faults of objects of known kinds, with the reason "Invalid". */
void problems_add_faults(plan_problems *problems, const fault_list *faults);

#endif
