// SPDX-License-Identifier: Apache-2.0
#include "store/dir_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_SIZE_MAX	   (1 << 20)
#define EVENTS_COUNTED_MAX 4096 /* distinct events whose repeats are counted */

void dir_events_open(struct dir_events *events, const char *dir)
{
	events->path = xasprintf("%s/.vipcast/events.jsonl", dir);
	events->counts = json_object();
}

static void turn_over(const char *path)
{
	struct stat st;
	char *old;

	if (stat(path, &st) || st.st_size < EVENTS_SIZE_MAX)
		return;
	old = xasprintf("%s.1", path);
	/* Another process may have turned it over just now: then there is nothing to rename. */
	if (rename(path, old) && errno != ENOENT)
		unlink(path);
	free(old);
}

static json_int_t count(struct dir_events *events, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(events->counts, key)) + 1;

	if (json_object_size(events->counts) >= EVENTS_COUNTED_MAX)
		json_object_clear(events->counts);
	json_object_set_new(events->counts, key, json_integer(n));
	return n;
}

int dir_events_add(struct dir_events *events, const struct api_object *about, const char *type,
		   const char *reason, const char *message, struct err *err)
{
	const char *kind = api_kind_info(about->kind)->name;
	const char *ns = about->meta.ns ? about->meta.ns : "";
	char *key =
		xasprintf("%s/%s/%s/%s/%s/%s", kind, ns, about->meta.name, type, reason, message);
	json_int_t n = count(events, key);
	char when[32], *line = NULL;
	json_t *doc = NULL;
	struct tm tm;
	time_t now;
	int fd = -1, rc = 0;

	if (n & (n - 1))
		goto out;
	now = time(NULL);
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "time", when, "kind", kind,
			"namespace", ns, "name", about->meta.name, "type", type, "reason", reason,
			"message", message, "count", n);
	turn_over(events->path);
	fd = open(events->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	line = json_dumps(doc, JSON_COMPACT);
	/* One write with O_APPEND keeps the lines of several programs apart. */
	if (fd < 0 || dprintf(fd, "%s\n", line) < 0)
		rc = err_set(err, -errno, "cannot write %s: %s", events->path, strerror(errno));
out:
	if (fd >= 0)
		close(fd);
	free(line);
	json_decref(doc);
	free(key);
	return rc;
}

void dir_events_close(struct dir_events *events)
{
	free(events->path);
	json_decref(events->counts);
}
