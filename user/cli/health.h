/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CLI_HEALTH_H
#define VIPCAST_CLI_HEALTH_H

/* What is wrong, out of what the programs say of themselves (GET /v1/status), worst first. */

#include <jansson.h>

#include "util/array.h"

struct health_problem {
	int rank;    /* 0 is the worst */
	char *about; /* which program: "vipcastd on lb1" */
	char *text;
};

typedef ARRAY(struct health_problem) health_problems;

/* Copies its texts. */
void health_add(health_problems *problems, int rank, const char *about, const char *text);
/* Adds what the status of one program reports. */
void health_read(health_problems *problems, const json_t *status);
/* The worst first; equals stay in the order in which they were added. */
void health_sort(health_problems *problems);
void health_free(health_problems *problems);

/* The program that a status is of: "vipcastd on lb1"; the caller frees it. */
char *health_program(const json_t *status);

#define HEALTH_WORST 0 /* traffic is lost, or nobody knows */

#endif
