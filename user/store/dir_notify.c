// SPDX-License-Identifier: Apache-2.0
#include "store/dir_notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/files.h"

#define DONE	  (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
#define LOST	  (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)
#define MANIFESTS (DONE | IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
#define WRITTEN	  (DONE | IN_MOVE_SELF | IN_DELETE_SELF)

/* Milliseconds. An editor makes several changes in a row; they are taken together. */
#define QUIET	  20
#define QUIET_MAX 200 /* so long at most, when changes do not stop */
#define HALF_WRITTEN \
	2000 /* without a change, until a file that is still open is read all the same */
#define FOLDERS_AGAIN 500 /* between attempts to watch folders that are gone */

struct folder {
	int wd;
	char *name; /* below the directory; "" is the directory itself */
	enum dir_area area;
};

/* A manifest that changed and was not told yet. */
struct pending {
	char *name;
	bool half_written;
	long first, last; /* change, milliseconds */
};

struct dir_notify {
	char *dir;
	int fd;
	struct event *readable, *timer;
	ARRAY(struct folder) folders;
	ARRAY(struct pending) pending;
	bool lost; /* a folder is gone or was replaced */
	void (*changed)(void *ctx, const struct dir_change *change);
	void *ctx;
};

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Not later than in MS; an earlier waking stays. */
static void wake_in(struct dir_notify *n, long ms)
{
	const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct timeval now, set, wanted;

	evutil_gettimeofday(&now, NULL);
	evutil_timeradd(&now, &tv, &wanted);
	if (!evtimer_pending(n->timer, &set) || evutil_timercmp(&wanted, &set, <))
		evtimer_add(n->timer, &tv);
}

/* ---- folders ----------------------------------------------------------------------------- */

static void forget_folders(struct dir_notify *n)
{
	array_each(&n->folders, folder) {
		inotify_rm_watch(n->fd, folder->wd);
		free(folder->name);
	}
	array_free(&n->folders);
}

/* Takes NAME over. */
static int add_folder(struct dir_notify *n, char *name, enum dir_area area, uint32_t mask,
		      struct err *err)
{
	struct folder *folder;
	char *path = xasprintf("%s/%s", n->dir, name);
	int wd = inotify_add_watch(n->fd, path, mask | IN_ONLYDIR), r = 0;

	if (wd < 0) {
		r = err_set(err, -errno, "cannot watch %s: %s%s", path, strerror(errno),
			    errno == ENOSPC ? " (fs.inotify.max_user_watches)" : "");
		free(name);
	} else {
		folder = array_new(&n->folders);
		*folder = (struct folder){.wd = wd, .name = name, .area = area};
	}
	free(path);
	return r;
}

static int add_folders(struct dir_notify *n, struct err *err)
{
	int r = dir_make_folders(n->dir, err);

	if (!r)
		r = add_folder(n, xstrdup(""), DIR_OBJECTS, MANIFESTS, err);
	for (int area = 0; area < DIR_AREAS; area++)
		for (int kind = 0; !r && kind < API_KIND_COUNT; kind++)
			r = add_folder(n, dir_folder((enum dir_area)area, (enum api_kind)kind),
				       (enum dir_area)area, WRITTEN, err);
	return r;
}

static void restore_folders(struct dir_notify *n)
{
	const struct dir_change all = {.what = DIR_CHANGE_ALL};

	forget_folders(n);
	if (add_folders(n, NULL)) {
		wake_in(n, FOLDERS_AGAIN);
		return;
	}
	n->lost = false;
	n->changed(n->ctx, &all);
}

/* ---- manifests --------------------------------------------------------------------------- */

