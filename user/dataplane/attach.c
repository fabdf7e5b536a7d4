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
	enum xdp_attach_mode mode;
	/* Ours; belong to mp. Two or more: a replacement was cut short. */
	ARRAY(struct xdp_program *) ours;
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

static void find_ours(struct found *found, const char *program)
{
	struct xdp_program *prog = NULL;

	if (found->alone) {
		prog = xdp_multiprog__main_prog(found->mp);
		if (is_named(prog, program))
			array_push(&found->ours, prog);
		return;
	}
	while ((prog = xdp_multiprog__next_prog(prog, found->mp)))
		if (is_named(prog, program))
			array_push(&found->ours, prog);
}

/*
 * libxdp says "not found" of an empty interface and of a dispatcher whose pins are gone alike; so
 * the kernel is asked. To take the latter for nothing would be to detach nothing and call it done.
 */
static int explain_nothing(int ifindex, const char *name, int cause, struct err *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int rc = bpf_xdp_query(ifindex, 0, &query);

	if (rc)
		return err_set(err, rc, "cannot ask for the XDP program of %s: %s", name,
			       strerror(-rc));
	if (query.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	return err_set(
		err, -EBUSY,
		"%s has an XDP program that libxdp cannot read (%s); if the pins of its dispatcher under /sys/fs/bpf/xdp are lost, take it off: ip link set dev %s xdp off",
		name, strerror(-cause), name);
}

/* What is there; look_away() in the end, also after an error. */
static int look(int ifindex, const char *name, const char *program, struct found *found,
		struct err *err)
{
	struct quiet before = quiet_begin();
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	int cause = (int)libxdp_get_error(mp);

	quiet_end(&before);
	memset(found, 0, sizeof(*found));
	if (cause || !mp)
		return explain_nothing(ifindex, name, cause ? cause : -ENOENT, err);
	found->mp = mp;
	found->alone = xdp_multiprog__is_legacy(mp);
	found->mode = xdp_multiprog__attach_mode(mp);
	find_ours(found, program);
	return 0;
}

static void look_away(struct found *found)
{
	array_free(&found->ours);
	if (found->mp)
		xdp_multiprog__close(found->mp);
	found->mp = NULL;
}

/* The one of ours that is the same as the loaded program; NULL: none. */
static struct xdp_program *find_same(const struct found *found, int fd)
{
	array_each(&found->ours, prog)
		if (same_program(xdp_program__fd(*prog), fd))
			return *prog;
	return NULL;
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

/* A dispatcher has one mode for all its programs. */
static int attach_beside(const struct mapset *ms, const struct found *found, int ifindex,
			 const char *name, const struct log *log, struct err *err)
{
	struct err cause = {0};
	int rc = attach_in_mode(ms, ifindex, found->mode, &cause);

	if (rc)
		return err_set(
			err, rc,
			"cannot attach the XDP program to %s, beside those in its dispatcher: %s",
			name, cause.msg);
	if (found->mode == XDP_MODE_SKB && found->ours.n == 0)
		log_warn(log, "SLOW: XDP in generic mode, as the programs that were there are",
			 "interface", name);
	return 0;
}

/* Takes ours out of a dispatcher, all but KEEP (NULL: all), in one exchange. */
static int leave(const struct found *found, const struct xdp_program *keep, int ifindex)
{
	ARRAY(struct xdp_program *) leaving = {0};
	struct quiet before = quiet_begin();
	int rc = 0;

	array_each(&found->ours, prog)
		if (*prog != keep)
			array_push(&leaving, *prog);
	if (leaving.n)
		rc = xdp_program__detach_multi(leaving.v, leaving.n, ifindex, found->mode, 0);
	array_free(&leaving);
	quiet_end(&before);
	return rc;
}

/* In a dispatcher the new one joins the old one, then that leaves: each step is one exchange. */
static int join_and_leave(const struct mapset *ms, const struct found *found, int ifindex,
			  const char *name, const struct log *log, struct err *err)
{
	const struct xdp_program *same = find_same(found, mapset_program_fd(ms, PROGRAM));
	int rc = same ? 0 : attach_beside(ms, found, ifindex, name, log, err);

	if (rc)
		return rc;
	rc = leave(found, same, ifindex);
	return rc ? err_set(err, rc, "cannot take the old XDP program off %s: %s", name,
			    strerror(-rc))
		  : 0;
}

/* Exchanges the lone program for ours in one step of the kernel. */
static int exchange(const struct found *found, int fd, int ifindex, const char *name,
		    struct err *err)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = xdp_program__fd(found->ours.v[0]));
	int rc = bpf_xdp_attach(ifindex, fd, XDP_FLAGS_REPLACE | flags_of(found->mode), &opts);

	return rc ? err_set(err, rc, "cannot replace the XDP program of %s: %s", name,
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

/* One of ours is there, the loaded one, and no other version of it. */
static bool is_settled(const struct found *found, int fd)
{
	return found->ours.n == 1 && find_same(found, fd);
}

int attach_program(const struct mapset *ms, int ifindex, const char *name, const struct log *log,
		   enum attach_mode *mode, struct err *err)
{
	int fd = mapset_program_fd(ms, PROGRAM);
	struct found found;
	int rc = look(ifindex, name, PROGRAM, &found, err);

	*mode = ATTACH_NONE;
	if (rc || is_settled(&found, fd))
		goto out;
	if (!found.mp)
		rc = attach_new(ms, ifindex, name, log, err);
	else if (!found.alone)
		rc = join_and_leave(ms, &found, ifindex, name, log, err);
	else if (found.ours.n)
		rc = exchange(&found, fd, ifindex, name, err);
	else
		rc = refuse_foreign(&found, name, err);
	if (rc)
		goto out;
	look_away(&found);
	rc = look(ifindex, name, PROGRAM, &found, err);
	if (!rc && found.ours.n)
		log_info(log, "XDP program attached", "interface", name, "mode",
			 attach_mode_name(mode_of(found.mode)), "sharing",
			 found.alone ? "alone" : "dispatcher");
	else if (!rc)
		rc = err_set(err, -EIO, "%s lost its XDP program at once", name);
out:
	if (!rc)
		*mode = mode_of(found.mode);
	look_away(&found);
	return rc;
}

/* The door is our own device: no one shares it, and no dispatcher is needed. */
int attach_door(const struct mapset *ms, int ifindex, const char *name, struct err *err)
{
	int fd = mapset_program_fd(ms, DOOR_PROGRAM);
	struct found found;
	int rc = look(ifindex, name, DOOR_PROGRAM, &found, err);

	if (rc)
		goto out;
	if (found.mp && !found.ours.n) {
		rc = refuse_foreign(&found, name, err);
		goto out;
	}
	if (!is_settled(&found, fd))
		rc = bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL);
	if (rc)
		err_set(err, rc, "cannot attach the door's XDP program to %s: %s", name,
			strerror(-rc));
out:
	look_away(&found);
	return rc;
}

int attach_remove(int ifindex, const char *name, struct err *err)
{
	struct found found;
	int rc = look(ifindex, name, PROGRAM, &found, err);

	if (rc || !found.ours.n)
		goto out;
	rc = found.alone ? bpf_xdp_detach(ifindex, flags_of(found.mode), NULL)
			 : leave(&found, NULL, ifindex);
	if (rc)
		err_set(err, rc, "cannot take the XDP program off %s: %s", name, strerror(-rc));
out:
	look_away(&found);
	return rc;
}
