/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_DIR_SCAN_H
#define VIPCAST_STORE_DIR_SCAN_H

/* From the files of a store's directory into its catalog. */

#include "store/catalog.h"
#include "store/dir_files.h"
#include "util/log.h"

/* Reads the file NAME (below the directory) again, or takes note that it is gone. */
void dir_scan_file(struct catalog *c, enum source_type type, const char *name);

/* Reads everything again, and forgets the files that are gone. */
void dir_scan_all(struct catalog *c, const struct log *log);

enum source_type dir_source_type(enum dir_area area);

#endif
