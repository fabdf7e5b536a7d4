// SPDX-License-Identifier: Apache-2.0
/* Whole objects: the register of kinds, metadata, decoding and encoding, copies and comparison. */
#include "api/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"

static const struct kind_schema *const kinds[API_KIND_COUNT] = {
	[API_CLUSTER] = &cluster_kind,
	[API_NETWORK_GATEWAY_GROUP] = &gateway_group_kind,
	[API_BGP_LOAD_BALANCER] = &bgp_load_balancer_kind,
	[API_BGP_PEER] = &bgp_peer_kind,
	[API_CLUSTER_CIDR_CONFIG] = &cidr_config_kind,
	[API_SERVICE] = &service_kind,
	[API_ENDPOINT_SLICE] = &endpoint_slice_kind,
	[API_NODE] = &node_kind,
	[API_LEASE] = &lease_kind,
	[API_BGP_SESSION] = &bgp_session_kind,
	[API_BGP_ADVERTISED_ROUTE] = &bgp_advertised_route_kind,
};

#define META(member) offsetof(struct api_object, meta.member)

static const struct field meta_fields[] = {
	{.name = "name", .type = &type_string, .offset = META(name), .flags = FIELD_REQUIRED},
	{.name = "namespace", .type = &type_string, .offset = META(ns)},
	{.name = "labels", .type = &type_pairs, .offset = META(labels), .flags = FIELD_OMIT_ZERO},
	{.name = "annotations",
	 .type = &type_pairs,
	 .offset = META(annotations),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};

static const struct schema meta_schema = {.fields = meta_fields, .open = true};

const struct api_kind_info *api_kind_info(enum api_kind kind)
{
	return &kinds[kind]->info;
}

static const struct kind_schema *find_kind(const char *api_version, const char *name)
{
	for (size_t i = 0; i < API_KIND_COUNT; i++) {
		if (strcmp(kinds[i]->info.name, name) != 0)
			continue;
		for (const char *const *v = kinds[i]->versions; *v; v++)
			if (!strcmp(*v, api_version))
				return kinds[i];
	}
	return NULL;
}

const struct api_kind_info *api_kind_find(const char *api_version, const char *kind)
{
	const struct kind_schema *k = find_kind(api_version, kind);

	return k ? &k->info : NULL;
}

/* A namespace or a name becomes part of file names and URLs: the characters of RFC 1123 only. */
static bool is_dns_name(const char *s)
{
	size_t n = strlen(s);

	return n && n <= 253 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n &&
	       strchr("-.", s[0]) == NULL && strchr("-.", s[n - 1]) == NULL;
}

/* One label: no dots, so that NAMESPACE.NAME can be taken apart again. */
static bool is_dns_label(const char *s)
{
	return is_dns_name(s) && strlen(s) <= 63 && !strchr(s, '.');
}

static void check_meta(struct decode *d, const struct kind_schema *kind, struct api_meta *meta)
{
	if (!kind->info.namespaced) {
		free(meta->ns);
		meta->ns = NULL;
	} else if (!meta->ns) {
		meta->ns = xstrdup("default");
	}
	if (meta->ns && !is_dns_label(meta->ns))
		decode_fault_at(d, "metadata.namespace", "\"%s\" is not a namespace", meta->ns);
	if (!meta->name)
		return;
	if (!is_dns_name(meta->name))
		decode_fault_at(d, "metadata.name",
				"\"%s\" is not a name (lower case letters, digits, - and .)",
				meta->name);
	else if (kind->must_be_default && strcmp(meta->name, "default") != 0)
		decode_fault_at(d, "metadata.name", "must be \"default\", not \"%s\"", meta->name);
}

/* What a table for a root cannot say: the names that every document has. */
static json_t *without_common_fields(const json_t *doc)
{
	json_t *rest = json_copy((json_t *)doc);

	json_object_del(rest, "apiVersion");
	json_object_del(rest, "kind");
	json_object_del(rest, "metadata");
	return rest;
}

static void decode_into(struct decode *d, const struct kind_schema *kind, const json_t *doc,
			struct api_object *obj)
{
	const json_t *meta = json_object_get(doc, "metadata");
	json_t *rest = without_common_fields(doc);

	if (meta) {
		memcpy(d->path, "metadata", sizeof("metadata"));
		schema_decode(d, &meta_schema, meta, obj);
		d->path[0] = '\0';
	} else {
		decode_fault_at(d, "metadata", "is required");
	}
	check_meta(d, kind, &obj->meta);
	schema_decode(d, kind->root, rest, obj);
	json_decref(rest);
}

struct api_object *api_decode(const json_t *doc, fault_list *faults)
{
	const char *version = json_string_value(json_object_get(doc, "apiVersion"));
	const char *name = json_string_value(json_object_get(doc, "kind"));
	const char *obj_name =
		json_string_value(json_object_get(json_object_get(doc, "metadata"), "name"));
	struct decode d = {.faults = faults, .first = faults->n};
	const struct kind_schema *kind;
	struct api_object *obj;
	char title[320];

	if (!version || !name) {
		fault_add(faults, NULL, version ? "kind" : "apiVersion",
			  "is required: this is not a Kubernetes object");
		return NULL;
	}
	kind = find_kind(version, name);
	if (!kind)
		return NULL;
	snprintf(title, sizeof(title), "%s/%s", name, obj_name ? obj_name : "?");
	d.object = title;
	obj = xcalloc(1, sizeof(*obj));
	obj->kind = kind->info.kind;
	decode_into(&d, kind, doc, obj);
	if (faults->n == d.first)
		return obj;
	for (size_t i = d.first; i < faults->n; i++)
		faults->v[i].ns = obj->meta.ns ? xstrdup(obj->meta.ns) : NULL;
	api_object_free(obj);
	return NULL;
}

json_t *api_encode(const struct api_object *obj)
{
	const struct kind_schema *kind = kinds[obj->kind];
	json_t *doc = json_object(), *rest = schema_encode(kind->root, obj);
	const char *group = kind->info.group;

	json_object_set_new(doc, "apiVersion",
			    *group ? json_sprintf("%s/%s", group, kind->info.version)
				   : json_string(kind->info.version));
	json_object_set_new(doc, "kind", json_string(kind->info.name));
	json_object_set_new(doc, "metadata", schema_encode(&meta_schema, obj));
	json_object_update(doc, rest);
	json_decref(rest);
	return doc;
}

struct api_object *api_object_new(enum api_kind kind, const char *ns, const char *name)
{
	struct api_object *obj = xcalloc(1, sizeof(*obj));

	obj->kind = kind;
	obj->meta.ns = ns ? xstrdup(ns) : NULL;
	obj->meta.name = xstrdup(name);
	if (kinds[kind]->root->defaults)
		kinds[kind]->root->defaults(obj);
	return obj;
}

struct api_object *api_object_copy(const struct api_object *obj)
{
	struct api_object *copy = xcalloc(1, sizeof(*copy));
	fault_list faults = {0};
	struct decode d = {.faults = &faults};
	json_t *doc = api_encode(obj);

	/* The text form is complete for every field that is kept, so it serves as the deep copy. */
	copy->kind = obj->kind;
	decode_into(&d, kinds[obj->kind], doc, copy);
	json_decref(doc);
	fault_list_free(&faults);
	return copy;
}

void api_object_free(struct api_object *obj)
{
	if (!obj)
		return;
	schema_free(kinds[obj->kind]->root, obj);
	schema_free(&meta_schema, obj);
	free(obj);
}

/* The document without its status (STATUS false), or the status alone. */
static json_t *half(const struct api_object *obj, bool status)
{
	json_t *doc = api_encode(obj), *part;

	if (!status) {
		json_object_del(doc, "status");
		return doc;
	}
	part = json_incref(json_object_get(doc, "status"));
	json_decref(doc);
	return part;
}

static bool half_equal(const struct api_object *a, const struct api_object *b, bool status)
{
	json_t *x = half(a, status), *y = half(b, status);
	bool equal = (!x && !y) || (x && y && json_equal(x, y));

	json_decref(x);
	json_decref(y);
	return equal;
}

bool api_spec_equal(const struct api_object *a, const struct api_object *b)
{
	return half_equal(a, b, false);
}

bool api_status_equal(const struct api_object *a, const struct api_object *b)
{
	return half_equal(a, b, true);
}

const char *api_pair_get(const api_pairs *pairs, const char *key)
{
	array_each(pairs, pair)
		if (!strcmp(pair->key, key))
			return pair->value;
	return NULL;
}

void api_pair_set(api_pairs *pairs, const char *key, const char *value)
{
	struct api_pair *pair;

	array_each(pairs, old) {
		if (strcmp(old->key, key) != 0)
			continue;
		free(old->value);
		old->value = xstrdup(value);
		return;
	}
	pair = array_new(pairs);
	pair->key = xstrdup(key);
	pair->value = xstrdup(value);
}

bool api_pairs_match(const api_pairs *selector, const api_pairs *of)
{
	array_each(selector, pair) {
		const char *value = api_pair_get(of, pair->key);

		if (!value || strcmp(value, pair->value) != 0)
			return false;
	}
	return true;
}
