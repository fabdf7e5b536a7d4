/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_IPAM_H
#define VIPCAST_PLAN_IPAM_H

/*
 * Which VIPs each Service of type LoadBalancer has. What a Service has already (in its status)
 * stays as long as it lies in a pool. Then what Services ask for by address is given or refused.
 * What is missing after that comes out of the pools, lowest address first, Services by namespace
 * and name.
 *
 * The rules, where there is a choice:
 *  - Families: spec.ipFamilies and spec.ipFamilyPolicy; with neither, the family of the Cluster's
 *    first Service CIDR. Both VIPs of a Service are of one pool,
 *    unless it asks for them by address. RequireDualStack takes both or
 *    none; PreferDualStack takes what there is.
 *  - Two Services with one address: the first by namespace and name keeps it.
 *  - A request is refused when somebody else has the address, when no pool holds it, or when it is
 *    no address. A Service that has a VIP keeps it when a request is refused; one that has none
 *    stays without.
 *  - loadBalancer.vips.ingressVIP belongs to the Service gke-system/istio-ingress, or to one with
 *    the annotation vipcast.io/ingress: "true".
 *  - vipcast.io/address-pool names the pool; a pool with manualAssign serves only such Services and
 *    those that ask for one of its addresses.
 *  - A Service that is not of type LoadBalancer any more loses its VIPs. One with another class
 *    than "vipcast.io/vipcast" is somebody else's business.
 */

#include "plan/cluster.h"

#define IPAM_CLASS		"vipcast.io/vipcast"
#define IPAM_ANNOTATION_IPS	"vipcast.io/load-balancer-ips"
#define IPAM_ANNOTATION_POOL	"vipcast.io/address-pool"
#define IPAM_ANNOTATION_INGRESS "vipcast.io/ingress"
#define IPAM_INGRESS_NAMESPACE	"gke-system"
#define IPAM_INGRESS_SERVICE	"istio-ingress"

/* A Service whose status must change; the rest is as it should be. */
struct ipam_change {
	const struct api_object *service; /* borrowed from the state */
	api_ips ingress;		  /* the whole list; empty: no VIP */
};

struct ipam_plan {
	ARRAY(struct ipam_change) changes; /* by namespace and name */
	plan_problems problems;
};

/* OUT is the caller's, to be freed by ipam_plan_free(). */
void ipam_assign(const struct plan_cluster *c, struct ipam_plan *out);
void ipam_plan_free(struct ipam_plan *plan);

/* Is this a Service that gets VIPs from us? */
bool ipam_is_ours(const struct api_object *service);

#endif
