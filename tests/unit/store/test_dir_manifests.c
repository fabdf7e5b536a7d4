// SPDX-License-Identifier: Apache-2.0
/* What users do to their manifests, and what watchers are told of it. */
#include "fixture.h"

#define ADDED_SPINE   "added BGPPeer cluster-a/spine"
#define CHANGED_SPINE "changed BGPPeer cluster-a/spine"
#define DELETED_SPINE "deleted BGPPeer cluster-a/spine"

/* A store with peer "spine" in peers.yaml, watched and synced. */
static struct fixture *with_spine(void **state)
{
	struct fixture *f = *state;

	put(f, "around.yaml", AROUND);
	put(f, "peers.yaml", PEER("spine", "10.0.1.1"));
	open_store(f);
	watch(f, API_BGP_PEER);
	watch(f, API_NODE);
	EXPECT(f, ADDED_SPINE, "synced BGPPeer", "synced Node");
	return f;
}

/* Shows that nothing was told since: the next thing that is told is this. */
static void expect_nothing(struct fixture *f)
{
	put(f, "zz-fence.yaml", FENCE);
	EXPECT(f, "added Node fence");
}

static void delivers_what_is_there_then_says_synced(void **state)
{
	struct fixture *f = *state;

	put(f, "b.yaml", PEER("one", "10.0.1.1") SEPARATOR PEER("two", "10.0.1.2"));
	put(f, "a.json",
	    "{\"apiVersion\": \"networking.gke.io/v1\", \"kind\": \"BGPPeer\",\n"
	    "\t\"metadata\": {\"name\": \"zero\", \"namespace\": \"cluster-a\"},\n"
	    "\t\"spec\": {\"localASN\": 1, \"peerASN\": 2, \"peerIP\": \"10.0.1.9\"}}\n");
	put(f, "notes.txt", PEER("not-read", "10.0.1.3"));
	put(f, ".hidden.yaml", PEER("not-read", "10.0.1.3"));
	open_store(f);
	watch(f, API_BGP_PEER);
	EXPECT(f, "added BGPPeer cluster-a/one", "added BGPPeer cluster-a/two",
	       "added BGPPeer cluster-a/zero", "synced BGPPeer");
}

static void an_empty_folder_is_synced_too(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	watch(f, API_SERVICE);
	EXPECT(f, "synced Service");
}

static void a_second_watch_gets_everything_as_well(void **state)
{
	struct fixture *f = with_spine(state);

	watch(f, API_BGP_PEER);
	EXPECT(f, ADDED_SPINE, "synced BGPPeer");
}

static void names_the_folder_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(store_dir_open(f->base, "/nowhere/at/all", NULL, &f->store, &err),
			 -ENOENT);
	assert_non_null(strstr(err.msg, "store /nowhere/at/all: cannot make folder "
					"/nowhere/at/all/.vipcast: No such file or directory"));
}

static void follows_changes_in_place(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", PEER("spine", "10.0.1.2"));
	EXPECT(f, CHANGED_SPINE);
}

static void follows_editors_that_rename(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml.tmp", PEER("spine", "10.0.1.2"));
	move(f, "peers.yaml.tmp", "peers.yaml");
	EXPECT(f, CHANGED_SPINE);
}

static void follows_editors_that_move_the_old_file_away_first(void **state)
{
	struct fixture *f = with_spine(state);

	move(f, "peers.yaml", "peers.yaml~");
	put(f, "peers.yaml", PEER("spine", "10.0.1.2"));
	EXPECT(f, CHANGED_SPINE);
}

static void follows_links_and_configmap_mounts(void **state)
{
	struct fixture *f = with_spine(state);
	char *data = path_in(f, "..data"), *link = path_in(f, "more.yaml"),
	     *tmp = path_in(f, "..data_tmp"), *v1 = path_in(f, "..v1"), *v2 = path_in(f, "..v2");

	assert_int_equal(mkdir(v1, 0755) || mkdir(v2, 0755), 0);
	put(f, "..v1/more.yaml", PEER("more", "10.0.1.3"));
	put(f, "..v2/more.yaml", PEER("more", "10.0.1.4"));
	assert_int_equal(symlink("..v1", data), 0);
	assert_int_equal(symlink("..data/more.yaml", link), 0);
	EXPECT(f, "added BGPPeer cluster-a/more");
	assert_int_equal(symlink("..v2", tmp) || rename(tmp, data), 0);
	EXPECT(f, "changed BGPPeer cluster-a/more");
	free(data);
	free(link);
	free(tmp);
	free(v1);
	free(v2);
}

