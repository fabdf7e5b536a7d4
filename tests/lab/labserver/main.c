/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labserver: the pods of a node, in one process.
 *
 *     labserver NAME@ADDRESS:PORT ...        an IPv6 address in brackets
 *
 * Each pod serves HTTP over TCP and echoes UDP datagrams, and always tells who it is and whom it
 * saw: "pod=NAME peer=ADDRESS port=PORT". Through vipcast's full NAT the peer is the load balancer
 * node that carried the request, so the answer alone shows the whole way.
 *
 *     GET /            that line
 *     POST /           that line, with received=BYTES
 *     GET /bytes/N     N bytes
 *     GET /counts      JSON: what each pod of this process has served
 *     a datagram       that line, a newline, the datagram
 */

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BODY     (64 << 20) /* bytes, either way */
#define MAX_DATAGRAM 65536
#define BACKLOG	     1024

struct pod {
	struct lab *lab;
	const char *name;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	int udp;
	uint64_t requests, datagrams;
};

struct lab {
	struct event_base *base;
	struct pod *pods;
	int pod_count;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "labserver: %s: %s: %s\n", which, what, strerror(errno));
	exit(1);
}

/* ---- HTTP -------------------------------------------------------------------------------- */

static void answer_bytes(struct evhttp_request *req, const char *wanted)
{
	static const char pattern[] =
		"vipcast lab "
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\n";
	unsigned long left = strtoul(wanted, NULL, 10);
	struct evbuffer *body = evhttp_request_get_output_buffer(req);

	if (left > MAX_BODY) {
		evhttp_send_error(req, HTTP_BADREQUEST, "too many bytes asked for");
		return;
	}
	while (left) {
		size_t piece = left < sizeof(pattern) - 1 ? left : sizeof(pattern) - 1;

		evbuffer_add(body, pattern, piece);
		left -= piece;
	}
	evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

/* Each pod is there once an address and port: the sums are the reader's. */
static void answer_counts(struct evhttp_request *req, const struct lab *lab)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(req);

	evbuffer_add_printf(body, "[");
	for (int i = 0; i < lab->pod_count; i++)
		evbuffer_add_printf(body,
				    "%s{\"pod\": \"%s\", \"requests\": %llu, \"datagrams\": %llu}",
				    i ? ",\n" : "", lab->pods[i].name,
				    (unsigned long long)lab->pods[i].requests,
				    (unsigned long long)lab->pods[i].datagrams);
	evbuffer_add_printf(body, "]\n");
	evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

static void on_request(struct evhttp_request *req, void *ctx)
{
	struct pod *pod = ctx;
	const char *uri = evhttp_request_get_uri(req);
	struct evbuffer *body = evhttp_request_get_output_buffer(req);
	char *peer = NULL;
	uint16_t port = 0;

	if (!strcmp(uri, "/counts")) {
		answer_counts(req, pod->lab);
		return;
	}
	pod->requests++;
	if (!strncmp(uri, "/bytes/", 7)) {
		answer_bytes(req, uri + 7);
		return;
	}
	evhttp_connection_get_peer(evhttp_request_get_connection(req), &peer, &port);
	evbuffer_add_printf(body, "pod=%s peer=%s port=%u", pod->name, peer, port);
	if (evhttp_request_get_command(req) == EVHTTP_REQ_POST)
		evbuffer_add_printf(body, " received=%zu",
				    evbuffer_get_length(evhttp_request_get_input_buffer(req)));
	evbuffer_add_printf(body, "\n");
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/plain");
	evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

static void serve_http(struct pod *pod)
{
	struct evconnlistener *listener;
	struct evhttp *http = evhttp_new(pod->lab->base);

	listener = evconnlistener_new_bind(pod->lab->base, NULL, NULL,
					   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, BACKLOG,
					   (struct sockaddr *)&pod->addr, (int)pod->addr_len);
	if (!http || !listener || !evhttp_bind_listener(http, listener))
		die("cannot listen on TCP", pod->name);
	evhttp_set_max_body_size(http, MAX_BODY);
	evhttp_set_gencb(http, on_request, pod);
}

/* ---- UDP --------------------------------------------------------------------------------- */

static size_t write_line(char *out, size_t size, const char *pod,
			 const struct sockaddr_storage *peer)
{
	char text[INET6_ADDRSTRLEN];
	uint16_t port;
	int len;

	if (peer->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)peer;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		port = ntohs(in->sin_port);
	}
	len = snprintf(out, size, "pod=%s peer=%s port=%u\n", pod, text, port);
	return (size_t)len < size ? (size_t)len : size - 1;
}

static void on_datagram(evutil_socket_t fd, short what, void *ctx)
{
	struct pod *pod = ctx;
	static char in[MAX_DATAGRAM], out[MAX_DATAGRAM + 256];

	(void)what;
	for (;;) {
		struct sockaddr_storage peer;
		socklen_t peer_len = sizeof(peer);
		ssize_t got = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&peer, &peer_len);
		size_t line;

		if (got < 0)
			return; /* drained, or an ICMP error about an earlier answer */
		pod->datagrams++;
		line = write_line(out, 256, pod->name, &peer);
		memcpy(out + line, in, (size_t)got);
		sendto(fd, out, line + (size_t)got, 0, (struct sockaddr *)&peer, peer_len);
	}
}

static void serve_udp(struct pod *pod)
{
	int buffer = 4 << 20;
	struct event *readable;

	pod->udp = socket(pod->addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (pod->udp < 0 || bind(pod->udp, (struct sockaddr *)&pod->addr, pod->addr_len))
		die("cannot bind UDP", pod->name);
	setsockopt(pod->udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	readable = event_new(pod->lab->base, pod->udp, EV_READ | EV_PERSIST, on_datagram, pod);
	event_add(readable, NULL);
}

/* ---- start ------------------------------------------------------------------------------- */

static void parse_pod(struct pod *pod, char *spec)
{
	char *at = strrchr(spec, '@');
	int len = sizeof(pod->addr);

	errno = EINVAL;
	if (!at || evutil_parse_sockaddr_port(at + 1, (struct sockaddr *)&pod->addr, &len))
		die("not NAME@ADDRESS:PORT", spec);
	*at = '\0';
	pod->name = spec;
	pod->addr_len = (socklen_t)len;
}

int main(int argc, char **argv)
{
	struct lab lab = {.base = event_base_new(), .pod_count = argc - 1};

	if (argc < 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: labserver NAME@ADDRESS:PORT ...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	lab.pods = calloc((size_t)lab.pod_count, sizeof(*lab.pods));
	if (!lab.base || !lab.pods)
		die("cannot start", "labserver");
	for (int i = 0; i < lab.pod_count; i++) {
		lab.pods[i].lab = &lab;
		parse_pod(&lab.pods[i], argv[i + 1]);
		serve_http(&lab.pods[i]);
		serve_udp(&lab.pods[i]);
	}
	printf("serving\n");
	fflush(stdout);
	event_base_dispatch(lab.base);
	return 0;
}
