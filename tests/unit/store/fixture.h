/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_TESTS_STORE_FIXTURE_H
#define VIPCAST_TESTS_STORE_FIXTURE_H

/*
 * A directory of its own for each test, a store on it with a real event loop, and a record of what
 * the store tells: one line an event, "changed BGPPeer cluster-a/spine". Tests never sleep: they
 * run the loop until a line is there. That something did not happen is shown by a later change that
 * did.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/object.h"
#include "store/faults.h"
#include "store/load.h"
#include "store/store.h"

#define EXAMPLES     "k8s/examples"
#define WAIT_SECONDS 10

struct fixture {
	char dir[64];
	struct event_base *base;
	struct store *store;
	ARRAY(char *) lines; /* what was told */
	void (*hook)(struct fixture *f, enum store_event event, const struct api_object *obj);
	bool timed_out;
};

static inline char *path_in(const struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->dir, name);
}

/* Writes the file in place, as `cat > FILE` would. */
static inline void put(const struct fixture *f, const char *name, const char *text)
{
	char *path = path_in(f, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(path);
}

static inline void take_away(const struct fixture *f, const char *name)
{
	char *path = path_in(f, name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static inline void move(const struct fixture *f, const char *from, const char *to)
{
	char *a = path_in(f, from), *b = path_in(f, to);

	assert_int_equal(rename(a, b), 0);
	free(a);
	free(b);
}

static inline bool exists(const struct fixture *f, const char *name)
{
	char *path = path_in(f, name);
	bool there = !access(path, F_OK);

	free(path);
	return there;
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void remove_below(const struct fixture *f, const char *name)
{
	char *path = path_in(f, name);

	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

static inline int make_dir(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/vipcast-store.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->base = event_base_new();
	*state = f;
	return 0;
}

static inline int remove_dir(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	event_base_free(f->base);
	nftw(f->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	array_each(&f->lines, line)
		free(*line);
	array_free(&f->lines);
	free(f);
	return 0;
}

/* ---- the store --------------------------------------------------------------------------- */

static inline void on_store_event(void *ctx, enum store_event event, enum api_kind kind,
				  const struct api_object *obj)
{
	static const char *const verbs[] = {"synced", "added", "changed", "deleted"};
	struct fixture *f = ctx;
	const char *kind_name = api_kind_info(kind)->name;
	char *line;

	if (!obj)
		line = xasprintf("%s %s", verbs[event], kind_name);
	else
		line = xasprintf("%s %s %s%s%s", verbs[event], kind_name,
				 obj->meta.ns ? obj->meta.ns : "", obj->meta.ns ? "/" : "",
				 obj->meta.name);
	array_push(&f->lines, line);
	if (f->hook)
		f->hook(f, event, obj);
}

static inline void open_store(struct fixture *f)
{
	struct err err = {""};

	if (store_dir_open(f->base, f->dir, NULL, &f->store, &err))
		fail_msg("%s", err.msg);
}

static inline void watch(struct fixture *f, enum api_kind kind)
{
	assert_int_equal(store_watch(f->store, kind, on_store_event, f, NULL), 0);
}

static inline void on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct fixture *f = ctx;

	(void)fd;
	(void)what;
	f->timed_out = true;
}

/* Runs the loop until COND(F, ARG), for WAIT_SECONDS at most. */
static inline bool run_until(struct fixture *f, bool (*cond)(struct fixture *f, const void *arg),
			     const void *arg)
{
	const struct timeval limit = {.tv_sec = WAIT_SECONDS};
	struct event *timer = evtimer_new(f->base, on_timeout, f);
	bool met;

	f->timed_out = false;
	evtimer_add(timer, &limit);
	while (!(met = cond(f, arg)) && !f->timed_out)
		event_base_loop(f->base, EVLOOP_ONCE);
	event_free(timer);
	return met;
}

static inline size_t told(const struct fixture *f, const char *line)
{
	size_t n = 0;

	array_each(&f->lines, l)
		n += !strcmp(*l, line);
	return n;
}

static inline bool is_told(struct fixture *f, const void *line)
{
	return told(f, line) > 0;
}

/* Waits for the line and forgets it and all before it; fails unless they are just these COUNT
 * lines. */
static inline void expect_lines(struct fixture *f, size_t count, const char *const *lines)
{
	bool met = run_until(f, is_told, lines[count - 1]);

	for (size_t i = 0; i < count || i < f->lines.n; i++) {
		const char *got = i < f->lines.n ? f->lines.v[i] : "nothing";
		const char *wanted = i < count ? lines[i] : "nothing";

		if (!met || strcmp(got, wanted) != 0)
			fail_msg("line %zu: told \"%s\", expected \"%s\"", i, got, wanted);
	}
	array_each(&f->lines, line)
		free(*line);
	f->lines.n = 0;
}

#define EXPECT(f, ...)                                                          \
	expect_lines(f, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
		     (const char *[]){__VA_ARGS__})

/* ---- faults ------------------------------------------------------------------------------ */

static inline bool has_fault(struct fixture *f, const void *text)
{
	char shown[1024];

	array_each(store_faults(f->store), fault)
		if (!strcmp(fault_format(fault, shown, sizeof(shown)), text))
			return true;
	return false;
}

static inline bool has_no_faults(struct fixture *f, const void *unused)
{
	(void)unused;
	return !store_faults(f->store)->n;
}

static inline void print_faults(const fault_list *faults)
{
	char shown[1024];

	array_each(faults, fault)
		print_error("fault: %s\n", fault_format(fault, shown, sizeof(shown)));
}

/* Waits for the fault "FILE:LINE: ..."; FILE is taken to be in the directory. */
static inline void expect_fault(struct fixture *f, const char *text)
{
	char *whole = path_in(f, text);

	if (!run_until(f, has_fault, whole)) {
		print_faults(store_faults(f->store));
		fail_msg("no fault \"%s\"", whole);
	}
	free(whole);
}

static inline void expect_no_faults(struct fixture *f)
{
	if (!run_until(f, has_no_faults, NULL)) {
		print_faults(store_faults(f->store));
		fail_msg("there are faults");
	}
}

/* ---- manifests --------------------------------------------------------------------------- */

#define PEER(name_, ip_)                                                             \
	"apiVersion: networking.gke.io/v1\n"                                         \
	"kind: BGPPeer\n"                                                            \
	"metadata: {name: " name_ ", namespace: cluster-a, labels: {plane: data}}\n" \
	"spec: {localASN: 64601, peerASN: 64602, peerIP: " ip_ "}\n"
#define SEPARATOR "---\n"
#define SERVICE(name_, port_)                                                           \
	"apiVersion: v1\nkind: Service\nmetadata: {name: " name_ ", namespace: shop}\n" \
	"spec: {type: LoadBalancer, ports: [{port: " port_ "}]}\n"
#define FENCE                                                   \
	"apiVersion: v1\nkind: Node\nmetadata: {name: fence}\n" \
	"status: {addresses: [{type: InternalIP, address: 10.9.9.9}]}\n"

/* The Cluster, gateway group and selector that keep rules between objects content about PEER. */
#define AROUND                                                               \
	"apiVersion: baremetal.cluster.gke.io/v1\nkind: Cluster\n"           \
	"metadata: {name: a, namespace: cluster-a}\n"                        \
	"spec:\n  clusterNetwork: {advancedNetworking: true}\n"              \
	"  controlPlane: {nodePoolSpec: {nodes: [{address: 10.0.0.1}]}}\n"   \
	"  loadBalancer:\n    type: bgp\n    localASN: 64601\n"              \
	"    bgpPeers: [{ip: 10.0.0.254, asn: 64602}]\n"                     \
	"---\napiVersion: networking.gke.io/v1\nkind: NetworkGatewayGroup\n" \
	"metadata: {name: default, namespace: cluster-a}\n"                  \
	"spec: {floatingIPs: [10.0.0.100, 10.0.0.101]}\n"                    \
	"---\napiVersion: networking.gke.io/v1\nkind: BGPLoadBalancer\n"     \
	"metadata: {name: default, namespace: cluster-a}\n"                  \
	"spec: {peerSelector: {plane: data}}\n"

#endif
