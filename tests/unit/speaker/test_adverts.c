// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "api/object.h"
#include "speaker/adverts.h"

struct fixture {
	struct api_state state;
	struct rib *rib;
	struct adverts *adverts;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->rib = rib_new();
	f->adverts = adverts_new(f->rib, NULL);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	adverts_free(f->adverts);
	/* Nothing stays behind in the RIB, which others may go on using. */
	assert_int_equal(rib_count(f->rib), 0);
	rib_free(f->rib);
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

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix out;

	assert_int_equal(ip_prefix_parse(text, &out, NULL), 0);
	return out;
}

/* HOPS: separated by spaces. */
static struct api_object *route(const char *name, const char *where, const char *hops)
{
	struct api_object *obj = api_object_new(API_BGP_ADVERTISED_ROUTE, "kube-system", name);
	char *copy = xstrdup(hops), *save = NULL;

	obj->route.prefix = prefix(where);
	for (char *hop = strtok_r(copy, " ", &save); hop; hop = strtok_r(NULL, " ", &save))
		array_push(&obj->route.next_hops, ip(hop));
	free(copy);
	return obj;
}

static void add_fallback(struct api_object *obj, const char *peer, const char *local,
			 const char *hop)
{
	struct api_fallback *fallback = array_new(&obj->route.fallback);

	fallback->peer_ip = ip(peer);
	fallback->floating_ip = ip(local);
	fallback->next_hop = ip(hop);
}

static size_t hops_in_rib(const struct fixture *f, const char *where)
{
	struct ip_prefix key = prefix(where);
	const struct rib_route *found = rib_find(f->rib, &key);

	return found ? found->nhset->n : 0;
}

static void routes_of_the_state_are_in_the_rib(void **state)
{
	struct fixture *f = *state;

	state_put(&f->state, route("a", "198.51.100.1/32", "10.0.0.1 10.0.0.2"));
	state_put(&f->state, route("b", "2001:db8::1/128", "2001:db8:1::1"));
	assert_true(adverts_update(f->adverts, &f->state));
	assert_int_equal(rib_count(f->rib), 2);
	assert_int_equal(hops_in_rib(f, "198.51.100.1/32"), 2);
	assert_int_equal(hops_in_rib(f, "2001:db8::1/128"), 1);
}

static void the_same_state_again_is_no_change(void **state)
{
	struct fixture *f = *state;

	state_put(&f->state, route("a", "198.51.100.1/32", "10.0.0.1 10.0.0.2"));
	(void)adverts_update(f->adverts, &f->state);
	assert_false(adverts_update(f->adverts, &f->state));
	state_put(&f->state, route("a", "198.51.100.1/32", "10.0.0.1 10.0.0.2"));
	assert_false(adverts_update(f->adverts, &f->state));
}

static void a_deleted_route_leaves_the_rib(void **state)
{
	struct fixture *f = *state;

	state_put(&f->state, route("a", "198.51.100.1/32", "10.0.0.1"));
	state_put(&f->state, route("b", "198.51.100.2/32", "10.0.0.1"));
	state_put(&f->state, route("c", "198.51.100.3/32", "10.0.0.1"));
	(void)adverts_update(f->adverts, &f->state);
	state_delete(&f->state, API_BGP_ADVERTISED_ROUTE, "kube-system", "b");
	assert_true(adverts_update(f->adverts, &f->state));
	assert_int_equal(rib_count(f->rib), 2);
	assert_int_equal(hops_in_rib(f, "198.51.100.2/32"), 0);
}

static void a_route_without_next_hops_is_withdrawn_and_not_listed(void **state)
{
	struct fixture *f = *state;
	api_strings names = {0};

	state_put(&f->state, route("a", "198.51.100.1/32", "10.0.0.1"));
	(void)adverts_update(f->adverts, &f->state);
	state_put(&f->state, route("a", "198.51.100.1/32", ""));
	assert_true(adverts_update(f->adverts, &f->state));
	assert_int_equal(rib_count(f->rib), 0);
	adverts_names(f->adverts, BGP_ALL_FAMILIES, &names);
	assert_int_equal(names.n, 0);
}

/* In either order of names: the one that moves first must not take the other's new place away. */
static void two_routes_can_change_places(void **state)
{
	struct fixture *f = *state;

	for (int turn = 0; turn < 2; turn++) {
		state_put(&f->state,
			  route("a", turn ? "198.51.100.2/32" : "198.51.100.1/32", "10.0.0.1"));
		state_put(&f->state, route("b", turn ? "198.51.100.1/32" : "198.51.100.2/32",
					   "10.0.0.1 10.0.0.2"));
		(void)adverts_update(f->adverts, &f->state);
		assert_int_equal(rib_count(f->rib), 2);
		assert_int_equal(hops_in_rib(f, "198.51.100.1/32"), turn ? 2 : 1);
		assert_int_equal(hops_in_rib(f, "198.51.100.2/32"), turn ? 1 : 2);
	}
}

