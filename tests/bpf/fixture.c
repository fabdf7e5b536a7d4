// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vipcast.skel.h"
#include "vipcast/flow_hash.h"

const struct cast casts[2] = {
	{"192.0.2.100", "198.51.100.1", "172.30.1.31", "172.30.1.21", "172.30.1.1", "192.0.2.101",
	 "172.30.1.32", AF_INET},
	{"2001:db8:c::100", "2001:db8:100::1", "2001:db8:30:1::31", "2001:db8:30:1::21",
	 "2001:db8:30:1::1", "2001:db8:c::101", "2001:db8:30:1::32", AF_INET6},
};

const struct kind kinds[4] = {
	{&casts[0], IPPROTO_TCP},
	{&casts[0], IPPROTO_UDP},
	{&casts[1], IPPROTO_TCP},
	{&casts[1], IPPROTO_UDP},
};

const uint8_t mac_router[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t mac_router2[6] = {0x02, 0, 0, 0, 0, 0x02};
const uint8_t mac_node[6] = {0x02, 0, 0, 0, 0, 0x21};
const uint8_t mac_backend[6] = {0x02, 0, 0, 0, 0, 0x31};
const uint8_t mac_backend2[6] = {0x02, 0, 0, 0, 0, 0x32};

/* ---- loading ------------------------------------------------------------------------------ */

/* A namespace of its own goes with the process, and what is in it. */
static int make_interfaces(struct fixture *fx)
{
	if (unshare(CLONE_NEWNET) < 0 ||
	    system("ip link add bpf-near type veth peer name bpf-far") != 0)
		return -1;
	fx->near = if_nametoindex("bpf-near");
	fx->far = if_nametoindex("bpf-far");
	return fx->near && fx->far ? 0 : -1;
}

static void set_sizes(const struct vipcast_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.vc_vips_v4, VIP_BUCKETS);
	bpf_map__set_max_entries(skel->maps.vc_vips_v6, VIP_BUCKETS);
	bpf_map__set_max_entries(skel->maps.vc_slots, SLOTS);
	bpf_map__set_max_entries(skel->maps.vc_backends, BACKENDS);
	bpf_map__set_max_entries(skel->maps.vc_backend_stats, BACKENDS);
	bpf_map__set_max_entries(skel->maps.vc_vip_stats, VIPS);
	bpf_map__set_max_entries(skel->maps.vc_flows, FLOWS);
	bpf_map__set_max_entries(skel->maps.vc_replies, FLOWS);
}

/* The kernel lays elements out in steps of 8 bytes. */
static size_t memory_size(const struct bpf_map *map)
{
	return (bpf_map__value_size(map) + 7) / 8 * 8 * bpf_map__max_entries(map);
}

static void *map_memory(const struct bpf_map *map)
{
	void *memory = mmap(NULL, memory_size(map), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);

	if (memory == MAP_FAILED) {
		perror(bpf_map__name(map));
		abort();
	}
	return memory;
}

int fixture_load(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx || make_interfaces(fx) < 0)
		return -1;
	fx->skel = vipcast_bpf__open();
	if (!fx->skel)
		return -1;
	set_sizes(fx->skel);
	if (vipcast_bpf__load(fx->skel))
		return -1;
	fx->config = map_memory(fx->skel->maps.vc_config);
	fx->vips_v4 = map_memory(fx->skel->maps.vc_vips_v4);
	fx->vips_v6 = map_memory(fx->skel->maps.vc_vips_v6);
	fx->slots = map_memory(fx->skel->maps.vc_slots);
	fx->backends = map_memory(fx->skel->maps.vc_backends);
	*state = fx;
	return 0;
}

int fixture_unload(void **state)
{
	struct fixture *fx = *state;

	if (!fx)
		return 0;
	munmap(fx->config, memory_size(fx->skel->maps.vc_config));
	munmap(fx->vips_v4, memory_size(fx->skel->maps.vc_vips_v4));
	munmap(fx->vips_v6, memory_size(fx->skel->maps.vc_vips_v6));
	munmap(fx->slots, memory_size(fx->skel->maps.vc_slots));
	munmap(fx->backends, memory_size(fx->skel->maps.vc_backends));
	vipcast_bpf__destroy(fx->skel);
	free(fx);
	return 0;
}

