// SPDX-License-Identifier: Apache-2.0
/*
 * Ties the parts together: the FSM decides, the session does. Bytes that arrive are cut into
 * messages here and read in session_input.c, which turns them into events. What goes out has two
 * sources: the outbox with everything but UPDATEs, first, and then the export, which packs an
 * UPDATE whenever there is room for one.
 */

#include "bgp/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/hash.h"
#include "bgp/message.h"
#include "bgp/session_state.h"
#include "util/mem.h"

#define SECOND 1000u

/* ---- what the FSM asks for ----------------------------------------------------------------- */

static void act_connect(void *ctx)
{
	struct bgp_session *s = ctx;

	s->link = LINK_CONNECTING;
	s->in_len = 0;
	s->out_len = 0;
	s->keepalive_waits = false;
	s->callbacks.connect(s->ctx);
}

static void act_drop(void *ctx)
{
	struct bgp_session *s = ctx;

	if (s->link == LINK_NONE)
		return;
	s->link = LINK_NONE;
	s->callbacks.close(s->ctx);
}

/* The outbox holds the most that can wait in it; should that ever be wrong, nothing is sent. */
static void outbox_end(struct bgp_session *s, struct wr *wr, size_t start, uint8_t type)
{
	message_end(wr, start);
	if (wr->full)
		return;
	s->out_len += wr->len;
	s->facts.messages_out[type]++;
	s->callbacks.output_ready(s->ctx);
}

static struct wr outbox_begin(struct bgp_session *s, enum bgp_message_type type, size_t *start)
{
	struct wr wr = wr_init(s->out + s->out_len, sizeof(s->out) - s->out_len);

	*start = message_begin(&wr, type);
	return wr;
}

static void act_send_open(void *ctx)
{
	struct bgp_session *s = ctx;
	struct bgp_open open;
	size_t start;
	struct wr wr = outbox_begin(s, BGP_OPEN, &start);

	session_our_open(s, &open);
	open_encode(&wr, &open);
	outbox_end(s, &wr, start, BGP_OPEN);
}

/* One that waits to be sent says all that a second one would. */
static void act_send_keepalive(void *ctx)
{
	struct bgp_session *s = ctx;
	size_t start;

	if (s->keepalive_waits)
		return;
	s->keepalive_waits = true;

	struct wr wr = outbox_begin(s, BGP_KEEPALIVE, &start);

	outbox_end(s, &wr, start, BGP_KEEPALIVE);
}

static void act_send_notification(void *ctx, const struct bgp_notification *error)
{
	struct bgp_session *s = ctx;
	size_t start;
	struct wr wr = outbox_begin(s, BGP_NOTIFICATION, &start);

	notification_encode(&wr, error);
	outbox_end(s, &wr, start, BGP_NOTIFICATION);
}

static uint32_t act_random(void *ctx)
{
	struct bgp_session *s = ctx;

	return s->callbacks.random(s->ctx);
}

static void start_export(struct bgp_session *s)
{
	struct export_config config = {
		.style = {.local_as = s->config.local_as, .four_octet_as = s->facts.four_octet_as},
		.select = s->callbacks.select,
		.ctx = s->ctx,
	};
	uint32_t seed = hash_bytes(0, s->config.local.b, sizeof(s->config.local.b));

	config.seed = hash_bytes(seed, s->config.peer.b, sizeof(s->config.peer.b));
	for (int f = 0; f < BGP_FAMILIES; f++) {
		if (s->facts.families[f].negotiated)
			config.families |= BGP_FAMILY_BIT(f);
		config.style.add_path[f] = s->facts.families[f].add_path;
	}
	s->export = export_new(s->rib, &config);
	s->callbacks.output_ready(s->ctx);
}

/* What was agreed with the peer is not true any more; the counters stay. */
static void forget_peer(struct bgp_session *s)
{
	export_free(s->export);
	s->export = NULL;
	for (int f = 0; f < BGP_FAMILIES; f++) {
		s->facts.families[f].negotiated = false;
		s->facts.families[f].add_path = false;
		s->facts.families[f].prefixes_sent = 0;
	}
	s->facts.hold_time = 0;
	s->facts.peer_hold_time = 0;
	s->facts.four_octet_as = false;
	s->facts.route_refresh = false;
	s->facts.peer_router_id = (struct ip_addr){0};
}

