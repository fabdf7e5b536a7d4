/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_UTIL_MEM_H
#define VIPCAST_UTIL_MEM_H

/*
 * Allocation that cannot fail: out of memory ends the process with a message (the programs and
 * maps in the kernel go on; see docs/decisions/out-of-memory.md). A caller must never pass a size
 * that came from outside and was not checked.
 */

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t size);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
