// SPDX-License-Identifier: Apache-2.0
/*
 * From a JSON document to a typed object, by walking the kind's table. Every fault is collected;
 * an object comes out only if there was none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"

/* Goes one step down in the path for the length of a call. */
static size_t path_push(struct decode *d, const char *name)
{
	size_t before = strlen(d->path);

	snprintf(d->path + before, sizeof(d->path) - before, "%s%s",
		 before && *name != '[' ? "." : "", name);
	return before;
}

static void path_pop(struct decode *d, size_t before)
{
	d->path[before] = '\0';
}

static bool row_ends(const struct field *f)
{
	return !f->name && !f->type;
}

static const struct field *find_field(const struct schema *schema, const char *name)
{
	for (const struct field *f = schema->fields; !row_ends(f); f++)
		if (f->name && !strcmp(f->name, name))
			return f;
	return NULL;
}

static void decode_field(struct decode *d, const struct field *f, const json_t *json, void *base)
{
	size_t before;

	if (json_is_null(json)) /* as good as absent: Kubernetes has it so */
		return;
	before = path_push(d, f->name);
	if (f->flags & FIELD_UNSUPPORTED)
		decode_fault(d, "is not supported by this version of vipcast");
	else if (!(f->flags & FIELD_KNOWN))
		f->type->decode(d, f, json, (char *)base + f->offset);
	path_pop(d, before);
}

static void refuse_unknown(struct decode *d, const struct schema *schema, const char *name)
{
	const char *nearest = schema_nearest(schema, name);

	if (nearest)
		decode_fault_at(d, name, "unknown field \"%s\", did you mean \"%s\"?", name,
				nearest);
	else
		decode_fault_at(d, name, "unknown field \"%s\"", name);
}

bool decode_expect_list(struct decode *d, const json_t *json)
{
	char shown[64];

	if (json_is_array(json) || json_is_null(json))
		return true;
	decode_fault(d, "must be a list, not %s", json_show(json, shown, sizeof(shown)));
	return false;
}

bool decode_expect_object(struct decode *d, const json_t *json)
{
	char shown[64];

	if (json_is_object(json))
		return true;
	decode_fault(d, "must be an object, not %s", json_show(json, shown, sizeof(shown)));
	return false;
}

bool decode_expect_element(struct decode *d, size_t i, const json_t *json)
{
	char index[32], shown[64];

	if (json_is_object(json))
		return true;
	snprintf(index, sizeof(index), "[%zu]", i);
	decode_fault_at(d, index, "must be an object, not %s",
			json_show(json, shown, sizeof(shown)));
	return false;
}

void schema_decode(struct decode *d, const struct schema *schema, const json_t *json, void *base)
{
	const char *key;
	json_t *value;

	if (!decode_expect_object(d, json))
		return;
	if (schema->defaults)
		schema->defaults(base);
	json_object_foreach((json_t *)json, key, value) {
		const struct field *f = find_field(schema, key);

		if (f && schema->ignores && schema->ignores(json, key))
			continue;
		if (f)
			decode_field(d, f, value, base);
		else if (!schema->open)
			refuse_unknown(d, schema, key);
	}
	for (const struct field *f = schema->fields; !row_ends(f); f++) {
		const json_t *present = f->name ? json_object_get(json, f->name) : NULL;

		if (f->flags & FIELD_REQUIRED && (!present || json_is_null(present)))
			decode_fault_at(d, f->name, "is required");
	}
	if (schema->check)
		schema->check(d, base);
}

static void decode_list(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	ARRAY(char) *list = at;
	char index[32];
	size_t i;
	json_t *value;

	if (!decode_expect_list(d, json))
		return;
	json_array_foreach(json, i, value) {
		size_t before;
		void *element;

		list->v = array_grow(list->v, list->n, &list->cap, f->element_size);
		element = (char *)list->v + list->n++ * f->element_size;
		memset(element, 0, f->element_size);
		snprintf(index, sizeof(index), "[%zu]", i);
		before = path_push(d, index);
		f->element->type->decode(d, f->element, value, element);
		path_pop(d, before);
	}
}

static json_t *encode_list(const struct field *f, const void *at)
{
	const ARRAY(char) *list = at;
	json_t *json;

	if (!list->n && f->flags & FIELD_OMIT_ZERO)
		return NULL;
	json = json_array();
	for (size_t i = 0; i < list->n; i++) {
		const void *element = (const char *)list->v + i * f->element_size;
		json_t *value = f->element->type->encode(f->element, element);

		json_array_append_new(json, value ? value : json_null());
	}
	return json;
}

static void free_list(const struct field *f, void *at)
{
	ARRAY(char) *list = at;

	for (size_t i = 0; f->element->type->free && i < list->n; i++)
		f->element->type->free(f->element, (char *)list->v + i * f->element_size);
	array_free(list);
}

static void decode_object(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	schema_decode(d, f->schema, json, at);
}

static json_t *encode_object(const struct field *f, const void *at)
{
	json_t *json = schema_encode(f->schema, at);

	if (f->flags & FIELD_OMIT_ZERO && !json_object_size(json)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static void free_object(const struct field *f, void *at)
{
	schema_free(f->schema, at);
}

static void decode_custom(struct decode *d, const struct field *f, const json_t *json, void *at)
{
	f->decode(d, json, at);
}

static json_t *encode_custom(const struct field *f, const void *at)
{
	return f->encode ? f->encode(at) : NULL;
}

const struct field_type type_list = {"a list", 0, decode_list, encode_list, free_list};
const struct field_type type_object = {"an object", 0, decode_object, encode_object, free_object};
const struct field_type type_custom = {"", 0, decode_custom, encode_custom, NULL};

json_t *schema_encode(const struct schema *schema, const void *base)
{
	json_t *json = json_object();

	for (const struct field *f = schema->fields; !row_ends(f); f++) {
		json_t *value;

		if (!f->name || f->flags & (FIELD_KNOWN | FIELD_UNSUPPORTED))
			continue;
		value = f->type->encode(f, (const char *)base + f->offset);
		if (value)
			json_object_set_new(json, f->name, value);
	}
	return json;
}

void schema_free(const struct schema *schema, void *base)
{
	for (const struct field *f = schema->fields; !row_ends(f); f++)
		if (f->type && f->type->free && !(f->flags & (FIELD_KNOWN | FIELD_UNSUPPORTED)))
			f->type->free(f, (char *)base + f->offset);
}
