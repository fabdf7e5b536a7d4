/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_SPEAKER_WANT_H
#define VIPCAST_SPEAKER_WANT_H

/*
 * What this node's speaker should be doing, read off the state: pure, no sockets, no clock. A
 * session belongs here when its BGPSession names this node. A floating IP belongs here when the
 * NetworkGatewayGroup's status says so; where no placement mentions it, when a session uses it.
 */

#include "api/state.h"
#include "bgp/session.h"

struct want_session {
	const struct api_object *object; /* borrowed from the state */
	struct bgp_config config;
	struct ip_addr floating_ip;
};

struct want {
	ARRAY(struct want_session) sessions; /* in the state's order: by namespace and name */
	api_ips floating_ips;		     /* sorted */
};

/* Fills WANT (freed by want_free()); it borrows from STATE. */
void want_read(const struct api_state *state, const char *node_name, struct want *want);
void want_free(struct want *want);
/* Whether a BGPSession is placed on the node. */
bool want_is_of(const struct api_object *session, const char *node_name);
bool want_holds(const struct want *want, const struct ip_addr *floating_ip);

/* True when a session that runs with A can go on under B as it is. */
bool want_same_config(const struct bgp_config *a, const struct bgp_config *b);

#endif
