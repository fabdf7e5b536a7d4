// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "api/object.h"
#include "controller/role.h"
#include "store/faults.h"
#include "util/version.h"

/* GET /v1/status of the controller: what there is, counted, and what is wrong, in words. */

static void count_nodes(const struct plan_cluster *view, json_t *counts)
{
	json_int_t alive = 0, load_balancers = 0, next_hops = 0;

	array_each(&view->nodes, node) {
		alive += node->agent.alive;
		load_balancers += node->load_balancer;
		next_hops += plan_is_next_hop(node, AF_INET) || plan_is_next_hop(node, AF_INET6);
	}
	json_object_set_new(counts, "nodes", json_integer((json_int_t)view->nodes.n));
	json_object_set_new(counts, "agentsAlive", json_integer(alive));
	json_object_set_new(counts, "loadBalancerNodes", json_integer(load_balancers));
	json_object_set_new(counts, "nextHops", json_integer(next_hops));
}

static void count_floating_ips(const struct plan_cluster *view, json_t *counts)
{
	json_int_t total = 0, held = 0;

	if (view->gateways) {
		total = (json_int_t)view->gateways->gateway_group.floating_ips.n;
		array_each(&view->gateways->gateway_group.placements, p)
			held += *plan_str(p->node_name) != '\0';
	}
	json_object_set_new(counts, "floatingIPs", json_integer(total));
	json_object_set_new(counts, "floatingIPsHeld", json_integer(held));
}

static void count_objects(const struct api_state *state, json_t *counts)
{
	json_int_t services = 0, vips = 0, established = 0;

	state_each(state, API_SERVICE, obj) {
		if (!ipam_is_ours(obj))
			continue;
		services++;
		vips += (json_int_t)obj->service.ingress.n;
	}
	state_each(state, API_BGP_SESSION, obj)
		established += strcmp(plan_str(obj->session.state), "Established") == 0;
	json_object_set_new(counts, "services", json_integer(services));
	json_object_set_new(counts, "vips", json_integer(vips));
	json_object_set_new(counts, "sessions",
			    json_integer((json_int_t)state->kinds[API_BGP_SESSION].n));
	json_object_set_new(counts, "sessionsEstablished", json_integer(established));
	json_object_set_new(counts, "routes",
			    json_integer((json_int_t)state->kinds[API_BGP_ADVERTISED_ROUTE].n));
}

static void add_text(json_t *list, char *text)
{
	json_array_append_new(list, json_string(text));
	free(text);
}

static json_t *list_problems(const struct controller *c, json_t *faults)
{
	json_t *list = json_array();
	char text[1024];

	if (c->synced < API_KIND_COUNT)
		add_text(list, xstrdup("the store has not been read yet"));
	if (c->blocked)
		add_text(list, xasprintf("nothing is planned: %s", c->blocked));
	array_each(store_faults(c->config.store), fault) {
		fault_format(fault, text, sizeof(text));
		json_array_append_new(faults, json_string(text));
		add_text(list, xasprintf("refused: %s", text));
	}
	array_each(&c->problems, p)
		add_text(list, plan_problem_text(p));
	return list;
}

static void describe_cluster(const struct controller *c, json_t *json, json_t *counts)
{
	const struct api_object *cluster;
	struct plan_cluster view;
	char *name;

	if (plan_cluster_pick(&c->state, c->config.cluster, &cluster, NULL)) {
		json_object_set_new(json, "cluster", json_null());
		return;
	}
	name = xasprintf("%s/%s", plan_str(cluster->meta.ns), cluster->meta.name);
	json_object_set_new(json, "cluster", json_string(name));
	free(name);
	plan_cluster_open(&view, &c->state, cluster, c->config.clock(), 0);
	count_nodes(&view, counts);
	count_floating_ips(&view, counts);
	plan_cluster_close(&view);
}

json_t *controller_status(const struct controller *c)
{
	json_t *json = json_pack("{s:s, s:s}", "program", "vipcast-controller", "version",
				 VIPCAST_VERSION);
	json_t *counts = json_object(), *faults = json_array();

	describe_cluster(c, json, counts);
	count_objects(&c->state, counts);
	json_object_set_new(json, "synced", json_boolean(c->synced == API_KIND_COUNT));
	json_object_set_new(json, "counts", counts);
	json_object_set_new(json, "plans",
			    json_pack("{s:I, s:I, s:I, s:I}", "made", (json_int_t)c->plans,
				      "writes", (json_int_t)c->writes, "failedWrites",
				      (json_int_t)c->failed_writes, "lastMicroseconds",
				      (json_int_t)c->plan_microseconds));
	json_object_set_new(json, "problems", list_problems(c, faults));
	json_object_set_new(json, "faults", faults);
	return json;
}
