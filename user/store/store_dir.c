// SPDX-License-Identifier: Apache-2.0
/*
 * The directory store. inotify says which files changed (dir_notify.c); those are read into the
 * catalog (catalog.c), which works out what is true now. Objects that became different are queued,
 * and one pass over the queue, from the event loop, tells the watchers. What a program writes
 * itself goes to the file and into the catalog by the same reading, so its own inotify event finds
 * nothing new. Handlers may write: that queues objects for the next pass.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/catalog.h"
#include "store/dir_events.h"
#include "store/dir_files.h"
#include "store/dir_notify.h"
#include "store/dir_scan.h"
#include "store/faults.h"
#include "store/store.h"

struct watch {
	enum api_kind kind;
	store_handler handler;
	void *ctx;
	bool synced;
};

struct store_dir {
	struct store store;
	const struct log *log;
	char *dir;
	struct catalog catalog;
	struct dir_notify *notify;
	struct dir_events events;
	ARRAY(struct record *) queue; /* to be delivered */
	ARRAY(struct watch) watches;
	struct event *deliver;
};

static struct store_dir *of(struct store *store)
{
	return (struct store_dir *)store;
}

static const char *shown(const struct api_object *obj, char *buf, size_t size)
{
	snprintf(buf, size, "%s %s%s%s", api_kind_info(obj->kind)->name,
		 obj->meta.ns ? obj->meta.ns : "", obj->meta.ns ? "/" : "", obj->meta.name);
	return buf;
}

/* ---- delivery ---------------------------------------------------------------------------- */

static void schedule(struct store_dir *s)
{
	event_active(s->deliver, EV_TIMEOUT, 0);
}

static void on_record_changed(void *ctx, struct record *record)
{
	struct store_dir *s = ctx;

	if (!record->queued)
		array_push(&s->queue, record);
	record->queued = true;
	schedule(s);
}

static void tell(struct store_dir *s, enum store_event event, const struct api_object *obj)
{
	/* By index and by value: a handler may add watches, which moves the array. */
	for (size_t i = 0; i < s->watches.n; i++) {
		const struct watch w = s->watches.v[i];

		if (w.synced && w.kind == obj->kind)
			w.handler(w.ctx, event, obj->kind, obj);
	}
}

static void deliver_record(struct store_dir *s, struct record *record)
{
	struct api_object *old = record->delivered, *now = record->current;

	record->queued = false;
	record->delivered = now;
	record->busy = true;
	if (old && !now)
		tell(s, STORE_DELETED, old);
	else if (!old && now)
		tell(s, STORE_ADDED, now);
	else if (now != old && !(api_spec_equal(old, now) && api_status_equal(old, now)))
		tell(s, STORE_CHANGED, now);
	record->busy = false;
	if (old != now)
		api_object_free(old);
	catalog_drop_if_empty(&s->catalog, record);
}

static void sync_watch(struct store_dir *s, size_t i)
{
	const struct watch w = s->watches.v[i];
	ARRAY(const struct api_object *) there = {0};

	/* Handlers may make records; those that are in the list live until the next delivery. */
	array_each(&s->catalog.kinds[w.kind], record)
		if ((*record)->delivered)
			array_push(&there, (*record)->delivered);
	s->watches.v[i].synced = true;
	array_each(&there, obj)
		w.handler(w.ctx, STORE_ADDED, w.kind, *obj);
	w.handler(w.ctx, STORE_SYNCED, w.kind, NULL);
	array_free(&there);
}

static void log_fault(void *ctx, const struct fault *fault)
{
	const struct store_dir *s = ctx;
	char text[1024];

	log_error(s->log, "configuration is wrong", "fault",
		  fault_format(fault, text, sizeof(text)));
}

static void on_deliver(evutil_socket_t fd, short what, void *ctx)
{
	struct store_dir *s = ctx;
	struct record **batch = s->queue.v;
	size_t n = s->queue.n;

	(void)fd;
	(void)what;
	catalog_settle(&s->catalog, log_fault, s);
	/* What handlers make of it comes in the next pass. */
	memset(&s->queue, 0, sizeof(s->queue));
	for (size_t i = 0; i < n; i++)
		deliver_record(s, batch[i]);
	free(batch);
	for (size_t i = 0; i < s->watches.n; i++)
		if (!s->watches.v[i].synced)
			sync_watch(s, i);
}

static void on_notify(void *ctx, const struct dir_change *change)
{
	struct store_dir *s = ctx;

	switch (change->what) {
	case DIR_CHANGE_MANIFEST:
		dir_scan_file(&s->catalog, SOURCE_MANIFEST, change->name);
		break;
	case DIR_CHANGE_WRITTEN:
		dir_scan_file(&s->catalog, dir_source_type(change->area), change->name);
		break;
	case DIR_CHANGE_ALL:
		dir_scan_all(&s->catalog, s->log);
		break;
	}
	schedule(s); /* also when no object changed: faults may have come or gone */
}

/* ---- the interface ----------------------------------------------------------------------- */

static int dir_watch(struct store *store, enum api_kind kind, store_handler handler, void *ctx,
		     struct err *err)
{
	struct store_dir *s = of(store);
	const struct watch watch = {.kind = kind, .handler = handler, .ctx = ctx};

	(void)err;
	array_push(&s->watches, watch);
	schedule(s);
	return 0;
}

