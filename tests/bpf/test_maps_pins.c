/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "maps/backend_table.h"
#include "maps/dump.h"
#include "maps/mapset.h"
#include "maps/pins.h"
#include "maps/slot_alloc.h"
#include "maps/stats.h"
#include "maps/vip_table.h"
#include "util/mem.h"

/* Maps that are really pinned: one folder of the bpffs a test. */

static const struct mapset_sizes small = {64, 4096, 64, 64, 1024};
static const uint64_t seed[2] = {3, 4};

struct fixture {
	char *pin_dir;
	struct mapset *ms;
	struct err err;
};

static int open_fixture(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->pin_dir = xasprintf("/sys/fs/bpf/vipcast-test-%d", getpid());
	*state = f;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;

	mapset_close(f->ms);
	mapset_remove(f->pin_dir, NULL);
	free(f->pin_dir);
	free(f);
	return 0;
}

static void open_maps(struct fixture *f)
{
	int rc = mapset_open(f->pin_dir, &small, &f->ms, &f->err);

	if (rc)
		fail_msg("%s", f->err.msg);
}

static void close_maps(struct fixture *f)
{
	mapset_close(f->ms);
	f->ms = NULL;
}

static uint32_t map_id(const struct fixture *f, const char *name)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(mapset_map_fd(f->ms, name), &info, &len), 0);
	return info.id;
}

static void maps_are_adopted_with_all_that_is_in_them(void **state)
{
	struct fixture *f = *state;
	uint32_t ids[32];

	open_maps(f);
	assert_false(f->ms->adopted);
	mapset_configure(f->ms, seed, 10000, 29999);
	f->ms->slots[4095].backend = 77;
	f->ms->backends[63].port = 5;
	f->ms->vips_v4[63].entry[3].target = 9;
	f->ms->vips_v6[63].entry[1].target = 10;
	for (size_t i = 0; i < pin_name_count; i++)
		ids[i] = map_id(f, pin_names[i]);
	close_maps(f);

	open_maps(f);
	assert_true(f->ms->adopted);
	for (size_t i = 0; i < pin_name_count; i++)
		assert_int_equal(map_id(f, pin_names[i]), ids[i]);
	assert_int_equal(f->ms->slots[4095].backend, 77);
	assert_int_equal(f->ms->backends[63].port, 5);
	assert_int_equal(f->ms->vips_v4[63].entry[3].target, 9);
	assert_int_equal(f->ms->vips_v6[63].entry[1].target, 10);
	assert_int_equal(f->ms->config->nat_port_last, 29999);
}

static void the_kernel_reads_what_is_stored_in_memory(void **state)
{
	struct fixture *f = *state;
	slot_value slot;
	uint32_t key = 1234;

	open_maps(f);
	f->ms->slots[key].backend = 42;
	assert_int_equal(bpf_map_lookup_elem(mapset_map_fd(f->ms, MAP_SLOTS), &key, &slot), 0);
	assert_int_equal(slot, 42);
}

static void pinned_sizes_hold(void **state)
{
	struct fixture *f = *state;

	open_maps(f);
	close_maps(f);
	assert_int_equal(mapset_open(f->pin_dir, NULL, &f->ms, &f->err), 0);
	assert_memory_equal(&f->ms->sizes, &small, sizeof(small));
}

static void a_map_that_lost_its_pin_is_made_again(void **state)
{
	struct fixture *f = *state;
	char *path = pin_path(f->pin_dir, MAP_DROP_STATS);

	open_maps(f);
	close_maps(f);
	unlink(path);
	open_maps(f);
	assert_int_equal(access(path, F_OK), 0);
	free(path);
}

static void a_second_process_is_refused(void **state)
{
	struct fixture *f = *state;
	struct mapset *second = NULL;

	open_maps(f);
	assert_int_equal(mapset_open(f->pin_dir, &small, &second, &f->err), -EBUSY);
	assert_non_null(strstr(f->err.msg, f->pin_dir));
	assert_int_equal(mapset_remove(f->pin_dir, &f->err), -EBUSY);
	assert_int_equal(mapset_map_fd(f->ms, MAP_FLOWS) >= 0, 1);
}

