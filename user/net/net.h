/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_NET_NET_H
#define VIPCAST_NET_NET_H

/*
 * What vipcast asks of the kernel's network stack, over netlink (libmnl) and raw sockets. Calls
 * are synchronous and act in the caller's network namespace.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/array.h"
#include "util/err.h"
#include "util/ip.h"

/*
 * How an address that vipcast added is known, also by a later run after a crash: by this address
 * protocol number (IFA_PROTO, kernel 5.18). An older kernel does not keep it: there an IPv4 /32 is
 * known by its label, "IF:vc", and an IPv6 /128, which can have no label, by being permanent,
 * deprecated, without duplicate address detection and without prefix route, all at once.
 */
#define NET_ADDRESS_PROTO 118
/* Routing protocol number of our routes, for `ip route show proto 118`. */
#define NET_ROUTE_PROTO 118

struct net_link {
	int ifindex;
	char name[16];
	uint8_t mac[6];
	bool up; /* administratively up and with carrier */
	uint32_t mtu;
};

struct net_address {
	int ifindex;
	struct ip_prefix prefix;
	bool ours; /* put there by vipcast, see NET_ADDRESS_PROTO */
};

struct net_route {
	int ifindex;
	struct ip_addr gateway; /* family 0: on link */
	struct ip_addr source;	/* preferred source address */
	bool local;		/* the address is the node's own */
};

struct net_neighbour {
	int ifindex;
	struct ip_addr ip;
	uint8_t mac[6];
	bool usable; /* reachable, stale, delay, probe, permanent or noarp, with a MAC */
};

typedef ARRAY(struct net_link) net_links;
typedef ARRAY(struct net_address) net_addresses;
typedef ARRAY(struct net_neighbour) net_neighbours;

struct net; /* one netlink socket for requests */

int net_open(struct net **out, struct err *err);
void net_close(struct net *net);

/* The lists replace what is in *OUT; the caller frees it (array_free). */
int net_links_get(struct net *net, net_links *out, struct err *err);
/* -ENODEV when there is none. */
int net_link_by_name(struct net *net, const char *name, struct net_link *out, struct err *err);
int net_link_set_up(struct net *net, int ifindex, struct err *err);
/* Makes a pair of veth devices, both down. -EEXIST when NAME is there already. */
int net_veth_add(struct net *net, const char *name, const char *peer, struct err *err);
/* Removes a device, and with one end of a veth pair the other one. Absent already: 0. */
int net_link_del(struct net *net, const char *name, struct err *err);
/* Turns checksum and segmentation offload of a device off, so that XDP at its peer sees real
 * checksums. */
int net_offload_off(const char *name, struct err *err);

int net_addresses_get(struct net *net, net_addresses *out, struct err *err);
/*
 * Adds IP as a /32 or /128, without duplicate address detection. Present already: 0. Connections
 * of the node that are not bound to it don't start from it.
 */
int net_address_add(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err);
/* Absent already: 0. */
int net_address_del(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err);
/* The interface whose connected subnet holds IP: 0, or -ENOENT. */
int net_ifindex_for(struct net *net, const struct ip_addr *ip, int *ifindex, struct err *err);
/*
 * Tells the neighbours who has IP now: gratuitous ARP (RFC 5227 section 3) or unsolicited NA
 * (RFC 4861 section 7.2.6), once; frames get lost, so say it again after a second or two. An IPv6
 * address must be on the interface by then.
 */
int net_announce(int ifindex, const struct ip_addr *ip, struct err *err);

/* Where the stack would send a packet for IP. -ENETUNREACH when nowhere. */
int net_route_get(struct net *net, const struct ip_addr *ip, struct net_route *out,
		  struct err *err);
/* Adds or replaces a host route to IP out of a device. */
int net_host_route_set(struct net *net, const struct ip_addr *ip, int ifindex, struct err *err);

int net_neighbours_get(struct net *net, net_neighbours *out, struct err *err);
/* Asks the kernel to resolve IP on the device and to keep it fresh; the answer comes through the
 * monitor. */
int net_neighbour_resolve(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err);
/* Ends that: the entry ages like any other. Absent already: 0. */
int net_neighbour_release(struct net *net, int ifindex, const struct ip_addr *ip, struct err *err);
/* Sets a permanent entry. */
int net_neighbour_set(struct net *net, int ifindex, const struct ip_addr *ip, const uint8_t mac[6],
		      struct err *err);

/* Says that links, addresses, routes or neighbours changed: one call for a burst of messages. */
enum net_change {
	NET_LINKS = 1,
	NET_ADDRESSES = 2,
	NET_ROUTES = 4,
	NET_NEIGHBOURS = 8,
};

struct net_monitor;
struct event_base;

/* CHANGED is called on the loop with a mask of enum net_change. An overrun counts as all of them.
 */
int net_monitor_open(struct event_base *base, void (*changed)(void *ctx, unsigned int mask),
		     void *ctx, struct net_monitor **out, struct err *err);
void net_monitor_close(struct net_monitor *monitor);

#endif
