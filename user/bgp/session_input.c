// SPDX-License-Identifier: Apache-2.0
/* What a peer's messages mean to its session: each is read, and becomes an event of the FSM. */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bgp/message.h"
#include "bgp/session_state.h"
#include "bgp/update_decode.h"

#define SECOND 1000u

void session_our_open(const struct bgp_session *s, struct bgp_open *open)
{
	const uint8_t *id = s->config.router_id.b;

	*open = (struct bgp_open){
		.version = BGP_VERSION,
		.as = s->config.local_as,
		.hold_time = (uint16_t)s->config.hold_time,
		.identifier = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 |
			      id[3],
		.caps = {.families = s->config.families,
			 .route_refresh = true,
			 .four_octet_as = true,
			 .as = s->config.local_as},
	};
	/* To send only: what a peer announces is counted, and one path of it is as good as all. */
	for (int f = 0; s->config.add_path && f < BGP_FAMILIES; f++) {
		if (s->config.families & BGP_FAMILY_BIT(f))
			open->caps.add_path[f] = ADD_PATH_SEND;
	}
}

/* What both sides said, taken together. */
static void negotiate(struct bgp_session *s, const struct bgp_open *peer)
{
	uint32_t hold =
		s->config.hold_time < peer->hold_time ? s->config.hold_time : peer->hold_time;
	uint32_t keepalive = s->config.keepalive_time;
	uint8_t id[] = {(uint8_t)(peer->identifier >> 24), (uint8_t)(peer->identifier >> 16),
			(uint8_t)(peer->identifier >> 8), (uint8_t)peer->identifier};

	for (int f = 0; f < BGP_FAMILIES; f++) {
		struct bgp_family_facts *family = &s->facts.families[f];

		family->negotiated = s->config.families & peer->caps.families & BGP_FAMILY_BIT(f);
		family->add_path = family->negotiated && s->config.add_path &&
				   peer->caps.add_path[f] & ADD_PATH_RECEIVE;
	}
	s->facts.four_octet_as = peer->caps.four_octet_as;
	s->facts.route_refresh = peer->caps.route_refresh;
	s->facts.peer_hold_time = peer->hold_time;
	s->facts.hold_time = hold;
	s->facts.peer_router_id = ip_from_v4(id);
	s->fsm.hold_time = hold * SECOND;
	/* RFC 4271 section 4.4: a third of what was agreed, or less. */
	s->fsm.keepalive_time = keepalive * SECOND;
	if (s->fsm.keepalive_time > s->fsm.hold_time / 3)
		s->fsm.keepalive_time = s->fsm.hold_time / 3;
}

/* The message is told of and handed to the FSM with the NOTIFICATION that answers it. */
static void bad(struct bgp_session *s, const uint8_t *bytes, size_t len, enum fsm_event event,
		const struct bgp_notification *error, uint64_t now)
{
	if (s->callbacks.bad_message)
		s->callbacks.bad_message(s->ctx, bytes, len, error->why);
	fsm_event(&s->fsm, event, &(struct fsm_detail){.error = error}, now);
}

static void on_open(struct bgp_session *s, const uint8_t *bytes, size_t len, uint64_t now)
{
	struct rd body = rd_init(bytes + BGP_HEADER_LEN, len - BGP_HEADER_LEN);
	struct bgp_notification error;
	struct bgp_open open;

	if (s->fsm.state == BGP_OPENSENT) {
		if (open_decode(&body, &open, &error) ||
		    open_check(&open, s->config.peer_as, s->config.families, &error)) {
			bad(s, bytes, len, FSM_OPEN_ERR, &error, now);
			return;
		}
		negotiate(s, &open);
	}
	fsm_event(&s->fsm, FSM_MSG_OPEN, NULL, now);
}

static void note_fault(struct bgp_session *s, const uint8_t *bytes, size_t len,
		       const struct update_report *report)
{
	s->facts.errors_in++;
	(void)snprintf(s->facts.last_error_in, sizeof(s->facts.last_error_in), "%s", report->fault);
	if (s->callbacks.bad_message)
		s->callbacks.bad_message(s->ctx, bytes, len, report->fault);
}

