/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_TESTS_BPF_FIXTURE_H
#define VIPCAST_TESTS_BPF_FIXTURE_H

/*
 * The XDP program, loaded with private maps inside a network namespace of the test's own, and run
 * by BPF_PROG_TEST_RUN. Maps are filled here by hand and not by user space's code, so that the
 * contract of include/vipcast/maps.h is tested from both ends.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "packet.h"
#include "vipcast/drop_reason.h"
#include "vipcast/maps.h"

#define NAT_FIRST 10000
#define NAT_LAST  29999

#define VIP_BUCKETS 64
#define FLOWS	    4096
#define SLOTS	    70000 /* one table of the largest size */
#define BACKENDS    64
#define VIPS	    64

struct vipcast_bpf;

struct fixture {
	struct vipcast_bpf *skel;
	struct config_value *config;
	struct vip4_bucket *vips_v4;
	struct vip6_bucket *vips_v6;
	struct slot_element *slots;
	struct backend_value *backends;
	uint32_t next_slot;
	uint32_t near, far; /* interfaces: where packets come in, and another one */
	uint32_t ingress;   /* of the packets that are sent; near unless changed */
};

/* The cast of all tests, for each family. */
struct cast {
	const char *client, *vip, *backend, *nat, *router, *other_client, *other_backend;
	int family;
};
extern const struct cast casts[2];
#define CASTS_EACH(c) for (const struct cast *c = casts; c < casts + 2; c++)

/* Each family with TCP and with UDP. */
struct kind {
	const struct cast *cast;
	uint8_t proto;
};
extern const struct kind kinds[4];
#define KINDS_EACH(k) for (const struct kind *k = kinds; k < kinds + 4; k++)

extern const uint8_t mac_router[6], mac_router2[6], mac_node[6], mac_backend[6], mac_backend2[6];

/* cmocka's group set-up and tear-down, and the set-up of each test: maps empty, config fresh. */
int fixture_load(void **state);
int fixture_unload(void **state);
int fixture_reset(void **state);

/*
 * Publishes ADDR:PORT under NUMBER, its slots given to BACKENDS in turn, and the entry of the
 * address. ROW: of the table of Maglev sizes. No backends: slots say so.
 */
void vip_add(struct fixture *fx, const char *addr, uint16_t port, uint8_t proto, uint32_t number,
	     const uint32_t *backends, size_t count);
void vip_add_sized(struct fixture *fx, const char *addr, uint16_t port, uint8_t proto,
		   uint32_t number, uint32_t row, const uint32_t *backends, size_t count);
/* Takes the entry of ADDR:PORT out again. */
void vip_remove(struct fixture *fx, const char *addr, uint16_t port, uint8_t proto);

/* A backend that is up, by the interface NEAR and mac_backend. */
struct backend_value *backend_add(struct fixture *fx, uint32_t index, const char *addr,
				  uint16_t port, const char *nat_addr);

/* Lets packets be sent by the interface (near is allowed from the start). */
void devices_add(struct fixture *fx, uint32_t ifindex);

/* VIP:80 (number 1) over TCP and VIP:53 (number 2) over UDP, both families, backends 1 and 2 (IPv6:
 * 3 and 4), port 8080. */
void scene_basic(struct fixture *fx);

/* Lets all slots of the VIPs name the backend INDEX. */
void slots_point_to(struct fixture *fx, uint32_t index);

/* The other backend of INDEX's family in scene_basic(). */
uint32_t other_backend(uint32_t index);

/* Sends a frame in by fx->ingress. Returns the verdict; OUT is what became of it. */
int run(struct fixture *fx, const struct frame *in, struct frame *out);

/* ... and must meet: the verdict and each byte; a drop counted once by REASON; nothing changed. */
#define expect_frame(fx, in, verdict, want) \
	expect_frame_at(fx, in, verdict, want, __FILE__, __LINE__)
