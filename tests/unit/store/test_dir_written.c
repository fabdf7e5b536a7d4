// SPDX-License-Identifier: Apache-2.0
/* What vipcast writes itself: objects, statuses, events; alone, and with another process beside. */
#include <sys/socket.h>

#include "fixture.h"

#define SESSION	    "BGPSession kube-system/10.0.1.1-lb1"
#define OBJECT_FILE ".vipcast/objects/BGPSession/kube-system.10.0.1.1-lb1.json"
#define STATUS_FILE ".vipcast/status/BGPSession/kube-system.10.0.1.1-lb1.json"

static struct ip_addr ip(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ip_parse(text, &addr, NULL), 0);
	return addr;
}

static struct api_object *session(const char *floating_ip)
{
	struct api_object *obj = api_object_new(API_BGP_SESSION, "kube-system", "10.0.1.1-lb1");

	obj->session.floating_ip = ip(floating_ip);
	obj->session.local_ip = ip("10.0.0.21");
	obj->session.peer_ip = ip("10.0.1.1");
	obj->session.local_asn = 64601;
	obj->session.peer_asn = 64602;
	obj->session.node_name = xstrdup("lb1");
	return obj;
}

static void apply_session(struct fixture *f, const char *floating_ip)
{
	struct api_object *obj = session(floating_ip);
	struct err err = {""};

	if (store_apply(f->store, obj, &err))
		fail_msg("%s", err.msg);
	api_object_free(obj);
}

static int report(struct fixture *f, const char *state, const char *reason)
{
	struct api_object *obj = session("10.0.0.100");
	int r;

	obj->session.state = xstrdup(state);
	obj->session.reason = xstrdup(reason);
	obj->session.last_report_time = (struct timespec){.tv_sec = 1767323045};
	r = store_status(f->store, obj, NULL);
	api_object_free(obj);
	return r;
}

static struct fixture *with_session(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	watch(f, API_BGP_SESSION);
	watch(f, API_NODE);
	apply_session(f, "10.0.0.100");
	EXPECT(f, "added " SESSION, "synced BGPSession", "synced Node");
	return f;
}

static void expect_nothing(struct fixture *f)
{
	put(f, "zz-fence.yaml", FENCE);
	EXPECT(f, "added Node fence");
}

static char *content(struct fixture *f, const char *name)
{
	char *path = path_in(f, name), *text = xcalloc(1, 8192);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, 8191, file) > 0);
	fclose(file);
	free(path);
	return text;
}

