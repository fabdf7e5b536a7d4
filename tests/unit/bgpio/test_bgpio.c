// SPDX-License-Identifier: Apache-2.0
/*
 * Sessions on real sockets, against a peer that says what a test wants it to, in a network
 * namespace of the program's own. Needs root.
 */

#include "bgpio/bgpio.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../bgp/bgp_test.h"

#define LOCAL "10.9.0.1"
#define PEER  "10.9.0.2"

/* Answers of a peer in AS 64602 that takes ADD-PATH for IPv4: OPEN, and KEEPALIVE. */
#define OPEN_AND_KEEPALIVE                                                                \
	MARKER "002d 01 04 fc5a 005a 0a090002 10 02 0e 01 04 0001 00 01 45 04 0001 01 01" \
	       "46 00" MARKER "0013 04"

struct bench {
	struct event_base *base;
	struct bgpio *io;
	struct rib *rib;
	struct bgpio_session *session;
	int listener, peer; /* -1: none */
	uint8_t got[65536]; /* what the peer has read last */
	size_t got_len, got_total;
	enum bgp_state state;
	char reason[512];
	int changes, removed, stopped;
	bool remove_when_up;
};

static void run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static int group_setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET)) {
		print_error("cannot make a network namespace; these tests run as root\n");
		return -1;
	}
	/* A packet must fit into the small receive buffer of a slow peer. */
	run("ip link set lo mtu 1500 up && ip addr add " LOCAL "/32 dev lo && ip addr add " PEER
	    "/32 dev lo");
	return 0;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->base = event_base_new();
	b->io = bgpio_new(b->base, NULL);
	b->rib = rib_new();
	b->listener = b->peer = -1;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	bgpio_free(b->io);
	rib_free(b->rib);
	event_base_free(b->base);
	if (b->listener >= 0)
		close(b->listener);
	if (b->peer >= 0)
		close(b->peer);
	free(b);
	return 0;
}

static void listen_as_peer(struct bench *b)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(BGP_PORT)};
	struct ip_addr addr = ip(PEER);
	int one = 1;
	int small = 32768;

	memcpy(&sin.sin_addr, addr.b, 4);
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(b->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(b->listener, 4), 0);
}

static void on_state(void *ctx, struct bgpio_session *session, enum bgp_state from,
		     enum bgp_state to, const char *reason)
{
	struct bench *b = ctx;

	(void)from;
	b->changes++;
	b->state = to;
	(void)snprintf(b->reason, sizeof(b->reason), "%s", reason);
	if (b->remove_when_up && to == BGP_ESTABLISHED)
		bgpio_session_remove(session, "enough");
}

static void on_removed(void *ctx)
{
	((struct bench *)ctx)->removed++;
}

static void on_stopped(void *ctx)
{
	((struct bench *)ctx)->stopped++;
}

static void add_session(struct bench *b, const char *local)
{
	static const struct bgpio_callbacks callbacks = {.state_changed = on_state,
							 .removed = on_removed};
	struct bgp_config config = {.local = ip(local),
				    .peer = ip(PEER),
				    .local_as = 64601,
				    .peer_as = 64602,
				    .add_path = true};
	struct err err;

	assert_ok(bgpio_session_add(b->io, &config, b->rib, &callbacks, b, &b->session, &err), err);
	assert_int_equal(b->changes, 0); /* told from the loop only */
}

/* ---- waiting ----------------------------------------------------------------------------- */

#define TOO_LONG 20000 /* ms */

/* Turns the loop until CONDITION holds, whatever it takes, within reason. */
#define wait_for(b, condition)                                          \
	do {                                                            \
		uint64_t end = bgpio_now() + TOO_LONG;                  \
		while (!(condition)) {                                  \
			event_base_loop((b)->base, EVLOOP_NONBLOCK);    \
			if (bgpio_now() > end)                          \
				fail_msg("waited for: %s", #condition); \
			usleep(1000);                                   \
		}                                                       \
	} while (0)

static bool accepted(struct bench *b)
{
	b->peer = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK);
	return b->peer >= 0;
}

/* Reads what there is; false when the connection is at its end. */
static bool peer_reads(struct bench *b)
{
	ssize_t n = recv(b->peer, b->got, sizeof(b->got), 0);

	if (n > 0) {
		b->got_len = (size_t)n;
		b->got_total += (size_t)n;
	}
	return n > 0 || (n < 0 && errno == EAGAIN);
}

