/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PLAN_IPAM_FIXTURE_H
#define TESTS_UNIT_PLAN_IPAM_FIXTURE_H

/* A Cluster, its Services, and the plan that is made of them. */

#include "build.h"
#include "plan/ipam.h"

struct fixture {
	struct api_state state;
	struct api_object *cluster;
	struct ipam_plan plan;
};

static inline int set_up(void **ctx)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->cluster = add_cluster(&f->state);
	*ctx = f;
	return 0;
}

static inline int tear_down(void **ctx)
{
	struct fixture *f = *ctx;

	ipam_plan_free(&f->plan);
	state_free(&f->state);
	free(f);
	return 0;
}

static inline void run(struct fixture *f)
{
	struct plan_cluster c;

	ipam_plan_free(&f->plan);
	open_view(&c, &f->state, NOW);
	ipam_assign(&c, &f->plan);
	plan_cluster_close(&c);
}

/* Writes what was planned into the Services, as the controller does. */
static inline void apply(struct fixture *f)
{
	array_each(&f->plan.changes, change) {
		struct api_object *obj = get(&f->state, API_SERVICE, change->service->meta.ns,
					     change->service->meta.name);

		obj->service.ingress.n = 0;
		array_each(&change->ingress, ip)
			array_push(&obj->service.ingress, *ip);
	}
}

static inline void settle(struct fixture *f)
{
	for (int i = 0; i < 5; i++) {
		run(f);
		if (f->plan.changes.n == 0)
			return;
		apply(f);
	}
	fail_msg("the plan does not come to rest");
}

/* "198.51.100.1 2001:db8::1" */
static inline void assert_vips(struct fixture *f, const char *ns, const char *name,
			       const char *expected)
{
	const struct api_object *obj = state_get(&f->state, API_SERVICE, ns, name);
	char text[200] = "";

	array_each(&obj->service.ingress, ip) {
		strcat(text, *text ? " " : "");
		strcat(text, ip_str(ip).s);
	}
	assert_string_equal(text, expected);
}

static inline void assert_problem(const struct fixture *f, const char *service, const char *part)
{
	array_each(&f->plan.problems, p)
		if (strcmp(p->name, service) == 0 && strstr(p->message, part))
			return;
	array_each(&f->plan.problems, p)
		print_message("%s: %s\n", p->name, p->message);
	fail_msg("no problem of %s that says \"%s\"", service, part);
}

static inline struct api_object *service(struct fixture *f, const char *name)
{
	return add_service(&f->state, "shop", name);
}

static inline void has(struct api_object *obj, const char *ip)
{
	array_push(&obj->service.ingress, ip_of(ip));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
