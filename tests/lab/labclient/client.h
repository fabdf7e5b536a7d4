/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LABCLIENT_CLIENT_H
#define LABCLIENT_CLIENT_H

/*
 * The engine of labclient (worker.c) runs workers and keeps the totals (totals.c); what a request
 * is stands in two tables of functions, one for TCP (tcp.c) and one for UDP (udp.c).
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define MAX_TALLIES  512
#define MAX_DATAGRAM 65536
#define KEY_LEN	     96
/* Latencies: 16 buckets for each power of two of microseconds, so within 6 %. */
#define SUB_BUCKETS 16
#define BUCKETS	    (SUB_BUCKETS * 40)

struct tally {
	char key[KEY_LEN], peer[KEY_LEN];
	uint64_t count;
};

struct tallies {
	struct tally rows[MAX_TALLIES];
	int count;
};

struct client;
struct bufferevent;

struct worker {
	struct client *client;
	uint32_t number;
	uint64_t sequence;
	uint64_t started;  /* ns, of the request under way */
	uint64_t answered; /* ns, of this worker's last answer */
	struct event *timeout, *next;
	bool busy;
	/* TCP */
	struct bufferevent *bev;
	bool connected, head_seen;
	size_t body_left, body_len;
	char line[256];
	/* UDP */
	int fd;
	struct event *readable;
	char payload[64];
};

struct transport {
	void (*send)(struct worker *w);
	void (*drop)(struct worker *w); /* forget the connection or socket */
};

struct client {
	struct event_base *base;
	const struct transport *transport;
	struct worker *workers;
	struct sockaddr_storage to, from;
	int to_len, from_len;
	/* options */
	uint64_t requests; /* 0: until stopped */
	uint32_t concurrency, timeout_ms, interval_ms;
	size_t get_bytes, post_bytes, pad;
	bool reuse;
	/* totals */
	uint64_t begun, ok, failed, start, last_ok, max_gap, max_wait, connections;
	uint32_t active;
	bool stopping;
	struct tallies pods, errors;
	uint64_t latency[BUCKETS];
	struct event *reporter, *stoppers[2];
};

/* totals.c */
uint64_t now_ns(void);
void tallies_count(struct tallies *t, const char *key, const char *peer);
void totals_answer(struct client *c, struct worker *w, const char *pod, const char *peer);
/* One line of JSON on standard output. */
void totals_report(const struct client *c);

/* worker.c */
int workers_start(struct client *c);
/* The request under way has been answered with LINE ("pod=NAME peer=ADDRESS ..."). */
void worker_answered(struct worker *w, const char *line);
/* The request under way has failed; KIND is what is counted. */
void worker_failed(struct worker *w, const char *kind);

extern const struct transport tcp_transport, udp_transport;

#endif
