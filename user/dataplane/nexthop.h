/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_NEXTHOP_H
#define VIPCAST_DATAPLANE_NEXTHOP_H

/*
 * How packets get from this node to each backend: straight out of an interface that has our
 * program, to the MAC address of the backend's node or of a gateway; or through the door, when the
 * stack has to deliver them (docs/decisions/stack-door.md).
 */

#include "dataplane/compile.h"
#include "dataplane/publish.h"
#include "net/net.h"
#include "util/log.h"

/* An interface that has our program. */
struct nexthop_device {
	uint32_t ifindex;
	uint8_t mac[6];
};

typedef ARRAY(struct nexthop_device) nexthop_devices;

/* The door as packets see it; ifindex 0: there is none. */
struct nexthop_door {
	uint32_t ifindex; /* of the XDP side, vipcast1 */
	uint8_t xdp_mac[6], stack_mac[6];
	struct ip_addr nat_addr[2]; /* IPv4, IPv6 */
};

enum nexthop_way { NEXTHOP_NOWHERE, NEXTHOP_DIRECT, NEXTHOP_DOOR };

struct nexthop_entry {
	struct ip_addr ip; /* of a backend */
	enum nexthop_way way;
	struct net_route route;
	struct ip_addr gateway; /* whom to ask for the MAC: the gateway, or the backend itself */
	uint8_t mac[6];
	bool resolved;
	bool asked; /* the kernel keeps the neighbour fresh for us */
};

struct nexthops {
	struct net *net;       /* borrowed */
	const struct log *log; /* borrowed */
	nexthop_devices devices;
	struct nexthop_door door;
	ARRAY(struct nexthop_entry) entries; /* by address */
};

/* Which way a route leads. ROUTE NULL: there is none. */
enum nexthop_way nexthop_way(const struct net_route *route, const nexthop_devices *devices);

void nexthops_init(struct nexthops *nh, struct net *net, const struct log *log);
void nexthops_destroy(struct nexthops *nh);

/*
 * Takes the backends of WANTED in and drops others. CHANGES (enum net_change) says what may have
 * changed since the last call: routes are looked up again only when they may have.
 */
int nexthops_update(struct nexthops *nh, const struct compiled *wanted, unsigned int changes,
		    struct err *err);

/* Asks again for the MAC addresses that are missing; returns how many there are. */
size_t nexthops_ask(struct nexthops *nh);

/* How many of the backends reached directly have a next hop without a known MAC address. */
size_t nexthops_unresolved(const struct nexthops *nh);

/* OUT[i]: how to reach WANTED's backend i, after nexthops_update() with the same WANTED. */
void nexthops_fill(const struct nexthops *nh, const struct compiled *wanted, struct nexthop *out);

#endif
