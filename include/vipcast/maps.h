/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_MAPS_H
#define VIPCAST_MAPS_H

/*
 * Keys and values of every BPF map, as the XDP program and user space both see them. Sizes and
 * padding are explicit; MAPS_VERSION changes whenever a layout here does.
 *
 * The way of a packet: vips_v4/vips_v6 -> slots -> backends, three array reads; then the flow
 * tables of the mode. User space maps vips, slots, backends and config into memory, fills a fresh
 * slice of slots with plain stores and publishes it by one atomic 64-bit store of the VIP's target.
 *
 * Includers provide the __u8 ... __u64, __be16 and __be32 types (vmlinux.h or linux/types.h).
 */

#define MAPS_VERSION 1

/* Names, for pinning and for look-up in the object. */
#define MAP_CONFIG	  "vc_config"
#define MAP_VIPS_V4	  "vc_vips_v4"
#define MAP_VIPS_V6	  "vc_vips_v6"
#define MAP_SLOTS	  "vc_slots"
#define MAP_BACKENDS	  "vc_backends"
#define MAP_FLOWS	  "vc_flows"
#define MAP_REPLIES	  "vc_replies"
#define MAP_VIP_STATS	  "vc_vip_stats"
#define MAP_BACKEND_STATS "vc_backend_stats"
#define MAP_DROP_STATS	  "vc_drop_stats"
#define MAP_DEVICES	  "vc_devices"

/* Default capacities; user space may change them before it loads the object. */
#define MAPS_VIP_BUCKETS (1 << 15)  /* a power of two; x 4 entries (IPv4), x 2 (IPv6) */
#define MAPS_SLOTS	 (12 << 20) /* 10,000 services of 10 backends, and room to renew them */
#define MAPS_BACKENDS	 (1 << 16)
#define MAPS_VIPS	 (1 << 16)
#define MAPS_FLOWS	 (1 << 20)
#define MAPS_DEVICES	 256

/*
 * vc_config has one element; vc_vip_stats is indexed by VIP number, vc_backend_stats by backend,
 * vc_drop_stats (one __u64) by enum drop_reason. vc_devices holds every interface that a packet may
 * be sent by: key and value are the ifindex (__u32).
 */

/* ---- configuration ----------------------------------------------------------------------- */

struct config_value {
	__u32 version; /* MAPS_VERSION */
	__u32 vip_bucket_mask;
	__u64 hash_seed[2]; /* secret, the same on every load balancer node of a cluster */
	__u16 nat_port_first, nat_port_last; /* host order, both included */
	__u32 pad;
	__u64 pad2[4];
};

_Static_assert(sizeof(struct config_value) == 64, "config_value");

/* ---- VIPs -------------------------------------------------------------------------------- */

/*
 * What a VIP entry points to, in one 64-bit word so that one store publishes it:
 *   bits  0-31  first slot of the VIP's slice
 *   bits 32-37  row of maglev_primes[]: the slice's size
 *   bits 38-41  forwarding mode (enum vip_mode)
 *   bits 42-63  VIP number: index of its counters; 0 is never used
 * A zero word is an empty entry.
 */
#define VIP_TARGET_SLOT(t)   ((__u32)(t))
#define VIP_TARGET_SIZE(t)   ((__u32)((t) >> 32) & 0x3f)
#define VIP_TARGET_MODE(t)   ((__u32)((t) >> 38) & 0xf)
#define VIP_TARGET_NUMBER(t) ((__u32)((t) >> 42))
#define VIP_TARGET(slot, size, mode, number) \
	((__u64)(slot) | (__u64)(size) << 32 | (__u64)(mode) << 38 | (__u64)(number) << 42)

enum vip_mode {
	VIP_MODE_ADDRESS = 0, /* the address itself (port 0, protocol 0), known to be ours */
	VIP_MODE_NAT = 1,
};

/*
 * Two choices of bucket, a bucket in one cache line. Each VIP address has an entry with port 0 and
 * protocol 0 (VIP_MODE_ADDRESS) beside those of its ports.
 */
struct vip4_entry {
	__be32 addr;
	__be16 port;
	__u8 proto;
	__u8 pad;
	__u64 target;
};

#define VIP4_BUCKET_ENTRIES 4
struct vip4_bucket {
	struct vip4_entry entry[VIP4_BUCKET_ENTRIES];
} __attribute__((aligned(64)));

struct vip6_entry {
	__be32 addr[4];
	__be16 port;
	__u8 proto;
	__u8 pad[5];
	__u64 target;
};

#define VIP6_BUCKET_ENTRIES 2
struct vip6_bucket {
	struct vip6_entry entry[VIP6_BUCKET_ENTRIES];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct vip4_bucket) == 64, "vip4_bucket");
_Static_assert(sizeof(struct vip6_bucket) == 64, "vip6_bucket");

/* ---- slots and backends ------------------------------------------------------------------ */

/* A slot holds a backend's index; 0 is "no backend". */
typedef __u32 slot_value;

