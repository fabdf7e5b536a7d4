/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_UTIL_LOG_H
#define VIPCAST_UTIL_LOG_H

/*
 * One line of logfmt on standard error for each thing that happened:
 *   ts=2026-01-02T03:04:05.678Z level=info msg="session up" peer=10.0.1.254 node=lb1
 * Fields are given as key, value pairs of strings, ended by NULL. Values are quoted and escaped
 * where they need it, so text that a peer sent cannot forge a line.
 */

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log {
	enum log_level level; /* lines below it are dropped */
	int fd;		      /* where lines go */
	const char *program;  /* borrowed, may be NULL: a field of each line */
};

/* Parses "debug", "info", "warn" or "error"; -EINVAL for anything else. */
int log_level_parse(const char *text, enum log_level *level);

/* Writes a line: log_line(log, LOG_LEVEL_INFO, "session up", "peer", peer, NULL). LOG may be NULL.
 */
void log_line(const struct log *log, enum log_level level, const char *msg, ...)
	__attribute__((sentinel));

#define log_debug(log, ...) log_line(log, LOG_LEVEL_DEBUG, __VA_ARGS__, NULL)
#define log_info(log, ...)  log_line(log, LOG_LEVEL_INFO, __VA_ARGS__, NULL)
#define log_warn(log, ...)  log_line(log, LOG_LEVEL_WARN, __VA_ARGS__, NULL)
#define log_error(log, ...) log_line(log, LOG_LEVEL_ERROR, __VA_ARGS__, NULL)

#endif
