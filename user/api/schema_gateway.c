// SPDX-License-Identifier: Apache-2.0
/*
 * NetworkGatewayGroup, BGPLoadBalancer and BGPPeer (networking.gke.io/v1) and ClusterCIDRConfig:
 * where the speakers stand, and whom they talk to.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "api/schema.h"

/* ---- NetworkGatewayGroup ----------------------------------------------------------------- */

#define G(member) offsetof(struct api_object, gateway_group.member)
#define P(member) offsetof(struct api_floating_ip, member)

static const struct field placement_fields[] = {
	{.name = "ip", .type = &type_ip, .offset = P(ip), .flags = FIELD_REQUIRED},
	{.name = "node", .type = &type_string, .offset = P(node_name)},
	{.name = "reason", .type = &type_string, .offset = P(reason), .flags = FIELD_OMIT_ZERO},
	{0},
};
static const struct schema placement = {.fields = placement_fields};
static const struct field element_placement = {.type = &type_object, .schema = &placement};

static const struct field group_spec_fields[] = {
	{.name = "floatingIPs",
	 .type = &type_list,
	 .offset = G(floating_ips),
	 .element = &element_ip,
	 .element_size = sizeof(struct ip_addr),
	 .flags = FIELD_REQUIRED},
	{0},
};
static const struct field group_status_fields[] = {
	{.name = "floatingIPs",
	 .type = &type_list,
	 .offset = G(placements),
	 .element = &element_placement,
	 .element_size = sizeof(struct api_floating_ip),
	 .flags = FIELD_OMIT_ZERO},
	{0},
};
static const struct schema group_spec = {.fields = group_spec_fields};
static const struct schema group_status = {.fields = group_status_fields, .open = true};
static const struct field group_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &group_spec, .flags = FIELD_REQUIRED},
	{.name = "status", .type = &type_object, .schema = &group_status, .flags = FIELD_OMIT_ZERO},
	{0},
};

static void check_group(struct decode *d, const void *base)
{
	const struct api_object *obj = base;
	const api_ips *ips = &obj->gateway_group.floating_ips;
	char path[64];

	if (!ips->n && !decode_is_refused(d, "spec.floatingIPs"))
		decode_fault_at(d, "spec.floatingIPs", "must hold at least one address");
	for (size_t i = 0; i < ips->n; i++) {
		snprintf(path, sizeof(path), "spec.floatingIPs[%zu]", i);
		if (ips->v[i].family && !ip_is_unicast(&ips->v[i]))
			decode_fault_at(d, path, "%s is not a unicast address",
					ip_str(&ips->v[i]).s);
		for (size_t j = 0; j < i; j++)
			if (ip_is_set(&ips->v[i]) && ip_equal(&ips->v[i], &ips->v[j]))
				decode_fault_at(d, path, "%s is listed twice",
						ip_str(&ips->v[i]).s);
	}
}

static const struct schema group_root = {.fields = group_fields, .check = check_group};
static const char *const networking_versions[] = {"networking.gke.io/v1", NULL};

const struct kind_schema gateway_group_kind = {
	.info = {API_NETWORK_GATEWAY_GROUP, "NetworkGatewayGroup", "networking.gke.io", "v1",
		 "networkgatewaygroups", true, false},
	.versions = networking_versions,
	.root = &group_root,
	.must_be_default = true,
};

/* ---- BGPLoadBalancer --------------------------------------------------------------------- */

static void decode_selector(struct decode *d, const json_t *json, void *base)
{
	struct api_bgp_load_balancer *lb = base;

	lb->has_selector = true;
	if (json_is_object(json) && !json_object_size(json))
		decode_fault(d, "is empty: it must name at least one label");
	type_pairs.decode(d, &(struct field){.type = &type_pairs}, json, &lb->peer_selector);
}

static json_t *encode_selector(const void *base)
{
	const struct api_bgp_load_balancer *lb = base;

	return lb->has_selector ? type_pairs.encode(&(struct field){0}, &lb->peer_selector) : NULL;
}

static const struct field lb_spec_fields[] = {
	{.name = "peerSelector",
	 .type = &type_custom,
	 .offset = offsetof(struct api_object, bgp_load_balancer),
	 .decode = decode_selector,
	 .encode = encode_selector},
	{.type = &type_pairs,
	 .offset = offsetof(struct api_object, bgp_load_balancer.peer_selector)},
	{0},
};
static const struct schema lb_spec = {.fields = lb_spec_fields};
static const struct field lb_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &lb_spec},
	{.name = "status", .type = &type_object, .flags = FIELD_KNOWN},
	{0},
};

