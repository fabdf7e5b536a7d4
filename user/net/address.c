// SPDX-License-Identifier: Apache-2.0
/*
 * Addresses of interfaces, and the floating IPs that vipcast puts there. How an address of ours is
 * told from the user's, after a crash too, is said at NET_ADDRESS_PROTO.
 */

#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/socket.h"

#define LABEL_SUFFIX ":vc"
/* What an IPv6 address of ours looks like: no other tool that we know sets all three. */
#define OUR_IPV6_FLAGS (IFA_F_NODAD | IFA_F_DEPRECATED | IFA_F_NOPREFIXROUTE)

struct address_dump {
	net_addresses *out;
	bool has_proto;	     /* some address carried a protocol: the kernel knows them */
	ARRAY(size_t) alike; /* addresses that are ours if the kernel knows no protocols */
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

static void add_address(void *ctx, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	struct address_dump *dump = ctx;
	struct net_address found = {0};
	const struct nlattr *attr;
	struct ip_addr local = {0};
	uint32_t flags = 0;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return;
	found.ifindex = (int)info->ifa_index;
	found.prefix.len = info->ifa_prefixlen;
	net_attr_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFA_ADDRESS: /* of a point-to-point link this is the other end */
			(void)net_attr_ip(attr, info->ifa_family, &found.prefix.addr);
			break;
		case IFA_LOCAL:
			(void)net_attr_ip(attr, info->ifa_family, &local);
			break;
		case IFA_FLAGS:
			(void)net_attr_u32(attr, &flags);
			break;
		case IFA_LABEL:
			found.ours |= ends_with(mnl_attr_get_str(attr), LABEL_SUFFIX);
			break;
		case IFA_PROTO:
			dump->has_proto = true;
			found.ours |= mnl_attr_get_u8(attr) == NET_ADDRESS_PROTO;
			break;
		}
	}
	if (ip_is_set(&local))
		found.prefix.addr = local;
	if (!ip_is_set(&found.prefix.addr))
		return;
	found.ours &= found.prefix.len == ip_bits(info->ifa_family);
	if (info->ifa_family == AF_INET6 && found.prefix.len == 128 &&
	    (flags & OUR_IPV6_FLAGS) == OUR_IPV6_FLAGS)
		array_push(&dump->alike, dump->out->n);
	array_push(dump->out, found);
}

int net_addresses_get(struct net *net, net_addresses *out, struct err *err)
{
	struct address_dump dump = {.out = out};
	int code = -EINTR;

	for (int try = 0; code == -EINTR && try < NET_DUMP_TRIES; try++) {
		union net_message msg;

		array_free(out);
		array_free(&dump.alike);
		net_message_start(&msg, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
		code = net_request(net, &msg, add_address, &dump, err);
	}
	if (!code && !dump.has_proto && out->v) {
		array_each(&dump.alike, i)
			out->v[*i].ours = true;
	}
	array_free(&dump.alike);
	return code ? err_prefix(err, code, "cannot list the addresses of this node") : 0;
}

static struct ifaddrmsg *address_message(union net_message *msg, uint16_t type, uint16_t flags,
					 int ifindex, const struct ip_addr *ip)
{
	struct ifaddrmsg *info = net_message_start(msg, type, flags, sizeof(*info));

	info->ifa_family = ip->family;
	info->ifa_prefixlen = ip_bits(ip->family);
	info->ifa_index = (uint32_t)ifindex;
	net_message_put_ip(msg, IFA_LOCAL, ip);
	net_message_put_ip(msg, IFA_ADDRESS, ip);
	return info;
}

int net_address_add(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err)
{
	struct net_name name = net_name(ifindex);
	union net_message msg;
	int code;

	address_message(&msg, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, ip);
	mnl_attr_put_u8(&msg.header, IFA_PROTO, NET_ADDRESS_PROTO);
	if (ip->family == AF_INET) {
		char label[16];

		snprintf(label, sizeof(label), "%.12s%s", name.s, LABEL_SUFFIX);
		mnl_attr_put_strz(&msg.header, IFA_LABEL, label);
	} else {
		/* Valid for ever, preferred never: the node's own connections don't start from it.
		 */
		struct ifa_cacheinfo lifetime = {.ifa_valid = UINT32_MAX, .ifa_prefered = 0};

		mnl_attr_put_u32(&msg.header, IFA_FLAGS, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
		mnl_attr_put(&msg.header, IFA_CACHEINFO, sizeof(lifetime), &lifetime);
	}
	code = net_request(net, &msg, NULL, NULL, err);
	if (code && code != -EEXIST)
		return err_prefix(err, code, "cannot add address %s to %s", ip_str(ip).s, name.s);
	return 0;
}

int net_address_del(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err)
{
	struct net_name name = net_name(ifindex);
	union net_message msg;
	int code;

	address_message(&msg, RTM_DELADDR, 0, ifindex, ip);
	code = net_request(net, &msg, NULL, NULL, err);
	/* A device that is gone took its addresses along. */
	if (code && code != -EADDRNOTAVAIL && code != -ENODEV && code != -ENXIO)
		return err_prefix(err, code, "cannot remove address %s from %s", ip_str(ip).s,
				  name.s);
	return 0;
}

int net_ifindex_for(struct net *net, const struct ip_addr *ip, int *ifindex, struct err *err)
{
	net_addresses addresses = {0};
	int best = -1;
	int code = net_addresses_get(net, &addresses, err);

	array_each(&addresses, a) {
		/* A host address is no subnet; among subnets the narrowest says most. */
		if (a->prefix.len < ip_bits(a->prefix.addr.family) && (int)a->prefix.len > best &&
		    !ip_is_loopback(&a->prefix.addr) && ip_prefix_contains(&a->prefix, ip)) {
			best = a->prefix.len;
			*ifindex = a->ifindex;
		}
	}
	array_free(&addresses);
	if (!code && best < 0)
		code = err_set(err, -ENOENT,
			       "no interface has an address in a subnet that holds %s",
			       ip_str(ip).s);
	return code;
}
