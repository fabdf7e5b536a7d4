// SPDX-License-Identifier: Apache-2.0
/*
 * Nanoseconds a packet through the real XDP program, its maps filled by the real publisher, beside
 * the floor in the same run: a program that only bounces, behind the same wrapper (wrap.bpf.c).
 * Rounds alternate between all cases, and each figure is the median of its rounds with the spread
 * beside it, since machines are noisy.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/publish.h"
#include "maps/mapset.h"
#include "wrap.skel.h"

#define ROUNDS	 9
#define REPEAT	 200000
#define BACKENDS 64 /* of each service: a million flows need some 20 backends' NAT ports */
#define LOOPBACK 1  /* the ingress interface of BPF_PROG_TEST_RUN: a backend there means XDP_TX */

struct bench_case {
	const char *name;
	uint8_t family;
	bool bounce;
	uint32_t flows;
	double ns[ROUNDS];
};

static struct bench_case cases[] = {
	{"bounce, IPv4", AF_INET, true, 1, {0}},
	{"bounce, IPv6", AF_INET6, true, 1, {0}},
	{"nat, IPv4 TCP", AF_INET, false, 1, {0}},
	{"nat, IPv4 TCP", AF_INET, false, 1000, {0}},
	{"nat, IPv4 TCP", AF_INET, false, 100000, {0}},
	{"nat, IPv4 TCP", AF_INET, false, 1000000, {0}},
	{"nat, IPv6 TCP", AF_INET6, false, 1, {0}},
	{"nat, IPv6 TCP", AF_INET6, false, 1000, {0}},
	{"nat, IPv6 TCP", AF_INET6, false, 100000, {0}},
};

#define CASES (sizeof(cases) / sizeof(*cases))

struct bench {
	char pin_dir[64];
	struct mapset *ms;
	struct publisher publisher;
	struct compiled wanted;
	struct nexthop hops[2 * BACKENDS];
	struct wrap_bpf *wrap;
};

static struct ip_addr ip(const char *text)
{
	struct ip_addr out = {0};

	(void)ip_parse(text, &out, NULL);
	return out;
}

/* ---- the packet: a mid-flow TCP segment to the VIP --------------------------------------- */

static void packet_v4(uint8_t *p)
{
	static const uint8_t header[] = {0x45, 0, 0,  50, 0, 0, 0x40, 0,  64,  IPPROTO_TCP,
					 0,    0, 10, 0,  0, 1, 198,  51, 100, 1};

	memset(p, 0, 64);
	p[12] = 0x08;
	memcpy(p + ETH_HLEN, header, sizeof(header));
	p[ETH_HLEN + 20 + 3] = 80;
	p[ETH_HLEN + 20 + 12] = 0x50;
	p[ETH_HLEN + 20 + 13] = 0x10;
}

static void packet_v6(uint8_t *p)
{
	const struct ip_addr src = ip("2001:db8:c::1"), dst = ip("2001:db8:100::1");

	memset(p, 0, 80);
	p[12] = 0x86;
	p[13] = 0xdd;
	p[ETH_HLEN] = 0x60;
	p[ETH_HLEN + 5] = 26;
	p[ETH_HLEN + 6] = IPPROTO_TCP;
	p[ETH_HLEN + 7] = 64;
	memcpy(p + ETH_HLEN + 8, src.b, 16);
	memcpy(p + ETH_HLEN + 24, dst.b, 16);
	p[ETH_HLEN + 40 + 3] = 80;
	p[ETH_HLEN + 40 + 12] = 0x50;
	p[ETH_HLEN + 40 + 13] = 0x10;
}

/* ---- the tables -------------------------------------------------------------------------- */

static int publish(struct bench *b, struct err *err)
{
	static const uint64_t seed[2] = {0x0123456789abcdefULL, 0xfedcba9876543210ULL};
	struct publisher_maps maps = {
		.v4 = b->ms->vips_v4,
		.v6 = b->ms->vips_v6,
		.buckets = b->ms->sizes.vip_buckets,
		.slots = b->ms->slots,
		.slot_count = b->ms->sizes.slots,
		.backends = b->ms->backends,
		.backend_count = b->ms->sizes.backends,
		.vip_numbers = b->ms->sizes.vips,
	};
	struct publish_result result;

	mapset_configure(b->ms, seed, 1024, 65000);
	publisher_init(&b->publisher, &maps, seed, 0, err);
	return publisher_apply(&b->publisher, &b->wanted, b->hops, 0, &result, err);
}

static void add_service(struct bench *b, const char *vip, const char *net, const char *nat)
{
	struct compiled_service *service = array_new(&b->wanted.services);
	size_t first = b->wanted.backends.n;

	service->key.ip = ip(vip);
	service->service = xstrdup("bench/web");
	service = array_new(&b->wanted.services);
	service->key = (struct vip_key){ip(vip), 80, IPPROTO_TCP};
	service->service = xstrdup("bench/web");
	service->first = b->wanted.refs.n;
	service->active = BACKENDS;
	for (size_t i = first; i < first + BACKENDS; i++) {
		struct compiled_backend backend = {.ip = ip(net), .port = 8080};

		backend.ip.b[ip_size(backend.ip.family) - 1] = (uint8_t)(i + 1);
		array_push(&b->wanted.refs, (uint32_t)i);
		array_push(&b->wanted.backends, backend);
		b->hops[i].nat_addr = ip(nat);
		b->hops[i].path = (struct backend_path){
			.ifindex = LOOPBACK, .dst_mac = {2, 0, 0, 0, 0, 1}, .resolved = true};
	}
}

