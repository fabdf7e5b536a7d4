/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_DOCUMENT_H
#define VIPCAST_STORE_DOCUMENT_H

/* What a document claims to be, before it is decoded. */

#include <jansson.h>

#include "api/object.h"

struct document_id {
	const struct api_kind_info *kind; /* NULL: not a kind of ours */
	const char *ns, *name;		  /* borrowed from the document; NAME NULL: not known */
};

struct document_id document_identify(const json_t *doc);

/*
 * Why a document whose kind is not known must be refused rather than ignored: it is no Kubernetes
 * object, or it is one of ours in an apiVersion that is not read. Writes the reason and the path
 * that it is about, and returns true; false: it is somebody else's object.
 */
bool document_is_wrong(const json_t *doc, const char **path, struct err *why);

/* True for `kind: List`, whose items are documents of their own. */
bool document_is_list(const json_t *doc);

#endif
