/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_ATTACH_H
#define VIPCAST_DATAPLANE_ATTACH_H

/*
 * The XDP program on an interface. Attached through libxdp, beside other programs where the kernel
 * can run its dispatcher, alone where it cannot. It stays when the process ends.
 */

#include <stdbool.h>

#include "maps/mapset.h"
#include "util/log.h"

enum attach_mode { ATTACH_NONE, ATTACH_NATIVE, ATTACH_GENERIC };

const char *attach_mode_name(enum attach_mode mode);

/*
 * Sees to it that the program of MS is attached to the interface. What is attached already stays
 * when it is the same (same instructions, same maps); another version of ours is replaced with no
 * moment without either. -EBUSY: someone else's program is there that cannot be shared with.
 */
int attach_program(const struct mapset *ms, int ifindex, const char *name, const struct log *log,
		   enum attach_mode *mode, struct err *err);

/* Attaches the stack side of the door's program, natively. Idempotent. */
int attach_door(const struct mapset *ms, int ifindex, const char *name, struct err *err);

/* Takes our program off the interface. None there: 0. */
int attach_remove(int ifindex, const char *name, struct err *err);

#endif
