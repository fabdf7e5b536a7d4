// SPDX-License-Identifier: Apache-2.0
/* What faults say beyond their text: all of them, in order, of which object, and at which path. */
#include "api/state.h"
#include "api/validate.h"
#include "docs.h"

static void check_faults(json_t *doc, const char *wanted)
{
	fault_list faults = {0};
	char *text;

	assert_null(api_decode(doc, &faults));
	text = faults_text(&faults);
	assert_string_equal(text, wanted);
	free(text);
	fault_list_free(&faults);
	json_decref(doc);
}

static void every_fault_of_a_document_is_reported(void **state)
{
	(void)state;
	check_faults(
		document("{'apiVersion': 'networking.gke.io/v1', 'kind': 'BGPPeer',"
			 " 'metadata': {'name': 'A', 'namespace': 'cluster-a',"
			 "              'labels': {'a': 1, 'b': null}},"
			 " 'spec': {'localASN': 0, 'peerIP': 'x', 'sesions': 2, 'bfd': {},"
			 "          'holdTime': 2, 'addPath': 1}}"),
		"metadata.labels.a: must be a string, not 1 (quote it)\n"
		"metadata.labels.b: must be a string, not null (quote it)\n"
		"metadata.name: \"A\" is not a name (lower case letters, digits, - and .)\n"
		"spec.localASN: must be an AS number (1 to 4294967295, or asdot like 64512.1), "
		"not 0\n"
		"spec.peerIP: \"x\" is not an IP address\n"
		"spec.sesions: unknown field \"sesions\", did you mean \"sessions\"?\n"
		"spec.bfd: is not supported by this version of vipcast\n"
		"spec.addPath: must be true or false, not 1\n"
		"spec.peerASN: is required\n"
		"spec.holdTime: 2 is neither 0 nor between 3 and 65535");
	check_faults(
		document("{'apiVersion': 'baremetal.cluster.gke.io/v1', 'kind': 'Cluster',"
			 " 'metadata': {'name': 'a', 'namespace': 'cluster-a'}, 'spec': {"
			 "  'clusterNetwork': {}, 'controlPlane': {},"
			 "  'loadBalancer': {'type': 'bgp', 'addressPools': ["
			 "   {'name': 'p', 'addresses': ['10.1.0.9-10.1.0.1', 'x']},"
			 "   {'addresses': ['10.2.0.0/24', '10.2.0.9']}]}}}"),
		"spec.loadBalancer.addressPools[0].addresses[0]: range \"10.1.0.9-10.1.0.1\" "
		"is backwards: 10.1.0.9 is after 10.1.0.1\n"
		"spec.loadBalancer.addressPools[0].addresses[1]: \"x\" is not a CIDR, a range "
		"FIRST-LAST or an address\n"
		"spec.loadBalancer.addressPools[1].name: is required\n"
		"spec.loadBalancer.addressPools[1].addresses[1]: 10.2.0.9-10.2.0.9 of pool \"\" "
		"overlaps 10.2.0.0-10.2.0.255 of pool \"\"\n"
		"spec.loadBalancer.type: \"bgp\" needs "
		"spec.clusterNetwork.advancedNetworking: true\n"
		"spec.loadBalancer.localASN: is required with type \"bgp\"\n"
		"spec.loadBalancer.bgpPeers: is required with type \"bgp\"\n"
		"spec.controlPlane.nodePoolSpec.nodes: lists no node");
}

static void a_fault_names_its_object_and_leaves_those_before_it_alone(void **state)
{
	json_t *doc = changed(PEER_DOC, "spec.peerIP", "'x'");
	json_t *nameless = changed(PEER_DOC, "metadata", NULL);
	fault_list faults = {0};

	(void)state;
	fault_add(&faults, NULL, "", "an earlier one");
	assert_null(api_decode(doc, &faults));
	assert_null(api_decode(nameless, &faults));
	assert_int_equal(faults.n, 3);
	assert_null(faults.v[0].object);
	assert_string_equal(faults.v[1].object, "BGPPeer/spine");
	assert_string_equal(faults.v[1].ns, "cluster-a");
	assert_string_equal(faults.v[2].object, "BGPPeer/?");
	fault_list_free(&faults);
	json_decref(nameless);
	json_decref(doc);
}

