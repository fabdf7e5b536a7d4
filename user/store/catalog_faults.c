// SPDX-License-Identifier: Apache-2.0
/*
 * All that is wrong at present in one list: what the sources have, objects that two files hold,
 * statuses that do not fit, and the breaches of rules between objects.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/validate.h"
#include "store/catalog.h"
#include "store/faults.h"
#include "store/yaml_doc.h"

static struct fault *add_fault(const struct catalog *c, struct source *source, int line,
			       const char *object, const char *path, const char *fmt, va_list ap)
{
	struct fault *fault;
	char msg[600];

	vsnprintf(msg, sizeof(msg), fmt, ap);
	fault_add(&source->faults, object, path, "%s", msg);
	fault = &source->faults.v[source->faults.n - 1];
	fault->file = xasprintf("%s%s", c->dir, source->name);
	fault->line = line;
	return fault;
}

void source_fault(const struct catalog *c, struct source *source, int line, const char *path,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_fault(c, source, line, NULL, path, fmt, ap);
	va_end(ap);
}

void source_object_fault(const struct catalog *c, struct source *source, int line,
			 enum api_kind kind, const char *ns, const char *name, const char *fmt, ...)
{
	char *title = xasprintf("%s/%s", api_kind_info(kind)->name, name);
	struct fault *fault;
	va_list ap;

	va_start(ap, fmt);
	fault = add_fault(c, source, line, title, "", fmt, ap);
	va_end(ap);
	fault->ns = ns ? xstrdup(ns) : NULL;
	free(title);
}

static void place_fault(const struct catalog *c, struct fault *fault, const struct claim *claim)
{
	int line = yaml_line(claim->lines, fault->path);

	fault->file = xasprintf("%s%s", c->dir, claim->source->name);
	fault->line = line ? line : claim->line;
}

static void gather_record(struct catalog *c, const struct record *record)
{
	array_each(&record->status_faults, fault)
		fault_list_copy(&c->faults, fault);
	for (size_t i = 1; i < record->claims.n; i++) {
		const struct claim *first = &record->claims.v[0];
		char *title = xasprintf("%s/%s", api_kind_info(record->kind)->name, record->name);
		struct fault *fault;

		fault_add(&c->faults, title, "",
			  "is in %s%s:%d already, and that one stays in force", c->dir,
			  first->source->name, first->line);
		fault = &c->faults.v[c->faults.n - 1];
		fault->ns = record->ns ? xstrdup(record->ns) : NULL;
		place_fault(c, fault, &record->claims.v[i]);
		free(title);
	}
}

/* "Kind/name" and the namespace lead back to the record. */
static const struct record *record_of(const struct catalog *c, const struct fault *fault)
{
	const char *slash = strchr(fault->object, '/');

	for (int kind = 0; slash && kind < API_KIND_COUNT; kind++) {
		const char *name = api_kind_info((enum api_kind)kind)->name;
		size_t n = (size_t)(slash - fault->object);

		if (strlen(name) == n && !strncmp(name, fault->object, n))
			return catalog_find(c, (enum api_kind)kind, fault->ns, slash + 1);
	}
	return NULL;
}

static void gather_breaches(struct catalog *c)
{
	struct api_state state = {0};
	size_t before = c->faults.n;

	for (size_t kind = 0; kind < API_KIND_COUNT; kind++)
		array_each(&c->kinds[kind], record)
			if ((*record)->current)
				array_push(&state.kinds[kind], (*record)->current);
	validate_state(&state, &c->faults);
	for (size_t i = before; i < c->faults.n; i++) {
		const struct record *record = record_of(c, &c->faults.v[i]);

		if (record && record->claims.n)
			place_fault(c, &c->faults.v[i], &record->claims.v[0]);
	}
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++)
		array_free(&state.kinds[kind]); /* the objects are the records' */
}

static bool holds(const fault_list *faults, const struct fault *fault)
{
	array_each(faults, other)
		if (fault_same(other, fault))
			return true;
	return false;
}

void catalog_settle(struct catalog *c, void (*fresh)(void *ctx, const struct fault *fault),
		    void *ctx)
{
	fault_list before = c->faults;

	c->faults = (fault_list){0};
	array_each(&c->sources, source)
		array_each(&(*source)->faults, fault)
			fault_list_copy(&c->faults, fault);
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++)
		array_each(&c->kinds[kind], record)
			gather_record(c, *record);
	gather_breaches(c);
	fault_list_sort(&c->faults);
	array_each(&c->faults, fault)
		if (fresh && !holds(&before, fault))
			fresh(ctx, fault);
	fault_list_free(&before);
}
