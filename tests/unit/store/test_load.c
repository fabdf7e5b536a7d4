// SPDX-License-Identifier: Apache-2.0
/* Reading manifests once, as `vipcastctl validate` does. Run from the top of the tree. */
#include "fixture.h"

static size_t count(const struct api_state *state)
{
	size_t n = 0;

	for (size_t kind = 0; kind < API_KIND_COUNT; kind++)
		n += state->kinds[kind].n;
	return n;
}

/* Loads NAME of the test's directory and compares all faults, each without the directory. */
static size_t load(struct fixture *f, const char *name, size_t n, const char *const *faults)
{
	char *path = path_in(f, name), text[1024];
	struct api_state objects = {0};
	fault_list found = {0};
	struct err err;
	size_t loaded;

	if (store_load_files(path, &objects, &found, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < n || i < found.n; i++) {
		const char *wanted = i < n ? faults[i] : "nothing", *got = "nothing";

		if (i < found.n) {
			fault_format(&found.v[i], text, sizeof(text));
			got = text + strlen(f->dir) + 1;
		}
		if (strcmp(got, wanted) != 0)
			fail_msg("fault %zu is \"%s\", expected \"%s\"", i, got, wanted);
	}
	loaded = count(&objects);
	state_free(&objects);
	fault_list_free(&found);
	free(path);
	return loaded;
}

#define LOAD(f, name, ...)                                                    \
	load(f, name, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
	     (const char *[]){__VA_ARGS__})

static void every_example_is_without_fault(void **unused)
{
	static const struct {
		const char *file;
		size_t objects;
	} examples[] = {
		{"shared-peers.yaml", 2},	 {"per-rack-peers.yaml", 2},
		{"separate-data-plane.yaml", 4}, {"dual-stack.yaml", 3},
		{"services.yaml", 17},		 {"", 28},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		char *path = xasprintf("%s/%s", EXAMPLES, examples[i].file);
		struct api_state objects = {0};
		fault_list faults = {0};
		struct err err;

		if (store_load_files(path, &objects, &faults, &err))
			fail_msg("%s", err.msg);
		print_faults(&faults);
		assert_int_equal(faults.n, 0);
		assert_int_equal(count(&objects), examples[i].objects);
		state_free(&objects);
		free(path);
	}
}

static void a_path_that_is_not_there_is_an_error(void **state)
{
	struct api_state objects = {0};
	fault_list faults = {0};
	struct err err;

	(void)state;
	assert_int_equal(store_load_files("/nowhere", &objects, &faults, &err), -ENOENT);
	assert_string_equal(err.msg, "cannot read /nowhere: No such file or directory");
}

static void every_fault_of_every_file_comes_at_once_and_sorted(void **state)
{
	struct fixture *f = *state;

	put(f, "b.yaml",
	    PEER("one", "10.0.0.300") SEPARATOR
	    "apiVersion: networking.gke.io/v1\nkind: BGPPeer\n"
	    "metadata:\n  name: two\n  namespace: cluster-a\n  labels: {plane: data}\n"
	    "spec:\n  localASN: 0\n  peerASN: 64602\n  peerIp: 10.0.1.2\n");
	put(f, "a.yaml", AROUND);
	put(f, "c.yaml", "a: [");
	assert_int_equal(
		LOAD(f, "",
		     "a.yaml:20: BGPLoadBalancer/default: spec.peerSelector: selects no BGPPeer",
		     "b.yaml:4: BGPPeer/one: spec.peerIP: \"10.0.0.300\" is not an IP address",
		     "b.yaml:12: BGPPeer/two: spec.peerIP: is required",
		     "b.yaml:13: BGPPeer/two: spec.localASN: must be an AS number (1 to 4294967295, "
		     "or asdot like 64512.1), not 0",
		     "b.yaml:15: BGPPeer/two: spec.peerIp: unknown field \"peerIp\", did you mean "
		     "\"peerIP\"?",
		     "c.yaml:2: cannot be parsed: did not find expected node content (while parsing a "
		     "flow node)"),
		3);
}

static void an_object_in_two_files_names_both(void **state)
{
	struct fixture *f = *state;
	char *text =
		xasprintf("c.yaml:2: BGPPeer/one: is in %s/b.yaml:1 already, and that one stays "
			  "in force",
			  f->dir);

	put(f, "a.yaml", AROUND);
	put(f, "b.yaml", PEER("one", "10.0.1.1"));
	put(f, "c.yaml", "\n" PEER("one", "10.0.1.2"));
	assert_int_equal(LOAD(f, "", text), 4);
	free(text);
}

/* The controller looks the object up that a fault is about. */
static void faults_know_the_namespace_of_their_object(void **state)
{
	struct fixture *f = *state;
	struct api_state objects = {0};
	fault_list faults = {0};

	put(f, "a.yaml", PEER("one", "10.0.0.300") SEPARATOR PEER("two", "10.0.1.2"));
	put(f, "b.yaml",
	    PEER("two", "10.0.1.2") SEPARATOR PEER("three", "10.0.1.3")
		    SEPARATOR PEER("three", "10.0.1.3"));
	assert_int_equal(store_load_files(f->dir, &objects, &faults, NULL), 0);
	assert_int_equal(faults.n,
			 5); /* refused, in two files, twice in one; two without Cluster */
	array_each(&faults, fault)
		assert_string_equal(fault->ns, "cluster-a");
	state_free(&objects);
	fault_list_free(&faults);
}

static void a_single_file_is_looked_at_by_itself(void **state)
{
	struct fixture *f = *state;

	put(f, "peer.yaml", PEER("one", "10.0.1.1"));
	assert_int_equal(
		LOAD(f, "peer.yaml",
		     "peer.yaml:3: BGPPeer/one: metadata.namespace: no Cluster lives in \"cluster-a\""),
		1);
}

static void the_items_of_a_list_are_objects(void **state)
{
	struct fixture *f = *state;

	put(f, "dump.yaml",
	    "apiVersion: v1\nkind: List\nitems:\n"
	    "- apiVersion: v1\n  kind: Node\n  metadata: {name: n1}\n"
	    "- apiVersion: v1\n  kind: Node\n  metadata:\n    name: n2\n"
	    "  spec:\n    unschedulable: maybe\n"
	    "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: n3}\n");
	assert_int_equal(
		LOAD(f, "dump.yaml",
		     "dump.yaml:12: Node/n2: spec.unschedulable: must be true or false, not "
		     "\"maybe\""),
		1);
}

static void a_bmctl_file_loads_with_its_header(void **state)
{
	struct fixture *f = *state;

	put(f, "bmctl.yaml",
	    "gcrKeyPath: keys/gcr.json\nsshPrivateKeyPath: /root/.ssh/id\n---\n"
	    "apiVersion: v1\nkind: Namespace\nmetadata: {name: cluster-a}\n---\n" AROUND SEPARATOR
		    PEER("one", "10.0.1.1"));
	assert_int_equal(load(f, "bmctl.yaml", 0, NULL), 4);
}

static void documents_that_are_no_objects_are_refused(void **state)
{
	struct fixture *f = *state;

	put(f, "a.yaml",
	    "just text\n---\nkind: Cluster\n---\napiVersion: v1\n---\n"
	    "apiVersion: networking.gke.io/v2\nkind: BGPPeer\n---\n- 1\n");
	assert_int_equal(
		LOAD(f, "a.yaml", "a.yaml:1: is not an object",
		     "a.yaml:3: apiVersion: is required: this is not a Kubernetes object",
		     "a.yaml:5: kind: is required: this is not a Kubernetes object",
		     "a.yaml:7: apiVersion: \"networking.gke.io/v2\" is not read: BGPPeer is of "
		     "\"networking.gke.io/v1\"",
		     "a.yaml:10: is not an object"),
		0);
}

static void what_is_no_regular_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "pipe.yaml");

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(LOAD(f, "", "pipe.yaml: is not a regular file"), 0);
	free(path);
}

