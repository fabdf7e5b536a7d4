/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_STORE_LOAD_H
#define VIPCAST_STORE_LOAD_H

#include "api/object.h"
#include "api/state.h"

/*
 * Reads a manifest, or every manifest of a folder, once, as the directory store would. Objects that
 * are right by themselves go into OUT; everything that is wrong, rules between objects included,
 * goes into FAULTS with file and line, sorted. -errno when PATH itself cannot be read. Faults are
 * no error: look at FAULTS. The caller frees both.
 */
int store_load_files(const char *path, struct api_state *out, fault_list *faults, struct err *err);

#endif
