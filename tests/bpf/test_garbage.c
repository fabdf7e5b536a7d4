// SPDX-License-Identifier: Apache-2.0
/*
 * Frames cut at every length, with and without length fields that agree, and frames of chance. Of
 * each the program must say one of: untouched to the stack, one counted drop, or sent to somebody
 * that it knows, with the length that it had.
 */
#include <linux/bpf.h>
#include <string.h>

#include "fixture.h"

#define SAMPLES_MAX 32

/* Frames that each take another way through the program. */
struct samples {
	struct frame frame[SAMPLES_MAX];
	size_t l3[SAMPLES_MAX]; /* where the IP header is */
	bool tagged[SAMPLES_MAX], for_vip[SAMPLES_MAX], six[SAMPLES_MAX];
	size_t n;
};

static void sample_add(struct samples *s, const struct spec *spec, bool for_vip)
{
	assert_true(s->n < SAMPLES_MAX);
	s->frame[s->n] = frame_of(spec);
	s->tagged[s->n] = spec->vlans[0] != 0;
	s->l3[s->n] = ETH_LEN + (spec->vlans[0] ? 4u : 0) + (spec->vlans[1] ? 4u : 0);
	s->for_vip[s->n] = for_vip;
	s->six[s->n] = spec_is_ipv6(spec);
	s->n++;
}

static struct spec icmp_of(const struct cast *c, const char *dst, uint8_t four, uint8_t six,
			   const struct frame *payload)
{
	return (struct spec){
		.src_mac = mac_router,
		.dst_mac = mac_node,
		.src = c->router,
		.dst = dst,
		.proto = c->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.icmp_type = c->family == AF_INET6 ? six : four,
		.payload = payload->b,
		.payload_len = payload->len,
	};
}

static void samples_fill(struct fixture *fx, struct samples *s)
{
	s->n = 0;
	KINDS_EACH(k) {
		struct spec ask = ask_of(k->cast, k->proto), variant = ask, icmp;
		struct talk talk = talk_start(fx, &ask);
		struct frame quote;

		sample_add(s, &ask, true);
		sample_add(s, &talk.answer, false);
		variant.options = 5;
		variant.tcp_options = 3;
		variant.ext[0] = (struct extension){.type = 0, .more = 1};
		variant.ext[1] = (struct extension){.type = 60};
		variant.exts = 2;
		sample_add(s, &variant, true);
		variant.vlans[0] = 0x88a8;
		variant.vlans[1] = k->proto == IPPROTO_TCP ? 0x8100 : 0;
		sample_add(s, &variant, true);
		quote = packet_of(&talk.answered);
		icmp = icmp_of(k->cast, k->cast->vip, 3, 1, &quote);
		sample_add(s, &icmp, true);
		quote = packet_of(&talk.asked);
		icmp = icmp_of(k->cast, k->cast->nat, 11, 3, &quote);
		sample_add(s, &icmp, false);
		icmp = icmp_of(k->cast, k->cast->vip, 8, 128, &quote);
		sample_add(s, &icmp, true);
	}
}

/* Cut by a broken device: the length field says more than is there. */
static void a_frame_cut_anywhere_is_passed_or_dropped(void **state)
{
	static struct samples s;
	struct fixture *fx = *state;

	scene_basic(fx);
	samples_fill(fx, &s);
	for (size_t i = 0; i < s.n; i++) {
		size_t addresses = s.l3[i] + (s.six[i] ? 40 : 20);
		struct frame cut = s.frame[i];

		for (cut.len = ETH_LEN; cut.len < s.frame[i].len; cut.len++) {
			if (cut.len < addresses || !s.for_vip[i])
				expect_raw_pass(fx, &cut);
			else
				expect_raw_drop(fx, &cut, s.tagged[i] ? DROP_VLAN : DROP_MALFORMED);
		}
	}
}

static void set_ip_length(struct frame *f, size_t l3, bool six)
{
	size_t len = f->len - l3 - (six ? 40 : 0);
	uint8_t *at = f->b + l3 + (six ? 4 : 2);

	at[0] = (uint8_t)(len >> 8);
	at[1] = (uint8_t)len;
}

static uint64_t drops_total(struct fixture *fx)
{
	struct drops drops = drops_read(fx);
	uint64_t total = 0;

	for (size_t i = 0; i < DROP_REASON_COUNT; i++)
		total += drops.count[i];
	return total;
}

static bool is_known_next_hop(const uint8_t *dst)
{
	return memcmp(dst, mac_backend, 6) == 0 || memcmp(dst, mac_backend2, 6) == 0 ||
	       memcmp(dst, mac_router, 6) == 0;
}