static const struct schema lb_root = {.fields = lb_fields};

const struct kind_schema bgp_load_balancer_kind = {
	.info = {API_BGP_LOAD_BALANCER, "BGPLoadBalancer", "networking.gke.io", "v1",
		 "bgploadbalancers", true, false},
	.versions = networking_versions,
	.root = &lb_root,
	.must_be_default = true,
};

/* ---- BGPPeer ----------------------------------------------------------------------------- */

#define B(member) offsetof(struct api_object, bgp_peer.member)
#define UNSUPPORTED(field_name) \
	{.name = field_name, .type = &type_object, .flags = FIELD_UNSUPPORTED}

static const char *const family_names[] = {"ipv4", "ipv6"};

static void decode_families(struct decode *d, const json_t *json, void *base)
{
	uint32_t *families = base;
	char shown[64];
	size_t i;
	json_t *value;

	*families = 0;
	json_array_foreach(json, i, value) {
		const char *word = json_string_value(value);
		size_t f = 0;

		while (f < 2 && (!word || strcmp(word, family_names[f]) != 0))
			f++;
		if (f == 2)
			decode_fault(d, "must list \"ipv4\" and \"ipv6\", not %s",
				     json_show(value, shown, sizeof(shown)));
		else
			*families |= 1u << f;
	}
	if (!json_is_array(json) || !json_array_size(json))
		decode_fault(d, "must list \"ipv4\", \"ipv6\" or both");
}

static json_t *encode_families(const void *base)
{
	uint32_t families = *(const uint32_t *)base;
	json_t *json = json_array();

	for (size_t f = 0; f < 2; f++)
		if (families & 1u << f)
			json_array_append_new(json, json_string(family_names[f]));
	return json;
}

static const struct field peer_spec_fields[] = {
	{.name = "localASN", .type = &type_asn, .offset = B(local_asn), .flags = FIELD_REQUIRED},
	{.name = "peerASN", .type = &type_asn, .offset = B(peer_asn), .flags = FIELD_REQUIRED},
	{.name = "peerIP", .type = &type_ip, .offset = B(peer_ip), .flags = FIELD_REQUIRED},
	{.name = "sessions", .type = &type_u32, .offset = B(sessions), .min = 1, .max = 1024},
	{.name = "port", .type = &type_u16, .offset = B(port), .min = 1},
	{.name = "holdTime",
	 .type = &type_u32,
	 .offset = B(hold_time),
	 .max = 65535,
	 .flags = FIELD_OMIT_ZERO},
	{.name = "keepaliveTime",
	 .type = &type_u32,
	 .offset = B(keepalive_time),
	 .min = 1,
	 .max = 21845,
	 .flags = FIELD_OMIT_ZERO},
	{.name = "connectRetryTime",
	 .type = &type_u32,
	 .offset = B(connect_retry_time),
	 .min = 1,
	 .max = 65535,
	 .flags = FIELD_OMIT_ZERO},
	{.name = "addPath", .type = &type_bool, .offset = B(add_path)},
	{.name = "addressFamilies",
	 .type = &type_custom,
	 .offset = B(address_families),
	 .decode = decode_families,
	 .encode = encode_families},
	UNSUPPORTED("passwordSecretRef"),
	UNSUPPORTED("ttlSecurity"),
	UNSUPPORTED("bfd"),
	UNSUPPORTED("gracefulRestart"),
	UNSUPPORTED("communities"),
	{0},
};
static const struct schema peer_spec = {.fields = peer_spec_fields};
static const struct field peer_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &peer_spec, .flags = FIELD_REQUIRED},
	{.name = "status", .type = &type_object, .flags = FIELD_KNOWN},
	{0},
};

static void peer_defaults(void *base)
{
	struct api_bgp_peer *peer = &((struct api_object *)base)->bgp_peer;

	peer->sessions = 1;
	peer->port = 179;
	peer->add_path = true;
	peer->address_families = API_FAMILY_IPV4 | API_FAMILY_IPV6;
}

#define DEFAULT_HOLD_TIME 90 /* seconds: what the speaker proposes when none is said */

