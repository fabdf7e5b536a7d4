/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "maps/pins.h"
#include "util/mem.h"

/*
 * What can be on an interface: nothing; libxdp's dispatcher with programs, ours perhaps among
 * them; or one program alone. The first and second are libxdp's business. The third is where the
 * kernel refuses the dispatcher's programs (BPF_PROG_TYPE_EXT): there libxdp attaches a program
 * alone but cannot replace one, so that is done here, by the atomic exchange of the kernel.
 */

#define PROGRAM	     "vipcast_xdp"
#define DOOR_PROGRAM "vipcast_door"
#define MAPS_MAX     64 /* of one program */

/* The identity of a loaded program: its instructions and our maps that it uses. */
struct identity {
	char name[BPF_OBJ_NAME_LEN];
	__u8 tag[BPF_TAG_SIZE];
	__u32 maps[MAPS_MAX]; /* ascending */
	__u32 map_count;
};

const char *attach_mode_name(enum attach_mode mode)
{
	switch (mode) {
	case ATTACH_NATIVE:
		return "native";
	case ATTACH_GENERIC:
		return "generic";
	case ATTACH_NONE:
		break;
	}
	return "none";
}

/* ---- which program is it ------------------------------------------------------------------ */

static int compare_ids(const void *va, const void *vb)
{
	const __u32 *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* Constants of the compiler are maps too, private to each load: only ours count. */
static bool map_is_ours(__u32 id)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id), rc;

	if (fd < 0)
		return false;
	rc = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return rc == 0 && strncmp(info.name, "vc_", 3) == 0;
}

static int identify(int fd, struct identity *out)
{
	struct bpf_prog_info info = {0};
	__u32 ids[MAPS_MAX], len = sizeof(info);

	memset(out, 0, sizeof(*out));
	info.nr_map_ids = MAPS_MAX;
	info.map_ids = (__u64)(uintptr_t)ids;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	memcpy(out->name, info.name, sizeof(out->name));
	memcpy(out->tag, info.tag, sizeof(out->tag));
	for (__u32 i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		if (map_is_ours(ids[i]))
			out->maps[out->map_count++] = ids[i];
	qsort(out->maps, out->map_count, sizeof(out->maps[0]), compare_ids);
	return 0;
}

static bool same_program(int a_fd, int b_fd)
{
	struct identity a, b;

	if (identify(a_fd, &a) < 0 || identify(b_fd, &b) < 0)
		return false;
	return memcmp(a.tag, b.tag, sizeof(a.tag)) == 0 && a.map_count == b.map_count &&
	       memcmp(a.maps, b.maps, a.map_count * sizeof(a.maps[0])) == 0;
}

static bool is_named(const struct xdp_program *prog, const char *name)
{
	return prog && strcmp(xdp_program__name(prog), name) == 0;
}

static enum attach_mode mode_of(enum xdp_attach_mode mode)
{
	switch (mode) {
	case XDP_MODE_SKB:
		return ATTACH_GENERIC;
	case XDP_MODE_NATIVE:
	case XDP_MODE_HW:
		return ATTACH_NATIVE;
	case XDP_MODE_UNSPEC:
		break;
	}
	return ATTACH_NONE;
}

static __u32 flags_of(enum xdp_attach_mode mode)
{
	return mode == XDP_MODE_SKB ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

/* ---- what is on an interface --------------------------------------------------------------- */

struct found {
	struct xdp_multiprog *mp; /* NULL: nothing is attached */
	bool alone;		  /* no dispatcher */
	struct xdp_program *ours; /* belongs to mp; NULL: not there */
	enum xdp_attach_mode mode;
};

/*
 * libxdp and libbpf tell on standard error what we tell ourselves, and what is no fault at all (a
 * kernel without dispatchers). They are told to be quiet for the length of a call.
 */
static int xdp_says_nothing(enum libxdp_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int bpf_says_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

struct quiet {
	libxdp_print_fn_t xdp;
	libbpf_print_fn_t bpf;
};

static struct quiet quiet_begin(void)
{
	return (struct quiet){libxdp_set_print(xdp_says_nothing),
			      libbpf_set_print(bpf_says_nothing)};
}

static void quiet_end(const struct quiet *before)
{
	libxdp_set_print(before->xdp);
	libbpf_set_print(before->bpf);
}

static void look(int ifindex, const char *program, struct found *found)
{
	struct xdp_multiprog *mp;
	struct xdp_program *prog = NULL;
	struct quiet before = quiet_begin();

	memset(found, 0, sizeof(*found));
	mp = xdp_multiprog__get_from_ifindex(ifindex);
	quiet_end(&before);
	if (libxdp_get_error(mp) || !mp)
		return;
	found->mp = mp;
	found->alone = xdp_multiprog__is_legacy(mp);
	found->mode = xdp_multiprog__attach_mode(mp);
	if (found->alone) {
		prog = xdp_multiprog__main_prog(mp);
		found->ours = is_named(prog, program) ? prog : NULL;
		return;
	}
	while ((prog = xdp_multiprog__next_prog(prog, mp)))
		if (is_named(prog, program))
			found->ours = prog;
}

static void look_away(struct found *found)
{
	if (found->mp)
		xdp_multiprog__close(found->mp);
	found->mp = NULL;
}

/* ---- attaching ---------------------------------------------------------------------------- */

static int attach_in_mode(const struct mapset *ms, int ifindex, enum xdp_attach_mode mode,
			  struct err *err)
{
	struct quiet before = quiet_begin();
	struct xdp_program *prog;
	struct bpf_object *obj;
	int rc = mapset_reopen(ms, PROGRAM, &obj, err);

	if (rc) {
		quiet_end(&before);
		return rc;
	}
	{
		DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = obj, .prog_name = PROGRAM);

		prog = xdp_program__create(&opts);
	}
	rc = (int)libxdp_get_error(prog);
	if (rc) {
		err_set(err, rc, "libxdp does not take the program: %s", strerror(-rc));
		goto out;
	}
	rc = xdp_program__attach(prog, ifindex, mode, 0);
	if (rc)
		err_set(err, rc, "%s", strerror(-rc));
	xdp_program__close(prog);
out:
	bpf_object__close(obj);
	quiet_end(&before);
	return rc;
}

static int attach_new(const struct mapset *ms, int ifindex, const char *name, const struct log *log,
		      struct err *err)
{
	struct err native = {0};
	int rc = attach_in_mode(ms, ifindex, XDP_MODE_NATIVE, &native);

	if (!rc)
		return 0;
	rc = attach_in_mode(ms, ifindex, XDP_MODE_SKB, err);
	if (rc)
		return err_set(
			err, rc,
			"cannot attach the XDP program to %s: native mode: %s; generic mode: %s",
			name, native.msg, strerror(-rc));
	log_warn(
		log,
		"SLOW: XDP in generic mode, as the driver refuses native mode (frames larger than a page? too few queues?)",
		"interface", name, "error", native.msg);
	return 0;
}

/* Exchanges the lone program for ours in one step of the kernel. */
static int exchange(const struct found *found, int fd, int ifindex, const char *name,
		    struct err *err)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = xdp_program__fd(found->ours));
	int rc = bpf_xdp_attach(ifindex, fd, XDP_FLAGS_REPLACE | flags_of(found->mode), &opts);

	return rc ? err_set(err, rc, "cannot replace the XDP program of %s: %s", name,
			    strerror(-rc))
		  : 0;
}

