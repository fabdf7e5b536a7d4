// SPDX-License-Identifier: Apache-2.0
/* Sending frames and judging what comes out. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "vipcast.skel.h"

int run(struct fixture *fx, const struct frame *in, struct frame *out)
{
	struct xdp_md ctx = {.data_end = (__u32)in->len, .ingress_ifindex = fx->ingress};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->b, .data_size_in = (__u32)in->len,
		    .data_out = out->b, .data_size_out = sizeof(out->b), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);
	int rc = bpf_prog_test_run_opts(bpf_program__fd(fx->skel->progs.vipcast_xdp), &opts);

	if (rc < 0)
		fail_msg("BPF_PROG_TEST_RUN of %zu bytes: %s", in->len, strerror(-rc));
	out->len = opts.data_size_out;
	return (int)opts.retval;
}

uint32_t clock_now(struct fixture *fx)
{
	uint8_t frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int rc = bpf_prog_test_run_opts(bpf_program__fd(fx->skel->progs.vipcast_clock), &opts);

	assert_int_equal(rc, 0);
	return opts.retval;
}

static void dump(const char *title, const struct frame *f, const struct frame *other)
{
	fprintf(stderr, "%s (%zu bytes; <> differs):", title, f->len);
	for (size_t i = 0; i < f->len; i++) {
		bool differs = i >= other->len || f->b[i] != other->b[i];

		fprintf(stderr, "%s%s%02x%s", i % 16 ? "" : "\n ", differs ? "<" : " ", f->b[i],
			differs ? ">" : " ");
	}
	fprintf(stderr, "\n");
}

static void check_bytes(const struct frame *got, const struct frame *want, const char *file,
			int line)
{
	if (got->len == want->len && memcmp(got->b, want->b, want->len) == 0)
		return;
	dump("got", got, want);
	dump("want", want, got);
	_fail(file, line);
}

static void check_verdict(int got, int want, const char *file, int line)
{
	if (got == want)
		return;
	fprintf(stderr, "%s:%d: XDP verdict %d, not %d\n", file, line, got, want);
	_fail(file, line);
}

static const char *reason_name(size_t reason)
{
#define NAME(id, name, text) name,
	static const char *const names[] = {DROP_REASONS(NAME)};
#undef NAME
	return names[reason];
}

/* Exactly one drop more, by REASON; none if REASON is DROP_REASON_COUNT. */
static void check_drops(struct fixture *fx, const struct drops *before, enum drop_reason reason,
			const char *file, int line)
{
	struct drops after = drops_read(fx);

	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		uint64_t want = before->count[i] + (i == reason ? 1 : 0);

		if (after.count[i] == want)
			continue;
		fprintf(stderr, "%s:%d: %s stands at %llu, not %llu\n", file, line, reason_name(i),
			(unsigned long long)after.count[i], (unsigned long long)want);
		_fail(file, line);
	}
}

void expect_frame_at(struct fixture *fx, const struct spec *in, int verdict,
		     const struct spec *want, const char *file, int line)
{
	struct frame sent = frame_of(in), wanted = frame_of(want), got;
	struct drops before = drops_read(fx);

	check_verdict(run(fx, &sent, &got), verdict, file, line);
	check_bytes(&got, &wanted, file, line);
	check_drops(fx, &before, DROP_REASON_COUNT, file, line);
}

static void raw_drop(struct fixture *fx, const struct frame *in, enum drop_reason reason,
		     const char *file, int line)
{
	struct drops before = drops_read(fx);
	struct frame got;

	check_verdict(run(fx, in, &got), XDP_DROP, file, line);
	check_drops(fx, &before, reason, file, line);
}

static void raw_pass(struct fixture *fx, const struct frame *in, const char *file, int line)
{
	struct drops before = drops_read(fx);
	struct frame got;

	check_verdict(run(fx, in, &got), XDP_PASS, file, line);
	check_bytes(&got, in, file, line);
	check_drops(fx, &before, DROP_REASON_COUNT, file, line);
}

void expect_drop_at(struct fixture *fx, const struct spec *in, enum drop_reason reason,
		    const char *file, int line)
{
	struct frame sent = frame_of(in);

	raw_drop(fx, &sent, reason, file, line);
}

void expect_pass_at(struct fixture *fx, const struct spec *in, const char *file, int line)
{
	struct frame sent = frame_of(in);

	raw_pass(fx, &sent, file, line);
}

void expect_raw_drop_at(struct fixture *fx, const struct frame *in, enum drop_reason reason,
			const char *file, int line)
{
	raw_drop(fx, in, reason, file, line);
}

void expect_raw_pass_at(struct fixture *fx, const struct frame *in, const char *file, int line)
{
	raw_pass(fx, in, file, line);
}

/* ---- a conversation ----------------------------------------------------------------------- */

