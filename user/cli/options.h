/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_CLI_OPTIONS_H
#define VIPCAST_CLI_OPTIONS_H

/*
 * Command-line options as a table: the parser, --help and whatever else describes a program walk
 * the same rows.
 */

#include <stddef.h>
#include <stdio.h>

#include "util/err.h"

struct cli_option {
	const char *name; /* without the dashes */
	char letter;	  /* 0: there is none */
	/* What the value is, for the help; NULL: takes none. "NAME ..." may be given several times.
	 */
	const char *arg;
	const char *help;
	/* Where the value goes: a const char * at this offset of the values; of an option that may
	 * be given several times, a struct cli_list. */
	size_t offset;
};

#define CLI_LIST_MAX 32

struct cli_list {
	const char *v[CLI_LIST_MAX]; /* in the order in which they were given */
	size_t n;
};

/*
 * Parses the options among ARGV[0..argc-1] (without the program's name) in any place: --name VALUE,
 * --name=VALUE, -n VALUE, -nVALUE; "--" ends them. A value is borrowed from ARGV; it is "" for an
 * option that takes none, and stays as it is when the option is not given. VALUES is the struct
 * that the tables' offsets are in. What is no option is moved to the front of ARGV, in order.
 * Returns how many those are, or -EINVAL. The tables are ended by a row without a name; MORE may
 * be NULL.
 */
int cli_parse(const struct cli_option *options, const struct cli_option *more, void *values,
	      int argc, char **argv, struct err *err);

/* Prints a line for each option. */
void cli_options_help(FILE *out, const struct cli_option *options);

#endif
