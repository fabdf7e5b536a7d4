// SPDX-License-Identifier: Apache-2.0
/* What holds for every kind: encoding, copies, comparison, the register; and the state. */
#include "api/state.h"
#include "docs.h"

static const char *const documents[] = {
	[API_CLUSTER] = CLUSTER_DOC,
	[API_NETWORK_GATEWAY_GROUP] = GROUP_DOC,
	[API_BGP_LOAD_BALANCER] = BALANCER_DOC,
	[API_BGP_PEER] = PEER_DOC,
	[API_CLUSTER_CIDR_CONFIG] = CIDR_DOC,
	[API_SERVICE] = SERVICE_DOC,
	[API_ENDPOINT_SLICE] = SLICE_DOC,
	[API_NODE] = NODE_DOC,
	[API_LEASE] = LEASE_DOC,
	[API_BGP_SESSION] = SESSION_DOC,
	[API_BGP_ADVERTISED_ROUTE] = ROUTE_DOC,
};

static void every_kind_is_found_by_version_and_name(void **state)
{
	(void)state;
	for (int kind = 0; kind < API_KIND_COUNT; kind++) {
		const struct api_kind_info *info = api_kind_info((enum api_kind)kind);
		char *version =
			xasprintf("%s%s%s", info->group, *info->group ? "/" : "", info->version);

		assert_int_equal(info->kind, kind);
		assert_ptr_equal(api_kind_find(version, info->name), info);
		assert_null(api_kind_find("v9", info->name));
		free(version);
	}
	assert_null(api_kind_find("v1", "Pod"));
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++) {
		struct api_object *obj = decoded(document(documents[kind]));
		struct api_object *again = decoded(api_encode(obj));

		assert_int_equal(obj->kind, kind);
		assert_true(api_spec_equal(obj, again));
		assert_true(api_status_equal(obj, again));
		api_object_free(again);
		api_object_free(obj);
	}
}

static void copies_are_equal_and_of_their_own(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++) {
		struct api_object *obj = decoded(document(documents[kind]));
		struct api_object *copy = api_object_copy(obj), *second;

		api_object_free(obj);
		second = api_object_copy(copy);
		assert_true(api_spec_equal(copy, second));
		assert_true(api_status_equal(copy, second));
		assert_int_equal(copy->kind, kind);
		api_object_free(second);
		api_object_free(copy);
	}
}

/* What vipcast reads from Kubernetes' objects, in the form that it keeps. */
static void encoding_writes_the_names_of_the_reference(void **state)
{
	struct api_object *session = decoded(document(SESSION_DOC));
	struct api_object *route = decoded(document(ROUTE_DOC));
	json_t *doc = api_encode(session), *wanted;

	(void)state;
	wanted = changed(SESSION_DOC, "status.lastReportTime", "'2026-01-02T03:04:05.000000Z'");
	assert_true(json_equal(doc, wanted));
	json_decref(wanted);
	json_decref(doc);
	doc = api_encode(route);
	wanted = document(ROUTE_DOC);
	assert_true(json_equal(doc, wanted));
	json_decref(wanted);
	json_decref(doc);
	api_object_free(route);
	api_object_free(session);
}

