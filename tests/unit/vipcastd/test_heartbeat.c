// SPDX-License-Identifier: Apache-2.0
/* What is written, and when, with a store that keeps the last Lease, or refuses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "vipcastd/heartbeat.h"

struct fixture {
	struct store store; /* first */
	struct event_base *base;
	struct heartbeat *heartbeat;
	struct api_object *lease;
	bool disk_full;
	const char *dataplane;
	char lost[200];
	unsigned int losses;
};

static int take_lease(struct store *store, const struct api_object *obj, struct err *err)
{
	struct fixture *f = (struct fixture *)store;

	if (f->disk_full)
		return err_set(err, -ENOSPC, "no space left on device");
	api_object_free(f->lease);
	f->lease = api_object_copy(obj);
	return 0;
}

static const struct store_ops ops = {.apply = take_lease};

static const char *speaker(void *ctx)
{
	(void)ctx;
	return "on";
}

static const char *dataplane(void *ctx)
{
	return ((struct fixture *)ctx)->dataplane;
}

static void on_lost(void *ctx, const char *reason)
{
	struct fixture *f = ctx;

	f->losses++;
	snprintf(f->lost, sizeof(f->lost), "%s", reason);
}

static void on_regained(void *ctx)
{
	(void)ctx;
	fail_msg("nothing was regained");
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->store.ops = &ops;
	f->base = event_base_new();
	event_base_priority_init(f->base, 2);
	f->dataplane = "attached";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	heartbeat_free(f->heartbeat);
	api_object_free(f->lease);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	const struct heartbeat_config config = {
		.node = "lb1",
		.duration = 3000, /* no renewal of its own comes during a test */
		.base = f->base,
		.store = &f->store,
		.speaker = speaker,
		.dataplane = dataplane,
		.lost = on_lost,
		.regained = on_regained,
		.ctx = f,
	};
	struct err err;

	if (heartbeat_new(&config, &f->heartbeat, &err))
		fail_msg("%s", err.msg);
}

static const char *note(const struct fixture *f, const char *key)
{
	return f->lease ? api_pair_get(&f->lease->meta.annotations, key) : NULL;
}

static void the_lease_says_that_the_node_lives_and_what_it_can_do(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_non_null(f->lease);
	assert_string_equal(f->lease->meta.ns, "kube-system");
	assert_string_equal(f->lease->meta.name, "vipcast-lb1");
	assert_string_equal(f->lease->lease.holder, "lb1");
	assert_int_equal(f->lease->lease.duration_seconds, 3000);
	assert_in_range(f->lease->lease.renew_time.tv_sec, time(NULL) - 5, time(NULL) + 1);
	assert_string_equal(note(f, "vipcast.io/speaker"), "on");
	assert_string_equal(note(f, "vipcast.io/dataplane"), "attached");
	assert_non_null(note(f, "vipcast.io/subnets"));
}

static void a_change_is_written_at_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	f->dataplane = "failed: no such interface";
	heartbeat_now(f->heartbeat);
	assert_string_equal(note(f, "vipcast.io/dataplane"), "failed: no such interface");
}

/* A predecessor's Lease that says "attached" is true until more is known. */
static void nothing_is_written_before_the_dataplane_is_known(void **state)
{
	struct fixture *f = *state;

	f->dataplane = NULL;
	start(f);
	assert_null(f->lease);
	f->dataplane = "attached";
	heartbeat_now(f->heartbeat);
	assert_string_equal(note(f, "vipcast.io/dataplane"), "attached");
}

static void a_lease_that_was_never_written_is_lost(void **state)
{
	struct fixture *f = *state;

	f->disk_full = true;
	start(f);
	assert_int_equal(f->losses, 1);
	assert_string_equal(f->lost, "the node's Lease cannot be renewed");
}

static void one_failure_early_is_no_loss(void **state)
{
	struct fixture *f = *state;

	start(f);
	f->disk_full = true;
	heartbeat_now(f->heartbeat);
	assert_int_equal(f->losses, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lease_says_that_the_node_lives_and_what_it_can_do),
		TEST(a_change_is_written_at_once),
		TEST(nothing_is_written_before_the_dataplane_is_known),
		TEST(a_lease_that_was_never_written_is_lost),
		TEST(one_failure_early_is_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
