/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIPCAST_BGP_WIRE_H
#define VIPCAST_BGP_WIRE_H

/*
 * Bytes in and out, in network order. The reader is a cursor that cannot overrun: a read that asks
 * for more than is left fails and moves nothing. The builder cannot overflow: what does not fit is
 * not written and marks it as full. Length fields are opened, and patched when they are closed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
	const uint8_t *p, *end;
};

struct rd rd_init(const void *bytes, size_t len);
size_t rd_left(const struct rd *rd);

/* False, and nothing is read, when too little is left. */
bool rd_u8(struct rd *rd, uint8_t *v);
bool rd_u16(struct rd *rd, uint16_t *v);
bool rd_u32(struct rd *rd, uint32_t *v);
/* N bytes in place: *V points into what is read. */
bool rd_bytes(struct rd *rd, size_t n, const uint8_t **v);
/* A reader of the next N bytes alone. */
bool rd_sub(struct rd *rd, size_t n, struct rd *sub);

struct wr {
	uint8_t *buf;
	size_t len, cap;
	bool full; /* something did not fit */
};

struct wr wr_init(void *buf, size_t cap);
/* Bytes that still fit. */
size_t wr_room(const struct wr *wr);

void wr_u8(struct wr *wr, uint8_t v);
void wr_u16(struct wr *wr, uint16_t v);
void wr_u32(struct wr *wr, uint32_t v);
void wr_bytes(struct wr *wr, const void *bytes, size_t n);

/* Opens a length field of one or two bytes; the matching close writes how many bytes came since. */
size_t wr_open8(struct wr *wr);
size_t wr_open16(struct wr *wr);
void wr_close8(struct wr *wr, size_t field);
void wr_close16(struct wr *wr, size_t field);

#endif
