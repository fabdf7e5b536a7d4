/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/ageing.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/*
 * A walk goes through vc_flows, then through vc_replies. Flows that are too old go. A reply entry
 * whose flow is gone, or has moved to another backend or port, is an orphan (an LRU map drops flows
 * by itself, too). Since the program writes the reply entry before the flow, an orphan is given
 * time until the next walk, and is looked at again then.
 *
 * A client may connect again from the same port just now: then the flow that is about to go comes
 * to life again. Without its flow a connection goes on (the program makes the same one anew),
 * without its reply entry it does not. So a flow is looked at once more before it goes, as the
 * batch that told its age may be milliseconds old, and it never takes its reply entry along.
 */

#define BATCH	      2048 /* entries a system call */
#define FLOW_BATCHES  8	   /* a tick */
#define REPLY_BATCHES 2	   /* each entry costs a look-up of its flow */
#define WALK_EVERY_MS 1000
#define CALIBRATE_MS  400

static const struct {
	uint8_t proto, state;
	uint32_t seconds;
} limits[] = {
	{IPPROTO_TCP, FLOW_NEW, 30}, {IPPROTO_TCP, FLOW_ESTABLISHED, 2 * 3600},
	{IPPROTO_TCP, FLOW_FIN, 60}, {IPPROTO_TCP, FLOW_CLOSED, 10},
	{IPPROTO_UDP, FLOW_NEW, 30}, {IPPROTO_UDP, FLOW_ESTABLISHED, 180},
};

#define LIMIT_DEFAULT 30

enum phase { PHASE_FLOWS, PHASE_REPLIES, PHASE_PAUSE };

struct ageing {
	const struct mapset *ms;
	int flows_fd, replies_fd;
	enum phase phase;
	uint32_t batch[2]; /* the kernel's place in the walk */
	bool continued;
	uint64_t next_walk;

	uint32_t hz; /* 0: not known yet */
	uint32_t jiffies, first_jiffies;
	uint64_t first_ms;

	struct flow_key *keys;
	void *values; /* of either map */

	uint64_t counted, flows; /* of this walk, of the last one */
	uint32_t *vip_counted, *vip_flows;
	uint32_t *backend_counted, *backend_flows;

	ARRAY(struct flow_key) suspects, orphans; /* replies: of this walk, of the last one */
};

uint32_t ageing_limit(uint8_t proto, uint8_t flow_state)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].proto == proto && limits[i].state == flow_state)
			return limits[i].seconds;
	return LIMIT_DEFAULT;
}

uint32_t ageing_hz(uint32_t jiffies_passed, uint64_t ms_passed)
{
	static const uint32_t known[] = {100, 250, 300, 1000};
	uint64_t hz, best = 0;

	if (ms_passed < CALIBRATE_MS)
		return 0;
	hz = (uint64_t)jiffies_passed * 1000 / ms_passed;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t distance = hz > known[i] ? hz - known[i] : known[i] - hz;
		uint64_t nearest = hz > best ? hz - best : best - hz;

		if (!best || distance < nearest)
			best = known[i];
	}
	return (uint32_t)best;
}

struct ageing *ageing_new(const struct mapset *ms)
{
	struct ageing *a = xcalloc(1, sizeof(*a));

	a->ms = ms;
	a->flows_fd = mapset_map_fd(ms, MAP_FLOWS);
	a->replies_fd = mapset_map_fd(ms, MAP_REPLIES);
	a->keys = xcalloc(BATCH, sizeof(*a->keys));
	a->values = xcalloc(BATCH, sizeof(union {
				    struct flow_value f;
				    struct reply_value r;
			    }));
	a->vip_counted = xcalloc(ms->sizes.vips, sizeof(uint32_t));
	a->vip_flows = xcalloc(ms->sizes.vips, sizeof(uint32_t));
	a->backend_counted = xcalloc(ms->sizes.backends, sizeof(uint32_t));
	a->backend_flows = xcalloc(ms->sizes.backends, sizeof(uint32_t));
	return a;
}

void ageing_free(struct ageing *a)
{
	if (!a)
		return;
	free(a->keys);
	free(a->values);
	free(a->vip_counted);
	free(a->vip_flows);
	free(a->backend_counted);
	free(a->backend_flows);
	array_free(&a->suspects);
	array_free(&a->orphans);
	free(a);
}

/* ---- flows -------------------------------------------------------------------------------- */

static struct flow_key reply_key_of(const struct flow_key *key, const struct flow_value *flow)
{
	struct flow_key reply = {.proto = key->proto, .family = key->family};

	memcpy(reply.src, flow->backend_addr, sizeof(reply.src));
	memcpy(reply.dst, flow->nat_addr, sizeof(reply.dst));
	reply.src_port = flow->backend_port;
	reply.dst_port = flow->nat_port;
	return reply;
}

static bool is_too_old(const struct ageing *a, const struct flow_key *key,
		       const struct flow_value *flow)
{
	uint32_t age = a->jiffies - flow->last_seen;

	/* A packet may have been seen after the clock was read. */
	if (!a->hz || age > UINT32_MAX / 2)
		return false;
	return age / a->hz >= ageing_limit(key->proto, flow->state);
}

