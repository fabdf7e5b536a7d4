// SPDX-License-Identifier: Apache-2.0
/*
 * The role as a whole, against a store that only listens and a peer that only reads: a socket that
 * accepts BGP connections and keeps what comes in. In a network namespace of its own; needs root.
 */
#include "../net/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bgp/bgp.h"
#include "speaker/speaker.h"

#define PEER		 "10.1.0.1"
#define PORT		 1790
#define MESSAGE_TYPE	 18 /* offset in a message: RFC 4271 section 4.1 */
#define PATIENCE_SECONDS 60

/* ---- a store that keeps the last status of each session ---------------------------------- */

struct fake_store {
	struct store store; /* first */
	struct api_state reported;
	unsigned int writes;
};

static int take_status(struct store *store, const struct api_object *obj, struct err *err)
{
	struct fake_store *fake = (struct fake_store *)store;

	(void)err;
	fake->writes++;
	state_put(&fake->reported, api_object_copy(obj));
	return 0;
}

static const struct store_ops fake_ops = {.status = take_status};

/* ---- a node, its speaker, and its peer --------------------------------------------------- */

/* One accepted connection, and all that was read from it. */
struct connection {
	int fd;
	struct ip_addr from;
	uint8_t bytes[4096];
	size_t n;
	bool closed;
};

struct fixture {
	struct event_base *base;
	struct fake_store store;
	struct api_state state;
	struct speaker *speaker;
	int listener;
	ARRAY(struct connection *) connections;
	bool stopped;
};

static int listen_as_peer(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, PEER, &address.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct speaker_config config = {.node_name = "lb1"};
	struct err err;

	f->base = event_base_new();
	f->store.store.ops = &fake_ops;
	f->listener = listen_as_peer();
	config.base = f->base;
	config.store = &f->store.store;
	assert_ok(speaker_new(&config, &f->state, &f->speaker, &err), err);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	speaker_free(f->speaker);
	array_each(&f->connections, connection) {
		close((*connection)->fd);
		free(*connection);
	}
	array_free(&f->connections);
	close(f->listener);
	state_free(&f->state);
	state_free(&f->store.reported);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void accept_all(struct fixture *f)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd;

	while ((fd = accept4(f->listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK)) >= 0) {
		struct connection *connection = xcalloc(1, sizeof(*connection));

		connection->fd = fd;
		connection->from.family = AF_INET;
		memcpy(connection->from.b, &from.sin_addr, 4);
		array_push(&f->connections, connection);
	}
}

static void read_all(struct fixture *f)
{
	array_each(&f->connections, c) {
		ssize_t n = recv((*c)->fd, (*c)->bytes + (*c)->n, sizeof((*c)->bytes) - (*c)->n,
				 MSG_DONTWAIT);

		if (n > 0)
			(*c)->n += (size_t)n;
		else if (n == 0 || errno != EAGAIN)
			(*c)->closed = true;
	}
}

/* One turn of the loop, which waits for events for 20 ms at most. */
static void turn(struct fixture *f)
{
	const struct timeval wait = {.tv_usec = 20000};

	event_base_loopexit(f->base, &wait);
	event_base_dispatch(f->base);
	accept_all(f);
	read_all(f);
}

/* Turns until it is true. In vain: the alarm of main() ends the program. */
#define until(f, condition)  \
	while (!(condition)) \
	turn(f)

static struct api_object *session(const char *name, const char *floating)
{
	struct api_object *obj = api_object_new(API_BGP_SESSION, "kube-system", name);

	obj->session.node_name = xstrdup("lb1");
	obj->session.floating_ip = ip(floating);
	obj->session.local_ip = ip("10.1.0.9");
	obj->session.peer_ip = ip(PEER);
	obj->session.peer_port = PORT;
	obj->session.local_asn = 64601;
	obj->session.peer_asn = 64602;
	return obj;
}

static void apply(struct fixture *f, struct api_object *obj)
{
	state_put(&f->state, obj);
	speaker_state_changed(f->speaker);
}

/* The connection from this address that is not closed, and on which an OPEN has come. */
static struct connection *opened(struct fixture *f, const char *from)
{
	struct ip_addr addr = ip(from);

	array_each(&f->connections, c)
		if (ip_equal(&(*c)->from, &addr) && !(*c)->closed && (*c)->n > MESSAGE_TYPE &&
		    (*c)->bytes[MESSAGE_TYPE] == BGP_OPEN)
			return *c;
	return NULL;
}

static const struct api_bgp_session *reported(const struct fixture *f, const char *name)
{
	const struct api_object *obj =
		state_get(&f->store.reported, API_BGP_SESSION, "kube-system", name);

	return obj ? &obj->session : NULL;
}