/* The three answers that are allowed. Returns the verdict. */
static int judge(struct fixture *fx, const struct frame *in)
{
	uint64_t before = drops_total(fx);
	struct frame out;
	int verdict = run(fx, in, &out);

	assert_int_equal(out.len, in->len);
	switch (verdict) {
	case XDP_PASS:
		assert_memory_equal(out.b, in->b, in->len);
		assert_int_equal(drops_total(fx), before);
		break;
	case XDP_DROP:
		assert_int_equal(drops_total(fx), before + 1);
		break;
	case XDP_TX:
		assert_true(is_known_next_hop(out.b));
		assert_int_equal(drops_total(fx), before);
		break;
	default:
		fail_msg("XDP verdict %d", verdict);
	}
	return verdict;
}

/* Cut by an attacker: the IP header agrees with the frame, what is inside does not. */
static void a_packet_cut_anywhere_is_never_sent_without_its_header(void **state)
{
	static struct samples s;
	struct fixture *fx = *state;

	scene_basic(fx);
	samples_fill(fx, &s);
	for (size_t i = 0; i < s.n; i++) {
		struct frame cut = s.frame[i];
		size_t header = s.l3[i] + (s.six[i] ? 40 : 20);

		for (cut.len = header; cut.len < s.frame[i].len; cut.len++) {
			int verdict;

			set_ip_length(&cut, s.l3[i], s.six[i]);
			verdict = judge(fx, &cut);
			if (cut.len < header + 8) /* no transport header is shorter */
				assert_int_equal(verdict, s.for_vip[i] ? XDP_DROP : XDP_PASS);
		}
	}
}

/* Nothing behind the end that the IP header states may decide anything: it is padding. */
static void padding_is_never_read_as_a_header(void **state)
{
	static struct samples s;
	struct fixture *fx = *state;

	scene_basic(fx);
	samples_fill(fx, &s);
	for (size_t i = 0; i < s.n; i++) {
		struct frame f = s.frame[i];
		size_t header = s.l3[i] + (s.six[i] ? 40 : 20);

		for (size_t len = header; len < header + 8; len++) {
			f.len = len;
			set_ip_length(&f, s.l3[i], s.six[i]);
			f.len = s.frame[i].len;
			assert_int_equal(judge(fx, &f), s.for_vip[i] ? XDP_DROP : XDP_PASS);
		}
	}
}

/* xorshift64: the same frames every time. */
static uint64_t chance(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void frames_with_bytes_changed_by_chance_are_survived(void **state)
{
	static struct samples s;
	struct fixture *fx = *state;
	uint64_t dice = 0x9e3779b97f4a7c15;
	int verdicts[5] = {0};

	scene_basic(fx);
	samples_fill(fx, &s);
	for (int i = 0; i < 60000; i++) {
		struct frame f = s.frame[chance(&dice) % s.n];
		uint64_t changes = 1 + chance(&dice) % 4;

		/* MAC addresses stay, as the check is on where a frame goes */
		while (changes--)
			f.b[12 + chance(&dice) % (f.len - 12)] = (uint8_t)chance(&dice);
		if (chance(&dice) % 4 == 0)
			f.len = ETH_LEN + chance(&dice) % (f.len - ETH_LEN + 1);
		verdicts[judge(fx, &f)]++;
	}
	assert_true(verdicts[XDP_PASS] > 1000 && verdicts[XDP_DROP] > 1000 &&
		    verdicts[XDP_TX] > 1000);
}

static void frames_of_chance_are_survived(void **state)
{
	struct fixture *fx = *state;
	uint64_t dice = 0x2545f4914f6cdd1d;

	scene_basic(fx);
	for (int i = 0; i < 20000; i++) {
		struct frame f = {.len = ETH_LEN + chance(&dice) % 200};

		for (size_t b = 0; b < f.len; b++)
			f.b[b] = (uint8_t)chance(&dice);
		f.b[0] &= 0xfe;
		f.b[12] = i % 2 ? 0x08 : 0x86;
		f.b[13] = i % 2 ? 0x00 : 0xdd;
		judge(fx, &f);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_frame_cut_anywhere_is_passed_or_dropped),
		TEST(a_packet_cut_anywhere_is_never_sent_without_its_header),
		TEST(padding_is_never_read_as_a_header),
		TEST(frames_with_bytes_changed_by_chance_are_survived),
		TEST(frames_of_chance_are_survived),
	};

	return cmocka_run_group_tests(tests, fixture_load, fixture_unload);
}