static void hash_clear(const struct bpf_map *map)
{
	struct flow_key key;

	while (bpf_map_get_next_key(bpf_map__fd(map), NULL, &key) == 0)
		bpf_map_delete_elem(bpf_map__fd(map), &key);
}

static void percpu_clear(const struct bpf_map *map)
{
	size_t size = (bpf_map__value_size(map) + 7) / 8 * 8;
	void *zero = calloc((size_t)libbpf_num_possible_cpus(), size);

	for (uint32_t i = 0; i < bpf_map__max_entries(map); i++)
		bpf_map_update_elem(bpf_map__fd(map), &i, zero, BPF_ANY);
	free(zero);
}

int fixture_reset(void **state)
{
	struct fixture *fx = *state;
	int devices = bpf_map__fd(fx->skel->maps.vc_devices);

	memset(fx->vips_v4, 0, memory_size(fx->skel->maps.vc_vips_v4));
	memset(fx->vips_v6, 0, memory_size(fx->skel->maps.vc_vips_v6));
	memset(fx->slots, 0, memory_size(fx->skel->maps.vc_slots));
	memset(fx->backends, 0, memory_size(fx->skel->maps.vc_backends));
	hash_clear(fx->skel->maps.vc_flows);
	hash_clear(fx->skel->maps.vc_replies);
	percpu_clear(fx->skel->maps.vc_vip_stats);
	percpu_clear(fx->skel->maps.vc_backend_stats);
	percpu_clear(fx->skel->maps.vc_drop_stats);
	*fx->config = (struct config_value){
		.version = MAPS_VERSION,
		.vip_bucket_mask = VIP_BUCKETS - 1,
		.hash_seed = {0x0706050403020100, 0x0f0e0d0c0b0a0908},
		.nat_port_first = NAT_FIRST,
		.nat_port_last = NAT_LAST,
	};
	fx->next_slot = 0;
	fx->ingress = fx->near;
	bpf_map_delete_elem(devices, &fx->far);
	return bpf_map_update_elem(devices, &fx->near, &fx->near, BPF_ANY);
}

void devices_add(struct fixture *fx, uint32_t ifindex)
{
	int rc = bpf_map_update_elem(bpf_map__fd(fx->skel->maps.vc_devices), &ifindex, &ifindex,
				     BPF_ANY);

	assert_int_equal(rc, 0);
}

/* ---- tables ------------------------------------------------------------------------------- */

static int parse_address(const char *text, __be32 out[4])
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	memset(out, 0, 16);
	assert_int_equal(inet_pton(family, text, out), 1);
	return family;
}

/* An entry's bucket: the first choice for even VIP numbers, the second for odd ones. */
static uint32_t bucket_of(uint64_t hash, uint64_t target)
{
	uint32_t half = (uint32_t)(VIP_TARGET_NUMBER(target) % 2 ? hash >> 32 : hash);

	return half & (VIP_BUCKETS - 1);
}

static void entry4_add(struct fixture *fx, __be32 addr, __be16 port, uint8_t proto, uint64_t target)
{
	struct vip4_bucket *bucket =
		&fx->vips_v4[bucket_of(vip_hash_v4(addr, port, proto), target)];

	for (int i = 0; i < VIP4_BUCKET_ENTRIES; i++) {
		struct vip4_entry *e = &bucket->entry[i];

		if (e->target)
			continue;
		*e = (struct vip4_entry){addr, port, proto, 0, target};
		return;
	}
	fail_msg("the bucket is full");
}

static void entry6_add(struct fixture *fx, const __be32 addr[4], __be16 port, uint8_t proto,
		       uint64_t target)
{
	struct vip6_bucket *bucket =
		&fx->vips_v6[bucket_of(vip_hash_v6(addr, port, proto), target)];

	for (int i = 0; i < VIP6_BUCKET_ENTRIES; i++) {
		struct vip6_entry *e = &bucket->entry[i];

		if (e->target)
			continue;
		*e = (struct vip6_entry){.port = port, .proto = proto, .target = target};
		memcpy(e->addr, addr, sizeof(e->addr));
		return;
	}
	fail_msg("the bucket is full");
}

