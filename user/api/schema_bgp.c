// SPDX-License-Identifier: Apache-2.0
/*
 * What vipcast writes (networking.gke.io/v1): BGPSession, one for each session that a node runs,
 * and BGPAdvertisedRoute, one for each prefix.
 */
#include "api/schema.h"

static const char *const networking_versions[] = {"networking.gke.io/v1", NULL};

/* ---- BGPSession -------------------------------------------------------------------------- */

#define S(member) offsetof(struct api_object, session.member)

static const struct field session_spec_fields[] = {
	{.name = "floatingIP", .type = &type_ip, .offset = S(floating_ip), .flags = FIELD_REQUIRED},
	{.name = "localASN", .type = &type_asn, .offset = S(local_asn), .flags = FIELD_REQUIRED},
	{.name = "localIP", .type = &type_ip, .offset = S(local_ip)},
	{.name = "nodeName", .type = &type_string, .offset = S(node_name), .flags = FIELD_REQUIRED},
	{.name = "peerASN", .type = &type_asn, .offset = S(peer_asn), .flags = FIELD_REQUIRED},
	{.name = "peerIP", .type = &type_ip, .offset = S(peer_ip), .flags = FIELD_REQUIRED},
	{.name = "peerPort", .type = &type_u16, .offset = S(peer_port), .min = 1},
	{.name = "holdTime", .type = &type_u32, .offset = S(hold_time), .flags = FIELD_OMIT_ZERO},
	{.name = "keepaliveTime",
	 .type = &type_u32,
	 .offset = S(keepalive_time),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "connectRetryTime",
	 .type = &type_u32,
	 .offset = S(connect_retry_time),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "addPath", .type = &type_bool, .offset = S(add_path)},
	{.name = "addressFamilies", .type = &type_u32, .offset = S(address_families), .max = 3},
	{0},
};

static const struct field session_status_fields[] = {
	{.name = "state", .type = &type_string, .offset = S(state)},
	{.name = "reason", .type = &type_string, .offset = S(reason), .flags = FIELD_OMIT_ZERO},
	{.name = "advertisedRoutes",
	 .type = &type_list,
	 .offset = S(advertised_routes),
	 .element = &element_string,
	 .element_size = sizeof(char *),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "lastReportTime", .type = &type_time, .offset = S(last_report_time)},
	{.name = "addPathNegotiated",
	 .type = &type_bool,
	 .offset = S(add_path_negotiated),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};

static const struct schema session_spec = {.fields = session_spec_fields};
static const struct schema session_status = {.fields = session_status_fields};
static const struct field session_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &session_spec, .flags = FIELD_REQUIRED},
	{.name = "status",
	 .type = &type_object,
	 .schema = &session_status,
	 .flags = FIELD_OMIT_ZERO},
	{0},
};

static void session_defaults(void *base)
{
	struct api_bgp_session *session = &((struct api_object *)base)->session;

	session->peer_port = 179;
	session->add_path = true;
	session->address_families = API_FAMILY_IPV4 | API_FAMILY_IPV6;
}

static const struct schema session_root = {.fields = session_fields, .defaults = session_defaults};

const struct kind_schema bgp_session_kind = {
	.info = {API_BGP_SESSION, "BGPSession", "networking.gke.io", "v1", "bgpsessions", true,
		 true},
	.versions = networking_versions,
	.root = &session_root,
};

/* ---- BGPAdvertisedRoute ------------------------------------------------------------------ */

#define R(member) offsetof(struct api_object, route.member)
#define F(member) offsetof(struct api_fallback, member)

static const struct field fallback_fields[] = {
	{.name = "peerIP", .type = &type_ip, .offset = F(peer_ip), .flags = FIELD_REQUIRED},
	{.name = "floatingIP", .type = &type_ip, .offset = F(floating_ip), .flags = FIELD_REQUIRED},
	{.name = "nextHop", .type = &type_ip, .offset = F(next_hop), .flags = FIELD_REQUIRED},
	{0},
};
static const struct schema fallback = {.fields = fallback_fields};
static const struct field element_fallback = {.type = &type_object, .schema = &fallback};

static const struct field route_spec_fields[] = {
	{.name = "prefix", .type = &type_prefix, .offset = R(prefix), .flags = FIELD_REQUIRED},
	{.name = "metric", .type = &type_u32, .offset = R(metric)},
	{.name = "nextHops",
	 .type = &type_list,
	 .offset = R(next_hops),
	 .element = &element_ip,
	 .element_size = sizeof(struct ip_addr)},
	{.name = "fallback",
	 .type = &type_list,
	 .offset = R(fallback),
	 .element = &element_fallback,
	 .element_size = sizeof(struct api_fallback),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "serviceNamespace", .type = &type_string, .offset = R(service_namespace)},
	{.name = "serviceName", .type = &type_string, .offset = R(service_name)},
	{0},
};
static const struct schema route_spec = {.fields = route_spec_fields};
static const struct field route_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &route_spec, .flags = FIELD_REQUIRED},
	{.name = "status", .type = &type_object, .flags = FIELD_KNOWN},
	{0},
};
static const struct schema route_root = {.fields = route_fields};

const struct kind_schema bgp_advertised_route_kind = {
	.info = {API_BGP_ADVERTISED_ROUTE, "BGPAdvertisedRoute", "networking.gke.io", "v1",
		 "bgpadvertisedroutes", true, true},
	.versions = networking_versions,
	.root = &route_root,
};
