/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_ROLE_H
#define VIPCAST_DATAPLANE_ROLE_H

/* The role's own state, shared between dataplane.c, interfaces.c and report.c only. */

#include "dataplane/ageing.h"
#include "dataplane/attach.h"
#include "dataplane/compile.h"
#include "dataplane/dataplane.h"
#include "dataplane/door.h"
#include "dataplane/nexthop.h"
#include "dataplane/publish.h"
#include "maps/mapset.h"
#include "maps/stats.h"
#include "net/net.h"

struct event;

struct dataplane_interface {
	struct net_link link;
	enum attach_mode mode;
};

typedef ARRAY(struct dataplane_interface) interface_list;

struct dataplane {
	/* given */
	char *node_name;
	ARRAY(char *) wanted_interfaces; /* names; empty: by the node's InternalIPs */
	const struct api_state *state;
	const struct log *log;
	void (*status_changed)(void *ctx);
	void *ctx;

	/* the kernel's side */
	struct net *net;
	struct net_monitor *monitor;
	struct mapset *ms;
	struct publisher publisher;
	struct nexthops nexthops;
	struct ageing *ageing;
	interface_list interfaces;
	door_warnings door_warnings;

	/* what is published */
	struct compiled compiled;
	struct nexthop *hops; /* one a backend of compiled */
	size_t hop_count;
	struct err publish_err; /* why some VIPs have to wait; empty: none does */

	/* what is to be done */
	struct event *run, *tick;
	bool synced;	      /* the state has been filled for the first time */
	bool state_changed;   /* compile again */
	bool publish_again;   /* something had to wait, ... */
	uint64_t publish_at;  /* ... until then (milliseconds) */
	unsigned int changes; /* of the network, enum net_change */
	uint64_t next_retry;  /* milliseconds */
	uint64_t first_run;   /* milliseconds; 0: has not run yet */
	uint64_t run_ms;      /* how long the last run took */

	char status[600];
};

/* Fills dp->interfaces from the names given or the node's addresses. */
int interfaces_find(struct dataplane *dp, struct err *err);
/* Attaches the program to all of them. */
int interfaces_attach(struct dataplane *dp, struct err *err);
/* Tells the maps and the next hops which interfaces and which door there are. */
int interfaces_announce(struct dataplane *dp, const struct nexthop_door *door, struct err *err);

#endif
