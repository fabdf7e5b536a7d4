/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_DIR_EVENTS_H
#define VIPCAST_STORE_DIR_EVENTS_H

/* Events of the directory store: lines of JSON in DIR/.vipcast/events.jsonl, turned over at 1 MiB.
 */

#include "api/object.h"

struct dir_events {
	char *path;
	json_t *counts; /* "Kind/ns/name/type/reason/message" -> how often */
};

void dir_events_open(struct dir_events *events, const char *dir);
/* Appends the event; a repeat is written only when its count is a power of two. */
int dir_events_add(struct dir_events *events, const struct api_object *about, const char *type,
		   const char *reason, const char *message, struct err *err);
void dir_events_close(struct dir_events *events);

#endif
