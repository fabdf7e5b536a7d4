/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_UPDATE_ENCODE_H
#define VIPCAST_BGP_UPDATE_ENCODE_H

/*
 * Builds UPDATE messages (RFC 4271 section 4.3): IPv4 unicast in the message's own fields, other
 * families in MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760), path identifiers by RFC 7911. One
 * message at a time: begin with what its routes share, add routes until it is full, end it.
 *
 *	update_reach(&u, buf, cap, &style, &path);
 *	while (more && update_add(&u, prefix, path_id))
 *		...
 *	len = update_end(&u);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgp/bgp.h"
#include "bgp/wire.h"
#include "util/ip.h"

/* What was negotiated, and so decides how things are written. */
struct update_style {
	uint32_t local_as;
	bool four_octet_as;	     /* RFC 6793 */
	bool add_path[BGP_FAMILIES]; /* RFC 7911 */
};

/* What the routes of one message share. */
struct update_path {
	enum bgp_family family;
	struct ip_addr next_hop;
	uint32_t metric; /* MULTI_EXIT_DISC; 0: none */
};

#define UPDATE_ATTRS_MAX 64 /* bytes of the attributes besides the NLRIs */

struct update {
	struct wr wr;
	enum bgp_family family;
	bool add_path;
	size_t message, withdrawn, attrs, mp; /* open length fields; SIZE_MAX: none */
	uint8_t tail[UPDATE_ATTRS_MAX];	      /* attributes that follow an MP attribute */
	size_t tail_len;
};

/* Begin a message in BUF, of CAP bytes (at least 256, at most the session's maximum). */
void update_reach(struct update *u, void *buf, size_t cap, const struct update_style *style,
		  const struct update_path *path);
void update_unreach(struct update *u, void *buf, size_t cap, const struct update_style *style,
		    enum bgp_family family);

/* Adds a route of the message's family; PATH_ID is left out where ADD-PATH was not negotiated.
 * False: no room, and nothing was added. */
bool update_add(struct update *u, const struct ip_prefix *prefix, uint32_t path_id);

/* Ends the message and returns its length. One begun by update_unreach() to which nothing was
 * added is the family's End-of-RIB marker (RFC 4724 section 2). */
size_t update_end(struct update *u);

#endif