static bool reports(const struct fixture *f, const char *name, const char *reason)
{
	const struct api_bgp_session *s = reported(f, name);

	return s && s->reason && strstr(s->reason, reason);
}

/* Does the connection end with Cease, Administrative Shutdown? The OPEN comes before it. */
static bool ends_with_cease(const struct connection *c)
{
	size_t open = c->n > 17 ? (size_t)c->bytes[16] << 8 | c->bytes[17] : 0;

	return c->closed && c->n > open + MESSAGE_TYPE + 2 &&
	       c->bytes[open + MESSAGE_TYPE] == BGP_NOTIFICATION &&
	       c->bytes[open + MESSAGE_TYPE + 1] == 6 && c->bytes[open + MESSAGE_TYPE + 2] == 2;
}

/* Whether a process still has a connection from this address open (the kernel may, without). */
static bool has_socket(const char *from)
{
	struct in_addr wanted;
	char line[512];
	bool found = false;
	FILE *file = fopen("/proc/net/tcp", "r");

	assert_non_null(file);
	inet_pton(AF_INET, from, &wanted);
	while (fgets(line, sizeof(line), file)) {
		unsigned int local;
		unsigned long inode;

		if (sscanf(line, " %*d: %x:%*x %*s %*s %*s %*s %*s %*s %*s %lu", &local, &inode) ==
		    2)
			found |= local == wanted.s_addr && inode;
	}
	fclose(file);
	return found;
}

