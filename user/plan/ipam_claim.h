/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_IPAM_CLAIM_H
#define VIPCAST_PLAN_IPAM_CLAIM_H

/* What one Service wants, read from its spec and annotations; inside of ipam. */

#include "plan/ipam.h"
#include "plan/pool.h"

struct claim {
	const struct api_object *service;
	bool wants[2];		     /* IPv4, IPv6 */
	bool both;		     /* all or nothing */
	int first;		     /* index of the family that comes first */
	bool ingress;		     /* the ingress Service */
	bool no_pool;		     /* asks for a pool that is not there */
	const struct api_pool *pool; /* asked for by name; NULL: any that is not manualAssign */
	ARRAY(struct ip_addr) requests;
	bool refused[2]; /* a request of that family was refused: nothing else is given */

	struct ip_addr vip[2];
	bool pinned[2]; /* has what it asked for by address */
};

/* CLAIM must be zeroed. What is wrong with the wish itself is added to PROBLEMS. */
void claim_read(struct claim *claim, const struct api_object *service, const struct pools *pools,
		plan_problems *problems);

#endif
