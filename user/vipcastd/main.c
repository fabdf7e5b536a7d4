// SPDX-License-Identifier: Apache-2.0
/* vipcastd: the agent of a node. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/version.h"
#include "vipcastd/agent.h"

static int detach(const struct options *options, struct err *err)
{
	const struct log log = {
		.level = options->log_level, .fd = STDERR_FILENO, .program = "vipcastd"};
	const struct dataplane_config config = {
		.pin_dir = options->pin_dir,
		.interfaces = options->interfaces.v,
		.interface_count = options->interfaces.n,
		.log = &log,
	};

	return dataplane_remove(&config, err);
}

int main(int argc, char **argv)
{
	struct options options;
	struct err err;
	int rc = options_parse(argc, argv, &options, &err);

	if (rc) {
		fprintf(stderr, "vipcastd: %s (--help lists the options)\n", err.msg);
		options_free(&options);
		return 2;
	}
	if (options.help) {
		options_help();
	} else if (options.version) {
		puts("vipcastd " VIPCAST_VERSION);
	} else {
		rc = options.detach ? detach(&options, &err) : agent_run(&options, &err);
		if (rc)
			fprintf(stderr, "vipcastd: %s\n", err.msg);
	}
	options_free(&options);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