static void peer_says(struct bench *b, const char *text)
{
	uint8_t bytes[512];
	size_t len = unhex(text, bytes);

	assert_int_equal(send(b->peer, bytes, len, MSG_NOSIGNAL), len);
}

static void come_up(struct bench *b)
{
	listen_as_peer(b);
	add_session(b, LOCAL);
	wait_for(b, accepted(b));
	peer_says(b, OPEN_AND_KEEPALIVE);
	wait_for(b, b->state == BGP_ESTABLISHED);
}

/* ---- connecting -------------------------------------------------------------------------- */

static void a_local_address_that_is_nowhere_is_named(void **state)
{
	struct bench *b = *state;

	add_session(b, "10.9.0.77");
	wait_for(b, b->changes >= 2);
	assert_string_equal(b->reason, "cannot bind 10.9.0.77: address not on any interface "
				       "(floating IP not yet assigned?)");
}

static void a_refused_connection_is_told_in_words(void **state)
{
	struct bench *b = *state;

	add_session(b, LOCAL);
	wait_for(b, b->changes >= 2);
	assert_string_equal(b->reason, "cannot connect to " PEER
				       ": connection refused (no BGP daemon listens there?)");
}

static void a_retry_does_not_wait_for_the_end_of_the_back_off(void **state)
{
	struct bench *b = *state;

	add_session(b, "10.9.0.3");
	wait_for(b, b->state == BGP_IDLE && b->changes == 2);
	run("ip addr add 10.9.0.3/32 dev lo");
	listen_as_peer(b);
	bgpio_session_retry(b->session);
	event_base_loop(b->base, EVLOOP_NONBLOCK);
	assert_true(accepted(b));
	run("ip addr del 10.9.0.3/32 dev lo");
}

static void the_session_comes_from_its_local_address_and_sends_its_open(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct ip_addr from, local = ip(LOCAL);

	come_up(b);
	assert_int_equal(getpeername(b->peer, (struct sockaddr *)&sin, &len), 0);
	from = ip_from_v4(&sin.sin_addr);
	assert_true(ip_equal(&from, &local));
	assert_true(peer_reads(b));
	assert_int_equal(b->got[18], BGP_OPEN);
	assert_true(bgpio_session_facts(b->session)->families[BGP_IPV4_UNICAST].add_path);
}

static void a_connection_that_is_lost_is_made_again(void **state)
{
	struct bench *b = *state;

	come_up(b);
	close(b->peer);
	wait_for(b, b->state == BGP_IDLE);
	wait_for(b, accepted(b));
	peer_says(b, OPEN_AND_KEEPALIVE);
	wait_for(b, b->state == BGP_ESTABLISHED);
	assert_int_equal(bgpio_session_facts(b->session)->established_count, 2);
}

/* ---- sending ----------------------------------------------------------------------------- */

