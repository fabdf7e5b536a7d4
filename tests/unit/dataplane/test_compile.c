/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "api/object.h"
#include "api/state.h"
#include "dataplane/compile.h"

/* ---- builders ----------------------------------------------------------------------------- */

struct fixture {
	struct api_state state;
	struct compiled out;
};

static int open_fixture(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *f = *state;

	compiled_free(&f->out);
	state_free(&f->state);
	free(f);
	return 0;
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ip_parse(text, &out, NULL), 0);
	return out;
}

static struct api_object *service(struct fixture *f, const char *name, const char *vip)
{
	struct api_object *obj = api_object_new(API_SERVICE, "shop", name);

	obj->service.type = xstrdup("LoadBalancer");
	if (vip)
		array_push(&obj->service.ingress, ip(vip));
	state_put(&f->state, obj);
	return obj;
}

static void port(struct api_object *obj, const char *name, uint8_t proto, uint16_t number)
{
	struct api_service_port p = {xstrdup(name), proto, number};

	if (obj->kind == API_SERVICE)
		array_push(&obj->service.ports, p);
	else
		array_push(&obj->endpoint_slice.ports, p);
}

static struct api_object *slice(struct fixture *f, const char *name, const char *of, uint8_t family)
{
	struct api_object *obj = api_object_new(API_ENDPOINT_SLICE, "shop", name);

	obj->endpoint_slice.service_name = xstrdup(of);
	obj->endpoint_slice.family = family;
	state_put(&f->state, obj);
	return obj;
}

enum { READY, TERMINATING, NOT_READY, GONE };

static void endpoint(struct api_object *obj, const char *address, int condition, const char *node)
{
	struct api_endpoint e = {0};

	array_push(&e.addresses, ip(address));
	e.ready = condition == READY;
	e.serving = condition == READY || condition == TERMINATING;
	e.terminating = condition == TERMINATING || condition == GONE;
	e.node_name = node ? xstrdup(node) : NULL;
	array_push(&obj->endpoint_slice.endpoints, e);
}

/* A Service with one TCP port 80 to 8080, and its empty slice. */
static struct api_object *simple(struct fixture *f, const char *name, const char *vip)
{
	struct api_object *s = service(f, name, vip), *e;

	port(s, "", IPPROTO_TCP, 80);
	e = slice(f, name, name, ip(vip).family);
	port(e, "", IPPROTO_TCP, 8080);
	return e;
}

/* ---- what came out, as text --------------------------------------------------------------- */

/* "VIP:PORT/PROTO=BACKEND:PORT,...;draining ones in brackets" of each entry, one a line. */
static const char *text(struct fixture *f, char *buf, size_t size)
{
	size_t n = 0;

	compiled_free(&f->out);
	compile_services(&f->state, "lb1", &f->out);
	buf[0] = 0;
	array_each(&f->out.services, s) {
		if (!s->key.port)
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s:%u/%u=", ip_str(&s->key.ip).s,
				      s->key.port, s->key.proto);
		for (size_t i = 0; i < s->active + s->draining; i++) {
			const struct compiled_backend *b =
				&f->out.backends.v[f->out.refs.v[s->first + i]];

			n += (size_t)snprintf(buf + n, size - n,
					      i < s->active ? "%s:%u," : "[%s:%u]",
					      ip_str(&b->ip).s, b->port);
		}
		n += (size_t)snprintf(buf + n, size - n, "\n");
	}
	return buf;
}

#define assert_compiles_to(f, expected)                                     \
	do {                                                                \
		char buf_[4096];                                            \
		assert_string_equal(text(f, buf_, sizeof(buf_)), expected); \
	} while (0)

/* ---- tests -------------------------------------------------------------------------------- */

static void ready_endpoints_are_backends(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "web", "198.51.100.1");

	endpoint(e, "10.0.0.2", READY, NULL);
	endpoint(e, "10.0.0.1", READY, NULL);
	endpoint(e, "10.0.0.3", NOT_READY, NULL);
	endpoint(e, "10.0.0.4", GONE, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,10.0.0.2:8080,\n");
	assert_string_equal(f->out.services.v[0].service, "shop/web");
}

static void the_address_itself_is_an_entry(void **state)
{
	struct fixture *f = *state;

	simple(f, "web", "198.51.100.1");
	compile_services(&f->state, "lb1", &f->out);
	assert_int_equal(f->out.services.n, 2);
	assert_int_equal(f->out.services.v[0].key.port, 0);
	assert_int_equal(f->out.services.v[0].key.proto, 0);
}

