/* SPDX-License-Identifier: Apache-2.0 */
#include "../plan/build.h"

#include <errno.h>
#include <event2/event.h>

#include "controller/controller.h"
#include "controller/problems.h"
#include "controller/relevance.h"

/*
 * The controller on a store in memory, which delivers what is written at once, as a change. The
 * wall clock is real time moved to NOW, so that Leases are short and timers are true.
 */

struct fake_store {
	struct store store;
	struct event_base *base;
	struct api_state state;
	store_handler handler;
	void *ctx;
	unsigned int writes, events, fail;
	fault_list faults;
};

static struct fake_store *of(struct store *store)
{
	return (struct fake_store *)store;
}

static int fake_watch(struct store *store, enum api_kind kind, store_handler handler, void *ctx,
		      struct err *err)
{
	(void)kind;
	(void)err;
	of(store)->handler = handler;
	of(store)->ctx = ctx;
	return 0;
}

static void put(struct fake_store *s, struct api_object *obj)
{
	bool known = state_get(&s->state, obj->kind, obj->meta.ns, obj->meta.name) != NULL;

	state_put(&s->state, obj);
	if (s->handler)
		s->handler(s->ctx, known ? STORE_CHANGED : STORE_ADDED, obj->kind, obj);
}

static int fake_apply(struct store *store, const struct api_object *obj, struct err *err)
{
	of(store)->writes++;
	if (of(store)->fail) {
		of(store)->fail--;
		return err_set(err, -EIO, "the disk is full");
	}
	put(of(store), api_object_copy(obj));
	return 0;
}

static int fake_status(struct store *store, const struct api_object *from, struct err *err)
{
	const struct api_object *old =
		state_get(&of(store)->state, from->kind, from->meta.ns, from->meta.name);
	struct api_object *obj;

	of(store)->writes++;
	if (!old)
		return err_set(err, -ENOENT, "there is no %s", from->meta.name);
	obj = api_object_copy(old);
	if (from->kind == API_SERVICE) {
		obj->service.ingress.n = 0;
		array_each(&from->service.ingress, ip)
			array_push(&obj->service.ingress, *ip);
	} else {
		struct api_object *copy = api_object_copy(from);
		struct api_network_gateway_group swapped = obj->gateway_group;

		/* The placements change hands, the addresses stay. */
		obj->gateway_group.placements = copy->gateway_group.placements;
		copy->gateway_group.placements = swapped.placements;
		api_object_free(copy);
	}
	put(of(store), obj);
	return 0;
}

static int fake_delete(struct store *store, enum api_kind kind, const char *ns, const char *name,
		       struct err *err)
{
	struct api_object *gone = api_object_new(kind, ns, name);

	(void)err;
	of(store)->writes++;
	if (state_delete(&of(store)->state, kind, ns, name))
		of(store)->handler(of(store)->ctx, STORE_DELETED, kind, gone);
	api_object_free(gone);
	return 0;
}

static int fake_event(struct store *store, const struct api_object *about, const char *type,
		      const char *reason, const char *message, struct err *err)
{
	(void)about;
	(void)type;
	(void)reason;
	(void)message;
	(void)err;
	of(store)->events++;
	return 0;
}

static const fault_list *fake_faults(const struct store *store)
{
	return &((const struct fake_store *)store)->faults;
}

static const struct store_ops fake_ops = {
	.watch = fake_watch,
	.apply = fake_apply,
	.status = fake_status,
	.delete = fake_delete,
	.event = fake_event,
	.faults = fake_faults,
};

struct fixture {
	struct fake_store store;
	struct api_object *cluster;
	struct controller *controller;
	struct event_base *base;
};

static struct timespec clock_offset;

/* Real time, moved so that the tests begin at NOW. */
static struct timespec test_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += clock_offset.tv_sec;
	return t;
}

