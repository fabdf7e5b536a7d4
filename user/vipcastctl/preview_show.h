/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_VIPCASTCTL_PREVIEW_SHOW_H
#define VIPCAST_VIPCASTCTL_PREVIEW_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "plan/preview.h"

/* For a person: a paragraph each for sessions, pools and next hops. WIDTH as in table_print(). */
void preview_show(const struct preview *preview, FILE *out, size_t width);
/* The same for a program; a new reference. */
json_t *preview_json(const struct preview *preview);

#endif
