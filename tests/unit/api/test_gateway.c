// SPDX-License-Identifier: Apache-2.0
/* NetworkGatewayGroup, BGPLoadBalancer, BGPPeer, ClusterCIDRConfig. */
#include "docs.h"

static void floating_ips_are_unicast_and_listed_once(void **state)
{
	static const struct change_case cases[] = {
		{"spec.floatingIPs", "['10.0.0.100']", ""},
		{"spec.floatingIPs", "['10.0.0.100', '2001:db8::100']", ""},
		{"spec.floatingIPs", "[]", "spec.floatingIPs: must hold at least one address"},
		{"spec.floatingIPs", NULL, "spec.floatingIPs: is required"},
		{"spec.floatingIPs", "'10.0.0.100'",
		 "spec.floatingIPs: must be a list, not \"10.0.0.100\""},
		{"spec.floatingIPs", "['10.0.0.100', '10.0.0.101', '10.0.0.100']",
		 "spec.floatingIPs[2]: 10.0.0.100 is listed twice"},
		{"spec.floatingIPs", "['2001:db8::1', '2001:DB8:0::1']",
		 "spec.floatingIPs[1]: 2001:db8::1 is listed twice"},
		{"spec.floatingIPs", "['x', 'y']",
		 "spec.floatingIPs[0]: \"x\" is not an IP address\n"
		 "spec.floatingIPs[1]: \"y\" is not an IP address"},
		{"spec.floatingIPs[0]", "'10.0.0.100/24'",
		 "spec.floatingIPs[0]: \"10.0.0.100/24\" is not an IP address"},
		{"spec.floatingIPs[0]", "''", "spec.floatingIPs[0]: \"\" is not an IP address"},
		{"spec.floatingIPs[0]", "null",
		 "spec.floatingIPs[0]: must be an IP address, not null"},
		{"spec.floatingIPs[0]", "'224.0.0.5'",
		 "spec.floatingIPs[0]: 224.0.0.5 is not a unicast address"},
		{"spec.floatingIPs[0]", "'255.255.255.255'",
		 "spec.floatingIPs[0]: 255.255.255.255 is not a unicast address"},
		{"spec.floatingIPs[0]", "'0.0.0.0'",
		 "spec.floatingIPs[0]: 0.0.0.0 is not a unicast address"},
		{"spec.floatingIPs[0]", "'::1'",
		 "spec.floatingIPs[0]: ::1 is not a unicast address"},
		{"spec.floatingIPs[0]", "'ff02::1'",
		 "spec.floatingIPs[0]: ff02::1 is not a unicast address"},
		{"spec.floatingIP", "['10.0.0.1']",
		 "spec.floatingIP: unknown field \"floatingIP\", did you mean \"floatingIPs\"?"},
		{"spec", NULL, "spec: is required"},
	};

	(void)state;
	CHECK_CHANGES(GROUP_DOC, cases);
}

static void gateway_group_and_balancer_are_named_default(void **state)
{
	static const struct change_case cases[] = {
		{"", NULL, ""},
		{"metadata.name", "'gateways'",
		 "metadata.name: must be \"default\", not \"gateways\""},
		{"metadata.name", NULL, "metadata.name: is required"},
		{"metadata.namespace", "'a.b'", "metadata.namespace: \"a.b\" is not a namespace"},
		{"metadata.namespace", "'../x'", "metadata.namespace: \"../x\" is not a namespace"},
	};

	(void)state;
	CHECK_CHANGES(GROUP_DOC, cases);
	CHECK_CHANGES(BALANCER_DOC, cases);
}

