/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_PREVIEW_H
#define VIPCAST_PLAN_PREVIEW_H

/*
 * What a configuration leads to, before anything runs: the sessions, the pools and the next hops of
 * one Cluster, as rows of text to print. It is made by the same planners that the controller runs,
 * on a view in which every node is well (PLAN_PREVIEW).
 */

#include "plan/cluster.h"

struct preview_session {
	char *name;  /* BGPSession's; "" on the control plane */
	char *local; /* address that the session comes from: a node's, or a floating IP */
	char *node;  /* name, or address where no Node object is known; "" when there is none */
	char *peer;
	uint32_t local_asn, peer_asn;
	char *note; /* "" or what to know about it */
};

struct preview_pool {
	char *name;
	char *addresses; /* as ranges, comma-separated */
	char *capacity;	 /* "58 IPv4, 32 IPv6" */
	char *note;	 /* "only on request", "without .0 and .255" */
};

struct preview {
	char *cluster;	  /* "NAMESPACE/NAME" */
	const char *type; /* "bgp", "layer2", "manual" */
	ARRAY(struct preview_session) control_plane, service;
	ARRAY(struct preview_pool) pools;
	api_strings next_hops; /* addresses: IPv4 first */
	plan_problems problems;
};

/* CLUSTER is an object of STATE. OUT is the caller's, to be freed by preview_free(). */
void preview_make(const struct api_state *state, const struct api_object *cluster,
		  struct preview *out);
void preview_free(struct preview *preview);

#endif