static void another_layout_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	char *path = pin_path(f->pin_dir, MAP_BACKENDS);
	int fd;

	open_maps(f);
	close_maps(f);
	unlink(path);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "stranger", 4, 32, 64, NULL);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	close(fd);
	assert_int_equal(mapset_open(f->pin_dir, &small, &f->ms, &f->err), -EPROTO);
	assert_non_null(strstr(f->err.msg, path));
	free(path);
}

static void another_version_is_refused(void **state)
{
	struct fixture *f = *state;

	open_maps(f);
	mapset_configure(f->ms, seed, 1, 2);
	f->ms->config->version = MAPS_VERSION + 1;
	close_maps(f);
	assert_int_equal(mapset_open(f->pin_dir, &small, &f->ms, &f->err), -EPROTO);
}

static void a_folder_elsewhere_is_refused(void **state)
{
	struct fixture *f = *state;
	char *dir = xasprintf("/tmp/vipcast-test-%d", getpid());

	assert_int_equal(mapset_open(dir, &small, &f->ms, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.msg, "mount -t bpf"));
	rmdir(dir);
	free(dir);
}

static void removing_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	open_maps(f);
	close_maps(f);
	assert_int_equal(mapset_remove(f->pin_dir, &f->err), 0);
	assert_int_equal(access(f->pin_dir, F_OK), -1);
	assert_int_equal(mapset_remove(f->pin_dir, &f->err), 0);
}

static void devices_are_exactly_those_named(void **state)
{
	static const uint32_t first[] = {1}, none[1] = {0};
	struct fixture *f = *state;
	uint32_t key = 1, value = 0;
	int fd;

	open_maps(f);
	fd = mapset_map_fd(f->ms, MAP_DEVICES);
	assert_int_equal(mapset_set_devices(f->ms, first, 1, &f->err), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(mapset_set_devices(f->ms, none, 0, &f->err), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &value) < 0, 1);
}

static void counters_are_summed_over_cpus_and_reset(void **state)
{
	struct fixture *f = *state;
	int fd, cpus = libbpf_num_possible_cpus();
	struct traffic_stats *each = xcalloc((size_t)cpus, sizeof(*each)), sum;
	uint32_t index = 7;

	open_maps(f);
	fd = mapset_map_fd(f->ms, MAP_VIP_STATS);
	for (int cpu = 0; cpu < cpus; cpu++)
		each[cpu] = (struct traffic_stats){1, 100, 2, 200, 3};
	assert_int_equal(bpf_map_update_elem(fd, &index, each, BPF_ANY), 0);
	assert_int_equal(stats_traffic(fd, index, &sum), 0);
	assert_int_equal(sum.packets, cpus);
	assert_int_equal(sum.bytes, 100 * cpus);
	assert_int_equal(sum.reply_packets, 2 * cpus);
	assert_int_equal(sum.reply_bytes, 200 * cpus);
	assert_int_equal(sum.new_flows, 3 * cpus);
	assert_int_equal(stats_traffic_reset(fd, index), 0);
	assert_int_equal(stats_traffic(fd, index, &sum), 0);
	assert_int_equal(sum.packets, 0);
	assert_true(stats_traffic(fd, 1 << 20, &sum) < 0);
	free(each);
}

static const char *field(const json_t *dump, const char *section, size_t row, const char *name)
{
	const json_t *object = json_array_get(json_object_get(dump, section), row);

	return json_string_value(json_object_get(object, name));
}

