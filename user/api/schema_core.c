// SPDX-License-Identifier: Apache-2.0
/*
 * Service and EndpointSlice. Their schemas belong to Kubernetes, so fields that are not listed here
 * are ignored, never refused.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "api/schema.h"

/* ---- ports, which Services and EndpointSlices share -------------------------------------- */

#define PORT(member) offsetof(struct api_service_port, member)

static void port_defaults(void *base)
{
	struct api_service_port *port = base;

	port->protocol = 6; /* TCP, as Kubernetes has it */
}

static void port_name(struct decode *d, const void *base)
{
	/* A nameless port matches a nameless port: "" and absent are one. */
	struct api_service_port *port = (struct api_service_port *)base;

	(void)d;
	if (!port->name)
		port->name = xstrdup("");
}

#define PORT_FIELDS(number_flags)                                                               \
	{.name = "name", .type = &type_string, .offset = PORT(name), .flags = FIELD_OMIT_ZERO}, \
		{.name = "protocol", .type = &type_protocol, .offset = PORT(protocol)},         \
		{.name = "port",                                                                \
		 .type = &type_u16,                                                             \
		 .offset = PORT(port),                                                          \
		 .min = 1,                                                                      \
		 .flags = (number_flags) | FIELD_OMIT_ZERO},                                    \
		{0}

/* A slice's port may lack its number, a Service's may not. */
static const struct field service_port_fields[] = {PORT_FIELDS(FIELD_REQUIRED)};
static const struct field slice_port_fields[] = {PORT_FIELDS(0)};
static const struct schema service_port = {
	.fields = service_port_fields, .open = true, .defaults = port_defaults, .check = port_name};
static const struct schema slice_port = {
	.fields = slice_port_fields, .open = true, .defaults = port_defaults, .check = port_name};
static const struct field element_service_port = {.type = &type_object, .schema = &service_port};
static const struct field element_slice_port = {.type = &type_object, .schema = &slice_port};

/* ---- Service ----------------------------------------------------------------------------- */

#define S(member) offsetof(struct api_object, service.member)
#define SERVICE	  offsetof(struct api_object, service)

static void decode_ip_families(struct decode *d, const json_t *json, void *base)
{
	struct api_service *service = base;
	char shown[64];
	size_t i;
	json_t *value;

	if (!decode_expect_list(d, json))
		return;
	json_array_foreach(json, i, value) {
		const char *word = json_is_string(value) ? json_string_value(value) : "";
		bool six = !strcmp(word, "IPv6");

		if (!six && strcmp(word, "IPv4") != 0) {
			decode_fault(d, "must list IPv4 or IPv6, not %s",
				     json_show(value, shown, sizeof(shown)));
			continue;
		}
		service->ip_families |= six ? API_FAMILY_IPV6 : API_FAMILY_IPV4;
		if (!i)
			service->prefers_ipv6 = six;
	}
}

static json_t *encode_ip_families(const void *base)
{
	const struct api_service *service = base;
	json_t *json;

	if (!service->ip_families)
		return NULL;
	json = json_array();
	if (service->prefers_ipv6)
		json_array_append_new(json, json_string("IPv6"));
	if (service->ip_families & API_FAMILY_IPV4)
		json_array_append_new(json, json_string("IPv4"));
	if (service->ip_families & API_FAMILY_IPV6 && !service->prefers_ipv6)
		json_array_append_new(json, json_string("IPv6"));
	return json;
}

static void decode_family_policy(struct decode *d, const json_t *json, void *base)
{
	struct api_service *service = base;
	const char *word = json_is_string(json) ? json_string_value(json) : "";
	char shown[64];

	service->require_dual_stack = !strcmp(word, "RequireDualStack");
	service->prefer_dual_stack = !strcmp(word, "PreferDualStack");
	if (!service->require_dual_stack && !service->prefer_dual_stack &&
	    strcmp(word, "SingleStack") != 0)
		decode_fault(d, "must be SingleStack, PreferDualStack or RequireDualStack, not %s",
			     json_show(json, shown, sizeof(shown)));
}

static json_t *encode_family_policy(const void *base)
{
	const struct api_service *service = base;

	if (service->require_dual_stack)
		return json_string("RequireDualStack");
	return service->prefer_dual_stack ? json_string("PreferDualStack") : NULL;
}

