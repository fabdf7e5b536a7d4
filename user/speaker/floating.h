/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_SPEAKER_FLOATING_H
#define VIPCAST_SPEAKER_FLOATING_H

/*
 * The floating IPs that this node holds: on the interface of their subnet, announced to the
 * neighbours when they arrive, taken away when they are not wanted and no session uses them any
 * more. Addresses that a killed predecessor left are adopted or removed; those that were not put
 * there by vipcast are left alone.
 */

#include "api/types.h"
#include "net/net.h"
#include "util/log.h"

struct event_base;
struct floating;

int floating_new(struct event_base *base, const struct log *log, struct floating **out,
		 struct err *err);
/* Takes every address away. */
void floating_free(struct floating *floating);

/*
 * Holds exactly these. What cannot be put on an interface is tried again every second. Addresses
 * that sessions use stay until floating_put().
 */
void floating_want(struct floating *floating, const api_ips *ips);
/* ARRIVED is called, from the loop, when an address that could not be held before now is. */
void floating_on_arrival(struct floating *floating, void (*arrived)(void *ctx), void *ctx);

/* Whether the address is on an interface; if not, *WHY says in words why not. */
bool floating_is_held(const struct floating *floating, const struct ip_addr *ip, const char **why);
/* A session uses the address from now on; and no more. */
void floating_get(struct floating *floating, const struct ip_addr *ip);
void floating_put(struct floating *floating, const struct ip_addr *ip);

/* Takes every address away at once, whoever uses it: the node may not hold them any longer. */
void floating_drop_all(struct floating *floating);

/* The addresses that are held now; ends up in OUT, which the caller frees. */
void floating_list(const struct floating *floating, api_ips *out);
/* Calls FN for each address that is wanted, but cannot be held, with the cause in words. */
void floating_each_missing(const struct floating *floating,
			   void (*fn)(void *ctx, const struct ip_addr *ip, const char *why),
			   void *ctx);

#endif
