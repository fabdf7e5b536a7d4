/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_DIR_FILES_H
#define VIPCAST_STORE_DIR_FILES_H

/*
 * Names and writes of the files under DIR/.vipcast: objects/KIND/NS.NAME.json holds an object that
 * vipcast wrote, status/KIND/NS.NAME.json the status of any object. Writes go to a temporary name
 * in the same folder and are renamed, so a reader sees the old file or the new one. They are not
 * forced to the disk one by one: all of it can be worked out anew but for the order in which VIPs
 * were handed out, and a file that a power cut left empty is a fault, not a failure.
 */

#include <jansson.h>

#include "api/object.h"

enum dir_area { DIR_OBJECTS, DIR_STATUS, DIR_AREAS };

/* ".vipcast/AREA/KIND", in fresh memory. */
char *dir_folder(enum dir_area area, enum api_kind kind);
/* ".vipcast/AREA/KIND/NS.NAME.json", in fresh memory. NS may be NULL. */
char *dir_file(enum dir_area area, enum api_kind kind, const char *ns, const char *name);
/* True for the names that dir_file() makes, and not for those of files that are being written. */
bool dir_file_name(const char *name);

/* Makes all folders below DIR, which has to be there. */
int dir_make_folders(const char *dir, struct err *err);

/* Replaces the content of DIR/NAME by rename. */
int dir_write(const char *dir, const char *name, const char *text, struct err *err);
/* Removes DIR/NAME. 0 also when there is no such file. */
int dir_remove(const char *dir, const char *name, struct err *err);

#endif
