/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_DIR_NOTIFY_H
#define VIPCAST_STORE_DIR_NOTIFY_H

/*
 * inotify on the directory and on the folders below .vipcast, told as what has to be read again.
 * What vipcast writes is whole at once (rename) and is told at once. People's editors are not like
 * that: a manifest is told when it has been left alone for a moment, and as long as somebody has
 * it half written, only after a long pause.
 */

#include <event2/event.h>

#include "store/dir_files.h"

enum dir_change_what {
	DIR_CHANGE_MANIFEST, /* name */
	DIR_CHANGE_WRITTEN,  /* area, name */
	DIR_CHANGE_ALL,	     /* the kernel lost count, or the folders were replaced */
};

struct dir_change {
	enum dir_change_what what;
	enum dir_area area;
	const char *name; /* below the directory, borrowed */
};

struct dir_notify;

/* Also makes the folders below .vipcast, and makes them again when they are removed. */
int dir_notify_open(struct event_base *base, const char *dir,
		    void (*changed)(void *ctx, const struct dir_change *change), void *ctx,
		    struct dir_notify **out, struct err *err);
void dir_notify_close(struct dir_notify *notify);

#endif