static void a_selector_selects_something(void **state)
{
	static const struct change_case cases[] = {
		{"spec.peerSelector", NULL, ""},
		{"spec", "{}", ""},
		{"spec", NULL, ""},
		{"spec.peerSelector", "{}",
		 "spec.peerSelector: is empty: it must name at least one label"},
		{"spec.peerSelector", "'plane=data'",
		 "spec.peerSelector: must be an object of strings, not \"plane=data\""},
		{"spec.peerSelector", "{'plane': true}",
		 "spec.peerSelector.plane: must be a string, not true (quote it)"},
		{"spec.peerSelectors", "{}",
		 "spec.peerSelectors: unknown field \"peerSelectors\", did you mean "
		 "\"peerSelector\"?"},
	};
	struct api_object *obj;

	(void)state;
	CHECK_CHANGES(BALANCER_DOC, cases);
	obj = decoded(document(BALANCER_DOC));
	assert_true(obj->bgp_load_balancer.has_selector);
	assert_string_equal(api_pair_get(&obj->bgp_load_balancer.peer_selector, "plane"), "data");
	api_object_free(obj);
	obj = decoded(changed(BALANCER_DOC, "spec", "{}"));
	assert_false(obj->bgp_load_balancer.has_selector);
	api_object_free(obj);
}

static void peers_have_defaults(void **state)
{
	struct api_object *obj = decoded(changed(PEER_DOC, "spec.sessions", NULL));
	const struct api_bgp_peer *peer = &obj->bgp_peer;

	(void)state;
	assert_int_equal(peer->local_asn, 64601);
	assert_int_equal(peer->peer_asn, 64602);
	assert_string_equal(ip_str(&peer->peer_ip).s, "10.0.1.1");
	assert_int_equal(peer->sessions, 1);
	assert_int_equal(peer->port, 179);
	assert_int_equal(peer->hold_time, 0);
	assert_true(peer->add_path);
	assert_int_equal(peer->address_families, API_FAMILY_IPV4 | API_FAMILY_IPV6);
	api_object_free(obj);
}

static void peers_are_checked_field_by_field(void **state)
{
	static const struct change_case cases[] = {
		{"", NULL, ""},
		{"spec.localASN", NULL, "spec.localASN: is required"},
		{"spec.peerASN", NULL, "spec.peerASN: is required"},
		{"spec.peerIP", NULL, "spec.peerIP: is required"},
		{"spec.peerASN", "64601",
		 "spec.peerASN: 64601 is localASN: only eBGP is supported, the peer must be in another "
		 "AS"},
		{"spec.peerASN", "'0.64601'",
		 "spec.peerASN: 64601 is localASN: only eBGP is supported, the peer must be in another "
		 "AS"},
		{"spec.peerIP", "'239.0.0.1'", "spec.peerIP: 239.0.0.1 is not a unicast address"},
		{"spec.peerIP", "'2001:db8::1'", ""},
		{"spec.sessions", "0", "spec.sessions: 0 is not between 1 and 1024"},
		{"spec.sessions", "-1", "spec.sessions: -1 is not between 1 and 1024"},
		{"spec.sessions", "1.5", "spec.sessions: must be a whole number, not 1.5"},
		{"spec.port", "0", "spec.port: 0 is not between 1 and 65535"},
		{"spec.port", "1179", ""},
		{"spec.holdTime", "0", ""},
		{"spec.holdTime", "1", "spec.holdTime: 1 is neither 0 nor between 3 and 65535"},
		{"spec.holdTime", "2", "spec.holdTime: 2 is neither 0 nor between 3 and 65535"},
		{"spec.holdTime", "3", ""},
		{"spec.holdTime", "65536", "spec.holdTime: 65536 is not between 0 and 65535"},
		{"spec.keepaliveTime", "89", ""},
		{"spec.keepaliveTime", "90",
		 "spec.keepaliveTime: 90 must be less than holdTime 90"},
		{"spec.keepaliveTime", "21846",
		 "spec.keepaliveTime: 21846 is not between 1 and 21845"},
		{"spec.connectRetryTime", "0",
		 "spec.connectRetryTime: 0 is not between 1 and 65535"},
		{"spec.sessions", "2.0", "spec.sessions: must be a whole number, not 2.0"},
		{"spec.sessions", "1025", "spec.sessions: 1025 is not between 1 and 1024"},
		{"spec.keepaliveTime", "0", "spec.keepaliveTime: 0 is not between 1 and 21845"},
		{"spec.connectRetryTime", "5", ""},
		{"spec.addPath", "'no'", "spec.addPath: must be true or false, not \"no\""},
		{"spec.addressFamilies", "['ipv4']", ""},
		{"spec.addressFamilies", "[]",
		 "spec.addressFamilies: must list \"ipv4\", \"ipv6\" or both"},
		{"spec.addressFamilies", "['ipv5']",
		 "spec.addressFamilies: must list \"ipv4\" and \"ipv6\", not \"ipv5\""},
		{"spec.peerAsn", "1",
		 "spec.peerAsn: unknown field \"peerAsn\", did you mean \"peerASN\"?"},
		{"metadata.labels", "{'a': 1}",
		 "metadata.labels.a: must be a string, not 1 (quote it)"},
	};
	static const char later[] = "is not supported by this version of vipcast";
	static const char *const fields[] = {"passwordSecretRef", "ttlSecurity", "bfd",
					     "gracefulRestart", "communities"};

	(void)state;
	CHECK_CHANGES(PEER_DOC, cases);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		char *path = xasprintf("spec.%s", fields[i]);
		char *faults = xasprintf("%s: %s", path, later);

		check_change(PEER_DOC, &(struct change_case){path, "{'x': 1}", faults});
		free(faults);
		free(path);
	}
}