static int open_all(struct bench *b, struct err *err)
{
	struct mapset_sizes sizes = mapset_default_sizes();
	int rc;

	snprintf(b->pin_dir, sizeof(b->pin_dir), "/sys/fs/bpf/vipcast-bench-%d", (int)getpid());
	sizes.flows = 1 << 21;
	rc = mapset_open(b->pin_dir, &sizes, &b->ms, err);
	if (rc)
		return rc;
	add_service(b, "198.51.100.1", "10.244.1.0", "172.30.1.21");
	add_service(b, "2001:db8:100::1", "fd00:244:1::", "2001:db8:30:1::21");
	rc = publish(b, err);
	if (rc)
		return rc;
	b->wrap = wrap_bpf__open_and_load();
	return b->wrap ? 0 : err_set(err, -errno, "cannot load the wrapper: %s", strerror(errno));
}

static void close_all(struct bench *b)
{
	if (b->wrap)
		wrap_bpf__destroy(b->wrap);
	if (b->ms) {
		publisher_destroy(&b->publisher);
		mapset_close(b->ms);
		mapset_remove(b->pin_dir, NULL);
	}
	compiled_free(&b->wanted);
}

/* ---- measuring --------------------------------------------------------------------------- */

static int run(struct bench *b, const struct bench_case *c, uint32_t repeat, double *ns,
	       struct err *err)
{
	bool four = c->family == AF_INET;
	int wrapper =
		bpf_program__fd(four ? b->wrap->progs.bench_wrap_v4 : b->wrap->progs.bench_wrap_v6);
	int target = c->bounce ? bpf_program__fd(b->wrap->progs.bench_bounce)
			       : mapset_program_fd(b->ms, "vipcast_xdp");
	uint8_t out[256];
	__u32 zero = 0;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = b->wrap->bss->bench_packet,
		    .data_size_in = four ? 64 : 80, .data_out = out, .data_size_out = sizeof(out),
		    .repeat = (int)repeat);

	(four ? packet_v4 : packet_v6)(b->wrap->bss->bench_packet);
	b->wrap->data->bench_flows = c->flows;
	if (bpf_map_update_elem(bpf_map__fd(b->wrap->maps.bench_target), &zero, &target, BPF_ANY) ||
	    bpf_prog_test_run_opts(wrapper, &opts))
		return err_set(err, -errno, "%s: %s", c->name, strerror(errno));
	/* A packet that was dropped or passed would be quick, and prove nothing. */
	if (opts.retval != XDP_TX)
		return err_set(err, -EPROTO, "%s: the program answers %u instead of XDP_TX",
			       c->name, opts.retval);
	*ns = opts.duration;
	return 0;
}

static int measure(struct bench *b, struct err *err)
{
	double ignored;
	int rc = 0;

	/* Every flow is there before its case is timed: what is measured is the steady state. */
	for (size_t i = 0; i < CASES && !rc; i++)
		rc = run(b, &cases[i], cases[i].flows * 8 > 1000 ? cases[i].flows * 8 : 1000,
			 &ignored, err);
	for (size_t round = 0; round < ROUNDS && !rc; round++)
		for (size_t i = 0; i < CASES && !rc; i++)
			rc = run(b, &cases[i], REPEAT, &cases[i].ns[round], err);
	return rc;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double floor_of(uint8_t family)
{
	for (size_t i = 0; i < CASES; i++)
		if (cases[i].bounce && cases[i].family == family)
			return cases[i].ns[ROUNDS / 2];
	return 0;
}

static void report(void)
{
	for (size_t i = 0; i < CASES; i++)
		qsort(cases[i].ns, ROUNDS, sizeof(double), compare_doubles);
	printf("nanoseconds a packet: BPF_PROG_TEST_RUN through a restoring wrapper, %d rounds of "
	       "%d packets\n\n%-16s %9s %8s %8s %8s %10s %8s\n",
	       ROUNDS, REPEAT, "program", "flows", "min", "median", "max", "over floor", "ratio");
	for (size_t i = 0; i < CASES; i++) {
		const struct bench_case *c = &cases[i];
		double median = c->ns[ROUNDS / 2], floor = floor_of(c->family);

		printf("%-16s %9u %8.0f %8.0f %8.0f %10.0f %8.2f\n", c->name, c->flows, c->ns[0],
		       median, c->ns[ROUNDS - 1], median - floor, median / floor);
	}
	puts("\nThe floor is the bounce: restore the packet, swap the MAC addresses, XDP_TX.");
}

int main(void)
{
	struct bench bench = {0};
	struct err err;
	int rc = open_all(&bench, &err);

	if (!rc)
		rc = measure(&bench, &err);
	if (rc)
		fprintf(stderr, "bench-xdp: %s\n", err.msg);
	else
		report();
	close_all(&bench);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
