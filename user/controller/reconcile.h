/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROLLER_RECONCILE_H
#define VIPCAST_CONTROLLER_RECONCILE_H

/*
 * From what the planners want and what the store has to what must be written: the difference, in
 * the order in which it is to be written. Pure: the controller carries it out.
 */

#include "plan/gateway.h"
#include "plan/ipam.h"
#include "plan/routes.h"
#include "plan/sessions.h"

/* What the planners made of one state. */
struct desired {
	struct ipam_plan ipam;
	struct placement placement;
	struct session_plan sessions;
	struct route_plan routes;
	plan_problems nodes;
};

/* Runs every planner; freed by desired_free(). It borrows from C. */
void desired_make(const struct plan_cluster *c, struct desired *out);
void desired_free(struct desired *desired);
/* Appends copies of all that the planners complain about, sorted, each once. */
void desired_problems(const struct plan_cluster *c, const struct desired *desired,
		      plan_problems *out);

enum store_verb { STORE_APPLY, STORE_STATUS, STORE_DELETE, STORE_EVENT };

struct store_op {
	enum store_verb verb;
	/* APPLY: the object. STATUS: its name and status. DELETE, EVENT: its name. */
	struct api_object *object;
	const char *reason; /* of an Event */
	char *message;	    /* of an Event, or why the operation is done, for the log */
};

typedef ARRAY(struct store_op) store_ops_list;

/*
 * How careful to be with what nobody wants any more. CAREFUL: some manifests could not be read and
 * their last good version is not known (the program has just started), so what hangs on them is
 * left as it is: routes of Services that are not there, and sessions whose floating IP is not held
 * by another node.
 */
enum reconcile_mode { RECONCILE_NORMAL, RECONCILE_CAREFUL };

/*
 * DESIRED may be NULL: there is no Cluster, all sessions and routes go. The operations own what
 * they carry and borrow nothing.
 */
void reconcile(const struct plan_cluster *c, const struct api_state *state,
	       const struct desired *desired, enum reconcile_mode mode, store_ops_list *out);
void store_ops_free(store_ops_list *ops);

#endif
