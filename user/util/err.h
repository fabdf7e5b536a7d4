/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_UTIL_ERR_H
#define VIPCAST_UTIL_ERR_H

/* The error text that a person reads, carried up from where the cause is known. */
struct err {
	char msg[512];
};

/*
 * Writes the message (cut to fit) and returns CODE, so that a failing function ends with
 * `return err_set(err, -EINVAL, "...")`. ERR may be NULL: the text is dropped.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the message that is there already; returns CODE. */
int err_prefix(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
