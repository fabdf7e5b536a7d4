/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_MAPS_MAPSET_H
#define VIPCAST_MAPS_MAPSET_H

/*
 * The BPF object of a node: its maps, pinned so that they outlive the process, mapped into memory
 * where they are written in place; and its programs, loaded and not yet attached. One process at a
 * time holds a pin directory (by a lock that goes with the process).
 */

#include <stdbool.h>
#include <stdint.h>

#include "maps/contract.h"
#include "util/array.h"
#include "util/err.h"

struct vipcast_bpf; /* the skeleton */

/* Elements of the maps. Of maps that are pinned already, their own sizes hold. */
struct mapset_sizes {
	uint32_t vip_buckets; /* a power of two */
	uint32_t slots, backends, vips, flows;
};

struct mapset_region {
	void *memory;
	size_t size;
};

struct mapset {
	struct vipcast_bpf *skel;
	char *pin_dir;
	int lock_fd;
	bool adopted; /* maps of an earlier run were found and taken over */
	struct mapset_sizes sizes;
	struct config_value *config;
	struct vip4_bucket *vips_v4;
	struct vip6_bucket *vips_v6;
	struct slot_element *slots;
	struct backend_value *backends;
	ARRAY(struct mapset_region) regions;
};

struct mapset_sizes mapset_default_sizes(void);

/*
 * Adopts the maps pinned under PIN_DIR (made when it is missing) or makes and pins them. SIZES:
 * NULL for the defaults. -EBUSY: another process holds it; -EPROTO: the pinned maps are of another
 * layout. The caller closes *OUT.
 */
int mapset_open(const char *pin_dir, const struct mapset_sizes *sizes, struct mapset **out,
		struct err *err);
/* The pinned maps and attached programs stay. */
void mapset_close(struct mapset *ms);

/* Writes the configuration: the cluster's seed, and NAT ports in host order, both included. */
void mapset_configure(struct mapset *ms, const uint64_t seed[2], uint16_t nat_port_first,
		      uint16_t nat_port_last);

/* The interfaces that packets may leave by: exactly IFINDEXES afterwards. */
int mapset_set_devices(struct mapset *ms, const uint32_t *ifindexes, size_t n, struct err *err);

/* File descriptor of a map by its name (MAP_FLOWS, ...), of a program by its function's name. */
int mapset_map_fd(const struct mapset *ms, const char *name);
int mapset_program_fd(const struct mapset *ms, const char *name);

/*
 * Opens the object a second time, not loaded, on the same maps, with PROGRAM alone: what libxdp
 * wants to load by itself. The caller closes it (bpf_object__close).
 */
struct bpf_object;
int mapset_reopen(const struct mapset *ms, const char *program, struct bpf_object **out,
		  struct err *err);

/* The low half of the kernel's jiffies64, by which flows are dated. */
int mapset_jiffies(const struct mapset *ms, uint32_t *out);

/*
 * Unpins every map under PIN_DIR and removes the folder. Nothing there: 0. -EBUSY: a process holds
 * it, and nothing was removed.
 */
int mapset_remove(const char *pin_dir, struct err *err);
/* 0 when no process holds PIN_DIR, or there is none; else -EBUSY. */
int mapset_check_unused(const char *pin_dir, struct err *err);

#endif
