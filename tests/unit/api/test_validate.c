// SPDX-License-Identifier: Apache-2.0
/* Rules between objects. Each case starts from a set that keeps all of them and changes one object.
 */
#include "api/validate.h"
#include "docs.h"

static const char *const base[] = {CLUSTER_DOC, GROUP_DOC, BALANCER_DOC, PEER_DOC, NODE_DOC};

enum which { CLUSTER, GROUP, BALANCER, PEER, NODE, NONE };

struct set_case {
	enum which which;
	const char *path, *value; /* PATH NULL: the object is left out */
	const char *faults;	  /* "Kind/name: path: what is wrong", one a line */
};

static void check_set(const struct set_case *c)
{
	struct api_state state = {0};
	fault_list faults = {0};
	char *got = xstrdup("");
	size_t n;

	for (size_t i = 0; i < sizeof(base) / sizeof(*base); i++)
		if (i != c->which)
			state_put(&state, decoded(document(base[i])));
		else if (c->path)
			state_put(&state, decoded(changed(base[i], c->path, c->value)));
	n = validate_state(&state, &faults);
	assert_int_equal(n, faults.n);
	array_each(&faults, fault) {
		char *longer = xasprintf("%s%s%s: %s: %s", got, *got ? "\n" : "", fault->object,
					 fault->path, fault->msg);

		free(got);
		got = longer;
		assert_non_null(fault->ns);
	}
	if (strcmp(got, c->faults) != 0)
		fail_msg("%s = %s gives\n%s\nnot\n%s", c->path ? c->path : "without it",
			 c->value ? c->value : "", got, c->faults);
	free(got);
	fault_list_free(&faults);
	state_free(&state);
}

static void check_sets(const struct set_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_set(&cases[i]);
}

#define CHECK_SETS(cases) check_sets(cases, sizeof(cases) / sizeof(*(cases)))

static void a_right_set_has_no_faults(void **state)
{
	(void)state;
	check_set(&(struct set_case){NONE, NULL, NULL, ""});
}

static void floating_ips_are_nobodys_else(void **state)
{
#define FLOATING "NetworkGatewayGroup/default: spec.floatingIPs[0]: "
	static const struct set_case cases[] = {
		{GROUP, "spec.floatingIPs[0]", "'10.0.0.21'",
		 FLOATING "10.0.0.21 is the own address of node lb1"},
		{GROUP, "spec.floatingIPs[0]", "'2001:db8:1::21'",
		 FLOATING "2001:db8:1::21 is the own address of node lb1\n"
			  "BGPPeer/spine: spec.sessions: 2 sessions need as many floating IPs of "
			  "the peer's family; there is 1"},
		{GROUP, "spec.floatingIPs[0]", "'10.0.0.1'",
		 FLOATING "10.0.0.1 is the own address of a node of the Cluster"},
		{GROUP, "spec.floatingIPs[0]", "'10.0.0.22'",
		 FLOATING "10.0.0.22 is the own address of a node of the Cluster"},
		{GROUP, "spec.floatingIPs[0]", "'198.51.100.200'",
		 FLOATING "198.51.100.200 is the controlPlaneVIP"},
		{GROUP, "spec.floatingIPs[0]", "'198.51.100.5'",
		 FLOATING "198.51.100.5 lies inside address pool \"front\""},
		{GROUP, "spec.floatingIPs[0]", "'10.0.1.2'",
		 FLOATING "10.0.1.2 is the address of a BGP peer"},
	};

	(void)state;
	CHECK_SETS(cases);
}

static void every_peer_is_reached_by_a_selector(void **state)
{
#define UNREACHED "BGPPeer/spine: metadata.labels: "
	static const struct set_case cases[] = {
		{BALANCER, NULL, NULL,
		 UNREACHED "no BGPLoadBalancer selects this peer: there is none in \"cluster-a\""},
		{BALANCER, "spec.peerSelector", NULL,
		 UNREACHED
		 "no selector reaches this peer: BGPLoadBalancer/default has no peerSelector"},
		{PEER, "metadata.labels", "{'plane': 'control'}",
		 "BGPLoadBalancer/default: spec.peerSelector: selects no BGPPeer\n" UNREACHED
		 "no selector reaches this peer: BGPLoadBalancer/default selects other labels"},
		{PEER, NULL, NULL,
		 "BGPLoadBalancer/default: spec.peerSelector: selects no BGPPeer"},
	};

	(void)state;
	CHECK_SETS(cases);
}

static void sessions_have_a_floating_ip_each(void **state)
{
	static const struct set_case cases[] = {
		{PEER, "spec.sessions", "3",
		 "BGPPeer/spine: spec.sessions: 3 sessions need as many floating IPs of the peer's "
		 "family; there are 2"},
		{GROUP, "spec.floatingIPs[1]", NULL,
		 "BGPPeer/spine: spec.sessions: 2 sessions need as many floating IPs of the peer's "
		 "family; there is 1"},
		{GROUP, "spec.floatingIPs[1]", "'2001:db8:1::100'",
		 "BGPPeer/spine: spec.sessions: 2 sessions need as many floating IPs of the peer's "
		 "family; there is 1"},
		{PEER, "spec.peerIP", "'2001:db8:9::1'",
		 "BGPPeer/spine: spec.peerIP: 2001:db8:9::1: there is no floating IP of its family to "
		 "peer from"},
	};

	(void)state;
	CHECK_SETS(cases);
}

static void everything_belongs_to_a_cluster(void **state)
{
	static const struct set_case cases[] = {
		{CLUSTER, NULL, NULL,
		 "NetworkGatewayGroup/default: metadata.namespace: no Cluster lives in \"cluster-a\"\n"
		 "BGPLoadBalancer/default: metadata.namespace: no Cluster lives in \"cluster-a\"\n"
		 "BGPPeer/spine: metadata.namespace: no Cluster lives in \"cluster-a\""},
		{GROUP, NULL, NULL,
		 "Cluster/a: spec.loadBalancer.type: \"bgp\" needs a NetworkGatewayGroup \"default\" "
		 "in \"cluster-a\""},
		{NODE, NULL, NULL, ""},
	};

	(void)state;
	CHECK_SETS(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_set_has_no_faults),
		cmocka_unit_test(floating_ips_are_nobodys_else),
		cmocka_unit_test(every_peer_is_reached_by_a_selector),
		cmocka_unit_test(sessions_have_a_floating_ip_each),
		cmocka_unit_test(everything_belongs_to_a_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
