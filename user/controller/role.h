/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROLLER_ROLE_H
#define VIPCAST_CONTROLLER_ROLE_H

/* Inside of the controller: what controller.c and status.c share. */

#include "api/state.h"
#include "controller/controller.h"
#include "controller/reconcile.h"

struct controller {
	struct controller_config config;
	struct api_state state;
	unsigned int synced;	    /* kinds delivered */
	bool careful;		    /* see enum reconcile_mode */
	struct event *plan_event;   /* something changed */
	struct event *lease_event;  /* a Lease may have run out */
	struct timespec planned_at; /* wall clock of the last plan; 0: there was none */
	uint64_t plan_microseconds; /* how long it took */
	uint64_t plans, writes, failed_writes;
	char *blocked;		/* why nothing can be planned; NULL: it can */
	plan_problems problems; /* of the last plan, settled */
};

#endif