#define expect_drop(fx, in, reason) expect_drop_at(fx, in, reason, __FILE__, __LINE__)
#define expect_pass(fx, in)	    expect_pass_at(fx, in, __FILE__, __LINE__)
void expect_frame_at(struct fixture *fx, const struct spec *in, int verdict,
		     const struct spec *want, const char *file, int line);
void expect_drop_at(struct fixture *fx, const struct spec *in, enum drop_reason reason,
		    const char *file, int line);
void expect_pass_at(struct fixture *fx, const struct spec *in, const char *file, int line);
/* The same for frames that no spec describes. */
#define expect_raw_drop(fx, in, reason) expect_raw_drop_at(fx, in, reason, __FILE__, __LINE__)
#define expect_raw_pass(fx, in)		expect_raw_pass_at(fx, in, __FILE__, __LINE__)
void expect_raw_drop_at(struct fixture *fx, const struct frame *in, enum drop_reason reason,
			const char *file, int line);
void expect_raw_pass_at(struct fixture *fx, const struct frame *in, const char *file, int line);

/* Counters, summed over the CPUs. */
struct drops {
	uint64_t count[DROP_REASON_COUNT];
};
struct drops drops_read(struct fixture *fx);
struct traffic_stats vip_stats(struct fixture *fx, uint32_t number);
struct traffic_stats backend_stats(struct fixture *fx, uint32_t index);

/* Flow records. The key of a packet; 0 or -ENOENT. */
struct flow_key key_of(const struct spec *packet);
int flow_get(struct fixture *fx, const struct spec *from_client, struct flow_value *flow);
void flow_set(struct fixture *fx, const struct spec *from_client, const struct flow_value *flow);
void flow_delete(struct fixture *fx, const struct spec *from_client);
int reply_get(struct fixture *fx, const struct spec *from_backend, struct reply_value *reply);
void reply_set(struct fixture *fx, const struct spec *from_backend,
	       const struct reply_value *reply);
void reply_delete(struct fixture *fx, const struct spec *from_backend);
size_t flows_count(struct fixture *fx);
size_t replies_count(struct fixture *fx);

/* The dataplane's clock. */
uint32_t clock_now(struct fixture *fx);

/* ---- a conversation ----------------------------------------------------------------------- */

/* The four frames of a flow, as they come in and as they must go out. */
struct talk {
	struct spec ask, asked;	      /* client to VIP; the same at the backend */
	struct spec answer, answered; /* backend to NAT address; the same at the client */
	struct flow_value flow;
};

/* A client's packet to the VIP of C: SYN if TCP. */
struct spec ask_of(const struct cast *c, uint8_t proto);

/*
 * Sends ASK, which must begin or continue a flow to one of the backends, and fills in the other
 * frames from the flow's record. ASKED is checked byte by byte.
 */
#define talk_start(fx, ask) talk_start_at(fx, ask, __FILE__, __LINE__)
struct talk talk_start_at(struct fixture *fx, const struct spec *ask, const char *file, int line);

/* One more packet of it in either direction, with these TCP flags; goes out where it came in. */
#define talk_answer(fx, talk, flags) talk_answer_at(fx, talk, flags, __FILE__, __LINE__)
#define talk_ask(fx, talk, flags)    talk_ask_at(fx, talk, flags, __FILE__, __LINE__)
void talk_answer_at(struct fixture *fx, const struct talk *talk, uint8_t tcp_flags,
		    const char *file, int line);
void talk_ask_at(struct fixture *fx, const struct talk *talk, uint8_t tcp_flags, const char *file,
		 int line);

/* Its flow's record now, and the state in it. */
struct flow_value talk_flow(struct fixture *fx, const struct talk *talk);
int talk_state(struct fixture *fx, const struct talk *talk);

/* A TCP connection to the VIP of C with its handshake done. */
struct talk talk_establish(struct fixture *fx, const struct cast *c);

#endif
