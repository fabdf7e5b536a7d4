/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_API_SCHEMA_H
#define VIPCAST_API_SCHEMA_H

/*
 * The tables that describe documents. A schema is the list of fields of one JSON object; a field
 * says its name, its type and where its value stands in the C struct. Objects may map onto the same
 * struct as their parent (spec.loadBalancer.vips.ingressVIP is cluster.ingress_vip), so a row's
 * offset counts from the struct that the whole table describes, not from the nesting.
 */

#include <jansson.h>
#include <stddef.h>

#include "api/object.h"

struct decode {
	fault_list *faults;
	size_t first;	    /* the first fault of this document, once there is one */
	const char *object; /* for faults */
	char path[256];	    /* of the value being decoded */
};

/* Records a fault at the present path, and one below it (NAME may be "x" or "[2]"). */
void decode_fault(struct decode *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void decode_fault_at(struct decode *d, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* True when PATH or what is around it has a fault already: what follows from that need not be said.
 */
bool decode_is_refused(const struct decode *d, const char *path);

enum field_flags {
	FIELD_REQUIRED = 1,
	FIELD_OMIT_ZERO = 2,   /* encode: leave out a zero value */
	FIELD_KNOWN = 4,       /* accepted and not used */
	FIELD_UNSUPPORTED = 8, /* known, and refused */
};

struct field;

/* How values of a type are read, written and freed. AT points to the value in the struct. */
struct field_type {
	const char *name; /* for faults: "a string" */
	size_t size;	  /* of the value, where it can be an element of a list */
	void (*decode)(struct decode *d, const struct field *f, const json_t *json, void *at);
	json_t *(*encode)(const struct field *f, const void *at); /* NULL: leave out */
	void (*free)(const struct field *f, void *at);		  /* NULL: owns nothing */
};

struct schema;

struct field {
	const char *name; /* NULL: storage alone, filled by another row, freed by this one */
	const struct field_type *type;
	size_t offset;
	unsigned int flags;
	uint32_t min, max;	     /* numbers */
	const char *const *words;    /* enumerations: their words, ended by NULL */
	const struct schema *schema; /* objects and lists of objects */
	const struct field *element; /* lists */
	size_t element_size;	     /* lists */
	/* fields that no type describes */
	void (*decode)(struct decode *d, const json_t *json, void *base);
	json_t *(*encode)(const void *base);
};

struct schema {
	const struct field *fields; /* ended by a row with neither name nor type */
	bool open;		    /* fields that are not listed are somebody else's: ignored */
	/* True for a listed field that JSON, the whole object, makes meaningless; may be NULL. */
	bool (*ignores)(const json_t *json, const char *field);
	/* Called before and after the fields are read, with the struct; may be NULL. */
	void (*defaults)(void *base);
	void (*check)(struct decode *d, const void *base);
};

/* A kind's table, and what it decodes to. */
struct kind_schema {
	struct api_kind_info info;
	const char *const *versions; /* apiVersions that are read, ended by NULL */
	const struct schema *root;   /* fields beside apiVersion, kind and metadata */
	bool must_be_default;	     /* metadata.name has to be "default" */
};

extern const struct kind_schema kind_schemas[API_KIND_COUNT];
extern const struct kind_schema cluster_kind, gateway_group_kind, bgp_load_balancer_kind,
	bgp_peer_kind, cidr_config_kind, service_kind, endpoint_slice_kind, node_kind, lease_kind,
	bgp_session_kind, bgp_advertised_route_kind;

extern const struct field_type type_string, type_bool, type_u16, type_u32, type_asn, type_ip,
	type_prefix, type_range, type_protocol, type_enum, type_time, type_pairs, type_object,
	type_list, type_custom;

extern const struct field element_ip, element_prefix, element_range, element_string;

/* False, and a fault, for what is no list (null counts as an empty one), or no object. */
bool decode_expect_list(struct decode *d, const json_t *json);
bool decode_expect_object(struct decode *d, const json_t *json);
/* The same of element I of the list at the present path. */
bool decode_expect_element(struct decode *d, size_t i, const json_t *json);

/* Decodes, encodes and frees the fields of SCHEMA in the struct at BASE. */
void schema_decode(struct decode *d, const struct schema *schema, const json_t *json, void *base);
json_t *schema_encode(const struct schema *schema, const void *base);
void schema_free(const struct schema *schema, void *base);

/* A NUL-terminated text for a JSON value in a fault: "abc", 12, true, a list. In a static-size BUF.
 */
const char *json_show(const json_t *json, char *buf, size_t size);

/* The name in the table that is nearest to NAME (edit distance at most 3), or NULL. */
const char *schema_nearest(const struct schema *schema, const char *name);

#endif
