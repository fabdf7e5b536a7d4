/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_VIPCASTD_AGENT_H
#define VIPCAST_VIPCASTD_AGENT_H

/*
 * The agent of a node: one state fed from the store, the roles that act on it, the heartbeat that
 * proves its life, and the control socket. The roles start when everything has been read once.
 */

#include "control/control.h"
#include "dataplane/dataplane.h"
#include "speaker/speaker.h"
#include "vipcastd/heartbeat.h"
#include "vipcastd/options.h"

struct agent {
	const struct options *options;
	struct log log;
	struct event_base *base;
	struct store *store;
	struct api_state state;
	unsigned int unsynced; /* kinds that have not been delivered whole yet */
	uint32_t changed;      /* bits 1 << enum api_kind */
	struct event *settle, *terminate, *interrupt;
	struct speaker *speaker;     /* NULL: the role is off */
	struct dataplane *dataplane; /* NULL: the role is off, or failed to open */
	char dataplane_failure[600]; /* why it could not be opened; "" otherwise */
	struct heartbeat *heartbeat;
	struct control *control;
	time_t started; /* seconds since boot */
	bool stopping;
};

/* Runs until a signal ends it. 0, or why it could not start. */
int agent_run(const struct options *options, struct err *err);

/* The paths of the control socket (vipcastd/serve.c). */
extern const struct control_route agent_routes[];

/* "attached", "off", or "failed: REASON", as the Lease says it. */
const char *agent_dataplane_status(const struct agent *agent);
/* For how many seconds it has been running. */
time_t agent_uptime(const struct agent *agent);

#endif
