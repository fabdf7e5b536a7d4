// SPDX-License-Identifier: Apache-2.0
#include "vipcastd/agent.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KIND(kind) (1u << (kind))
#define SPEAKER_KINDS                                                               \
	(KIND(API_NETWORK_GATEWAY_GROUP) | KIND(API_NODE) | KIND(API_BGP_SESSION) | \
	 KIND(API_BGP_ADVERTISED_ROUTE))
#define DATAPLANE_KINDS (KIND(API_SERVICE) | KIND(API_ENDPOINT_SLICE) | KIND(API_NODE))

static const enum api_kind watched[] = {
	API_NETWORK_GATEWAY_GROUP, API_NODE,	    API_SERVICE,
	API_ENDPOINT_SLICE,	   API_BGP_SESSION, API_BGP_ADVERTISED_ROUTE,
};

#define WATCHED (sizeof(watched) / sizeof(*watched))

/* ---- the state, as the store tells it ---------------------------------------------------- */

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
	struct agent *agent = ctx;
	uint32_t changed = agent->changed;

	(void)fd;
	(void)what;
	if (agent->unsynced || agent->stopping)
		return;
	agent->changed = 0;
	if (agent->speaker && changed & SPEAKER_KINDS)
		speaker_state_changed(agent->speaker);
	if (agent->dataplane && changed & DATAPLANE_KINDS)
		dataplane_state_changed(agent->dataplane);
}

static void settle_soon(struct agent *agent, uint32_t changed)
{
	const struct timeval now = {0};

	agent->changed |= changed;
	if (!evtimer_pending(agent->settle, NULL))
		evtimer_add(agent->settle, &now);
}

/* All speakers report on their sessions all the time; only the spec says what is to be done. */
static bool concerns_a_role(const struct agent *agent, const struct api_object *obj)
{
	const struct api_object *old;

	if (obj->kind != API_BGP_SESSION)
		return true;
	old = state_get(&agent->state, obj->kind, obj->meta.ns, obj->meta.name);
	return !old || !api_spec_equal(old, obj);
}

static void on_store(void *ctx, enum store_event event, enum api_kind kind,
		     const struct api_object *obj)
{
	struct agent *agent = ctx;
	bool matters = true;

	switch (event) {
	case STORE_ADDED:
	case STORE_CHANGED:
		matters = concerns_a_role(agent, obj);
		state_put(&agent->state, api_object_copy(obj));
		break;
	case STORE_DELETED:
		state_delete(&agent->state, kind, obj->meta.ns, obj->meta.name);
		break;
	case STORE_SYNCED:
		agent->unsynced--;
		break;
	}
	/* An empty kind is news too, once: the roles begin when the last one is synced. */
	if (matters)
		settle_soon(agent, KIND(kind));
}

static int watch_all(struct agent *agent, struct err *err)
{
	int rc = 0;

	agent->unsynced = WATCHED;
	for (size_t i = 0; i < WATCHED && !rc; i++)
		rc = store_watch(agent->store, watched[i], on_store, agent, err);
	return rc;
}

/* ---- what the heartbeat asks and says ---------------------------------------------------- */

const char *agent_dataplane_status(const struct agent *agent)
{
	if (!agent->options->dataplane)
		return "off";
	return agent->dataplane ? dataplane_status(agent->dataplane) : agent->dataplane_failure;
}

static const char *dataplane_word(void *ctx)
{
	const char *status = agent_dataplane_status(ctx);

	return strcmp(status, "starting") != 0 ? status : NULL;
}

static const char *speaker_word(void *ctx)
{
	const struct agent *agent = ctx;

	return agent->speaker ? "on" : "off";
}

static void on_lease_lost(void *ctx, const char *reason)
{
	struct agent *agent = ctx;

	if (agent->speaker)
		speaker_release(agent->speaker, reason);
}

static void on_lease_regained(void *ctx)
{
	struct agent *agent = ctx;

	if (agent->speaker && !agent->stopping)
		speaker_resume(agent->speaker);
}

static void on_dataplane_status(void *ctx)
{
	struct agent *agent = ctx;

	if (agent->heartbeat)
		heartbeat_now(agent->heartbeat);
}

/* ---- start and stop ---------------------------------------------------------------------- */

static void on_said_goodbye(void *ctx)
{
	struct agent *agent = ctx;

	event_base_loopbreak(agent->base);
}

/*
 * The order of a clean exit: Cease to the peers, floating IPs off the interfaces, and then a last
 * Lease that says so, upon which the controller places them elsewhere. XDP goes on in the kernel,
 * so the node stays a next hop until that Lease runs out: a successor that starts in time takes
 * over without the routers seeing anything.
 */