static void decode_traffic_policy(struct decode *d, const json_t *json, void *base)
{
	struct api_service *service = base;
	const char *word = json_is_string(json) ? json_string_value(json) : "";
	char shown[64];

	service->external_traffic_local = !strcmp(word, "Local");
	if (!service->external_traffic_local && strcmp(word, "Cluster") != 0)
		decode_fault(d, "must be Cluster or Local, not %s",
			     json_show(json, shown, sizeof(shown)));
}

static json_t *encode_traffic_policy(const void *base)
{
	const struct api_service *service = base;

	return service->external_traffic_local ? json_string("Local") : NULL;
}

/* status.loadBalancer.ingress[]: {ip}; entries with a hostname alone are not ours. */
static void decode_ingress(struct decode *d, const json_t *json, void *base)
{
	struct api_service *service = base;
	size_t i;
	json_t *value;

	if (!decode_expect_list(d, json))
		return;
	json_array_foreach(json, i, value) {
		const char *text = json_string_value(json_object_get(value, "ip"));
		struct ip_addr ip;
		struct err err;

		if (!decode_expect_element(d, i, value) || !text || !*text)
			continue;
		if (ip_parse(text, &ip, &err))
			decode_fault(d, "%s", err.msg);
		else
			array_push(&service->ingress, ip);
	}
}

static json_t *encode_ingress(const void *base)
{
	const struct api_service *service = base;
	json_t *json = json_array();

	array_each(&service->ingress, ip)
		json_array_append_new(json, json_pack("{s:s}", "ip", ip_str(ip).s));
	return json;
}

static const struct field balancer_status_fields[] = {
	{.name = "ingress",
	 .type = &type_custom,
	 .offset = SERVICE,
	 .decode = decode_ingress,
	 .encode = encode_ingress},
	{.type = &type_list, .offset = S(ingress), .element = &element_ip},
	{0},
};
static const struct schema balancer_status = {.fields = balancer_status_fields, .open = true};
static const struct field service_status_fields[] = {
	{.name = "loadBalancer", .type = &type_object, .schema = &balancer_status},
	{0},
};
static const struct schema service_status = {.fields = service_status_fields, .open = true};

static const struct field service_spec_fields[] = {
	{.name = "type", .type = &type_string, .offset = S(type)},
	{.name = "loadBalancerClass", .type = &type_string, .offset = S(load_balancer_class)},
	{.name = "loadBalancerIP",
	 .type = &type_ip,
	 .offset = S(load_balancer_ip),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "ipFamilies",
	 .type = &type_custom,
	 .offset = SERVICE,
	 .decode = decode_ip_families,
	 .encode = encode_ip_families},
	{.name = "ipFamilyPolicy",
	 .type = &type_custom,
	 .offset = SERVICE,
	 .decode = decode_family_policy,
	 .encode = encode_family_policy},
	{.name = "externalTrafficPolicy",
	 .type = &type_custom,
	 .offset = SERVICE,
	 .decode = decode_traffic_policy,
	 .encode = encode_traffic_policy},
	{.name = "ports",
	 .type = &type_list,
	 .offset = S(ports),
	 .element = &element_service_port,
	 .element_size = sizeof(struct api_service_port),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};
static const struct schema service_spec = {.fields = service_spec_fields, .open = true};
static const struct field service_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &service_spec, .flags = FIELD_REQUIRED},
	{.name = "status", .type = &type_object, .schema = &service_status},
	{0},
};
static const struct schema service_root = {.fields = service_fields, .open = true};
static const char *const core_versions[] = {"v1", NULL};

const struct kind_schema service_kind = {
	.info = {API_SERVICE, "Service", "", "v1", "services", true, false},
	.versions = core_versions,
	.root = &service_root,
};

/* ---- EndpointSlice ----------------------------------------------------------------------- */

#define E(member)  offsetof(struct api_object, endpoint_slice.member)
#define EP(member) offsetof(struct api_endpoint, member)

/* A condition that may be absent or null: UNKNOWN then. */
static bool decode_condition(struct decode *d, const json_t *conditions, const char *name,
			     bool unknown)
{
	const json_t *json = json_object_get(conditions, name);
	char shown[64];

	if (!json || json_is_null(json))
		return unknown;
	if (!json_is_boolean(json))
		decode_fault_at(d, name, "must be true or false, not %s",
				json_show(json, shown, sizeof(shown)));
	return json_is_true(json);
}