/* vc_slots as it lies in memory: the kernel rounds elements up to 8 bytes. */
struct slot_element {
	slot_value backend;
	__u32 pad;
};

/* Sizes of Maglev tables: primes, each about twice the one before. */
#define MAGLEV_SIZES 9
#define MAGLEV_ROWS(X) \
	X(0, 251)      \
	X(1, 509) X(2, 1021) X(3, 2039) X(4, 4093) X(5, 8191) X(6, 16381) X(7, 32749) X(8, 65537)
#define MAGLEV_PRIME(row, prime) prime,
#define MAGLEV_PRIMES		 {MAGLEV_ROWS(MAGLEV_PRIME)}

enum backend_flags {
	BACKEND_UP = 1,	      /* the next hop's MAC is known: packets can be sent */
	BACKEND_IPV6 = 2,     /* family of addr and nat_addr */
	BACKEND_DRAINING = 4, /* keeps the flows that it has, takes no new ones */
	BACKEND_USED = 8,     /* set for every index in use, whatever else is known */
};

/*
 * All that is needed to write a packet for a backend, in one cache line. ifindex is where it goes
 * out: the interface towards the backend's node, or the node's own stack door for a backend on
 * this node (docs/architecture.md). nat_addr is the source address that its replies come back to.
 * dst_mac and flags share one aligned 64-bit word, so a neighbour's change is one atomic store;
 * while the interface changes BACKEND_UP is off for a moment; any other change takes a new index.
 * An index whose backend is gone gets a new generation, and flows that remember the old one choose
 * again.
 */
struct backend_value {
	__be32 addr[4]; /* IPv4 in the first word */
	__be32 nat_addr[4];
	__u8 dst_mac[6];
	__u16 flags; /* enum backend_flags; 0: the index is free */
	__u8 src_mac[6];
	__be16 port;
	__u32 ifindex;
	__u32 generation; /* counts reuses of this index */
	__u32 pad[2];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct backend_value) == 64, "backend_value");

/* ---- flows (mode nat) -------------------------------------------------------------------- */

/*
 * vc_flows: what a client sends, looked up by (client, VIP). vc_replies: what a backend
 * sends back, looked up by (backend, NAT address). Same key layout: src and dst as they stand in
 * the packet. IPv4 addresses stand in the first word, the rest is zero.
 */
struct flow_key {
	__be32 src[4], dst[4];
	__be16 src_port, dst_port;
	__u8 proto;
	__u8 family; /* AF_INET or AF_INET6 */
	__u16 pad;
};

_Static_assert(sizeof(struct flow_key) == 40, "flow_key");

enum flow_state {
	FLOW_NEW = 0,	      /* TCP: SYN seen; UDP: no reply yet */
	FLOW_ESTABLISHED = 1, /* TCP: the client's ACK after the backend answered; UDP: answered */
	FLOW_FIN = 2,	      /* a FIN was seen from either side */
	FLOW_CLOSED = 3,      /* FIN from both sides, or RST */
};

/* Client to backend. */
struct flow_value {
	__be32 nat_addr[4];
	__be32 backend_addr[4];
	__be16 nat_port, backend_port;
	__u32 backend;		  /* index in backends, and ... */
	__u32 backend_generation; /* ... its generation when the flow began */
	__u32 vip;		  /* VIP number */
	__u32 last_seen;	  /* see below */
	__u8 state;		  /* enum flow_state */
	__u8 fin_seen;		  /* bit 0: from the client, bit 1: from the backend */
	__u8 answered;		  /* 1 once the backend has sent something */
	__u8 pad;
	__u32 link; /* mix of the MACs and the interface by which the client's packets come */
};

/*
 * last_seen is the low half of jiffies64 (the program vipcast_clock returns the present one); ages
 * are differences modulo 2^32. It is written at most once every FLOW_REFRESH, and that of a
 * flow tells of packets in both directions. That of a reply entry stands one FLOW_REFRESH in the
 * past until the backend answers and again after each refresh by the client: its age says nothing.
 * A reply entry is an orphan when the flow (client, VIP) is gone, or has another backend or NAT
 * port.
 */
#define FLOW_REFRESH 64 /* jiffies */

/* Backend to client. The MACs and the interface are those by which the client's packets came. */
struct reply_value {
	__be32 client_addr[4];
	__be32 vip_addr[4];
	__be16 client_port, vip_port;
	__u32 vip;
	__u32 backend;
	__u32 ifindex;
	__u8 dst_mac[6];
	__u8 src_mac[6];
	__u32 last_seen;
};

_Static_assert(sizeof(struct flow_value) == 60, "flow_value");
_Static_assert(sizeof(struct reply_value) == 64, "reply_value");

/* ---- counters (per CPU) ------------------------------------------------------------------ */

struct traffic_stats {
	__u64 packets, bytes; /* towards the backends; bytes of whole frames */
	__u64 reply_packets, reply_bytes;
	__u64 new_flows;
};

#endif
