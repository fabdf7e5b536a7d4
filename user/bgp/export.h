/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_EXPORT_H
#define VIPCAST_BGP_EXPORT_H

/*
 * Turns what has changed in a RIB into the UPDATEs of one established session, one message at a
 * time, as the socket takes them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgp/rib.h"
#include "bgp/update_encode.h"

struct export_config {
	struct update_style style;
	uint32_t families; /* negotiated: bits 1 << enum bgp_family */
	uint32_t seed;	   /* tells sessions apart when they choose next hops themselves */
	/* As in struct bgp_callbacks; may be NULL. */
	const struct ip_addr *(*select)(void *ctx, const struct rib_route *route);
	void *ctx;
};

struct export;

/* A feed of the whole RIB, followed by End-of-RIB, then by what changes. */
struct export *export_new(struct rib *rib, const struct export_config *config);
void export_free(struct export *export);

/* False: export_next() has nothing to say until the RIB changes. */
bool export_pending(const struct export *export);

/* Writes the next message, at most SIZE bytes (at least 256), and returns its length; 0: none. */
size_t export_next(struct export *export, uint8_t *buf, size_t size);

/* Sends all routes of a family again (RFC 2918 section 4). */
void export_refresh(struct export *export, enum bgp_family family);

/* Prefixes of a family that the peer has, by what export_next() has read so far. */
uint32_t export_prefixes(const struct export *export, enum bgp_family family);

#endif