static void on_update(struct bgp_session *s, const uint8_t *bytes, size_t len, uint64_t now)
{
	struct rd body = rd_init(bytes + BGP_HEADER_LEN, len - BGP_HEADER_LEN);
	struct bgp_notification error;
	struct update_report report;

	if (s->fsm.state == BGP_ESTABLISHED) {
		if (update_decode(body, s->facts.four_octet_as, &report, &error)) {
			bad(s, bytes, len, FSM_UPDATE_ERR, &error, now);
			return;
		}
		for (int f = 0; f < BGP_FAMILIES; f++) {
			s->facts.families[f].routes_received += report.announced[f];
			s->facts.families[f].withdrawals_received += report.withdrawn[f];
		}
		if (report.faulty)
			note_fault(s, bytes, len, &report);
	}
	fsm_event(&s->fsm, FSM_MSG_UPDATE, NULL, now);
}

static void on_notification(struct bgp_session *s, const uint8_t *bytes, size_t len, uint64_t now)
{
	struct rd body = rd_init(bytes + BGP_HEADER_LEN, len - BGP_HEADER_LEN);
	struct bgp_notification notification;
	char words[sizeof(s->refusal) - 32];
	bool version;

	notification_decode(&body, &notification);
	version = notification.code == BGP_ERR_OPEN && notification.subcode == BGP_OPEN_BAD_VERSION;
	(void)snprintf(s->refusal, sizeof(s->refusal), "peer sent NOTIFICATION %s",
		       notification_describe(&notification, words, sizeof(words)));
	fsm_event(&s->fsm, version ? FSM_MSG_NOTIFICATION_VER : FSM_MSG_NOTIFICATION,
		  &(struct fsm_detail){.reason = s->refusal}, now);
}

static void on_keepalive(struct bgp_session *s, const uint8_t *bytes, size_t len, uint64_t now)
{
	(void)bytes;
	(void)len;
	fsm_event(&s->fsm, FSM_MSG_KEEPALIVE, NULL, now);
}

/* RFC 2918 section 4. The reserved byte is RFC 7313's subtype: others than 0 mark the beginning
 * and the end of an answer, which we never ask for. */
static void on_route_refresh(struct bgp_session *s, const uint8_t *bytes, size_t len, uint64_t now)
{
	struct rd body = rd_init(bytes + BGP_HEADER_LEN, len - BGP_HEADER_LEN);
	struct bgp_notification error;
	enum bgp_family family;
	uint16_t afi;
	uint8_t subtype;
	uint8_t safi;

	if (s->fsm.state == BGP_ESTABLISHED) {
		if (rd_left(&body) != 4 || !rd_u16(&body, &afi) || !rd_u8(&body, &subtype) ||
		    !rd_u8(&body, &safi)) {
			(void)notification_set(&error, BGP_ERR_ROUTE_REFRESH,
					       BGP_REFRESH_BAD_LENGTH, bytes, len,
					       "ROUTE-REFRESH of length %zu", len);
			bad(s, bytes, len, FSM_UPDATE_ERR, &error, now);
			return;
		}
		family = bgp_family_of(afi, safi);
		if (family < BGP_FAMILIES && subtype == 0) {
			export_refresh(s->export, family);
			s->callbacks.output_ready(s->ctx);
		}
	}
	fsm_event(&s->fsm, FSM_MSG_ROUTE_REFRESH, NULL, now);
}

void session_message(struct bgp_session *s, uint8_t type, const uint8_t *bytes, size_t len,
		     uint64_t now)
{
	static void (*const handlers[BGP_MESSAGE_TYPES])(struct bgp_session *, const uint8_t *,
							 size_t, uint64_t) = {
		[BGP_OPEN] = on_open,
		[BGP_UPDATE] = on_update,
		[BGP_NOTIFICATION] = on_notification,
		[BGP_KEEPALIVE] = on_keepalive,
		[BGP_ROUTE_REFRESH] = on_route_refresh,
	};

	handlers[type](s, bytes, len, now);
}
