/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_CATALOG_H
#define VIPCAST_STORE_CATALOG_H

/*
 * What a directory of manifests says, in memory and without I/O. Files go in as text; objects come
 * out. Three sorts of file feed it: manifests that users write, objects that vipcast wrote (one a
 * file), and statuses (one a file).
 *
 *   source  a file: which records it speaks of, and what is wrong with it
 *   claim   one source's version of one object, the last good one
 *   record  an object: its claims, first come first; its status; the two put together
 *
 * The first claim is the one in force; another file with the same object is a fault, and its claim
 * waits until the first one goes. A document that is refused leaves its claim as it was.
 */

#include <jansson.h>

#include "api/object.h"
#include "api/state.h"

enum source_type { SOURCE_MANIFEST, SOURCE_OBJECT, SOURCE_STATUS };

struct record;

struct source {
	enum source_type type;
	char *name; /* path below the store's directory */
	fault_list faults;
	ARRAY(struct record *) records; /* those that it has a claim on, or the status of */
};

struct claim {
	struct source *source;
	struct api_object *obj;
	char *text;    /* the document in canonical form, to tell whether it changed */
	json_t *lines; /* NULL: not kept for this kind */
	int line;      /* of the document in its file */
	bool seen;     /* while a source is read again */
};

struct record {
	enum api_kind kind;
	char *ns, *name; /* NS NULL: the kind has no namespaces */
	ARRAY(struct claim) claims;
	struct source *status_source; /* NULL: there is no status but the manifest's own */
	json_t *status;
	fault_list status_faults;     /* why the status cannot be used */
	struct api_object *current;   /* what is true; NULL: no such object */
	struct api_object *delivered; /* what watchers were told; may be CURRENT itself */
	bool queued;		      /* for delivery */
	bool busy;		      /* watchers are being told */
};

struct catalog {
	char *dir; /* "" or with a slash at its end; stands before names in faults */
	ARRAY(struct record *) kinds[API_KIND_COUNT]; /* sorted by namespace and name */
	ARRAY(struct source *) sources;		      /* sorted by name */
	fault_list faults;			      /* as of the last catalog_settle() */
	/* Told after record->current became another object or NULL. */
	void (*changed)(void *ctx, struct record *record);
	void *ctx;
};

void catalog_init(struct catalog *c, const char *dir);
void catalog_free(struct catalog *c);

/*
 * The file NAME now holds TEXT. Takes over what is right in it. Faults are kept with the source
 * until it is read again, and appear in catalog->faults after catalog_settle().
 */
void catalog_read(struct catalog *c, enum source_type type, const char *name, const char *text,
		  size_t size);
/* The file is there and cannot be read (WHY): a fault, and what it said last stays in force. */
void catalog_unreadable(struct catalog *c, enum source_type type, const char *name,
			const char *why);
/* The file is gone, and so is what it said. Unknown files: nothing happens. */
void catalog_remove(struct catalog *c, const char *name);

/*
 * Gathers all that is wrong at present, rules between objects included, sorted by file and line.
 * Call it after a batch of changes. FRESH (may be NULL) is told each fault that was not there at
 * the last call.
 */
void catalog_settle(struct catalog *c, void (*fresh)(void *ctx, const struct fault *fault),
		    void *ctx);

/* NULL: unknown. */
struct record *catalog_find(const struct catalog *c, enum api_kind kind, const char *ns,
			    const char *name);

/* ---- between the catalog's own files ------------------------------------------------------ */

/* Finds or makes it. NS and NAME are copied. */
struct record *catalog_record(struct catalog *c, enum api_kind kind, const char *ns,
			      const char *name);
struct source *catalog_source(struct catalog *c, enum source_type type, const char *name);
struct claim *record_claim(struct record *record, const struct source *source);
void claim_free(struct claim *claim);
/* Works out record->current anew and tells of it if it really differs. */
void record_refresh(struct catalog *c, struct record *record);
/* Forgets a record that has neither claims nor a status, and that nobody is still to be told of. */
void catalog_drop_if_empty(struct catalog *c, struct record *record);

/* Reads a manifest or an object's file into SOURCE (catalog_manifest.c). */
void manifest_read(struct catalog *c, struct source *source, const char *text, size_t size);
/* Reads a status file into SOURCE (catalog_status.c). */
void status_read(struct catalog *c, struct source *source, const char *text, size_t size);

/* Appends a fault of SOURCE at LINE, about no object that is known. */
void source_fault(const struct catalog *c, struct source *source, int line, const char *path,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Appends a fault of SOURCE at LINE, about an object. NS may be NULL. */
void source_object_fault(const struct catalog *c, struct source *source, int line,
			 enum api_kind kind, const char *ns, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

#endif