static void keepalives_come_before_the_hold_time_ends(void **state)
{
	json_t *doc = changed(PEER_DOC, "spec.holdTime", "9");
	fault_list faults = {0};
	char *text;

	(void)state;
	json_object_set_new(json_object_get(doc, "spec"), "keepaliveTime", json_integer(9));
	assert_null(api_decode(doc, &faults));
	text = faults_text(&faults);
	assert_string_equal(text, "spec.keepaliveTime: 9 must be less than holdTime 9");
	free(text);
	fault_list_free(&faults);
	json_decref(doc);
}

static void pod_ranges_are_of_the_family_that_they_say(void **state)
{
	static const struct change_case cases[] = {
		{"", NULL, ""},
		{"spec.ipv6", NULL, ""},
		{"spec.ipv4.cidr", "'fd00::/64'",
		 "spec.ipv4.cidr: fd00:: is not of the family that \"ipv4\" says"},
		{"spec.ipv6.cidr", "'10.0.0.0/8'",
		 "spec.ipv6.cidr: 10.0.0.0 is not of the family that \"ipv6\" says"},
		{"spec.ipv4.cidr", "'0.0.0.0/0'", ""},
		{"spec.ipv4.perNodeMaskSize", "0",
		 "spec.ipv4.perNodeMaskSize: 0 is not between 1 and 128"},
		{"spec.ipv4.perNodeMaskSize", "15",
		 "spec.ipv4.perNodeMaskSize: 15 is not between 16 (the cidr's length) and 32"},
		{"spec.ipv4.perNodeMaskSize", "33",
		 "spec.ipv4.perNodeMaskSize: 33 is not between 16 (the cidr's length) and 32"},
		{"spec.ipv4.perNodeMaskSize", NULL, "spec.ipv4.perNodeMaskSize: is required"},
		{"spec.ipv4.cidr", NULL, "spec.ipv4.cidr: is required"},
		{"spec.ipv4.cidr", "'10.244.0.0'",
		 "spec.ipv4.cidr: \"10.244.0.0\" is not a prefix (ADDRESS/LENGTH)"},
	};

	(void)state;
	CHECK_CHANGES(CIDR_DOC, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floating_ips_are_unicast_and_listed_once),
		cmocka_unit_test(gateway_group_and_balancer_are_named_default),
		cmocka_unit_test(a_selector_selects_something),
		cmocka_unit_test(peers_have_defaults),
		cmocka_unit_test(peers_are_checked_field_by_field),
		cmocka_unit_test(keepalives_come_before_the_hold_time_ends),
		cmocka_unit_test(pod_ranges_are_of_the_family_that_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
