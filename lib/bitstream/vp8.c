/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "bitstream/vp8.h"

#define TAG_SIZE 3
#define KEY_HEADER_SIZE 10
#define MATRIX_BT601 6

/* Section 9.1. Sizes are 14 bits; the two above them are a scaling hint for the display. */
static int parse_key_header(const uint8_t *data, size_t size, struct vp8_frame_header *out)
{
	/* The first boolean of the first partition has an even chance: it is the top bit. */
	if (size <= KEY_HEADER_SIZE || !out->first_partition_size)
		return -EINVAL;
	if (data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a)
		return -EINVAL;
	out->width = (data[6] | (uint32_t)data[7] << 8) & 0x3fff;
	out->height = (data[8] | (uint32_t)data[9] << 8) & 0x3fff;
	if (!out->width || !out->height)
		return -EINVAL;
	/* Section 9.2: color_space 0 is BT.601, 1 is reserved. */
	if (!(data[KEY_HEADER_SIZE] & 0x80)) {
		out->color.matrix = MATRIX_BT601;
		out->color.range = COLOR_RANGE_LIMITED;
	}
	return 0;
}

int vp8_frame_header_parse(const uint8_t *data, size_t size, struct vp8_frame_header *out)
{
	struct vp8_frame_header header = { .color = COLOR_DESCRIPTION_UNKNOWN };
	size_t header_size;
	uint32_t tag;

	if (size < TAG_SIZE)
		return -EINVAL;
	tag = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16;
	header.key = !(tag & 1);
	header.version = tag >> 1 & 7;
	header.show = tag >> 4 & 1;
	header.first_partition_size = tag >> 5;
	if (header.version > 3)
		return -ENOTSUP;
	if (header.key && parse_key_header(data, size, &header) < 0)
		return -EINVAL;
	header_size = header.key ? KEY_HEADER_SIZE : TAG_SIZE;
	if (header.first_partition_size > size - header_size)
		return -EINVAL;
	*out = header;
	return 0;
}
