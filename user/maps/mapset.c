/* SPDX-License-Identifier: Apache-2.0 */
#include "maps/mapset.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "maps/pins.h"
#include "util/mem.h"
#include "vipcast.skel.h"

struct mapset_sizes mapset_default_sizes(void)
{
	return (struct mapset_sizes){MAPS_VIP_BUCKETS, MAPS_SLOTS, MAPS_BACKENDS, MAPS_VIPS,
				     MAPS_FLOWS};
}

/* ---- the folder --------------------------------------------------------------------------- */

static int open_folder(struct mapset *ms, struct err *err)
{
	struct statfs fs;

	if (mkdir(ms->pin_dir, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "cannot make the folder %s: %s", ms->pin_dir,
			       strerror(errno));
	ms->lock_fd = open(ms->pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ms->lock_fd < 0)
		return err_set(err, -errno, "cannot open %s: %s", ms->pin_dir, strerror(errno));
	if (fstatfs(ms->lock_fd, &fs) < 0 || (unsigned long)fs.f_type != BPF_FS_MAGIC)
		return err_set(err, -EINVAL,
			       "%s is not on a BPF file system (mount -t bpf bpf /sys/fs/bpf)",
			       ms->pin_dir);
	if (flock(ms->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY, "another process holds the maps under %s", ms->pin_dir);
	return 0;
}

/* ---- adopting ----------------------------------------------------------------------------- */

static int check_layout(const struct bpf_map *map, const struct bpf_map_info *pinned,
			const char *path, struct err *err)
{
	/* The kernel adds the one by itself to device maps. */
	uint32_t flags = pinned->map_flags & ~(uint32_t)BPF_F_RDONLY_PROG;

	if (pinned->type == bpf_map__type(map) && pinned->key_size == bpf_map__key_size(map) &&
	    pinned->value_size == bpf_map__value_size(map) && flags == bpf_map__map_flags(map))
		return 0;
	return err_set(
		err, -EPROTO,
		"%s has another layout than this program (key %u, value %u bytes; here %u and %u): detach the program that made it first",
		path, pinned->key_size, pinned->value_size, bpf_map__key_size(map),
		bpf_map__value_size(map));
}

/* Takes a pinned map over; -ENOENT when there is none. */
static int adopt_map(const struct mapset *ms, struct bpf_map *map, struct err *err)
{
	char *path = pin_path(ms->pin_dir, bpf_map__name(map));
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	int fd = bpf_obj_get(path), rc;

	if (fd < 0) {
		rc = errno == ENOENT ? -ENOENT
				     : err_set(err, -errno, "cannot open the pinned map %s: %s",
					       path, strerror(errno));
		goto out;
	}
	rc = bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ? -errno : 0;
	if (rc) {
		err_set(err, rc, "cannot inspect the pinned map %s: %s", path, strerror(-rc));
		goto out;
	}
	rc = check_layout(map, &info, path, err);
	if (rc)
		goto out;
	rc = bpf_map__reuse_fd(map, fd);
	if (rc)
		err_set(err, rc, "cannot take over the pinned map %s: %s", path, strerror(-rc));
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* Our maps alone: the compiler's constants are private to each loaded program. */
static bool is_ours(const struct bpf_map *map)
{
	return strncmp(bpf_map__name(map), "vc_", 3) == 0;
}

static void set_size(struct bpf_map *map, const struct mapset_sizes *sizes)
{
	const struct {
		const char *name;
		uint32_t entries;
	} table[] = {
		{MAP_VIPS_V4, sizes->vip_buckets}, {MAP_VIPS_V6, sizes->vip_buckets},
		{MAP_SLOTS, sizes->slots},	   {MAP_BACKENDS, sizes->backends},
		{MAP_FLOWS, sizes->flows},	   {MAP_REPLIES, sizes->flows},
		{MAP_VIP_STATS, sizes->vips},	   {MAP_BACKEND_STATS, sizes->backends},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, bpf_map__name(map)) == 0)
			bpf_map__set_max_entries(map, table[i].entries);
}

static int prepare_maps(struct mapset *ms, struct err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, ms->skel->obj) {
		int rc;

		if (!is_ours(map))
			continue;
		rc = adopt_map(ms, map, err);
		if (rc == -ENOENT)
			set_size(map, &ms->sizes);
		else if (rc)
			return rc;
		else
			ms->adopted = true;
	}
	return 0;
}

static int pin_maps(struct mapset *ms, struct err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, ms->skel->obj) {
		char *path;
		int rc = 0;

		if (!is_ours(map))
			continue;
		path = pin_path(ms->pin_dir, bpf_map__name(map));
		if (access(path, F_OK) < 0)
			rc = bpf_obj_pin(bpf_map__fd(map), path) < 0 ? -errno : 0;
		if (rc)
			err_set(err, rc, "cannot pin %s: %s", path, strerror(-rc));
		free(path);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- memory ------------------------------------------------------------------------------- */

static int map_memory(struct mapset *ms, struct bpf_map *map, void **out, struct err *err)
{
	struct mapset_region region = {0};

	region.size = pin_memory_size(bpf_map__value_size(map), bpf_map__max_entries(map));
	region.memory =
		mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (region.memory == MAP_FAILED)
		return err_set(err, -errno, "cannot map %s into memory: %s", bpf_map__name(map),
			       strerror(errno));
	array_push(&ms->regions, region);
	*out = region.memory;
	return 0;
}

static int map_all(struct mapset *ms, struct err *err)
{
	struct {
		struct bpf_map *map;
		void **memory;
	} table[] = {
		{ms->skel->maps.vc_config, (void **)&ms->config},
		{ms->skel->maps.vc_vips_v4, (void **)&ms->vips_v4},
		{ms->skel->maps.vc_vips_v6, (void **)&ms->vips_v6},
		{ms->skel->maps.vc_slots, (void **)&ms->slots},
		{ms->skel->maps.vc_backends, (void **)&ms->backends},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int rc = map_memory(ms, table[i].map, table[i].memory, err);

		if (rc)
			return rc;
	}
	return 0;
}

/* The sizes that hold, be they ours or adopted ones. */
static int read_sizes(struct mapset *ms, struct err *err)
{
	struct mapset_sizes *s = &ms->sizes;
	uint32_t stats = bpf_map__max_entries(ms->skel->maps.vc_backend_stats);

	s->vip_buckets = bpf_map__max_entries(ms->skel->maps.vc_vips_v4);
	s->slots = bpf_map__max_entries(ms->skel->maps.vc_slots);
	s->backends = bpf_map__max_entries(ms->skel->maps.vc_backends);
	s->vips = bpf_map__max_entries(ms->skel->maps.vc_vip_stats);
	s->flows = bpf_map__max_entries(ms->skel->maps.vc_flows);
	if (stats < s->backends)
		s->backends = stats;
	if (s->vip_buckets != bpf_map__max_entries(ms->skel->maps.vc_vips_v6) ||
	    (s->vip_buckets & (s->vip_buckets - 1)) != 0)
		return err_set(err, -EPROTO, "the VIP tables under %s have no common size",
			       ms->pin_dir);
	if (ms->config->version && ms->config->version != MAPS_VERSION)
		return err_set(
			err, -EPROTO,
			"the maps under %s have layout %u, this program knows %d: detach the program that made them first",
			ms->pin_dir, ms->config->version, MAPS_VERSION);
	return 0;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int load(struct mapset *ms, struct err *err)
{
	int rc;

	ms->skel = vipcast_bpf__open();
	if (!ms->skel)
		return err_set(err, -errno, "cannot open the BPF object: %s", strerror(errno));
	rc = prepare_maps(ms, err);
	if (rc)
		return rc;
	rc = vipcast_bpf__load(ms->skel);
	if (rc)
		return err_set(err, rc, "cannot load the BPF programs: %s", strerror(-rc));
	return pin_maps(ms, err);
}

int mapset_open(const char *pin_dir, const struct mapset_sizes *sizes, struct mapset **out,
		struct err *err)
{
	struct mapset *ms = xcalloc(1, sizeof(*ms));
	int rc;

	ms->lock_fd = -1;
	ms->pin_dir = xstrdup(pin_dir);
	ms->sizes = sizes ? *sizes : mapset_default_sizes();
	rc = open_folder(ms, err);
	if (!rc)
		rc = load(ms, err);
	if (!rc)
		rc = map_all(ms, err);
	if (!rc)
		rc = read_sizes(ms, err);
	if (rc) {
		mapset_close(ms);
		(void)rmdir(pin_dir); /* if it was made for nothing */
		return rc;
	}
	*out = ms;
	return 0;
}

void mapset_close(struct mapset *ms)
{
	if (!ms)
		return;
	array_each(&ms->regions, r)
		munmap(r->memory, r->size);
	array_free(&ms->regions);
	vipcast_bpf__destroy(ms->skel);
	if (ms->lock_fd >= 0)
		close(ms->lock_fd);
	free(ms->pin_dir);
	free(ms);
}

void mapset_configure(struct mapset *ms, const uint64_t seed[2], uint16_t nat_port_first,
		      uint16_t nat_port_last)
{
	ms->config->vip_bucket_mask = ms->sizes.vip_buckets - 1;
	ms->config->hash_seed[0] = seed[0];
	ms->config->hash_seed[1] = seed[1];
	ms->config->nat_port_first = nat_port_first;
	ms->config->nat_port_last = nat_port_last;
	__atomic_store_n(&ms->config->version, MAPS_VERSION, __ATOMIC_RELEASE);
}

static bool contains(const uint32_t *list, size_t n, uint32_t value)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

int mapset_set_devices(struct mapset *ms, const uint32_t *ifindexes, size_t n, struct err *err)
{
	int fd = bpf_map__fd(ms->skel->maps.vc_devices);
	ARRAY(uint32_t) stale = {0};
	uint32_t key;
	void *at = NULL;

	for (size_t i = 0; i < n; i++)
		if (bpf_map_update_elem(fd, &ifindexes[i], &ifindexes[i], BPF_ANY) < 0)
			return err_set(err, -errno, "cannot let packets leave by interface %u: %s",
				       ifindexes[i], strerror(errno));
	for (; bpf_map_get_next_key(fd, at, &key) == 0; at = &key)
		if (!contains(ifindexes, n, key))
			array_push(&stale, key);
	array_each(&stale, k)
		bpf_map_delete_elem(fd, k);
	array_free(&stale);
	return 0;
}

int mapset_map_fd(const struct mapset *ms, const char *name)
{
	return bpf_object__find_map_fd_by_name(ms->skel->obj, name);
}

int mapset_program_fd(const struct mapset *ms, const char *name)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(ms->skel->obj, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

int mapset_reopen(const struct mapset *ms, const char *program, struct bpf_object **out,
		  struct err *err)
{
	struct bpf_object *obj;
	struct bpf_program *prog;
	struct bpf_map *map;
	size_t size;
	const void *elf = vipcast_bpf__elf_bytes(&size);
	int rc = 0;

	obj = bpf_object__open_mem(elf, size, NULL);
	if (!obj)
		return err_set(err, -errno, "cannot open the BPF object: %s", strerror(errno));
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, strcmp(bpf_program__name(prog), program) == 0);
	bpf_object__for_each_map(map, obj) {
		if (!rc && is_ours(map))
			rc = bpf_map__reuse_fd(map, mapset_map_fd(ms, bpf_map__name(map)));
	}
	if (rc) {
		bpf_object__close(obj);
		return err_set(err, rc, "cannot share the maps: %s", strerror(-rc));
	}
	*out = obj;
	return 0;
}

int mapset_jiffies(const struct mapset *ms, uint32_t *out)
{
	static const uint8_t frame[64]; /* the program does not look at it, the kernel wants it */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int rc = bpf_prog_test_run_opts(bpf_program__fd(ms->skel->progs.vipcast_clock), &opts);

	if (rc < 0)
		return rc;
	*out = opts.retval;
	return 0;
}

int mapset_check_unused(const char *pin_dir, struct err *err)
{
	int fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = err_set(err, -EBUSY, "a process is running on the maps under %s", pin_dir);
	close(fd);
	return rc;
}

int mapset_remove(const char *pin_dir, struct err *err)
{
	int busy = mapset_check_unused(pin_dir, err);

	if (busy)
		return busy;
	for (size_t i = 0; i < pin_name_count; i++) {
		char *path = pin_path(pin_dir, pin_names[i]);
		int rc = unlink(path) < 0 && errno != ENOENT ? -errno : 0;

		if (rc)
			err_set(err, rc, "cannot unpin %s: %s", path, strerror(-rc));
		free(path);
		if (rc)
			return rc;
	}
	if (rmdir(pin_dir) < 0 && errno != ENOENT)
		return err_set(err, -errno, "cannot remove %s: %s", pin_dir, strerror(errno));
	return 0;
}
