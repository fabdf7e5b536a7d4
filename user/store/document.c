// SPDX-License-Identifier: Apache-2.0
#include "store/document.h"

#include <string.h>

static const char *text_of(const json_t *doc, const char *field)
{
	return json_string_value(json_object_get(doc, field));
}

struct document_id document_identify(const json_t *doc)
{
	const json_t *meta = json_object_get(doc, "metadata");
	const char *version = text_of(doc, "apiVersion"), *kind = text_of(doc, "kind");
	struct document_id id = {0};

	if (version && kind)
		id.kind = api_kind_find(version, kind);
	id.name = text_of(meta, "name");
	if (id.kind && id.kind->namespaced) {
		id.ns = text_of(meta, "namespace");
		if (!id.ns)
			id.ns = "default";
	}
	return id;
}

/* The first document of a bmctl configuration: paths of credentials, and no object at all. */
static bool is_bmctl_header(const json_t *doc)
{
	static const char *const fields[] = {
		"gcrKeyPath",
		"sshPrivateKeyPath",
		"gkeConnectAgentServiceAccountKeyPath",
		"gkeConnectRegisterServiceAccountKeyPath",
		"cloudOperationsServiceAccountKeyPath",
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (json_object_get(doc, fields[i]))
			return true;
	return false;
}

static bool same_group(const char *version, const char *group)
{
	const char *slash = strchr(version, '/');
	size_t n = slash ? (size_t)(slash - version) : 0;

	return strlen(group) == n && !strncmp(version, group, n);
}

bool document_is_wrong(const json_t *doc, const char **path, struct err *why)
{
	const char *version = text_of(doc, "apiVersion"), *kind = text_of(doc, "kind");

	*path = "";
	if (!json_is_object(doc)) {
		err_set(why, 0, "is not an object");
		return true;
	}
	if (!version || !kind) {
		*path = version ? "kind" : "apiVersion";
		err_set(why, 0, "is required: this is not a Kubernetes object");
		return !is_bmctl_header(doc);
	}
	for (int k = 0; k < API_KIND_COUNT; k++) {
		const struct api_kind_info *info = api_kind_info((enum api_kind)k);

		if (strcmp(info->name, kind) != 0 || !same_group(version, info->group))
			continue;
		*path = "apiVersion";
		err_set(why, 0, "\"%s\" is not read: %s is of \"%s%s%s\"", version, kind,
			info->group, *info->group ? "/" : "", info->version);
		return true;
	}
	return false;
}

bool document_is_list(const json_t *doc)
{
	const char *version = text_of(doc, "apiVersion"), *kind = text_of(doc, "kind");

	return version && kind && !strcmp(version, "v1") && !strcmp(kind, "List") &&
	       json_is_array(json_object_get(doc, "items"));
}