static void act_state_changed(void *ctx, enum bgp_state from, enum bgp_state to, const char *reason,
			      uint64_t now)
{
	struct bgp_session *s = ctx;

	s->facts.state = to;
	if (from != to)
		s->facts.since = now;
	if (reason)
		(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
	if (to < BGP_OPENSENT)
		forget_peer(s);
	if (to == BGP_ESTABLISHED) {
		s->facts.established_count++;
		s->refusal[0] = '\0';
		start_export(s);
	}
	if (s->callbacks.state_changed)
		s->callbacks.state_changed(s->ctx, from, to, s->reason);
}

static const struct fsm_actions actions = {
	.connect = act_connect,
	.drop = act_drop,
	.send_open = act_send_open,
	.send_keepalive = act_send_keepalive,
	.send_notification = act_send_notification,
	.random = act_random,
	.state_changed = act_state_changed,
};

/* ---- life -------------------------------------------------------------------------------- */

static void set_defaults(struct bgp_config *config)
{
	if (!config->peer_port)
		config->peer_port = BGP_PORT;
	if (!config->ttl)
		config->ttl = BGP_TTL;
	if (!config->hold_time)
		config->hold_time = BGP_HOLD_TIME;
	if (!config->keepalive_time)
		config->keepalive_time = config->hold_time / 3;
	if (!config->connect_retry_time)
		config->connect_retry_time = BGP_CONNECT_RETRY;
	if (!config->families)
		config->families = BGP_ALL_FAMILIES;
	if (!ip_is_set(&config->router_id))
		config->router_id = config->local;
}

int bgp_session_new(const struct bgp_config *config, struct rib *rib,
		    const struct bgp_callbacks *callbacks, void *ctx, struct bgp_session **out,
		    struct err *err)
{
	int rc = bgp_config_check(config, err);
	struct bgp_session *s;

	if (rc)
		return rc;
	s = xcalloc(1, sizeof(*s));
	s->config = *config;
	set_defaults(&s->config);
	s->rib = rib;
	s->callbacks = *callbacks;
	s->ctx = ctx;
	s->facts.reason = s->reason;
	fsm_init(&s->fsm, s->config.connect_retry_time * SECOND, &actions, s);
	*out = s;
	return 0;
}

void bgp_session_free(struct bgp_session *s)
{
	if (!s)
		return;
	export_free(s->export);
	free(s);
}

void bgp_session_start(struct bgp_session *s, uint64_t now)
{
	/* The RFC ignores a start in Active; for us it means not to wait any longer. */
	fsm_event(&s->fsm, s->fsm.state == BGP_ACTIVE ? FSM_CONNECT_RETRY : FSM_START, NULL, now);
}

void bgp_session_stop(struct bgp_session *s, const char *reason, uint64_t now)
{
	struct bgp_notification cease;
	char words[sizeof(s->reason)];

	notification_shutdown(&cease, BGP_CEASE_ADMIN_SHUTDOWN, reason);
	(void)snprintf(words, sizeof(words), "stopped: %s", reason);
	fsm_event(&s->fsm, FSM_STOP, &(struct fsm_detail){.error = &cease, .reason = words}, now);
}

/* ---- the connection ---------------------------------------------------------------------- */

void bgp_session_connected(struct bgp_session *s, uint64_t now)
{
	if (s->link != LINK_CONNECTING)
		return;
	s->link = LINK_UP;
	fsm_event(&s->fsm, FSM_TCP_ACKED, NULL, now);
}

void bgp_session_connect_failed(struct bgp_session *s, const char *why, uint64_t now)
{
	if (s->link != LINK_CONNECTING)
		return;
	s->link = LINK_NONE;
	fsm_event(&s->fsm, FSM_TCP_FAILS, &(struct fsm_detail){.reason = why}, now);
}

void bgp_session_closed(struct bgp_session *s, const char *why, uint64_t now)
{
	char reason[sizeof(s->reason)];

	if (s->link != LINK_UP)
		return;
	/*
	 * Closed without a word. A daemon that does not know us does that, and so does one that
	 * has refused us with a NOTIFICATION a moment ago: that one says more.
	 */
	if (s->fsm.state != BGP_OPENSENT)
		(void)snprintf(reason, sizeof(reason), "%s", why);
	else if (*s->refusal)
		(void)snprintf(reason, sizeof(reason), "%s; before that: %s", why, s->refusal);
	else
		(void)snprintf(reason, sizeof(reason),
			       "%s before its OPEN (does it expect %s with AS %u?)", why,
			       ip_str(&s->config.local).s, s->config.local_as);
	s->link = LINK_NONE;
	s->out_len = 0;
	fsm_event(&s->fsm, FSM_TCP_FAILS, &(struct fsm_detail){.reason = reason}, now);
}

static void header_error(struct bgp_session *s, const struct bgp_notification *error, uint64_t now)
{
	if (s->callbacks.bad_message)
		s->callbacks.bad_message(s->ctx, s->in, s->in_len, error->why);
	fsm_event(&s->fsm, FSM_HEADER_ERR, &(struct fsm_detail){.error = error}, now);
}

/* Moves what is missing of WANTED bytes into the message that is arriving. */
static void take(struct bgp_session *s, const uint8_t **bytes, size_t *len, size_t wanted)
{
	size_t n = wanted - s->in_len;

	if (n > *len)
		n = *len;
	memcpy(s->in + s->in_len, *bytes, n);
	s->in_len += n;
	*bytes += n;
	*len -= n;
}

void bgp_session_input(struct bgp_session *s, const uint8_t *bytes, size_t len, uint64_t now)
{
	struct bgp_notification error;
	struct bgp_header header;

	/* Any message can end the connection, and the rest is of no interest then. */
	while (len && s->link == LINK_UP) {
		if (s->in_len < BGP_HEADER_LEN)
			take(s, &bytes, &len, BGP_HEADER_LEN);
		if (s->in_len < BGP_HEADER_LEN)
			return;
		if (message_header(s->in, sizeof(s->in), &header, &error)) {
			header_error(s, &error, now);
			return;
		}
		take(s, &bytes, &len, header.len);
		if (s->in_len < header.len)
			return;
		s->in_len = 0;
		s->facts.messages_in[header.type]++;
		session_message(s, header.type, s->in, header.len, now);
	}
}

/* ---- what goes out ------------------------------------------------------------------------- */

static bool output_pending(const struct bgp_session *s)
{
	return s->out_len || (s->export && export_pending(s->export));
}

static size_t take_outbox(struct bgp_session *s, uint8_t *buf, size_t size)
{
	size_t n = s->out_len < size ? s->out_len : size;

	if (!n)
		return 0;
	memcpy(buf, s->out, n);
	s->out_len -= n;
	memmove(s->out, s->out + n, s->out_len);
	s->keepalive_waits = false;
	return n;
}

size_t bgp_session_output(struct bgp_session *s, uint8_t *buf, size_t size, uint64_t now)
{
	size_t n = take_outbox(s, buf, size);
	bool updates = false;

	while (s->export && size - n >= BGP_MESSAGE_MAX) {
		size_t len = export_next(s->export, buf + n, size - n);

		if (!len)
			break;
		n += len;
		s->facts.messages_out[BGP_UPDATE]++;
		updates = true;
	}
	for (enum bgp_family f = 0; s->export && f < BGP_FAMILIES; f++)
		s->facts.families[f].prefixes_sent = export_prefixes(s->export, f);
	if (updates)
		fsm_update_sent(&s->fsm, now);
	fsm_send_progress(&s->fsm, n > 0, output_pending(s), now);
	return n;
}

void bgp_session_rib_changed(struct bgp_session *s)
{
	if (s->export && export_pending(s->export))
		s->callbacks.output_ready(s->ctx);
}

/* ---- time, and questions ------------------------------------------------------------------- */

void bgp_session_tick(struct bgp_session *s, uint64_t now)
{
	fsm_send_progress(&s->fsm, false, output_pending(s), now);
	fsm_tick(&s->fsm, now);
}

uint64_t bgp_session_next_deadline(const struct bgp_session *s)
{
	return fsm_next_deadline(&s->fsm);
}

const struct bgp_facts *bgp_session_facts(const struct bgp_session *s)
{
	return &s->facts;
}

const struct bgp_config *bgp_session_config(const struct bgp_session *s)
{
	return &s->config;
}
