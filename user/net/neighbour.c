// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's neighbour tables: who has which MAC address. Packets that XDP forwards never touch
 * the neighbour entry that they were built from, so the stack would let it age and go. An entry is
 * therefore asked for as NTF_EXT_MANAGED (kernel 5.16): the kernel resolves it again and again by
 * itself. Older kernels don't see that attribute and take NTF_USE alone: resolve now, as if a
 * packet had used it. There the caller has to ask again when the monitor shows it stale.
 */

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "net/socket.h"

#define USABLE_STATES \
	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

static void add_neighbour(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	struct net_neighbour found = {0};
	net_neighbours *out = ctx;
	const struct nlattr *attr;
	bool has_mac = false;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return;
	found.ifindex = info->ndm_ifindex;
	net_attr_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case NDA_DST:
			(void)net_attr_ip(attr, info->ndm_family, &found.ip);
			break;
		case NDA_LLADDR:
			has_mac = mnl_attr_get_payload_len(attr) == sizeof(found.mac);
			if (has_mac)
				memcpy(found.mac, mnl_attr_get_payload(attr), sizeof(found.mac));
			break;
		}
	}
	if (!ip_is_set(&found.ip))
		return;
	found.usable = has_mac && (info->ndm_state & USABLE_STATES);
	array_push(out, found);
}

int net_neighbours_get(struct net *net, net_neighbours *out, struct err *err)
{
	int code = -EINTR;

	for (int try = 0; code == -EINTR && try < NET_DUMP_TRIES; try++) {
		union net_message msg;

		array_free(out);
		net_message_start(&msg, RTM_GETNEIGH, NLM_F_DUMP, sizeof(struct ndmsg));
		code = net_request(net, &msg, add_neighbour, out, err);
	}
	return code ? err_prefix(err, code, "cannot list the neighbours") : 0;
}

/* A message about the entry of IP on the device. */
static struct ndmsg *neighbour_message(union net_message *msg, int ifindex,
				       const struct ip_addr *ip)
{
	struct ndmsg *info =
		net_message_start(msg, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));

	info->ndm_family = ip->family;
	info->ndm_ifindex = ifindex;
	net_message_put_ip(msg, NDA_DST, ip);
	return info;
}

int net_neighbour_resolve(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err)
{
	union net_message msg;
	struct ndmsg *info = neighbour_message(&msg, ifindex, ip);
	int code;

	info->ndm_flags = NTF_USE;
	mnl_attr_put_u32(&msg.header, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	code = net_request(net, &msg, NULL, NULL, err);
	return code ? err_prefix(err, code, "cannot have %s on %s resolved", ip_str(ip).s,
				 net_name(ifindex).s)
		    : 0;
}

int net_neighbour_release(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err)
{
	union net_message msg;
	struct ndmsg *info = neighbour_message(&msg, ifindex, ip);
	int code;

	/* Without NLM_F_CREATE: an entry that is gone needs no release. */
	msg.header.nlmsg_flags &= (uint16_t)~NLM_F_CREATE;
	info->ndm_flags = NTF_USE;
	code = net_request(net, &msg, NULL, NULL, err);
	if (code && code != -ENOENT && code != -ENODEV)
		return err_prefix(err, code, "cannot release %s on %s", ip_str(ip).s,
				  net_name(ifindex).s);
	return 0;
}

int net_neighbour_set(struct net *net, int ifindex, const struct ip_addr *ip, const uint8_t mac[6],
		      struct err *err)
{
	union net_message msg;
	struct ndmsg *info = neighbour_message(&msg, ifindex, ip);
	int code;

	info->ndm_state = NUD_PERMANENT;
	mnl_attr_put(&msg.header, NDA_LLADDR, 6, mac);
	code = net_request(net, &msg, NULL, NULL, err);
	return code ? err_prefix(err, code, "cannot set the neighbour %s on %s", ip_str(ip).s,
				 net_name(ifindex).s)
		    : 0;
}
