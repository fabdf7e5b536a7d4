/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROLLER_RELEVANCE_H
#define VIPCAST_CONTROLLER_RELEVANCE_H

/*
 * Which changes call for a new plan. Agents renew their Leases and report on their sessions all the
 * time; what planners would make of most of that is what they made before.
 */

#include "api/object.h"

/* OLD is NULL for a new object. NOW is the wall clock. */
bool change_matters(const struct api_object *old, const struct api_object *fresh,
		    const struct timespec *now);

#endif
