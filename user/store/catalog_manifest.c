// SPDX-License-Identifier: Apache-2.0
/*
 * One manifest, or one file of an object that vipcast wrote, read into claims. A file that cannot
 * be parsed changes nothing. A document that is refused leaves its object's last good version in
 * force; if it cannot be told which object it was meant to be (its name is wrong, say), then
 * nothing that it could have been is taken for deleted.
 */
#include <string.h>

#include "store/catalog.h"
#include "store/document.h"
#include "store/yaml_doc.h"

struct reading {
	struct catalog *c;
	struct source *source;
	bool lost_any;			/* a document could have been anything */
	bool lost_kind[API_KIND_COUNT]; /* a document of that kind could have been any object */
};

/* A document, or an item of a List. */
struct document {
	const json_t *json;
	json_t *lines;	    /* of the whole YAML document */
	const char *prefix; /* "items[2].", or "" */
	int line;
};

static int document_line(const struct document *doc, const char *path)
{
	char *whole = xasprintf("%s%s", doc->prefix, path);
	int line = yaml_line(doc->lines, whole);

	free(whole);
	return line ? line : doc->line;
}

static struct api_object *decode(struct reading *r, const struct document *doc)
{
	fault_list *faults = &r->source->faults;
	size_t before = faults->n;
	struct api_object *obj = api_decode(doc->json, faults);

	for (size_t i = before; i < faults->n; i++) {
		faults->v[i].file = xasprintf("%s%s", r->c->dir, r->source->name);
		faults->v[i].line = document_line(doc, faults->v[i].path);
	}
	return obj;
}

/* Rules between objects are about these kinds alone; lines of the others are not worth their room.
 */
static bool keeps_lines(enum api_kind kind)
{
	return kind == API_CLUSTER || kind == API_NETWORK_GATEWAY_GROUP ||
	       kind == API_BGP_LOAD_BALANCER || kind == API_BGP_PEER;
}

static void place(struct claim *claim, const struct document *doc, enum api_kind kind)
{
	claim->seen = true;
	claim->line = doc->line;
	json_decref(claim->lines);
	claim->lines = keeps_lines(kind) && !*doc->prefix ? json_incref(doc->lines) : NULL;
}

/* Takes OBJ and TEXT over as the source's version of the record. */
static void stake(struct reading *r, struct record *record, const struct document *doc,
		  struct api_object *obj, char *text)
{
	struct claim *claim = record_claim(record, r->source);

	if (!claim) {
		claim = array_new(&record->claims);
		claim->source = r->source;
		array_push(&r->source->records, record);
	}
	api_object_free(claim->obj);
	free(claim->text);
	claim->obj = obj;
	claim->text = text;
	place(claim, doc, record->kind);
	if (claim == record->claims.v)
		record_refresh(r->c, record);
}

static void read_known(struct reading *r, const struct document *doc, const struct document_id *id)
{
	struct record *record = catalog_record(r->c, id->kind->kind, id->ns, id->name);
	struct claim *claim = record_claim(record, r->source);
	struct api_object *obj;
	char *text = NULL;

	if (claim && claim->seen) {
		source_object_fault(r->c, r->source, doc->line, record->kind, record->ns,
				    record->name, "is in this file already, at line %d",
				    claim->line);
		goto out;
	}
	text = json_dumps(doc->json, JSON_COMPACT | JSON_SORT_KEYS);
	if (claim && text && !strcmp(claim->text, text)) {
		place(claim, doc, record->kind);
		goto out;
	}
	obj = decode(r, doc);
	if (obj) {
		stake(r, record, doc, obj, text);
		text = NULL;
	} else if (claim) {
		claim->seen = true;
	} else {
		r->lost_kind[record->kind] = true;
	}
out:
	catalog_drop_if_empty(r->c, record);
	free(text);
}

static void read_document(struct reading *r, const struct document *doc)
{
	struct document_id id = document_identify(doc->json);
	struct err why;
	const char *path;

	if (!id.kind) {
		if (!document_is_wrong(doc->json, &path, &why))
			return;
		source_fault(r->c, r->source, document_line(doc, path), path, "%s", why.msg);
		r->lost_any = true;
	} else if (id.kind->ours && r->source->type == SOURCE_MANIFEST) {
		source_object_fault(
			r->c, r->source, doc->line, id.kind->kind, id.ns, id.name ? id.name : "?",
			"objects of this kind are written by vipcast, not by its users");
	} else if (!id.name) {
		api_object_free(decode(r, doc));
		r->lost_kind[id.kind->kind] = true;
	} else {
		read_known(r, doc, &id);
	}
}

static void read_list(struct reading *r, const struct yaml_doc *list)
{
	char prefix[32], path[32];
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(list->json, "items"), i, item) {
		struct document doc = {.json = item, .lines = list->lines, .prefix = prefix};

		snprintf(path, sizeof(path), "items[%zu]", i);
		snprintf(prefix, sizeof(prefix), "items[%zu].", i);
		doc.line = yaml_line(list->lines, path);
		read_document(r, &doc);
	}
}

/* Gives up the claims on objects that the file does not hold any more. */
static void drop_unseen(struct reading *r)
{
	struct source *source = r->source;

	for (size_t i = source->records.n; i-- > 0;) {
		struct record *record = source->records.v[i];
		struct claim *claim = record_claim(record, source);

		if (claim->seen || r->lost_any || r->lost_kind[record->kind])
			continue;
		claim_free(claim);
		array_remove(&record->claims, claim - record->claims.v);
		array_remove(&source->records, i);
		record_refresh(r->c, record);
		catalog_drop_if_empty(r->c, record);
	}
}

void manifest_read(struct catalog *c, struct source *source, const char *text, size_t size)
{
	struct reading r = {.c = c, .source = source};
	yaml_docs docs = {0};
	struct err err;
	int line;

	if (yaml_docs_parse(text, size, &docs, &line, &err)) {
		source_fault(c, source, line, "", "%s", err.msg);
		return;
	}
	array_each(&source->records, record)
		record_claim(*record, source)->seen = false;
	array_each(&docs, doc) {
		struct document one = {doc->json, doc->lines, "", doc->line};

		if (document_is_list(doc->json))
			read_list(&r, doc);
		else
			read_document(&r, &one);
	}
	drop_unseen(&r);
	yaml_docs_free(&docs);
}
