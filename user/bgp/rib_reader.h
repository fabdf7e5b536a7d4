/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_RIB_READER_H
#define VIPCAST_BGP_RIB_READER_H

/*
 * One session's view of a RIB: its place in the log, and for each prefix the set that its peer has
 * been sent last (one pointer a prefix). The difference of that set and the route's is all that the
 * peer needs, however many changes lay between.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bgp/rib.h"

struct rib_reader;

/* What the log says next. */
struct rib_change {
	uint32_t id;		  /* of the prefix, for rib_reader_sent() */
	struct rib_route route;	  /* nhset NULL: deleted */
	const struct nhset *sent; /* what the peer has; NULL: nothing. Borrowed */
};

/* Begins before the oldest change, with nothing sent. */
struct rib_reader *rib_reader_open(struct rib *rib);
void rib_reader_close(struct rib_reader *reader);

/* True while rib_reader_next() would return something. */
bool rib_reader_behind(const struct rib_reader *reader);

/* Steps over the next change. False: at the end of the log. */
bool rib_reader_next(struct rib_reader *reader, struct rib_change *out);

/* Notes what the peer has of a prefix from now on; NULL: nothing. Takes over the reference to SET.
 * For the change that rib_reader_next() returned last, before anything else happens to the RIB. */
void rib_reader_sent(struct rib_reader *reader, uint32_t id, const struct nhset *set);

/* Goes back to before the oldest change; what was sent stays noted. */
void rib_reader_rewind(struct rib_reader *reader);

/* Where the RIB's sets are interned. */
struct nhset_store *rib_nhsets(struct rib *rib);

#endif
