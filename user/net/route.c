// SPDX-License-Identifier: Apache-2.0
/* Where the stack would send a packet, and host routes of our own. */

#include <errno.h>
#include <sys/socket.h>

#include "net/socket.h"

struct route_answer {
	struct net_route route;
	uint8_t type;
};

/* RTA_VIA: a gateway of the other family (RFC 5549 routes). */
static void parse_via(const struct nlattr *attr, struct ip_addr *gateway)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= sizeof(*via) + 16 && via->rtvia_family == AF_INET6)
		*gateway = ip_from_v6(via->rtvia_addr);
	else if (len >= sizeof(*via) + 4 && via->rtvia_family == AF_INET)
		*gateway = ip_from_v4(via->rtvia_addr);
}

static void take_route(void *ctx, const struct nlmsghdr *nlh)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	struct route_answer *answer = ctx;
	struct net_route *route = &answer->route;
	const struct nlattr *attr;
	uint32_t ifindex;

	if (nlh->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return;
	answer->type = info->rtm_type;
	net_attr_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if (net_attr_u32(attr, &ifindex))
				route->ifindex = (int)ifindex;
			break;
		case RTA_GATEWAY:
			(void)net_attr_ip(attr, info->rtm_family, &route->gateway);
			break;
		case RTA_VIA:
			parse_via(attr, &route->gateway);
			break;
		case RTA_PREFSRC:
			(void)net_attr_ip(attr, info->rtm_family, &route->source);
			break;
		}
	}
	route->local = info->rtm_type == RTN_LOCAL;
}

int net_route_get(struct net *net, const struct ip_addr *ip, struct net_route *out, struct err *err)
{
	union net_message msg;
	struct rtmsg *info = net_message_start(&msg, RTM_GETROUTE, 0, sizeof(*info));
	struct route_answer answer = {0};
	int code;

	info->rtm_family = ip->family;
	info->rtm_dst_len = ip_bits(ip->family);
	net_message_put_ip(&msg, RTA_DST, ip);
	code = net_request(net, &msg, take_route, &answer, err);
	switch (code) {
	case 0:
		break;
	/* The kernel's answers for: no route, and routes of type unreachable, prohibit, blackhole.
	 */
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EACCES:
	case -EINVAL:
		return err_set(err, -ENETUNREACH, "there is no route to %s", ip_str(ip).s);
	default:
		return err_prefix(err, code, "cannot look up the route to %s", ip_str(ip).s);
	}
	/* IPv6 answers with the refusing route itself. */
	if (answer.type != RTN_UNICAST && answer.type != RTN_LOCAL)
		return err_set(err, -ENETUNREACH, "there is no route to %s", ip_str(ip).s);
	*out = answer.route;
	return 0;
}

int net_host_route_set(struct net *net, const struct ip_addr *ip, int ifindex, struct err *err)
{
	union net_message msg;
	struct rtmsg *info =
		net_message_start(&msg, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));
	int code;

	info->rtm_family = ip->family;
	info->rtm_dst_len = ip_bits(ip->family);
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = NET_ROUTE_PROTO;
	info->rtm_scope = ip->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	net_message_put_ip(&msg, RTA_DST, ip);
	mnl_attr_put_u32(&msg.header, RTA_OIF, (uint32_t)ifindex);
	code = net_request(net, &msg, NULL, NULL, err);
	return code ? err_prefix(err, code, "cannot set a route to %s out of %s", ip_str(ip).s,
				 net_name(ifindex).s)
		    : 0;
}
