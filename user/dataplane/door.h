/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_DOOR_H
#define VIPCAST_DATAPLANE_DOOR_H

/*
 * The stack door: a veth pair by which packets for backends on this very node get into its stack
 * and their replies get out again (docs/decisions/stack-door.md). vipcast0 is the stack's side,
 * vipcast1 the one that XDP redirects to and where replies meet the program.
 */

#include "dataplane/nexthop.h"
#include "maps/mapset.h"
#include "net/net.h"
#include "util/log.h"

#define DOOR_STACK_SIDE "vipcast0"
#define DOOR_XDP_SIDE	"vipcast1"
#define DOOR_NAT_IPV4	"169.254.77.2"
#define DOOR_NAT_IPV6	"fd76:6970:6361:7374::2"

typedef ARRAY(char *) door_warnings;

/*
 * Makes the door, or sees to it that the one that is there is whole. OUT is what nexthops need to
 * know. What keeps backends behind it from being reached is added to WARNINGS, in words.
 */
int door_open(const struct mapset *ms, struct net *net, const struct log *log,
	      struct nexthop_door *out, door_warnings *warnings, struct err *err);

int door_remove(struct net *net, struct err *err);

void door_warnings_free(door_warnings *warnings);

#endif
