// SPDX-License-Identifier: Apache-2.0
#include "plan/sessions.h"

#include <string.h>

#include "api/object.h"

#define BGP_PORT 179

/* A peer of the data plane, whichever object it comes from. */
struct peer {
	const struct api_object *about; /* BGPPeer or Cluster */
	struct ip_addr ip;
	uint32_t local_asn, peer_asn;
	uint32_t sessions; /* 0: from every floating IP */
	uint16_t port;
	uint32_t hold_time, keepalive_time, connect_retry_time;
	bool add_path;
	uint32_t families;
};

struct planner {
	const struct plan_cluster *c;
	const struct placement *placement;
	struct session_plan *out;
	ARRAY(struct peer) peers;
	size_t *load; /* sessions from each floating IP so far */
};

/* ---- peers -------------------------------------------------------------------------------- */

static void add_cluster_peers(struct planner *p)
{
	array_each(&p->c->spec->bgp_peers, from) {
		struct peer peer = {
			.about = p->c->object,
			.ip = from->ip,
			.local_asn = p->c->spec->local_asn,
			.peer_asn = from->asn,
			.port = BGP_PORT,
			.add_path = true,
			.families = API_FAMILY_IPV4 | API_FAMILY_IPV6,
		};

		array_push(&p->peers, peer);
	}
}

static void add_bgp_peer(struct planner *p, const struct api_object *obj)
{
	const struct api_bgp_peer *from = &obj->bgp_peer;
	struct peer peer = {
		.about = obj,
		.ip = from->peer_ip,
		.local_asn = from->local_asn ? from->local_asn : p->c->spec->local_asn,
		.peer_asn = from->peer_asn,
		.sessions = from->sessions ? from->sessions : 1,
		.port = from->port ? from->port : BGP_PORT,
		.hold_time = from->hold_time,
		.keepalive_time = from->keepalive_time,
		.connect_retry_time = from->connect_retry_time,
		.add_path = from->add_path,
		.families = from->address_families,
	};

	array_each(&p->peers, other) {
		if (!ip_equal(&other->ip, &peer.ip))
			continue;
		plan_problem_add(&p->out->problems, obj, "PeerTwice",
				 "BGPPeer %s has the same peerIP %s", other->about->meta.name,
				 ip_str(&peer.ip).s);
		return;
	}
	array_push(&p->peers, peer);
}

static void add_selected_peers(struct planner *p, const struct api_object *balancer)
{
	state_each(p->c->state, API_BGP_PEER, obj)
		if (strcmp(plan_str(obj->meta.ns), plan_str(p->c->object->meta.ns)) == 0 &&
		    api_pairs_match(&balancer->bgp_load_balancer.peer_selector, &obj->meta.labels))
			add_bgp_peer(p, obj);
	if (p->peers.n == 0)
		plan_problem_add(&p->out->problems, balancer, "NoPeer",
				 "spec.peerSelector reaches no BGPPeer: there are no sessions");
}

static void find_peers(struct planner *p)
{
	const struct api_object *balancer =
		state_get(p->c->state, API_BGP_LOAD_BALANCER, p->c->object->meta.ns, "default");

	if (balancer && balancer->bgp_load_balancer.has_selector)
		add_selected_peers(p, balancer);
	else
		add_cluster_peers(p);
}

/* ---- which floating IPs ------------------------------------------------------------------- */

static const struct api_object *existing(const struct planner *p, const struct peer *peer,
					 const struct ip_addr *floating_ip)
{
	state_each(p->c->state, API_BGP_SESSION, obj)
		if (ip_equal(&obj->session.peer_ip, &peer->ip) &&
		    ip_equal(&obj->session.floating_ip, floating_ip))
			return obj;
	return NULL;
}

struct candidate {
	const struct placed_ip *from;
	bool chosen;
	bool unchanged; /* the session exists, on this node */
	bool known;	/* the session exists, on whichever node */
	bool crowded;	/* the peer has a session from this node already */
	size_t load;
};

/* Is A the better choice? First what does not flap, then other nodes, then what is least used. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->unchanged != b->unchanged)
		return a->unchanged;
	if (a->crowded != b->crowded)
		return !a->crowded;
	if (a->known != b->known)
		return a->known;
	if (a->load != b->load)
		return a->load < b->load;
	return ip_compare(&a->from->ip, &b->from->ip) < 0;
}

static struct candidate *best_of(struct candidate *v, size_t n)
{
	struct candidate *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (!v[i].chosen && (!best || is_better(&v[i], best)))
			best = &v[i];
	return best;
}

static size_t gather(const struct planner *p, const struct peer *peer, struct candidate *v)
{
	size_t n = 0;

	for (size_t i = 0; i < p->placement->ips.n; i++) {
		const struct placed_ip *from = &p->placement->ips.v[i];
		const struct api_object *session;

		if (!from->node || from->ip.family != peer->ip.family)
			continue;
		session = existing(p, peer, &from->ip);
		v[n++] = (struct candidate){
			.from = from,
			.known = session,
			.unchanged = session && strcmp(plan_str(session->session.node_name),
						       from->node->name) == 0,
			.load = p->load[i],
		};
	}
	return n;
}

/* ---- sessions ----------------------------------------------------------------------------- */

static bool name_is_taken(const struct planner *p, const char *name)
{
	array_each(&p->out->sessions, s)
		if (strcmp((*s)->meta.name, name) == 0)
			return true;
	return false;
}

