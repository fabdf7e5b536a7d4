/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/ageing.h"
#include "dataplane/publish.h"
#include "maps/maglev.h"
#include "maps/mapset.h"
#include "packet.h"
#include "util/mem.h"

/*
 * What user space publishes, as the XDP program sees it: packets go in by BPF_PROG_TEST_RUN and
 * must come out at the backend that the table says.
 */

#define BACKENDS 3
#define CLIENT	 "192.0.2.100"
#define VIP	 "198.51.100.1"
#define NODE	 "172.30.1.21"

static const struct mapset_sizes small = {64, 8192, 64, 64, 1024};
static const uint64_t seed[2] = {0x1122334455667788ULL, 0x99aabbccddeeff00ULL};
static const uint8_t mac_router[6] = {2, 0, 0, 0, 0, 1}, mac_node[6] = {2, 0, 0, 0, 0, 2};

struct fixture {
	char *pin_dir;
	struct mapset *ms;
	struct publisher p;
	struct compiled wanted;
	struct nexthop nexthops[BACKENDS];
	struct err err;
};

/* ---- publishing --------------------------------------------------------------------------- */

static void open_maps(struct fixture *f)
{
	struct publisher_maps maps = {0};

	if (mapset_open(f->pin_dir, &small, &f->ms, &f->err))
		fail_msg("%s", f->err.msg);
	mapset_configure(f->ms, seed, 10000, 29999);
	maps.v4 = f->ms->vips_v4;
	maps.v6 = f->ms->vips_v6;
	maps.buckets = f->ms->sizes.vip_buckets;
	maps.slots = f->ms->slots;
	maps.slot_count = f->ms->sizes.slots;
	maps.backends = f->ms->backends;
	maps.backend_count = f->ms->sizes.backends;
	maps.vip_numbers = f->ms->sizes.vips;
	publisher_init(&f->p, &maps, seed, 0, &f->err);
	assert_string_equal(f->err.msg, "");
}

static void close_maps(struct fixture *f)
{
	publisher_destroy(&f->p);
	mapset_close(f->ms);
	f->ms = NULL;
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ip_parse(text, &out, NULL), 0);
	return out;
}

static struct ip_addr backend_address(uint32_t n)
{
	uint32_t host = htonl(0xac1e011f + n); /* 172.30.1.31 ... */

	return ip_from_v4(&host);
}

/* VIP:80/TCP with N backends, 172.30.1.31:8080 and so on. */
static void want(struct fixture *f, size_t n)
{
	struct compiled_service *s;

	compiled_free(&f->wanted);
	for (uint32_t i = 0; i < n; i++) {
		array_push(&f->wanted.backends,
			   ((struct compiled_backend){backend_address(i), 8080, false}));
		array_push(&f->wanted.refs, i);
		f->nexthops[i].nat_addr = ip(NODE);
		f->nexthops[i].path.ifindex = 1; /* where test packets come in: lo */
		f->nexthops[i].path.resolved = true;
		f->nexthops[i].path.dst_mac[5] = (uint8_t)(0x31 + i);
		memcpy(f->nexthops[i].path.src_mac, mac_node, 6);
	}
	s = array_new(&f->wanted.services);
	s->key.ip = ip(VIP);
	s->service = xstrdup("shop/web");
	s = array_new(&f->wanted.services);
	s->key = (struct vip_key){ip(VIP), 80, IPPROTO_TCP};
	s->service = xstrdup("shop/web");
	s->active = n;
}

static void publish(struct fixture *f, uint64_t now)
{
	struct publish_result result;

	if (publisher_apply(&f->p, &f->wanted, f->nexthops, now, &result, &f->err))
		fail_msg("%s", f->err.msg);
}

static int open_fixture(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->pin_dir = xasprintf("/sys/fs/bpf/vipcast-test-%d", getpid());
	open_maps(f);
	want(f, BACKENDS);
	publish(f, 1000);
	*state = f;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;

	close_maps(f);
	mapset_remove(f->pin_dir, NULL);
	compiled_free(&f->wanted);
	free(f->pin_dir);
	free(f);
	return 0;
}

/* ---- packets ------------------------------------------------------------------------------ */

static struct spec ask(uint16_t client_port, uint8_t tcp_flags)
{
	return (struct spec){.src_mac = mac_router,
			     .dst_mac = mac_node,
			     .src = CLIENT,
			     .dst = VIP,
			     .proto = IPPROTO_TCP,
			     .src_port = client_port,
			     .dst_port = 80,
			     .tcp_flags = tcp_flags};
}

/* Runs the program on a packet. Returns the verdict; *BACKEND is the last byte of where it went. */
static uint32_t run(struct fixture *f, const struct spec *spec, uint8_t *backend)
{
	struct frame in = frame_of(spec), out = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.b, .data_size_in = (__u32)in.len,
		    .data_out = out.b, .data_size_out = sizeof(out.b));

	assert_int_equal(bpf_prog_test_run_opts(mapset_program_fd(f->ms, "vipcast_xdp"), &opts), 0);
	*backend = out.b[ETH_LEN + 19];
	return opts.retval;
}

