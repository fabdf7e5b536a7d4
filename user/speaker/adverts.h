/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_SPEAKER_ADVERTS_H
#define VIPCAST_SPEAKER_ADVERTS_H

/*
 * From BGPAdvertisedRoute objects to the Adj-RIB-Out that all sessions of this node share. A
 * route's cookie in the RIB leads back to what the controller chose for sessions without ADD-PATH.
 */

#include "api/state.h"
#include "bgp/rib.h"
#include "bgp/session.h"
#include "util/log.h"

struct adverts;

/* RIB is borrowed and must outlive it. */
struct adverts *adverts_new(struct rib *rib, const struct log *log);
void adverts_free(struct adverts *adverts);

/* Makes the RIB say what the state's routes say; true when something changed. */
bool adverts_update(struct adverts *adverts, const struct api_state *state);

/* The one next hop that the controller chose for this session, or NULL. */
const struct ip_addr *adverts_select(const struct bgp_config *config,
				     const struct rib_route *route);

/* Names of the routes of these families (bits 1 << enum bgp_family), appended to OUT. */
void adverts_names(const struct adverts *adverts, uint32_t families, api_strings *out);

#endif
