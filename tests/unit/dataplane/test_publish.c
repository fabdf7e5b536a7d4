/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dataplane/publish.h"
#include "maps/maglev.h"

static const uint64_t seed[2] = {11, 22};

struct fixture {
	struct publisher_maps maps;
	struct publisher p;
	struct compiled wanted;
	struct nexthop *nexthops;
	struct publish_result result;
	struct err err;
	uint32_t resets;
};

static void reset(void *ctx, uint32_t number)
{
	struct fixture *f = ctx;

	(void)number;
	f->resets++;
}

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) / 64 * 64);

	memset(p, 0, size);
	return p;
}

static void open_sized(struct fixture *f, uint32_t slots, uint32_t backends)
{
	memset(f, 0, sizeof(*f));
	f->maps.buckets = 1 << 14;
	f->maps.v4 = zeroed(f->maps.buckets * sizeof(*f->maps.v4));
	f->maps.v6 = zeroed(f->maps.buckets * sizeof(*f->maps.v6));
	f->maps.slot_count = slots;
	f->maps.slots = zeroed(slots * sizeof(*f->maps.slots));
	f->maps.backend_count = backends;
	f->maps.backends = zeroed(backends * sizeof(*f->maps.backends));
	f->maps.vip_numbers = 1 << 16;
	f->maps.reset_vip_stats = reset;
	f->maps.ctx = f;
	publisher_init(&f->p, &f->maps, seed, 0, &f->err);
	assert_string_equal(f->err.msg, "");
}

static int open_fixture(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	open_sized(f, 100000, 1000);
	*state = f;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;

	publisher_destroy(&f->p);
	compiled_free(&f->wanted);
	free(f->nexthops);
	free(f->maps.v4);
	free(f->maps.v6);
	free(f->maps.slots);
	free(f->maps.backends);
	free(f);
	return 0;
}

/* ---- a compiled list, in few words -------------------------------------------------------- */

static struct ip_addr ip_of(uint32_t host)
{
	host = htonl(host);
	return ip_from_v4(&host);
}

static struct vip_key vip(uint32_t n)
{
	return (struct vip_key){ip_of(0xc6336400 + n), 80, IPPROTO_TCP};
}

static void wanted_clear(struct fixture *f)
{
	compiled_free(&f->wanted);
}

/* Backends 10.0.0.n:8080, to be added in ascending order and before the services. */
static void wanted_backend(struct fixture *f, uint32_t n)
{
	array_push(&f->wanted.backends,
		   ((struct compiled_backend){ip_of(0x0a000000 + n), 8080, false}));
}

/* VIP n, in ascending order, with the wanted backends at positions FROM ... TO-1. */
static void wanted_vip(struct fixture *f, uint32_t n, uint32_t from, uint32_t to)
{
	struct compiled_service *s = array_new(&f->wanted.services);

	s->key = vip(n);
	s->key.port = 0;
	s->key.proto = 0;
	s->service = xasprintf("shop/web-%u", n);
	s = array_new(&f->wanted.services);
	s->key = vip(n);
	s->service = xasprintf("shop/web-%u", n);
	s->first = f->wanted.refs.n;
	s->active = to - from;
	for (uint32_t i = from; i < to; i++)
		array_push(&f->wanted.refs, i);
}

static int apply(struct fixture *f, uint64_t now)
{
	free(f->nexthops);
	f->nexthops = xcalloc(f->wanted.backends.n + 1, sizeof(*f->nexthops));
	for (size_t i = 0; i < f->wanted.backends.n; i++) {
		f->nexthops[i].nat_addr = ip_of(0xac1e0115);
		f->nexthops[i].path.ifindex = 2;
		f->nexthops[i].path.resolved = true;
		f->nexthops[i].path.dst_mac[5] = (uint8_t)i;
	}
	return publisher_apply(&f->p, &f->wanted, f->nexthops, now, &f->result, &f->err);
}

/* ---- what a packet would see -------------------------------------------------------------- */