/* The last byte of the backend's address on the slot that a flow falls on. */
static uint8_t expected(const struct fixture *f, uint16_t client_port)
{
	struct ip_addr client = ip(CLIENT), vip = ip(VIP);
	struct vip_key key = {vip, 80, IPPROTO_TCP};
	uint64_t target = vip_table_find(&f->p.vips, &key);
	__u64 key_seed[2] = {seed[0], seed[1]};
	__be32 src, dst;
	uint32_t slot;
	__u64 hash;

	memcpy(&src, client.b, 4);
	memcpy(&dst, vip.b, 4);
	hash = flow_hash_v4(key_seed, src, dst, htons(client_port), htons(80), IPPROTO_TCP);
	slot = VIP_TARGET_SLOT(target) + flow_slot(hash, maglev_size(VIP_TARGET_SIZE(target)));
	return (uint8_t)ntohl(f->ms->backends[f->ms->slots[slot].backend].addr[0]);
}

static uint32_t count(int fd)
{
	struct flow_key key, *at = NULL;
	uint32_t n = 0;

	for (; bpf_map_get_next_key(fd, at, &key) == 0; at = &key)
		n++;
	return n;
}

/* ---- tests -------------------------------------------------------------------------------- */

static void packets_go_where_the_table_says(void **state)
{
	struct fixture *f = *state;
	uint32_t seen[BACKENDS] = {0};

	for (uint16_t port = 1000; port < 1300; port++) {
		struct spec syn = ask(port, TCP_SYN);
		uint8_t backend;

		assert_int_equal(run(f, &syn, &backend), XDP_TX);
		assert_int_equal(backend, expected(f, port));
		assert_in_range(backend, 31, 33);
		seen[backend - 31]++;
	}
	for (int i = 0; i < BACKENDS; i++)
		assert_in_range(seen[i], 60, 140);
}

static void a_vip_without_backends_drops(void **state)
{
	struct spec syn = ask(1000, TCP_SYN);
	struct fixture *f = *state;
	uint8_t backend;

	want(f, 0);
	publish(f, 2000);
	assert_int_equal(run(f, &syn, &backend), XDP_DROP);
}

static void a_removed_vip_is_no_business_of_ours(void **state)
{
	struct spec syn = ask(1000, TCP_SYN);
	struct fixture *f = *state;
	uint8_t backend;

	compiled_free(&f->wanted);
	publish(f, 2000);
	assert_int_equal(run(f, &syn, &backend), XDP_PASS);
}

static void flows_stay_where_they_are_through_a_restart(void **state)
{
	struct fixture *f = *state;
	uint8_t before[200], after;

	for (uint16_t port = 0; port < 200; port++) {
		struct spec syn = ask((uint16_t)(2000 + port), TCP_SYN);

		run(f, &syn, &before[port]);
	}
	close_maps(f);
	open_maps(f);
	assert_true(f->ms->adopted);
	publish(f, 5000);
	for (uint16_t port = 0; port < 200; port++) {
		struct spec ack = ask((uint16_t)(2000 + port), TCP_ACK);

		assert_int_equal(run(f, &ack, &after), XDP_TX);
		assert_int_equal(after, before[port]);
	}
	assert_int_equal(count(mapset_map_fd(f->ms, MAP_FLOWS)), 200);
}

static void flows_stay_when_backends_come(void **state)
{
	struct fixture *f = *state;
	uint8_t before[200], after;

	want(f, 2);
	publish(f, 2000);
	for (uint16_t port = 0; port < 200; port++) {
		struct spec syn = ask((uint16_t)(2000 + port), TCP_SYN);

		run(f, &syn, &before[port]);
	}
	want(f, 3);
	publish(f, 3000);
	for (uint16_t port = 0; port < 200; port++) {
		struct spec ack = ask((uint16_t)(2000 + port), TCP_ACK);

		run(f, &ack, &after);
		assert_int_equal(after, before[port]);
	}
}

static void a_removed_backend_gets_nothing_more(void **state)
{
	struct fixture *f = *state;
	uint8_t backend;

	for (uint16_t port = 2000; port < 2200; port++) {
		struct spec syn = ask(port, TCP_SYN);

		run(f, &syn, &backend);
	}
	want(f, 2);
	publish(f, 2000);
	publisher_tick(&f->p, 2000 + MAPS_REST_MS);
	for (uint16_t port = 2000; port < 2200; port++) {
		struct spec ack = ask(port, TCP_ACK);

		assert_int_equal(run(f, &ack, &backend), XDP_TX);
		assert_in_range(backend, 31, 32);
	}
}

