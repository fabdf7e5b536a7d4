/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_FILES_H
#define VIPCAST_STORE_FILES_H

/* Files and folders of manifests, read. */

#include <stdbool.h>
#include <stddef.h>

#include "api/types.h"
#include "util/err.h"

/* True for the names that are manifests: *.yaml, *.yml, *.json, not hidden. */
bool manifest_name(const char *name);

/* The names in a folder that FILTER takes, sorted; to be freed by file_names_free(). */
int file_names(const char *folder, bool (*filter)(const char *name), api_strings *out,
	       struct err *err);
void file_names_free(api_strings *names);

/*
 * Reads a whole regular file of at most 64 MiB into fresh memory with a NUL after it. ERR says why
 * it cannot be read, without naming it.
 */
int file_read(const char *path, char **text, size_t *size, struct err *err);

#endif
