// SPDX-License-Identifier: Apache-2.0
/*
 * A document of each kind, with each of its values replaced in turn by values of every JSON type
 * (and removed). Whatever comes of it, decoding ends in an object or in faults, never in both and
 * never in neither, and what is taken can be encoded, copied and decoded to the same again.
 */
#include "docs.h"

static const char *const documents[] = {
	CLUSTER_DOC, GROUP_DOC, BALANCER_DOC, PEER_DOC,	   CIDR_DOC,  SERVICE_DOC,
	SLICE_DOC,   NODE_DOC,	LEASE_DOC,    SESSION_DOC, ROUTE_DOC,
};

static const char *const values[] = {
	"'text'",      "''",
	"'10.0.0.1'",  "'::1'",
	"'0.0.0.0/0'", "'\\u0001\\n%s%n'",
	"0",	       "1",
	"-1",	       "4294967296",
	"1.5",	       "9223372036854775807",
	"null",	       "[]",
	"[[]]",	       "[null]",
	"['x', 5]",    "[{}]",
	"{}",	       "{'x': {'y': []}}",
	"true",	       "false",
};

/* A walk over a document: how many of its changed forms were taken, how many refused. */
struct walk {
	json_t *doc;
	size_t taken, refused;
};

static void check_taken(struct api_object *obj, const json_t *doc)
{
	fault_list faults = {0};
	json_t *encoded = api_encode(obj);
	struct api_object *again = api_decode(encoded, &faults);
	struct api_object *copy = api_object_copy(obj);
	char *text = faults_text(&faults);

	if (!again) {
		char *written = json_dumps(doc, 0), *out = json_dumps(encoded, 0);

		fail_msg("%s\nis taken, and written as\n%s\nwhich is refused: %s", written, out,
			 text);
	} else {
		json_t *second = api_encode(again), *third = api_encode(copy);

		assert_true(json_equal(encoded, second));
		assert_true(json_equal(encoded, third));
		assert_true(api_spec_equal(obj, again) && api_status_equal(obj, again));
		json_decref(second);
		json_decref(third);
	}
	free(text);
	api_object_free(copy);
	api_object_free(again);
	json_decref(encoded);
}

static void check_document(struct walk *walk)
{
	const char *kind = json_string_value(json_object_get(walk->doc, "kind"));
	const char *version = json_string_value(json_object_get(walk->doc, "apiVersion"));
	bool ignored = kind && version && !api_kind_find(version, kind);
	fault_list faults = {0};
	struct api_object *obj = api_decode(walk->doc, &faults);

	if (ignored ? obj || faults.n : (obj != NULL) == (faults.n > 0)) {
		char *written = json_dumps(walk->doc, 0), *text = faults_text(&faults);

		fail_msg("%s\n%s an object, and these faults:\n%s", written, obj ? "gives" : "no",
			 text);
	}
	array_each(&faults, fault) {
		assert_non_null(fault->path);
		assert_true(*fault->msg);
	}
	if (obj)
		check_taken(obj, walk->doc);
	walk->taken += obj != NULL;
	walk->refused += faults.n > 0;
	api_object_free(obj);
	fault_list_free(&faults);
}

static void mutate_children(struct walk *walk, json_t *parent);

/* Puts VALUE (a new reference; NULL: nothing) in the place of a child. */
static void put(json_t *parent, const char *key, size_t i, json_t *value)
{
	if (key && value)
		json_object_set_new(parent, key, value);
	else if (key)
		json_object_del(parent, key);
	else
		json_array_set_new(parent, i, value);
}

static void mutate(struct walk *walk, json_t *parent, const char *key, size_t i)
{
	json_t *old = json_incref(key ? json_object_get(parent, key) : json_array_get(parent, i));

	for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
		put(parent, key, i, document(values[v]));
		check_document(walk);
	}
	if (key) {
		put(parent, key, i, NULL);
		check_document(walk);
	}
	put(parent, key, i, json_incref(old));
	mutate_children(walk, old);
	json_decref(old);
}