static void a_draining_backend_keeps_its_flows_and_gets_no_new_ones(void **state)
{
	struct fixture *f = *state;
	uint8_t before[200], backend;
	uint32_t kept = 0;

	for (uint16_t port = 0; port < 200; port++) {
		struct spec syn = ask((uint16_t)(2000 + port), TCP_SYN);

		run(f, &syn, &before[port]);
	}
	f->wanted.backends.v[2].draining = true;
	f->wanted.services.v[1].active = 2;
	f->wanted.services.v[1].draining = 1;
	publish(f, 2000);
	for (uint16_t port = 0; port < 200; port++) {
		struct spec ack = ask((uint16_t)(2000 + port), TCP_ACK);
		struct spec syn = ask((uint16_t)(4000 + port), TCP_SYN);

		run(f, &ack, &backend);
		assert_int_equal(backend, before[port]);
		kept += backend == 33;
		run(f, &syn, &backend);
		assert_int_not_equal(backend, 33);
	}
	assert_true(kept > 0);
}

/* ---- ageing ------------------------------------------------------------------------------- */

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Ticks until the flow table has N entries and the reply table as many; false after 20 s. */
static bool ages_to(struct fixture *f, struct ageing *ageing, uint32_t flows, uint32_t replies)
{
	int flows_fd = mapset_map_fd(f->ms, MAP_FLOWS);
	int replies_fd = mapset_map_fd(f->ms, MAP_REPLIES);

	for (uint64_t end = clock_ms() + 20000; clock_ms() < end; usleep(20000)) {
		ageing_tick(ageing, clock_ms());
		if (count(flows_fd) == flows && count(replies_fd) == replies &&
		    ageing_flows(ageing) == flows)
			return true;
	}
	return false;
}

/* Makes the flows of client ports below PORT older. */
static void backdate_flows(struct fixture *f, uint32_t seconds, uint16_t port)
{
	int fd = mapset_map_fd(f->ms, MAP_FLOWS);
	ARRAY(struct flow_key) keys = {0};
	struct flow_key key, *at = NULL;

	/* Writing while walking could meet a key again and again. */
	for (; bpf_map_get_next_key(fd, at, &key) == 0; at = &key)
		if (ntohs(key.src_port) < port)
			array_push(&keys, key);
	array_each(&keys, k) {
		struct flow_value flow;

		assert_int_equal(bpf_map_lookup_elem(fd, k, &flow), 0);
		flow.last_seen -= seconds * 1000; /* at any tick rate at least that long ago */
		assert_int_equal(bpf_map_update_elem(fd, k, &flow, BPF_EXIST), 0);
	}
	array_free(&keys);
}

static void silent_flows_go_in_both_directions(void **state)
{
	struct fixture *f = *state;
	struct ageing *ageing = ageing_new(f->ms);
	uint8_t backend;

	for (uint16_t port = 2000; port < 2100; port++) {
		struct spec syn = ask(port, TCP_SYN);

		run(f, &syn, &backend);
	}
	assert_int_equal(count(mapset_map_fd(f->ms, MAP_REPLIES)), 100);
	backdate_flows(f, ageing_limit(IPPROTO_TCP, FLOW_NEW) + 1, 2060);
	assert_true(ages_to(f, ageing, 40, 40));
	ageing_free(ageing);
}

static void flows_are_counted_by_vip_and_backend(void **state)
{
	struct fixture *f = *state;
	struct ageing *ageing = ageing_new(f->ms);
	struct vip_key key = {ip(VIP), 80, IPPROTO_TCP};
	uint32_t number = VIP_TARGET_NUMBER(vip_table_find(&f->p.vips, &key));
	uint32_t seen[BACKENDS] = {0};
	uint8_t backend;

	for (uint16_t port = 2000; port < 2100; port++) {
		struct spec syn = ask(port, TCP_SYN);

		run(f, &syn, &backend);
		seen[backend - 31]++;
	}
	assert_true(ages_to(f, ageing, 100, 100));
	assert_int_equal(ageing_flows_of_vip(ageing, number), 100);
	for (size_t i = 0; i < BACKENDS; i++)
		assert_int_equal(ageing_flows_of_backend(ageing, f->p.published.v[i].index),
				 seen[i]);
	ageing_free(ageing);
}

static void replies_without_a_flow_go(void **state)
{
	struct fixture *f = *state;
	struct ageing *ageing = ageing_new(f->ms);
	int fd = mapset_map_fd(f->ms, MAP_FLOWS);
	struct flow_key key;
	uint8_t backend;
	int n = 0;

	for (uint16_t port = 2000; port < 2050; port++) {
		struct spec syn = ask(port, TCP_SYN);

		run(f, &syn, &backend);
	}
	for (; n < 20 && bpf_map_get_next_key(fd, NULL, &key) == 0; n++)
		bpf_map_delete_elem(fd, &key);
	assert_true(ages_to(f, ageing, 30, 30));
	ageing_free(ageing);
}

#define test(t) cmocka_unit_test_setup_teardown(t, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(packets_go_where_the_table_says),
		test(a_vip_without_backends_drops),
		test(a_removed_vip_is_no_business_of_ours),
		test(flows_stay_where_they_are_through_a_restart),
		test(flows_stay_when_backends_come),
		test(a_removed_backend_gets_nothing_more),
		test(a_draining_backend_keeps_its_flows_and_gets_no_new_ones),
		test(silent_flows_go_in_both_directions),
		test(flows_are_counted_by_vip_and_backend),
		test(replies_without_a_flow_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
