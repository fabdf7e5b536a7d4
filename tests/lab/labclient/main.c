/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labclient: many requests to one address, and what became of each.
 *
 *     labclient tcp|udp ADDRESS:PORT [options]
 *
 * Workers run side by side; each has one request under way. A request is an HTTP request on a
 * connection of its own (with --reuse: the next on the worker's long-lived one), or a datagram from
 * a socket of its own (--reuse: the worker's one), answered by a labserver. A request fails when it
 * is refused, reset, cut short, wrong, or not answered within the timeout; nothing is tried twice.
 *
 * The result is one line of JSON on standard output: ok, failed, errors by kind, answers by pod and
 * by the peer that the pod saw, latencies, and the longest time without any answer (max_gap_ms; for
 * the time of one worker alone: max_wait_ms). With --until-stopped it goes on until SIGTERM or
 * SIGINT, and prints such a line each second as well.
 */

#include "client.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	{"requests", required_argument, NULL, 'n'},
	{"concurrency", required_argument, NULL, 'c'},
	{"timeout", required_argument, NULL, 't'},
	{"interval", required_argument, NULL, 'i'},
	{"reuse", no_argument, NULL, 'r'},
	{"until-stopped", no_argument, NULL, 'u'},
	{"bind", required_argument, NULL, 'b'},
	{"get-bytes", required_argument, NULL, 'g'},
	{"post-bytes", required_argument, NULL, 'p'},
	{"pad", required_argument, NULL, 'd'},
	{0},
};

static const char usage[] =
	"usage: labclient tcp|udp ADDRESS:PORT [options]\n"
	"  --requests N       how many in all (1)\n"
	"  --until-stopped    on and on, with a report each second\n"
	"  --concurrency N    workers (1)\n"
	"  --timeout MS       for one request (2000)\n"
	"  --interval MS      a worker's pause between requests (0)\n"
	"  --reuse            long-lived connections (TCP), one socket a worker (UDP)\n"
	"  --bind ADDRESS     source address\n"
	"  --get-bytes N      TCP: GET /bytes/N, and count them\n"
	"  --post-bytes N     TCP: POST that many\n"
	"  --pad N            UDP: so many bytes on top of a datagram's own 30 or so\n";

static void must(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "labclient: %s\n%s", what, usage);
	exit(2);
}

static void parse(struct client *c, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			c->requests = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			c->concurrency = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			c->timeout_ms = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'i':
			c->interval_ms = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			c->reuse = true;
			break;
		case 'u':
			c->requests = 0;
			break;
		case 'b':
			c->from_len = sizeof(c->from);
			must(!evutil_parse_sockaddr_port(optarg, (struct sockaddr *)&c->from,
							 &c->from_len),
			     "--bind: not an address");
			break;
		case 'g':
			c->get_bytes = strtoul(optarg, NULL, 10);
			break;
		case 'p':
			c->post_bytes = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			c->pad = strtoul(optarg, NULL, 10);
			break;
		default:
			must(false, "unknown option");
		}
	}
	must(argc - optind == 2, "want a transport and an address");
	c->transport = !strcmp(argv[optind], "udp") ? &udp_transport : &tcp_transport;
	c->to_len = sizeof(c->to);
	must(!evutil_parse_sockaddr_port(argv[optind + 1], (struct sockaddr *)&c->to, &c->to_len),
	     "not ADDRESS:PORT");
	must(c->concurrency > 0, "--concurrency must be 1 or more");
	must(c->pad < MAX_DATAGRAM - 512, "--pad is more than a datagram holds");
}

static void on_report(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	totals_report(ctx);
}

/* Requests under way still end by themselves: stopping is not a failure. */
static void on_stop(evutil_socket_t fd, short what, void *ctx)
{
	struct client *c = ctx;

	(void)fd, (void)what;
	c->stopping = true;
	if (!c->active)
		event_base_loopbreak(c->base);
}

int main(int argc, char **argv)
{
	static struct client client = {.requests = 1, .concurrency = 1, .timeout_ms = 2000};
	struct client *c = &client;
	struct timeval second = {.tv_sec = 1};

	parse(c, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	c->base = event_base_new();
	must(c->base, "cannot start an event loop");
	c->stoppers[0] = evsignal_new(c->base, SIGTERM, on_stop, c);
	c->stoppers[1] = evsignal_new(c->base, SIGINT, on_stop, c);
	event_add(c->stoppers[0], NULL);
	event_add(c->stoppers[1], NULL);
	if (!c->requests) {
		c->reporter = event_new(c->base, -1, EV_PERSIST, on_report, c);
		event_add(c->reporter, &second);
	}
	must(!workers_start(c), "out of memory");
	event_base_dispatch(c->base);
	totals_report(c);
	return 0;
}
