/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
#ifndef VIPCAST_BPF_BACKEND_H
#define VIPCAST_BPF_BACKEND_H

/* Which backend a new flow gets, and how to reach a backend. */

#include "send.h"

#include "vipcast/flow_hash.h"

/* Slots that are tried when a backend began to drain and the table is not yet changed. */
#define SLOT_PROBES 8

/* The next hop's address and the flags that say whether it is good, read at once. */
union hop {
	__u64 word;
	struct {
		__u8 dst_mac[6];
		__u16 flags;
	};
};

_Static_assert(__builtin_offsetof(struct backend_value, flags) ==
		       __builtin_offsetof(struct backend_value, dst_mac) + 6,
	       "dst_mac and flags share a word");
_Static_assert(__builtin_offsetof(struct backend_value, dst_mac) % 8 == 0, "and it is aligned");

static __always_inline union hop backend_hop(const struct backend_value *backend)
{
	union hop hop = {.word = READ_ONCE(*(const __u64 *)backend->dst_mac)};

	return hop;
}

static __always_inline int backend_send(struct packet *p, const struct backend_value *backend,
					const union hop *hop)
{
	return send(p, backend->ifindex, hop->dst_mac, backend->src_mac);
}

/* The size of a Maglev table by its row: code and not an array, which would be one more map. */
static __always_inline __u32 maglev_size(__u32 row)
{
#define MAGLEV_CASE(of_row, prime) \
	case of_row:               \
		return prime;
	switch (row) {
		MAGLEV_ROWS(MAGLEV_CASE)
	default:
		return 0;
	}
#undef MAGLEV_CASE
}

/*
 * The index of the backend on the slot that HASH falls on, or a verdict. Backends that drain are
 * skipped: user space takes them out of the table, and until it has, the slots behind have others.
 * So are those whose next hop has no known MAC address, as long as a slot nearby has a better one.
 *
 * A function of its own, so that the verifier follows the loop once and not for each way to it.
 */
__noinline int backend_choose(__u64 target, __u64 hash, __u32 family)
{
	__u32 size = maglev_size(VIP_TARGET_SIZE(target));
	__u32 first = flow_slot(hash, size);
	int verdict = DROP(DROP_NO_BACKEND);

	for (__u32 i = 0; i < SLOT_PROBES; i++) {
		__u32 slot = VIP_TARGET_SLOT(target) + (first + i) % size;
		const slot_value *value = bpf_map_lookup_elem(&vc_slots, &slot);
		const struct backend_value *backend;
		__u32 flags, index;

		if (!value || !*value)
			return DROP(DROP_NO_BACKEND);
		index = *value;
		backend = bpf_map_lookup_elem(&vc_backends, &index);
		if (!backend)
			return DROP(DROP_NO_BACKEND);
		flags = READ_ONCE(backend->flags);
		if (!(flags & BACKEND_USED) || !!(flags & BACKEND_IPV6) != (family == AF_INET6))
			return DROP(DROP_NO_BACKEND);
		if (flags & BACKEND_DRAINING)
			continue;
		if (flags & BACKEND_UP)
			return (int)index;
		verdict = DROP(DROP_NO_NEIGHBOUR);
	}
	return verdict;
}

#endif
