/* SPDX-License-Identifier: MIT */
#include "transcode/color.h"

/* The numbers are the same but for RGB and null: see webcodecs/video_frame.h. */
#define H273_MATRIX_RGB 0

static enum wc_color_primaries primaries(unsigned value)
{
	switch (value) {
	case WC_PRIMARIES_BT709:
	case WC_PRIMARIES_BT470BG:
	case WC_PRIMARIES_SMPTE170M:
	case WC_PRIMARIES_BT2020:
	case WC_PRIMARIES_SMPTE432:
		return (enum wc_color_primaries)value;
	default:
		return WC_PRIMARIES_UNSPECIFIED;
	}
}

static enum wc_color_transfer transfer(unsigned value)
{
	switch (value) {
	case WC_TRANSFER_BT709:
	case WC_TRANSFER_SMPTE170M:
	case WC_TRANSFER_LINEAR:
	case WC_TRANSFER_IEC61966_2_1:
	case WC_TRANSFER_PQ:
	case WC_TRANSFER_HLG:
		return (enum wc_color_transfer)value;
	default:
		return WC_TRANSFER_UNSPECIFIED;
	}
}

static enum wc_color_matrix matrix(unsigned value)
{
	switch (value) {
	case H273_MATRIX_RGB:
		return WC_MATRIX_RGB;
	case WC_MATRIX_BT709:
	case WC_MATRIX_BT470BG:
	case WC_MATRIX_SMPTE170M:
	case WC_MATRIX_BT2020_NCL:
		return (enum wc_color_matrix)value;
	default:
		return WC_MATRIX_UNSPECIFIED;
	}
}

struct wc_video_color_space color_space_from_h273(const struct color_description *color)
{
	return (struct wc_video_color_space) {
		.primaries = primaries(color->primaries),
		.transfer = transfer(color->transfer),
		.matrix = matrix(color->matrix),
		.range = color->range == COLOR_RANGE_FULL ? WC_COLOR_RANGE_FULL :
			 color->range == COLOR_RANGE_LIMITED ? WC_COLOR_RANGE_LIMITED :
			 WC_COLOR_RANGE_UNSPECIFIED,
	};
}

struct color_description color_space_to_h273(const struct wc_video_color_space *space)
{
	struct color_description color = COLOR_DESCRIPTION_UNKNOWN;

	if (space->primaries)
		color.primaries = (uint8_t)space->primaries;
	if (space->transfer)
		color.transfer = (uint8_t)space->transfer;
	if (space->matrix)
		color.matrix = space->matrix == WC_MATRIX_RGB ? H273_MATRIX_RGB :
			       (uint8_t)space->matrix;
	color.range = space->range == WC_COLOR_RANGE_FULL ? COLOR_RANGE_FULL :
		      space->range == WC_COLOR_RANGE_LIMITED ? COLOR_RANGE_LIMITED :
		      COLOR_RANGE_UNKNOWN;
	return color;
}
