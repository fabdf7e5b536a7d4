// SPDX-License-Identifier: Apache-2.0
/*
 * Watches the kernel's tables. The messages say only that something changed: the listener reads
 * the table again, which is right even if messages were lost. So an overrun of the socket
 * (ENOBUFS) is no failure, it is "everything changed".
 */

#include <errno.h>
#include <event2/event.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "net/socket.h"

#define MONITOR_BUFFER (1 << 20) /* receive buffer; a burst of this size is one call */
#define MONITOR_READS  256	 /* in one turn of the loop, so that a flood starves nobody */
#define EVERYTHING     (NET_LINKS | NET_ADDRESSES | NET_ROUTES | NET_NEIGHBOURS)

struct net_monitor {
	struct mnl_socket *socket;
	struct event *readable;
	void (*changed)(void *ctx, unsigned int mask);
	void *ctx;
	char buf[32768];
};

static const struct {
	int group;
	uint16_t added, removed; /* the messages that arrive in it */
	unsigned int change;
} watched[] = {
	{RTNLGRP_LINK, RTM_NEWLINK, RTM_DELLINK, NET_LINKS},
	{RTNLGRP_IPV4_IFADDR, RTM_NEWADDR, RTM_DELADDR, NET_ADDRESSES},
	{RTNLGRP_IPV6_IFADDR, RTM_NEWADDR, RTM_DELADDR, NET_ADDRESSES},
	{RTNLGRP_IPV4_ROUTE, RTM_NEWROUTE, RTM_DELROUTE, NET_ROUTES},
	{RTNLGRP_IPV6_ROUTE, RTM_NEWROUTE, RTM_DELROUTE, NET_ROUTES},
	{RTNLGRP_IPV4_RULE, RTM_NEWRULE, RTM_DELRULE, NET_ROUTES},
	{RTNLGRP_IPV6_RULE, RTM_NEWRULE, RTM_DELRULE, NET_ROUTES},
	{RTNLGRP_NEXTHOP, RTM_NEWNEXTHOP, RTM_DELNEXTHOP, NET_ROUTES},
	{RTNLGRP_NEIGH, RTM_NEWNEIGH, RTM_DELNEIGH, NET_NEIGHBOURS},
};

#define WATCHED (sizeof(watched) / sizeof(*watched))

static unsigned int changes_in(const char *buf, size_t len)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
	unsigned int mask = 0;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		for (size_t i = 0; i < WATCHED; i++) {
			if (nlh->nlmsg_type == watched[i].added ||
			    nlh->nlmsg_type == watched[i].removed)
				mask |= watched[i].change;
		}
	}
	return mask;
}

static void on_readable(evutil_socket_t fd, short events, void *ctx)
{
	struct net_monitor *monitor = ctx;
	unsigned int mask = 0;

	(void)fd;
	(void)events;
	for (int i = 0; i < MONITOR_READS; i++) {
		ssize_t len =
			mnl_socket_recvfrom(monitor->socket, monitor->buf, sizeof(monitor->buf));

		if (len >= 0)
			mask |= changes_in(monitor->buf, (size_t)len);
		else if (errno == EINTR)
			continue;
		else if (errno == ENOBUFS ||
			 errno == ENOSPC) /* lost, or cut short: who knows what */
			mask = EVERYTHING;
		else
			break;
	}
	/* Last of all, as the listener may close the monitor. */
	if (mask)
		monitor->changed(monitor->ctx, mask);
}

static int join_groups(struct mnl_socket *socket)
{
	for (size_t i = 0; i < WATCHED; i++) {
		int group = watched[i].group;

		if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
		    0)
			return -errno;
	}
	return 0;
}

int net_monitor_open(struct event_base *base, void (*changed)(void *ctx, unsigned int mask),
		     void *ctx, struct net_monitor **out, struct err *err)
{
	struct net_monitor *monitor = xcalloc(1, sizeof(*monitor));
	int size = MONITOR_BUFFER, code = 0, fd;

	monitor->changed = changed;
	monitor->ctx = ctx;
	monitor->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!monitor->socket || mnl_socket_bind(monitor->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		code = -errno;
	if (!code)
		code = join_groups(monitor->socket);
	if (code) {
		net_monitor_close(monitor);
		return err_set(err, code, "cannot watch the network interfaces: %s",
			       strerror(-code));
	}
	fd = mnl_socket_get_fd(monitor->socket);
	/* Beyond the system's limit only with CAP_NET_ADMIN; a smaller one overruns sooner. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	monitor->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, monitor);
	if (!monitor->readable || event_add(monitor->readable, NULL) < 0) {
		net_monitor_close(monitor);
		return err_set(err, -ENOMEM, "cannot watch the netlink socket");
	}
	*out = monitor;
	return 0;
}

void net_monitor_close(struct net_monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->readable)
		event_free(monitor->readable);
	if (monitor->socket)
		mnl_socket_close(monitor->socket);
	free(monitor);
}
