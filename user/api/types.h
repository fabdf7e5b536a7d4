/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_API_TYPES_H
#define VIPCAST_API_TYPES_H

/*
 * The objects that vipcast reads and writes, as typed structs. What comes in (YAML, JSON) becomes
 * one of these at the door (api/decode.h) and goes out through the same tables (api/encode.h), so
 * no other code sees a document. A struct api_object is owned by whoever decoded it and is freed
 * by api_object_free(); everything reachable from it belongs to it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "util/array.h"
#include "util/ip.h"

enum api_kind {
	API_CLUSTER,
	API_NETWORK_GATEWAY_GROUP,
	API_BGP_LOAD_BALANCER,
	API_BGP_PEER,
	API_CLUSTER_CIDR_CONFIG,
	API_SERVICE,
	API_ENDPOINT_SLICE,
	API_NODE,
	API_LEASE,
	API_BGP_SESSION,
	API_BGP_ADVERTISED_ROUTE,
	API_KIND_COUNT
};

struct api_pair {
	char *key, *value;
};

typedef ARRAY(struct api_pair) api_pairs;
typedef ARRAY(struct ip_addr) api_ips;
typedef ARRAY(struct ip_prefix) api_prefixes;
typedef ARRAY(struct ip_range) api_ranges;
typedef ARRAY(char *) api_strings;

struct api_meta {
	char *ns; /* NULL for kinds that live outside namespaces */
	char *name;
	api_pairs labels, annotations;
};

/* ---- what the user writes ---------------------------------------------------------------- */

struct api_cluster_peer {
	struct ip_addr ip;
	uint32_t asn;
	api_ips control_plane_nodes; /* empty: every control-plane node */
};
struct api_pool {
	char *name;
	api_ranges ranges;
	bool avoid_buggy_ips; /* leaves out .0 and .255 */
	bool manual_assign;   /* only for Services that ask for it */
};

struct api_node_ref {
	struct ip_addr address;
};

enum api_lb_mode { API_LB_BUNDLED, API_LB_MANUAL };
enum api_lb_type { API_LB_LAYER2, API_LB_BGP };

struct api_cluster {
	bool advanced_networking;
	api_prefixes service_cidrs, pod_cidrs;
	ARRAY(struct api_node_ref) control_plane_nodes;
	enum api_lb_mode mode;
	enum api_lb_type type;
	uint32_t local_asn;
	ARRAY(struct api_cluster_peer) bgp_peers;
	uint16_t control_plane_lb_port;		       /* host order; default 443 */
	struct ip_addr control_plane_vip, ingress_vip; /* family 0: absent */
	ARRAY(struct api_pool) pools;
	ARRAY(struct api_node_ref) lb_nodes; /* empty: the control-plane nodes */
};

/* Who holds a floating IP, and if nobody does, why. */
struct api_floating_ip {
	struct ip_addr ip;
	char *node_name; /* NULL: nobody */
	char *reason;	 /* "" while held */
};

struct api_network_gateway_group {
	api_ips floating_ips;
	ARRAY(struct api_floating_ip)
	placements; /* status.floatingIPs, written by the controller */
};

struct api_bgp_load_balancer {
	bool has_selector; /* false: the control-plane peers serve the data plane */
	api_pairs peer_selector;
};

enum api_family_set { API_FAMILY_IPV4 = 1, API_FAMILY_IPV6 = 2 };

struct api_bgp_peer {
	uint32_t local_asn, peer_asn;
	struct ip_addr peer_ip;
	uint32_t sessions;					/* default 1 */
	uint16_t port;						/* host order; default 179 */
	uint32_t hold_time, keepalive_time, connect_retry_time; /* seconds; 0: the default */
	bool add_path;						/* default true */
	uint32_t address_families; /* enum api_family_set; default both */
};

struct api_cidr_config_family {
	struct ip_prefix cidr;
	uint32_t per_node_mask_size;
};

struct api_cluster_cidr_config {
	struct api_cidr_config_family ipv4, ipv6; /* cidr.addr.family 0: absent */
};

/* ---- what Kubernetes has ----------------------------------------------------------------- */

struct api_service_port {
	char *name;	  /* "" when the only port has none */
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t port;	  /* host order */
};

struct api_service {
	char *type; /* "LoadBalancer" is ours */
	char *load_balancer_class;
	struct ip_addr load_balancer_ip;
	uint32_t ip_families; /* enum api_family_set in order of spec.ipFamilies; 0: not said */
	bool prefers_ipv6;    /* the first of spec.ipFamilies is IPv6 */
	bool require_dual_stack, prefer_dual_stack;
	bool external_traffic_local;
	ARRAY(struct api_service_port) ports;
	api_ips ingress; /* status.loadBalancer.ingress[].ip */
};

struct api_endpoint {
	api_ips addresses;
	bool ready, serving, terminating;
	char *node_name; /* may be NULL */
};

struct api_endpoint_slice {
	char *service_name; /* from the label kubernetes.io/service-name */
	uint8_t family;	    /* AF_INET, AF_INET6 */
	ARRAY(struct api_endpoint) endpoints;
	ARRAY(struct api_service_port) ports;
};

struct api_node {
	api_ips internal_ips;
	bool unschedulable;
	bool ready; /* condition Ready is True; a Node without conditions is taken as ready */
};

/*
 * Heartbeat of the agent of a node: a coordination.k8s.io/v1 Lease `vipcast-NODE` in kube-system.
 * What the agent knows of its node rides on it as annotations (vipcast.io/...), so that one write
 * tells both that it lives and what it can do.
 */
struct api_lease {
	char *holder;		    /* the node's name */
	struct timespec renew_time; /* wall clock */
	uint32_t duration_seconds;
};

/* ---- what vipcast writes ----------------------------------------------------------------- */

struct api_bgp_session {
	/* spec */
	struct ip_addr floating_ip, local_ip, peer_ip; /* local_ip: the node's own InternalIP */
	uint32_t local_asn, peer_asn;
	char *node_name;
	uint16_t peer_port; /* host order */
	uint32_t hold_time, keepalive_time, connect_retry_time;
	bool add_path;
	uint32_t address_families;
	/* status */
	char *state;  /* Idle, Connect, Active, OpenSent, OpenConfirm, Established */
	char *reason; /* why it is down, in words; "" while it is up */
	api_strings advertised_routes; /* names of BGPAdvertisedRoutes */
	struct timespec last_report_time;
	bool add_path_negotiated;
};

/* For a session without ADD-PATH: the one next hop that it advertises. */
struct api_fallback {
	struct ip_addr peer_ip, floating_ip; /* which session */
	struct ip_addr next_hop;
};

struct api_bgp_advertised_route {
	struct ip_prefix prefix;
	uint32_t metric;   /* MED; 0: none is sent */
	api_ips next_hops; /* sorted */
	ARRAY(struct api_fallback) fallback;
	char *service_namespace, *service_name;
};

struct api_object {
	enum api_kind kind;
	struct api_meta meta;
	union {
		struct api_cluster cluster;
		struct api_network_gateway_group gateway_group;
		struct api_bgp_load_balancer bgp_load_balancer;
		struct api_bgp_peer bgp_peer;
		struct api_cluster_cidr_config cidr_config;
		struct api_service service;
		struct api_endpoint_slice endpoint_slice;
		struct api_node node;
		struct api_lease lease;
		struct api_bgp_session session;
		struct api_bgp_advertised_route route;
	};
};

#endif
