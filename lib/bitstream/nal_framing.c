/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/bits.h"
#include "bitstream/nal.h"
#include "bitstream/nal_framing.h"

static void put_annexb(struct byte_writer *bw, const struct nal *nal)
{
	byte_writer_be(bw, 1, 4);
	byte_writer_bytes(bw, nal->data, nal->size);
}

int annexb_from_lengths_write(const struct annexb_conversion *conversion, const uint8_t *data,
			      size_t data_size, uint8_t *dst, size_t capacity, size_t *size)
{
	struct nal_iter iter;
	struct byte_writer bw;
	struct nal nal;
	bool prefixed = false;
	int result = nal_iter_init_lengths(&iter, conversion->length_size, data, data_size);

	if (result < 0)
		return result;
	byte_writer_init(&bw, dst, capacity);
	while ((result = nal_iter_next(&iter, &nal)) > 0) {
		unsigned type = nal_type(conversion->codec, &nal);

		if (!prefixed && !nal_is_access_unit_delimiter(conversion->codec, type)) {
			byte_writer_bytes(&bw, conversion->prefix, conversion->prefix_size);
			prefixed = true;
		}
		put_annexb(&bw, &nal);
	}
	return result < 0 ? result : byte_writer_finish(&bw, size);
}

int annexb_from_lengths_size(const struct annexb_conversion *conversion, const uint8_t *data,
			     size_t data_size, size_t *size)
{
	return byte_writer_size(annexb_from_lengths_write(conversion, data, data_size, NULL, 0,
							  size));
}

static bool dropped(const struct lengths_conversion *conversion, const struct nal *nal)
{
	unsigned type = nal_type(conversion->codec, nal);

	if (conversion->drop & NAL_DROP_PARAMETER_SETS &&
	    nal_is_parameter_set(conversion->codec, type))
		return true;
	return conversion->drop & NAL_DROP_DELIMITERS &&
	       nal_is_access_unit_delimiter(conversion->codec, type);
}

static bool length_fits(unsigned length_size, size_t size)
{
	return size <= UINT32_MAX >> (32 - 8 * length_size);
}

int lengths_from_annexb_write(const struct lengths_conversion *conversion, const uint8_t *data,
			      size_t data_size, uint8_t *dst, size_t capacity, size_t *size)
{
	unsigned length_size = conversion->length_size;
	struct nal_iter iter;
	struct byte_writer bw;
	struct nal nal;
	int result;

	if (length_size != 1 && length_size != 2 && length_size != 4)
		return -EINVAL;
	nal_iter_init_annexb(&iter, data, data_size);
	byte_writer_init(&bw, dst, capacity);
	while ((result = nal_iter_next(&iter, &nal)) > 0) {
		if (dropped(conversion, &nal))
			continue;
		if (!length_fits(length_size, nal.size))
			return -EINVAL;
		byte_writer_be(&bw, (uint32_t)nal.size, length_size);
		byte_writer_bytes(&bw, nal.data, nal.size);
	}
	return result < 0 ? result : byte_writer_finish(&bw, size);
}

int lengths_from_annexb_size(const struct lengths_conversion *conversion, const uint8_t *data,
			     size_t data_size, size_t *size)
{
	return byte_writer_size(lengths_from_annexb_write(conversion, data, data_size, NULL, 0,
							  size));
}
