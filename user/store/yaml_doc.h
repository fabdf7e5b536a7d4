/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_YAML_DOC_H
#define VIPCAST_STORE_YAML_DOC_H

/*
 * YAML text (JSON is a part of it) as JSON values, with the line on which each value stands, so
 * that a fault found later in a document can still be pointed at in the user's file.
 */

#include <jansson.h>
#include <stddef.h>

#include "util/array.h"
#include "util/err.h"

struct yaml_doc {
	json_t *json;
	json_t *lines; /* path ("spec.floatingIPs[1]") -> line; see yaml_line() */
	int line;      /* where the document starts */
};

typedef ARRAY(struct yaml_doc) yaml_docs;

/*
 * Reads every document of TEXT. Documents that say nothing (comments alone) are left out. Input is
 * not trusted: nesting, the number of values and what aliases multiply are bounded; keys that are
 * there twice are refused. -EINVAL: ERR says what is wrong and *LINE where; DOCS is then empty.
 * The caller frees DOCS by yaml_docs_free().
 */
int yaml_docs_parse(const char *text, size_t size, yaml_docs *docs, int *line, struct err *err);
void yaml_docs_free(yaml_docs *docs);

/* The line of the value at PATH, or of the nearest thing around it that is there; 0: none. */
int yaml_line(const json_t *lines, const char *path);

/*
 * A plain (unquoted) scalar by the rules that Kubernetes reads YAML with, those of YAML 1.1: null,
 * booleans, integers, floats, else a string. A new reference; NULL if the text cannot be a string.
 */
json_t *yaml_plain_scalar(const char *text, size_t size);

#endif
