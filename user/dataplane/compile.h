/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_DATAPLANE_COMPILE_H
#define VIPCAST_DATAPLANE_COMPILE_H

/*
 * From objects to what the dataplane of one node has to do: which address, port and protocol goes
 * to which backends. A pure function of the state and the node's name.
 */

#include <stdbool.h>
#include <stdint.h>

#include "api/state.h"
#include "maps/vip_table.h"
#include "util/array.h"
#include "util/ip.h"

struct compiled_backend {
	struct ip_addr ip;
	uint16_t port; /* host order */
	bool draining; /* no service sends it new flows */
};

struct compiled_service {
	struct vip_key key; /* port 0 and protocol 0: the VIP itself, without backends */
	char *service;	    /* "NAMESPACE/NAME" */
	size_t first;	    /* of refs[]: first the active backends, then the draining ones */
	size_t active, draining;
};

struct compiled {
	ARRAY(struct compiled_service) services; /* by key */
	ARRAY(struct compiled_backend) backends; /* each once, by address and port */
	ARRAY(uint32_t) refs;	   /* positions in backends[], ascending within a part */
	struct ip_addr node_ip[2]; /* the node's InternalIPs: IPv4, IPv6; or none */
	size_t service_count;	   /* Services that have a VIP */
	ARRAY(char *) conflicts;   /* what was left out, in words */
};

/*
 * Endpoints that are ready are active; when a Service has none of these, those that still serve
 * while they terminate are. Otherwise the latter are draining. With externalTrafficPolicy Local
 * only the endpoints of NODE_NAME count. OUT is the caller's, to be freed with compiled_free().
 */
void compile_services(const struct api_state *state, const char *node_name, struct compiled *out);
void compiled_free(struct compiled *compiled);

/* Orders by address, then port. */
int compiled_backend_compare(const struct compiled_backend *a, const struct compiled_backend *b);

#endif
