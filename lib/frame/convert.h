/* SPDX-License-Identifier: MIT */
/*
 * Pixel conversion, scaling and turning on the CPU, with libyuv. Linear formats in mapped memory.
 *
 * All pairs of these go, through an intermediate picture of a few rows where libyuv has no
 * function for the pair:
 * - from 8-bit YUV in planes, half planes or packed (I420, YV12, I422, I444, NV12, NV21, NV16,
 *   NV61, NV24, NV42, YUYV, YVYU, UYVY, VYUY, grey), 10 and 12 bits (S010, S210, S410, S012, S212,
 *   S412, P010) and RGB of 2, 3 and 4 bytes;
 * - to 8-bit YUV in planes and half planes, S010, S210, S410, and RGB of 2, 3 and 4 bytes;
 * - from any format to itself.
 * Where sizes differ the picture is scaled; only formats that can be read and written can be
 * scaled to themselves. The filter is that of libyuv's kFilterBox, in each component by itself: the
 * mean of what becomes a sample where both sides shrink to less than half; else two samples each
 * way are interpolated.
 *
 * Rotated by 90 or 270 degrees, formats whose chroma is finer one way than the other (4:2:2) go
 * through 4:4:4, in 8 bits.
 *
 * Numbers between YUV formats, and those made of RGB, are within 1 of what the matrix says, those
 * of BT.601 made of RGB within 2, and RGB made of YUV within 3, but for blue: libyuv's factor for
 * blue ends at 2, where BT.709 and BT.2020 in limited range have 2.11 and 2.14: a saturated blue
 * comes out darker by up to 16 of 255.
 */
#ifndef WC_FRAME_CONVERT_H
#define WC_FRAME_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/video_frame.h>

/* A picture, or the part of one that counts. */
struct convert_image {
	uint32_t fourcc;                       /* DRM */
	uint32_t width, height;                /* pixels */
	struct {
		uint8_t *data;
		size_t stride;                 /* bytes */
	} planes[WC_MAX_PLANES];
	/*
	 * How the YUV side of a conversion from or to RGB means its numbers. Null: BT.709, limited
	 * range. Between YUV formats the numbers stay what they are, unless a change says
	 * otherwise.
	 */
	enum wc_color_matrix matrix;
	enum wc_color_range range;
};

/* Whether convert_frame() knows how, given equal sizes. */
bool convert_supported(uint32_t source, uint32_t target);

/*
 * Write the picture of src into dst, scaled where sizes differ. Bytes between rows stay as they
 * are; memory must not overlap. 0; -ENOTSUP for a pair of formats that is not supported; -EINVAL
 * for a size of 0 or beyond what libyuv counts (32768 pixels, strides below 2 GiB); -ENOMEM.
 */
int convert_frame(const struct convert_image *src, const struct convert_image *dst);

/* What becomes of a picture besides its format and its size. Zero: nothing. */
struct convert_change {
	uint16_t rotation;                     /* clockwise degrees: 0, 90, 180, 270 */
	bool flip;                             /* mirror horizontally, after the rotation */
	/*
	 * Between YUV formats compute the numbers anew where matrix or range of the two differ. A
	 * null of the result stands for what the source has.
	 */
	bool recolor;
};

/*
 * Whether convert_change() knows how, for formats, sizes and colours like these; planes are not
 * looked at.
 */
bool convert_possible(const struct convert_image *src, const struct convert_change *change,
		      const struct convert_image *dst);

/* As convert_frame(), with a change. dst has its size after the rotation. */
int convert_change(const struct convert_image *src, const struct convert_change *change,
		   const struct convert_image *dst);

/* Bytes of pixels in all planes, strides not counted; 0 for an unknown format. */
size_t convert_size(const struct convert_image *image);

#endif