static void terminating_endpoints_drain_while_others_are_ready(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "web", "198.51.100.1");

	endpoint(e, "10.0.0.1", TERMINATING, NULL);
	endpoint(e, "10.0.0.2", READY, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.2:8080,[10.0.0.1:8080]\n");
	assert_true(f->out.backends.v[0].draining);
	assert_false(f->out.backends.v[1].draining);
}

static void terminating_endpoints_serve_when_none_is_ready(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "web", "198.51.100.1");

	endpoint(e, "10.0.0.1", TERMINATING, NULL);
	endpoint(e, "10.0.0.2", NOT_READY, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,\n");
	assert_false(f->out.backends.v[0].draining);
}

static void ports_match_by_name_and_protocol(void **state)
{
	struct fixture *f = *state;
	struct api_object *s = service(f, "dns", "198.51.100.1");
	struct api_object *e = slice(f, "dns", "dns", AF_INET);

	port(s, "dns", IPPROTO_UDP, 53);
	port(s, "dns-tcp", IPPROTO_TCP, 53);
	port(s, "metrics", IPPROTO_TCP, 9153);
	port(e, "dns-tcp", IPPROTO_TCP, 5354);
	port(e, "dns", IPPROTO_UDP, 5353);
	endpoint(e, "10.0.0.1", READY, NULL);
	assert_compiles_to(f, "198.51.100.1:53/6=10.0.0.1:5354,\n"
			      "198.51.100.1:53/17=10.0.0.1:5353,\n"
			      "198.51.100.1:9153/6=\n");
}

static void families_do_not_mix(void **state)
{
	struct fixture *f = *state;
	struct api_object *s = service(f, "web", "198.51.100.1");
	struct api_object *v4 = slice(f, "web-4", "web", AF_INET);
	struct api_object *v6 = slice(f, "web-6", "web", AF_INET6);

	array_push(&s->service.ingress, ip("2001:db8::1"));
	port(s, "", IPPROTO_TCP, 80);
	port(v4, "", IPPROTO_TCP, 8080);
	port(v6, "", IPPROTO_TCP, 8080);
	endpoint(v4, "10.0.0.1", READY, NULL);
	endpoint(v6, "fd00::1", READY, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,\n"
			      "2001:db8::1:80/6=fd00::1:8080,\n");
}

static void local_policy_keeps_to_this_node(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "web", "198.51.100.1");
	struct api_object *s = f->state.kinds[API_SERVICE].v[0];

	endpoint(e, "10.0.0.1", READY, "lb1");
	endpoint(e, "10.0.0.2", READY, "lb2");
	endpoint(e, "10.0.0.3", READY, NULL);
	s->service.external_traffic_local = true;
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,\n");
}

static void a_local_terminating_endpoint_serves_though_others_are_ready_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "web", "198.51.100.1");
	struct api_object *s = f->state.kinds[API_SERVICE].v[0];

	endpoint(e, "10.0.0.1", TERMINATING, "lb1");
	endpoint(e, "10.0.0.2", READY, "lb2");
	s->service.external_traffic_local = true;
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,\n");
}

static void several_slices_make_one_list_without_doubles(void **state)
{
	struct fixture *f = *state;
	struct api_object *a = simple(f, "web", "198.51.100.1");
	struct api_object *b = slice(f, "web-2", "web", AF_INET);

	port(b, "", IPPROTO_TCP, 8080);
	endpoint(a, "10.0.0.2", TERMINATING, NULL);
	endpoint(a, "10.0.0.1", READY, NULL);
	endpoint(b, "10.0.0.2", READY, NULL);
	endpoint(b, "10.0.0.1", TERMINATING, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,10.0.0.2:8080,\n");
}

static void backends_are_shared_between_services(void **state)
{
	struct fixture *f = *state;
	struct api_object *a = simple(f, "a", "198.51.100.1");
	struct api_object *b = simple(f, "b", "198.51.100.2");

	endpoint(a, "10.0.0.1", READY, NULL);
	endpoint(b, "10.0.0.1", TERMINATING, NULL);
	endpoint(b, "10.0.0.2", READY, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,\n"
			      "198.51.100.2:80/6=10.0.0.2:8080,[10.0.0.1:8080]\n");
	assert_int_equal(f->out.backends.n, 2);
	assert_false(f->out.backends.v[0].draining); /* it is not for the one Service */
}

static void only_load_balancers_with_a_vip_count(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "internal", "198.51.100.1");
	struct api_object *s = f->state.kinds[API_SERVICE].v[0];

	endpoint(e, "10.0.0.1", READY, NULL);
	free(s->service.type);
	s->service.type = xstrdup("ClusterIP");
	port(service(f, "pending", NULL), "", IPPROTO_TCP, 80);
	assert_compiles_to(f, "");
	assert_int_equal(f->out.services.n, 0);
}