/* The backend of a VIP's slot as a packet finds it; NULL: no VIP or no backend. */
static const struct backend_value *steer(const struct fixture *f, uint32_t n, uint32_t hash)
{
	struct vip_key key = vip(n);
	uint64_t target = vip_table_find(&f->p.vips, &key);
	slot_value index;

	if (!target)
		return NULL;
	index = f->maps.slots[VIP_TARGET_SLOT(target) + hash % maglev_size(VIP_TARGET_SIZE(target))]
			.backend;
	return index && f->maps.backends[index].flags ? &f->maps.backends[index] : NULL;
}

/* How many of the slots of VIP n lead to backend 10.0.0.b. */
static uint32_t share(const struct fixture *f, uint32_t n, uint32_t b)
{
	struct vip_key key = vip(n);
	uint64_t target = vip_table_find(&f->p.vips, &key);
	uint32_t count = 0, size = maglev_size(VIP_TARGET_SIZE(target));

	for (uint32_t i = 0; i < size; i++) {
		const struct backend_value *value = steer(f, n, i);

		count += value && value->addr[0] == htonl(0x0a000000 + b);
	}
	return count;
}

static uint32_t number_of(const struct fixture *f, uint32_t n)
{
	struct vip_key key = vip(n);

	return VIP_TARGET_NUMBER(vip_table_find(&f->p.vips, &key));
}

/* ---- tests -------------------------------------------------------------------------------- */

static void a_vip_leads_to_all_its_backends(void **state)
{
	struct fixture *f = *state;
	struct vip_key address = vip(1);

	for (uint32_t b = 1; b <= 3; b++)
		wanted_backend(f, b);
	wanted_vip(f, 1, 0, 2);
	wanted_vip(f, 2, 2, 3);
	assert_int_equal(apply(f, 1000), 0);
	assert_int_equal(f->result.added, 4);
	assert_in_range(share(f, 1, 1), 120, 131);
	assert_in_range(share(f, 1, 2), 120, 131);
	assert_int_equal(share(f, 1, 3), 0);
	assert_int_equal(share(f, 2, 3), 251);
	address.port = address.proto = 0;
	assert_int_equal(VIP_TARGET_MODE(vip_table_find(&f->p.vips, &address)), VIP_MODE_ADDRESS);
	assert_int_equal(f->resets, 4);
}

static void publishing_the_same_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct vip_key key = vip(1);
	uint64_t target;

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	target = vip_table_find(&f->p.vips, &key);
	assert_int_equal(apply(f, 2000), 0);
	assert_int_equal(f->result.added + f->result.changed + f->result.removed, 0);
	assert_int_equal(vip_table_find(&f->p.vips, &key), target);
}

static void a_new_backend_gets_its_share_and_the_number_stays(void **state)
{
	struct fixture *f = *state;
	uint32_t number;

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	number = number_of(f, 1);
	wanted_clear(f);
	wanted_backend(f, 1);
	wanted_backend(f, 2);
	wanted_vip(f, 1, 0, 2);
	assert_int_equal(apply(f, 2000), 0);
	assert_int_equal(f->result.changed, 1);
	assert_in_range(share(f, 1, 2), 120, 131);
	assert_int_equal(number_of(f, 1), number);
}

static void the_old_table_stays_readable_until_it_has_rested(void **state)
{
	struct fixture *f = *state;
	struct vip_key key = vip(1);
	uint64_t old;

	wanted_backend(f, 1);
	wanted_backend(f, 2);
	wanted_vip(f, 1, 0, 2);
	apply(f, 1000);
	old = vip_table_find(&f->p.vips, &key);
	for (uint64_t now = 2000; now < 2000 + MAPS_REST_MS; now += 10) {
		wanted_clear(f);
		wanted_backend(f, 1);
		wanted_backend(f, 2 + (uint32_t)now % 3);
		wanted_vip(f, 1, 0, 1 + now / 10 % 2);
		apply(f, now);
		/* A packet that holds the first target still finds a backend of that time. */
		for (uint32_t i = 0; i < 251; i++) {
			slot_value index = f->maps.slots[VIP_TARGET_SLOT(old) + i].backend;

			assert_in_range(index, 1, 2);
			assert_true(f->maps.backends[index].flags & BACKEND_UP);
		}
	}
}