/* A good document is taken whatever was wrong with those before it. */
static void faults_of_others_refuse_nothing(void **state)
{
	json_t *doc = document(PEER_DOC);
	fault_list faults = {0};
	struct api_object *obj;

	(void)state;
	fault_add(&faults, "BGPPeer/other", "spec", "wrong");
	obj = api_decode(doc, &faults);
	assert_non_null(obj);
	assert_int_equal(faults.n, 1);
	api_object_free(obj);
	fault_list_free(&faults);
	json_decref(doc);
}

static void long_names_and_values_are_cut_not_overrun(void **state)
{
	static const char *const bases[] = {PEER_DOC, CLUSTER_DOC, SLICE_DOC};
	static const char *const places[][2] = {
		{"metadata", "name"}, {"metadata", "namespace"}, {"spec", "unknown"}};
	char text[2001];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < 9; i++) {
		json_t *doc = document(bases[i / 3]);
		json_t *parent = json_object_get(doc, places[i % 3][0]);
		fault_list faults = {0};
		struct api_object *obj;

		if (!parent)
			parent = doc;
		json_object_set_new(parent, i % 3 == 2 ? text : places[i % 3][1],
				    json_string(text));
		obj = api_decode(doc, &faults);
		array_each(&faults, fault)
			assert_true(strlen(fault->msg) < 600 && strlen(fault->path) < 600);
		assert_int_equal(obj == NULL, faults.n > 0);
		api_object_free(obj);
		fault_list_free(&faults);
		json_decref(doc);
	}
}

/* Objects that the program makes itself, before it fills them. */
static void an_object_that_was_made_here_copies_to_the_same(void **state)
{
	(void)state;
	for (int kind = 0; kind < API_KIND_COUNT; kind++) {
		struct api_object *obj = api_object_new((enum api_kind)kind, NULL, "x"), *copy;

		if (api_kind_info((enum api_kind)kind)->namespaced)
			obj->meta.ns = xstrdup("a");
		copy = api_object_copy(obj);
		assert_true(api_spec_equal(obj, copy));
		assert_true(api_status_equal(obj, copy));
		copy->meta.name[0] = 'y';
		assert_false(api_spec_equal(obj, copy));
		api_object_free(copy);
		api_object_free(obj);
	}
}

/* A cluster that does not speak BGP needs no floating IP. */
static void only_type_bgp_needs_a_gateway_group(void **state)
{
	static const struct {
		const char *path, *value;
		size_t faults;
	} cases[] = {
		{"", NULL, 1},
		{"spec.loadBalancer.type", "'layer2'", 0},
		{"spec.loadBalancer.mode", "'manual'", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct api_state objects = {0};
		fault_list faults = {0};

		state_put(&objects, decoded(changed(CLUSTER_DOC, cases[i].path, cases[i].value)));
		assert_int_equal(validate_state(&objects, &faults), cases[i].faults);
		fault_list_free(&faults);
		state_free(&objects);
	}
}

/* What lives in another namespace belongs to another cluster. */
static void rules_hold_within_a_namespace(void **state)
{
	struct api_state objects = {0};
	fault_list faults = {0};
	char *text;

	(void)state;
	state_put(&objects, decoded(document(CLUSTER_DOC)));
	state_put(&objects, decoded(document(GROUP_DOC)));
	state_put(&objects, decoded(document(BALANCER_DOC)));
	state_put(&objects, decoded(changed(PEER_DOC, "metadata.namespace", "'cluster-b'")));
	assert_int_equal(validate_state(&objects, &faults), 2);
	text = faults_text(&faults);
	assert_string_equal(text, "spec.peerSelector: selects no BGPPeer\n"
				  "metadata.namespace: no Cluster lives in \"cluster-b\"");
	assert_string_equal(faults.v[1].ns, "cluster-b");
	free(text);
	fault_list_free(&faults);
	state_free(&objects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_of_a_document_is_reported),
		cmocka_unit_test(a_fault_names_its_object_and_leaves_those_before_it_alone),
		cmocka_unit_test(faults_of_others_refuse_nothing),
		cmocka_unit_test(long_names_and_values_are_cut_not_overrun),
		cmocka_unit_test(an_object_that_was_made_here_copies_to_the_same),
		cmocka_unit_test(only_type_bgp_needs_a_gateway_group),
		cmocka_unit_test(rules_hold_within_a_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
