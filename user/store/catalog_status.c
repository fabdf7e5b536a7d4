// SPDX-License-Identifier: Apache-2.0
/*
 * A status file: apiVersion, kind, metadata and status of one object, whose spec is elsewhere. It
 * may come before its object, or outlive it; the status is put to use when there is an object.
 */
#include "store/catalog.h"
#include "store/document.h"
#include "store/yaml_doc.h"

static void forget_former(struct catalog *c, struct source *source, const struct record *now)
{
	struct record *former = source->records.n ? source->records.v[0] : NULL;

	if (!former || former == now)
		return;
	json_decref(former->status);
	former->status = NULL;
	former->status_source = NULL;
	source->records.n = 0;
	record_refresh(c, former);
	catalog_drop_if_empty(c, former);
}

static void put_status(struct catalog *c, struct source *source, const struct document_id *id,
		       json_t *status)
{
	struct record *record = catalog_record(c, id->kind->kind, id->ns, id->name);

	if (record->status_source && record->status_source != source) {
		source_object_fault(c, source, 1, record->kind, record->ns, record->name,
				    "has its status in %s%s already", c->dir,
				    record->status_source->name);
		return;
	}
	forget_former(c, source, record);
	if (!record->status_source)
		array_push(&source->records, record);
	record->status_source = source;
	json_decref(record->status);
	record->status = json_incref(status);
	record_refresh(c, record);
}

void status_read(struct catalog *c, struct source *source, const char *text, size_t size)
{
	yaml_docs docs = {0};
	struct document_id id;
	struct err err;
	json_t *status;
	int line;

	if (yaml_docs_parse(text, size, &docs, &line, &err)) {
		source_fault(c, source, line, "", "%s", err.msg);
		return;
	}
	id = docs.n ? document_identify(docs.v[0].json) : (struct document_id){0};
	status = docs.n ? json_object_get(docs.v[0].json, "status") : NULL;
	if (docs.n != 1 || !id.kind || !id.name || !json_is_object(status))
		source_fault(c, source, 1, "", "is not the status of an object");
	else
		put_status(c, source, &id, status);
	yaml_docs_free(&docs);
}
