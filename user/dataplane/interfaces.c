/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "dataplane/role.h"

/*
 * The interfaces that VIP traffic arrives by: the named ones, or those that carry the node's
 * InternalIPs. They are looked up again whenever links or addresses change.
 */

static struct dataplane_interface *find_interface(const interface_list *list, int ifindex)
{
	array_each(list, i)
		if (i->link.ifindex == ifindex)
			return i;
	return NULL;
}

static void add_interface(interface_list *list, const struct net_link *link)
{
	if (!find_interface(list, link->ifindex))
		array_push(list, ((struct dataplane_interface){*link, ATTACH_NONE}));
}

static int find_named(struct dataplane *dp, interface_list *out, struct err *err)
{
	array_each(&dp->wanted_interfaces, name) {
		struct net_link link;
		int rc = net_link_by_name(dp->net, *name, &link, err);

		if (rc)
			return rc;
		add_interface(out, &link);
	}
	return 0;
}

static bool is_internal_ip(const struct api_object *node, const struct ip_addr *ip)
{
	array_each(&node->node.internal_ips, own)
		if (ip_equal(own, ip))
			return true;
	return false;
}

static int find_by_address(struct dataplane *dp, interface_list *out, struct err *err)
{
	const struct api_object *node = state_get(dp->state, API_NODE, NULL, dp->node_name);
	net_addresses addresses = {0};
	net_links links = {0};
	int rc;

	if (!node)
		return err_set(err, -ENOENT, "there is no Node %s, so its interfaces are not known",
			       dp->node_name);
	rc = net_addresses_get(dp->net, &addresses, err);
	if (!rc)
		rc = net_links_get(dp->net, &links, err);
	if (rc)
		goto out;
	array_each(&links, link)
		array_each(&addresses, a)
			if (a->ifindex == link->ifindex && is_internal_ip(node, &a->prefix.addr))
				add_interface(out, link);
	if (out->n == 0)
		rc = err_set(err, -ENODEV, "no interface carries an InternalIP of Node %s",
			     dp->node_name);
out:
	array_free(&addresses);
	array_free(&links);
	return rc;
}

/* Takes the program off interfaces that VIP traffic no longer comes by. */
static void leave_others(struct dataplane *dp, const interface_list *next)
{
	array_each(&dp->interfaces, old) {
		struct err err = {0};

		if (find_interface(next, old->link.ifindex))
			continue;
		log_info(dp->log, "leaving an interface", "interface", old->link.name);
		if (attach_remove(old->link.ifindex, old->link.name, &err) < 0)
			log_debug(dp->log, "cannot leave it", "error", err.msg);
	}
}

int interfaces_find(struct dataplane *dp, struct err *err)
{
	interface_list next = {0};
	int rc = dp->wanted_interfaces.n ? find_named(dp, &next, err)
					 : find_by_address(dp, &next, err);

	if (rc) {
		array_free(&next);
		return rc;
	}
	leave_others(dp, &next);
	array_free(&dp->interfaces);
	dp->interfaces.v = next.v;
	dp->interfaces.n = next.n;
	dp->interfaces.cap = next.cap;
	return 0;
}

int interfaces_attach(struct dataplane *dp, struct err *err)
{
	array_each(&dp->interfaces, i) {
		int rc = attach_program(dp->ms, i->link.ifindex, i->link.name, dp->log, &i->mode,
					err);

		if (rc)
			return rc;
	}
	return 0;
}

int interfaces_announce(struct dataplane *dp, const struct nexthop_door *door, struct err *err)
{
	ARRAY(uint32_t) ifindexes = {0};
	int rc;

	array_free(&dp->nexthops.devices);
	array_each(&dp->interfaces, i) {
		struct nexthop_device device = {.ifindex = (uint32_t)i->link.ifindex};

		memcpy(device.mac, i->link.mac, sizeof(device.mac));
		array_push(&dp->nexthops.devices, device);
		array_push(&ifindexes, device.ifindex);
	}
	dp->nexthops.door = *door;
	array_push(&ifindexes, door->ifindex);
	rc = mapset_set_devices(dp->ms, ifindexes.v, ifindexes.n, err);
	array_free(&ifindexes);
	return rc;
}
