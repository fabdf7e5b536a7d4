// SPDX-License-Identifier: Apache-2.0
#include "vipcastd/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

struct values {
	const char *node, *store, *roles, *pin_dir, *socket, *lease_duration, *nat_ports,
		*log_level, *detach, *help, *version;
	struct cli_list interfaces;
};

#define V(member) offsetof(struct values, member)

static const struct cli_option table[] = {
	{"node", 0, "NAME", "this node's name, as its Node object has it (required)", V(node)},
	{"store", 0, "DIR", "directory of manifests (required)", V(store)},
	{"roles", 0, "LIST", "speaker, dataplane or both (default: speaker,dataplane)", V(roles)},
	{"interface", 'i', "IF ...",
	 "interface for the XDP program; several: given several times, or comma-separated "
	 "(default: those of the node's InternalIPs)",
	 V(interfaces)},
	{"pin-dir", 0, "DIR", "where maps are pinned (default: /sys/fs/bpf/vipcast)", V(pin_dir)},
	{"socket", 0, "PATH", "control socket (default: /run/vipcast/vipcastd.sock)", V(socket)},
	{"lease-duration", 0, "SECONDS",
	 "the node counts as dead when silent for this long, 2 to 3600 (default: 3)",
	 V(lease_duration)},
	{"nat-ports", 0, "FIRST-LAST", "source ports towards backends (default: 10000-29999)",
	 V(nat_ports)},
	{"log-level", 0, "LEVEL", "debug, info, warn or error (default: info)", V(log_level)},
	{"detach", 0, NULL, "take programs, maps and devices of the dataplane away, then exit",
	 V(detach)},
	{"help", 'h', NULL, "this help", V(help)},
	{"version", 'V', NULL, "the version", V(version)},
	{0},
};

void options_help(void)
{
	puts("usage: vipcastd --node NAME --store DIR [OPTION ...]\n\n"
	     "The agent of a node: runs BGP sessions and programs the XDP dataplane.\n\nOptions:");
	cli_options_help(stdout, table);
}

/* Calls FN with each item of a comma-separated list. */
static int each_item(const char *list, struct options *out,
		     int (*fn)(struct options *out, const char *item, size_t len, struct err *err),
		     struct err *err)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		int rc = fn(out, list, len, err);

		if (rc || !list[len])
			return rc;
		list += len + 1;
	}
}

static int take_role(struct options *out, const char *item, size_t len, struct err *err)
{
	if (len == 7 && !strncmp(item, "speaker", len))
		out->speaker = true;
	else if (len == 9 && !strncmp(item, "dataplane", len))
		out->dataplane = true;
	else
		return err_set(err, -EINVAL, "--roles: \"%.*s\" is not speaker or dataplane",
			       (int)len, item);
	return 0;
}

static int take_interface(struct options *out, const char *item, size_t len, struct err *err)
{
	if (!len || len > 15)
		return err_set(err, -EINVAL, "--interface: \"%.*s\" is not an interface's name",
			       (int)len, item);
	array_push(&out->interfaces, xstrndup(item, len));
	return 0;
}

static bool number_at(const char *text, const char **end, unsigned long max, unsigned long *out)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	*out = strtoul(text, &stop, 10);
	*end = stop;
	return *out <= max;
}

static int take_numbers(const struct values *values, struct options *out, struct err *err)
{
	unsigned long first = 10000, last = 29999, seconds = 3;
	const char *text = values->nat_ports, *end;

	if (text &&
	    (!number_at(text, &end, 65535, &first) || *end != '-' ||
	     !number_at(end + 1, &end, 65535, &last) || *end || first < 1024 || first > last))
		return err_set(err, -EINVAL,
			       "--nat-ports: \"%s\" is not FIRST-LAST within 1024-65535", text);
	text = values->lease_duration;
	if (text && (!number_at(text, &end, 3600, &seconds) || *end || seconds < 2))
		return err_set(err, -EINVAL, "--lease-duration: \"%s\" is not 2 to 3600 seconds",
			       text);
	out->nat_port_first = (uint16_t)first;
	out->nat_port_last = (uint16_t)last;
	out->lease_duration = (uint32_t)seconds;
	return 0;
}

static const char *or_default(const char *value, const char *otherwise)
{
	return value ? value : otherwise;
}

static int take_values(const struct values *values, struct options *out, struct err *err)
{
	int rc;

	out->node = values->node;
	out->store = values->store;
	out->pin_dir = or_default(values->pin_dir, "/sys/fs/bpf/vipcast");
	out->socket = or_default(values->socket, "/run/vipcast/vipcastd.sock");
	if (log_level_parse(or_default(values->log_level, "info"), &out->log_level))
		return err_set(err, -EINVAL,
			       "--log-level: \"%s\" is not debug, info, warn or error",
			       values->log_level);
	rc = each_item(or_default(values->roles, "speaker,dataplane"), out, take_role, err);
	for (size_t i = 0; i < values->interfaces.n && !rc; i++)
		rc = each_item(values->interfaces.v[i], out, take_interface, err);
	if (!rc)
		rc = take_numbers(values, out, err);
	if (rc || out->detach)
		return rc;
	if (!out->node || !*out->node)
		return err_set(err, -EINVAL, "--node is required");
	if (!out->store || !*out->store)
		return err_set(err, -EINVAL, "--store is required");
	return 0;
}

int options_parse(int argc, char **argv, struct options *out, struct err *err)
{
	struct values values = {0};
	int rest;

	memset(out, 0, sizeof(*out));
	rest = cli_parse(table, NULL, &values, argc - 1, argv + 1, err);
	if (rest < 0)
		return rest;
	if (rest > 0)
		return err_set(err, -EINVAL, "unexpected argument \"%s\"", argv[1]);
	out->help = values.help;
	out->version = values.version;
	out->detach = values.detach;
	return out->help || out->version ? 0 : take_values(&values, out, err);
}

void options_free(struct options *options)
{
	array_each(&options->interfaces, name)
		free((char *)*name);
	array_free(&options->interfaces);
}