struct spec ask_of(const struct cast *c, uint8_t proto)
{
	return (struct spec){
		.src_mac = mac_router,
		.dst_mac = mac_node,
		.src = c->client,
		.dst = c->vip,
		.proto = proto,
		.src_port = 40000,
		.dst_port = proto == IPPROTO_TCP ? 80 : 53,
		.tcp_flags = TCP_SYN,
		.payload = "a question",
		.payload_len = 10,
	};
}

static const struct cast *cast_of(const struct spec *packet)
{
	return &casts[spec_is_ipv6(packet) ? 1 : 0];
}

/* The text of an address that a flow's record names. */
static const char *address_text(const struct cast *c, const __be32 addr[4])
{
	const char *const known[] = {c->backend, c->other_backend, c->nat};
	__be32 parsed[4];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		memset(parsed, 0, sizeof(parsed));
		inet_pton(c->family, known[i], parsed);
		if (memcmp(parsed, addr, sizeof(parsed)) == 0)
			return known[i];
	}
	fail_msg("an address that is nobody's");
	return NULL;
}

/* What TALK's other frames must be, by the record of its flow. */
static void talk_fill(struct fixture *fx, struct talk *talk)
{
	const struct backend_value *b = &fx->backends[talk->flow.backend];
	const struct cast *c = cast_of(&talk->ask);
	uint8_t ttl = talk->ask.ttl ? talk->ask.ttl : 64;

	talk->asked = talk->ask;
	talk->asked.src_mac = b->src_mac;
	talk->asked.dst_mac = b->dst_mac;
	talk->asked.src = address_text(c, talk->flow.nat_addr);
	talk->asked.dst = address_text(c, talk->flow.backend_addr);
	talk->asked.src_port = ntohs(talk->flow.nat_port);
	talk->asked.dst_port = ntohs(talk->flow.backend_port);
	talk->asked.ttl = (uint8_t)(ttl - 1);

	talk->answer = (struct spec){
		.src_mac = b->dst_mac,
		.dst_mac = b->src_mac,
		.src = talk->asked.dst,
		.dst = talk->asked.src,
		.proto = talk->ask.proto,
		.src_port = talk->asked.dst_port,
		.dst_port = talk->asked.src_port,
		.ttl = 60,
		.tcp_flags = TCP_SYN | TCP_ACK,
		.payload = "the answer to it",
		.payload_len = 16,
	};
	talk->answered = talk->answer;
	talk->answered.src_mac = talk->ask.dst_mac;
	talk->answered.dst_mac = talk->ask.src_mac;
	talk->answered.src = talk->ask.dst;
	talk->answered.dst = talk->ask.src;
	talk->answered.src_port = talk->ask.dst_port;
	talk->answered.dst_port = talk->ask.src_port;
	talk->answered.ttl = 59;
}

struct talk talk_start_at(struct fixture *fx, const struct spec *ask, const char *file, int line)
{
	struct frame sent = frame_of(ask), wanted, got;
	struct talk talk = {.ask = *ask};
	int verdict = run(fx, &sent, &got);
	const struct backend_value *b;

	if (flow_get(fx, ask, &talk.flow) != 0) {
		fprintf(stderr, "%s:%d: no flow was recorded\n", file, line);
		_fail(file, line);
	}
	b = &fx->backends[talk.flow.backend];
	check_verdict(verdict, b->ifindex == fx->ingress ? XDP_TX : XDP_REDIRECT, file, line);
	talk_fill(fx, &talk);
	wanted = frame_of(&talk.asked);
	check_bytes(&got, &wanted, file, line);
	if (!frame_checksums_hold(&got)) {
		fprintf(stderr, "%s:%d: a checksum is wrong\n", file, line);
		_fail(file, line);
	}
	return talk;
}

void talk_answer_at(struct fixture *fx, const struct talk *talk, uint8_t tcp_flags,
		    const char *file, int line)
{
	struct spec answer = talk->answer, answered = talk->answered;

	answer.tcp_flags = answered.tcp_flags = tcp_flags;
	expect_frame_at(fx, &answer, XDP_TX, &answered, file, line);
}

void talk_ask_at(struct fixture *fx, const struct talk *talk, uint8_t tcp_flags, const char *file,
		 int line)
{
	struct spec ask = talk->ask, asked = talk->asked;

	ask.tcp_flags = asked.tcp_flags = tcp_flags;
	expect_frame_at(fx, &ask, XDP_TX, &asked, file, line);
}

struct flow_value talk_flow(struct fixture *fx, const struct talk *talk)
{
	struct flow_value flow = {0};

	assert_int_equal(flow_get(fx, &talk->ask, &flow), 0);
	return flow;
}

int talk_state(struct fixture *fx, const struct talk *talk)
{
	return talk_flow(fx, talk).state;
}

struct talk talk_establish(struct fixture *fx, const struct cast *c)
{
	struct spec ask = ask_of(c, IPPROTO_TCP);
	struct talk talk = talk_start(fx, &ask);

	talk_answer(fx, &talk, TCP_SYN | TCP_ACK);
	talk_ask(fx, &talk, TCP_ACK);
	assert_int_equal(talk_state(fx, &talk), FLOW_ESTABLISHED);
	return talk;
}
