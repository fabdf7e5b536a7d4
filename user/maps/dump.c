/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/dump.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "maps/backend_table.h"
#include "maps/contract.h"
#include "maps/maglev.h"
#include "maps/pins.h"
#include "maps/stats.h"
#include "maps/vip_table.h"
#include "util/mem.h"

/*
 * The arrays are mapped read-only and read as the XDP program reads them; nothing is locked, so a
 * dump under change may show a moment that never was.
 */

struct view {
	int fd;
	uint32_t entries;
	void *memory; /* NULL: not a mapped array */
	size_t size;
};

enum {
	V_CONFIG,
	V_VIPS4,
	V_VIPS6,
	V_SLOTS,
	V_BACKENDS,
	V_FLOWS,
	V_VIP_STATS,
	V_BACKEND_STATS,
	V_DROPS,
	V_COUNT
};

static const struct {
	const char *name;
	uint32_t value_size; /* checked before anything is read */
	bool mapped;
} views[V_COUNT] = {
	[V_CONFIG] = {MAP_CONFIG, sizeof(struct config_value), true},
	[V_VIPS4] = {MAP_VIPS_V4, sizeof(struct vip4_bucket), true},
	[V_VIPS6] = {MAP_VIPS_V6, sizeof(struct vip6_bucket), true},
	[V_SLOTS] = {MAP_SLOTS, sizeof(slot_value), true},
	[V_BACKENDS] = {MAP_BACKENDS, sizeof(struct backend_value), true},
	[V_FLOWS] = {MAP_FLOWS, sizeof(struct flow_value), false},
	[V_VIP_STATS] = {MAP_VIP_STATS, sizeof(struct traffic_stats), false},
	[V_BACKEND_STATS] = {MAP_BACKEND_STATS, sizeof(struct traffic_stats), false},
	[V_DROPS] = {MAP_DROP_STATS, sizeof(__u64), false},
};

struct dump {
	struct view v[V_COUNT];
};

/* ---- opening ------------------------------------------------------------------------------ */

static int open_view(const char *pin_dir, int which, struct view *view, struct err *err)
{
	char *path = pin_path(pin_dir, views[which].name);
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	int rc = 0;

	view->fd = bpf_obj_get(path);
	if (view->fd < 0 || bpf_obj_get_info_by_fd(view->fd, &info, &len) < 0) {
		rc = err_set(err, -errno, "cannot open the pinned map %s: %s", path,
			     strerror(errno));
		goto out;
	}
	if (info.value_size != views[which].value_size) {
		rc = err_set(err, -EPROTO, "%s has values of %u bytes, this program knows %u", path,
			     info.value_size, views[which].value_size);
		goto out;
	}
	view->entries = info.max_entries;
	if (!views[which].mapped)
		goto out;
	view->size = pin_memory_size(info.value_size, info.max_entries);
	view->memory = mmap(NULL, view->size, PROT_READ, MAP_SHARED, view->fd, 0);
	if (view->memory == MAP_FAILED) {
		view->memory = NULL;
		rc = err_set(err, -errno, "cannot map %s into memory: %s", path, strerror(errno));
	}
out:
	free(path);
	return rc;
}

static void close_views(struct dump *d)
{
	for (int i = 0; i < V_COUNT; i++) {
		if (d->v[i].memory)
			munmap(d->v[i].memory, d->v[i].size);
		if (d->v[i].fd >= 0)
			close(d->v[i].fd);
	}
}

static int open_views(const char *pin_dir, struct dump *d, struct err *err)
{
	for (int i = 0; i < V_COUNT; i++)
		d->v[i].fd = -1;
	for (int i = 0; i < V_COUNT; i++) {
		int rc = open_view(pin_dir, i, &d->v[i], err);

		if (rc) {
			close_views(d);
			return rc;
		}
	}
	return 0;
}

/* ---- words -------------------------------------------------------------------------------- */

static const char *protocol(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	default:
		return "";
	}
}

static const char *state_of_flow(const struct flow_value *flow)
{
	switch (flow->state) {
	case FLOW_NEW:
		return "new";
	case FLOW_ESTABLISHED:
		return "established";
	case FLOW_FIN:
		return "fin";
	case FLOW_CLOSED:
		return "closed";
	default:
		return "?";
	}
}