/* In a dispatcher the new one joins the old one, then that leaves: each step is one exchange. */
static int join_and_leave(const struct mapset *ms, const struct found *found, int ifindex,
			  const char *name, const struct log *log, struct err *err)
{
	int rc = attach_new(ms, ifindex, name, log, err);

	if (rc)
		return rc;
	rc = xdp_program__detach(found->ours, ifindex, found->mode, 0);
	return rc ? err_set(err, rc, "cannot take the old XDP program off %s: %s", name,
			    strerror(-rc))
		  : 0;
}

static int refuse_foreign(const struct found *found, const char *name, struct err *err)
{
	return err_set(
		err, -EBUSY,
		"%s has the XDP program %s, which is not run by libxdp's dispatcher and cannot be shared with: detach it first",
		name, xdp_program__name(xdp_multiprog__main_prog(found->mp)));
}

int attach_program(const struct mapset *ms, int ifindex, const char *name, const struct log *log,
		   enum attach_mode *mode, struct err *err)
{
	int fd = mapset_program_fd(ms, PROGRAM), rc = 0;
	struct found found;

	look(ifindex, PROGRAM, &found);
	if (!found.ours && found.alone)
		rc = refuse_foreign(&found, name, err);
	else if (!found.ours)
		rc = attach_new(ms, ifindex, name, log, err);
	else if (same_program(xdp_program__fd(found.ours), fd))
		goto out;
	else if (found.alone)
		rc = exchange(&found, fd, ifindex, name, err);
	else
		rc = join_and_leave(ms, &found, ifindex, name, log, err);
	look_away(&found);
	if (rc)
		return rc;
	look(ifindex, PROGRAM, &found);
	log_info(log, "XDP program attached", "interface", name, "mode",
		 attach_mode_name(mode_of(found.mode)), "sharing",
		 found.alone ? "alone" : "dispatcher");
out:
	*mode = found.ours ? mode_of(found.mode) : ATTACH_NONE;
	look_away(&found);
	return *mode == ATTACH_NONE ? err_set(err, -EIO, "%s lost its XDP program at once", name)
				    : 0;
}

/* The door is our own device: no one shares it, and no dispatcher is needed. */
int attach_door(const struct mapset *ms, int ifindex, const char *name, struct err *err)
{
	int fd = mapset_program_fd(ms, DOOR_PROGRAM), rc = 0;
	struct found found;

	look(ifindex, DOOR_PROGRAM, &found);
	if (found.mp && !found.ours)
		rc = refuse_foreign(&found, name, err);
	else if (!found.ours || !same_program(xdp_program__fd(found.ours), fd))
		rc = bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL);
	if (rc && rc != -EBUSY)
		err_set(err, rc, "cannot attach the door's XDP program to %s: %s", name,
			strerror(-rc));
	look_away(&found);
	return rc;
}

int attach_remove(int ifindex, const char *name, struct err *err)
{
	struct found found;
	int rc = 0;

	look(ifindex, PROGRAM, &found);
	if (found.ours && found.alone)
		rc = bpf_xdp_detach(ifindex, flags_of(found.mode), NULL);
	else if (found.ours)
		rc = xdp_program__detach(found.ours, ifindex, found.mode, 0);
	if (rc)
		err_set(err, rc, "cannot take the XDP program off %s: %s", name, strerror(-rc));
	look_away(&found);
	return rc;
}
