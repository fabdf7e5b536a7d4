/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_API_VALIDATE_H
#define VIPCAST_API_VALIDATE_H

#include "api/object.h"
#include "api/state.h"

/*
 * The rules that hold between objects: a Cluster and the NetworkGatewayGroup, BGPLoadBalancer and
 * BGPPeers of its namespace, and the Nodes. Appends a fault for each breach (file and line are not
 * known here; the fault's namespace is set) and returns how many there were. None of these objects
 * is refused for it: the controller leaves out what cannot work and says so.
 */
size_t validate_state(const struct api_state *state, fault_list *faults);

#endif
