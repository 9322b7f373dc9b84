/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "bitstream/nal.h"

void nal_iter_init_annexb(struct nal_iter *iter, const uint8_t *data, size_t size)
{
	*iter = (struct nal_iter) { .data = data, .size = size };
}

int nal_iter_init_lengths(struct nal_iter *iter, unsigned length_size, const uint8_t *data,
			  size_t size)
{
	if (length_size != 1 && length_size != 2 && length_size != 4)
		return -EINVAL;
	*iter = (struct nal_iter) { .data = data, .size = size, .length_size = length_size };
	return 0;
}

/* Offset of the first 00 00 01 at or behind pos; size when there is none. */
static size_t find_start_code(const uint8_t *data, size_t size, size_t pos)
{
	while (size - pos > 2) {
		const uint8_t *one = memchr(data + pos + 2, 1, size - pos - 2);

		if (!one)
			break;
		if (one[-1] == 0 && one[-2] == 0)
			return (size_t)(one - 2 - data);
		pos = (size_t)(one + 1 - data);
	}
	return size;
}

/* Go behind the start code at the iterator's place. 1, 0 when only zeros are left, -EINVAL. */
static int pass_start_code(struct nal_iter *iter)
{
	size_t pos = iter->pos;

	while (pos < iter->size && iter->data[pos] == 0)
		pos++;
	if (pos == iter->size)
		return 0;
	if (iter->data[pos] != 1 || pos - iter->pos < 2)
		return -EINVAL;
	iter->pos = pos + 1;
	return 1;
}

static int next_annexb(struct nal_iter *iter, struct nal *nal)
{
	int result = pass_start_code(iter);
	size_t end;

	if (result <= 0)
		return result;
	nal->data = iter->data + iter->pos;
	end = find_start_code(iter->data, iter->size, iter->pos);
	nal->size = end - iter->pos;
	/* Zeros in front of a start code belong to it; a NAL unit never ends in one (7.4.1). */
	while (nal->size && nal->data[nal->size - 1] == 0)
		nal->size--;
	iter->pos = end;
	return 1;
}

static int next_length(struct nal_iter *iter, struct nal *nal)
{
	size_t left = iter->size - iter->pos;
	const uint8_t *p = iter->data + iter->pos;
	uint32_t length = 0;

	if (!left)
		return 0;
	if (left < iter->length_size)
		return -EINVAL;
	for (unsigned i = 0; i < iter->length_size; i++)
		length = length << 8 | p[i];
	left -= iter->length_size;
	if (length > left)
		return -EINVAL;
	nal->data = p + iter->length_size;
	nal->size = length;
	iter->pos = iter->size - left + length;
	return 1;
}

int nal_iter_next(struct nal_iter *iter, struct nal *nal)
{
	int result;

	if (!iter->size)
		return 0;
	do
		result = iter->length_size ? next_length(iter, nal) : next_annexb(iter, nal);
	while (result == 1 && !nal->size);
	return result;
}

unsigned nal_type(enum video_codec codec, const struct nal *nal)
{
	return codec == VIDEO_CODEC_HEVC ? nal->data[0] >> 1 & 0x3f : nal->data[0] & 0x1f;
}

bool nal_is_parameter_set(enum video_codec codec, unsigned type)
{
	if (codec == VIDEO_CODEC_HEVC)
		return type >= HEVC_NAL_VPS && type <= HEVC_NAL_PPS;
	return type == H264_NAL_SPS || type == H264_NAL_PPS || type == H264_NAL_SPS_EXT ||
	       type == H264_NAL_SUBSET_SPS;
}

bool nal_is_access_unit_delimiter(enum video_codec codec, unsigned type)
{
	return type == (codec == VIDEO_CODEC_HEVC ? HEVC_NAL_AUD : H264_NAL_AUD);
}
