/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_SESSION_H
#define VIPCAST_BGP_SESSION_H

/*
 * One eBGP session to one peer: RFC 4271 with multiprotocol (4760), 4-octet AS numbers (6793),
 * ADD-PATH towards the peer (7911) and route refresh (2918). We connect; the peer does not.
 *
 * No I/O and no clock in here. The owner does what the callbacks ask for (connect, close), tells
 * what became of it, passes in the bytes that arrived, takes the bytes to send when the socket
 * has room, and calls bgp_session_tick() when bgp_session_next_deadline() is due. bgpio/ is such
 * an owner on sockets and libevent.
 *
 * Time is a monotonic clock in milliseconds. Callbacks are called from inside the functions below.
 * They must not free the session, nor call it back, with two exceptions that are named there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgp/bgp.h"
#include "bgp/rib.h"
#include "util/err.h"
#include "util/ip.h"

struct bgp_config {
	struct ip_addr local, peer;  /* the TCP connection's ends, of one family */
	uint16_t peer_port;	     /* host order; 0: 179 */
	uint8_t ttl;		     /* of what we send, for multihop; 0: 64 */
	uint32_t local_as, peer_as;  /* different from each other: eBGP only */
	struct ip_addr router_id;    /* IPv4; unset: the local address, where that is IPv4 */
	uint32_t hold_time;	     /* seconds, 3 to 65535; 0: BGP_HOLD_TIME */
	uint32_t keepalive_time;     /* seconds, at most a third of the hold time; 0: a third */
	uint32_t connect_retry_time; /* seconds; 0: BGP_CONNECT_RETRY */
	uint32_t families;	     /* bits 1 << enum bgp_family; 0: all */
	bool add_path;		     /* offer to send several paths a prefix (RFC 7911) */
};

struct bgp_session;

/* What a session wants of its owner. Each is called with the session's CTX. */
struct bgp_callbacks {
	/* Start a TCP connection from config.local to config.peer. Answer later, or from within,
	 * with bgp_session_connected() or bgp_session_connect_failed(). */
	void (*connect)(void *ctx);
	/* Close the connection, or give up the attempt. Take what bgp_session_output() still has (a
	 * NOTIFICATION) from within, and send it first. bgp_session_closed() is not called for it.
	 */
	void (*close)(void *ctx);
	/* bgp_session_output() has something again. */
	void (*output_ready)(void *ctx);
	/* A random number, for the jitter of timers (RFC 4271 section 10). */
	uint32_t (*random)(void *ctx);
	/* The state changed, and why, in words: "hold timer expired: nothing from the peer in 90
	 * s". FROM == TO: only the reason is a new one. May be NULL. */
	void (*state_changed)(void *ctx, enum bgp_state from, enum bgp_state to,
			      const char *reason);
	/* A message from the peer was wrong, and how. BYTES are the whole of it as far as it was
	 * read. May be NULL. */
	void (*bad_message)(void *ctx, const uint8_t *bytes, size_t len, const char *what);
	/*
	 * The next hop that this session advertises for ROUTE when the peer takes one path a
	 * prefix. NULL, or an address that is not among the route's next hops: the session chooses
	 * one by rendezvous hashing of prefix, session and next hop. May be NULL.
	 */
	const struct ip_addr *(*select)(void *ctx, const struct rib_route *route);
};

/* What was agreed and what was done for one family. */
struct bgp_family_facts {
	bool negotiated;	  /* both sides want it */
	bool add_path;		  /* we send several paths a prefix */
	uint32_t prefixes_sent;	  /* that stand advertised now */
	uint64_t routes_received; /* announced by the peer: counted, never installed */
	uint64_t withdrawals_received;
};

struct bgp_facts {
	enum bgp_state state;
	const char *reason;	       /* why it is down, in words; "" while it is Established */
	uint64_t since;		       /* when the state was entered */
	uint32_t established_count;    /* how often the session came up */
	uint32_t hold_time;	       /* negotiated, seconds; 0: no keepalives */
	uint32_t peer_hold_time;       /* as the peer offered it */
	struct ip_addr peer_router_id; /* unset before the peer's OPEN */
	bool four_octet_as;	       /* RFC 6793, both sides */
	bool route_refresh;	       /* the peer understands RFC 2918 */
	struct bgp_family_facts families[BGP_FAMILIES];
	uint64_t messages_in[BGP_MESSAGE_TYPES], messages_out[BGP_MESSAGE_TYPES];
	uint64_t errors_in;	 /* UPDATEs with errors that RFC 7606 lets pass */
	char last_error_in[160]; /* the last of them, in words */
};

/* Checks a configuration: -EINVAL, and ERR names the field and the value. */
int bgp_config_check(const struct bgp_config *config, struct err *err);

/*
 * A session in Idle, that does nothing before bgp_session_start(). CONFIG and CALLBACKS are
 * copied; RIB is borrowed and must outlive it. -EINVAL as bgp_config_check().
 */
int bgp_session_new(const struct bgp_config *config, struct rib *rib,
		    const struct bgp_callbacks *callbacks, void *ctx, struct bgp_session **out,
		    struct err *err);
/* Frees it without a word to the peer or a callback; bgp_session_stop() comes before. */
void bgp_session_free(struct bgp_session *session);

/* ManualStart: connects, and connects again for as long as it takes. Running already: connects
 * now, where it waits after a failure. */
void bgp_session_start(struct bgp_session *session, uint64_t now);
/* ManualStop: Cease, Administrative Shutdown with REASON as its text (RFC 9003); then Idle. */
void bgp_session_stop(struct bgp_session *session, const char *reason, uint64_t now);

/* The answers to connect(). WHY is a whole sentence: "cannot connect to 10.0.0.1: ...". */
void bgp_session_connected(struct bgp_session *session, uint64_t now);
void bgp_session_connect_failed(struct bgp_session *session, const char *why, uint64_t now);
/* The connection is gone, and not by our doing. */
void bgp_session_closed(struct bgp_session *session, const char *why, uint64_t now);

/* Bytes that arrived, in any portions. Ignored when there is no connection. */
void bgp_session_input(struct bgp_session *session, const uint8_t *bytes, size_t len, uint64_t now);
/*
 * Takes bytes to send, as many as fit; SIZE is at least BGP_MESSAGE_MAX. They count as sent. 0:
 * nothing until output_ready(). Routes are packed into UPDATEs here, at the last
 * moment, so what is not taken yet costs nothing and is never out of date.
 */
size_t bgp_session_output(struct bgp_session *session, uint8_t *buf, size_t size, uint64_t now);

/* The RIB has changed: asks for output_ready() when there is something for this peer. */
void bgp_session_rib_changed(struct bgp_session *session);

/* Lets timers that are due by NOW expire. */
void bgp_session_tick(struct bgp_session *session, uint64_t now);
/* When the next timer is due, BGP_NEVER: none runs. Any of the calls above can change it. */
uint64_t bgp_session_next_deadline(const struct bgp_session *session);

/* Borrowed, always up to date, valid as long as the session. */
const struct bgp_facts *bgp_session_facts(const struct bgp_session *session);
const struct bgp_config *bgp_session_config(const struct bgp_session *session);

#endif