/* "1.2.3.4:80" or "[2001:db8::1]:80" */
static json_t *endpoint(uint8_t family, const __be32 addr[4], __be16 port)
{
	struct ip_addr ip = family == AF_INET6 ? ip_from_v6(addr) : ip_from_v4(addr);

	return json_sprintf(family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip_str(&ip).s, ntohs(port));
}

static json_t *mac_text(const __u8 mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
			    mac[5]);
}

static json_t *flags_text(uint16_t flags)
{
	return json_sprintf("%s%s%s", flags & BACKEND_UP ? "up" : "unresolved",
			    flags & BACKEND_IPV6 ? ",ipv6" : "",
			    flags & BACKEND_DRAINING ? ",draining" : "");
}

static json_t *interface_text(uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name) ? json_string(name) : json_sprintf("%u", ifindex);
}

static void add_traffic(json_t *row, int fd, uint32_t index)
{
	struct traffic_stats stats;

	stats_traffic(fd, index, &stats);
	json_object_set_new(row, "packets", json_integer((json_int_t)stats.packets));
	json_object_set_new(row, "bytes", json_integer((json_int_t)stats.bytes));
}

/* ---- sections ----------------------------------------------------------------------------- */

static json_t *dump_config(const struct dump *d)
{
	const struct config_value *config = d->v[V_CONFIG].memory;

	return json_pack("{s:I, s:I, s:o}", "version", (json_int_t)config->version, "buckets",
			 (json_int_t)config->vip_bucket_mask + 1, "natPorts",
			 json_sprintf("%u-%u", config->nat_port_first, config->nat_port_last));
}

/* How a table's slots are spread over its backends. */
struct spread {
	uint32_t backends, least, most;
};

