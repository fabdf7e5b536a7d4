// SPDX-License-Identifier: Apache-2.0
#include "store/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/catalog.h"
#include "store/faults.h"
#include "store/files.h"

static void load_file(struct catalog *c, const char *name)
{
	char *path = xasprintf("%s%s", c->dir, name), *text = NULL;
	struct err err;
	size_t size;

	if (file_read(path, &text, &size, &err))
		catalog_unreadable(c, SOURCE_MANIFEST, name, err.msg);
	else
		catalog_read(c, SOURCE_MANIFEST, name, text, size);
	free(text);
	free(path);
}

static int load_folder(struct catalog *c, const char *path, struct err *err)
{
	api_strings names = {0};
	int r = file_names(path, manifest_name, &names, err);

	array_each(&names, name)
		load_file(c, *name);
	file_names_free(&names);
	return r;
}

int store_load_files(const char *path, struct api_state *out, fault_list *faults, struct err *err)
{
	size_t len = strlen(path);
	struct catalog c;
	struct stat st;
	char *dir;
	int r = 0;

	if (stat(path, &st))
		return err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	dir = S_ISDIR(st.st_mode) ? xasprintf("%s%s", path, len && path[len - 1] == '/' ? "" : "/")
				  : xstrdup("");
	catalog_init(&c, dir);
	if (S_ISDIR(st.st_mode))
		r = load_folder(&c, path, err);
	else
		load_file(&c, path);
	catalog_settle(&c, NULL, NULL);
	for (size_t kind = 0; kind < API_KIND_COUNT; kind++)
		array_each(&c.kinds[kind], record)
			if ((*record)->current)
				state_put(out, api_object_copy((*record)->current));
	array_each(&c.faults, fault)
		fault_list_copy(faults, fault);
	catalog_free(&c);
	free(dir);
	return r;
}
