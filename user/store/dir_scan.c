// SPDX-License-Identifier: Apache-2.0
#include "store/dir_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/files.h"

enum source_type dir_source_type(enum dir_area area)
{
	return area == DIR_OBJECTS ? SOURCE_OBJECT : SOURCE_STATUS;
}

void dir_scan_file(struct catalog *c, enum source_type type, const char *name)
{
	char *path = xasprintf("%s%s", c->dir, name), *text = NULL;
	struct err err;
	size_t size;
	int r = file_read(path, &text, &size, &err);

	if (r == -ENOENT)
		catalog_remove(c, name);
	else if (r)
		catalog_unreadable(c, type, name, err.msg);
	else
		catalog_read(c, type, name, text, size);
	free(text);
	free(path);
}

static void scan_manifests(struct catalog *c, const struct log *log)
{
	api_strings names = {0};
	struct err err;

	/* A folder that cannot be listed for the moment is no reason to forget what it held. */
	if (file_names(c->dir, manifest_name, &names, &err))
		log_error(log, "manifests cannot be listed", "error", err.msg);
	array_each(&names, name)
		dir_scan_file(c, SOURCE_MANIFEST, *name);
	file_names_free(&names);
}

static void scan_folder(struct catalog *c, enum dir_area area, enum api_kind kind,
			const struct log *log)
{
	char *folder = dir_folder(area, kind), *path = xasprintf("%s%s", c->dir, folder);
	api_strings names = {0};
	struct err err;

	if (file_names(path, dir_file_name, &names, &err))
		log_error(log, "written objects cannot be listed", "error", err.msg);
	array_each(&names, name) {
		char *file = xasprintf("%s/%s", folder, *name);

		dir_scan_file(c, dir_source_type(area), file);
		free(file);
	}
	file_names_free(&names);
	free(path);
	free(folder);
}

void dir_scan_all(struct catalog *c, const struct log *log)
{
	api_strings known = {0};

	array_each(&c->sources, source)
		array_push(&known, xstrdup((*source)->name));
	scan_manifests(c, log);
	for (int area = 0; area < DIR_AREAS; area++)
		for (int kind = 0; kind < API_KIND_COUNT; kind++)
			scan_folder(c, (enum dir_area)area, (enum api_kind)kind, log);
	/* Those that the lists did not show are gone, or cannot be read: reading tells. */
	array_each(&known, name) {
		struct source *source = catalog_source(c, SOURCE_MANIFEST, *name);

		dir_scan_file(c, source->type, *name);
	}
	file_names_free(&known);
}
