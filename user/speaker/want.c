// SPDX-License-Identifier: Apache-2.0
#include "speaker/want.h"

#include <string.h>
#include <sys/socket.h>

/* Any number but 0 will do (RFC 6286), if it is another one than the other speakers' of the AS. */
static struct ip_addr id_from_name(const char *name)
{
	struct ip_addr id = {.family = AF_INET};
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	if (!hash)
		hash = 1;
	memcpy(id.b, &hash, sizeof(hash));
	return id;
}

/*
 * The node's IPv4 InternalIP, as the session's own object has it: an id that came from elsewhere
 * could change under a session that nobody touched. A node without IPv4 needs one all the same.
 */
static struct ip_addr router_id(const struct api_state *state, const struct api_bgp_session *s)
{
	const struct api_object *node = state_get(state, API_NODE, NULL, s->node_name);

	if (s->local_ip.family == AF_INET)
		return s->local_ip;
	if (node)
		array_each(&node->node.internal_ips, ip)
			if (ip->family == AF_INET)
				return *ip;
	return id_from_name(s->node_name);
}

static void read_config(const struct api_state *state, const struct api_object *obj,
			struct bgp_config *config)
{
	const struct api_bgp_session *s = &obj->session;

	memset(config, 0, sizeof(*config));
	config->local = s->floating_ip;
	config->peer = s->peer_ip;
	config->peer_port = s->peer_port;
	config->local_as = s->local_asn;
	config->peer_as = s->peer_asn;
	config->router_id = router_id(state, s);
	config->hold_time = s->hold_time;
	config->keepalive_time = s->keepalive_time;
	config->connect_retry_time = s->connect_retry_time;
	config->families = s->address_families;
	config->add_path = s->add_path;
}

static bool is_listed(const api_ips *ips, const struct ip_addr *ip)
{
	array_each(ips, other)
		if (ip_equal(other, ip))
			return true;
	return false;
}

static void insert_sorted(api_ips *ips, const struct ip_addr *ip)
{
	size_t at;

	if (is_listed(ips, ip))
		return;
	array_push(ips, *ip);
	for (at = ips->n - 1; at > 0 && ip_compare(&ips->v[at - 1], ip) > 0; at--)
		ips->v[at] = ips->v[at - 1];
	ips->v[at] = *ip;
}

/* The node that holds the floating IP by the controller's word; NULL: no word. */
static const struct api_floating_ip *placement_of(const struct api_state *state,
						  const struct ip_addr *ip)
{
	state_each(state, API_NETWORK_GATEWAY_GROUP, group)
		array_each(&group->gateway_group.placements, placement)
			if (ip_equal(&placement->ip, ip))
				return placement;
	return NULL;
}

static bool placed_on(const struct api_floating_ip *placement, const char *node_name)
{
	return placement->node_name && !strcmp(placement->node_name, node_name);
}

bool want_is_of(const struct api_object *session, const char *node_name)
{
	return session->session.node_name && !strcmp(session->session.node_name, node_name);
}

void want_read(const struct api_state *state, const char *node_name, struct want *want)
{
	memset(want, 0, sizeof(*want));
	state_each(state, API_NETWORK_GATEWAY_GROUP, group)
		array_each(&group->gateway_group.placements, placement)
			if (placed_on(placement, node_name))
				insert_sorted(&want->floating_ips, &placement->ip);
	state_each(state, API_BGP_SESSION, obj) {
		const struct api_floating_ip *placement;
		struct want_session *session;

		if (!want_is_of(obj, node_name))
			continue;
		placement = placement_of(state, &obj->session.floating_ip);
		/* The address is on its way to another node: the session's object follows it. */
		if (placement && !placed_on(placement, node_name))
			continue;
		session = array_new(&want->sessions);
		session->object = obj;
		session->floating_ip = obj->session.floating_ip;
		read_config(state, obj, &session->config);
		insert_sorted(&want->floating_ips, &obj->session.floating_ip);
	}
}

void want_free(struct want *want)
{
	array_free(&want->sessions);
	array_free(&want->floating_ips);
}

bool want_holds(const struct want *want, const struct ip_addr *floating_ip)
{
	return is_listed(&want->floating_ips, floating_ip);
}

bool want_same_config(const struct bgp_config *a, const struct bgp_config *b)
{
	return ip_equal(&a->local, &b->local) && ip_equal(&a->peer, &b->peer) &&
	       a->peer_port == b->peer_port && a->ttl == b->ttl && a->local_as == b->local_as &&
	       a->peer_as == b->peer_as && ip_equal(&a->router_id, &b->router_id) &&
	       a->hold_time == b->hold_time && a->keepalive_time == b->keepalive_time &&
	       a->connect_retry_time == b->connect_retry_time && a->families == b->families &&
	       a->add_path == b->add_path;
}