static void mutate_children(struct walk *walk, json_t *parent)
{
	size_t n = json_object_size(parent), i = 0;
	char **keys = xcalloc(n, sizeof(*keys));
	const char *key;
	json_t *value;

	json_object_foreach(parent, key, value)
		keys[i++] = xstrdup(key); /* the walk must not see the changes that it makes */
	for (i = 0; i < n; i++) {
		mutate(walk, parent, keys[i], 0);
		free(keys[i]);
	}
	free(keys);
	for (i = 0; i < json_array_size(parent); i++)
		mutate(walk, parent, NULL, i);
}

static void any_value_in_any_place_gives_an_object_or_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		struct walk walk = {.doc = document(documents[i])};
		json_t *before = document(documents[i]);

		mutate_children(&walk, walk.doc);
		assert_true(json_equal(walk.doc, before));
		assert_true(walk.taken > 0 && walk.refused > 0);
		json_decref(before);
		json_decref(walk.doc);
	}
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const texts[] = {
		"[]", "'x'", "5", "null", "true", "{}", "{'kind': 'Node'}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_t *doc = document(texts[i]);
		fault_list faults = {0};
		char *text;

		assert_null(api_decode(doc, &faults));
		text = faults_text(&faults);
		assert_string_equal(text,
				    "apiVersion: is required: this is not a Kubernetes object");
		free(text);
		fault_list_free(&faults);
		json_decref(doc);
	}
}

/* The field that has the wrong type is the one that is named, and it alone. */
static void a_wrong_type_is_one_fault_at_its_place(void **state)
{
	static const struct {
		const char *base;
		struct change_case change;
	} cases[] = {
		{GROUP_DOC, {"spec", "5", "spec: must be an object, not 5"}},
		{BALANCER_DOC, {"spec", "'x'", "spec: must be an object, not \"x\""}},
		{PEER_DOC, {"metadata.name", "7", "metadata.name: must be a string, not 7"}},
		{PEER_DOC,
		 {"metadata.namespace", "[]", "metadata.namespace: must be a string, not a list"}},
		{PEER_DOC,
		 {"metadata.labels", "[]",
		  "metadata.labels: must be an object of strings, not a list"}},
		{PEER_DOC,
		 {"spec.peerIP", "{}", "spec.peerIP: must be an IP address, not an object"}},
		{PEER_DOC, {"spec.peerIP", "10.5", "spec.peerIP: must be an IP address, not 10.5"}},
		{PEER_DOC,
		 {"spec.addressFamilies", "'ipv4'",
		  "spec.addressFamilies: must list \"ipv4\", \"ipv6\" or both"}},
		{PEER_DOC, {"spec.bfd", "null", ""}},
		{PEER_DOC, {"spec.sessions", "null", ""}},
		{CIDR_DOC,
		 {"spec.ipv4.cidr", "true", "spec.ipv4.cidr: must be a prefix, not true"}},
		{CIDR_DOC, {"spec.ipv4", "[]", "spec.ipv4: must be an object, not a list"}},
		{SLICE_DOC, {"endpoints[1]", "'x'", "endpoints[1]: must be an object, not \"x\""}},
		{SLICE_DOC,
		 {"endpoints[0].conditions", "{'ready': 'no'}",
		  "endpoints[0].conditions.ready: must be true or false, not \"no\""}},
		{SLICE_DOC,
		 {"endpoints[0].conditions", "{'serving': 0}",
		  "endpoints[0].conditions.serving: must be true or false, not 0"}},
		{SLICE_DOC,
		 {"endpoints[0].conditions", "{'terminating': []}",
		  "endpoints[0].conditions.terminating: must be true or false, not a list"}},
		{SESSION_DOC,
		 {"status.advertisedRoutes[0]", "5",
		  "status.advertisedRoutes[0]: must be a string, not 5"}},
		{ROUTE_DOC,
		 {"spec.fallback[0].nextHop", NULL, "spec.fallback[0].nextHop: is required"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_change(cases[i].base, &cases[i].change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_value_in_any_place_gives_an_object_or_faults),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(a_wrong_type_is_one_fault_at_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
