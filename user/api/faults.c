// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"

static void add(fault_list *faults, const char *object, const char *path, const char *fmt,
		va_list ap)
{
	char msg[512];
	struct fault *fault = array_new(faults);

	vsnprintf(msg, sizeof(msg), fmt, ap);
	fault->object = object ? xstrdup(object) : NULL;
	fault->path = xstrdup(path);
	fault->msg = xstrdup(msg);
}

void fault_add(fault_list *faults, const char *object, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(faults, object, path, fmt, ap);
	va_end(ap);
}

void fault_list_free(fault_list *faults)
{
	array_each(faults, fault) {
		free(fault->object);
		free(fault->ns);
		free(fault->path);
		free(fault->msg);
		free(fault->file);
	}
	array_free(faults);
}

bool decode_is_refused(const struct decode *d, const char *path)
{
	for (size_t i = d->first; i < d->faults->n; i++) {
		const char *at = d->faults->v[i].path;
		size_t n = strlen(at);

		if (n && !strncmp(path, at, n) && strchr(".[", path[n]))
			return true; /* strchr() finds the NUL of an equal path as well */
	}
	return false;
}

void decode_fault(struct decode *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d->faults, d->object, d->path, fmt, ap);
	va_end(ap);
}

void decode_fault_at(struct decode *d, const char *name, const char *fmt, ...)
{
	char path[sizeof(d->path) + 64];
	va_list ap;

	snprintf(path, sizeof(path), "%s%s%s", d->path, *d->path && *name != '[' ? "." : "", name);
	va_start(ap, fmt);
	add(d->faults, d->object, path, fmt, ap);
	va_end(ap);
}