static void entry_add(struct fixture *fx, const char *text, uint16_t port, uint8_t proto,
		      uint64_t target)
{
	__be32 addr[4];

	if (parse_address(text, addr) == AF_INET6)
		entry6_add(fx, addr, htons(port), proto, target);
	else
		entry4_add(fx, addr[0], htons(port), proto, target);
}

void vip_remove(struct fixture *fx, const char *text, uint16_t port, uint8_t proto)
{
	__be32 addr[4];
	int family = parse_address(text, addr);

	for (size_t i = 0; i < VIP_BUCKETS * VIP4_BUCKET_ENTRIES && family == AF_INET; i++) {
		struct vip4_entry *e =
			&fx->vips_v4[i / VIP4_BUCKET_ENTRIES].entry[i % VIP4_BUCKET_ENTRIES];

		if (e->addr == addr[0] && e->port == htons(port) && e->proto == proto)
			e->target = 0;
	}
	for (size_t i = 0; i < VIP_BUCKETS * VIP6_BUCKET_ENTRIES && family == AF_INET6; i++) {
		struct vip6_entry *e =
			&fx->vips_v6[i / VIP6_BUCKET_ENTRIES].entry[i % VIP6_BUCKET_ENTRIES];

		if (memcmp(e->addr, addr, 16) == 0 && e->port == htons(port) && e->proto == proto)
			e->target = 0;
	}
}

void vip_add_sized(struct fixture *fx, const char *addr, uint16_t port, uint8_t proto,
		   uint32_t number, uint32_t row, const uint32_t *backends, size_t count)
{
	static const uint32_t primes[] = MAGLEV_PRIMES;
	uint32_t first = fx->next_slot;

	assert_true(first + primes[row] <= SLOTS);
	fx->next_slot += primes[row];
	for (uint32_t i = 0; i < primes[row]; i++)
		fx->slots[first + i].backend = count ? backends[i % count] : 0;
	entry_add(fx, addr, 0, 0, VIP_TARGET(0, 0, VIP_MODE_ADDRESS, number));
	entry_add(fx, addr, port, proto, VIP_TARGET(first, row, VIP_MODE_NAT, number));
}

void vip_add(struct fixture *fx, const char *addr, uint16_t port, uint8_t proto, uint32_t number,
	     const uint32_t *backends, size_t count)
{
	vip_add_sized(fx, addr, port, proto, number, 0, backends, count);
}

struct backend_value *backend_add(struct fixture *fx, uint32_t index, const char *addr,
				  uint16_t port, const char *nat_addr)
{
	struct backend_value *b = &fx->backends[index];

	b->flags = BACKEND_USED | BACKEND_UP;
	if (parse_address(addr, b->addr) == AF_INET6)
		b->flags |= BACKEND_IPV6;
	parse_address(nat_addr, b->nat_addr);
	b->port = htons(port);
	b->ifindex = fx->near;
	b->generation = 1;
	memcpy(b->dst_mac, mac_backend, 6);
	memcpy(b->src_mac, mac_node, 6);
	return b;
}

void scene_basic(struct fixture *fx)
{
	for (uint32_t i = 0; i < 2; i++) {
		const uint32_t backends[] = {1 + 2 * i, 2 + 2 * i};

		backend_add(fx, backends[0], casts[i].backend, 8080, casts[i].nat);
		backend_add(fx, backends[1], casts[i].other_backend, 8080, casts[i].nat);
		memcpy(fx->backends[backends[1]].dst_mac, mac_backend2, 6);
		vip_add(fx, casts[i].vip, 80, IPPROTO_TCP, 1, backends, 2);
		vip_add(fx, casts[i].vip, 53, IPPROTO_UDP, 2, backends, 2);
	}
}