static void a_removed_backends_record_goes_after_it_rested(void **state)
{
	struct fixture *f = *state;
	uint32_t index;

	wanted_backend(f, 1);
	wanted_backend(f, 2);
	wanted_vip(f, 1, 0, 2);
	apply(f, 1000);
	index = f->p.published.v[1].index;
	wanted_clear(f);
	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 2000);
	assert_int_equal(share(f, 1, 1), 251);
	assert_true(f->maps.backends[index].flags & BACKEND_UP);
	assert_true(publisher_tick(&f->p, 2000 + MAPS_REST_MS - 1));
	assert_true(f->maps.backends[index].flags & BACKEND_UP);
	assert_false(publisher_tick(&f->p, 2000 + MAPS_REST_MS));
	assert_int_equal(f->maps.backends[index].flags, 0);
}

static void a_backend_that_comes_back_at_once_keeps_its_index(void **state)
{
	struct fixture *f = *state;
	uint32_t index, generation;

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	index = f->p.published.v[0].index;
	generation = f->maps.backends[index].generation;
	wanted_clear(f);
	wanted_vip(f, 1, 0, 0);
	apply(f, 2000);
	assert_null(steer(f, 1, 0));
	wanted_clear(f);
	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 2050);
	publisher_tick(&f->p, 5000);
	assert_int_equal(f->p.published.v[0].index, index);
	assert_int_equal(f->maps.backends[index].generation, generation);
	assert_int_equal(share(f, 1, 1), 251);
}

static void a_draining_backend_leaves_the_table_and_keeps_its_record(void **state)
{
	struct fixture *f = *state;
	struct compiled_service *s;
	uint32_t index;

	wanted_backend(f, 1);
	wanted_backend(f, 2);
	wanted_vip(f, 1, 0, 2);
	apply(f, 1000);
	index = f->p.published.v[1].index;
	s = &f->wanted.services.v[1];
	s->active = 1;
	s->draining = 1;
	f->wanted.backends.v[1].draining = true;
	assert_int_equal(apply(f, 2000), 0);
	publisher_tick(&f->p, 9000);
	assert_int_equal(share(f, 1, 1), 251);
	assert_int_equal(f->maps.backends[index].flags,
			 BACKEND_UP | BACKEND_DRAINING | BACKEND_USED);
	assert_int_equal(f->p.services.v[1].draining, 1);
}

static void a_removed_vip_is_gone(void **state)
{
	struct fixture *f = *state;
	struct vip_key address = vip(1);

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	wanted_vip(f, 2, 0, 1);
	apply(f, 1000);
	wanted_clear(f);
	wanted_backend(f, 1);
	wanted_vip(f, 2, 0, 1);
	assert_int_equal(apply(f, 2000), 0);
	assert_int_equal(f->result.removed, 2);
	assert_int_equal(number_of(f, 1), 0);
	address.port = address.proto = 0;
	assert_int_equal(vip_table_find(&f->p.vips, &address), 0);
	assert_int_equal(share(f, 2, 1), 251);
}

static void a_new_mac_is_stored_in_place(void **state)
{
	struct fixture *f = *state;
	uint32_t index, generation;

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	index = f->p.published.v[0].index;
	generation = f->maps.backends[index].generation;
	f->nexthops[0].path.dst_mac[0] = 0xaa;
	publisher_apply(&f->p, &f->wanted, f->nexthops, 2000, &f->result, &f->err);
	assert_int_equal(f->maps.backends[index].dst_mac[0], 0xaa);
	assert_int_equal(f->maps.backends[index].generation, generation);
	assert_int_equal(f->result.changed, 0);
}

static void a_lost_neighbour_keeps_its_last_mac(void **state)
{
	struct fixture *f = *state;
	uint32_t index;

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	index = f->p.published.v[0].index;
	f->nexthops[0].path.resolved = false;
	memset(f->nexthops[0].path.dst_mac, 0, 6);
	f->nexthops[0].path.dst_mac[5] = 0x77;
	publisher_apply(&f->p, &f->wanted, f->nexthops, 2000, &f->result, &f->err);
	assert_true(f->maps.backends[index].flags & BACKEND_UP);
	assert_int_equal(f->maps.backends[index].dst_mac[5], 0);
}