static void a_file_that_goes_takes_its_objects_along(void **state)
{
	struct fixture *f = with_spine(state);

	take_away(f, "peers.yaml");
	EXPECT(f, DELETED_SPINE);
	put(f, "peers.yaml", PEER("spine", "10.0.1.1"));
	EXPECT(f, ADDED_SPINE);
}

static void an_object_that_leaves_its_file_is_deleted(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", PEER("leaf", "10.0.1.2"));
	EXPECT(f, "added BGPPeer cluster-a/leaf", DELETED_SPINE);
}

static void an_object_that_moves_to_another_file_is_told_to_nobody(void **state)
{
	struct fixture *f = with_spine(state);

	move(f, "peers.yaml", "moved.yaml");
	expect_nothing(f);
	expect_no_faults(f);
}

static void a_change_of_form_alone_is_told_to_nobody(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml",
	    "# a comment\napiVersion: networking.gke.io/v1\nkind: BGPPeer\nmetadata:\n"
	    "  namespace: cluster-a\n  labels:\n    plane: \"data\"\n  name: spine\n  uid: 5\n"
	    "spec:\n  peerIP: 10.0.1.1\n  port: 179\n  peerASN: \"64602\"\n  localASN: 64601\n");
	expect_nothing(f);
	expect_no_faults(f);
}

/* ---- what is wrong ----------------------------------------------------------------------- */

static void a_refused_object_keeps_its_last_good_version(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", PEER("leaf", "10.0.1.2") SEPARATOR PEER("spine", "10.0.1.300"));
	EXPECT(f, "added BGPPeer cluster-a/leaf");
	expect_fault(f, "peers.yaml:9: BGPPeer/spine: spec.peerIP: \"10.0.1.300\" is not an IP "
			"address");
	put(f, "peers.yaml", PEER("leaf", "10.0.1.2") SEPARATOR PEER("spine", "10.0.1.3"));
	EXPECT(f, CHANGED_SPINE);
	expect_no_faults(f);
}

static void going_back_to_the_last_good_version_changes_nothing(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", PEER("spine", "10.0.1.300"));
	expect_fault(f, "peers.yaml:4: BGPPeer/spine: spec.peerIP: \"10.0.1.300\" is not an IP "
			"address");
	put(f, "peers.yaml", PEER("spine", "10.0.1.1"));
	expect_no_faults(f);
	expect_nothing(f);
}

static void a_file_that_does_not_parse_keeps_all_its_objects(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", "apiVersion: v1\nkind: [\n");
	expect_fault(f, "peers.yaml:3: cannot be parsed: did not find expected node content (while "
			"parsing a flow node)");
	expect_nothing(f);
	put(f, "peers.yaml", "");
	EXPECT(f, DELETED_SPINE);
}

static void an_object_whose_name_was_spoilt_is_not_taken_for_deleted(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", PEER("[spine]", "10.0.1.1"));
	expect_fault(f, "peers.yaml:3: BGPPeer/?: metadata.name: must be a string, not a list");
	expect_nothing(f);
}

static void the_first_of_two_files_with_one_object_counts(void **state)
{
	struct fixture *f = with_spine(state);
	char *text;

	put(f, "again.yaml", "\n\n" PEER("spine", "10.0.1.7"));
	text = xasprintf("again.yaml:3: BGPPeer/spine: is in %s/peers.yaml:1 already, and that one "
			 "stays in force",
			 f->dir);
	expect_fault(f, text);
	free(text);
	expect_nothing(f);
	take_away(f, "peers.yaml");
	EXPECT(f, CHANGED_SPINE);
	expect_no_faults(f);
}

static void an_object_twice_in_a_file_is_refused_the_second_time(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml", PEER("spine", "10.0.1.1") SEPARATOR PEER("spine", "10.0.1.2"));
	expect_fault(f, "peers.yaml:6: BGPPeer/spine: is in this file already, at line 1");
	expect_nothing(f);
}

static void rules_between_objects_are_faults_with_file_and_line(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "peers.yaml",
	    PEER("spine", "10.0.1.1") SEPARATOR
	    "apiVersion: networking.gke.io/v1\nkind: BGPPeer\n"
	    "metadata:\n  name: lost\n  namespace: cluster-a\n"
	    "spec: {localASN: 64601, peerASN: 64602, peerIP: 10.0.1.2}\n");
	expect_fault(f,
		     "peers.yaml:8: BGPPeer/lost: metadata.labels: no selector reaches this peer: "
		     "BGPLoadBalancer/default selects other labels");
}

