/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_STATS_H
#define VIPCAST_MAPS_STATS_H

/* Counters that the XDP program keeps one a CPU, summed. FD: of a map of that kind. */

#include <stdint.h>

#include "maps/contract.h"

/* The counters of a VIP number or a backend index. Zeros and a negative errno when unreadable. */
int stats_traffic(int fd, uint32_t index, struct traffic_stats *out);
/* Zeroes them on every CPU. */
int stats_traffic_reset(int fd, uint32_t index);

/* OUT[reason] for each reason; one that the map does not have counts as zero. */
int stats_drops(int fd, uint64_t out[DROP_REASON_COUNT]);

#endif
