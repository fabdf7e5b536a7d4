// SPDX-License-Identifier: Apache-2.0
#include "store/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX (64 << 20)

bool manifest_name(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	size_t len = strlen(name);

	for (size_t i = 0; *name != '.' && i < sizeof(endings) / sizeof(*endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(name + len - n, endings[i]))
			return true;
	}
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int file_names(const char *folder, bool (*filter)(const char *name), api_strings *out,
	       struct err *err)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;

	if (!d)
		return err_set(err, -errno, "cannot read folder %s: %s", folder, strerror(errno));
	while ((entry = readdir(d)))
		if (filter(entry->d_name))
			array_push(out, xstrdup(entry->d_name));
	closedir(d);
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), compare_names);
	return 0;
}

void file_names_free(api_strings *names)
{
	array_each(names, name)
		free(*name);
	array_free(names);
}

/* Reads what is there, at most SIZE bytes, into BUF. */
static int read_all(int fd, char *buf, size_t size, size_t *n, struct err *err)
{
	for (*n = 0; *n < size;) {
		ssize_t got = read(fd, buf + *n, size - *n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, -errno, "cannot be read: %s", strerror(errno));
		if (!got)
			break;
		*n += (size_t)got;
	}
	return 0;
}

static int regular_size(int fd, size_t *size, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, -errno, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "is not a regular file");
	if (st.st_size > FILE_SIZE_MAX)
		return err_set(err, -EFBIG, "is larger than %d MiB", FILE_SIZE_MAX >> 20);
	*size = (size_t)st.st_size;
	return 0;
}

int file_read(const char *path, char **text, size_t *size, struct err *err)
{
	/* Opening a FIFO would wait for its writer, without O_NONBLOCK. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;
	size_t room = 0;
	char *buf;

	if (fd < 0)
		return err_set(err, -errno, "cannot be opened: %s", strerror(errno));
	r = regular_size(fd, &room, err);
	if (r)
		goto out;
	buf = xmalloc(room + 1);
	r = read_all(fd, buf, room, size, err);
	if (r) {
		free(buf);
		goto out;
	}
	buf[*size] = '\0';
	*text = buf;
out:
	close(fd);
	return r;
}
