/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

void for_each_truncation(const uint8_t *data, size_t size, size_t min, parse_function parse)
{
	for (size_t n = 0; n < size; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		int result;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, data, n);
		result = parse(copy, n);
		free(copy);
		if (n < min)
			ck_assert_msg(result == -EINVAL, "%d from %zu bytes", result, n);
		else
			ck_assert_msg(result == 0 || result == -EINVAL, "%d from %zu bytes",
				      result, n);
	}
}

void put_bits(struct bit_writer *bw, unsigned n, uint32_t value)
{
	while (n--) {
		ck_assert_uint_lt(bw->bits, 8 * sizeof(bw->data));
		if (value >> n & 1)
			bw->data[bw->bits / 8] |= (uint8_t)(0x80 >> bw->bits % 8);
		bw->bits++;
	}
}

void put_bytes(struct bit_writer *bw, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_bits(bw, 8, bytes[i]);
}

void put_ue(struct bit_writer *bw, uint32_t value)
{
	unsigned zeros = 0;

	while ((uint64_t)value + 1 >= UINT64_C(2) << zeros)
		zeros++;
	put_bits(bw, zeros, 0);
	put_bits(bw, 1, 1);
	put_bits(bw, zeros, (uint32_t)(value + 1 - (UINT64_C(1) << zeros)));
}

void put_se(struct bit_writer *bw, int32_t value)
{
	put_ue(bw, value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value);
}

void put_stop_bit(struct bit_writer *bw)
{
	put_bits(bw, 1, 1);
	while (bw->bits % 8)
		put_bits(bw, 1, 0);
}

size_t byte_size(const struct bit_writer *bw)
{
	return (bw->bits + 7) / 8;
}

size_t escape_payload(const uint8_t *payload, size_t size, uint8_t *dst)
{
	size_t n = 0;
	unsigned zeros = 0;

	for (size_t i = 0; i < size; i++) {
		if (zeros == 2 && payload[i] <= 3) {
			dst[n++] = 3;
			zeros = 0;
		}
		zeros = payload[i] ? 0 : zeros + 1;
		dst[n++] = payload[i];
	}
	return n;
}

void check_color(const struct color_description *color, const struct color_description *expected)
{
	ck_assert_uint_eq(color->primaries, expected->primaries);
	ck_assert_uint_eq(color->transfer, expected->transfer);
	ck_assert_uint_eq(color->matrix, expected->matrix);
	ck_assert_int_eq(color->range, expected->range);
}

const uint8_t *vector_chunk(const struct vector *vector, unsigned index, size_t *size)
{
	const uint8_t *data = vector->data;

	ck_assert_uint_lt(index, vector->n_chunks);
	for (unsigned i = 0; i < index; i++)
		data += vector->chunks[i].size;
	*size = vector->chunks[index].size;
	return data;
}

struct nal find_nal(enum video_codec codec, const uint8_t *data, size_t size, unsigned type)
{
	struct nal_iter iter;
	struct nal nal;

	nal_iter_init_annexb(&iter, data, size);
	while (nal_iter_next(&iter, &nal) > 0)
		if (nal_type(codec, &nal) == type)
			return nal;
	ck_abort_msg("no NAL unit of type %u", type);
	return nal;
}

size_t drop_nals(enum video_codec codec, const uint8_t *data, size_t size, unsigned type,
		 uint8_t *dst)
{
	static const uint8_t start_code[] = { 0, 0, 0, 1 };
	struct nal_iter iter;
	struct nal nal;
	size_t n = 0;

	nal_iter_init_annexb(&iter, data, size);
	while (nal_iter_next(&iter, &nal) > 0) {
		if (nal_type(codec, &nal) == type)
			continue;
		memcpy(dst + n, start_code, sizeof(start_code));
		memcpy(dst + n + sizeof(start_code), nal.data, nal.size);
		n += sizeof(start_code) + nal.size;
	}
	return n;
}