static void another_nat_address_takes_another_index(void **state)
{
	struct fixture *f = *state;
	uint32_t index;

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	index = f->p.published.v[0].index;
	f->nexthops[0].nat_addr = ip_of(0xa9fe4d02);
	assert_int_equal(publisher_apply(&f->p, &f->wanted, f->nexthops, 2000, &f->result, &f->err),
			 0);
	assert_int_not_equal(f->p.published.v[0].index, index);
	assert_int_equal(f->result.changed, 1);
	assert_int_equal(steer(f, 1, 0)->nat_addr[0], htonl(0xa9fe4d02));
	publisher_tick(&f->p, 9000);
	assert_int_equal(f->maps.backends[index].flags, 0);
	assert_int_equal(share(f, 1, 1), 251);
}

/* A second publisher on the same memory, as after a restart. */
static void restart(struct fixture *f, uint64_t now)
{
	publisher_destroy(&f->p);
	publisher_init(&f->p, &f->maps, seed, now, &f->err);
}

static void a_restart_keeps_everything_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct vip_key keys[3] = {vip(1), vip(2), vip(3)};
	uint64_t targets[3];
	uint32_t indexes[3];

	for (uint32_t b = 1; b <= 3; b++)
		wanted_backend(f, b);
	wanted_vip(f, 1, 0, 2);
	wanted_vip(f, 2, 1, 3);
	wanted_vip(f, 3, 0, 0);
	apply(f, 1000);
	for (size_t i = 0; i < 3; i++) {
		targets[i] = vip_table_find(&f->p.vips, &keys[i]);
		indexes[i] = f->p.published.v[i].index;
	}
	restart(f, 5000);
	assert_string_equal(f->err.msg, "");
	assert_int_equal(apply(f, 5001), 0);
	assert_int_equal(f->result.added + f->result.changed + f->result.removed, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(vip_table_find(&f->p.vips, &keys[i]), targets[i]);
		assert_int_equal(f->p.published.v[i].index, indexes[i]);
	}
	assert_int_equal(f->resets, 6);
}

static void what_changed_during_a_restart_is_put_right(void **state)
{
	struct fixture *f = *state;

	for (uint32_t b = 1; b <= 3; b++)
		wanted_backend(f, b);
	wanted_vip(f, 1, 0, 2);
	wanted_vip(f, 2, 1, 3);
	apply(f, 1000);
	restart(f, 5000);
	wanted_clear(f);
	wanted_backend(f, 3);
	wanted_backend(f, 4);
	wanted_vip(f, 1, 0, 2);
	wanted_vip(f, 7, 0, 1);
	assert_int_equal(apply(f, 5001), 0);
	assert_int_equal(f->result.added, 2);
	assert_int_equal(f->result.changed, 1);
	assert_int_equal(f->result.removed, 2);
	publisher_tick(&f->p, 9000);
	assert_int_equal(share(f, 1, 3) + share(f, 1, 4), 251);
	assert_int_equal(share(f, 7, 3), 251);
	assert_int_equal(number_of(f, 2), 0);
}

static void tables_that_contradict_themselves_are_dropped(void **state)
{
	struct fixture *f = *state;
	struct vip_key key = vip(9);

	wanted_backend(f, 1);
	wanted_vip(f, 1, 0, 1);
	apply(f, 1000);
	vip_table_set(&f->p.vips, &key, VIP_TARGET(f->maps.slot_count - 10, 0, VIP_MODE_NAT, 77),
		      0);
	restart(f, 5000);
	assert_string_not_equal(f->err.msg, "");
	assert_int_equal(vip_table_find(&f->p.vips, &key), 0);
	assert_int_equal(apply(f, 5000 + MAPS_REST_MS), 0);
	assert_int_equal(share(f, 1, 1), 251);
}

