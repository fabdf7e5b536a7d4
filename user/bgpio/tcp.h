/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGPIO_TCP_H
#define VIPCAST_BGPIO_TCP_H

/* Sockets for BGP, and what goes wrong with them in words. */

#include "bgpio/conn.h"

/* A non-blocking socket that is bound to the target's local address and connecting; or -errno, and
 * ERR says what cannot be done and, where it is known, what to look at. */
int tcp_connect(const struct conn_target *target, struct err *err);

/* Why a connection was not made, by errno: "cannot connect to 10.0.0.1: connection refused".
 * Returns -ERROR. */
int tcp_connect_error(const struct conn_target *target, int error, struct err *err);

/* Why one is gone, by errno; 0: the peer closed it. */
const char *tcp_close_reason(int error);

#endif
