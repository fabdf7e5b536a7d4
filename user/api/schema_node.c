// SPDX-License-Identifier: Apache-2.0
/*
 * Node and Lease. Their schemas belong to Kubernetes, so fields that are not listed here are
 * ignored, never refused.
 */
#include <string.h>

#include "api/schema.h"

/* ---- Node -------------------------------------------------------------------------------- */

#define N(member) offsetof(struct api_object, node.member)
#define NODE	  offsetof(struct api_object, node)

static void decode_addresses(struct decode *d, const json_t *json, void *base)
{
	struct api_node *node = base;
	size_t i;
	json_t *value;

	if (!decode_expect_list(d, json))
		return;
	json_array_foreach(json, i, value) {
		const char *type = json_string_value(json_object_get(value, "type"));
		const char *text = json_string_value(json_object_get(value, "address"));
		struct ip_addr ip;
		struct err err;

		if (!decode_expect_element(d, i, value) || !type || strcmp(type, "InternalIP") != 0)
			continue;
		if (ip_parse(text ? text : "", &ip, &err))
			decode_fault(d, "InternalIP: %s", err.msg);
		else
			array_push(&node->internal_ips, ip);
	}
}

static json_t *encode_addresses(const void *base)
{
	const struct api_node *node = base;
	json_t *json = json_array();

	array_each(&node->internal_ips, ip)
		json_array_append_new(json, json_pack("{s:s, s:s}", "type", "InternalIP", "address",
						      ip_str(ip).s));
	return json;
}

static void decode_node_conditions(struct decode *d, const json_t *json, void *base)
{
	struct api_node *node = base;
	size_t i;
	json_t *value;

	if (!decode_expect_list(d, json))
		return;
	json_array_foreach(json, i, value) {
		const char *type = json_string_value(json_object_get(value, "type"));
		const char *status = json_string_value(json_object_get(value, "status"));

		if (decode_expect_element(d, i, value) && type && !strcmp(type, "Ready"))
			node->ready = status && !strcmp(status, "True");
	}
}

static json_t *encode_node_conditions(const void *base)
{
	const struct api_node *node = base;

	return json_pack("[{s:s, s:s}]", "type", "Ready", "status", node->ready ? "True" : "False");
}

static const struct field node_spec_fields[] = {
	{.name = "unschedulable",
	 .type = &type_bool,
	 .offset = N(unschedulable),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};
static const struct field node_status_fields[] = {
	{.name = "addresses",
	 .type = &type_custom,
	 .offset = NODE,
	 .decode = decode_addresses,
	 .encode = encode_addresses},
	{.name = "conditions",
	 .type = &type_custom,
	 .offset = NODE,
	 .decode = decode_node_conditions,
	 .encode = encode_node_conditions},
	{.type = &type_list, .offset = N(internal_ips), .element = &element_ip},
	{0},
};
static const struct schema node_spec = {.fields = node_spec_fields, .open = true};
static const struct schema node_status = {.fields = node_status_fields, .open = true};
static const struct field node_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &node_spec, .flags = FIELD_OMIT_ZERO},
	{.name = "status", .type = &type_object, .schema = &node_status},
	{0},
};

static void node_defaults(void *base)
{
	((struct api_object *)base)->node.ready = true;
}

static const struct schema node_root = {
	.fields = node_fields, .open = true, .defaults = node_defaults};
static const char *const node_versions[] = {"v1", NULL};

const struct kind_schema node_kind = {
	.info = {API_NODE, "Node", "", "v1", "nodes", false, false},
	.versions = node_versions,
	.root = &node_root,
};

/* ---- Lease ------------------------------------------------------------------------------- */

#define L(member) offsetof(struct api_object, lease.member)

static const struct field lease_spec_fields[] = {
	{.name = "holderIdentity", .type = &type_string, .offset = L(holder)},
	{.name = "leaseDurationSeconds", .type = &type_u32, .offset = L(duration_seconds)},
	{.name = "renewTime", .type = &type_time, .offset = L(renew_time)},
	{0},
};
static const struct schema lease_spec = {.fields = lease_spec_fields, .open = true};
static const struct field lease_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &lease_spec, .flags = FIELD_REQUIRED},
	{0},
};
static const struct schema lease_root = {.fields = lease_fields, .open = true};
static const char *const lease_versions[] = {"coordination.k8s.io/v1", NULL};

const struct kind_schema lease_kind = {
	.info = {API_LEASE, "Lease", "coordination.k8s.io", "v1", "leases", true, true},
	.versions = lease_versions,
	.root = &lease_root,
};
