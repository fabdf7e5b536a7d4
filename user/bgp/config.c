// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/socket.h>

#include "bgp/session.h"

#define HOLD_TIME_MIN	3 /* seconds: RFC 4271 section 4.2; 0 means the default here */
#define RETRY_TIME_MOST 86400

static int check_as(const char *field, uint32_t as, struct err *err)
{
	if (as == 0)
		return err_set(err, -EINVAL, "%s: AS 0 may not be used (RFC 7607)", field);
	if (as == BGP_AS_TRANS)
		return err_set(err, -EINVAL, "%s: AS %u stands for others (RFC 6793)", field, as);
	return 0;
}

static int check_addresses(const struct bgp_config *config, struct err *err)
{
	const struct ip_addr *local = &config->local;
	const struct ip_addr *peer = &config->peer;

	if (!ip_is_set(local) || !ip_is_set(peer))
		return err_set(err, -EINVAL, "%s address: missing",
			       ip_is_set(local) ? "peer" : "local");
	if (local->family != peer->family)
		return err_set(err, -EINVAL, "local address %s and peer address %s: not one family",
			       ip_str(local).s, ip_str(peer).s);
	if (ip_equal(local, peer))
		return err_set(err, -EINVAL, "local and peer address: both are %s", ip_str(peer).s);
	if (ip_is_link_local(local) || ip_is_link_local(peer))
		return err_set(err, -EINVAL,
			       "peer address %s: link-local sessions are not possible",
			       ip_str(peer).s);
	if (config->router_id.family == AF_INET6)
		return err_set(err, -EINVAL, "router id %s: not an IPv4 address",
			       ip_str(&config->router_id).s);
	if (!ip_is_set(&config->router_id) && local->family != AF_INET)
		return err_set(err, -EINVAL, "router id: missing, and the local address %s is none",
			       ip_str(local).s);
	if (ip_is_set(&config->router_id) && ip_is_unspecified(&config->router_id))
		return err_set(err, -EINVAL, "router id: 0.0.0.0 is none");
	return 0;
}

static int check_times(const struct bgp_config *config, struct err *err)
{
	uint32_t hold = config->hold_time ? config->hold_time : BGP_HOLD_TIME;

	if (hold < HOLD_TIME_MIN || hold > UINT16_MAX)
		return err_set(err, -EINVAL, "hold time %u: not within %u and %u seconds", hold,
			       HOLD_TIME_MIN, UINT16_MAX);
	if (config->keepalive_time > hold / 3)
		return err_set(err, -EINVAL,
			       "keepalive time %u: more than a third of the hold time %u",
			       config->keepalive_time, hold);
	if (config->connect_retry_time > RETRY_TIME_MOST)
		return err_set(err, -EINVAL, "connect retry time %u: more than %u seconds",
			       config->connect_retry_time, RETRY_TIME_MOST);
	return 0;
}

int bgp_config_check(const struct bgp_config *config, struct err *err)
{
	int rc = check_addresses(config, err);

	if (!rc)
		rc = check_as("local AS", config->local_as, err);
	if (!rc)
		rc = check_as("peer AS", config->peer_as, err);
	if (!rc && config->local_as == config->peer_as)
		rc = err_set(err, -EINVAL, "peer AS %u: same as the local AS; only eBGP is spoken",
			     config->peer_as);
	if (!rc && config->families & ~BGP_ALL_FAMILIES)
		rc = err_set(err, -EINVAL, "address families 0x%x: unknown ones among them",
			     config->families);
	if (!rc)
		rc = check_times(config, err);
	return rc;
}
