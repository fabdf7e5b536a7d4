/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PLAN_ROUTES_FIXTURE_H
#define TESTS_UNIT_PLAN_ROUTES_FIXTURE_H

/* Five load balancer nodes, two peers and two floating IPs, and the routes that are planned. */

#include "build.h"
#include "plan/routes.h"

#define NODES 5

struct fixture {
	struct api_state state;
	struct api_object *cluster, *gateways;
	struct plan_cluster c;
	struct placement placement;
	struct session_plan sessions;
	struct route_plan plan;
	bool open;
};

static inline void close_plan(struct fixture *f)
{
	if (!f->open)
		return;
	route_plan_free(&f->plan);
	session_plan_free(&f->sessions);
	placement_free(&f->placement);
	plan_cluster_close(&f->c);
	f->open = false;
}

static inline int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char name[16], ip4[32], ip6[48];

	f->cluster = add_cluster(&f->state);
	f->gateways = add_gateways(&f->state);
	for (int i = 1; i <= NODES; i++) {
		snprintf(name, sizeof(name), "lb%d", i);
		snprintf(ip4, sizeof(ip4), "172.30.1.%d", 20 + i);
		snprintf(ip6, sizeof(ip6), "2001:db8:30:1::%d", 20 + i);
		add_node(&f->state, name, ip4, ip6);
		add_agent(&f->state, name, "on", "attached", "172.30.1.0/24");
		add_ref(f->cluster, true, ip4);
	}
	add_cluster_peer(f->cluster, "172.30.9.10", 64602);
	add_cluster_peer(f->cluster, "172.30.9.11", 64602);
	add_floating_ip(f->gateways, "172.30.1.100");
	add_floating_ip(f->gateways, "172.30.1.101");
	*ctx = f;
	return 0;
}

static inline int tear_down(void **ctx)
{
	struct fixture *f = *ctx;

	close_plan(f);
	state_free(&f->state);
	free(f);
	return 0;
}

static inline void run(struct fixture *f)
{
	close_plan(f);
	open_view(&f->c, &f->state, NOW);
	place_floating_ips(&f->c, &f->placement);
	plan_sessions(&f->c, &f->placement, &f->sessions);
	plan_routes(&f->c, &f->placement, &f->sessions, &f->plan);
	f->open = true;
}

/* Writes routes and placements into the state, and says how many fallback choices of the routes
 * that stay are others than before; those that were on GONE (may be NULL) are counted apart. */
struct moves {
	size_t of_gone, others, total;
};

static inline void count_moves(const struct api_object *old, const struct api_object *fresh,
			       const struct ip_addr *gone, struct moves *moves)
{
	array_each(&old->route.fallback, was) {
		array_each(&fresh->route.fallback, is) {
			if (!ip_equal(&was->peer_ip, &is->peer_ip) ||
			    !ip_equal(&was->floating_ip, &is->floating_ip))
				continue;
			moves->total++;
			if (ip_equal(&was->next_hop, &is->next_hop))
				continue;
			if (gone && ip_equal(&was->next_hop, gone))
				moves->of_gone++;
			else
				moves->others++;
		}
	}
}

static inline struct moves apply(struct fixture *f, const char *gone)
{
	struct ip_addr gone_ip = {0};
	struct moves moves = {0};

	if (gone)
		gone_ip = ip_of(gone);
	array_each(&f->plan.routes, route) {
		const struct api_object *old = state_get(&f->state, API_BGP_ADVERTISED_ROUTE,
							 "kube-system", (*route)->meta.name);

		if (old)
			count_moves(old, *route, gone ? &gone_ip : NULL, &moves);
		state_put(&f->state, *route);
	}
	f->plan.routes.n = 0; /* the state has them */
	write_placements(f->gateways, &f->placement);
	return moves;
}

static inline struct api_object *served(struct fixture *f, const char *name, const char *vip)
{
	struct api_object *obj = add_service(&f->state, "shop", name);

	array_push(&obj->service.ingress, ip_of(vip));
	add_endpoint(&f->state, obj, obj->service.ingress.v[0].family, "be1");
	return obj;
}

static inline void many_served(struct fixture *f, int n)
{
	char name[16], vip[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "s%05d", i);
		snprintf(vip, sizeof(vip), "198.18.%d.%d", i / 250, i % 250 + 1);
		served(f, name, vip);
	}
}

static inline const struct api_object *route(const struct fixture *f, const char *name)
{
	array_each(&f->plan.routes, obj)
		if (strcmp((*obj)->meta.name, name) == 0)
			return *obj;
	return NULL;
}

static inline void assert_next_hops(const struct fixture *f, const char *name, const char *expected)
{
	const struct api_object *obj = route(f, name);
	char text[400] = "";

	if (!obj) {
		assert_null(expected);
		return;
	}
	array_each(&obj->route.next_hops, ip) {
		strcat(text, *text ? " " : "");
		strcat(text, ip_str(ip).s);
	}
	assert_non_null(expected);
	assert_string_equal(text, expected);
}

static inline void lose(struct fixture *f, const char *node)
{
	char *name = xasprintf("vipcast-%s", node);

	assert_true(state_delete(&f->state, API_LEASE, "kube-system", name));
	free(name);
}

static inline void gain(struct fixture *f, const char *node)
{
	add_agent(&f->state, node, "on", "attached", "172.30.1.0/24");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
