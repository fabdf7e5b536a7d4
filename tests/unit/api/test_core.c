// SPDX-License-Identifier: Apache-2.0
/* Kubernetes' own kinds. */
#include <netinet/in.h>

#include "docs.h"

static void reads_a_service(void **state)
{
	struct api_object *obj = decoded(document(SERVICE_DOC));
	const struct api_service *s = &obj->service;

	(void)state;
	assert_string_equal(obj->meta.ns, "shop");
	assert_string_equal(api_pair_get(&obj->meta.annotations, "a/b"), "c");
	assert_string_equal(s->type, "LoadBalancer");
	assert_string_equal(s->load_balancer_class, "vipcast.io/bgp");
	assert_string_equal(ip_str(&s->load_balancer_ip).s, "198.51.100.9");
	assert_int_equal(s->ip_families, API_FAMILY_IPV4 | API_FAMILY_IPV6);
	assert_true(s->prefers_ipv6 && s->prefer_dual_stack && !s->require_dual_stack);
	assert_true(s->external_traffic_local);
	assert_int_equal(s->ports.n, 2);
	assert_string_equal(s->ports.v[0].name, "http");
	assert_int_equal(s->ports.v[0].protocol, IPPROTO_TCP);
	assert_int_equal(s->ports.v[0].port, 80);
	assert_int_equal(s->ports.v[1].protocol, IPPROTO_UDP);
	assert_int_equal(s->ingress.n, 2);
	assert_string_equal(ip_str(&s->ingress.v[1]).s, "2001:db8::9");
	api_object_free(obj);
}

static void fields_that_kubernetes_owns_are_ignored_but_not_wrong_types(void **state)
{
	static const struct change_case cases[] = {
		{"spec.somethingNew", "{'x': [1]}", ""},
		{"spec.loadBalancerIP", "''", ""},
		{"spec.ports[0].name", NULL, ""},
		{"spec.ports[0].appProtocol", "'h2'", ""},
		{"status", NULL, ""},
		{"status.conditions", "[]", ""},
		{"spec.loadBalancerIP", "'x'", "spec.loadBalancerIP: \"x\" is not an IP address"},
		{"spec.ports[0].port", NULL, "spec.ports[0].port: is required"},
		{"spec.ports[0].port", "0", "spec.ports[0].port: 0 is not between 1 and 65535"},
		{"spec.ports[0].port", "'http'",
		 "spec.ports[0].port: must be a whole number, not \"http\""},
		{"spec.ports[0].protocol", "'ICMP'",
		 "spec.ports[0].protocol: must be TCP, UDP or SCTP, not \"ICMP\""},
		{"spec.ports", "{}", "spec.ports: must be a list, not an object"},
		{"spec.type", "5", "spec.type: must be a string, not 5"},
		{"spec.ipFamilies", "['IPv7']",
		 "spec.ipFamilies: must list IPv4 or IPv6, not \"IPv7\""},
		{"spec.ipFamilies", "'IPv4'", "spec.ipFamilies: must be a list, not \"IPv4\""},
		{"spec.ipFamilyPolicy", "'Dual'",
		 "spec.ipFamilyPolicy: must be SingleStack, PreferDualStack or RequireDualStack, not "
		 "\"Dual\""},
		{"spec.externalTrafficPolicy", "'local'",
		 "spec.externalTrafficPolicy: must be Cluster or Local, not \"local\""},
		{"status.loadBalancer.ingress", "[{'ip': 'x'}]",
		 "status.loadBalancer.ingress: \"x\" is not an IP address"},
		{"status.loadBalancer.ingress[1]", "'198.51.100.9'",
		 "status.loadBalancer.ingress[1]: must be an object, not \"198.51.100.9\""},
		{"status.loadBalancer.ingress", "{}",
		 "status.loadBalancer.ingress: must be a list, not an object"},
		{"spec", NULL, "spec: is required"},
		{"metadata.name", "'web/../..'",
		 "metadata.name: \"web/../..\" is not a name (lower case letters, digits, - and .)"},
	};

	(void)state;
	CHECK_CHANGES(SERVICE_DOC, cases);
}