static const struct api_object *current(const struct store_dir *s, const struct api_object *obj)
{
	const struct record *record =
		catalog_find(&s->catalog, obj->kind, obj->meta.ns, obj->meta.name);

	return record ? record->current : NULL;
}

/* Writes DOC to the file NAME and takes it in as if it had been read there. */
static int write_and_read(struct store_dir *s, enum dir_area area, const char *name,
			  const json_t *doc, struct err *err)
{
	char *text = json_dumps(doc, JSON_INDENT(2));
	int r;

	if (!text)
		return err_set(err, -EINVAL, "cannot write %s: it holds what is not UTF-8", name);
	r = dir_write(s->dir, name, text, err);
	if (!r) {
		catalog_read(&s->catalog, dir_source_type(area), name, text, strlen(text));
		schedule(s);
	}
	free(text);
	return r;
}

static int dir_apply(struct store *store, const struct api_object *obj, struct err *err)
{
	struct store_dir *s = of(store);
	const struct api_object *known = current(s, obj);
	char title[600], *name;
	json_t *doc;
	int r;

	if (!api_kind_info(obj->kind)->ours)
		return err_set(err, -EPERM, "%s is the user's: it is changed in its manifest",
			       shown(obj, title, sizeof(title)));
	if (known && api_spec_equal(known, obj))
		return 0;
	doc = api_encode(obj);
	json_object_del(doc, "status");
	name = dir_file(DIR_OBJECTS, obj->kind, obj->meta.ns, obj->meta.name);
	r = write_and_read(s, DIR_OBJECTS, name, doc, err);
	free(name);
	json_decref(doc);
	return r;
}

static int dir_status(struct store *store, const struct api_object *obj, struct err *err)
{
	struct store_dir *s = of(store);
	const struct api_object *known = current(s, obj);
	json_t *doc, *status;
	char title[600], *name;
	int r;

	if (!known)
		return err_set(err, -ENOENT, "%s does not exist", shown(obj, title, sizeof(title)));
	if (api_status_equal(known, obj))
		return 0;
	doc = api_encode(obj);
	json_object_del(doc, "spec");
	status = json_object_get(doc, "status");
	if (!status)
		json_object_set_new(doc, "status", json_object());
	json_object_del(json_object_get(doc, "metadata"), "labels");
	json_object_del(json_object_get(doc, "metadata"), "annotations");
	name = dir_file(DIR_STATUS, obj->kind, obj->meta.ns, obj->meta.name);
	r = write_and_read(s, DIR_STATUS, name, doc, err);
	free(name);
	json_decref(doc);
	return r;
}

static int dir_delete(struct store *store, enum api_kind kind, const char *ns, const char *name,
		      struct err *err)
{
	struct store_dir *s = of(store);
	int r = 0;

	if (!api_kind_info(kind)->ours)
		return err_set(err, -EPERM, "%s %s is the user's: it is deleted in its manifest",
			       api_kind_info(kind)->name, name);
	/* The object first: a status without an object is nobody's harm. */
	for (int area = 0; !r && area < DIR_AREAS; area++) {
		char *file = dir_file((enum dir_area)area, kind, ns, name);

		r = dir_remove(s->dir, file, err);
		if (!r)
			catalog_remove(&s->catalog, file);
		free(file);
	}
	return r;
}

static int dir_event(struct store *store, const struct api_object *about, const char *type,
		     const char *reason, const char *message, struct err *err)
{
	return dir_events_add(&of(store)->events, about, type, reason, message, err);
}

static const fault_list *dir_faults(const struct store *store)
{
	return &((const struct store_dir *)store)->catalog.faults;
}

static void dir_close(struct store *store)
{
	struct store_dir *s = of(store);

	event_free(s->deliver);
	dir_notify_close(s->notify);
	dir_events_close(&s->events);
	catalog_free(&s->catalog);
	array_free(&s->queue);
	array_free(&s->watches);
	free(s->dir);
	free(s);
}

static const struct store_ops dir_ops = {
	.watch = dir_watch,
	.apply = dir_apply,
	.status = dir_status,
	.delete = dir_delete,
	.event = dir_event,
	.faults = dir_faults,
	.close = dir_close,
};

/* Without slashes at the end: one is put where it is needed. */
static char *without_slash(const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return xstrndup(dir, n);
}

int store_dir_open(struct event_base *base, const char *dir, const struct log *log,
		   struct store **out, struct err *err)
{
	struct store_dir *s = xcalloc(1, sizeof(*s));
	char *prefix;
	int r;

	s->store.ops = &dir_ops;
	s->log = log;
	s->dir = without_slash(dir);
	prefix = xasprintf("%s/", s->dir);
	catalog_init(&s->catalog, prefix);
	free(prefix);
	s->catalog.changed = on_record_changed;
	s->catalog.ctx = s;
	s->deliver = event_new(base, -1, 0, on_deliver, s);
	dir_events_open(&s->events, s->dir);
	/* Watching starts before reading, so that nothing falls in between. */
	r = dir_notify_open(base, s->dir, on_notify, s, &s->notify, err);
	if (r) {
		dir_close(&s->store);
		return err_prefix(err, r, "store %s", dir);
	}
	dir_scan_all(&s->catalog, log);
	catalog_settle(&s->catalog, log_fault, s);
	*out = &s->store;
	return 0;
}