/* Unknown ready means ready; unknown serving means what ready says. */
static void decode_conditions(struct decode *d, const json_t *json, void *base)
{
	struct api_endpoint *endpoint = base;

	if (!decode_expect_object(d, json))
		return;
	endpoint->ready = decode_condition(d, json, "ready", true);
	endpoint->serving = decode_condition(d, json, "serving", endpoint->ready);
	endpoint->terminating = decode_condition(d, json, "terminating", false);
}

static json_t *encode_conditions(const void *base)
{
	const struct api_endpoint *endpoint = base;

	return json_pack("{s:b, s:b, s:b}", "ready", endpoint->ready, "serving", endpoint->serving,
			 "terminating", endpoint->terminating);
}

static void endpoint_defaults(void *base)
{
	struct api_endpoint *endpoint = base;

	endpoint->ready = endpoint->serving = true;
}

static const struct field endpoint_fields[] = {
	{.name = "addresses",
	 .type = &type_list,
	 .offset = EP(addresses),
	 .element = &element_ip,
	 .element_size = sizeof(struct ip_addr),
	 .flags = FIELD_REQUIRED},
	{.name = "conditions",
	 .type = &type_custom,
	 .decode = decode_conditions,
	 .encode = encode_conditions},
	{.name = "nodeName", .type = &type_string, .offset = EP(node_name)},
	{0},
};
static const struct schema endpoint = {
	.fields = endpoint_fields, .open = true, .defaults = endpoint_defaults};
static const struct field element_endpoint = {.type = &type_object, .schema = &endpoint};

static void decode_address_type(struct decode *d, const json_t *json, void *base)
{
	const char *word = json_is_string(json) ? json_string_value(json) : "";
	uint8_t *family = base;
	char shown[64];

	*family = !strcmp(word, "IPv4") ? AF_INET : !strcmp(word, "IPv6") ? AF_INET6 : 0;
	if (!*family && strcmp(word, "FQDN") != 0)
		decode_fault(d, "must be IPv4, IPv6 or FQDN, not %s",
			     json_show(json, shown, sizeof(shown)));
}

static json_t *encode_address_type(const void *base)
{
	uint8_t family = *(const uint8_t *)base;

	return json_string(family == AF_INET ? "IPv4" : family ? "IPv6" : "FQDN");
}

static const struct field slice_fields[] = {
	{.name = "addressType",
	 .type = &type_custom,
	 .offset = E(family),
	 .decode = decode_address_type,
	 .encode = encode_address_type,
	 .flags = FIELD_REQUIRED},
	{.name = "endpoints",
	 .type = &type_list,
	 .offset = E(endpoints),
	 .element = &element_endpoint,
	 .element_size = sizeof(struct api_endpoint)},
	{.name = "ports",
	 .type = &type_list,
	 .offset = E(ports),
	 .element = &element_slice_port,
	 .element_size = sizeof(struct api_service_port)},
	{.type = &type_string, .offset = E(service_name)},
	{0},
};

static void check_slice(struct decode *d, const void *base)
{
	struct api_object *obj = (struct api_object *)base;
	const char *service = api_pair_get(&obj->meta.labels, "kubernetes.io/service-name");
	struct api_endpoint_slice *slice = &obj->endpoint_slice;
	char path[64];

	slice->service_name = service ? xstrdup(service) : NULL;
	for (size_t i = 0; i < slice->endpoints.n; i++)
		array_each(&slice->endpoints.v[i].addresses, ip)
			if (slice->family && ip->family && ip->family != slice->family) {
				snprintf(path, sizeof(path), "endpoints[%zu].addresses", i);
				decode_fault_at(d, path, "%s is not of the slice's addressType",
						ip_str(ip).s);
			}
}

/* Endpoints that are names are none that a packet can be sent to. */
static bool is_slice_of_names(const json_t *json, const char *field)
{
	const char *type = json_string_value(json_object_get(json, "addressType"));

	return !strcmp(field, "endpoints") && type && !strcmp(type, "FQDN");
}

static const struct schema slice_root = {
	.fields = slice_fields, .open = true, .ignores = is_slice_of_names, .check = check_slice};
static const char *const slice_versions[] = {"discovery.k8s.io/v1", "discovery.k8s.io/v1beta1",
					     NULL};

const struct kind_schema endpoint_slice_kind = {
	.info = {API_ENDPOINT_SLICE, "EndpointSlice", "discovery.k8s.io", "v1", "endpointslices",
		 true, false},
	.versions = slice_versions,
	.root = &slice_root,
};
