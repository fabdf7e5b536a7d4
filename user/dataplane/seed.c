/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define SEED_BYTES 16

/* -ENOENT when there is none yet. */
static int read_seed(const char *path, uint64_t seed[2], struct err *err)
{
	uint8_t bytes[SEED_BYTES + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_set(err, -errno, "cannot open the hash seed %s: %s", path,
			       strerror(errno));
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (n != SEED_BYTES)
		return err_set(err, -EINVAL, "the hash seed %s has not %d bytes: remove it", path,
			       SEED_BYTES);
	memcpy(seed, bytes, SEED_BYTES);
	return 0;
}

/* Writes a fresh seed to a file that nobody else has. */
static int write_fresh(char *template, struct err *err)
{
	uint8_t bytes[SEED_BYTES];
	int fd = mkostemp(template, O_CLOEXEC); /* mode 0600 */
	int rc = 0;

	if (fd < 0)
		return err_set(err, -errno, "cannot make %s: %s", template, strerror(errno));
	if (getrandom(bytes, sizeof(bytes), 0) != SEED_BYTES ||
	    write(fd, bytes, sizeof(bytes)) != SEED_BYTES || fsync(fd) < 0) {
		rc = err_set(err, errno ? -errno : -EIO, "cannot write a hash seed to %s: %s",
			     template, strerror(errno));
		unlink(template);
	}
	close(fd);
	return rc;
}

/* The link is what decides between several makers: the first one wins, whole. */
static int make_seed(const char *dir, const char *path, struct err *err)
{
	char *template = xasprintf("%s/.hash-seed.XXXXXX", dir);
	int rc;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		rc = err_set(err, -errno, "cannot make the folder %s: %s", dir, strerror(errno));
		goto out;
	}
	rc = write_fresh(template, err);
	if (rc)
		goto out;
	if (link(template, path) < 0 && errno != EEXIST)
		rc = err_set(err, -errno, "cannot make the hash seed %s: %s", path,
			     strerror(errno));
	unlink(template);
out:
	free(template);
	return rc;
}

int seed_get(const char *store_dir, uint64_t seed[2], struct err *err)
{
	char *dir = xasprintf("%s/.vipcast", store_dir);
	char *path = xasprintf("%s/hash-seed", dir);
	int rc = read_seed(path, seed, err);

	if (rc == -ENOENT) {
		rc = make_seed(dir, path, err);
		if (!rc)
			rc = read_seed(path, seed, err);
	}
	free(path);
	free(dir);
	return rc;
}