/* Whatever an editor or a full disk leaves of a file: an answer, never a crash. */
static void every_beginning_of_every_example_gets_an_answer(void **state)
{
	static const char *const examples[] = {"shared-peers.yaml", "per-rack-peers.yaml",
					       "separate-data-plane.yaml", "dual-stack.yaml",
					       "services.yaml"};
	struct fixture *f = *state;
	char *path = path_in(f, "cut.yaml");

	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		char *whole = xasprintf("%s/%s", EXAMPLES, examples[i]), *text = xcalloc(1, 65536);
		FILE *file = fopen(whole, "r");
		size_t size;

		assert_non_null(file);
		size = fread(text, 1, 65535, file);
		fclose(file);
		/* The long one only up to its third kind of object: the rest is more of the same.
		 */
		for (size_t n = size < 4500 ? size : 4500; n-- > 0;) {
			struct api_state objects = {0};
			fault_list faults = {0};

			file = fopen(path, "w");
			fwrite(text, 1, n, file);
			fclose(file);
			assert_int_equal(store_load_files(path, &objects, &faults, NULL), 0);
			state_free(&objects);
			fault_list_free(&faults);
		}
		free(text);
		free(whole);
	}
	free(path);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_is_without_fault),
		cmocka_unit_test(a_path_that_is_not_there_is_an_error),
		T(every_fault_of_every_file_comes_at_once_and_sorted),
		T(an_object_in_two_files_names_both),
		T(faults_know_the_namespace_of_their_object),
		T(a_single_file_is_looked_at_by_itself),
		T(the_items_of_a_list_are_objects),
		T(a_bmctl_file_loads_with_its_header),
		T(documents_that_are_no_objects_are_refused),
		T(what_is_no_regular_file_is_refused),
		T(every_beginning_of_every_example_gets_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