/* PEERIP-NODE, a second one of the same node PEERIP-NODE-FLOATINGIP; ':' becomes '-'. */
static char *session_name(const struct planner *p, const struct peer *peer,
			  const struct placed_ip *from)
{
	const struct api_object *old = existing(p, peer, &from->ip);
	char *name = xasprintf("%s-%s", ip_str(&peer->ip).s, from->node->name);
	char *longer = xasprintf("%s-%s", name, ip_str(&from->ip).s);

	for (char *s = longer; *s; s++)
		if (*s == ':')
			*s = '-';
	memcpy(name, longer, strlen(name));
	if (name_is_taken(p, name) || (old && strcmp(old->meta.name, longer) == 0)) {
		free(name);
		return longer;
	}
	free(longer);
	return name;
}

static void add_session(struct planner *p, const struct peer *peer, const struct placed_ip *from)
{
	char *name = session_name(p, peer, from);
	struct api_object *obj = api_object_new(API_BGP_SESSION, PLAN_NAMESPACE, name);
	struct api_bgp_session *s = &obj->session;

	free(name);
	s->floating_ip = from->ip;
	s->local_ip = from->node->ip[plan_family_index(from->ip.family)];
	s->peer_ip = peer->ip;
	s->local_asn = peer->local_asn;
	s->peer_asn = peer->peer_asn;
	free(s->node_name);
	s->node_name = xstrdup(from->node->name);
	s->peer_port = peer->port;
	s->hold_time = peer->hold_time;
	s->keepalive_time = peer->keepalive_time;
	s->connect_retry_time = peer->connect_retry_time;
	s->add_path = peer->add_path;
	s->address_families = peer->families;
	array_push(&p->out->sessions, obj);
	p->load[from - p->placement->ips.v]++;
}

static size_t count_family(const struct placement *placement, uint8_t family)
{
	size_t n = 0;

	array_each(&placement->ips, from)
		n += from->ip.family == family;
	return n;
}

static void report_lack(struct planner *p, const struct peer *peer)
{
	size_t n = count_family(p->placement, peer->ip.family);
	const char *family = peer->ip.family == AF_INET ? "IPv4" : "IPv6";

	if (peer->sessions > n)
		plan_problem_add(&p->out->problems, peer->about, "FewFloatingIPs",
				 "%u sessions to %s need as many floating IPs; there are %zu of %s",
				 peer->sessions, ip_str(&peer->ip).s, n, family);
	else if (n == 0)
		plan_problem_add(&p->out->problems, peer->about, "FewFloatingIPs",
				 "no session to %s: there is no floating IP of %s",
				 ip_str(&peer->ip).s, family);
}

static void plan_peer(struct planner *p, const struct peer *peer)
{
	struct candidate *v = xcalloc(p->placement->ips.n + 1, sizeof(*v));
	size_t n = gather(p, peer, v);
	size_t wanted = peer->sessions && peer->sessions < n ? peer->sessions : n;

	for (size_t done = 0; done < wanted; done++) {
		struct candidate *best = best_of(v, n);

		if (!best)
			break;
		best->chosen = true;
		for (size_t i = 0; i < n; i++)
			v[i].crowded |= v[i].from->node == best->from->node;
	}
	/* A session that has its node's short name already must find it free. */
	for (int fresh = 0; fresh < 2; fresh++)
		for (size_t i = 0; i < n; i++)
			if (v[i].chosen && v[i].unchanged == !fresh)
				add_session(p, peer, v[i].from);
	report_lack(p, peer);
	free(v);
}

static int compare_names(const void *va, const void *vb)
{
	const struct api_object *a = *(const struct api_object *const *)va;
	const struct api_object *b = *(const struct api_object *const *)vb;

	return strcmp(a->meta.name, b->meta.name);
}

void plan_sessions(const struct plan_cluster *c, const struct placement *placement,
		   struct session_plan *out)
{
	struct planner p = {.c = c, .placement = placement, .out = out};

	*out = (struct session_plan){0};
	if (c->spec->mode != API_LB_BUNDLED || c->spec->type != API_LB_BGP ||
	    !c->spec->advanced_networking)
		return;
	p.load = xcalloc(placement->ips.n + 1, sizeof(*p.load));
	find_peers(&p);
	array_each(&p.peers, peer)
		plan_peer(&p, peer);
	if (out->sessions.n)
		qsort(out->sessions.v, out->sessions.n, sizeof(*out->sessions.v), compare_names);
	array_free(&p.peers);
	free(p.load);
}

void session_plan_free(struct session_plan *plan)
{
	array_each(&plan->sessions, session)
		api_object_free(*session);
	array_free(&plan->sessions);
	plan_problems_free(&plan->problems);
}

/* ---- the control plane -------------------------------------------------------------------- */

void plan_control_plane_sessions(const struct plan_cluster *c, control_plane_sessions *out)
{
	*out = (control_plane_sessions){0};
	if (c->spec->mode != API_LB_BUNDLED || c->spec->type != API_LB_BGP)
		return;
	array_each(&c->spec->bgp_peers, peer) {
		struct control_plane_session s = {
			.peer = peer->ip, .local_asn = c->spec->local_asn, .peer_asn = peer->asn};

		array_each(&peer->control_plane_nodes, node) {
			s.node = *node;
			array_push(out, s);
		}
		if (peer->control_plane_nodes.n)
			continue;
		array_each(&c->spec->control_plane_nodes, ref) {
			s.node = ref->address;
			array_push(out, s);
		}
	}
}