static void look_at_flow(struct ageing *a, const struct flow_key *key,
			 const struct flow_value *flow)
{
	struct flow_value now;

	if (is_too_old(a, key, flow)) {
		if (bpf_map_lookup_elem(a->flows_fd, key, &now) == 0 && is_too_old(a, key, &now))
			bpf_map_delete_elem(a->flows_fd, key);
		return;
	}
	a->counted++;
	if (flow->vip < a->ms->sizes.vips)
		a->vip_counted[flow->vip]++;
	if (flow->backend < a->ms->sizes.backends)
		a->backend_counted[flow->backend]++;
}

/* ---- replies ------------------------------------------------------------------------------ */

static struct flow_key flow_key_of(const struct flow_key *key, const struct reply_value *reply)
{
	struct flow_key flow = {.proto = key->proto, .family = key->family};

	memcpy(flow.src, reply->client_addr, sizeof(flow.src));
	memcpy(flow.dst, reply->vip_addr, sizeof(flow.dst));
	flow.src_port = reply->client_port;
	flow.dst_port = reply->vip_port;
	return flow;
}

static bool is_orphan(const struct ageing *a, const struct flow_key *key,
		      const struct reply_value *reply)
{
	struct flow_key flow_key = flow_key_of(key, reply), back;
	struct flow_value flow;

	if (bpf_map_lookup_elem(a->flows_fd, &flow_key, &flow) < 0)
		return errno == ENOENT;
	back = reply_key_of(&flow_key, &flow);
	return memcmp(&back, key, sizeof(back)) != 0;
}

/* Removes those that were orphans in the last walk and still are. */
static void bury_orphans(struct ageing *a)
{
	array_each(&a->orphans, key) {
		struct reply_value reply;

		if (bpf_map_lookup_elem(a->replies_fd, key, &reply) == 0 &&
		    is_orphan(a, key, &reply))
			bpf_map_delete_elem(a->replies_fd, key);
	}
	a->orphans.n = 0;
	array_each(&a->suspects, key)
		array_push(&a->orphans, *key);
	a->suspects.n = 0;
}

/* ---- the walk ----------------------------------------------------------------------------- */

static void finish_flows(struct ageing *a)
{
	uint32_t *swap;

	a->flows = a->counted;
	a->counted = 0;
	swap = a->vip_flows;
	a->vip_flows = a->vip_counted;
	a->vip_counted = swap;
	swap = a->backend_flows;
	a->backend_flows = a->backend_counted;
	a->backend_counted = swap;
	memset(a->vip_counted, 0, a->ms->sizes.vips * sizeof(uint32_t));
	memset(a->backend_counted, 0, a->ms->sizes.backends * sizeof(uint32_t));
}

/* Reads the next entries of the map into keys and values. False: that was the last of them. */
static bool next_batch(struct ageing *a, int fd, uint32_t *n)
{
	uint32_t next[2] = {0};
	int rc;

	*n = BATCH;
	rc = bpf_map_lookup_batch(fd, a->continued ? a->batch : NULL, next, a->keys, a->values, n,
				  NULL);
	if (rc < 0 && errno != ENOENT)
		*n = 0; /* the walk ends here, the next one starts anew */
	memcpy(a->batch, next, sizeof(next));
	a->continued = rc == 0;
	return rc == 0;
}

static void walk_flows(struct ageing *a)
{
	const struct flow_value *values = a->values;
	uint32_t n;
	bool more = next_batch(a, a->flows_fd, &n);

	for (uint32_t i = 0; i < n; i++)
		look_at_flow(a, &a->keys[i], &values[i]);
	if (more)
		return;
	finish_flows(a);
	a->phase = PHASE_REPLIES;
}

static void walk_replies(struct ageing *a, uint64_t now)
{
	const struct reply_value *values = a->values;
	uint32_t n;
	bool more = next_batch(a, a->replies_fd, &n);

	for (uint32_t i = 0; i < n; i++)
		if (is_orphan(a, &a->keys[i], &values[i]))
			array_push(&a->suspects, a->keys[i]);
	if (more)
		return;
	bury_orphans(a);
	a->phase = PHASE_PAUSE;
	a->next_walk = now + WALK_EVERY_MS;
}

static bool read_clock(struct ageing *a, uint64_t now)
{
	if (mapset_jiffies(a->ms, &a->jiffies) < 0)
		return false;
	if (!a->first_ms) {
		a->first_ms = now;
		a->first_jiffies = a->jiffies;
	}
	if (!a->hz)
		a->hz = ageing_hz(a->jiffies - a->first_jiffies, now - a->first_ms);
	return true;
}

void ageing_tick(struct ageing *a, uint64_t now)
{
	if (!read_clock(a, now))
		return;
	if (a->phase == PHASE_PAUSE && now >= a->next_walk)
		a->phase = PHASE_FLOWS;
	for (int i = 0; i < FLOW_BATCHES && a->phase == PHASE_FLOWS; i++)
		walk_flows(a);
	for (int i = 0; i < REPLY_BATCHES && a->phase == PHASE_REPLIES; i++)
		walk_replies(a, now);
}

uint64_t ageing_flows(const struct ageing *a)
{
	return a->flows;
}

uint32_t ageing_flows_of_vip(const struct ageing *a, uint32_t number)
{
	return number < a->ms->sizes.vips ? a->vip_flows[number] : 0;
}

uint32_t ageing_flows_of_backend(const struct ageing *a, uint32_t index)
{
	return index < a->ms->sizes.backends ? a->backend_flows[index] : 0;
}