static void what_does_not_fit_waits_and_the_rest_is_served(void **state)
{
	struct fixture *f = *state;

	publisher_destroy(&f->p);
	f->maps.slot_count = 3 * 251; /* the empty table and two more */
	publisher_init(&f->p, &f->maps, seed, 0, &f->err);
	wanted_backend(f, 1);
	wanted_backend(f, 2);
	wanted_vip(f, 1, 0, 1);
	wanted_vip(f, 2, 0, 1);
	wanted_vip(f, 3, 0, 1);
	assert_int_equal(apply(f, 1000), -ENOSPC);
	assert_non_null(strstr(f->err.msg, "shop/web-3"));
	assert_int_equal(f->result.deferred, 1);
	assert_int_equal(share(f, 1, 1), 251);
	assert_int_equal(share(f, 2, 1), 251);

	/* A table that cannot be replaced keeps the backends that it has. */
	wanted_clear(f);
	wanted_backend(f, 2);
	wanted_vip(f, 1, 0, 1);
	wanted_vip(f, 2, 0, 1);
	assert_true(apply(f, 2000) < 0);
	publisher_tick(&f->p, 9000);
	assert_int_equal(share(f, 1, 1), 251);

	/* Room appears as soon as another VIP goes. */
	wanted_clear(f);
	wanted_backend(f, 2);
	wanted_vip(f, 2, 0, 1);
	assert_true(apply(f, 10000) < 0);
	assert_int_equal(apply(f, 10000 + MAPS_REST_MS), 0);
	publisher_tick(&f->p, 20000);
	assert_int_equal(share(f, 2, 2), 251);
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void ten_thousand_services_are_published_in_two_seconds(void **state)
{
	enum { SERVICES = 10000, EACH = 10 };
	struct fixture f;
	uint64_t start;

	(void)state;
	open_sized(&f, MAPS_SLOTS, SERVICES + EACH + 1);
	for (uint32_t b = 1; b <= SERVICES + EACH; b++)
		wanted_backend(&f, b);
	for (uint32_t n = 0; n < SERVICES; n++)
		wanted_vip(&f, n, n, n + EACH);
	start = clock_ms();
	assert_int_equal(apply(&f, 1000), 0);
	print_message("first publication: %llu ms\n", (unsigned long long)(clock_ms() - start));
	assert_true(clock_ms() - start < 2000);
	assert_int_equal(f.result.added, 2 * SERVICES);
	start = clock_ms();
	assert_int_equal(apply(&f, 2000), 0);
	print_message("nothing changed: %llu ms\n", (unsigned long long)(clock_ms() - start));
	restart(&f, 5000);
	start = clock_ms();
	assert_int_equal(apply(&f, 5000), 0);
	print_message("taken over: %llu ms\n", (unsigned long long)(clock_ms() - start));
	assert_int_equal(f.result.changed, 0);
	publisher_destroy(&f.p);
	compiled_free(&f.wanted);
	free(f.nexthops);
	free(f.maps.v4);
	free(f.maps.v6);
	free(f.maps.slots);
	free(f.maps.backends);
}

#define test(t) cmocka_unit_test_setup_teardown(t, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_vip_leads_to_all_its_backends),
		test(publishing_the_same_again_changes_nothing),
		test(a_new_backend_gets_its_share_and_the_number_stays),
		test(the_old_table_stays_readable_until_it_has_rested),
		test(a_removed_backends_record_goes_after_it_rested),
		test(a_backend_that_comes_back_at_once_keeps_its_index),
		test(a_draining_backend_leaves_the_table_and_keeps_its_record),
		test(a_removed_vip_is_gone),
		test(a_new_mac_is_stored_in_place),
		test(a_lost_neighbour_keeps_its_last_mac),
		test(another_nat_address_takes_another_index),
		test(a_restart_keeps_everything_as_it_is),
		test(what_changed_during_a_restart_is_put_right),
		test(tables_that_contradict_themselves_are_dropped),
		test(what_does_not_fit_waits_and_the_rest_is_served),
		cmocka_unit_test(ten_thousand_services_are_published_in_two_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
