/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_DUMP_H
#define VIPCAST_MAPS_DUMP_H

/*
 * The pinned maps in words: for an operator whose daemon is down, or who does not believe it. Needs
 * a pin directory and nothing else.
 */

#include <jansson.h>
#include <stdio.h>

#include "util/err.h"

/*
 * Reads the maps pinned under PIN_DIR. The new reference *OUT is an object of flat rows:
 *   config   {version, buckets, natPorts}     (the hash seed is secret and stays out)
 *   vips     [{vip, port, protocol, mode, number, firstSlot, slots, backends, packets, bytes}]
 *   slots    [{first, slots, backends, least, most}]   one row a published table: slots a backend
 *   backends [{index, ip, port, natAddress, interface, mac, flags, generation, packets, bytes}]
 *   flows    [{client, vip, protocol, nat, backend, state}]   at most MAX_FLOWS
 *   drops    [{reason, packets, meaning}]
 */
int dump_json(const char *pin_dir, size_t max_flows, json_t **out, struct err *err);

/* Prints what dump_json() returned, section by section, in columns. */
void dump_text(FILE *out, const json_t *dump);

#endif
