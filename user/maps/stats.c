/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

int stats_traffic(int fd, uint32_t index, struct traffic_stats *out)
{
	int cpus = libbpf_num_possible_cpus();
	struct traffic_stats *each;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (cpus <= 0)
		return -EINVAL;
	each = xcalloc((size_t)cpus, sizeof(*each));
	if (bpf_map_lookup_elem(fd, &index, each) < 0)
		rc = -errno;
	for (int cpu = 0; cpu < cpus && !rc; cpu++) {
		out->packets += each[cpu].packets;
		out->bytes += each[cpu].bytes;
		out->reply_packets += each[cpu].reply_packets;
		out->reply_bytes += each[cpu].reply_bytes;
		out->new_flows += each[cpu].new_flows;
	}
	free(each);
	return rc;
}

int stats_traffic_reset(int fd, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus(), rc;
	struct traffic_stats *zeros;

	if (cpus <= 0)
		return -EINVAL;
	zeros = xcalloc((size_t)cpus, sizeof(*zeros));
	rc = bpf_map_update_elem(fd, &index, zeros, BPF_ANY) < 0 ? -errno : 0;
	free(zeros);
	return rc;
}

int stats_drops(int fd, uint64_t out[DROP_REASON_COUNT])
{
	int cpus = libbpf_num_possible_cpus();
	__u64 *each;

	memset(out, 0, DROP_REASON_COUNT * sizeof(*out));
	if (cpus <= 0)
		return -EINVAL;
	each = xcalloc((size_t)cpus, sizeof(*each));
	for (uint32_t reason = 0; reason < DROP_REASON_COUNT; reason++) {
		if (bpf_map_lookup_elem(fd, &reason, each) < 0)
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			out[reason] += each[cpu];
	}
	free(each);
	return 0;
}
