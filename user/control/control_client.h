/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CONTROL_CONTROL_CLIENT_H
#define VIPCAST_CONTROL_CONTROL_CLIENT_H

#include <jansson.h>

#include "util/err.h"

/*
 * Asks the program behind SOCKET for PATH ("/v1/status"). The answer is the caller's.
 * -ECONNREFUSED: nobody answers there; -EPROTO: an answer that is no JSON or no 200.
 */
int control_get(const char *socket, const char *path, json_t **out, struct err *err);

#endif
