// SPDX-License-Identifier: Apache-2.0
#include "cli/health.h"

#include <stdbool.h>
#include <string.h>

/*
 * How bad a problem is, by how its sentence begins. What stops traffic comes first, what may stop
 * some of it next, then what was asked for and cannot be done.
 */
enum rank { RANK_NODE = HEALTH_WORST, RANK_SESSION, RANK_OTHER, RANK_REFUSED, RANK_WARNING };

static const struct {
	const char *start;
	enum rank rank;
} ranks[] = {
	{"dataplane: ", RANK_NODE}, {"nothing is planned: ", RANK_NODE},
	{"session ", RANK_SESSION}, {"refused: ", RANK_REFUSED},
	{"", RANK_OTHER},
};

static enum rank rank_of(const char *text)
{
	size_t i = 0;

	while (strncmp(text, ranks[i].start, strlen(ranks[i].start)) != 0)
		i++;
	return ranks[i].rank;
}

/* Every program that reads the manifests finds the same faults in them: one is enough. */
static bool is_known(const health_problems *problems, int rank, const char *text)
{
	array_each(problems, problem) {
		if (rank == RANK_REFUSED && !strcmp(problem->text, text))
			return true;
	}
	return false;
}

void health_add(health_problems *problems, int rank, const char *about, const char *text)
{
	struct health_problem problem = {
		.rank = rank, .about = xstrdup(about), .text = xstrdup(text)};

	array_push(problems, problem);
}

char *health_program(const json_t *status)
{
	const char *program = json_string_value(json_object_get(status, "program"));
	const char *node = json_string_value(json_object_get(status, "node"));

	return xasprintf("%s%s%s", program ? program : "?", node ? " on " : "", node ? node : "");
}

static void read_list(health_problems *problems, const json_t *list, const char *about, int rank)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		const char *text = json_string_value(entry);

		int r = rank < 0 && text ? (int)rank_of(text) : rank;

		if (text && !is_known(problems, r, text))
			health_add(problems, r, about, text);
	}
}

void health_read(health_problems *problems, const json_t *status)
{
	const json_t *sessions = json_object_get(status, "sessions");
	json_int_t total = json_integer_value(json_object_get(sessions, "total"));
	char *about = health_program(status);

	if (total && !json_integer_value(json_object_get(sessions, "established")))
		health_add(problems, RANK_NODE, about,
			   "no BGP session is established: the routers learn no route from here");
	read_list(problems, json_object_get(status, "problems"), about, -1);
	read_list(problems,
		  json_object_get(json_object_get(status, "dataplaneDetails"), "warnings"), about,
		  RANK_WARNING);
	free(about);
}

void health_sort(health_problems *problems)
{
	/* By insertion: there are few, and equals must keep their order. */
	for (size_t i = 1; i < problems->n; i++) {
		struct health_problem moved = problems->v[i];
		size_t j = i;

		for (; j && problems->v[j - 1].rank > moved.rank; j--)
			problems->v[j] = problems->v[j - 1];
		problems->v[j] = moved;
	}
}

void health_free(health_problems *problems)
{
	array_each(problems, problem) {
		free(problem->about);
		free(problem->text);
	}
	array_free(problems);
}
