/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_NET_SOCKET_H
#define VIPCAST_NET_SOCKET_H

/* Inside user/net: one request to the kernel and its answers. */

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "net/net.h"

#define NET_MESSAGE_MAX 512 /* the longest request here is below 200 bytes */

struct net {
	struct mnl_socket *socket;
	unsigned int port_id;
	uint32_t seq;
	char *answers; /* receive buffer of NET_ANSWERS_MAX bytes */
};

union net_message {
	struct nlmsghdr header;
	char buf[NET_MESSAGE_MAX];
};

/* Called for each message of an answer. */
typedef void (*net_answer)(void *ctx, const struct nlmsghdr *nlh);

/*
 * Starts a request: netlink header with NLM_F_REQUEST and FLAGS, then a zeroed family header of
 * SIZE bytes, which is returned.
 */
void *net_message_start(union net_message *msg, uint16_t type, uint16_t flags, size_t size);
void net_message_put_ip(union net_message *msg, uint16_t type, const struct ip_addr *ip);

/*
 * Sends MSG and hands each message of the answer to ANSWER (may be NULL), up to the kernel's
 * acknowledgement or the end of the dump. 0, or the kernel's negative errno with its own words.
 * -EINTR: the table changed while it was dumped, so what ANSWER saw does not hang together.
 */
int net_request(struct net *net, union net_message *msg, net_answer answer, void *ctx,
		struct err *err);

/* The attribute after ATTR, or the first one behind OFFSET bytes of payload; NULL after the last.
 */
const struct nlattr *net_attr_next(const struct nlmsghdr *nlh, size_t offset,
				   const struct nlattr *attr);
#define net_attr_each(attr, nlh, offset)                        \
	for ((attr) = net_attr_next(nlh, offset, NULL); (attr); \
	     (attr) = net_attr_next(nlh, offset, attr))

/* Reads an address out of an attribute; false when its length does not suit FAMILY. */
bool net_attr_ip(const struct nlattr *attr, uint8_t family, struct ip_addr *out);
/* Reads a 32-bit attribute (host order); false when it is shorter. */
bool net_attr_u32(const struct nlattr *attr, uint32_t *out);

/* The device's name for a message, or "interface 7". */
struct net_name {
	char s[32];
};
struct net_name net_name(int ifindex);

/* How often a dump that changes underneath is tried again. */
#define NET_DUMP_TRIES 8

#endif
