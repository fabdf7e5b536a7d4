/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_HASH_H
#define VIPCAST_BGP_HASH_H

/*
 * FNV-1a (32 bits) over bytes, with a final mix so that its low bits are good for a table. For
 * tables of our own addresses, and for choices that must come out alike everywhere and after a
 * restart: not for keys that an attacker chooses. The values are part of what peers see (path
 * identifiers), so they must stay as they are.
 */

#include <stddef.h>
#include <stdint.h>

uint32_t hash_bytes(uint32_t seed, const void *bytes, size_t len);

#endif