static void objects_of_kinds_that_vipcast_writes_are_refused(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "mine.yaml",
	    "\napiVersion: networking.gke.io/v1\nkind: BGPSession\n"
	    "metadata: {name: x, namespace: kube-system}\nspec: {}\n");
	expect_fault(f,
		     "mine.yaml:2: BGPSession/x: objects of this kind are written by vipcast, not "
		     "by its users");
}

static void other_peoples_kinds_are_ignored(void **state)
{
	struct fixture *f = with_spine(state);

	put(f, "other.yaml",
	    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: 5\n"
	    "---\napiVersion: serving.knative.dev/v1\nkind: Service\n");
	expect_nothing(f);
	expect_no_faults(f);
}

static void a_file_that_cannot_be_read_keeps_its_objects(void **state)
{
	struct fixture *f = with_spine(state);
	char *path = path_in(f, "peers.yaml");

	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	expect_fault(f, "peers.yaml: is not a regular file");
	expect_nothing(f);
	free(path);
}

/* Half of a file is no reason to delete what the other half says. */
static void a_file_that_is_being_written_is_not_read_before_it_is_closed(void **state)
{
	struct fixture *f = with_spine(state);
	char *path = path_in(f, "peers.yaml");
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(PEER("leaf", "10.0.1.2"), file);
	fflush(file);
	expect_nothing(f);
	fputs(SEPARATOR PEER("spine", "10.0.1.1"), file);
	fclose(file);
	EXPECT(f, "added BGPPeer cluster-a/leaf");
	free(path);
}

static void survives_the_loss_of_its_own_folders(void **state)
{
	struct fixture *f = with_spine(state);

	remove_below(f, ".vipcast");
	take_away(f, "peers.yaml");
	EXPECT(f, DELETED_SPINE);
	put(f, "peers.yaml", PEER("spine", "10.0.1.1"));
	EXPECT(f, ADDED_SPINE);
}

/* More events than the kernel keeps, while nobody reads them: the change among them is lost. */
static void finds_what_changed_when_events_were_lost(void **state)
{
	struct fixture *f = with_spine(state);
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	unsigned long events = 16384;
	char line[32];

	if (limit && fgets(line, sizeof(line), limit))
		events = strtoul(line, NULL, 10);
	if (limit)
		fclose(limit);
	put(f, ".a", "");
	for (unsigned long i = 0; i < events; i += 4) {
		move(f, ".a", ".b");
		move(f, ".b", ".a");
	}
	take_away(f, "peers.yaml");
	put(f, "more.yaml", PEER("more", "10.0.1.5"));
	EXPECT(f, "added BGPPeer cluster-a/more", DELETED_SPINE);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(delivers_what_is_there_then_says_synced),
		T(an_empty_folder_is_synced_too),
		T(a_second_watch_gets_everything_as_well),
		T(names_the_folder_that_is_not_there),
		T(follows_changes_in_place),
		T(follows_editors_that_rename),
		T(follows_editors_that_move_the_old_file_away_first),
		T(follows_links_and_configmap_mounts),
		T(a_file_that_goes_takes_its_objects_along),
		T(an_object_that_leaves_its_file_is_deleted),
		T(an_object_that_moves_to_another_file_is_told_to_nobody),
		T(a_change_of_form_alone_is_told_to_nobody),
		T(a_refused_object_keeps_its_last_good_version),
		T(going_back_to_the_last_good_version_changes_nothing),
		T(a_file_that_does_not_parse_keeps_all_its_objects),
		T(an_object_whose_name_was_spoilt_is_not_taken_for_deleted),
		T(the_first_of_two_files_with_one_object_counts),
		T(an_object_twice_in_a_file_is_refused_the_second_time),
		T(rules_between_objects_are_faults_with_file_and_line),
		T(objects_of_kinds_that_vipcast_writes_are_refused),
		T(other_peoples_kinds_are_ignored),
		T(a_file_that_cannot_be_read_keeps_its_objects),
		T(a_file_that_is_being_written_is_not_read_before_it_is_closed),
		T(survives_the_loss_of_its_own_folders),
		T(finds_what_changed_when_events_were_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
