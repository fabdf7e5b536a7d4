/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/pins.h"

#include <unistd.h>

#include "maps/contract.h"
#include "util/mem.h"

const char *const pin_names[] = {
	MAP_CONFIG,  MAP_VIPS_V4,   MAP_VIPS_V6,       MAP_SLOTS,      MAP_BACKENDS, MAP_FLOWS,
	MAP_REPLIES, MAP_VIP_STATS, MAP_BACKEND_STATS, MAP_DROP_STATS, MAP_DEVICES,
};
const size_t pin_name_count = sizeof(pin_names) / sizeof(pin_names[0]);

char *pin_path(const char *pin_dir, const char *name)
{
	return xasprintf("%s/%s", pin_dir, name);
}

size_t pin_memory_size(uint32_t value_size, uint32_t entries)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = ((size_t)value_size + 7) / 8 * 8 * entries;

	return (size + page - 1) / page * page;
}
