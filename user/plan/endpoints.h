/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_PLAN_ENDPOINTS_H
#define VIPCAST_PLAN_ENDPOINTS_H

/* Which Services have somebody to answer, and on which nodes: the EndpointSlices, by Service. */

#include "api/state.h"

struct endpoint_index {
	ARRAY(const struct api_object *) slices; /* by namespace and Service */
};

/* Borrows from STATE. */
void endpoint_index_open(struct endpoint_index *index, const struct api_state *state);
void endpoint_index_close(struct endpoint_index *index);

/*
 * Does the Service have an endpoint of this family that takes traffic? One that is ready, or, when
 * none is, one that still serves while it terminates. With NODES, appends the names of their nodes
 * (borrowed, one may come twice).
 */
bool endpoints_serve(const struct endpoint_index *index, const struct api_object *service,
		     uint8_t family, api_strings *nodes);

#endif
