// SPDX-License-Identifier: Apache-2.0
#include "bgp/wire.h"

#include <string.h>

struct rd rd_init(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	return (struct rd){.p = p, .end = p + len};
}

size_t rd_left(const struct rd *rd)
{
	return (size_t)(rd->end - rd->p);
}

bool rd_bytes(struct rd *rd, size_t n, const uint8_t **v)
{
	if (rd_left(rd) < n)
		return false;
	*v = rd->p;
	rd->p += n;
	return true;
}

bool rd_u8(struct rd *rd, uint8_t *v)
{
	const uint8_t *p;

	if (!rd_bytes(rd, 1, &p))
		return false;
	*v = p[0];
	return true;
}

bool rd_u16(struct rd *rd, uint16_t *v)
{
	const uint8_t *p;

	if (!rd_bytes(rd, 2, &p))
		return false;
	*v = (uint16_t)(p[0] << 8 | p[1]);
	return true;
}

bool rd_u32(struct rd *rd, uint32_t *v)
{
	const uint8_t *p;

	if (!rd_bytes(rd, 4, &p))
		return false;
	*v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

bool rd_sub(struct rd *rd, size_t n, struct rd *sub)
{
	const uint8_t *p;

	if (!rd_bytes(rd, n, &p))
		return false;
	*sub = rd_init(p, n);
	return true;
}

struct wr wr_init(void *buf, size_t cap)
{
	return (struct wr){.buf = buf, .cap = cap};
}

size_t wr_room(const struct wr *wr)
{
	return wr->cap - wr->len;
}

void wr_bytes(struct wr *wr, const void *bytes, size_t n)
{
	if (wr->full || wr_room(wr) < n) {
		wr->full = true;
		return;
	}
	if (n)
		memcpy(wr->buf + wr->len, bytes, n);
	wr->len += n;
}

void wr_u8(struct wr *wr, uint8_t v)
{
	wr_bytes(wr, &v, 1);
}

void wr_u16(struct wr *wr, uint16_t v)
{
	uint8_t b[] = {(uint8_t)(v >> 8), (uint8_t)v};

	wr_bytes(wr, b, sizeof(b));
}

void wr_u32(struct wr *wr, uint32_t v)
{
	uint8_t b[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	wr_bytes(wr, b, sizeof(b));
}

size_t wr_open8(struct wr *wr)
{
	size_t field = wr->len;

	wr_u8(wr, 0);
	return field;
}

size_t wr_open16(struct wr *wr)
{
	size_t field = wr->len;

	wr_u16(wr, 0);
	return field;
}

/* A builder that is full may not even hold the field, and its bytes are of no use to anyone. */
void wr_close8(struct wr *wr, size_t field)
{
	if (wr->full)
		return;
	size_t n = wr->len - field - 1;

	if (n > UINT8_MAX)
		wr->full = true;
	else
		wr->buf[field] = (uint8_t)n;
}

void wr_close16(struct wr *wr, size_t field)
{
	if (wr->full)
		return;
	size_t n = wr->len - field - 2;

	if (n > UINT16_MAX) {
		wr->full = true;
		return;
	}
	wr->buf[field] = (uint8_t)(n >> 8);
	wr->buf[field + 1] = (uint8_t)n;
}
