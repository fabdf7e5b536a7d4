/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_MAGLEV_H
#define VIPCAST_MAPS_MAGLEV_H

/*
 * Maglev tables (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer",
 * NSDI 2016, section 3.4). A table depends on the set of backends and the seed alone, so every load
 * balancer node computes the same one without talking to the others.
 */

#include <stddef.h>
#include <stdint.h>

#include "maps/contract.h"
#include "util/ip.h"

struct maglev_backend {
	struct ip_addr ip;
	uint16_t port;	  /* host order; ip and port are the backend's identity */
	slot_value index; /* what its slots are filled with; no part of the identity */
};

/* The row of MAGLEV_PRIMES for so many backends: the smallest prime of at least 100 slots each. */
unsigned int maglev_row(size_t backends);

/* Slots of a table of that row; 0 when there is no such row. */
uint32_t maglev_size(unsigned int row);

/*
 * Fills all maglev_size(row) slots of SLOTS. The order of BACKENDS does not matter; their
 * identities must differ. With no backend every slot is 0.
 */
void maglev_fill(const uint64_t seed[2], const struct maglev_backend *backends, size_t n,
		 unsigned int row, slot_value *slots);

#endif