static size_t held(const struct fixture *f)
{
	json_t *list = speaker_floating_json(f->speaker);
	size_t n = json_array_size(list);

	json_decref(list);
	return n;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void a_session_connects_from_its_floating_ip(void **state)
{
	struct fixture *f = *state;

	apply(f, session("s", "10.1.0.100"));
	until(f, opened(f, "10.1.0.100"));
	until(f, reported(f, "s") && !strcmp(reported(f, "s")->state, "OpenSent"));
	assert_int_equal(held(f), 1);
}

static void a_session_without_its_address_says_so_once(void **state)
{
	struct fixture *f = *state;
	unsigned int writes;

	apply(f, session("s", "192.0.2.100"));
	until(f, reports(f, "s", "floating IP 192.0.2.100 is not on this node"));
	writes = f->store.writes;
	/* Its own report comes back as a change of the state; that must not lead to another one. */
	for (int i = 0; i < 20; i++) {
		apply(f, api_object_copy(state_get(&f->store.reported, API_BGP_SESSION,
						   "kube-system", "s")));
		turn(f);
	}
	assert_int_equal(f->store.writes, writes);
	assert_int_equal(f->connections.n, 0);
}

static void a_session_starts_when_its_address_can_be_held(void **state)
{
	struct fixture *f = *state;

	apply(f, session("s", "192.0.2.100"));
	until(f, reported(f, "s"));
	run("ip addr add 192.0.2.1/24 dev va");
	until(f, opened(f, "192.0.2.100"));
	run("ip addr del 192.0.2.1/24 dev va");
}

static void only_the_session_that_changed_is_touched(void **state)
{
	struct fixture *f = *state;
	struct api_object *changed = session("s1", "10.1.0.100");
	struct connection *one, *other;

	apply(f, session("s1", "10.1.0.100"));
	apply(f, session("s2", "10.1.0.101"));
	until(f, opened(f, "10.1.0.100") && opened(f, "10.1.0.101"));
	one = opened(f, "10.1.0.100");
	other = opened(f, "10.1.0.101");
	changed->session.hold_time = 30;
	apply(f, changed);
	until(f, one->closed);
	assert_true(ends_with_cease(one));
	shutdown(one->fd, SHUT_RDWR); /* the peer closes too, and a new one may come */
	until(f, opened(f, "10.1.0.100"));
	assert_false(other->closed);
	assert_ptr_equal(opened(f, "10.1.0.101"), other);
}

/* Two connections between the same ends at once would look like a collision to the peer. */
static void a_changed_session_waits_until_the_former_one_is_closed(void **state)
{
	struct fixture *f = *state;
	struct api_object *changed = session("s", "10.1.0.100");
	struct connection *former;

	apply(f, session("s", "10.1.0.100"));
	until(f, opened(f, "10.1.0.100"));
	former = opened(f, "10.1.0.100");
	changed->session.hold_time = 30;
	apply(f, changed);
	until(f, former->closed);
	until(f, reports(f, "s", "the session before it is being closed"));
	assert_int_equal(f->connections.n, 1);
	shutdown(former->fd, SHUT_RDWR);
	until(f, opened(f, "10.1.0.100"));
}

static void a_deleted_session_ends_with_cease_and_its_address_goes_last(void **state)
{
	struct fixture *f = *state;
	struct connection *c;

	apply(f, session("s", "10.1.0.100"));
	until(f, opened(f, "10.1.0.100"));
	c = opened(f, "10.1.0.100");
	state_delete(&f->state, API_BGP_SESSION, "kube-system", "s");
	speaker_state_changed(f->speaker);
	assert_int_equal(held(f), 1);
	until(f, c->closed);
	assert_true(ends_with_cease(c));
	shutdown(c->fd, SHUT_RDWR);
	until(f, !held(f));
}

static void a_release_ends_everything_at_once(void **state)
{
	struct fixture *f = *state;

	apply(f, session("s", "10.1.0.100"));
	until(f, opened(f, "10.1.0.100"));
	speaker_release(f->speaker, "the Lease is lost");
	assert_int_equal(held(f), 0);
	assert_true(reports(f, "s", "the Lease is lost"));
	assert_string_equal(reported(f, "s")->state, "Idle");
	/* What comes in meanwhile changes nothing. */
	apply(f, session("s2", "10.1.0.101"));
	turn(f);
	assert_int_equal(held(f), 0);
	speaker_resume(f->speaker);
	assert_int_equal(held(f), 2);
	until(f, opened(f, "10.1.0.101"));
}

/* The users of an address from before a release must not keep it, or lose it, afterwards. */
static void an_address_goes_with_its_last_session_after_a_release(struct fixture *f, bool ended)
{
	apply(f, session("s", "10.1.0.100"));
	until(f, opened(f, "10.1.0.100"));
	speaker_release(f->speaker, "the Lease is lost");
	shutdown(f->connections.v[0]->fd, SHUT_RDWR);
	until(f, !ended || !has_socket("10.1.0.100"));
	speaker_resume(f->speaker);
	until(f, opened(f, "10.1.0.100") && f->connections.n == 2);
	assert_int_equal(held(f), 1);
	state_delete(&f->state, API_BGP_SESSION, "kube-system", "s");
	speaker_state_changed(f->speaker);
	until(f, f->connections.v[1]->closed);
	shutdown(f->connections.v[1]->fd, SHUT_RDWR);
	until(f, !held(f));
}

static void a_session_that_ended_during_a_release_keeps_no_address(void **state)
{
	an_address_goes_with_its_last_session_after_a_release(*state, true);
}

static void a_session_that_ended_after_a_release_takes_no_address_away(void **state)
{
	an_address_goes_with_its_last_session_after_a_release(*state, false);
}

static void on_stopped(void *ctx)
{
	((struct fixture *)ctx)->stopped = true;
}

static void stopping_tells_the_peer_and_the_store(void **state)
{
	struct fixture *f = *state;
	struct connection *c;

	apply(f, session("s", "10.1.0.100"));
	until(f, opened(f, "10.1.0.100"));
	c = opened(f, "10.1.0.100");
	speaker_stop(f->speaker, "vipcastd stops", on_stopped, f);
	assert_true(reports(f, "s", "vipcastd stops"));
	until(f, c->closed);
	assert_true(ends_with_cease(c));
	shutdown(c->fd, SHUT_RDWR);
	until(f, f->stopped);
}

static void sessions_of_other_nodes_are_never_reported_on(void **state)
{
	struct fixture *f = *state;
	struct api_object *obj = session("s", "10.1.0.100");

	apply(f, session("s", "10.1.0.100"));
	until(f, reported(f, "s"));
	free(obj->session.node_name);
	obj->session.node_name = xstrdup("lb2");
	state_put(&f->state, obj);
	f->store.writes = 0;
	speaker_state_changed(f->speaker);
	assert_int_equal(f->store.writes, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_connects_from_its_floating_ip),
		TEST(a_session_without_its_address_says_so_once),
		TEST(a_session_starts_when_its_address_can_be_held),
		TEST(only_the_session_that_changed_is_touched),
		TEST(a_changed_session_waits_until_the_former_one_is_closed),
		TEST(a_deleted_session_ends_with_cease_and_its_address_goes_last),
		TEST(a_release_ends_everything_at_once),
		TEST(a_session_that_ended_during_a_release_keeps_no_address),
		TEST(a_session_that_ended_after_a_release_takes_no_address_away),
		TEST(stopping_tells_the_peer_and_the_store),
		TEST(sessions_of_other_nodes_are_never_reported_on),
	};

	alarm(PATIENCE_SECONDS);
	return cmocka_run_group_tests(tests, netns_setup, netns_teardown);
}