static void check_peer(struct decode *d, const void *base)
{
	const struct api_bgp_peer *peer = &((const struct api_object *)base)->bgp_peer;

	if (peer->peer_asn && peer->peer_asn == peer->local_asn)
		decode_fault_at(d, "spec.peerASN",
				"%u is localASN: only eBGP is supported, the peer must be in "
				"another AS",
				peer->peer_asn);
	if (peer->peer_ip.family && !ip_is_unicast(&peer->peer_ip))
		decode_fault_at(d, "spec.peerIP", "%s is not a unicast address",
				ip_str(&peer->peer_ip).s);
	if (peer->hold_time == 1 || peer->hold_time == 2) /* RFC 4271, section 4.2 */
		decode_fault_at(d, "spec.holdTime", "%u is neither 0 nor between 3 and 65535",
				peer->hold_time);
	else if (peer->keepalive_time >= (peer->hold_time ? peer->hold_time : DEFAULT_HOLD_TIME))
		decode_fault_at(d, "spec.keepaliveTime", "%u must be less than holdTime %u",
				peer->keepalive_time,
				peer->hold_time ? peer->hold_time : DEFAULT_HOLD_TIME);
}

static const struct schema peer_root = {
	.fields = peer_fields, .defaults = peer_defaults, .check = check_peer};

const struct kind_schema bgp_peer_kind = {
	.info = {API_BGP_PEER, "BGPPeer", "networking.gke.io", "v1", "bgppeers", true, false},
	.versions = networking_versions,
	.root = &peer_root,
};

/* ---- ClusterCIDRConfig ------------------------------------------------------------------- */

#define F(member) offsetof(struct api_cidr_config_family, member)

static const struct field cidr_family_fields[] = {
	{.name = "cidr", .type = &type_prefix, .offset = F(cidr), .flags = FIELD_REQUIRED},
	{.name = "perNodeMaskSize",
	 .type = &type_u32,
	 .offset = F(per_node_mask_size),
	 .min = 1,
	 .max = 128,
	 .flags = FIELD_REQUIRED | FIELD_OMIT_ZERO},
	{0},
};
static const struct schema cidr_family = {.fields = cidr_family_fields};
static const struct field cidr_spec_fields[] = {
	{.name = "ipv4",
	 .type = &type_object,
	 .schema = &cidr_family,
	 .offset = offsetof(struct api_object, cidr_config.ipv4),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "ipv6",
	 .type = &type_object,
	 .schema = &cidr_family,
	 .offset = offsetof(struct api_object, cidr_config.ipv6),
	 .flags = FIELD_OMIT_ZERO},
	{.name = "nodeSelector", .type = &type_object, .flags = FIELD_KNOWN},
	{0},
};
static const struct schema cidr_spec = {.fields = cidr_spec_fields};
static const struct field cidr_fields[] = {
	{.name = "spec", .type = &type_object, .schema = &cidr_spec, .flags = FIELD_REQUIRED},
	{.name = "status", .type = &type_object, .flags = FIELD_KNOWN},
	{0},
};

static void check_cidr(struct decode *d, const char *field, uint8_t family,
		       const struct api_cidr_config_family *c)
{
	char path[64];

	if (!c->cidr.addr.family)
		return;
	snprintf(path, sizeof(path), "spec.%s.cidr", field);
	if (c->cidr.addr.family != family) {
		decode_fault_at(d, path, "%s is not of the family that \"%s\" says",
				ip_str(&c->cidr.addr).s, field);
		return;
	}
	snprintf(path, sizeof(path), "spec.%s.perNodeMaskSize", field);
	if (decode_is_refused(d, path))
		return;
	if (c->per_node_mask_size < c->cidr.len || c->per_node_mask_size > ip_bits(family))
		decode_fault_at(d, path, "%u is not between %u (the cidr's length) and %u",
				c->per_node_mask_size, c->cidr.len, ip_bits(family));
}

static void check_cidrs(struct decode *d, const void *base)
{
	const struct api_cluster_cidr_config *c = &((const struct api_object *)base)->cidr_config;

	check_cidr(d, "ipv4", AF_INET, &c->ipv4);
	check_cidr(d, "ipv6", AF_INET6, &c->ipv6);
}

static const struct schema cidr_root = {.fields = cidr_fields, .check = check_cidrs};
static const char *const cidr_versions[] = {"baremetal.cluster.gke.io/v1alpha1",
					    "networking.gke.io/v1alpha1", NULL};

const struct kind_schema cidr_config_kind = {
	.info = {API_CLUSTER_CIDR_CONFIG, "ClusterCIDRConfig", "baremetal.cluster.gke.io",
		 "v1alpha1", "clustercidrconfigs", true, false},
	.versions = cidr_versions,
	.root = &cidr_root,
};
