/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_BATCH_H
#define VIPCAST_BGP_BATCH_H

/*
 * Changes gathered out of the log, to be sent packed. Prefixes that go from one set of next hops
 * to the same other one form a group; each group leads to a job for each path that comes or goes.
 * Jobs are sorted so that those that can share messages follow each other. A batch is independent
 * of the RIB: what changes there meanwhile is of the next batch.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgp/bgp.h"
#include "bgp/nhset.h"
#include "util/array.h"
#include "util/ip.h"

/* Prefixes in one batch. Only the last message of each next hop is not full, so the more the better
 * packed; this many keep that loss under one per cent. */
#define BATCH_MAX 65536

/* A list of prefixes, by index. */
struct batch_prefix {
	struct ip_prefix prefix;
	uint32_t next;
};

struct batch_group {
	const struct nhset *from, *to; /* references; NULL: nothing */
	bool resend;		       /* to be sent whole: RFC 2918 */
	enum bgp_family family;
	uint32_t first, last; /* prefixes */
	uint32_t chain;	      /* in the hash bucket */
};

/* One path that comes or goes, for all prefixes of a group. */
struct batch_job {
	bool withdraw;
	enum bgp_family family;
	uint32_t metric;	   /* 0 for withdrawals: they say nothing of it */
	const struct nexthop *hop; /* the group's sets keep it */
	uint32_t group;
};

#define BATCH_BUCKETS 4096

struct batch {
	ARRAY(struct batch_prefix) prefixes;
	ARRAY(struct batch_group) groups;
	ARRAY(struct batch_job) jobs;
	uint32_t *buckets;
	/* Where the next message begins. */
	size_t job;
	uint32_t at; /* prefix of that job's group */
};

void batch_init(struct batch *batch);
/* Gives all references back and makes the batch empty, without memory. */
void batch_reset(struct batch *batch, struct nhset_store *store);

/* Adds a prefix whose peer has FROM and is to have TO (NULL: nothing). References are taken. RESEND
 * is the same for all of a family in one batch. */
void batch_add(struct batch *batch, const struct ip_prefix *prefix, enum bgp_family family,
	       const struct nhset *from, const struct nhset *to, bool resend);

/*
 * Makes the jobs. With ADD_PATH for the family, paths that are gone are withdrawn one by one;
 * without, an announcement replaces what was there and only the last one's end is a withdrawal.
 */
void batch_seal(struct batch *batch, const bool add_path[BGP_FAMILIES]);

/* The current job; NULL: all is done. */
const struct batch_job *batch_job(const struct batch *batch);
/* True when routes of both jobs can stand in one message. */
bool batch_job_joins(const struct batch_job *a, const struct batch_job *b);
/* The current prefix of the current job, and the step to the one after it. */
const struct ip_prefix *batch_prefix(const struct batch *batch);
void batch_step(struct batch *batch);

#endif
