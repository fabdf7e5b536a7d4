// SPDX-License-Identifier: Apache-2.0
/*
 * libyaml's events become JSON values by recursion, one level of it for each level of nesting, with
 * a bound. An alias stands for a value that was read before: the value is shared, not copied, and
 * counts as often as it is used, so a few lines cannot stand for a billion values.
 */
#include "store/yaml_doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX     64
#define VALUES_MAX    4000000
#define PATH_TEXT_MAX 256

struct anchor {
	char *name;
	json_t *value; /* borrowed from the document */
	size_t values; /* how many it holds, itself included */
};

struct loader {
	yaml_parser_t parser;
	ARRAY(struct anchor) anchors;
	json_t *lines;
	char path[PATH_TEXT_MAX];
	size_t values; /* so far, aliases counted as what they stand for */
	unsigned int depth;
	int *line; /* of the fault */
	struct err *err;
	bool failed;
};

static json_t *fail(struct loader *l, const yaml_mark_t *mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static json_t *fail(struct loader *l, const yaml_mark_t *mark, const char *fmt, ...)
{
	char msg[sizeof(l->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_set(l->err, -EINVAL, "%s", msg);
	*l->line = (int)mark->line + 1;
	l->failed = true;
	return NULL;
}

static int next_event(struct loader *l, yaml_event_t *event)
{
	const yaml_parser_t *p = &l->parser;

	if (yaml_parser_parse(&l->parser, event))
		return 0;
	fail(l, &p->problem_mark, "cannot be parsed: %s%s%s%s",
	     p->problem ? p->problem : "not YAML", p->context ? " (" : "",
	     p->context ? p->context : "", p->context ? ")" : "");
	return -EINVAL;
}

/* Remembers on which line the value at the present path stands. */
static void note_line(struct loader *l, const yaml_mark_t *mark)
{
	if (!json_object_get(l->lines, l->path))
		json_object_set_new(l->lines, l->path, json_integer((json_int_t)mark->line + 1));
}

/* The path as the decoder of objects will name it; what would not fit is the parent's path. */
static size_t path_push(struct loader *l, const char *name)
{
	size_t before = strlen(l->path), dot = before && *name != '[';

	if (before + dot + strlen(name) < sizeof(l->path)) {
		if (dot)
			l->path[before] = '.';
		memcpy(l->path + before + dot, name, strlen(name) + 1);
	}
	return before;
}

static json_t *build(struct loader *l, yaml_event_t *event);

static json_t *build_scalar(struct loader *l, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	size_t size = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	json_t *json;

	if (memchr(text, '\0', size))
		return fail(l, &event->start_mark, "a text holds a NUL character");
	if (tag && strcmp(tag, YAML_STR_TAG) != 0 && strcmp(tag, "!") != 0)
		return fail(l, &event->start_mark, "tag \"%s\" is not supported", tag);
	json = plain && !tag ? yaml_plain_scalar(text, size) : json_stringn(text, size);
	return json ? json : fail(l, &event->start_mark, "a text is not valid UTF-8");
}

static json_t *build_alias(struct loader *l, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	/* The last anchor of a name is the one that counts. */
	for (size_t i = l->anchors.n; i-- > 0;) {
		const struct anchor *a = &l->anchors.v[i];

		if (strcmp(a->name, name) != 0)
			continue;
		if (a->values > VALUES_MAX - l->values)
			return fail(l, &event->start_mark, "alias *%s: more than %d values", name,
				    VALUES_MAX);
		l->values += a->values;
		return json_incref(a->value);
	}
	return fail(l, &event->start_mark, "alias *%s: there is no such anchor before it", name);
}

static json_t *build_list(struct loader *l)
{
	json_t *list = json_array();
	char index[32];

	for (;;) {
		yaml_event_t event;
		json_t *value;
		size_t before;

		if (next_event(l, &event))
			break;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return list;
		}
		snprintf(index, sizeof(index), "[%zu]", json_array_size(list));
		before = path_push(l, index);
		note_line(l, &event.start_mark);
		value = build(l, &event);
		l->path[before] = '\0';
		if (!value)
			break;
		json_array_append_new(list, value);
	}
	json_decref(list);
	return NULL;
}

/* Checks the event of a key; fails for what is no key. */
static const char *key_text(struct loader *l, const json_t *object, const yaml_event_t *event)
{
	const char *key;

	if (event->type != YAML_SCALAR_EVENT) {
		fail(l, &event->start_mark, "a key must be a word");
		return NULL;
	}
	key = (const char *)event->data.scalar.value;
	if (strlen(key) != event->data.scalar.length)
		fail(l, &event->start_mark, "a key holds a NUL character");
	else if (!strcmp(key, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		fail(l, &event->start_mark, "merge keys (<<) are not supported");
	else if (json_object_get(object, key))
		fail(l, &event->start_mark, "key \"%s\" is there twice", key);
	return l->failed ? NULL : key;
}

/* Reads one key and its value. 1: there was one, 0: the mapping ends, negative: failed. */
static int build_member(struct loader *l, json_t *object)
{
	yaml_event_t key_event, event;
	const char *key;
	json_t *value;
	size_t before;
	int r = -EINVAL;

	if (next_event(l, &key_event))
		return -EINVAL;
	if (key_event.type == YAML_MAPPING_END_EVENT) {
		r = 0;
		goto out;
	}
	key = key_text(l, object, &key_event);
	if (!key || next_event(l, &event))
		goto out;
	before = path_push(l, key);
	note_line(l, &key_event.start_mark);
	value = build(l, &event);
	l->path[before] = '\0';
	if (!value)
		goto out;
	if (json_object_set_new(object, key, value))
		fail(l, &key_event.start_mark, "a key is not valid UTF-8");
	else
		r = 1;
out:
	yaml_event_delete(&key_event);
	return r;
}

static json_t *build_object(struct loader *l)
{
	json_t *object = json_object();
	int r;

	while ((r = build_member(l, object)) > 0)
		continue;
	if (!r)
		return object;
	json_decref(object);
	return NULL;
}

static const char *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

/* Builds the value that EVENT begins, and takes EVENT over. NULL: failed. */
static json_t *build(struct loader *l, yaml_event_t *event)
{
	const char *anchor = anchor_of(event);
	size_t values_before = l->values++;
	json_t *value = NULL;

	if (l->values > VALUES_MAX) {
		fail(l, &event->start_mark, "more than %d values", VALUES_MAX);
	} else if (l->depth == DEPTH_MAX) {
		fail(l, &event->start_mark, "nested deeper than %d levels", DEPTH_MAX);
	} else {
		l->depth++;
		if (event->type == YAML_SCALAR_EVENT)
			value = build_scalar(l, event);
		else if (event->type == YAML_ALIAS_EVENT)
			value = build_alias(l, event);
		else if (event->type == YAML_SEQUENCE_START_EVENT)
			value = build_list(l);
		else
			value = build_object(l);
		l->depth--;
	}
	/* Known only now, at its end: an alias inside of what it names finds nothing. */
	if (value && anchor) {
		struct anchor *a = array_new(&l->anchors);

		a->name = xstrdup(anchor);
		a->value = value;
		a->values = l->values - values_before;
	}
	yaml_event_delete(event);
	return value;
}

static void anchors_clear(struct loader *l)
{
	array_each(&l->anchors, a)
		free(a->name);
	array_free(&l->anchors);
}

static int load_document(struct loader *l, yaml_docs *docs, const yaml_mark_t *start)
{
	struct yaml_doc doc = {.lines = json_object(), .line = (int)start->line + 1};
	yaml_event_t event;

	l->lines = doc.lines;
	l->path[0] = '\0';
	if (!next_event(l, &event)) {
		doc.line = (int)event.start_mark.line + 1;
		doc.json = build(l, &event);
	}
	anchors_clear(l);
	if (doc.json && !json_is_null(doc.json)) {
		array_push(docs, doc);
		return 0;
	}
	json_decref(doc.json);
	json_decref(doc.lines);
	return l->failed ? -EINVAL : 0;
}

int yaml_docs_parse(const char *text, size_t size, yaml_docs *docs, int *line, struct err *err)
{
	struct loader l = {.line = line, .err = err};
	bool end = false;
	int r = 0;

	*line = 0;
	if (!yaml_parser_initialize(&l.parser))
		abort(); /* its only cause is want of memory */
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, size);
	while (!r && !end) {
		yaml_event_t event;

		r = next_event(&l, &event);
		if (r)
			break;
		end = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT)
			r = load_document(&l, docs, &event.start_mark);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&l.parser);
	if (r)
		yaml_docs_free(docs);
	return r;
}

void yaml_docs_free(yaml_docs *docs)
{
	array_each(docs, doc) {
		json_decref(doc->json);
		json_decref(doc->lines);
	}
	array_free(docs);
}

int yaml_line(const json_t *lines, const char *path)
{
	char *at = xstrdup(path);
	json_int_t line = 0;

	while (*at) {
		const json_t *found = json_object_get(lines, at);
		char *cut;

		if (found) {
			line = json_integer_value(found);
			break;
		}
		cut = strpbrk(at, ".[") ? at + strlen(at) - 1 : at;
		while (cut > at && *cut != '.' && *cut != '[')
			cut--;
		*cut = '\0';
	}
	free(at);
	return (int)line;
}
