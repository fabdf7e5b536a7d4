/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_SESSIONS_H
#define VIPCAST_PLAN_SESSIONS_H

/*
 * Which BGP sessions there are. On the data plane: for each BGPPeer that the BGPLoadBalancer's
 * selector reaches, as many as it asks for, each from another floating IP, on different nodes where
 * that can be; without a selector, from every floating IP to every control-plane peer. On the
 * control plane: from each control-plane node to each of its peers.
 *
 * A session that is there already and still fits stays, with its name: a change elsewhere never
 * makes it flap.
 */

#include "plan/gateway.h"

struct session_plan {
	ARRAY(struct api_object *) sessions; /* BGPSessions by name */
	plan_problems problems;
};

/* OUT is the caller's, to be freed by session_plan_free(). */
void plan_sessions(const struct plan_cluster *c, const struct placement *placement,
		   struct session_plan *out);
void session_plan_free(struct session_plan *plan);

struct control_plane_session {
	struct ip_addr node; /* as the Cluster names it */
	struct ip_addr peer;
	uint32_t local_asn, peer_asn;
};

typedef ARRAY(struct control_plane_session) control_plane_sessions;

/* In the order of the Cluster's peers and nodes. The caller frees it with array_free(). */
void plan_control_plane_sessions(const struct plan_cluster *c, control_plane_sessions *out);

#endif