static void a_prefix_can_pass_to_a_route_of_another_name(void **state)
{
	static const char *const names[] = {"m", "z", "a"};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		if (i)
			state_delete(&f->state, API_BGP_ADVERTISED_ROUTE, "kube-system",
				     names[i - 1]);
		state_put(&f->state, route(names[i], "198.51.100.1/32", "10.0.0.1"));
		(void)adverts_update(f->adverts, &f->state);
		assert_int_equal(hops_in_rib(f, "198.51.100.1/32"), 1);
	}
}

static const struct ip_addr *selected(const struct fixture *f, const char *peer, const char *local)
{
	const struct bgp_config config = {.peer = ip(peer), .local = ip(local)};
	struct ip_prefix key = prefix("198.51.100.1/32");

	return adverts_select(&config, rib_find(f->rib, &key));
}

static void a_session_without_add_path_gets_the_next_hop_chosen_for_it(void **state)
{
	struct fixture *f = *state;
	struct api_object *obj = route("a", "198.51.100.1/32", "10.0.0.1 10.0.0.2");

	add_fallback(obj, "10.9.0.1", "10.0.0.100", "10.0.0.2");
	add_fallback(obj, "10.9.0.1", "10.0.0.101", "10.0.0.1");
	state_put(&f->state, obj);
	(void)adverts_update(f->adverts, &f->state);
	assert_string_equal(ip_str(selected(f, "10.9.0.1", "10.0.0.100")).s, "10.0.0.2");
	assert_string_equal(ip_str(selected(f, "10.9.0.1", "10.0.0.101")).s, "10.0.0.1");
	assert_null(selected(f, "10.9.0.2", "10.0.0.100"));
}

/* The route itself stays as it was, so nobody else would tell the sessions to look again. */
static void another_choice_alone_is_a_change(void **state)
{
	struct fixture *f = *state;
	struct api_object *obj = route("a", "198.51.100.1/32", "10.0.0.1 10.0.0.2");

	add_fallback(obj, "10.9.0.1", "10.0.0.100", "10.0.0.2");
	state_put(&f->state, api_object_copy(obj));
	(void)adverts_update(f->adverts, &f->state);
	obj->route.fallback.v[0].next_hop = ip("10.0.0.1");
	state_put(&f->state, obj);
	assert_true(adverts_update(f->adverts, &f->state));
	assert_string_equal(ip_str(selected(f, "10.9.0.1", "10.0.0.100")).s, "10.0.0.1");
}

static void names_are_those_of_the_negotiated_families(void **state)
{
	static const struct {
		uint32_t families;
		const char *names[2];
	} cases[] = {
		{BGP_FAMILY_BIT(BGP_IPV4_UNICAST), {"four"}},
		{BGP_FAMILY_BIT(BGP_IPV6_UNICAST), {"six"}},
		{BGP_ALL_FAMILIES, {"four", "six"}},
		{0, {NULL}},
	};
	struct fixture *f = *state;

	state_put(&f->state, route("four", "198.51.100.1/32", "10.0.0.1"));
	state_put(&f->state, route("six", "2001:db8::1/128", "2001:db8:1::1"));
	(void)adverts_update(f->adverts, &f->state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		api_strings names = {0};

		adverts_names(f->adverts, cases[i].families, &names);
		for (size_t j = 0; j < names.n; j++) {
			assert_string_equal(names.v[j], cases[i].names[j]);
			free(names.v[j]);
		}
		assert_true(names.n == 2 || !cases[i].names[names.n]);
		array_free(&names);
	}
}

/* What cannot be advertised (a next hop of the other family) harms no other route. */
static void a_route_that_is_refused_does_not_stop_the_others(void **state)
{
	struct fixture *f = *state;

	state_put(&f->state, route("a", "198.51.100.1/32", "2001:db8::1"));
	state_put(&f->state, route("b", "198.51.100.2/32", "10.0.0.1"));
	(void)adverts_update(f->adverts, &f->state);
	assert_int_equal(hops_in_rib(f, "198.51.100.1/32"), 0);
	assert_int_equal(hops_in_rib(f, "198.51.100.2/32"), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routes_of_the_state_are_in_the_rib),
		TEST(the_same_state_again_is_no_change),
		TEST(a_deleted_route_leaves_the_rib),
		TEST(a_route_without_next_hops_is_withdrawn_and_not_listed),
		TEST(two_routes_can_change_places),
		TEST(a_prefix_can_pass_to_a_route_of_another_name),
		TEST(a_session_without_add_path_gets_the_next_hop_chosen_for_it),
		TEST(another_choice_alone_is_a_change),
		TEST(names_are_those_of_the_negotiated_families),
		TEST(a_route_that_is_refused_does_not_stop_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
