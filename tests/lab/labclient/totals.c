/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static double to_ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

void tallies_count(struct tallies *t, const char *key, const char *peer)
{
	struct tally *row;

	for (int i = 0; i < t->count; i++) {
		row = &t->rows[i];
		if (!strcmp(row->key, key) && !strcmp(row->peer, peer)) {
			row->count++;
			return;
		}
	}
	if (t->count == MAX_TALLIES)
		return;
	row = &t->rows[t->count++];
	snprintf(row->key, sizeof(row->key), "%s", key);
	snprintf(row->peer, sizeof(row->peer), "%s", peer);
	row->count = 1;
}

static unsigned bucket_of(uint64_t us)
{
	unsigned shift;

	if (us < SUB_BUCKETS)
		return (unsigned)us;
	shift = (unsigned)(63 - __builtin_clzll(us)) - 4;
	us >>= shift; /* 16 ... 31 */
	if (shift * SUB_BUCKETS + us >= BUCKETS)
		return BUCKETS - 1;
	return (unsigned)(shift * SUB_BUCKETS + us);
}

static uint64_t bucket_floor(unsigned bucket)
{
	if (bucket < SUB_BUCKETS)
		return bucket;
	return (uint64_t)(bucket % SUB_BUCKETS + SUB_BUCKETS) << (bucket / SUB_BUCKETS - 1);
}

static double percentile(const struct client *c, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)((double)c->ok * share);

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += c->latency[i];
		if (seen > wanted)
			return (double)bucket_floor(i) / 1e3;
	}
	return 0;
}

void totals_answer(struct client *c, struct worker *w, const char *pod, const char *peer)
{
	uint64_t now = now_ns();

	c->ok++;
	tallies_count(&c->pods, pod, peer);
	c->latency[bucket_of((now - w->started) / 1000)]++;
	if (now - c->last_ok > c->max_gap)
		c->max_gap = now - c->last_ok;
	if (now - w->answered > c->max_wait)
		c->max_wait = now - w->answered;
	c->last_ok = w->answered = now;
}

/* Rows of one key need not be neighbours: each key is printed at its first row. */
static void print_pods(const struct tallies *t)
{
	bool first_key = true;

	printf("\"pods\": {");
	for (int i = 0; i < t->count; i++) {
		bool first = true, done = false;

		for (int j = 0; j < i && !done; j++)
			done = !strcmp(t->rows[j].key, t->rows[i].key);
		if (done)
			continue;
		printf("%s\"%s\": {", first_key ? "" : ", ", t->rows[i].key);
		first_key = false;
		for (int j = i; j < t->count; j++) {
			if (strcmp(t->rows[j].key, t->rows[i].key))
				continue;
			printf("%s\"%s\": %llu", first ? "" : ", ", t->rows[j].peer,
			       (unsigned long long)t->rows[j].count);
			first = false;
		}
		printf("}");
	}
	printf("}");
}

void totals_report(const struct client *c)
{
	uint64_t now = now_ns(), gap = c->max_gap, wait = c->max_wait;

	/* A gap that has not ended counts as well. */
	if (now - c->last_ok > gap)
		gap = now - c->last_ok;
	for (uint32_t i = 0; i < c->concurrency; i++)
		if (c->workers[i].busy && now - c->workers[i].answered > wait)
			wait = now - c->workers[i].answered;
	printf("{\"ok\": %llu, \"failed\": %llu, \"connections\": %llu, \"seconds\": %.3f, "
	       "\"max_gap_ms\": %.1f, \"max_wait_ms\": %.1f, ",
	       (unsigned long long)c->ok, (unsigned long long)c->failed,
	       (unsigned long long)c->connections, to_ms(now - c->start) / 1e3, to_ms(gap),
	       to_ms(wait));
	printf("\"latency_ms\": {\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"max\": %.3f}, ",
	       percentile(c, 0.5), percentile(c, 0.9), percentile(c, 0.99),
	       percentile(c, 1 - 1e-9));
	printf("\"errors\": {");
	for (int i = 0; i < c->errors.count; i++)
		printf("%s\"%s\": %llu", i ? ", " : "", c->errors.rows[i].key,
		       (unsigned long long)c->errors.rows[i].count);
	printf("}, ");
	print_pods(&c->pods);
	printf("}\n");
	fflush(stdout);
}