void slots_point_to(struct fixture *fx, uint32_t index)
{
	for (uint32_t i = 0; i < fx->next_slot; i++)
		fx->slots[i].backend = index;
}

uint32_t other_backend(uint32_t index)
{
	return index % 2 ? index + 1 : index - 1;
}

/* ---- counters ----------------------------------------------------------------------------- */

struct drops drops_read(struct fixture *fx)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t *values = calloc((size_t)cpus, sizeof(*values));
	struct drops drops = {{0}};

	for (uint32_t i = 0; i < DROP_REASON_COUNT; i++) {
		bpf_map_lookup_elem(bpf_map__fd(fx->skel->maps.vc_drop_stats), &i, values);
		for (int c = 0; c < cpus; c++)
			drops.count[i] += values[c];
	}
	free(values);
	return drops;
}

static struct traffic_stats stats_read(const struct bpf_map *map, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus();
	struct traffic_stats *values = calloc((size_t)cpus, sizeof(*values)), total = {0};

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(map), &index, values), 0);
	for (int c = 0; c < cpus; c++) {
		total.packets += values[c].packets;
		total.bytes += values[c].bytes;
		total.reply_packets += values[c].reply_packets;
		total.reply_bytes += values[c].reply_bytes;
		total.new_flows += values[c].new_flows;
	}
	free(values);
	return total;
}

struct traffic_stats vip_stats(struct fixture *fx, uint32_t number)
{
	return stats_read(fx->skel->maps.vc_vip_stats, number);
}

struct traffic_stats backend_stats(struct fixture *fx, uint32_t index)
{
	return stats_read(fx->skel->maps.vc_backend_stats, index);
}

/* ---- flow records ------------------------------------------------------------------------- */

struct flow_key key_of(const struct spec *packet)
{
	struct flow_key key = {
		.src_port = htons(packet->src_port),
		.dst_port = htons(packet->dst_port),
		.proto = packet->proto,
	};

	key.family = (__u8)parse_address(packet->src, key.src);
	parse_address(packet->dst, key.dst);
	return key;
}

int flow_get(struct fixture *fx, const struct spec *from_client, struct flow_value *flow)
{
	struct flow_key key = key_of(from_client);

	return bpf_map_lookup_elem(bpf_map__fd(fx->skel->maps.vc_flows), &key, flow);
}

void flow_set(struct fixture *fx, const struct spec *from_client, const struct flow_value *flow)
{
	struct flow_key key = key_of(from_client);

	bpf_map_update_elem(bpf_map__fd(fx->skel->maps.vc_flows), &key, flow, BPF_ANY);
}

void flow_delete(struct fixture *fx, const struct spec *from_client)
{
	struct flow_key key = key_of(from_client);

	bpf_map_delete_elem(bpf_map__fd(fx->skel->maps.vc_flows), &key);
}

int reply_get(struct fixture *fx, const struct spec *from_backend, struct reply_value *reply)
{
	struct flow_key key = key_of(from_backend);

	return bpf_map_lookup_elem(bpf_map__fd(fx->skel->maps.vc_replies), &key, reply);
}

void reply_set(struct fixture *fx, const struct spec *from_backend, const struct reply_value *reply)
{
	struct flow_key key = key_of(from_backend);

	bpf_map_update_elem(bpf_map__fd(fx->skel->maps.vc_replies), &key, reply, BPF_ANY);
}

void reply_delete(struct fixture *fx, const struct spec *from_backend)
{
	struct flow_key key = key_of(from_backend);

	bpf_map_delete_elem(bpf_map__fd(fx->skel->maps.vc_replies), &key);
}

static size_t keys_count(const struct bpf_map *map)
{
	struct flow_key key, *before = NULL;
	size_t n = 0;

	while (bpf_map_get_next_key(bpf_map__fd(map), before, &key) == 0) {
		before = &key;
		n++;
	}
	return n;
}

size_t flows_count(struct fixture *fx)
{
	return keys_count(fx->skel->maps.vc_flows);
}

size_t replies_count(struct fixture *fx)
{
	return keys_count(fx->skel->maps.vc_replies);
}
