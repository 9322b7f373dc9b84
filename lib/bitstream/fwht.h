/* SPDX-License-Identifier: MIT */
/*
 * FWHT, the format of the kernel's test codec vicodec: a header of 44 bytes in network byte order,
 * then the payload. An elementary stream is one such frame after the other. Authority: struct
 * fwht_cframe_hdr in drivers/media/test-drivers/vicodec/codec-fwht.h of Linux 6.12.
 */
#ifndef WC_BITSTREAM_FWHT_H
#define WC_BITSTREAM_FWHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/sample_format.h"

#define FWHT_HEADER_SIZE 44

/* V4L2_FWHT_FL_PIXENC_*, shifted down. */
enum fwht_pixel_encoding {
	FWHT_PIXEL_ENCODING_YUV = 1,
	FWHT_PIXEL_ENCODING_RGB = 2,
	FWHT_PIXEL_ENCODING_HSV = 3,
};

struct fwht_header {
	uint32_t version;
	uint32_t width, height;         /* visible size */
	uint32_t flags;                 /* V4L2_FWHT_FL_*, as they are */
	uint32_t colorspace;            /* enum v4l2_colorspace; these four as they are */
	uint32_t xfer_func;
	uint32_t ycbcr_enc;
	uint32_t quantization;
	uint32_t payload_size;          /* bytes behind the header */
	/* Taken from the flags: */
	bool key;                       /* no plane refers to another frame */
	enum fwht_pixel_encoding pixel_encoding;
	unsigned components;            /* 1 luma, 3, 4 with alpha */
	enum chroma chroma;
	/* width and height rounded up as the codec does */
	uint32_t coded_width, coded_height;
};

/*
 * 0; -EINVAL when there are less than FWHT_HEADER_SIZE bytes, no magic number in front, or values
 * that no decoder takes, an impossible payload size among them; -ENOTSUP for versions before 3
 * (Linux 5.0 and older), whose headers do not tell key frames, and for versions not known.
 * The payload is not looked at and need not be there.
 */
int fwht_header_parse(const uint8_t *data, size_t size, struct fwht_header *out);

/* The colour fields of a header in terms of H.273. */
struct color_description fwht_color(const struct fwht_header *header);

#endif
