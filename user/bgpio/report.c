// SPDX-License-Identifier: Apache-2.0
#include "bgpio/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define HEX_MOST 1024 /* bytes of a message that are shown */

static void report(const struct log *log, enum log_level level, const char *msg,
		   const struct bgp_config *config, enum bgp_state from, enum bgp_state to,
		   const char *reason)
{
	log_line(log, level, msg, "peer", ip_str(&config->peer).s, "local",
		 ip_str(&config->local).s, "from", bgp_state_name(from), "to", bgp_state_name(to),
		 *reason ? "reason" : NULL, reason, NULL);
}

void report_state(const struct log *log, const struct bgp_config *config, enum bgp_state from,
		  enum bgp_state to, const char *reason, char **reported)
{
	bool repeated = *reported && !strcmp(*reported, reason);

	if (to == BGP_ESTABLISHED) {
		report(log, LOG_LEVEL_INFO, "BGP session up", config, from, to, reason);
		free(*reported);
		*reported = NULL;
		return;
	}
	if (from == BGP_ESTABLISHED)
		report(log, LOG_LEVEL_WARN, "BGP session down", config, from, to, reason);
	else if (*reason && !repeated)
		report(log, LOG_LEVEL_WARN, "BGP session does not come up", config, from, to,
		       reason);
	else
		report(log, LOG_LEVEL_DEBUG, "BGP session state", config, from, to, reason);
	free(*reported);
	*reported = xstrdup(reason);
}

void report_stopped(const struct log *log, const struct bgp_config *config, const char *reason)
{
	log_info(log, "BGP session ended", "peer", ip_str(&config->peer).s, "local",
		 ip_str(&config->local).s, "reason", reason);
}

void report_bad_message(const struct log *log, const struct bgp_config *config,
			const uint8_t *bytes, size_t len, const char *what)
{
	size_t shown = len < HEX_MOST ? len : HEX_MOST;
	char hex[2 * HEX_MOST + 1] = "";
	char total[24];

	for (size_t i = 0; i < shown; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	(void)snprintf(total, sizeof(total), "%zu", len);
	log_line(log, LOG_LEVEL_WARN, "bad BGP message from the peer", "peer",
		 ip_str(&config->peer).s, "local", ip_str(&config->local).s, "what", what, "len",
		 total, "bytes", hex, NULL);
}
