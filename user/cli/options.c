// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Finds by name (up to LEN bytes of TEXT), or by letter when LEN is 0. */
static const struct cli_option *find(const struct cli_option *options, const char *text, size_t len)
{
	for (; options && options->name; options++) {
		if (len ? strlen(options->name) == len && !strncmp(options->name, text, len)
			: options->letter && options->letter == *text)
			return options;
	}
	return NULL;
}

struct parser {
	const struct cli_option *options, *more;
	char *values;
	int argc, next;
	char **argv;
};

static const struct cli_option *find_either(const struct parser *p, const char *text, size_t len)
{
	const struct cli_option *option = find(p->options, text, len);

	return option ? option : find(p->more, text, len);
}

static bool takes_several(const struct cli_option *option)
{
	size_t len = strlen(option->arg);

	return len >= 3 && !strcmp(option->arg + len - 3, "...");
}

static int append(struct cli_list *list, const struct cli_option *option, const char *value,
		  struct err *err)
{
	if (list->n == CLI_LIST_MAX)
		return err_set(err, -EINVAL, "option --%s is given more than %d times",
			       option->name, CLI_LIST_MAX);
	list->v[list->n++] = value;
	return 0;
}

/* Stores the value: the one ATTACHED, or the next argument. SHOWN is the option as typed. */
static int store(struct parser *p, const struct cli_option *option, const char *attached,
		 const char *shown, struct err *err)
{
	const char **value = (void *)(p->values + option->offset);

	if (!option->arg) {
		if (attached)
			return err_set(err, -EINVAL, "option --%s takes no value", option->name);
		*value = "";
		return 0;
	}
	if (!attached) {
		if (p->next == p->argc)
			return err_set(err, -EINVAL, "option %s needs a value: %s", shown,
				       option->arg);
		attached = p->argv[p->next++];
	}
	if (takes_several(option))
		return append((void *)value, option, attached, err);
	*value = attached;
	return 0;
}

static int parse_long(struct parser *p, const char *text, struct err *err)
{
	size_t len = strcspn(text + 2, "=");
	const struct cli_option *option = len ? find_either(p, text + 2, len) : NULL;

	if (!option)
		return err_set(err, -EINVAL, "there is no option %.*s", (int)len + 2, text);
	return store(p, option, text[2 + len] ? text + 3 + len : NULL, text, err);
}

/* -oVALUE, -o VALUE, and letters without values in one: -hV */
static int parse_letters(struct parser *p, const char *text, struct err *err)
{
	for (const char *letter = text + 1; *letter; letter++) {
		const struct cli_option *option = find_either(p, letter, 0);
		int code;

		if (!option)
			return err_set(err, -EINVAL, "there is no option -%c", *letter);
		if (option->arg)
			return store(p, option, letter[1] ? letter + 1 : NULL, text, err);
		code = store(p, option, NULL, text, err);
		if (code)
			return code;
	}
	return 0;
}

int cli_parse(const struct cli_option *options, const struct cli_option *more, void *values,
	      int argc, char **argv, struct err *err)
{
	struct parser p = {
		.options = options, .more = more, .values = values, .argc = argc, .argv = argv};
	bool ended = false;
	int operands = 0;

	while (p.next < argc) {
		char *text = argv[p.next++];
		int code = 0;

		if (ended || text[0] != '-' || !text[1])
			argv[operands++] = text;
		else if (!strcmp(text, "--"))
			ended = true;
		else if (text[1] == '-')
			code = parse_long(&p, text, err);
		else
			code = parse_letters(&p, text, err);
		if (code)
			return code;
	}
	return operands;
}

void cli_options_help(FILE *out, const struct cli_option *options)
{
	for (; options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", options->name, options->arg ? " " : "",
			 options->arg ? options->arg : "");
		if (options->letter)
			fprintf(out, "  -%c, %-24s %s\n", options->letter, left, options->help);
		else
			fprintf(out, "      %-24s %s\n", left, options->help);
	}
}
