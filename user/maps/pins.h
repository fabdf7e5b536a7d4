/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_PINS_H
#define VIPCAST_MAPS_PINS_H

/* Where maps are pinned, and how a mapped array lies in memory. */

#include <stddef.h>
#include <stdint.h>

extern const char *const pin_names[]; /* every map, by its name */
extern const size_t pin_name_count;

/* PIN_DIR/NAME; the caller frees it. */
char *pin_path(const char *pin_dir, const char *name);

/* Bytes of a mapped array: the kernel rounds elements up to 8 bytes, and the whole to pages. */
size_t pin_memory_size(uint32_t value_size, uint32_t entries);

#endif
