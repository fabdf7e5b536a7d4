/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_SEED_H
#define VIPCAST_DATAPLANE_SEED_H

/*
 * The cluster's secret hash seed, STORE_DIR/.vipcast/hash-seed: 16 random bytes, made by whichever
 * agent comes first and read by all. With it someone outside could aim flows at one backend, so
 * only its owner can read it.
 */

#include <stdint.h>

#include "util/err.h"

/* Reads the seed, or makes it. However many agents do so at once, all get the same one. */
int seed_get(const char *store_dir, uint64_t seed[2], struct err *err);

#endif
