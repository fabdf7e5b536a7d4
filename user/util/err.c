// SPDX-License-Identifier: Apache-2.0
#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int err_prefix(struct err *err, int code, const char *fmt, ...)
{
	struct err old;
	va_list ap;
	size_t used;
	int n;

	if (!err)
		return code;
	old = *err;
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = n < 0 ? 0 : (size_t)n;
	/* Copied by hand: the old message may well be cut, and snprintf would warn of it. */
	for (const char *c = ": "; *c && used < sizeof(err->msg) - 1; c++)
		err->msg[used++] = *c;
	for (const char *c = old.msg; *c && used < sizeof(err->msg) - 1; c++)
		err->msg[used++] = *c;
	if (used < sizeof(err->msg))
		err->msg[used] = '\0';
	return code;
}
