/* SPDX-License-Identifier: MIT */
/* VP8 (RFC 6386): the frame header. */
#ifndef WC_BITSTREAM_VP8_H
#define WC_BITSTREAM_VP8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/sample_format.h"

struct vp8_frame_header {
	bool key;
	bool show;
	unsigned version;               /* 0..3 */
	uint32_t first_partition_size;
	/* Key frames only: */
	uint32_t width, height;
	struct color_description color;
};

/*
 * 0; -EINVAL when the frame is broken or ends inside its first partition; -ENOTSUP for reserved
 * versions.
 */
int vp8_frame_header_parse(const uint8_t *data, size_t size, struct vp8_frame_header *out);

#endif
