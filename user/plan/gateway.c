// SPDX-License-Identifier: Apache-2.0
#include "plan/gateway.h"

#include <string.h>

struct gateway {
	const struct plan_cluster *c;
	struct placement *out;
	size_t *held; /* how many addresses each node of the cluster holds */
};

static size_t index_of(const struct gateway *g, const struct plan_node *node)
{
	return (size_t)(node - g->c->nodes.v);
}

static void put(struct gateway *g, struct placed_ip *p, const struct plan_node *node)
{
	p->node = node;
	g->held[index_of(g, node)]++;
}

static void unplace(struct gateway *g, struct placed_ip *p, char *reason)
{
	if (p->node)
		g->held[index_of(g, p->node)]--;
	p->node = NULL;
	free(p->reason);
	p->reason = reason;
}

/* ---- what the store says of an address ----------------------------------------------------- */

static const struct api_floating_ip *status_of(const struct plan_cluster *c,
					       const struct ip_addr *ip)
{
	array_each(&c->gateways->gateway_group.placements, p)
		if (ip_equal(&p->ip, ip))
			return p;
	return NULL;
}

/* A living agent that was told to hold the address: by a BGPSession, or by the status. */
static const struct plan_node *told_to_hold(const struct plan_cluster *c,
					    const struct api_floating_ip *status,
					    const struct ip_addr *ip)
{
	const struct plan_node *placed = status ? plan_node_find(c, status->node_name) : NULL;

	if (placed && placed->agent.alive)
		return placed;
	state_each(c->state, API_BGP_SESSION, obj) {
		const struct plan_node *node = plan_node_find(c, obj->session.node_name);

		if (node && node->agent.alive && ip_equal(&obj->session.floating_ip, ip))
			return node;
	}
	return NULL;
}

/* Does the address have sessions, and none that works? */
static bool is_idle(const struct plan_cluster *c, const struct ip_addr *ip)
{
	bool any = false;

	state_each(c->state, API_BGP_SESSION, obj) {
		if (!ip_equal(&obj->session.floating_ip, ip))
			continue;
		if (strcmp(plan_str(obj->session.state), "Established") == 0)
			return false;
		any = true;
	}
	return any;
}

/* ---- placing ------------------------------------------------------------------------------ */

static void keep(struct gateway *g, struct placed_ip *p)
{
	const struct api_floating_ip *status = status_of(g->c, &p->ip);
	const struct plan_node *node;

	/* Without a status (it was lost) the sessions tell who has the address. */
	node = status ? plan_node_find(g->c, status->node_name) : told_to_hold(g->c, NULL, &p->ip);
	if (node && plan_may_hold(node, &p->ip))
		put(g, p, node);
}

/* Why no node can hold the address: what the most hopeful node of its subnet lacks. */
static char *why_nobody(const struct plan_cluster *c, const struct ip_addr *ip)
{
	const struct plan_node *in_subnet = NULL;
	size_t n = 0;

	array_each(&c->nodes, node) {
		if (!plan_in_subnet(node, ip))
			continue;
		n++;
		if (!in_subnet || node->agent.alive)
			in_subnet = node;
	}
	if (!in_subnet)
		return xasprintf("no node with an agent is in the subnet of %s", ip_str(ip).s);
	return xasprintf("no healthy node in its subnet: %s%s%s", in_subnet->name,
			 !in_subnet->agent.alive     ? " has not renewed its Lease"
			 : !in_subnet->agent.speaker ? " runs no speaker"
						     : " is not ready",
			 n > 1 ? ", and the others are no better" : "");
}

static const struct plan_node *emptiest(const struct gateway *g, const struct ip_addr *ip)
{
	const struct plan_node *best = NULL;

	array_each(&g->c->nodes, node)
		if (plan_may_hold(node, ip) &&
		    (!best || g->held[index_of(g, node)] < g->held[index_of(g, best)]))
			best = node;
	return best;
}

/* Nobody has the address until FROM has let go of it, but it counts as TO's: the next one to be
 * placed goes elsewhere. */
static void move(struct gateway *g, struct placed_ip *p, const struct plan_node *from,
		 const struct plan_node *to)
{
	unplace(g, p, xasprintf("moves from %s to %s", from->name, to->name));
	p->moving = true;
	g->held[index_of(g, to)]++;
}

static void place(struct gateway *g, struct placed_ip *p)
{
	const struct plan_node *node = emptiest(g, &p->ip);
	const struct plan_node *holder = told_to_hold(g->c, status_of(g->c, &p->ip), &p->ip);

	if (!node)
		unplace(g, p, why_nobody(g->c, &p->ip));
	else if (holder && holder != node)
		move(g, p, holder, node);
	else
		put(g, p, node);
}

/* Lets nodes that came later share addresses that do no work yet; see the header. */
static void spread(struct gateway *g)
{
	array_each(&g->out->ips, p) {
		const struct plan_node *to;
		size_t here;

		if (!p->node)
			continue;
		to = emptiest(g, &p->ip);
		here = g->held[index_of(g, p->node)];
		if (here < g->held[index_of(g, to)] + 2 || !is_idle(g->c, &p->ip))
			continue;
		move(g, p, p->node, to);
	}
}

void place_floating_ips(const struct plan_cluster *c, struct placement *out)
{
	struct gateway g = {.c = c, .out = out};

	*out = (struct placement){0};
	if (!c->gateways)
		return;
	g.held = xcalloc(c->nodes.n + 1, sizeof(*g.held));
	array_each(&c->gateways->gateway_group.floating_ips, ip) {
		struct placed_ip *p = array_new(&out->ips);

		p->ip = *ip;
		p->reason = xstrdup("");
		keep(&g, p);
	}
	array_each(&out->ips, p)
		if (!p->node)
			place(&g, p);
	spread(&g);
	free(g.held);
}

void placement_free(struct placement *placement)
{
	array_each(&placement->ips, p)
		free(p->reason);
	array_free(&placement->ips);
}

const struct placed_ip *placement_find(const struct placement *placement, const struct ip_addr *ip)
{
	array_each(&placement->ips, p)
		if (ip_equal(&p->ip, ip))
			return p;
	return NULL;
}

void placement_problems(const struct plan_cluster *c, const struct placement *placement,
			plan_problems *problems)
{
	array_each(&placement->ips, p)
		if (!p->node && !p->moving)
			plan_problem_add(problems, c->gateways, "NotPlaced",
					 "floating IP %s is held by nobody: %s", ip_str(&p->ip).s,
					 p->reason);
}
