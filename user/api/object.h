/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_API_OBJECT_H
#define VIPCAST_API_OBJECT_H

/*
 * From documents to typed objects and back. Each kind is one table of fields (api/schema_*.c): the
 * decoder, the encoder, the destructor and the comparison all walk the same rows.
 */

#include <jansson.h>

#include "api/types.h"

/* One thing that is wrong with a document. */
struct fault {
	char *object; /* "NetworkGatewayGroup/default"; NULL before the kind is known */
	char *ns;     /* the object's namespace; NULL: none, or not known */
	char *path;   /* "spec.floatingIPs[1]"; "" for the object itself */
	char *msg;    /* what is wrong, with the value */
	char *file;   /* NULL until a file is known */
	int line;     /* 0 until a file is known */
};

typedef ARRAY(struct fault) fault_list;

void fault_add(fault_list *faults, const char *object, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void fault_list_free(fault_list *faults);

struct api_kind_info {
	enum api_kind kind;
	const char *name;    /* "BGPSession" */
	const char *group;   /* "networking.gke.io", "" for the core group */
	const char *version; /* the one written; decoding accepts what the schema says */
	const char *plural;  /* "bgpsessions" */
	bool namespaced;
	bool ours; /* written by vipcast: not to be found in a user's manifests */
};

const struct api_kind_info *api_kind_info(enum api_kind kind);
/* By apiVersion and kind; NULL: not a kind of ours (it is ignored, not refused). */
const struct api_kind_info *api_kind_find(const char *api_version, const char *kind);

/*
 * Decodes and validates one document by itself. Every fault is appended, not the first alone.
 * Returns the object, or NULL when there was a fault, or when the kind is not one of ours
 * (nothing is appended then). DOC is borrowed.
 */
struct api_object *api_decode(const json_t *doc, fault_list *faults);

/* The whole document (apiVersion, kind, metadata, spec, status), a new reference. */
json_t *api_encode(const struct api_object *obj);

struct api_object *api_object_new(enum api_kind kind, const char *ns, const char *name);
struct api_object *api_object_copy(const struct api_object *obj);
void api_object_free(struct api_object *obj);

/* True when both say the same in metadata and spec (SPEC), or in status (STATUS). */
bool api_spec_equal(const struct api_object *a, const struct api_object *b);
bool api_status_equal(const struct api_object *a, const struct api_object *b);

/* Value of a label or an annotation, or NULL. */
const char *api_pair_get(const api_pairs *pairs, const char *key);
void api_pair_set(api_pairs *pairs, const char *key, const char *value);
/* True when OF has every pair of SELECTOR. */
bool api_pairs_match(const api_pairs *selector, const api_pairs *of);

#endif
