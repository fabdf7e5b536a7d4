// SPDX-License-Identifier: Apache-2.0
/* Pairs of veth devices. */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>

#include "net/socket.h"

int net_veth_add(struct net *net, const char *name, const char *peer, struct err *err)
{
	union net_message msg;
	struct nlmsghdr *nlh = &msg.header;
	struct nlattr *link_info, *data, *peer_info;
	int code;

	net_message_start(&msg, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	link_info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	/* The peer is described like the device itself: a family header, then attributes. */
	peer_info = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer);
	mnl_attr_nest_end(nlh, peer_info);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, link_info);
	code = net_request(net, &msg, NULL, NULL, err);
	return code ? err_prefix(err, code, "cannot make the veth pair %s and %s", name, peer) : 0;
}

int net_link_del(struct net *net, const char *name, struct err *err)
{
	union net_message msg;
	int code;

	net_message_start(&msg, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&msg.header, IFLA_IFNAME, name);
	code = net_request(net, &msg, NULL, NULL, err);
	if (code && code != -ENODEV)
		return err_prefix(err, code, "cannot remove the interface %s", name);
	return 0;
}