static void fill(struct bench *b, uint32_t routes, size_t ways)
{
	struct ip_addr hops[8];
	struct ip_prefix p = {.len = 32};
	struct err err;

	for (size_t i = 0; i < ways; i++)
		hops[i] = ip_from_v4((uint8_t[]){10, 0, 0, (uint8_t)(i + 1)});
	for (uint32_t i = 0; i < routes; i++) {
		p.addr = ip_from_v4(
			(uint8_t[]){100, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
		assert_ok(rib_set(b->rib, &p, hops, ways, 0, NULL, &err), err);
	}
	bgpio_rib_changed(b->io);
}

static void a_change_goes_out_when_it_is_told(void **state)
{
	struct bench *b = *state;
	const struct bgp_facts *facts;

	come_up(b);
	facts = bgpio_session_facts(b->session);
	fill(b, 3, 2);
	wait_for(b, facts->families[BGP_IPV4_UNICAST].prefixes_sent == 3);
	fill(b, 3, 0);
	wait_for(b, facts->families[BGP_IPV4_UNICAST].prefixes_sent == 0);
}

/* What the peer has read last ends with the marker: it has been fed all. */
static bool at_end_of_rib(const struct bench *b)
{
	static const uint8_t marker[] = {0, 23, BGP_UPDATE, 0, 0, 0, 0};

	return b->got_len >= sizeof(marker) &&
	       !memcmp(b->got + b->got_len - sizeof(marker), marker, sizeof(marker));
}

static void what_a_slow_peer_does_not_read_stays_in_the_rib(void **state)
{
	enum { ROUTES = 100000, WAYS = 8, FEED = ROUTES * WAYS * 9 };
	struct bench *b = *state;
	const struct bgp_facts *facts;
	uint64_t sent = 0;

	fill(b, ROUTES, WAYS);
	come_up(b);
	facts = bgpio_session_facts(b->session);
	/* Until the sockets are full: nothing more is taken in two turns of the loop. */
	wait_for(b, sent && sent == facts->messages_out[BGP_UPDATE]
			    ? true
			    : (sent = facts->messages_out[BGP_UPDATE], false));
	assert_in_range(sent * BGP_MESSAGE_MAX, 0, FEED / 4);
	/* Three more rounds of changes of all routes cost the peer one in the end. */
	for (size_t ways = 1; ways <= 3; ways++)
		fill(b, ROUTES, ways);
	wait_for(b, (peer_reads(b), at_end_of_rib(b)));
	assert_in_range(b->got_total, ROUTES * 9 * 3, 2 * FEED);
}

/* ---- ending ------------------------------------------------------------------------------ */

static void a_removed_session_says_why_before_it_closes(void **state)
{
	static const uint8_t cease[] = {BGP_NOTIFICATION, 6, 2, 3, 'b', 'y', 'e'};
	struct bench *b = *state;

	come_up(b);
	assert_true(peer_reads(b));
	b->changes = 0;
	bgpio_session_remove(b->session, "bye");
	assert_int_equal(b->removed, 0); /* told from the loop only */
	wait_for(b, !peer_reads(b));
	assert_true(b->got_len >= sizeof(cease));
	assert_memory_equal(b->got + b->got_len - sizeof(cease), cease, sizeof(cease));
	close(b->peer);
	b->peer = -1;
	wait_for(b, b->removed == 1);
	assert_int_equal(b->changes, 0);
}

static void a_peer_that_never_closes_is_not_waited_for_long(void **state)
{
	struct bench *b = *state;
	uint64_t start;

	come_up(b);
	start = bgpio_now();
	bgpio_stop(b->io, "bye", on_stopped, b);
	wait_for(b, b->stopped == 1);
	assert_int_equal(b->removed, 1);
	assert_in_range(bgpio_now() - start, 1900, 10000);
}

static void stopping_without_sessions_is_done_at_once(void **state)
{
	struct bench *b = *state;

	bgpio_stop(b->io, "bye", on_stopped, b);
	wait_for(b, b->stopped == 1);
}

static void a_session_may_be_removed_from_within_its_callback(void **state)
{
	struct bench *b = *state;

	b->remove_when_up = true;
	come_up(b);
	wait_for(b, !peer_reads(b));
	close(b->peer);
	b->peer = -1;
	wait_for(b, b->removed == 1);
}

static void a_session_that_waits_can_be_removed(void **state)
{
	struct bench *b = *state;

	add_session(b, LOCAL);
	wait_for(b, b->state == BGP_IDLE && b->changes >= 2);
	bgpio_session_remove(b->session, "bye");
	wait_for(b, b->removed == 1);
}

static void freeing_sends_the_cease_that_the_socket_takes(void **state)
{
	struct bench *b = *state;

	come_up(b);
	bgpio_free(b->io);
	b->io = NULL;
	wait_for(b, !peer_reads(b));
	assert_memory_equal(b->got + b->got_len - 13, "shutting down", 13);
}

#define bench_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_local_address_that_is_nowhere_is_named),
		bench_test(a_refused_connection_is_told_in_words),
		bench_test(a_retry_does_not_wait_for_the_end_of_the_back_off),
		bench_test(the_session_comes_from_its_local_address_and_sends_its_open),
		bench_test(a_connection_that_is_lost_is_made_again),
		bench_test(a_change_goes_out_when_it_is_told),
		bench_test(what_a_slow_peer_does_not_read_stays_in_the_rib),
		bench_test(a_removed_session_says_why_before_it_closes),
		bench_test(a_peer_that_never_closes_is_not_waited_for_long),
		bench_test(stopping_without_sessions_is_done_at_once),
		bench_test(a_session_may_be_removed_from_within_its_callback),
		bench_test(a_session_that_waits_can_be_removed),
		bench_test(freeing_sends_the_cease_that_the_socket_takes),
	};

	return cmocka_run_group_tests_name("bgpio", tests, group_setup, NULL);
}