static void another_load_balancers_services_are_left_alone(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = simple(f, "web", "198.51.100.1");
	struct api_object *s = f->state.kinds[API_SERVICE].v[0];

	endpoint(e, "10.0.0.1", READY, NULL);
	s->service.load_balancer_class = xstrdup("example.com/other");
	assert_compiles_to(f, "");
	assert_int_equal(f->out.services.n, 0);
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void ten_thousand_services_compile_in_a_second(void **state)
{
	enum { SERVICES = 10000, EACH = 10 };
	struct fixture *f = *state;
	uint64_t start;

	for (uint32_t i = 0; i < SERVICES; i++) {
		char name[32], address[32];
		struct api_object *e;

		snprintf(name, sizeof(name), "web-%05u", i);
		snprintf(address, sizeof(address), "198.%u.%u.1", 18 + i / 256, i % 256);
		e = simple(f, name, address);
		for (uint32_t b = 0; b < EACH; b++) {
			snprintf(address, sizeof(address), "10.%u.%u.%u", i / 256, i % 256, b + 1);
			endpoint(e, address, READY, NULL);
		}
	}
	start = clock_ms();
	compile_services(&f->state, "lb1", &f->out);
	print_message("compiled in %llu ms\n", (unsigned long long)(clock_ms() - start));
	assert_true(clock_ms() - start < 1000);
	assert_int_equal(f->out.services.n, 2 * SERVICES);
	assert_int_equal(f->out.backends.n, SERVICES * EACH);
}

static void slices_of_another_namespace_do_not_count(void **state)
{
	struct fixture *f = *state;
	struct api_object *e = api_object_new(API_ENDPOINT_SLICE, "other", "web");

	port(service(f, "web", "198.51.100.1"), "", IPPROTO_TCP, 80);
	e->endpoint_slice.service_name = xstrdup("web");
	e->endpoint_slice.family = AF_INET;
	port(e, "", IPPROTO_TCP, 8080);
	endpoint(e, "10.0.0.1", READY, NULL);
	state_put(&f->state, e);
	assert_compiles_to(f, "198.51.100.1:80/6=\n");
}

static void sctp_is_left_out_but_the_address_is_known(void **state)
{
	struct fixture *f = *state;

	port(service(f, "sig", "198.51.100.1"), "", IPPROTO_SCTP, 2905);
	assert_compiles_to(f, "");
	assert_int_equal(f->out.services.n, 1);
}

static void the_first_by_name_wins_a_port_and_it_is_told(void **state)
{
	struct fixture *f = *state;
	struct api_object *b = simple(f, "b", "198.51.100.1");
	struct api_object *a = simple(f, "a", "198.51.100.1");

	endpoint(a, "10.0.0.1", READY, NULL);
	endpoint(b, "10.0.0.2", READY, NULL);
	assert_compiles_to(f, "198.51.100.1:80/6=10.0.0.1:8080,\n");
	assert_int_equal(f->out.conflicts.n, 1);
	assert_non_null(strstr(f->out.conflicts.v[0], "shop/b"));
}

static void the_nodes_own_addresses_are_found(void **state)
{
	struct fixture *f = *state;
	struct api_object *node = api_object_new(API_NODE, NULL, "lb1");
	struct ip_addr v4 = ip("172.30.1.21"), v6 = ip("2001:db8:30:1::21");

	array_push(&node->node.internal_ips, v6);
	array_push(&node->node.internal_ips, v4);
	array_push(&node->node.internal_ips, ip("172.30.1.99"));
	state_put(&f->state, node);
	compile_services(&f->state, "lb1", &f->out);
	assert_true(ip_equal(&f->out.node_ip[0], &v4));
	assert_true(ip_equal(&f->out.node_ip[1], &v6));
}

#define test(t) cmocka_unit_test_setup_teardown(t, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(ready_endpoints_are_backends),
		test(the_address_itself_is_an_entry),
		test(terminating_endpoints_drain_while_others_are_ready),
		test(terminating_endpoints_serve_when_none_is_ready),
		test(ports_match_by_name_and_protocol),
		test(families_do_not_mix),
		test(local_policy_keeps_to_this_node),
		test(a_local_terminating_endpoint_serves_though_others_are_ready_elsewhere),
		test(several_slices_make_one_list_without_doubles),
		test(backends_are_shared_between_services),
		test(only_load_balancers_with_a_vip_count),
		test(another_load_balancers_services_are_left_alone),
		test(ten_thousand_services_compile_in_a_second),
		test(slices_of_another_namespace_do_not_count),
		test(sctp_is_left_out_but_the_address_is_known),
		test(the_first_by_name_wins_a_port_and_it_is_told),
		test(the_nodes_own_addresses_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