static void the_dump_decodes_what_is_pinned(void **state)
{
	struct fixture *f = *state;
	struct vip_key key = {.port = 80, .proto = 6};
	struct backend_path path = {.ifindex = 1, .dst_mac = {2, 0, 0, 0, 0, 9}, .resolved = true};
	struct flow_key flow_key = {.src = {htonl(0xc0000264)},
				    .dst = {htonl(0xc6336401)},
				    .src_port = htons(4242),
				    .dst_port = htons(80),
				    .proto = 6,
				    .family = AF_INET};
	struct flow_value flow = {.nat_addr = {htonl(0x0a000001)},
				  .nat_port = htons(10001),
				  .backend_addr = {htonl(0x0a000002)},
				  .backend_port = htons(8080),
				  .state = FLOW_ESTABLISHED};
	struct backend_table backends;
	struct ip_addr ip, nat;
	struct vip_table vips;
	json_t *dump;

	open_maps(f);
	mapset_configure(f->ms, seed, 10000, 29999);
	ip_parse("10.0.0.2", &ip, NULL);
	ip_parse("10.0.0.1", &nat, NULL);
	ip_parse("198.51.100.1", &key.ip, NULL);
	backend_table_init(&backends, f->ms->backends, f->ms->sizes.backends, 0);
	assert_int_equal(backend_table_add(&backends, &ip, 8080, &nat, &path, 0, 0), 1);
	for (uint32_t i = 251; i < 502; i++)
		f->ms->slots[i].backend = 1;
	vip_table_init(&vips, f->ms->vips_v4, f->ms->vips_v6, f->ms->sizes.vip_buckets, 0, 0);
	vip_table_set(&vips, &key, VIP_TARGET(251, 0, VIP_MODE_NAT, 5), 0);
	bpf_map_update_elem(mapset_map_fd(f->ms, MAP_FLOWS), &flow_key, &flow, BPF_ANY);

	assert_int_equal(dump_json(f->pin_dir, 100, &dump, &f->err), 0);
	assert_string_equal(field(dump, "vips", 0, "vip"), "198.51.100.1");
	assert_string_equal(field(dump, "vips", 0, "protocol"), "TCP");
	assert_string_equal(field(dump, "vips", 0, "mode"), "nat");
	assert_string_equal(field(dump, "backends", 0, "ip"), "10.0.0.2");
	assert_string_equal(field(dump, "backends", 0, "natAddress"), "10.0.0.1");
	assert_string_equal(field(dump, "backends", 0, "interface"), "lo");
	assert_string_equal(field(dump, "backends", 0, "mac"), "02:00:00:00:00:09");
	assert_string_equal(field(dump, "backends", 0, "flags"), "up");
	assert_string_equal(field(dump, "flows", 0, "client"), "192.0.2.100:4242");
	assert_string_equal(field(dump, "flows", 0, "nat"), "10.0.0.1:10001");
	assert_string_equal(field(dump, "flows", 0, "backend"), "10.0.0.2:8080");
	assert_string_equal(field(dump, "flows", 0, "state"), "established");
	assert_string_equal(field(dump, "drops", 0, "reason"), "malformed");
	assert_int_equal(json_array_size(json_object_get(dump, "drops")), DROP_REASON_COUNT);
	assert_null(json_object_get(json_object_get(dump, "config"), "seed"));
	json_decref(dump);
	vip_table_destroy(&vips);
	backend_table_destroy(&backends);
}

static void the_dump_says_what_is_missing(void **state)
{
	struct fixture *f = *state;
	json_t *dump;

	assert_true(dump_json(f->pin_dir, 1, &dump, &f->err) < 0);
	assert_non_null(strstr(f->err.msg, f->pin_dir));
}

#define test(t) cmocka_unit_test_setup_teardown(t, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(maps_are_adopted_with_all_that_is_in_them),
		test(the_kernel_reads_what_is_stored_in_memory),
		test(pinned_sizes_hold),
		test(a_map_that_lost_its_pin_is_made_again),
		test(a_second_process_is_refused),
		test(another_layout_is_refused_by_name),
		test(another_version_is_refused),
		test(a_folder_elsewhere_is_refused),
		test(removing_leaves_nothing),
		test(devices_are_exactly_those_named),
		test(counters_are_summed_over_cpus_and_reset),
		test(the_dump_decodes_what_is_pinned),
		test(the_dump_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
