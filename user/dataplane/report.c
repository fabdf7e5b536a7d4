/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/role.h"
#include "maps/maglev.h"

/* What the role knows, as rows for the control socket (dataplane.h tells the fields). */

static const char *protocol_name(uint8_t proto)
{
	return proto == IPPROTO_UDP ? "UDP" : "TCP";
}

static void add_traffic(json_t *row, const struct dataplane *dp, const char *map, uint32_t index)
{
	struct traffic_stats stats;

	stats_traffic(mapset_map_fd(dp->ms, map), index, &stats);
	json_object_set_new(row, "packets", json_integer((json_int_t)stats.packets));
	json_object_set_new(row, "bytes", json_integer((json_int_t)stats.bytes));
	json_object_set_new(row, "replyPackets", json_integer((json_int_t)stats.reply_packets));
	json_object_set_new(row, "replyBytes", json_integer((json_int_t)stats.reply_bytes));
	json_object_set_new(row, "newFlows", json_integer((json_int_t)stats.new_flows));
}

/* ---- VIPs --------------------------------------------------------------------------------- */

static json_t *vip_row(const struct dataplane *dp, const struct published_service *s)
{
	uint32_t flows = ageing_flows_of_vip(dp->ageing, s->number);
	json_t *row = json_pack(
		"{s:s, s:i, s:s, s:s, s:I, s:I, s:I, s:I}", "vip", ip_str(&s->key.ip).s, "port",
		s->key.port, "protocol", protocol_name(s->key.proto), "service",
		s->service ? s->service : "", "backends", (json_int_t)s->n, "draining",
		(json_int_t)s->draining, "slots",
		(json_int_t)(s->n ? maglev_size(s->slice.row) : 0), "flows", (json_int_t)flows);

	add_traffic(row, dp, MAP_VIP_STATS, s->number);
	return row;
}

json_t *dataplane_vips_json(struct dataplane *dp)
{
	json_t *rows = json_array();

	array_each(&dp->publisher.services, s)
		if (s->key.port)
			json_array_append_new(rows, vip_row(dp, s));
	return rows;
}

/* ---- backends ----------------------------------------------------------------------------- */

static const char *interface_name(const struct dataplane *dp, uint32_t ifindex)
{
	array_each(&dp->interfaces, i)
		if (i->link.ifindex == (int)ifindex)
			return i->link.name;
	return ifindex && ifindex == dp->nexthops.door.ifindex ? DOOR_XDP_SIDE : "";
}

static const char *state_name(const struct published_backend *b)
{
	if (!b->nexthop.path.resolved)
		return "unresolved";
	return b->backend.draining ? "draining" : "up";
}

static json_t *backend_row(const struct dataplane *dp, const struct published_backend *b,
			   json_t *services)
{
	const uint8_t *mac = b->nexthop.path.dst_mac;
	char text[18] = "";
	json_t *row;

	if (b->nexthop.path.resolved)
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5]);
	row = json_pack("{s:I, s:s, s:i, s:s, s:s, s:s, s:s, s:O, s:I}", "index",
			(json_int_t)b->index, "ip", ip_str(&b->backend.ip).s, "port",
			b->backend.port, "interface", interface_name(dp, b->nexthop.path.ifindex),
			"via", b->nexthop.door ? "door" : "direct", "mac", text, "state",
			state_name(b), "services", services, "flows",
			(json_int_t)ageing_flows_of_backend(dp->ageing, b->index));
	add_traffic(row, dp, MAP_BACKEND_STATS, b->index);
	return row;
}

static bool names(json_t *list, const char *service)
{
	size_t n = json_array_size(list);

	/* The entries are grouped by VIP: a Service that is here already came last. */
	return n && strcmp(json_string_value(json_array_get(list, n - 1)), service) == 0;
}

/* For each backend of the compiled list the names of the Services that have it. */
static json_t **services_of_backends(const struct compiled *compiled)
{
	json_t **lists = xcalloc(compiled->backends.n + 1, sizeof(json_t *));

	for (size_t i = 0; i < compiled->backends.n; i++)
		lists[i] = json_array();
	array_each(&compiled->services, s) {
		for (size_t i = s->first; i < s->first + s->active + s->draining; i++) {
			json_t *list = lists[compiled->refs.v[i]];

			if (!names(list, s->service))
				json_array_append_new(list, json_string(s->service));
		}
	}
	return lists;
}

json_t *dataplane_backends_json(struct dataplane *dp)
{
	json_t **services = services_of_backends(&dp->compiled);
	json_t *rows = json_array();
	size_t at = 0;

	/* Both lists are in the same order; the published one may lack some, or be behind. */
	array_each(&dp->publisher.published, b) {
		json_t *list;

		while (at < dp->compiled.backends.n &&
		       compiled_backend_compare(&dp->compiled.backends.v[at], &b->backend) < 0)
			at++;
		list = at < dp->compiled.backends.n &&
				       !compiled_backend_compare(&dp->compiled.backends.v[at],
								 &b->backend)
			       ? json_incref(services[at])
			       : json_array();
		json_array_append_new(rows, backend_row(dp, b, list));
		json_decref(list);
	}
	for (size_t i = 0; i < dp->compiled.backends.n; i++)
		json_decref(services[i]);
	free(services);
	return rows;
}

/* ---- drops and status --------------------------------------------------------------------- */

json_t *dataplane_drops_json(struct dataplane *dp)
{
#define ROW(id, name, text) {name, text},
	static const struct {
		const char *name, *text;
	} reasons[] = {DROP_REASONS(ROW)};
#undef ROW
	uint64_t counts[DROP_REASON_COUNT];
	json_t *rows = json_array();

	stats_drops(mapset_map_fd(dp->ms, MAP_DROP_STATS), counts);
	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		json_array_append_new(rows, json_pack("{s:s, s:I, s:s}", "reason", reasons[i].name,
						      "packets", (json_int_t)counts[i], "meaning",
						      reasons[i].text));
	return rows;
}

static json_t *warnings_of(const struct dataplane *dp)
{
	json_t *list = json_array();

	if (dp->publish_err.msg[0])
		json_array_append_new(list, json_string(dp->publish_err.msg));
	array_each(&dp->door_warnings, w)
		json_array_append_new(list, json_string(*w));
	array_each(&dp->compiled.conflicts, c)
		json_array_append_new(list, json_string(*c));
	array_each(&dp->interfaces, i)
		if (i->mode == ATTACH_GENERIC)
			json_array_append_new(
				list, json_sprintf("XDP on %s runs in generic mode, which is slow",
						   i->link.name));
	return list;
}

json_t *dataplane_status_json(struct dataplane *dp)
{
	json_t *interfaces = json_array();
	size_t vips = 0;

	array_each(&dp->interfaces, i)
		json_array_append_new(interfaces, json_pack("{s:s, s:s}", "name", i->link.name,
							    "mode", attach_mode_name(i->mode)));
	array_each(&dp->publisher.services, s)
		vips += s->key.port == 0;
	return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "status", dp->status,
			 "interfaces", interfaces, "services",
			 (json_int_t)dp->compiled.service_count, "vips", (json_int_t)vips,
			 "backends", (json_int_t)dp->publisher.published.n, "flows",
			 (json_int_t)ageing_flows(dp->ageing), "slotsUsed",
			 (json_int_t)dp->publisher.slots.used, "slotsTotal",
			 (json_int_t)dp->publisher.slots.total, "pinDir", dp->ms->pin_dir,
			 "warnings", warnings_of(dp));
}