/* A file that was just created is still to be filled, unless it is a link to one that is. */
static bool just_created(const struct dir_notify *n, const char *name)
{
	char *path = xasprintf("%s/%s", n->dir, name);
	struct stat st;
	bool empty_yet = !lstat(path, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1;

	free(path);
	return empty_yet;
}

static void pend(struct dir_notify *n, const struct inotify_event *event)
{
	struct pending *p = NULL;
	long now = milliseconds();

	array_each(&n->pending, known)
		if (!strcmp(known->name, event->name))
			p = known;
	if (!p) {
		p = array_new(&n->pending);
		p->name = xstrdup(event->name);
		p->first = now;
	}
	p->last = now;
	if (event->mask & DONE)
		p->half_written = false;
	else if (event->mask & IN_MODIFY)
		p->half_written = true;
	else if (event->mask & IN_CREATE)
		p->half_written = just_created(n, event->name);
	wake_in(n, QUIET);
}

static long due(const struct pending *p)
{
	if (p->half_written)
		return p->last + HALF_WRITTEN;
	return p->last + QUIET < p->first + QUIET_MAX ? p->last + QUIET : p->first + QUIET_MAX;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct dir_notify *n = ctx;
	long now = milliseconds(), next = 0;

	(void)fd;
	(void)what;
	for (size_t i = n->pending.n; i-- > 0;) {
		struct pending p = n->pending.v[i];
		const struct dir_change change = {.what = DIR_CHANGE_MANIFEST, .name = p.name};

		if (due(&p) > now) {
			next = !next || due(&p) < next ? due(&p) : next;
			continue;
		}
		array_remove(&n->pending, i);
		n->changed(n->ctx, &change);
		free(p.name);
	}
	if (next)
		wake_in(n, next - now);
	if (n->lost)
		restore_folders(n);
}

/* ---- events ------------------------------------------------------------------------------ */

static void tell(struct dir_notify *n, const struct folder *folder,
		 const struct inotify_event *event)
{
	struct dir_change change = {.what = DIR_CHANGE_WRITTEN, .area = folder->area};
	char *name;

	if (event->mask & LOST) {
		n->lost = true;
		wake_in(n, QUIET);
	} else if (!event->len) {
		return;
	} else if (!*folder->name) {
		/* A mounted ConfigMap changes all its files at once by renaming "..data". */
		if (!strncmp(event->name, "..", 2) && event->mask & IN_MOVED_TO)
			n->changed(n->ctx, &(struct dir_change){.what = DIR_CHANGE_ALL});
		else if (manifest_name(event->name))
			pend(n, event);
	} else if (dir_file_name(event->name)) {
		name = xasprintf("%s/%s", folder->name, event->name);
		change.name = name;
		n->changed(n->ctx, &change);
		free(name);
	}
}

static void on_event(struct dir_notify *n, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		n->changed(n->ctx, &(struct dir_change){.what = DIR_CHANGE_ALL});
		return;
	}
	array_each(&n->folders, folder)
		if (folder->wd == event->wd) {
			tell(n, folder, event);
			return;
		}
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(fd, buf, sizeof(buf));
	size_t at = 0;

	(void)what;
	while (n > 0 && at + sizeof(struct inotify_event) <= (size_t)n) {
		const struct inotify_event *event = (const void *)(buf + at);

		on_event(ctx, event);
		at += sizeof(*event) + event->len;
	}
}

int dir_notify_open(struct event_base *base, const char *dir,
		    void (*changed)(void *ctx, const struct dir_change *change), void *ctx,
		    struct dir_notify **out, struct err *err)
{
	struct dir_notify *n = xcalloc(1, sizeof(*n));
	int r;

	n->dir = xstrdup(dir);
	n->changed = changed;
	n->ctx = ctx;
	n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (n->fd < 0)
		r = err_set(err, -errno, "cannot start inotify: %s%s", strerror(errno),
			    errno == EMFILE ? " (fs.inotify.max_user_instances)" : "");
	else
		r = add_folders(n, err);
	if (r) {
		dir_notify_close(n);
		return r;
	}
	n->timer = evtimer_new(base, on_timer, n);
	n->readable = event_new(base, n->fd, EV_READ | EV_PERSIST, on_readable, n);
	event_add(n->readable, NULL);
	*out = n;
	return 0;
}

void dir_notify_close(struct dir_notify *notify)
{
	if (!notify)
		return;
	if (notify->readable)
		event_free(notify->readable);
	if (notify->timer)
		event_free(notify->timer);
	if (notify->fd >= 0) {
		forget_folders(notify);
		close(notify->fd);
	}
	array_each(&notify->pending, p)
		free(p->name);
	array_free(&notify->pending);
	free(notify->dir);
	free(notify);
}
