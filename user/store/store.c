// SPDX-License-Identifier: Apache-2.0
/* The interface: each call goes to the back end that was opened. */
#include "store/store.h"

int store_watch(struct store *store, enum api_kind kind, store_handler handler, void *ctx,
		struct err *err)
{
	return store->ops->watch(store, kind, handler, ctx, err);
}

int store_apply(struct store *store, const struct api_object *obj, struct err *err)
{
	return store->ops->apply(store, obj, err);
}

int store_status(struct store *store, const struct api_object *obj, struct err *err)
{
	return store->ops->status(store, obj, err);
}

int store_delete(struct store *store, enum api_kind kind, const char *ns, const char *name,
		 struct err *err)
{
	return store->ops->delete(store, kind, ns, name, err);
}

int store_event(struct store *store, const struct api_object *about, const char *type,
		const char *reason, const char *message, struct err *err)
{
	return store->ops->event(store, about, type, reason, message, err);
}

const fault_list *store_faults(const struct store *store)
{
	return store->ops->faults(store);
}

void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}
