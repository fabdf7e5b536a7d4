/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_API_STATE_H
#define VIPCAST_API_STATE_H

/*
 * Every object that a program knows, by kind, in a fixed order (namespace, then name): the value
 * that the planners and the agents' compilers take. Fed from store events, owned by its holder.
 */

#include "api/types.h"

struct api_state {
	ARRAY(struct api_object *) kinds[API_KIND_COUNT];
};

/* Walks the objects of a kind in order: state_each (state, API_NODE, obj) { ... obj->node ... } */
#define state_each(state, kind_, obj)                                                      \
	for (size_t obj##_i = 0; obj##_i < (state)->kinds[kind_].n; obj##_i++)             \
		for (const struct api_object *obj = (state)->kinds[kind_].v[obj##_i]; obj; \
		     obj = NULL)

/* The object, or NULL. NS is NULL for kinds outside namespaces. */
const struct api_object *state_get(const struct api_state *state, enum api_kind kind,
				   const char *ns, const char *name);

/* Takes OBJ over, in place of the one of the same kind, namespace and name. */
void state_put(struct api_state *state, struct api_object *obj);

/* Removes and frees; false when there was none. */
bool state_delete(struct api_state *state, enum api_kind kind, const char *ns, const char *name);

void state_free(struct api_state *state);

#endif
