// SPDX-License-Identifier: Apache-2.0
#include "controller/relevance.h"

#include <string.h>

#include "plan/cluster.h"

/* A renewal in time, and nothing else said. (One that comes too late brings a node back.) */
static bool lease_matters(const struct api_object *old, const struct api_object *fresh,
			  const struct timespec *now)
{
	const struct timespec expiry = plan_lease_expiry(&old->lease);

	if (plan_time_compare(now, &expiry) >= 0 ||
	    old->lease.duration_seconds != fresh->lease.duration_seconds ||
	    plan_time_compare(&fresh->lease.renew_time, &old->lease.renew_time) < 0 ||
	    strcmp(plan_str(old->lease.holder), plan_str(fresh->lease.holder)) != 0 ||
	    old->meta.annotations.n != fresh->meta.annotations.n)
		return true;
	array_each(&old->meta.annotations, pair) {
		const char *value = api_pair_get(&fresh->meta.annotations, pair->key);

		if (!value || strcmp(value, pair->value) != 0)
			return true;
	}
	return false;
}

static bool is_established(const struct api_object *session)
{
	return strcmp(plan_str(session->session.state), "Established") == 0;
}

bool change_matters(const struct api_object *old, const struct api_object *fresh,
		    const struct timespec *now)
{
	if (!old)
		return true;
	if (fresh->kind == API_LEASE)
		return lease_matters(old, fresh, now);
	if (fresh->kind == API_BGP_SESSION)
		return is_established(old) != is_established(fresh) || !api_spec_equal(old, fresh);
	return true;
}
