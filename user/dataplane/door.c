/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/attach.h"
#include "util/mem.h"

/*
 * Every step is idempotent, so making the door and repairing one are the same walk. No address
 * stands on either side: host routes point the NAT addresses out of vipcast0, to a permanent
 * neighbour entry with vipcast1's MAC. So strict reverse path filtering is content with what
 * comes in there, and nothing about rp_filter needs to be changed.
 */

/* ---- sysctls ------------------------------------------------------------------------------ */

static char *sysctl_path(const char *family, const char *device, const char *name)
{
	return xasprintf("/proc/sys/net/%s/conf/%s/%s", family, device, name);
}

/* -1 when it cannot be read. */
static int sysctl_get(const char *family, const char *device, const char *name)
{
	char *path = sysctl_path(family, device, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC), value = -1;
	char text[16] = {0};

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) > 0)
			value = (int)strtol(text, NULL, 10);
		close(fd);
	}
	free(path);
	return value;
}

static bool sysctl_set(const char *family, const char *device, const char *name, const char *value)
{
	char *path = sysctl_path(family, device, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	free(path);
	return done;
}

/* Forwarding is the cluster's business: it is looked at, not touched. */
static void check_forwarding(door_warnings *warnings)
{
	static const struct {
		const char *family, *device, *sysctl;
	} table[] = {
		{"ipv4", DOOR_STACK_SIDE, "net.ipv4.ip_forward"},
		{"ipv6", "all", "net.ipv6.conf.all.forwarding"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (sysctl_get(table[i].family, table[i].device, "forwarding") == 0)
			array_push(warnings,
				   xasprintf("%s is 0: pods on this node cannot be backends here",
					     table[i].sysctl));
}

/* ---- the pair ----------------------------------------------------------------------------- */

static int make_pair(struct net *net, struct net_link *stack, struct net_link *xdp, struct err *err)
{
	int rc = net_link_by_name(net, DOOR_STACK_SIDE, stack, NULL);

	if (rc == -ENODEV) {
		rc = net_veth_add(net, DOOR_STACK_SIDE, DOOR_XDP_SIDE, err);
		if (rc && rc != -EEXIST)
			return rc;
	}
	rc = net_link_by_name(net, DOOR_STACK_SIDE, stack, err);
	if (!rc)
		rc = net_link_by_name(net, DOOR_XDP_SIDE, xdp, err);
	return rc;
}

static int bring_up(struct net *net, const struct net_link *stack, const struct net_link *xdp,
		    struct err *err)
{
	int rc;

	/* Nothing on the XDP side speaks IPv6; without this it would announce an address there. */
	(void)sysctl_set("ipv6", DOOR_XDP_SIDE, "disable_ipv6", "1");
	(void)sysctl_set("ipv6", DOOR_STACK_SIDE, "accept_ra", "0");
	rc = net_offload_off(DOOR_STACK_SIDE, err);
	if (!rc)
		rc = net_link_set_up(net, xdp->ifindex, err);
	if (!rc)
		rc = net_link_set_up(net, stack->ifindex, err);
	return rc;
}

static int point_route(struct net *net, const char *address, const struct net_link *stack,
		       const struct net_link *xdp, struct ip_addr *out, struct err *err)
{
	struct ip_addr ip;
	int rc = ip_parse(address, &ip, err);

	if (!rc)
		rc = net_host_route_set(net, &ip, stack->ifindex, err);
	if (!rc)
		rc = net_neighbour_set(net, stack->ifindex, &ip, xdp->mac, err);
	if (!rc)
		*out = ip;
	return rc;
}

int door_open(const struct mapset *ms, struct net *net, const struct log *log,
	      struct nexthop_door *out, door_warnings *warnings, struct err *err)
{
	struct net_link stack = {0}, xdp = {0};
	enum attach_mode mode;
	struct err ipv6 = {0};
	int rc = make_pair(net, &stack, &xdp, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = bring_up(net, &stack, &xdp, err);
	if (!rc)
		rc = attach_door(ms, stack.ifindex, stack.name, err);
	if (!rc)
		rc = attach_program(ms, xdp.ifindex, xdp.name, log, &mode, err);
	if (!rc)
		rc = point_route(net, DOOR_NAT_IPV4, &stack, &xdp, &out->nat_addr[0], err);
	if (rc)
		return err_prefix(err, rc, "the door to this node's own backends");
	/* A node without IPv6 has no IPv6 backends either. */
	if (point_route(net, DOOR_NAT_IPV6, &stack, &xdp, &out->nat_addr[1], &ipv6) < 0)
		array_push(warnings, xasprintf("no door for IPv6 backends: %s", ipv6.msg));
	check_forwarding(warnings);
	out->ifindex = (uint32_t)xdp.ifindex;
	memcpy(out->xdp_mac, xdp.mac, sizeof(xdp.mac));
	memcpy(out->stack_mac, stack.mac, sizeof(stack.mac));
	return 0;
}

int door_remove(struct net *net, struct err *err)
{
	return net_link_del(net, DOOR_STACK_SIDE, err);
}

void door_warnings_free(door_warnings *warnings)
{
	array_each(warnings, w)
		free(*w);
	array_free(warnings);
}
