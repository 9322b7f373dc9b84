/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/bits.h"

void bit_reader_init(struct bit_reader *br, const uint8_t *data, size_t size)
{
	*br = (struct bit_reader) { .data = data, .size = size };
}

void bit_reader_init_nal(struct bit_reader *br, const uint8_t *data, size_t size)
{
	*br = (struct bit_reader) { .data = data, .size = size, .escaped = true };
}

static bool at_escape(const struct bit_reader *br)
{
	return br->escaped && br->pos >= 2 && br->data[br->pos] == 3 &&
	       br->data[br->pos - 1] == 0 && br->data[br->pos - 2] == 0;
}

/* Use up n more bits of the current byte; n is not more than it has left. */
static void use(struct bit_reader *br, unsigned n)
{
	br->bit += n;
	if (br->bit < 8)
		return;
	br->bit = 0;
	br->pos++;
	if (br->pos < br->size && at_escape(br))
		br->pos++;
}

static bool exhausted(struct bit_reader *br)
{
	if (br->pos >= br->size)
		br->error = true;
	return br->error;
}

uint32_t bit_reader_get(struct bit_reader *br, unsigned n)
{
	uint64_t value = 0;

	while (n) {
		unsigned left = 8 - br->bit;
		unsigned take = n < left ? n : left;

		if (exhausted(br))
			return 0;
		value <<= take;
		value |= (br->data[br->pos] >> (left - take)) & ((1u << take) - 1);
		use(br, take);
		n -= take;
	}
	return (uint32_t)value;
}

bool bit_reader_flag(struct bit_reader *br)
{
	return bit_reader_get(br, 1);
}

void bit_reader_skip(struct bit_reader *br, size_t n)
{
	while (n) {
		unsigned left = 8 - br->bit;
		unsigned take = n < left ? (unsigned)n : left;

		if (exhausted(br))
			return;
		use(br, take);
		n -= take;
	}
}

uint32_t bit_reader_ue(struct bit_reader *br)
{
	unsigned zeros = 0;

	while (!bit_reader_flag(br)) {
		if (br->error || ++zeros > 31) {
			br->error = true;
			return 0;
		}
	}
	return (uint32_t)((UINT64_C(1) << zeros) - 1) + bit_reader_get(br, zeros);
}

int32_t bit_reader_se(struct bit_reader *br)
{
	uint32_t code = bit_reader_ue(br);

	return code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

void byte_reader_init(struct byte_reader *br, const uint8_t *data, size_t size)
{
	*br = (struct byte_reader) { .data = data, .size = size };
}

size_t byte_reader_left(const struct byte_reader *br)
{
	return br->error ? 0 : br->size - br->pos;
}

const uint8_t *byte_reader_take(struct byte_reader *br, size_t n)
{
	const uint8_t *bytes;

	if (br->error || n > br->size - br->pos) {
		br->error = true;
		return NULL;
	}
	bytes = br->data + br->pos;
	br->pos += n;
	return bytes;
}

uint8_t byte_reader_u8(struct byte_reader *br)
{
	const uint8_t *p = byte_reader_take(br, 1);

	return p ? p[0] : 0;
}

uint16_t byte_reader_be16(struct byte_reader *br)
{
	const uint8_t *p = byte_reader_take(br, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t byte_reader_be32(struct byte_reader *br)
{
	uint32_t high = byte_reader_be16(br);

	return high << 16 | byte_reader_be16(br);
}

void byte_writer_init(struct byte_writer *bw, uint8_t *data, size_t capacity)
{
	*bw = (struct byte_writer) { .data = data, .capacity = capacity };
}

/* Counts stop at the largest number, which no buffer has room for. */
static void count(struct byte_writer *bw, size_t n)
{
	bw->pos = n > SIZE_MAX - bw->pos ? SIZE_MAX : bw->pos + n;
}

void byte_writer_u8(struct byte_writer *bw, unsigned value)
{
	if (bw->pos < bw->capacity)
		bw->data[bw->pos] = (uint8_t)value;
	count(bw, 1);
}

void byte_writer_be(struct byte_writer *bw, uint32_t value, unsigned n)
{
	while (n--)
		byte_writer_u8(bw, value >> (8 * n) & 0xff);
}

void byte_writer_be16(struct byte_writer *bw, unsigned value)
{
	byte_writer_be(bw, value, 2);
}

void byte_writer_bytes(struct byte_writer *bw, const uint8_t *bytes, size_t n)
{
	if (n && bw->pos <= bw->capacity && n <= bw->capacity - bw->pos)
		memcpy(bw->data + bw->pos, bytes, n);
	count(bw, n);
}

int byte_writer_size(int result)
{
	return result == -ENOSPC ? 0 : result;
}

int byte_writer_finish(const struct byte_writer *bw, size_t *size)
{
	*size = bw->pos;
	return bw->pos <= bw->capacity ? 0 : -ENOSPC;
}
