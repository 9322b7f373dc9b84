/* SPDX-License-Identifier: MIT */
/* Motion JPEG: each chunk is one JPEG image (ITU-T T.81). */
#ifndef WC_BITSTREAM_MJPEG_H
#define WC_BITSTREAM_MJPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/sample_format.h"

struct mjpeg_header {
	uint32_t width, height;
	unsigned bit_depth;
	unsigned components;
	enum chroma chroma;             /* CHROMA_UNKNOWN for subsampling that nobody uses */
	struct color_description color;
};

/*
 * Read an image up to its frame header (SOF). 0; -EINVAL when the image is broken before that, or
 * has no height there (T.81 allows it to come later; cameras and players do not).
 */
int mjpeg_header_parse(const uint8_t *data, size_t size, struct mjpeg_header *out);

#endif
