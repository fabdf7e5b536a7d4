// SPDX-License-Identifier: Apache-2.0
#include "api/state.h"

#include <string.h>

#include "api/object.h"

static int compare_key(const struct api_object *obj, const char *ns, const char *name)
{
	int by_ns = strcmp(obj->meta.ns ? obj->meta.ns : "", ns ? ns : "");

	return by_ns ? by_ns : strcmp(obj->meta.name, name);
}

/* Where the object stands, or where it would have to stand. */
static bool find(const struct api_state *state, enum api_kind kind, const char *ns,
		 const char *name, size_t *at)
{
	size_t low = 0, high = state->kinds[kind].n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_key(state->kinds[kind].v[middle], ns, name);

		if (!order) {
			*at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return false;
}

const struct api_object *state_get(const struct api_state *state, enum api_kind kind,
				   const char *ns, const char *name)
{
	size_t at;

	return find(state, kind, ns, name, &at) ? state->kinds[kind].v[at] : NULL;
}

void state_put(struct api_state *state, struct api_object *obj)
{
	size_t at;

	if (find(state, obj->kind, obj->meta.ns, obj->meta.name, &at)) {
		api_object_free(state->kinds[obj->kind].v[at]);
		state->kinds[obj->kind].v[at] = obj;
		return;
	}
	array_push(&state->kinds[obj->kind], obj);
	memmove(&state->kinds[obj->kind].v[at + 1], &state->kinds[obj->kind].v[at],
		(state->kinds[obj->kind].n - 1 - at) * sizeof(struct api_object *));
	state->kinds[obj->kind].v[at] = obj;
}

bool state_delete(struct api_state *state, enum api_kind kind, const char *ns, const char *name)
{
	size_t at;

	if (!find(state, kind, ns, name, &at))
		return false;
	api_object_free(state->kinds[kind].v[at]);
	array_remove(&state->kinds[kind], at);
	return true;
}

void state_free(struct api_state *state)
{
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++) {
		array_each(&state->kinds[kind], obj)
			api_object_free(*obj);
		array_free(&state->kinds[kind]);
	}
}
