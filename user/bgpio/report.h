/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGPIO_REPORT_H
#define VIPCAST_BGPIO_REPORT_H

/* What sessions leave in the log. */

#include "bgp/session.h"
#include "util/log.h"

/*
 * A change of state. Up and down are told always; a failure to come up once for as long as it stays
 * the same; other steps at debug level. *REPORTED (owned by the caller, first NULL) remembers.
 */
void report_state(const struct log *log, const struct bgp_config *config, enum bgp_state from,
		  enum bgp_state to, const char *reason, char **reported);

/* The session was ended from our side. */
void report_stopped(const struct log *log, const struct bgp_config *config, const char *reason);

/* A message that was wrong, with its bytes in hexadecimal. */
void report_bad_message(const struct log *log, const struct bgp_config *config,
			const uint8_t *bytes, size_t len, const char *what);

#endif
