// SPDX-License-Identifier: Apache-2.0
/* The registers of sources and records, and how a record's claims and status become one object. */
#include "store/catalog.h"

#include <stdlib.h>
#include <string.h>

/* ---- registers --------------------------------------------------------------------------- */

void catalog_init(struct catalog *c, const char *dir)
{
	*c = (struct catalog){.dir = xstrdup(dir)};
}

static int compare_record(const struct record *r, const char *ns, const char *name)
{
	int by_ns = strcmp(r->ns ? r->ns : "", ns ? ns : "");

	return by_ns ? by_ns : strcmp(r->name, name);
}

/* Where the record stands, or where it would have to stand. */
static bool record_position(const struct catalog *c, enum api_kind kind, const char *ns,
			    const char *name, size_t *at)
{
	size_t low = 0, high = c->kinds[kind].n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_record(c->kinds[kind].v[middle], ns, name);

		if (!order) {
			*at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return false;
}

struct record *catalog_find(const struct catalog *c, enum api_kind kind, const char *ns,
			    const char *name)
{
	size_t at;

	return record_position(c, kind, ns, name, &at) ? c->kinds[kind].v[at] : NULL;
}

struct record *catalog_record(struct catalog *c, enum api_kind kind, const char *ns,
			      const char *name)
{
	struct record *record;
	size_t at;

	if (record_position(c, kind, ns, name, &at))
		return c->kinds[kind].v[at];
	record = xcalloc(1, sizeof(*record));
	record->kind = kind;
	record->ns = ns ? xstrdup(ns) : NULL;
	record->name = xstrdup(name);
	array_push(&c->kinds[kind], record);
	memmove(&c->kinds[kind].v[at + 1], &c->kinds[kind].v[at],
		(c->kinds[kind].n - 1 - at) * sizeof(record));
	c->kinds[kind].v[at] = record;
	return record;
}

static bool source_position(const struct catalog *c, const char *name, size_t *at)
{
	size_t low = 0, high = c->sources.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(c->sources.v[middle]->name, name);

		if (!order) {
			*at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return false;
}

struct source *catalog_source(struct catalog *c, enum source_type type, const char *name)
{
	struct source *source;
	size_t at;

	if (source_position(c, name, &at))
		return c->sources.v[at];
	source = xcalloc(1, sizeof(*source));
	source->type = type;
	source->name = xstrdup(name);
	array_push(&c->sources, source);
	memmove(&c->sources.v[at + 1], &c->sources.v[at], (c->sources.n - 1 - at) * sizeof(source));
	c->sources.v[at] = source;
	return source;
}

static void source_free(struct source *source)
{
	fault_list_free(&source->faults);
	array_free(&source->records);
	free(source->name);
	free(source);
}

void claim_free(struct claim *claim)
{
	api_object_free(claim->obj);
	free(claim->text);
	json_decref(claim->lines);
}

static void record_free(struct record *record)
{
	array_each(&record->claims, claim)
		claim_free(claim);
	array_free(&record->claims);
	json_decref(record->status);
	fault_list_free(&record->status_faults);
	if (record->current != record->delivered)
		api_object_free(record->current);
	api_object_free(record->delivered);
	free(record->ns);
	free(record->name);
	free(record);
}

void catalog_free(struct catalog *c)
{
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++) {
		array_each(&c->kinds[kind], record)
			record_free(*record);
		array_free(&c->kinds[kind]);
	}
	array_each(&c->sources, source)
		source_free(*source);
	array_free(&c->sources);
	fault_list_free(&c->faults);
	free(c->dir);
}

void catalog_drop_if_empty(struct catalog *c, struct record *record)
{
	size_t at;

	if (record->claims.n || record->status_source || record->current || record->delivered ||
	    record->queued || record->busy)
		return;
	if (record_position(c, record->kind, record->ns, record->name, &at))
		array_remove(&c->kinds[record->kind], at);
	record_free(record);
}

struct claim *record_claim(struct record *record, const struct source *source)
{
	array_each(&record->claims, claim)
		if (claim->source == source)
			return claim;
	return NULL;
}

/* ---- from claims and status to the object ------------------------------------------------- */

/* The claim's object with the status that vipcast wrote in place of the manifest's own. */
static struct api_object *merge(const struct catalog *c, struct record *record,
				const struct api_object *base)
{
	struct api_object *obj;
	json_t *doc;

	fault_list_free(&record->status_faults);
	if (!record->status)
		return api_object_copy(base);
	doc = api_encode(base);
	json_object_set(doc, "status", record->status);
	obj = api_decode(doc, &record->status_faults);
	json_decref(doc);
	array_each(&record->status_faults, fault) {
		fault->file = xasprintf("%s%s", c->dir, record->status_source->name);
		fault->line = 1;
	}
	return obj ? obj : api_object_copy(base);
}

static bool same(const struct api_object *a, const struct api_object *b)
{
	if (!a || !b)
		return a == b;
	return api_spec_equal(a, b) && api_status_equal(a, b);
}

void record_refresh(struct catalog *c, struct record *record)
{
	struct api_object *next = NULL;

	if (record->claims.n)
		next = merge(c, record, record->claims.v[0].obj);
	if (same(next, record->current)) {
		api_object_free(next);
		return;
	}
	if (record->current != record->delivered)
		api_object_free(record->current);
	record->current = next;
	if (c->changed)
		c->changed(c->ctx, record);
}

/* ---- files that come and go --------------------------------------------------------------- */

void catalog_read(struct catalog *c, enum source_type type, const char *name, const char *text,
		  size_t size)
{
	struct source *source = catalog_source(c, type, name);

	fault_list_free(&source->faults);
	if (type == SOURCE_STATUS)
		status_read(c, source, text, size);
	else
		manifest_read(c, source, text, size);
}

void catalog_unreadable(struct catalog *c, enum source_type type, const char *name, const char *why)
{
	struct source *source = catalog_source(c, type, name);

	fault_list_free(&source->faults);
	source_fault(c, source, 0, "", "%s", why);
}

static void withdraw(struct catalog *c, struct source *source, struct record *record)
{
	if (source->type == SOURCE_STATUS) {
		json_decref(record->status);
		record->status = NULL;
		record->status_source = NULL;
		fault_list_free(&record->status_faults);
	} else {
		struct claim *claim = record_claim(record, source);

		claim_free(claim);
		array_remove(&record->claims, claim - record->claims.v);
	}
	record_refresh(c, record);
	catalog_drop_if_empty(c, record);
}

void catalog_remove(struct catalog *c, const char *name)
{
	struct source *source;
	size_t at;

	if (!source_position(c, name, &at))
		return;
	source = c->sources.v[at];
	array_remove(&c->sources, at);
	array_each(&source->records, record)
		withdraw(c, source, *record);
	source_free(source);
}