static int compare_slots(const void *va, const void *vb)
{
	const slot_value *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

static struct spread measure(const struct dump *d, uint32_t first, uint32_t size)
{
	const struct slot_element *slots = d->v[V_SLOTS].memory;
	struct spread spread = {0};
	slot_value *sorted;
	uint32_t run = 0;

	if (size == 0 || first > d->v[V_SLOTS].entries || size > d->v[V_SLOTS].entries - first)
		return spread;
	sorted = xcalloc(size, sizeof(*sorted));
	for (uint32_t i = 0; i < size; i++)
		sorted[i] = slots[first + i].backend;
	qsort(sorted, size, sizeof(*sorted), compare_slots);
	for (uint32_t i = 0; i < size; i++) {
		run++;
		if (i + 1 < size && sorted[i + 1] == sorted[i])
			continue;
		if (sorted[i]) {
			spread.backends++;
			spread.most = run > spread.most ? run : spread.most;
			spread.least = spread.least && spread.least < run ? spread.least : run;
		}
		run = 0;
	}
	free(sorted);
	return spread;
}

struct vip_found {
	struct vip_key key;
	uint64_t target;
};

struct vip_rows {
	const struct dump *d;
	json_t *vips, *slots;
	ARRAY(struct vip_found) found;
};

static void find_vip(void *ctx, const struct vip_key *key, uint64_t target)
{
	struct vip_rows *rows = ctx;

	array_push(&rows->found, ((struct vip_found){*key, target}));
}

static int compare_found(const void *va, const void *vb)
{
	const struct vip_found *a = va, *b = vb;

	return vip_key_compare(&a->key, &b->key);
}

static void dump_vip(struct vip_rows *rows, const struct vip_key *key, uint64_t target)
{
	bool balanced = VIP_TARGET_MODE(target) == VIP_MODE_NAT;
	uint32_t first = VIP_TARGET_SLOT(target);
	uint32_t size = balanced ? maglev_size(VIP_TARGET_SIZE(target)) : 0;
	struct spread spread = measure(rows->d, first, size);
	json_t *row = json_pack(
		"{s:s, s:i, s:s, s:s, s:I, s:I, s:I, s:I}", "vip", ip_str(&key->ip).s, "port",
		key->port, "protocol", protocol(key->proto), "mode", balanced ? "nat" : "address",
		"number", (json_int_t)VIP_TARGET_NUMBER(target), "firstSlot", (json_int_t)first,
		"slots", (json_int_t)size, "backends", (json_int_t)spread.backends);

	add_traffic(row, rows->d->v[V_VIP_STATS].fd, VIP_TARGET_NUMBER(target));
	json_array_append_new(rows->vips, row);
	if (spread.backends)
		json_array_append_new(rows->slots,
				      json_pack("{s:I, s:I, s:I, s:I, s:I}", "first",
						(json_int_t)first, "slots", (json_int_t)size,
						"backends", (json_int_t)spread.backends, "least",
						(json_int_t)spread.least, "most",
						(json_int_t)spread.most));
}

static void dump_vips(const struct dump *d, struct vip_rows *rows)
{
	/* Only looked at: it must not be initialised, which would write. */
	const struct vip_table table = {.v4 = d->v[V_VIPS4].memory,
					.v6 = d->v[V_VIPS6].memory,
					.buckets = d->v[V_VIPS4].entries};

	vip_table_each(&table, find_vip, rows);
	if (rows->found.n)
		qsort(rows->found.v, rows->found.n, sizeof(*rows->found.v), compare_found);
	array_each(&rows->found, f)
		dump_vip(rows, &f->key, f->target);
	array_free(&rows->found);
}

static json_t *dump_backends(const struct dump *d)
{
	const struct backend_value *values = d->v[V_BACKENDS].memory;
	json_t *rows = json_array();

	for (uint32_t i = 1; i < d->v[V_BACKENDS].entries; i++) {
		const struct backend_value *b = &values[i];
		struct ip_addr ip, nat;
		json_t *row;

		if (!b->flags)
			continue;
		ip = backend_ip(b);
		nat = backend_nat_addr(b);
		row = json_pack("{s:I, s:s, s:i, s:s, s:o, s:o, s:o, s:I}", "index", (json_int_t)i,
				"ip", ip_str(&ip).s, "port", ntohs(b->port), "natAddress",
				ip_str(&nat).s, "interface", interface_text(b->ifindex), "mac",
				mac_text(b->dst_mac), "flags", flags_text(b->flags), "generation",
				(json_int_t)b->generation);
		add_traffic(row, d->v[V_BACKEND_STATS].fd, i);
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *dump_flows(const struct dump *d, size_t max)
{
	struct flow_key key, *at = NULL;
	struct flow_value flow;
	json_t *rows = json_array();
	int fd = d->v[V_FLOWS].fd;

	while (json_array_size(rows) < max && bpf_map_get_next_key(fd, at, &key) == 0) {
		at = &key;
		if (bpf_map_lookup_elem(fd, &key, &flow) < 0)
			continue;
		json_array_append_new(
			rows,
			json_pack("{s:o, s:o, s:s, s:o, s:o, s:s}", "client",
				  endpoint(key.family, key.src, key.src_port), "vip",
				  endpoint(key.family, key.dst, key.dst_port), "protocol",
				  protocol(key.proto), "nat",
				  endpoint(key.family, flow.nat_addr, flow.nat_port), "backend",
				  endpoint(key.family, flow.backend_addr, flow.backend_port),
				  "state", state_of_flow(&flow)));
	}
	return rows;
}

static json_t *dump_drops(const struct dump *d)
{
#define ROW(id, name, text) {name, text},
	static const struct {
		const char *name, *text;
	} reasons[] = {DROP_REASONS(ROW)};
#undef ROW
	uint64_t counts[DROP_REASON_COUNT];
	json_t *rows = json_array();

	stats_drops(d->v[V_DROPS].fd, counts);
	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		json_array_append_new(rows, json_pack("{s:s, s:I, s:s}", "reason", reasons[i].name,
						      "packets", (json_int_t)counts[i], "meaning",
						      reasons[i].text));
	return rows;
}

int dump_json(const char *pin_dir, size_t max_flows, json_t **out, struct err *err)
{
	struct vip_rows rows;
	struct dump d = {0};
	int rc = open_views(pin_dir, &d, err);

	if (rc)
		return rc;
	rows = (struct vip_rows){&d, json_array(), json_array(), {0}};
	dump_vips(&d, &rows);
	*out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "config", dump_config(&d), "vips",
			 rows.vips, "slots", rows.slots, "backends", dump_backends(&d), "flows",
			 dump_flows(&d, max_flows), "drops", dump_drops(&d));
	close_views(&d);
	return 0;
}