static ino_t inode(struct fixture *f, const char *name)
{
	char *path = path_in(f, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	free(path);
	return st.st_ino;
}

static void what_is_applied_is_in_a_file_and_told_once(void **state)
{
	struct fixture *f = with_session(state);
	char *text = content(f, OBJECT_FILE);

	assert_non_null(strstr(text, "\"floatingIP\": \"10.0.0.100\""));
	assert_null(strstr(text, "status"));
	free(text);
	/* Its own inotify events have come before the fence's. */
	expect_nothing(f);
}

static void the_same_again_writes_nothing(void **state)
{
	struct fixture *f = with_session(state);
	ino_t before = inode(f, OBJECT_FILE);

	apply_session(f, "10.0.0.100");
	assert_int_equal(inode(f, OBJECT_FILE), before);
	apply_session(f, "10.0.0.101");
	assert_int_not_equal(inode(f, OBJECT_FILE), before);
	EXPECT(f, "changed " SESSION);
}

static void check_established(struct fixture *f, enum store_event event,
			      const struct api_object *obj)
{
	(void)f;
	if (event != STORE_CHANGED)
		return;
	assert_string_equal(obj->session.state, "Established");
	assert_true(ip_is_set(&obj->session.floating_ip));
}

static void status_is_laid_over_the_object(void **state)
{
	struct fixture *f = with_session(state);
	ino_t before;

	f->hook = check_established;
	assert_int_equal(report(f, "Established", ""), 0);
	EXPECT(f, "changed " SESSION);
	before = inode(f, STATUS_FILE);
	assert_int_equal(report(f, "Established", ""), 0);
	assert_int_equal(inode(f, STATUS_FILE), before);
	expect_nothing(f);
}

static void status_outlives_a_change_of_the_spec(void **state)
{
	struct fixture *f = with_session(state);

	assert_int_equal(report(f, "Established", ""), 0);
	EXPECT(f, "changed " SESSION);
	f->hook = check_established;
	apply_session(f, "10.0.0.101");
	EXPECT(f, "changed " SESSION);
}

static void status_of_nothing_is_refused(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	assert_int_equal(report(f, "Idle", ""), -ENOENT);
}

static void status_waits_for_its_object(void **state)
{
	struct fixture *f = with_session(state);
	char *text;

	assert_int_equal(report(f, "Established", ""), 0);
	EXPECT(f, "changed " SESSION);
	text = content(f, STATUS_FILE);
	assert_int_equal(
		store_delete(f->store, API_BGP_SESSION, "kube-system", "10.0.1.1-lb1", NULL), 0);
	EXPECT(f, "deleted " SESSION);
	put(f, STATUS_FILE, text);
	expect_nothing(f);
	expect_no_faults(f);
	f->hook = check_established;
	apply_session(f, "10.0.0.100");
	EXPECT(f, "added " SESSION);
	free(text);
}

static void deleting_removes_object_and_status(void **state)
{
	struct fixture *f = with_session(state);

	assert_int_equal(report(f, "Idle", "connection refused"), 0);
	EXPECT(f, "changed " SESSION);
	assert_int_equal(
		store_delete(f->store, API_BGP_SESSION, "kube-system", "10.0.1.1-lb1", NULL), 0);
	EXPECT(f, "deleted " SESSION);
	assert_false(exists(f, OBJECT_FILE));
	assert_false(exists(f, STATUS_FILE));
	assert_int_equal(
		store_delete(f->store, API_BGP_SESSION, "kube-system", "10.0.1.1-lb1", NULL), 0);
	expect_nothing(f);
}

static void what_the_user_wrote_is_not_written(void **state)
{
	struct fixture *f = *state;
	struct api_object *node = api_object_new(API_NODE, NULL, "fence");
	struct err err;

	put(f, "fence.yaml", FENCE);
	open_store(f);
	assert_int_equal(store_apply(f->store, node, &err), -EPERM);
	assert_string_equal(err.msg, "Node fence is the user's: it is changed in its manifest");
	assert_int_equal(store_delete(f->store, API_NODE, NULL, "fence", &err), -EPERM);
	assert_string_equal(err.msg, "Node fence is the user's: it is deleted in its manifest");
	api_object_free(node);
}

static void check_vip(struct fixture *f, enum store_event event, const struct api_object *obj)
{
	(void)f;
	if (!obj || obj->kind != API_SERVICE || event == STORE_DELETED)
		return;
	assert_int_equal(obj->service.ingress.n, 1);
	assert_string_equal(ip_str(&obj->service.ingress.v[0]).s, "198.51.100.1");
}

static void a_service_keeps_its_vip_over_restarts_and_edits(void **state)
{
	struct fixture *f = *state;
	struct api_object *web = api_object_new(API_SERVICE, "shop", "web");

	put(f, "web.yaml", SERVICE("web", "80"));
	open_store(f);
	watch(f, API_SERVICE);
	EXPECT(f, "added Service shop/web", "synced Service");
	array_push(&web->service.ingress, ip("198.51.100.1"));
	assert_int_equal(store_status(f->store, web, NULL), 0);
	f->hook = check_vip;
	EXPECT(f, "changed Service shop/web");
	put(f, "web.yaml", SERVICE("web", "81"));
	EXPECT(f, "changed Service shop/web");

	store_close(f->store);
	open_store(f);
	watch(f, API_SERVICE);
	EXPECT(f, "added Service shop/web", "synced Service");
	api_object_free(web);
}

/* ---- several programs in one directory ----------------------------------------------------- */

static void another_programs_writes_are_seen(void **state)
{
	struct fixture *f = with_session(state);
	struct store *mine = f->store, *other;

	assert_int_equal(store_dir_open(f->base, f->dir, NULL, &other, NULL), 0);
	f->store = other;
	apply_session(f, "10.0.0.101");
	EXPECT(f, "changed " SESSION);
	assert_int_equal(report(f, "Established", ""), 0);
	EXPECT(f, "changed " SESSION);
	assert_int_equal(store_delete(other, API_BGP_SESSION, "kube-system", "10.0.1.1-lb1", NULL),
			 0);
	EXPECT(f, "deleted " SESSION);
	store_close(other);
	f->store = mine;
}

static void a_corrupt_file_is_a_fault_and_keeps_its_object(void **state)
{
	struct fixture *f = with_session(state);
	struct store *other;

	put(f, OBJECT_FILE, "{\"apiVersion\": \"netw");
	expect_fault(f, OBJECT_FILE ":1: cannot be parsed: found unexpected end of stream (while "
				    "scanning a quoted scalar)");
	put(f, STATUS_FILE, "[]");
	expect_fault(f, STATUS_FILE ":1: is not the status of an object");
	expect_nothing(f);
	/* A program that starts now opens all the same. */
	assert_int_equal(store_dir_open(f->base, f->dir, NULL, &other, NULL), 0);
	assert_int_equal(store_faults(other)->n, 2);
	store_close(other);
	apply_session(f, "10.0.0.101");
	EXPECT(f, "changed " SESSION);
	take_away(f, STATUS_FILE);
	expect_no_faults(f);
}

static void a_status_that_does_not_fit_is_left_out(void **state)
{
	struct fixture *f = with_session(state);

	put(f, STATUS_FILE,
	    "{\"apiVersion\": \"networking.gke.io/v1\", \"kind\": \"BGPSession\", \"metadata\": "
	    "{\"name\": \"10.0.1.1-lb1\", \"namespace\": \"kube-system\"}, "
	    "\"status\": {\"state\": 5}}");
	expect_fault(f, STATUS_FILE ":1: BGPSession/10.0.1.1-lb1: status.state: must be a string, "
				    "not 5");
	expect_nothing(f);
}

static void files_that_are_being_written_are_not_looked_at(void **state)
{
	struct fixture *f = with_session(state);

	put(f, ".vipcast/objects/BGPSession/.kube-system.x.json.4711", "{");
	expect_nothing(f);
	expect_no_faults(f);
}

/* ---- handlers that write ------------------------------------------------------------------- */

static void write_from_inside(struct fixture *f, enum store_event event,
			      const struct api_object *obj)
{
	if (event == STORE_ADDED && obj->kind == API_NODE) {
		apply_session(f, "10.0.0.100");
	} else if (event == STORE_ADDED && obj->kind == API_BGP_SESSION) {
		assert_int_equal(report(f, "Established", ""), 0);
		watch(f, API_LEASE);
	} else if (event == STORE_CHANGED) {
		assert_string_equal(obj->session.state, "Established");
		assert_int_equal(
			store_delete(f->store, obj->kind, obj->meta.ns, obj->meta.name, NULL), 0);
		/* The object that is being told is still whole. */
		assert_string_equal(obj->meta.name, "10.0.1.1-lb1");
	} else if (event == STORE_DELETED && told(f, "added Node fence") == 1) {
		assert_string_equal(obj->session.state, "Established");
		assert_int_equal(
			store_delete(f->store, obj->kind, obj->meta.ns, obj->meta.name, NULL), 0);
	}
}

static void handlers_may_write(void **state)
{
	struct fixture *f = *state;

	put(f, "fence.yaml", FENCE);
	open_store(f);
	f->hook = write_from_inside;
	watch(f, API_BGP_SESSION);
	watch(f, API_NODE);
	EXPECT(f, "synced BGPSession", "added Node fence", "synced Node", "added " SESSION,
	       "synced Lease", "changed " SESSION, "deleted " SESSION);
}

/* ---- events -------------------------------------------------------------------------------- */

static void repeated_events_are_counted(void **state)
{
	struct fixture *f = with_session(state);
	struct api_object *obj = session("10.0.0.100");
	size_t lines = 0;
	char *text;

	for (int i = 0; i < 9; i++)
		assert_int_equal(
			store_event(f->store, obj, "Warning", "NoAddress", "pool is full", NULL),
			0);
	text = content(f, ".vipcast/events.jsonl");
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 4); /* 1, 2, 4, 8 */
	assert_non_null(strstr(text, "\"message\":\"pool is full\",\"count\":8}\n"));
	free(text);
	api_object_free(obj);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_applied_is_in_a_file_and_told_once),
		T(the_same_again_writes_nothing),
		T(status_is_laid_over_the_object),
		T(status_outlives_a_change_of_the_spec),
		T(status_of_nothing_is_refused),
		T(status_waits_for_its_object),
		T(deleting_removes_object_and_status),
		T(what_the_user_wrote_is_not_written),
		T(a_service_keeps_its_vip_over_restarts_and_edits),
		T(another_programs_writes_are_seen),
		T(a_corrupt_file_is_a_fault_and_keeps_its_object),
		T(a_status_that_does_not_fit_is_left_out),
		T(files_that_are_being_written_are_not_looked_at),
		T(handlers_may_write),
		T(repeated_events_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