static void a_namespace_that_is_not_said_is_default(void **state)
{
	struct api_object *obj = decoded(changed(SERVICE_DOC, "metadata.namespace", NULL));

	(void)state;
	assert_string_equal(obj->meta.ns, "default");
	api_object_free(obj);
}

static void reads_an_endpoint_slice(void **state)
{
	struct api_object *obj = decoded(document(SLICE_DOC));
	const struct api_endpoint_slice *slice = &obj->endpoint_slice;

	(void)state;
	assert_string_equal(slice->service_name, "web");
	assert_int_equal(slice->family, AF_INET);
	assert_int_equal(slice->endpoints.n, 2);
	assert_string_equal(ip_str(&slice->endpoints.v[0].addresses.v[0]).s, "10.244.1.5");
	assert_string_equal(slice->endpoints.v[0].node_name, "be1");
	assert_int_equal(slice->ports.v[0].port, 8080);
	api_object_free(obj);
}

/* As Kubernetes has it: unknown ready is ready, unknown serving is what ready says. */
static void conditions_that_are_not_said_have_a_meaning(void **state)
{
	static const struct {
		const char *conditions;
		bool ready, serving, terminating;
	} cases[] = {
		{NULL, true, true, false},
		{"{}", true, true, false},
		{"null", true, true, false},
		{"{'ready': null}", true, true, false},
		{"{'ready': true}", true, true, false},
		{"{'ready': false}", false, false, false},
		{"{'ready': false, 'serving': true, 'terminating': true}", false, true, true},
		{"{'ready': true, 'serving': false}", true, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct api_object *obj =
			decoded(changed(SLICE_DOC, "endpoints[1].conditions",
					cases[i].conditions ? cases[i].conditions : "null"));
		const struct api_endpoint *e = &obj->endpoint_slice.endpoints.v[1];

		assert_int_equal(e->ready, cases[i].ready);
		assert_int_equal(e->serving, cases[i].serving);
		assert_int_equal(e->terminating, cases[i].terminating);
		api_object_free(obj);
	}
}

static void slices_of_both_versions_are_read(void **state)
{
	static const struct change_case cases[] = {
		{"apiVersion", "'discovery.k8s.io/v1beta1'", ""},
		{"addressType", "'IPv6'",
		 "endpoints[0].addresses: 10.244.1.5 is not of the slice's addressType\n"
		 "endpoints[1].addresses: 10.244.2.5 is not of the slice's addressType"},
		{"addressType", "'IP'", "addressType: must be IPv4, IPv6 or FQDN, not \"IP\""},
		{"addressType", NULL, "addressType: is required"},
		{"endpoints", NULL, ""},
		{"endpoints", "null", ""},
		{"ports", "null", ""},
		{"ports[0].port", NULL, ""},
		{"endpoints[0].addresses", NULL, "endpoints[0].addresses: is required"},
		{"endpoints[0].addresses[0]", "'web-1'",
		 "endpoints[0].addresses[0]: \"web-1\" is not an IP address"},
		{"endpoints[0].nodeName", "1", "endpoints[0].nodeName: must be a string, not 1"},
		{"endpoints[0].conditions", "[]",
		 "endpoints[0].conditions: must be an object, not a list"},
		{"endpoints[0].topology", "{'kubernetes.io/hostname': 'be1'}", ""},
	};

	(void)state;
	CHECK_CHANGES(SLICE_DOC, cases);
}

/* Names are no addresses: a slice of them has no endpoint that is of use, and is no fault. */
static void slices_of_names_are_empty(void **state)
{
	struct api_object *obj = decoded(
		document("{'apiVersion': 'discovery.k8s.io/v1', 'kind': 'EndpointSlice',"
			 " 'metadata': {'name': 'x', 'namespace': 'shop'}, 'addressType': 'FQDN',"
			 " 'endpoints': [{'addresses': ['db.example.com']}]}"));

	(void)state;
	assert_int_equal(obj->endpoint_slice.family, 0);
	assert_int_equal(obj->endpoint_slice.endpoints.n, 0);
	api_object_free(obj);
}

static void reads_a_node(void **state)
{
	struct api_object *obj = decoded(document(NODE_DOC));

	(void)state;
	assert_null(obj->meta.ns);
	assert_int_equal(obj->node.internal_ips.n, 2);
	assert_string_equal(ip_str(&obj->node.internal_ips.v[0]).s, "10.0.0.21");
	assert_string_equal(ip_str(&obj->node.internal_ips.v[1]).s, "2001:db8:1::21");
	assert_true(obj->node.unschedulable);
	assert_false(obj->node.ready);
	api_object_free(obj);
}

static void a_node_is_ready_when_it_says_so_or_nothing(void **state)
{
	static const struct {
		const char *conditions;
		bool ready;
	} cases[] = {
		{"[{'type': 'Ready', 'status': 'True'}]", true},
		{"[{'type': 'Ready', 'status': 'False'}]", false},
		{"[{'type': 'Ready', 'status': 'Unknown'}]", false},
		{"[{'type': 'Ready'}]", false},
		{"[{'type': 'DiskPressure', 'status': 'False'}]", true},
		{"[]", true},
		{"null", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct api_object *obj =
			decoded(changed(NODE_DOC, "status.conditions", cases[i].conditions));

		assert_int_equal(obj->node.ready, cases[i].ready);
		api_object_free(obj);
	}
}

static void wrong_types_in_a_node_are_refused(void **state)
{
	static const struct change_case cases[] = {
		{"spec", NULL, ""},
		{"status", NULL, ""},
		{"status.addresses", "{}", "status.addresses: must be a list, not an object"},
		{"status.conditions", "'Ready'",
		 "status.conditions: must be a list, not \"Ready\""},
		{"status.addresses[1]", "'10.0.0.21'",
		 "status.addresses[1]: must be an object, not \"10.0.0.21\""},
		{"status.conditions[0]", "'Ready'",
		 "status.conditions[0]: must be an object, not \"Ready\""},
		{"status.addresses[1].address", "'10.0.0.x'",
		 "status.addresses: InternalIP: \"10.0.0.x\" is not an IP address"},
		{"spec.unschedulable", "'true'",
		 "spec.unschedulable: must be true or false, not \"true\""},
	};

	(void)state;
	CHECK_CHANGES(NODE_DOC, cases);
}

static void a_lease_tells_when_it_was_renewed(void **state)
{
	static const struct change_case cases[] = {
		{"spec.renewTime", "'2026-01-02T03:04:05Z'", ""},
		{"spec.renewTime", "'2026-01-02 03:04:05'",
		 "spec.renewTime: must be a UTC time like 2026-01-02T03:04:05Z, not \"2026-01-02 "
		 "03:04:05\""},
		{"spec.renewTime", "'2026-01-02T03:04:05+01:00'",
		 "spec.renewTime: must be a UTC time like 2026-01-02T03:04:05Z, not "
		 "\"2026-01-02T03:04:05+01:00\""},
		{"spec.renewTime", "5",
		 "spec.renewTime: must be a UTC time like 2026-01-02T03:04:05Z, not 5"},
		{"spec.leaseTransitions", "3", ""},
	};
	struct api_object *obj = decoded(document(LEASE_DOC));

	(void)state;
	assert_string_equal(obj->lease.holder, "lb1");
	assert_int_equal(obj->lease.duration_seconds, 3);
	assert_int_equal(obj->lease.renew_time.tv_sec, 1767323045);
	assert_int_equal(obj->lease.renew_time.tv_nsec, 678901000);
	api_object_free(obj);
	CHECK_CHANGES(LEASE_DOC, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_service),
		cmocka_unit_test(fields_that_kubernetes_owns_are_ignored_but_not_wrong_types),
		cmocka_unit_test(a_namespace_that_is_not_said_is_default),
		cmocka_unit_test(reads_an_endpoint_slice),
		cmocka_unit_test(conditions_that_are_not_said_have_a_meaning),
		cmocka_unit_test(slices_of_both_versions_are_read),
		cmocka_unit_test(slices_of_names_are_empty),
		cmocka_unit_test(reads_a_node),
		cmocka_unit_test(a_node_is_ready_when_it_says_so_or_nothing),
		cmocka_unit_test(wrong_types_in_a_node_are_refused),
		cmocka_unit_test(a_lease_tells_when_it_was_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
