/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_RIB_H
#define VIPCAST_BGP_RIB_H

/*
 * Adj-RIB-Out (RFC 4271 section 3.2), made for this job: many prefixes that share few sets of next
 * hops. A route is a prefix and a pointer to an interned set (bgp/nhset.h); paths are never stored
 * one by one. One RIB feeds any number of sessions: every route stands once in a log, ordered by
 * its newest change, and each session reads the log with a cursor of its own (rib_reader). A slow
 * reader holds nobody up and makes nothing grow.
 *
 * After a change, wake the sessions (bgpio_rib_changed(), or bgp_session_rib_changed() without
 * bgpio): any number of changes cost one call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgp/nhset.h"
#include "util/err.h"
#include "util/ip.h"

struct rib;

struct rib_route {
	struct ip_prefix prefix;   /* host bits zero */
	const struct nhset *nhset; /* never NULL and never empty where a caller sees the route */
	void *cookie;		   /* the caller's, as given to rib_set() */
};

/* A new, empty RIB. Readers must be closed (sessions freed) before rib_free(). */
struct rib *rib_new(void);
void rib_free(struct rib *rib);

/*
 * Makes the route to PREFIX go through exactly these N next hops (any order; doubles count once),
 * with METRIC as MULTI_EXIT_DISC (0: none is sent). Added, replaced, or left as it is when nothing
 * changed; N == 0 deletes it. Host bits of PREFIX are ignored. Everything is copied, but COOKIE,
 * which is handed back as it is (see select() in bgp/session.h) and may be NULL; a new COOKIE
 * alone is no change. -EINVAL: next hop of another family than the prefix, unspecified, multicast
 * or link-local, a prefix length too large, or over NHSET_MAX next hops; the route stays as it was.
 */
int rib_set(struct rib *rib, const struct ip_prefix *prefix, const struct ip_addr *next_hops,
	    size_t n, uint32_t metric, void *cookie, struct err *err);

/* Deletes the route: sessions withdraw it. Absent already: nothing. */
void rib_delete(struct rib *rib, const struct ip_prefix *prefix);

/*
 * Makes sessions look at the route again: for when what select() answers about it has changed,
 * but the route has not. Nothing is sent where the answer is what was sent last.
 */
void rib_touch(struct rib *rib, const struct ip_prefix *prefix);

/* The route, or NULL. Valid until the next call that changes the RIB. */
const struct rib_route *rib_find(const struct rib *rib, const struct ip_prefix *prefix);

/* Number of routes. */
size_t rib_count(const struct rib *rib);

/* Calls FN for each route in order of their newest change. FN must not change the RIB. */
void rib_each(const struct rib *rib, void (*fn)(void *ctx, const struct rib_route *route),
	      void *ctx);

/* Grows with each change; equal means that nothing happened in between. */
uint64_t rib_sequence(const struct rib *rib);

/* Memory that routes, sets and the log take, in bytes (capacity, not just use). */
size_t rib_memory(const struct rib *rib);

#endif
