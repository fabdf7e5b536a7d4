// SPDX-License-Identifier: Apache-2.0
#include "bgpio/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bgp/bgp.h"

#define NOT_SENT_MOST 131072 /* bytes that the kernel may hold beyond what TCP's window takes */

/* Where errno's own words leave a person with the question what to do. */
static const struct {
	int error;
	const char *words;
} connect_errors[] = {
	{ECONNREFUSED, "connection refused (no BGP daemon listens there?)"},
	{ETIMEDOUT, "no answer"},
	{EHOSTUNREACH, "host unreachable (is it up? may we reach it from the local address?)"},
	{ENETUNREACH, "network unreachable (no route)"},
	{EADDRNOTAVAIL, "the local address is not on any interface"},
	{ECONNRESET, "connection reset by the peer"},
};

int tcp_connect_error(const struct conn_target *target, int error, struct err *err)
{
	const char *words = strerror(error);
	char port[16] = "";

	for (size_t i = 0; i < sizeof(connect_errors) / sizeof(*connect_errors); i++) {
		if (connect_errors[i].error == error)
			words = connect_errors[i].words;
	}
	if (target->port != BGP_PORT)
		(void)snprintf(port, sizeof(port), " port %u", target->port);
	return err_set(err, -error, "cannot connect to %s%s: %s", ip_str(&target->peer).s, port,
		       words);
}

const char *tcp_close_reason(int error)
{
	switch (error) {
	case 0:
		return "connection closed by the peer";
	case ECONNRESET:
	case EPIPE:
		return "connection reset by the peer";
	case ETIMEDOUT:
		return "connection lost: the peer acknowledges nothing any more";
	default:
		return strerror(error);
	}
}

static socklen_t socket_address(const struct ip_addr *ip, uint16_t port,
				struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (ip->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, ip->b, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, ip->b, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

/* Multihop: the TTL must last for the way to the peer. CS6 is what routers expect of routing. */
static int set_options(int fd, const struct conn_target *target, struct err *err)
{
	const bool v4 = target->peer.family == AF_INET;
	const struct {
		int level, name, value;
		const char *what;
	} options[] = {
		{v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, target->ttl,
		 "time to live"},
		{v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, IPTOS_CLASS_CS6,
		 "traffic class"},
		{IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"},
		{IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_MOST, "TCP_NOTSENT_LOWAT"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)))
			return err_set(err, -errno, "cannot set %s of the socket to %s: %s",
				       options[i].what, ip_str(&target->peer).s, strerror(errno));
	}
	return 0;
}

static int bind_local(int fd, const struct conn_target *target, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len = socket_address(&target->local, 0, &address);

	if (!bind(fd, (struct sockaddr *)&address, len))
		return 0;
	if (errno == EADDRNOTAVAIL)
		return err_set(err, -EADDRNOTAVAIL,
			       "cannot bind %s: address not on any interface (floating IP not yet "
			       "assigned?)",
			       ip_str(&target->local).s);
	return err_set(err, -errno, "cannot bind %s: %s", ip_str(&target->local).s,
		       strerror(errno));
}

int tcp_connect(const struct conn_target *target, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len = socket_address(&target->peer, target->port, &address);
	int fd = socket(target->peer.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "cannot make a socket to %s: %s",
			       ip_str(&target->peer).s, strerror(errno));
	rc = set_options(fd, target, err);
	if (!rc)
		rc = bind_local(fd, target, err);
	if (!rc && connect(fd, (struct sockaddr *)&address, len) && errno != EINPROGRESS)
		rc = tcp_connect_error(target, errno, err);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}
