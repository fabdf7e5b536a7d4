/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_MAPS_H
#define VIPCAST_BPF_MAPS_H

/*
 * The maps. Their layouts are in include/vipcast/maps.h; the sizes here are defaults that user
 * space may change before it loads the object. There is no global data in these programs on
 * purpose: every map is named, pinned and taken over by the next version of the program.
 */

#include "wire.h"

#include "vipcast/drop_reason.h"
#include "vipcast/maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config_value);
} vc_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAPS_VIP_BUCKETS);
	__type(key, __u32);
	__type(value, struct vip4_bucket);
} vc_vips_v4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAPS_VIP_BUCKETS);
	__type(key, __u32);
	__type(value, struct vip6_bucket);
} vc_vips_v6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAPS_SLOTS);
	__type(key, __u32);
	__type(value, slot_value);
} vc_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAPS_BACKENDS);
	__type(key, __u32);
	__type(value, struct backend_value);
} vc_backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAPS_FLOWS);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
} vc_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAPS_FLOWS);
	__type(key, struct flow_key);
	__type(value, struct reply_value);
} vc_replies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAPS_VIPS);
	__type(key, __u32);
	__type(value, struct traffic_stats);
} vc_vip_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAPS_BACKENDS);
	__type(key, __u32);
	__type(value, struct traffic_stats);
} vc_backend_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DROP_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} vc_drop_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, MAPS_DEVICES);
	__type(key, __u32);
	__type(value, __u32);
} vc_devices SEC(".maps");

/* An aligned word that user space may be storing to: read it once, whole. */
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))

static __always_inline const struct config_value *config_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&vc_config, &zero);
}

#endif