static void every_difference_in_the_spec_is_seen(void **state)
{
	static const struct {
		const char *base, *path, *value;
		bool spec, status; /* still equal? */
	} cases[] = {
		{PEER_DOC, "spec.sessions", "3", false, true},
		{PEER_DOC, "spec.holdTime", "9", false, true},
		{PEER_DOC, "spec.addPath", "false", false, true},
		{PEER_DOC, "metadata.labels", "{}", false, true},
		{PEER_DOC, "metadata.uid", "'x'", true, true},
		{PEER_DOC, "spec.port", "179", true, true},
		{GROUP_DOC, "spec.floatingIPs", "['10.0.0.101', '10.0.0.100']", false, true},
		{SERVICE_DOC, "spec.ports[1].port", "54", false, true},
		{SERVICE_DOC, "spec.ipFamilies", "['IPv4', 'IPv6']", false, true},
		{SERVICE_DOC, "spec.selector", "{'app': 'x'}", true, true},
		{SERVICE_DOC, "status.loadBalancer.ingress", "[]", true, false},
		{SLICE_DOC, "endpoints[0].conditions", "{'ready': true}", false, true},
		{SLICE_DOC, "metadata.labels", "{'kubernetes.io/service-name': 'x'}", false, true},
		{NODE_DOC, "spec.unschedulable", "false", false, true},
		{NODE_DOC, "status.conditions[1].status", "'True'", true, false},
		{NODE_DOC, "status.conditions[0].status", "'False'", true, true},
		{LEASE_DOC, "spec.renewTime", "'2026-01-02T03:04:06Z'", false, true},
		{LEASE_DOC, "metadata.annotations", "{'vipcast.io/dataplane': 'off'}", false, true},
		{SESSION_DOC, "status.state", "'Established'", true, false},
		{SESSION_DOC, "status.reason", "'no route'", true, false},
		{SESSION_DOC, "status.advertisedRoutes", "[]", true, false},
		{SESSION_DOC, "spec.peerPort", "179", false, true},
		{ROUTE_DOC, "spec.nextHops", "['10.0.0.21']", false, true},
		{ROUTE_DOC, "spec.fallback", "[]", false, true},
		{ROUTE_DOC, "spec.metric", "0", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct api_object *a = decoded(document(cases[i].base));
		struct api_object *b =
			decoded(changed(cases[i].base, cases[i].path, cases[i].value));

		if (api_spec_equal(a, b) != cases[i].spec)
			fail_msg("%s: spec", cases[i].path);
		if (api_status_equal(a, b) != cases[i].status)
			fail_msg("%s: status", cases[i].path);
		api_object_free(b);
		api_object_free(a);
	}
}

static void what_is_not_ours_is_neither_object_nor_fault(void **state)
{
	json_t *doc = document("{'apiVersion': 'v1', 'kind': 'Pod', 'metadata': 5}");
	fault_list faults = {0};

	(void)state;
	assert_null(api_decode(doc, &faults));
	assert_int_equal(faults.n, 0);
	json_decref(doc);
}

static void selectors_match_when_every_pair_is_there(void **state)
{
	api_pairs selector = {0}, labels = {0};

	(void)state;
	assert_true(api_pairs_match(&selector, &labels));
	api_pair_set(&selector, "plane", "data");
	assert_false(api_pairs_match(&selector, &labels));
	api_pair_set(&labels, "rack", "a");
	api_pair_set(&labels, "plane", "control");
	assert_false(api_pairs_match(&selector, &labels));
	api_pair_set(&labels, "plane", "data");
	assert_int_equal(labels.n, 2);
	assert_true(api_pairs_match(&selector, &labels));
	api_pair_set(&selector, "rack", "b");
	assert_false(api_pairs_match(&selector, &labels));
	for (size_t i = 0; i < 2; i++) {
		api_pairs *pairs = i ? &selector : &labels;

		array_each(pairs, pair) {
			free(pair->key);
			free(pair->value);
		}
		array_free(pairs);
	}
}

static void state_keeps_objects_in_order(void **state)
{
	static const char *const keys[][2] = {{"b", "x"}, {"a", "y"}, {"b", "a"}, {"a", "b"}};
	static const char *const sorted[] = {"a/b", "a/y", "b/a", "b/x"};
	struct api_state s = {0};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		state_put(&s, api_object_new(API_BGP_PEER, keys[i][0], keys[i][1]));
	state_put(&s, api_object_new(API_NODE, NULL, "lb1"));
	state_each(&s, API_BGP_PEER, obj) {
		char *key = xasprintf("%s/%s", obj->meta.ns, obj->meta.name);

		assert_string_equal(key, sorted[n++]);
		free(key);
	}
	assert_int_equal(n, 4);
	assert_non_null(state_get(&s, API_BGP_PEER, "b", "a"));
	assert_null(state_get(&s, API_BGP_PEER, "b", "b"));
	assert_null(state_get(&s, API_SERVICE, "b", "a"));
	assert_non_null(state_get(&s, API_NODE, NULL, "lb1"));
	state_free(&s);
}

static void state_replaces_and_deletes(void **state)
{
	struct api_object *peer = api_object_new(API_BGP_PEER, "a", "x");
	struct api_state s = {0};

	(void)state;
	peer->bgp_peer.sessions = 7;
	state_put(&s, api_object_new(API_BGP_PEER, "a", "x"));
	state_put(&s, peer);
	assert_int_equal(s.kinds[API_BGP_PEER].n, 1);
	assert_int_equal(state_get(&s, API_BGP_PEER, "a", "x")->bgp_peer.sessions, 7);
	assert_true(state_delete(&s, API_BGP_PEER, "a", "x"));
	assert_false(state_delete(&s, API_BGP_PEER, "a", "x"));
	assert_null(state_get(&s, API_BGP_PEER, "a", "x"));
	state_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_found_by_version_and_name),
		cmocka_unit_test(what_is_encoded_decodes_to_the_same),
		cmocka_unit_test(copies_are_equal_and_of_their_own),
		cmocka_unit_test(encoding_writes_the_names_of_the_reference),
		cmocka_unit_test(every_difference_in_the_spec_is_seen),
		cmocka_unit_test(what_is_not_ours_is_neither_object_nor_fault),
		cmocka_unit_test(selectors_match_when_every_pair_is_there),
		cmocka_unit_test(state_keeps_objects_in_order),
		cmocka_unit_test(state_replaces_and_deletes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
