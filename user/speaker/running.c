// SPDX-License-Identifier: Apache-2.0
#include "speaker/running.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct running *running_new(struct speaker *speaker, const struct api_meta *meta,
			    const struct bgp_config *config)
{
	struct running *running = xcalloc(1, sizeof(*running));

	running->speaker = speaker;
	running->ns = meta->ns ? xstrdup(meta->ns) : NULL;
	running->name = xstrdup(meta->name);
	running->config = *config;
	return running;
}

void running_free(struct running *running)
{
	free(running->ns);
	free(running->name);
	free(running);
}

bool running_is(const struct running *running, const struct api_meta *meta)
{
	return !strcmp(running->name, meta->name) &&
	       !strcmp(running->ns ? running->ns : "", meta->ns ? meta->ns : "");
}

/* A reason may hold what the peer sent, or end in half a character: JSON takes UTF-8 alone. */
static char *utf8(const char *text)
{
	char *copy = xstrdup(text);
	json_t *whole = json_string(copy);

	for (char *c = copy; !whole && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json_decref(whole);
	return copy;
}

static uint32_t negotiated_families(const struct bgp_facts *facts)
{
	uint32_t families = 0;

	for (unsigned int f = 0; f < BGP_FAMILIES; f++)
		if (facts->families[f].negotiated)
			families |= BGP_FAMILY_BIT(f);
	return families;
}

static bool sends_several_paths(const struct bgp_facts *facts)
{
	bool any = false, all = true;

	for (unsigned int f = 0; f < BGP_FAMILIES; f++) {
		any |= facts->families[f].negotiated;
		all &= !facts->families[f].negotiated || facts->families[f].add_path;
	}
	return any && all;
}

int running_report(const struct running *running, const struct api_object *object,
		   const struct adverts *adverts, struct store *store, struct err *err)
{
	struct api_object *obj = api_object_copy(object);
	struct api_bgp_session *status = &obj->session;
	const struct bgp_facts *facts = running->io ? bgpio_session_facts(running->io) : NULL;
	enum bgp_state state = facts ? facts->state : BGP_IDLE;
	int rc;

	free(status->state);
	free(status->reason);
	array_each(&status->advertised_routes, name)
		free(*name);
	status->advertised_routes.n = 0;
	status->state = xstrdup(bgp_state_name(state));
	status->reason = utf8(facts ? facts->reason : running->waiting);
	status->add_path_negotiated = state == BGP_ESTABLISHED && sends_several_paths(facts);
	if (state == BGP_ESTABLISHED)
		adverts_names(adverts, negotiated_families(facts), &status->advertised_routes);
	clock_gettime(CLOCK_REALTIME, &status->last_report_time);
	rc = store_status(store, obj, err);
	api_object_free(obj);
	return rc;
}

static json_t *families_json(const struct bgp_facts *facts)
{
	json_t *families = json_object();

	for (unsigned int f = 0; f < BGP_FAMILIES; f++) {
		const struct bgp_family_facts *family = &facts->families[f];

		if (family->negotiated)
			json_object_set_new(
				families, bgp_family_name((enum bgp_family)f),
				json_pack("{s:b, s:I, s:I}", "addPath", family->add_path,
					  "prefixesSent", (json_int_t)family->prefixes_sent,
					  "routesReceived", (json_int_t)family->routes_received));
	}
	return families;
}

static json_t *messages_json(const uint64_t counts[BGP_MESSAGE_TYPES])
{
	json_t *messages = json_object();

	for (int type = BGP_OPEN; type < BGP_MESSAGE_TYPES; type++)
		json_object_set_new(messages, bgp_message_name((uint8_t)type),
				    json_integer((json_int_t)counts[type]));
	return messages;
}

static json_t *text_json(const char *text)
{
	char *clean = utf8(text);
	json_t *json = json_string(clean);

	free(clean);
	return json;
}

json_t *running_json(const struct running *running)
{
	const struct bgp_facts *facts = running->io ? bgpio_session_facts(running->io) : NULL;
	json_int_t seconds;

	if (!facts)
		return json_pack("{s:s, s:o}", "state", bgp_state_name(BGP_IDLE), "reason",
				 text_json(running->waiting));
	seconds = (json_int_t)((bgpio_now() - facts->since) / 1000);
	return json_pack("{s:s, s:o, s:I, s:i, s:i, s:o, s:o, s:o, s:I, s:o}", "state",
			 bgp_state_name(facts->state), "reason", text_json(facts->reason),
			 facts->state == BGP_ESTABLISHED ? "uptimeSeconds" : "stateSeconds",
			 seconds, "establishedCount", (int)facts->established_count, "holdTime",
			 (int)facts->hold_time, "families", families_json(facts), "messagesIn",
			 messages_json(facts->messages_in), "messagesOut",
			 messages_json(facts->messages_out), "errorsIn",
			 (json_int_t)facts->errors_in, "lastErrorIn",
			 text_json(facts->last_error_in));
}
