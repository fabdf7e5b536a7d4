// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/yaml_doc.h"

/* The first document as compact JSON, or "LINE: what is wrong". */
static char *parse(const char *text)
{
	yaml_docs docs = {0};
	struct err err;
	char *out;
	int line;

	if (yaml_docs_parse(text, strlen(text), &docs, &line, &err)) {
		assert_int_equal(docs.n, 0);
		return xasprintf("%d: %s", line, err.msg);
	}
	out = docs.n ? json_dumps(docs.v[0].json, JSON_COMPACT | JSON_ENCODE_ANY) : xstrdup("none");
	yaml_docs_free(&docs);
	return out;
}

struct case_of {
	const char *yaml, *json;
};

static void check(const struct case_of *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *got = parse(cases[i].yaml);

		if (strcmp(got, cases[i].json) != 0)
			fail_msg("%s\ngives    %s\nnot      %s", cases[i].yaml, got, cases[i].json);
		free(got);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(*(cases)))

static void reads_scalars_as_kubernetes_does(void **state)
{
	static const struct case_of cases[] = {
		{"a: text", "{\"a\":\"text\"}"},
		{"a: \"1\"", "{\"a\":\"1\"}"},
		{"a: '1'", "{\"a\":\"1\"}"},
		{"a: |\n  1\n", "{\"a\":\"1\\n\"}"},
		{"a: !!str 1", "{\"a\":\"1\"}"},
		{"a: 64601", "{\"a\":64601}"},
		{"a: -5", "{\"a\":-5}"},
		{"a: +5", "{\"a\":5}"},
		{"a: 0x1F", "{\"a\":31}"},
		{"a: 0o17", "{\"a\":15}"},
		{"a: 017", "{\"a\":15}"},
		{"a: 0b101", "{\"a\":5}"},
		{"a: 1_000", "{\"a\":1000}"},
		{"a: 08", "{\"a\":8.0}"},
		{"a: 4294967295", "{\"a\":4294967295}"},
		{"a: 1.5", "{\"a\":1.5}"},
		{"a: -.5", "{\"a\":-0.5}"},
		{"a: 1e3", "{\"a\":1000.0}"},
		{"a: 99999999999999999999", "{\"a\":1e20}"},
		{"a: 1.2.3", "{\"a\":\"1.2.3\"}"},
		{"a: 10.0.0.1", "{\"a\":\"10.0.0.1\"}"},
		{"a: 10.0.0.1-10.0.0.5", "{\"a\":\"10.0.0.1-10.0.0.5\"}"},
		{"a: 2001:db8::1", "{\"a\":\"2001:db8::1\"}"},
		{"a: ::1", "{\"a\":\"::1\"}"},
		{"a: 2026-01-02", "{\"a\":\"2026-01-02\"}"},
		{"a: e5", "{\"a\":\"e5\"}"},
		{"a: -", "[]"},
		{"a: 1e", "{\"a\":\"1e\"}"},
		{"a: 0x", "{\"a\":\"0x\"}"},
		{"a: .inf", "{\"a\":\".inf\"}"},
		{"a: true", "{\"a\":true}"},
		{"a: yes", "{\"a\":true}"},
		{"a: Off", "{\"a\":false}"},
		{"a: \"true\"", "{\"a\":\"true\"}"},
		{"a: ~", "{\"a\":null}"},
		{"a:", "{\"a\":null}"},
		{"a: null", "{\"a\":null}"},
		{"a: ''", "{\"a\":\"\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (*cases[i].json != '[')
			check(&cases[i], 1);
}

static void reads_structure(void **state)
{
	static const struct case_of cases[] = {
		{"", "none"},
		{"# nothing\n---\n# nothing\n", "none"},
		{"---\n---\na: 1\n", "{\"a\":1}"},
		{"a:\n- 1\n- b: 2\n  c: [3, {d: 4}]\n",
		 "{\"a\":[1,{\"b\":2,\"c\":[3,{\"d\":4}]}]}"},
		{"{\"a\":\n\t[1,\n\t\"b\\/c\\u00e9\"]}", "{\"a\":[1,\"b/c\303\251\"]}"},
		{"a: &x {b: 1}\nc: *x\n", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
		{"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
		{"1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}"},
		{"%YAML 1.2\n---\na: 1\n", "{\"a\":1}"},
		{"\xef\xbb\xbf"
		 "a: 1\n",
		 "{\"a\":1}"},
		{"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
	};

	(void)state;
	CHECK(cases);
}

static void refuses_with_line_and_cause(void **state)
{
	static const struct case_of cases[] = {
		{"a: 1\nb: 2\na: 3\n", "3: key \"a\" is there twice"},
		{"a: *x\n", "1: alias *x: there is no such anchor before it"},
		{"a: &x [*x]\n", "1: alias *x: there is no such anchor before it"},
		{"a: &x 1\n---\nb: *x\n", "3: alias *x: there is no such anchor before it"},
		{"a: {b: 1}\nc:\n  <<: {d: 1}\n", "3: merge keys (<<) are not supported"},
		{"[a]: 1\n", "1: a key must be a word"},
		{"a: !!binary aGk=\n", "1: tag \"tag:yaml.org,2002:binary\" is not supported"},
		{"a: \"b\\0c\"\n", "1: a text holds a NUL character"},
		{"a:\n  - b\n c: 1\n",
		 "3: cannot be parsed: did not find expected key (while parsing a block mapping)"},
		{"a: \"b\n",
		 "2: cannot be parsed: found unexpected end of stream (while scanning a "
		 "quoted scalar)"},
		{"a:\n\tb: 1\n", "2: cannot be parsed: found character that cannot start any token "
				 "(while scanning for the next token)"},
		{"a: \"\xff\"\n", "1: cannot be parsed: invalid leading UTF-8 octet"},
	};

	(void)state;
	CHECK(cases);
}

static void bounds_nesting(void **state)
{
	char text[4096] = "";
	char *got;

	(void)state;
	for (int i = 0; i < 1000; i++)
		strcat(text, i % 2 ? "{a: " : "[");
	got = parse(text);
	assert_string_equal(got, "1: nested deeper than 64 levels");
	free(got);
}

/* Ten levels of ten aliases each: ten thousand million values in 400 bytes. */
static void bounds_what_aliases_multiply(void **state)
{
	char text[1024] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	char *got;

	(void)state;
	for (int i = 1; i < 10; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used,
			 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n",
			 i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
			 i - 1);
	}
	got = parse(text);
	assert_string_equal(got, "7: alias *a5: more than 4000000 values");
	free(got);
}

static void knows_the_line_of_each_value(void **state)
{
	static const char text[] = "# comment\n"
				   "kind: X\n"
				   "spec:\n"
				   "  floatingIPs:\n"
				   "  - 10.0.0.1\n"
				   "  - 10.0.0.2\n"
				   "  peers: [{ip: 1},\n"
				   "    {ip: 2}]\n"
				   "---\n"
				   "kind: Y\n";
	static const struct {
		const char *path;
		int line;
	} cases[] = {
		{"kind", 2},
		{"spec", 3},
		{"spec.floatingIPs", 4},
		{"spec.floatingIPs[1]", 6},
		{"spec.floatingIPs[7]", 4},
		{"spec.peers[1].ip", 8},
		{"spec.peers[0].asn", 7},
		{"spec.nothing.here", 3},
		{"nothing", 0},
		{"", 0},
	};
	yaml_docs docs = {0};
	int line;

	(void)state;
	assert_int_equal(yaml_docs_parse(text, strlen(text), &docs, &line, NULL), 0);
	assert_int_equal(docs.n, 2);
	assert_int_equal(docs.v[0].line, 2);
	assert_int_equal(docs.v[1].line, 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(yaml_line(docs.v[0].lines, cases[i].path), cases[i].line);
	yaml_docs_free(&docs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_scalars_as_kubernetes_does),
		cmocka_unit_test(reads_structure),
		cmocka_unit_test(refuses_with_line_and_cause),
		cmocka_unit_test(bounds_nesting),
		cmocka_unit_test(bounds_what_aliases_multiply),
		cmocka_unit_test(knows_the_line_of_each_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