static int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct controller_config config = {0};
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	clock_offset.tv_sec = NOW - t.tv_sec;
	f->base = event_base_new();
	f->store.store.ops = &fake_ops;
	config.base = f->base;
	config.store = &f->store.store;
	config.clock = test_clock;
	assert_int_equal(controller_open(&config, &f->controller, NULL), 0);
	f->cluster = add_cluster(&f->store.state);
	add_pool(f->cluster, "front", "198.51.100.1-198.51.100.9");
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_floating_ip(add_gateways(&f->store.state), "172.30.1.100");
	add_node(&f->store.state, "lb1", "172.30.1.21", NULL);
	add_node(&f->store.state, "lb2", "172.30.1.22", NULL);
	add_ref(f->cluster, true, "172.30.1.21");
	add_ref(f->cluster, true, "172.30.1.22");
	add_service(&f->store.state, "shop", "web");
	add_endpoint(&f->store.state, get(&f->store.state, API_SERVICE, "shop", "web"), AF_INET,
		     "be1");
	*ctx = f;
	return 0;
}

static int tear_down(void **ctx)
{
	struct fixture *f = *ctx;

	controller_close(f->controller);
	fault_list_free(&f->store.faults);
	state_free(&f->store.state);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void deliver(struct fixture *f, enum api_kind kind)
{
	state_each(&f->store.state, kind, obj)
		f->store.handler(f->store.ctx, STORE_ADDED, kind, obj);
	f->store.handler(f->store.ctx, STORE_SYNCED, kind, NULL);
}

static void deliver_all(struct fixture *f)
{
	for (int kind = 0; kind < API_KIND_COUNT; kind++)
		deliver(f, (enum api_kind)kind);
}

/* Lets the loop run until DONE, ten seconds at most. */
static void run_until(struct fixture *f, bool (*done)(struct fixture *f))
{
	struct timespec start = test_clock();

	while (!done(f)) {
		struct timeval tick = {.tv_usec = 1000};

		assert_true(test_clock().tv_sec - start.tv_sec < 10);
		event_base_loopexit(f->base, &tick);
		event_base_dispatch(f->base);
	}
}

static void agent(struct fixture *f, const char *node, time_t renewed)
{
	struct api_state made = {0};
	struct api_object *lease = add_agent(&made, node, "on", "attached", "172.30.1.0/24");

	lease->lease.renew_time = at(renewed);
	put(&f->store, api_object_copy(lease));
	state_free(&made);
}

static const char *session_node(const struct fixture *f)
{
	const struct api_state *state = &f->store.state;

	return state->kinds[API_BGP_SESSION].n == 1
		       ? state->kinds[API_BGP_SESSION].v[0]->session.node_name
		       : "";
}

static bool on_lb1(struct fixture *f)
{
	return strcmp(session_node(f), "lb1") == 0;
}

static bool on_lb2(struct fixture *f)
{
	return strcmp(session_node(f), "lb2") == 0;
}

static bool has_vip(struct fixture *f)
{
	return get(&f->store.state, API_SERVICE, "shop", "web")->service.ingress.n == 1;
}

static bool is_well(struct fixture *f)
{
	return controller_is_well(f->controller);
}

static bool has_planned_nothing(struct fixture *f)
{
	json_t *status = controller_status(f->controller);
	json_int_t made =
		json_integer_value(json_object_get(json_object_get(status, "plans"), "made"));

	json_decref(status);
	return made > 0 && !is_well(f);
}

static void nothing_is_written_before_every_kind_is_known(void **ctx)
{
	struct fixture *f = *ctx;

	for (int kind = 0; kind < API_KIND_COUNT - 1; kind++)
		deliver(f, (enum api_kind)kind);
	/* No event is pending: the loop has nothing to do and comes back at once. */
	assert_int_equal(event_base_dispatch(f->base), 1);
	assert_int_equal(f->store.writes, 0);
	deliver(f, (enum api_kind)(API_KIND_COUNT - 1));
	run_until(f, has_vip);
	assert_true(is_well(f));
}

static void sessions_follow_the_agents_and_their_leases(void **ctx)
{
	struct fixture *f = *ctx;
	struct timespec now;

	deliver_all(f);
	agent(f, "lb1", NOW);
	run_until(f, on_lb1);
	/* Lb1 is silent from here; lb2 lives on. Lb2 has the address when lb1's Lease is over. */
	agent(f, "lb2", NOW + 60);
	run_until(f, on_lb2);
	now = test_clock();
	assert_true(now.tv_sec >= NOW + DURATION);
	assert_true(now.tv_sec <= NOW + DURATION + 1);
}

static json_int_t plans_made(const struct fixture *f)
{
	json_t *status = controller_status(f->controller);
	json_int_t made =
		json_integer_value(json_object_get(json_object_get(status, "plans"), "made"));

	json_decref(status);
	return made;
}

static bool is_idle(struct fixture *f)
{
	return event_base_get_num_events(f->base, EVENT_BASE_COUNT_ADDED) <= 1 && has_vip(f);
}

static void renewals_call_for_no_new_plan(void **ctx)
{
	struct fixture *f = *ctx;
	json_int_t made;

	deliver_all(f);
	agent(f, "lb1", NOW + 50);
	run_until(f, on_lb1);
	run_until(f, is_idle); /* the Lease's timer alone is left */
	made = plans_made(f);
	for (int i = 51; i < 60; i++)
		agent(f, "lb1", NOW + i);
	assert_true(is_idle(f));
	assert_int_equal(plans_made(f), made);
}

static bool has_new_asn(struct fixture *f)
{
	return f->store.state.kinds[API_BGP_SESSION].v[0]->session.peer_asn == 64699;
}

static void failed_write_is_tried_again(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *cluster;

	deliver_all(f);
	agent(f, "lb1", NOW + 50);
	run_until(f, on_lb1);
	run_until(f, is_idle);
	/* One write is due, and nothing else happens that could call for a new plan. */
	f->store.fail = 1;
	cluster = api_object_copy(get(&f->store.state, API_CLUSTER, NS, "east"));
	cluster->cluster.bgp_peers.v[0].asn = 64699;
	put(&f->store, cluster);
	run_until(f, has_new_asn);
	assert_int_equal(f->store.fail, 0);
}

static void deleted_cluster_withdraws_what_was_planned(void **ctx)
{
	struct fixture *f = *ctx;
	struct api_object *gone = api_object_new(API_CLUSTER, NS, "east");

	deliver_all(f);
	agent(f, "lb1", NOW + 50);
	run_until(f, on_lb1);
	state_delete(&f->store.state, API_CLUSTER, NS, "east");
	f->store.handler(f->store.ctx, STORE_DELETED, API_CLUSTER, gone);
	api_object_free(gone);
	run_until(f, has_planned_nothing);
	assert_int_equal(f->store.state.kinds[API_BGP_SESSION].n, 0);
	assert_true(has_vip(f));
}

static void unreadable_cluster_withdraws_nothing(void **ctx)
{
	struct fixture *f = *ctx;

	state_delete(&f->store.state, API_CLUSTER, NS, "east");
	add(&f->store.state, API_BGP_SESSION, "kube-system", "172.30.9.10-lb1");
	fault_add(&f->store.faults, "Cluster/east", "spec.loadBalancer", "is wrong");
	deliver_all(f);
	run_until(f, has_planned_nothing);
	assert_int_equal(f->store.writes, 0);
	assert_int_equal(f->store.state.kinds[API_BGP_SESSION].n, 1);
}

static void status_counts_and_names_problems(void **ctx)
{
	struct fixture *f = *ctx;
	json_t *status, *counts;

	get(&f->store.state, API_SERVICE, "shop", "web")->service.load_balancer_ip =
		ip_of("203.0.113.1");
	fault_add(&f->store.faults, "Service/broken", "spec.type", "must be a string");
	deliver_all(f);
	agent(f, "lb1", NOW + 50);
	run_until(f, on_lb1);
	status = controller_status(f->controller);
	counts = json_object_get(status, "counts");
	assert_string_equal(json_string_value(json_object_get(status, "cluster")),
			    "cluster-east/east");
	assert_int_equal(json_integer_value(json_object_get(counts, "agentsAlive")), 1);
	assert_int_equal(json_integer_value(json_object_get(counts, "sessions")), 1);
	assert_int_equal(json_integer_value(json_object_get(counts, "floatingIPsHeld")), 1);
	assert_int_equal(json_array_size(json_object_get(status, "faults")), 1);
	assert_non_null(
		strstr(json_string_value(json_array_get(json_object_get(status, "problems"), 0)),
		       "refused: "));
	json_decref(status);
	/* Told once: the refusal, two nodes and an address at first, then nothing more. */
	assert_true(f->store.events > 0);
}

/* ---- the parts ---------------------------------------------------------------------------- */

static void collect(void *ctx, const struct plan_problem *p)
{
	char *text = ctx;

	strcat(text, p->message);
}

static void only_new_problems_are_told(void **ctx)
{
	struct api_object *obj = api_object_new(API_SERVICE, "shop", "web");
	plan_problems a = {0}, b = {0};
	char fresh[32] = "", gone[32] = "";

	(void)ctx;
	plan_problem_add(&a, obj, "R", "3");
	plan_problem_add(&a, obj, "R", "1");
	plan_problem_add(&a, obj, "R", "3");
	plan_problem_add(&b, obj, "R", "2");
	plan_problem_add(&b, obj, "R", "1");
	problems_settle(&a);
	problems_settle(&b);
	assert_int_equal(a.n, 2);
	problems_each_new(&a, &b, collect, fresh);
	problems_each_new(&b, &a, collect, gone);
	assert_string_equal(fresh, "3");
	assert_string_equal(gone, "2");
	plan_problems_free(&a);
	plan_problems_free(&b);
	api_object_free(obj);
}

static void late_renewal_matters(void **ctx)
{
	struct api_state state = {0};
	struct api_object *old, *fresh;
	struct timespec in_time = at(NOW + 1), late = at(NOW + DURATION);

	(void)ctx;
	old = add_agent(&state, "lb1", "on", "attached", "172.30.1.0/24");
	fresh = api_object_copy(old);
	fresh->lease.renew_time = at(NOW + 1);
	assert_false(change_matters(old, fresh, &in_time));
	assert_true(change_matters(old, fresh, &late));
	assert_true(change_matters(NULL, fresh, &in_time));
	api_pair_set(&fresh->meta.annotations, "vipcast.io/dataplane", "failed: no");
	assert_true(change_matters(old, fresh, &in_time));
	api_object_free(fresh);
	state_free(&state);
}

static void report_of_a_session_matters_when_it_comes_up_or_goes_down(void **ctx)
{
	struct api_object *old = api_object_new(API_BGP_SESSION, "kube-system", "s");
	struct api_object *fresh = api_object_new(API_BGP_SESSION, "kube-system", "s");
	struct timespec now = at(NOW);

	(void)ctx;
	fresh->session.last_report_time = at(NOW);
	free(fresh->session.state);
	fresh->session.state = xstrdup("OpenSent");
	assert_false(change_matters(old, fresh, &now));
	strcpy(fresh->session.state, "Active");
	assert_false(change_matters(old, fresh, &now));
	free(fresh->session.state);
	fresh->session.state = xstrdup("Established");
	assert_true(change_matters(old, fresh, &now));
	api_object_free(old);
	api_object_free(fresh);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_written_before_every_kind_is_known),
		TEST(sessions_follow_the_agents_and_their_leases),
		TEST(renewals_call_for_no_new_plan),
		TEST(failed_write_is_tried_again),
		TEST(deleted_cluster_withdraws_what_was_planned),
		TEST(unreadable_cluster_withdraws_nothing),
		TEST(status_counts_and_names_problems),
		cmocka_unit_test(only_new_problems_are_told),
		cmocka_unit_test(late_renewal_matters),
		cmocka_unit_test(report_of_a_session_matters_when_it_comes_up_or_goes_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
