/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_TESTS_API_DOCS_H
#define VIPCAST_TESTS_API_DOCS_H

/*
 * Documents for tests. They are JSON with ' in place of ", for reading's sake. A case takes a
 * document that is right, sets or removes one value by its path, and names all the faults that
 * come of it, one a line: "path: what is wrong".
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/object.h"

struct change_case {
	const char *path;   /* where; "" changes nothing */
	const char *value;  /* NULL: remove */
	const char *faults; /* "": it is right */
};

static inline json_t *document(const char *text)
{
	char *quoted = xstrdup(text);
	json_error_t error;
	json_t *json;

	for (char *c = quoted; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(quoted, JSON_DECODE_ANY, &error);
	if (!json)
		fail_msg("%s: %s", text, error.text);
	free(quoted);
	return json;
}

/* Goes to the last step of PATH ("a.b[1].c") and gives its parent. */
static inline json_t *step_to(json_t *json, const char *path, char *last)
{
	for (;;) {
		size_t n = 0;

		while (path[n] && path[n] != '.' && (path[n] != '[' || !n))
			n++;
		memcpy(last, path, n);
		last[n] = '\0';
		path += n;
		if (!*path)
			return json;
		json = *last == '[' ? json_array_get(json, strtoul(last + 1, NULL, 10))
				    : json_object_get(json, last);
		assert_non_null(json);
		path += *path == '.';
	}
}

static inline json_t *changed(const char *base, const char *path, const char *value)
{
	json_t *json = document(base), *parent;
	char last[128];

	if (!*path)
		return json;
	parent = step_to(json, path, last);
	if (*last == '[' && value)
		json_array_set_new(parent, strtoul(last + 1, NULL, 10), document(value));
	else if (*last == '[')
		json_array_remove(parent, strtoul(last + 1, NULL, 10));
	else if (value)
		json_object_set_new(parent, last, document(value));
	else
		json_object_del(parent, last);
	return json;
}

static inline char *faults_text(const fault_list *faults)
{
	char *text = xstrdup("");

	array_each(faults, fault) {
		char *longer =
			xasprintf("%s%s%s: %s", text, *text ? "\n" : "", fault->path, fault->msg);

		free(text);
		text = longer;
	}
	return text;
}

static inline void check_change(const char *base, const struct change_case *c)
{
	json_t *doc = changed(base, c->path, c->value);
	fault_list faults = {0};
	struct api_object *obj = api_decode(doc, &faults);
	char *got = faults_text(&faults);

	if (strcmp(got, c->faults) != 0)
		fail_msg("%s = %s gives\n%s\nnot\n%s", c->path, c->value ? c->value : "(removed)",
			 got, c->faults);
	assert_int_equal(obj == NULL, faults.n > 0);
	api_object_free(obj);
	fault_list_free(&faults);
	free(got);
	json_decref(doc);
}

static inline void check_changes(const char *base, const struct change_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_change(base, &cases[i]);
}

#define CHECK_CHANGES(base, cases) check_changes(base, cases, sizeof(cases) / sizeof(*(cases)))

/* Decodes what has to be right. */
static inline struct api_object *decoded(json_t *doc)
{
	fault_list faults = {0};
	struct api_object *obj = api_decode(doc, &faults);
	char *got = faults_text(&faults);

	if (!obj)
		fail_msg("%s", got);
	free(got);
	json_decref(doc);
	return obj;
}

/* ---- documents that are right ---------------------------------------------------------------- */

#define CLUSTER_DOC                                                                            \
	"{'apiVersion': 'baremetal.cluster.gke.io/v1', 'kind': 'Cluster',"                     \
	" 'metadata': {'name': 'a', 'namespace': 'cluster-a'},"                                \
	" 'spec': {"                                                                           \
	"  'clusterNetwork': {'advancedNetworking': true,"                                     \
	"   'pods': {'cidrBlocks': ['10.244.0.0/16']},"                                        \
	"   'services': {'cidrBlocks': ['10.96.0.0/16']}},"                                    \
	"  'controlPlane': {'nodePoolSpec': {'nodes': ["                                       \
	"   {'address': '10.0.0.1'}, {'address': '10.0.0.2'}]}},"                              \
	"  'loadBalancer': {'mode': 'bundled', 'type': 'bgp', 'localASN': 64601,"              \
	"   'bgpPeers': [{'ip': '10.0.1.1', 'asn': 64602, 'controlPlaneNodes': ['10.0.0.1']}," \
	"                {'ip': '10.0.1.2', 'asn': 64602}],"                                   \
	"   'ports': {'controlPlaneLBPort': 443},"                                             \
	"   'vips': {'controlPlaneVIP': '198.51.100.200', 'ingressVIP': '198.51.100.1'},"      \
	"   'addressPools': ["                                                                 \
	"    {'name': 'front', 'addresses': ['198.51.100.1-198.51.100.60',"                    \
	"                                    '2001:db8::1-2001:db8::20']},"                    \
	"    {'name': 'kept', 'addresses': ['198.51.100.128/28'], 'manualAssign': true,"       \
	"     'avoidBuggyIPs': true}],"                                                        \
	"   'nodePoolSpec': {'nodes': [{'address': '10.0.0.21'}, {'address': '10.0.0.22'}]}}}}"

#define GROUP_DOC                                                               \
	"{'apiVersion': 'networking.gke.io/v1', 'kind': 'NetworkGatewayGroup'," \
	" 'metadata': {'name': 'default', 'namespace': 'cluster-a'},"           \
	" 'spec': {'floatingIPs': ['10.0.0.100', '10.0.0.101']}}"

#define BALANCER_DOC                                                        \
	"{'apiVersion': 'networking.gke.io/v1', 'kind': 'BGPLoadBalancer'," \
	" 'metadata': {'name': 'default', 'namespace': 'cluster-a'},"       \
	" 'spec': {'peerSelector': {'plane': 'data'}}}"

#define PEER_DOC                                                                                 \
	"{'apiVersion': 'networking.gke.io/v1', 'kind': 'BGPPeer',"                              \
	" 'metadata': {'name': 'spine', 'namespace': 'cluster-a', 'labels': {'plane': 'data'}}," \
	" 'spec': {'localASN': 64601, 'peerASN': 64602, 'peerIP': '10.0.1.1', 'sessions': 2}}"

#define CIDR_DOC                                                                           \
	"{'apiVersion': 'baremetal.cluster.gke.io/v1alpha1', 'kind': 'ClusterCIDRConfig'," \
	" 'metadata': {'name': 'wide', 'namespace': 'cluster-a'},"                         \
	" 'spec': {'ipv4': {'cidr': '10.244.0.0/16', 'perNodeMaskSize': 24},"              \
	"          'ipv6': {'cidr': 'fd00:244::/112', 'perNodeMaskSize': 120}}}"

#define SERVICE_DOC                                                                         \
	"{'apiVersion': 'v1', 'kind': 'Service',"                                           \
	" 'metadata': {'name': 'web', 'namespace': 'shop', 'annotations': {'a/b': 'c'},"    \
	"  'uid': 'x', 'managedFields': [{}]},"                                             \
	" 'spec': {'type': 'LoadBalancer', 'ipFamilies': ['IPv6', 'IPv4'],"                 \
	"  'ipFamilyPolicy': 'PreferDualStack', 'externalTrafficPolicy': 'Local',"          \
	"  'loadBalancerClass': 'vipcast.io/bgp', 'loadBalancerIP': '198.51.100.9',"        \
	"  'selector': {'app': 'web'},"                                                     \
	"  'ports': [{'name': 'http', 'port': 80, 'targetPort': 8080},"                     \
	"            {'name': 'dns', 'port': 53, 'protocol': 'UDP', 'nodePort': 30053}]},"  \
	" 'status': {'loadBalancer': {'ingress': [{'ip': '198.51.100.9', 'ipMode': 'VIP'}," \
	"  {'ip': '2001:db8::9'}, {'hostname': 'x.example'}]}}}"

#define SLICE_DOC                                                                               \
	"{'apiVersion': 'discovery.k8s.io/v1', 'kind': 'EndpointSlice',"                        \
	" 'metadata': {'name': 'web-1', 'namespace': 'shop',"                                   \
	"  'labels': {'kubernetes.io/service-name': 'web'}},"                                   \
	" 'addressType': 'IPv4', 'ports': [{'name': 'http', 'port': 8080, 'protocol': 'TCP'}]," \
	" 'endpoints': [{'addresses': ['10.244.1.5'], 'nodeName': 'be1', 'zone': 'z',"          \
	"  'conditions': {'ready': false, 'serving': true, 'terminating': true}},"              \
	"  {'addresses': ['10.244.2.5']}]}"

#define NODE_DOC                                                            \
	"{'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': 'lb1',"  \
	"  'labels': {'kubernetes.io/hostname': 'lb1'}},"                   \
	" 'spec': {'unschedulable': true, 'podCIDR': '10.244.1.0/24'},"     \
	" 'status': {'addresses': [{'type': 'Hostname', 'address': 'lb1'}," \
	"  {'type': 'InternalIP', 'address': '10.0.0.21'},"                 \
	"  {'type': 'ExternalIP', 'address': '203.0.113.5'},"               \
	"  {'type': 'InternalIP', 'address': '2001:db8:1::21'}],"           \
	"  'conditions': [{'type': 'DiskPressure', 'status': 'True'},"      \
	"                 {'type': 'Ready', 'status': 'Unknown'}]}}"

#define LEASE_DOC                                                          \
	"{'apiVersion': 'coordination.k8s.io/v1', 'kind': 'Lease',"        \
	" 'metadata': {'name': 'vipcast-lb1', 'namespace': 'kube-system'," \
	"  'annotations': {'vipcast.io/dataplane': 'attached'}},"          \
	" 'spec': {'holderIdentity': 'lb1', 'leaseDurationSeconds': 3,"    \
	"  'renewTime': '2026-01-02T03:04:05.678901Z'}}"

#define SESSION_DOC                                                                             \
	"{'apiVersion': 'networking.gke.io/v1', 'kind': 'BGPSession',"                          \
	" 'metadata': {'name': '10.0.1.1-lb1', 'namespace': 'kube-system'},"                    \
	" 'spec': {'floatingIP': '10.0.0.100', 'localASN': 4200000000, 'localIP': '10.0.0.21'," \
	"  'nodeName': 'lb1', 'peerASN': 64602, 'peerIP': '10.0.1.1', 'peerPort': 1179,"        \
	"  'holdTime': 9, 'keepaliveTime': 3, 'connectRetryTime': 5, 'addPath': false,"         \
	"  'addressFamilies': 1},"                                                              \
	" 'status': {'state': 'Active', 'reason': 'connection refused',"                        \
	"  'advertisedRoutes': ['default-shop-web'],"                                           \
	"  'lastReportTime': '2026-01-02T03:04:05Z', 'addPathNegotiated': true}}"

#define ROUTE_DOC                                                                \
	"{'apiVersion': 'networking.gke.io/v1', 'kind': 'BGPAdvertisedRoute',"   \
	" 'metadata': {'name': 'default-shop-web', 'namespace': 'kube-system'}," \
	" 'spec': {'prefix': '198.51.100.1/32', 'metric': 5,"                    \
	"  'nextHops': ['10.0.0.21', '10.0.0.22'],"                              \
	"  'fallback': [{'peerIP': '10.0.1.1', 'floatingIP': '10.0.0.100',"      \
	"                'nextHop': '10.0.0.21'}],"                              \
	"  'serviceNamespace': 'shop', 'serviceName': 'web'}}"

#endif
