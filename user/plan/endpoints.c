// SPDX-License-Identifier: Apache-2.0
#include "plan/endpoints.h"

#include <string.h>

#include "plan/problem.h"

static int compare_names(const char *ns_a, const char *a, const char *ns_b, const char *b)
{
	int by_ns = strcmp(plan_str(ns_a), plan_str(ns_b));

	return by_ns ? by_ns : strcmp(plan_str(a), plan_str(b));
}

static int compare_slices(const void *va, const void *vb)
{
	const struct api_object *a = *(const struct api_object *const *)va;
	const struct api_object *b = *(const struct api_object *const *)vb;

	return compare_names(a->meta.ns, a->endpoint_slice.service_name, b->meta.ns,
			     b->endpoint_slice.service_name);
}

void endpoint_index_open(struct endpoint_index *index, const struct api_state *state)
{
	*index = (struct endpoint_index){0};
	state_each(state, API_ENDPOINT_SLICE, obj)
		if (obj->endpoint_slice.service_name)
			array_push(&index->slices, obj);
	if (index->slices.n)
		qsort(index->slices.v, index->slices.n, sizeof(*index->slices.v), compare_slices);
}

void endpoint_index_close(struct endpoint_index *index)
{
	array_free(&index->slices);
}

static int compare_to_service(const struct api_object *slice, const struct api_object *service)
{
	return compare_names(slice->meta.ns, slice->endpoint_slice.service_name, service->meta.ns,
			     service->meta.name);
}

static size_t first_slice(const struct endpoint_index *index, const struct api_object *service)
{
	size_t low = 0, high = index->slices.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_to_service(index->slices.v[mid], service) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool collect(const struct endpoint_index *index, const struct api_object *service,
		    uint8_t family, bool terminating, api_strings *nodes)
{
	bool any = false;

	for (size_t i = first_slice(index, service);
	     i < index->slices.n && compare_to_service(index->slices.v[i], service) == 0; i++) {
		const struct api_endpoint_slice *slice = &index->slices.v[i]->endpoint_slice;

		if (slice->family != family)
			continue;
		array_each(&slice->endpoints, e) {
			if (terminating ? !(e->serving && e->terminating) : !e->ready)
				continue;
			any = true;
			if (!nodes)
				return true;
			if (e->node_name)
				array_push(nodes, e->node_name);
		}
	}
	return any;
}

bool endpoints_serve(const struct endpoint_index *index, const struct api_object *service,
		     uint8_t family, api_strings *nodes)
{
	return collect(index, service, family, false, nodes) ||
	       collect(index, service, family, true, nodes);
}
