/* SPDX-License-Identifier: MIT */
/* How the samples of a coded picture are to be read: chroma, depth, colour, visible part. */
#ifndef WC_BITSTREAM_SAMPLE_FORMAT_H
#define WC_BITSTREAM_SAMPLE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

enum chroma {
	CHROMA_UNKNOWN = 0,
	CHROMA_400,             /* luma only */
	CHROMA_411,
	CHROMA_420,
	CHROMA_422,
	CHROMA_440,
	CHROMA_444,             /* also RGB: see the matrix */
};

enum color_range {
	COLOR_RANGE_UNKNOWN = 0,
	COLOR_RANGE_LIMITED,
	COLOR_RANGE_FULL,
};

/* "Unspecified" for each of the three code points of ITU-T H.273. */
#define CICP_UNSPECIFIED 2

/*
 * Code points of ITU-T H.273, as the stream has them: values that H.273 reserves are not taken
 * out. A field the stream says nothing about is CICP_UNSPECIFIED or COLOR_RANGE_UNKNOWN.
 */
struct color_description {
	uint8_t primaries;
	uint8_t transfer;
	uint8_t matrix;
	enum color_range range;
};

#define COLOR_DESCRIPTION_UNKNOWN \
	((struct color_description) { CICP_UNSPECIFIED, CICP_UNSPECIFIED, CICP_UNSPECIFIED, \
				      COLOR_RANGE_UNKNOWN })

/* For the chroma_format_idc of H.264 and HEVC (table 6-1 of both). */
static inline enum chroma chroma_from_format_idc(unsigned chroma_format_idc)
{
	switch (chroma_format_idc) {
	case 0:
		return CHROMA_400;
	case 1:
		return CHROMA_420;
	case 2:
		return CHROMA_422;
	case 3:
		return CHROMA_444;
	default:
		return CHROMA_UNKNOWN;
	}
}

/* A part of a picture, in luma samples of the coded picture. */
struct picture_rect {
	uint32_t x, y, width, height;
};

#endif
