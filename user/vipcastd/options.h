/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_VIPCASTD_OPTIONS_H
#define VIPCAST_VIPCASTD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/array.h"
#include "util/err.h"
#include "util/log.h"

/* What the command line says. Strings are borrowed from it. */
struct options {
	const char *node, *store, *pin_dir, *socket;
	ARRAY(const char *) interfaces;
	bool speaker, dataplane;
	uint32_t lease_duration; /* seconds */
	uint16_t nat_port_first, nat_port_last;
	enum log_level log_level;
	bool detach, help, version;
};

/* -EINVAL with the option and its value in ERR. OUT is freed by options_free() in any case. */
int options_parse(int argc, char **argv, struct options *out, struct err *err);
void options_free(struct options *options);
void options_help(void);

#endif
