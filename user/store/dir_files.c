// SPDX-License-Identifier: Apache-2.0
#include "store/dir_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const area_names[DIR_AREAS] = {"objects", "status"};

char *dir_folder(enum dir_area area, enum api_kind kind)
{
	return xasprintf(".vipcast/%s/%s", area_names[area], api_kind_info(kind)->name);
}

/* A namespace holds no dot, so the first dot parts it from the name; "_" stands for none. */
char *dir_file(enum dir_area area, enum api_kind kind, const char *ns, const char *name)
{
	return xasprintf(".vipcast/%s/%s/%s.%s.json", area_names[area], api_kind_info(kind)->name,
			 ns ? ns : "_", name);
}

bool dir_file_name(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > 5 && !strcmp(name + len - 5, ".json");
}

static int make_folder(const char *dir, const char *name, struct err *err)
{
	char *path = xasprintf("%s/%s", dir, name);
	int r = 0;

	if (mkdir(path, 0755) && errno != EEXIST)
		r = err_set(err, -errno, "cannot make folder %s: %s", path, strerror(errno));
	free(path);
	return r;
}

static int make_area(const char *dir, enum dir_area area, struct err *err)
{
	char *path = xasprintf(".vipcast/%s", area_names[area]);
	int r = make_folder(dir, path, err);

	for (int kind = 0; !r && kind < API_KIND_COUNT; kind++) {
		free(path);
		path = dir_folder(area, (enum api_kind)kind);
		r = make_folder(dir, path, err);
	}
	free(path);
	return r;
}

int dir_make_folders(const char *dir, struct err *err)
{
	int r = make_folder(dir, ".vipcast", err);

	for (int area = 0; !r && area < DIR_AREAS; area++)
		r = make_area(dir, (enum dir_area)area, err);
	return r;
}

/* The temporary name begins with a dot and holds the pid: no other writer's, and no object's. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return xasprintf("%.*s/.%s.%d", (int)(slash - path), path, slash + 1, (int)getpid());
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

int dir_write(const char *dir, const char *name, const char *text, struct err *err)
{
	char *path = xasprintf("%s/%s", dir, name), *temporary = temporary_name(path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), r;

	if (fd < 0) {
		r = err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
		goto out;
	}
	r = write_all(fd, text);
	if (close(fd) && !r)
		r = -errno;
	if (!r && rename(temporary, path))
		r = -errno;
	if (r) {
		err_set(err, r, "cannot write %s: %s", path, strerror(-r));
		unlink(temporary);
	}
out:
	free(temporary);
	free(path);
	return r;
}

int dir_remove(const char *dir, const char *name, struct err *err)
{
	char *path = xasprintf("%s/%s", dir, name);
	int r = 0;

	if (unlink(path) && errno != ENOENT)
		r = err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	free(path);
	return r;
}
