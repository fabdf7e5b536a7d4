// SPDX-License-Identifier: Apache-2.0
#include "store/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

const char *fault_format(const struct fault *fault, char *buf, size_t size)
{
	const char *parts[] = {or_empty(fault->object), or_empty(fault->path), fault->msg};
	size_t used = 0;

	*buf = '\0';
	if (fault->file && fault->line)
		snprintf(buf, size, "%s:%d", fault->file, fault->line);
	else if (fault->file)
		snprintf(buf, size, "%s", fault->file);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		used = strlen(buf);
		if (*parts[i])
			snprintf(buf + used, size - used, "%s%s", used ? ": " : "", parts[i]);
	}
	return buf;
}

static int compare(const struct fault *x, const struct fault *y, bool lines)
{
	int by = strcmp(or_empty(x->file), or_empty(y->file));

	if (!by && lines && x->line != y->line)
		by = x->line < y->line ? -1 : 1;
	if (!by)
		by = strcmp(or_empty(x->object), or_empty(y->object));
	if (!by)
		by = strcmp(or_empty(x->ns), or_empty(y->ns));
	if (!by)
		by = strcmp(or_empty(x->path), or_empty(y->path));
	return by ? by : strcmp(x->msg, y->msg);
}

static int by_place(const void *a, const void *b)
{
	return compare(a, b, true);
}

void fault_list_sort(fault_list *faults)
{
	if (faults->n)
		qsort(faults->v, faults->n, sizeof(*faults->v), by_place);
}

bool fault_same(const struct fault *a, const struct fault *b)
{
	return !compare(a, b, false);
}

void fault_list_copy(fault_list *to, const struct fault *fault)
{
	struct fault *copy;

	fault_add(to, fault->object, fault->path, "%s", fault->msg);
	copy = &to->v[to->n - 1];
	copy->ns = fault->ns ? xstrdup(fault->ns) : NULL;
	copy->file = fault->file ? xstrdup(fault->file) : NULL;
	copy->line = fault->line;
}
