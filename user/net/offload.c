// SPDX-License-Identifier: Apache-2.0
/*
 * Transmit offloads. A device with checksum or segmentation offload hands its peer packets whose
 * checksums are not filled in and that are longer than any frame; an XDP program there would
 * forward what no wire can carry. The features are switched by name through the ethtool ioctl:
 * the kernel gives the names (a string set) and takes one bit a name.
 */

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"

#define FEATURES_MAX 1024
#define WORDS(n)     (((n) + 31) / 32)

/* Parts of the names of features that delay checksums or segmentation. */
static const char *const delaying[] = {"tx-checksum-", "-segmentation", "tx-gso-"};

static int ethtool(int fd, const char *name, void *command)
{
	struct ifreq ifr = {0};

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	ifr.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static int feature_count(int fd, const char *name, uint32_t *count)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} command = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1U << ETH_SS_FEATURES}};
	int code = ethtool(fd, name, &command);

	if (code)
		return code;
	if (!command.info.sset_mask || command.count > FEATURES_MAX)
		return -EOPNOTSUPP;
	*count = command.count;
	return 0;
}

/* Sets in MASK the bit of each feature that delays work. */
static int delaying_features(int fd, const char *name, uint32_t count, uint32_t *mask)
{
	struct ethtool_gstrings *strings =
		xcalloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	int code;

	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = count;
	code = ethtool(fd, name, strings);
	for (uint32_t i = 0; !code && i < count; i++) {
		char text[ETH_GSTRING_LEN + 1] = {0};

		memcpy(text, strings->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		for (size_t k = 0; k < sizeof(delaying) / sizeof(*delaying); k++) {
			if (strstr(text, delaying[k]))
				mask[i / 32] |= 1U << i % 32;
		}
	}
	free(strings);
	return code;
}

static struct ethtool_gfeatures *features_get(int fd, const char *name, uint32_t count, int *code)
{
	struct ethtool_gfeatures *now =
		xcalloc(1, sizeof(*now) + WORDS(count) * sizeof(now->features[0]));

	now->cmd = ETHTOOL_GFEATURES;
	now->size = WORDS(count);
	*code = ethtool(fd, name, now);
	return now;
}

/* Switches off those of MASK that can be switched, and looks whether they went. */
static int features_off(int fd, const char *name, uint32_t count, const uint32_t *mask)
{
	struct ethtool_sfeatures *set =
		xcalloc(1, sizeof(*set) + WORDS(count) * sizeof(set->features[0]));
	struct ethtool_gfeatures *now;
	int code;

	set->cmd = ETHTOOL_SFEATURES;
	set->size = WORDS(count);
	now = features_get(fd, name, count, &code);
	for (uint32_t w = 0; w < WORDS(count); w++)
		set->features[w].valid =
			mask[w] & now->features[w].available & ~now->features[w].never_changed;
	if (!code)
		code = ethtool(fd, name, set);
	free(now);
	if (code)
		goto out;
	now = features_get(fd, name, count, &code);
	for (uint32_t w = 0; !code && w < WORDS(count); w++) {
		if (now->features[w].active & set->features[w].valid)
			code = -EBUSY;
	}
	free(now);
out:
	free(set);
	return code;
}

int net_offload_off(const char *name, struct err *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t mask[WORDS(FEATURES_MAX)] = {0};
	uint32_t count = 0;
	int code;

	if (fd < 0)
		return err_set(err, -errno, "cannot open a socket: %s", strerror(errno));
	code = feature_count(fd, name, &count);
	if (!code)
		code = delaying_features(fd, name, count, mask);
	if (!code)
		code = features_off(fd, name, count, mask);
	close(fd);
	if (code)
		return err_set(err, code,
			       "cannot turn checksum and segmentation offload of %s off: %s", name,
			       strerror(-code));
	return 0;
}
