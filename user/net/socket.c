// SPDX-License-Identifier: Apache-2.0
/*
 * The one place where netlink requests are sent and answered. Every request asks for an
 * acknowledgement, so that an answer has a definite end: NLMSG_DONE for a dump, NLMSG_ERROR (also
 * for success) for anything else. Kernel messages are read by hand and not by mnl_cb_run(),
 * because that stops in the middle of a dump that changes underneath, and the rest of the dump
 * would be taken for the answer to the next request. The kernel's own explanation (extended
 * acknowledgement) goes into the error text.
 */

#include "net/socket.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define NET_ANSWERS_MAX 32768 /* what the kernel fills at most for one read of a dump */

int net_open(struct net **out, struct err *err)
{
	struct net *net = xcalloc(1, sizeof(*net));
	int on = 1;

	net->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!net->socket || mnl_socket_bind(net->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int code = -errno;

		net_close(net);
		return err_set(err, code, "cannot open a netlink socket: %s", strerror(-code));
	}
	/* A kernel without these gives plain error numbers, which will do. */
	(void)mnl_socket_setsockopt(net->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(net->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	net->port_id = mnl_socket_get_portid(net->socket);
	net->answers = xmalloc(NET_ANSWERS_MAX);
	*out = net;
	return 0;
}

void net_close(struct net *net)
{
	if (!net)
		return;
	if (net->socket)
		mnl_socket_close(net->socket);
	free(net->answers);
	free(net);
}

void *net_message_start(union net_message *msg, uint16_t type, uint16_t flags, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(nlh, size);
}

void net_message_put_ip(union net_message *msg, uint16_t type, const struct ip_addr *ip)
{
	mnl_attr_put(&msg->header, type, ip_size(ip->family), ip->b);
}

/* What the kernel says is wrong, if it says more than a number. */
static const char *kernel_words(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*answer);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(nlh) > offset
				  ? answer->msg.nlmsg_len - sizeof(answer->msg)
				  : 0;
	net_attr_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(attr);
	}
	return NULL;
}

static int end_of_answer(const struct nlmsghdr *nlh, struct err *err)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(nlh);
	const char *words;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(int))
		return 0; /* NLMSG_DONE of an old kernel */
	if (!answer->error)
		return 0;
	words = nlh->nlmsg_type == NLMSG_ERROR ? kernel_words(nlh) : NULL;
	return err_set(err, answer->error, "%s%s%s", strerror(-answer->error), words ? ": " : "",
		       words ? words : "");
}

/* Goes through one read's worth of messages; true at the end of the answer, with its CODE. */
static bool read_answers(struct net *net, size_t len, net_answer answer, void *ctx,
			 bool *interrupted, int *code, struct err *err)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)net->answers;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_seq != net->seq || nlh->nlmsg_pid != net->port_id)
			continue; /* the rest of an answer that was given up */
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
			*code = end_of_answer(nlh, err);
			return true;
		}
		if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && answer)
			answer(ctx, nlh);
	}
	return false;
}

int net_request(struct net *net, union net_message *msg, net_answer answer, void *ctx,
		struct err *err)
{
	bool interrupted = false;
	int code = 0;

	msg->header.nlmsg_seq = ++net->seq;
	msg->header.nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(net->socket, msg, msg->header.nlmsg_len) < 0)
		return err_set(err, -errno, "cannot send to the kernel: %s", strerror(errno));
	for (;;) {
		ssize_t len = mnl_socket_recvfrom(net->socket, net->answers, NET_ANSWERS_MAX);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return err_set(err, -errno, "cannot read from the kernel: %s",
				       strerror(errno));
		if (read_answers(net, (size_t)len, answer, ctx, &interrupted, &code, err))
			break;
	}
	if (!code && interrupted)
		return err_set(err, -EINTR, "the kernel's table kept changing while it was read");
	return code;
}

const struct nlattr *net_attr_next(const struct nlmsghdr *nlh, size_t offset,
				   const struct nlattr *attr)
{
	const char *end = mnl_nlmsg_get_payload_tail(nlh);

	attr = attr ? mnl_attr_next(attr) : mnl_nlmsg_get_payload_offset(nlh, offset);
	return mnl_attr_ok(attr, (int)(end - (const char *)attr)) ? attr : NULL;
}

bool net_attr_ip(const struct nlattr *attr, uint8_t family, struct ip_addr *out)
{
	const void *bytes = mnl_attr_get_payload(attr);

	if (!ip_size(family) || mnl_attr_get_payload_len(attr) != ip_size(family))
		return false;
	*out = family == AF_INET ? ip_from_v4(bytes) : ip_from_v6(bytes);
	return true;
}

bool net_attr_u32(const struct nlattr *attr, uint32_t *out)
{
	if (mnl_attr_get_payload_len(attr) < sizeof(*out))
		return false;
	*out = mnl_attr_get_u32(attr);
	return true;
}

struct net_name net_name(int ifindex)
{
	char known[IF_NAMESIZE];
	struct net_name name;

	if (if_indextoname((unsigned int)ifindex, known))
		snprintf(name.s, sizeof(name.s), "%s", known);
	else
		snprintf(name.s, sizeof(name.s), "interface %d", ifindex);
	return name;
}
