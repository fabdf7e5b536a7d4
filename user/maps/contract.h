/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_CONTRACT_H
#define VIPCAST_MAPS_CONTRACT_H

/* What the XDP program and user space agree on, with the types that user space needs for it. */

#include <linux/types.h>

#include "vipcast/drop_reason.h"
#include "vipcast/flow_hash.h"
#include "vipcast/maps.h"

/*
 * How long, in milliseconds, what was taken out of the tables lies before it is used again. A
 * packet holds what it has read for some microseconds, so this is ample.
 */
#define MAPS_REST_MS 100

#endif
