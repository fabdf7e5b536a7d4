/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_STORE_H
#define VIPCAST_STORE_STORE_H

/*
 * Where objects live. One interface, several back ends (a directory of manifests, a Kubernetes API
 * server); no caller asks which it got. Single-threaded, on the caller's event loop.
 */

#include <event2/event.h>

#include "api/object.h"
#include "util/log.h"

enum store_event {
	STORE_SYNCED, /* all that was there has been delivered; object is NULL; once per watch */
	STORE_ADDED,
	STORE_CHANGED, /* spec, metadata or status */
	STORE_DELETED, /* object: the last state */
};

/* OBJ is borrowed for the call. */
typedef void (*store_handler)(void *ctx, enum store_event event, enum api_kind kind,
			      const struct api_object *obj);

struct store;

struct store_ops {
	int (*watch)(struct store *, enum api_kind, store_handler, void *ctx, struct err *);
	int (*apply)(struct store *, const struct api_object *, struct err *);
	int (*status)(struct store *, const struct api_object *, struct err *);
	int (*delete)(struct store *, enum api_kind, const char *ns, const char *name,
		      struct err *);
	int (*event)(struct store *, const struct api_object *about, const char *type,
		     const char *reason, const char *message, struct err *);
	const fault_list *(*faults)(const struct store *);
	void (*close)(struct store *);
};

/* First member of every back end. */
struct store {
	const struct store_ops *ops;
};

/* Delivers the objects of KIND: first those that are there, then STORE_SYNCED, then each change. */
int store_watch(struct store *store, enum api_kind kind, store_handler handler, void *ctx,
		struct err *err);
/* Creates or replaces metadata and spec; the status of an existing object stays. */
int store_apply(struct store *store, const struct api_object *obj, struct err *err);
/* Replaces the status of an object; its metadata and spec stay. -ENOENT when there is none. */
int store_status(struct store *store, const struct api_object *obj, struct err *err);
/* Removes an object that vipcast wrote. Absent already: 0. */
int store_delete(struct store *store, enum api_kind kind, const char *ns, const char *name,
		 struct err *err);
/* Records an Event about an object: TYPE "Normal" or "Warning". Repeats are counted, not added. */
int store_event(struct store *store, const struct api_object *about, const char *type,
		const char *reason, const char *message, struct err *err);
/* What is refused at present, with file and line; borrowed. */
const fault_list *store_faults(const struct store *store);
void store_close(struct store *store);

/*
 * Opens a directory of manifests (*.yaml, *.yml, *.json). What vipcast writes goes into
 * DIR/.vipcast/, each object and each status a file of its own, replaced by rename.
 */
int store_dir_open(struct event_base *base, const char *dir, const struct log *log,
		   struct store **out, struct err *err);

#endif
