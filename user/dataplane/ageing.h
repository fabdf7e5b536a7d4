/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_AGEING_H
#define VIPCAST_DATAPLANE_AGEING_H

/*
 * Removes flows that have been silent for longer than their state allows, and counts the others.
 * The tables are walked again and again, a bounded piece at each tick.
 */

#include <stdbool.h>
#include <stdint.h>

#include "maps/mapset.h"

struct ageing;

/* How long a flow may be silent, in seconds. PROTO: IPPROTO_TCP or IPPROTO_UDP. */
uint32_t ageing_limit(uint8_t proto, uint8_t flow_state);

/*
 * Jiffies a second, from two readings of the kernel's clock and the milliseconds between them: the
 * nearest of those that Linux can be built with. 0 when they lie too close together to tell.
 */
uint32_t ageing_hz(uint32_t jiffies_passed, uint64_t ms_passed);

struct ageing *ageing_new(const struct mapset *ms);
void ageing_free(struct ageing *ageing);

/* One piece of work; NOW in milliseconds of a monotonic clock. To be called every 100 ms or so. */
void ageing_tick(struct ageing *ageing, uint64_t now);

/* As of the last complete walk. */
uint64_t ageing_flows(const struct ageing *ageing);
uint32_t ageing_flows_of_vip(const struct ageing *ageing, uint32_t number);
uint32_t ageing_flows_of_backend(const struct ageing *ageing, uint32_t index);

#endif