static void on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct agent *agent = ctx;

	(void)what;
	if (agent->stopping) {
		event_base_loopbreak(agent->base);
		return;
	}
	log_info(&agent->log, "stopping", "signal", sig == SIGTERM ? "SIGTERM" : "SIGINT");
	agent->stopping = true;
	if (agent->speaker)
		speaker_stop(agent->speaker, "vipcastd stops", on_said_goodbye, agent);
	else
		event_base_loopbreak(agent->base);
}

static int start_speaker(struct agent *agent, struct err *err)
{
	const struct speaker_config config = {
		.node_name = agent->options->node,
		.base = agent->base,
		.store = agent->store,
		.log = &agent->log,
	};

	if (!agent->options->speaker)
		return 0;
	return speaker_new(&config, &agent->state, &agent->speaker, err);
}

static struct dataplane_config dataplane_options(struct agent *agent)
{
	const struct options *o = agent->options;

	return (struct dataplane_config){
		.node_name = o->node,
		.store_dir = o->store,
		.pin_dir = o->pin_dir,
		.interfaces = o->interfaces.v,
		.interface_count = o->interfaces.n,
		.nat_port_first = o->nat_port_first,
		.nat_port_last = o->nat_port_last,
		.base = agent->base,
		.log = &agent->log,
		.status_changed = on_dataplane_status,
		.ctx = agent,
	};
}

/* A dataplane that cannot open makes the node no next hop; its speaker still does its work. */
static void start_dataplane(struct agent *agent)
{
	const struct dataplane_config config = dataplane_options(agent);
	struct err err;

	if (!agent->options->dataplane)
		return;
	if (!dataplane_new(&config, &agent->state, &agent->dataplane, &err))
		return;
	log_error(&agent->log, "the dataplane cannot start", "error", err.msg);
	snprintf(agent->dataplane_failure, sizeof(agent->dataplane_failure), "failed: %s", err.msg);
}

static int start_heartbeat(struct agent *agent, struct err *err)
{
	const struct heartbeat_config config = {
		.node = agent->options->node,
		.duration = agent->options->lease_duration,
		.base = agent->base,
		.store = agent->store,
		.log = &agent->log,
		.speaker = speaker_word,
		.dataplane = dataplane_word,
		.lost = on_lease_lost,
		.regained = on_lease_regained,
		.ctx = agent,
	};

	return heartbeat_new(&config, &agent->heartbeat, err);
}

static int start(struct agent *agent, struct err *err)
{
	int rc = control_open(agent->base, agent->options->socket, agent_routes, agent,
			      &agent->control, err);

	if (!rc)
		rc = store_dir_open(agent->base, agent->options->store, &agent->log, &agent->store,
				    err);
	if (!rc)
		rc = start_speaker(agent, err);
	if (rc)
		return rc;
	start_dataplane(agent);
	rc = start_heartbeat(agent, err);
	if (!rc)
		rc = watch_all(agent, err);
	return rc;
}

static void stop(struct agent *agent)
{
	speaker_free(agent->speaker);
	agent->speaker = NULL;
	if (agent->heartbeat)
		heartbeat_now(agent->heartbeat);
	heartbeat_free(agent->heartbeat);
	dataplane_free(agent->dataplane);
	control_close(agent->control);
	store_close(agent->store);
	state_free(&agent->state);
	if (agent->settle)
		event_free(agent->settle);
	if (agent->terminate)
		event_free(agent->terminate);
	if (agent->interrupt)
		event_free(agent->interrupt);
	event_base_free(agent->base);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

time_t agent_uptime(const struct agent *agent)
{
	return seconds() - agent->started;
}

int agent_run(const struct options *options, struct err *err)
{
	struct agent agent = {
		.options = options,
		.log = {.level = options->log_level, .fd = STDERR_FILENO, .program = "vipcastd"},
		.started = seconds(),
	};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	agent.base = event_base_new();
	/* The heartbeat comes first, everything else has the lower one (libevent's default). */
	event_base_priority_init(agent.base, 2);
	agent.settle = evtimer_new(agent.base, on_settle, &agent);
	agent.terminate = evsignal_new(agent.base, SIGTERM, on_signal, &agent);
	agent.interrupt = evsignal_new(agent.base, SIGINT, on_signal, &agent);
	rc = start(&agent, err);
	if (!rc) {
		event_add(agent.terminate, NULL);
		event_add(agent.interrupt, NULL);
		log_info(&agent.log, "started", "node", options->node, "store", options->store);
		event_base_dispatch(agent.base);
		log_info(&agent.log, "stopped");
	}
	stop(&agent);
	return rc;
}
