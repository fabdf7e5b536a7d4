// SPDX-License-Identifier: Apache-2.0
/* Network devices: which there are, and setting them up. */

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <string.h>

#include "net/socket.h"

/* Reads one RTM_NEWLINK. */
static void parse_link(const struct nlmsghdr *nlh, struct net_link *link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	*link = (struct net_link){.ifindex = info->ifi_index};
	/* IFF_LOWER_UP follows the carrier at once; IFF_RUNNING lags behind it by up to a second.
	 */
	link->up = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_LOWER_UP);
	net_attr_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			strncpy(link->name, mnl_attr_get_str(attr), sizeof(link->name) - 1);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(link->mac))
				memcpy(link->mac, mnl_attr_get_payload(attr), sizeof(link->mac));
			break;
		case IFLA_MTU:
			(void)net_attr_u32(attr, &link->mtu);
			break;
		}
	}
}

static void add_link(void *ctx, const struct nlmsghdr *nlh)
{
	net_links *links = ctx;

	if (nlh->nlmsg_type == RTM_NEWLINK &&
	    mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct ifinfomsg))
		parse_link(nlh, array_new(links));
}

static void take_link(void *ctx, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_type == RTM_NEWLINK &&
	    mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct ifinfomsg))
		parse_link(nlh, ctx);
}

int net_links_get(struct net *net, net_links *out, struct err *err)
{
	int code = -EINTR;

	for (int try = 0; code == -EINTR && try < NET_DUMP_TRIES; try++) {
		union net_message msg;

		array_free(out);
		net_message_start(&msg, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
		mnl_attr_put_u32(&msg.header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
		code = net_request(net, &msg, add_link, out, err);
	}
	if (code)
		return err_prefix(err, code, "cannot list the network interfaces");
	return 0;
}

int net_link_by_name(struct net *net, const char *name, struct net_link *out, struct err *err)
{
	union net_message msg;
	int code;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return err_set(err, -ENODEV, "no interface can have the name \"%s\"", name);
	net_message_start(&msg, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&msg.header, IFLA_IFNAME, name);
	mnl_attr_put_u32(&msg.header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	code = net_request(net, &msg, take_link, out, err);
	if (code == -ENODEV)
		return err_set(err, code, "there is no interface %s", name);
	if (code)
		return err_prefix(err, code, "cannot look up interface %s", name);
	return 0;
}

int net_link_set_up(struct net *net, int ifindex, struct err *err)
{
	union net_message msg;
	struct ifinfomsg *info = net_message_start(&msg, RTM_NEWLINK, 0, sizeof(*info));
	int code;

	info->ifi_index = ifindex;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	code = net_request(net, &msg, NULL, NULL, err);
	return code ? err_prefix(err, code, "cannot set %s up", net_name(ifindex).s) : 0;
}
