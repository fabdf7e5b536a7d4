/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_ROUTES_H
#define VIPCAST_PLAN_ROUTES_H

/*
 * What is advertised: a BGPAdvertisedRoute for each VIP in the status of a Service of ours, whose
 * next hops are the load balancer nodes that are well, and have an address of the VIP's family.
 * With externalTrafficPolicy Local, only those with a ready endpoint on the node itself. A VIP
 * that nobody would answer (no ready endpoint, or no next hop) is not advertised: there is no
 * route object, and clients hear "unreachable" from the routers at once.
 *
 * spec.fallback says, for each session that carries the VIP's family, the one next hop that it
 * advertises when the peer has no ADD-PATH (see plan/fallback.h).
 */

#include "plan/sessions.h"

struct route_plan {
	ARRAY(struct api_object *) routes; /* BGPAdvertisedRoutes by name */
	plan_problems problems;
};

/*
 * OUT is the caller's, to be freed by route_plan_free(). Fallback entries of a floating IP that is
 * held by nobody at the moment stay as they are, for when its sessions come back.
 */
void plan_routes(const struct plan_cluster *c, const struct placement *placement,
		 const struct session_plan *sessions, struct route_plan *out);
void route_plan_free(struct route_plan *plan);

#endif
