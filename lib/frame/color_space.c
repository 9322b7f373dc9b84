/* SPDX-License-Identifier: MIT */
#include "frame/color_space.h"

#include "frame/pixel_format.h"

static bool primaries_are_valid(enum wc_color_primaries primaries)
{
	switch (primaries) {
	case WC_PRIMARIES_UNSPECIFIED:
	case WC_PRIMARIES_BT709:
	case WC_PRIMARIES_BT470BG:
	case WC_PRIMARIES_SMPTE170M:
	case WC_PRIMARIES_BT2020:
	case WC_PRIMARIES_SMPTE432:
		return true;
	}
	return false;
}

static bool transfer_is_valid(enum wc_color_transfer transfer)
{
	switch (transfer) {
	case WC_TRANSFER_UNSPECIFIED:
	case WC_TRANSFER_BT709:
	case WC_TRANSFER_SMPTE170M:
	case WC_TRANSFER_LINEAR:
	case WC_TRANSFER_IEC61966_2_1:
	case WC_TRANSFER_PQ:
	case WC_TRANSFER_HLG:
		return true;
	}
	return false;
}

static bool matrix_is_valid(enum wc_color_matrix matrix)
{
	switch (matrix) {
	case WC_MATRIX_UNSPECIFIED:
	case WC_MATRIX_BT709:
	case WC_MATRIX_BT470BG:
	case WC_MATRIX_SMPTE170M:
	case WC_MATRIX_BT2020_NCL:
	case WC_MATRIX_RGB:
		return true;
	}
	return false;
}

bool color_space_is_valid(const struct wc_video_color_space *color_space)
{
	return primaries_are_valid(color_space->primaries) &&
	       transfer_is_valid(color_space->transfer) && matrix_is_valid(color_space->matrix) &&
	       (unsigned)color_space->range <= WC_COLOR_RANGE_FULL;
}

bool color_space_is_null(const struct wc_video_color_space *color_space)
{
	return !color_space->primaries && !color_space->transfer && !color_space->matrix &&
	       !color_space->range;
}

bool color_space_equal(const struct wc_video_color_space *a, const struct wc_video_color_space *b)
{
	return a->primaries == b->primaries && a->transfer == b->transfer &&
	       a->matrix == b->matrix && a->range == b->range;
}

static bool is_rgb(uint32_t fourcc)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);

	return pixels && pixels->rgb;
}

struct wc_video_color_space color_space_default(uint32_t fourcc)
{
	if (is_rgb(fourcc))
		return (struct wc_video_color_space) { WC_PRIMARIES_BT709,
						       WC_TRANSFER_IEC61966_2_1, WC_MATRIX_RGB,
						       WC_COLOR_RANGE_FULL };
	return (struct wc_video_color_space) { WC_PRIMARIES_BT709, WC_TRANSFER_BT709,
					       WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED };
}

struct wc_video_color_space color_space_converted(const struct wc_video_color_space *color_space,
						  uint32_t from, uint32_t to)
{
	struct wc_video_color_space converted = *color_space, usual = color_space_default(to);

	if (is_rgb(from) != is_rgb(to)) {
		converted.matrix = usual.matrix;
		converted.range = usual.range;
	}
	return converted;
}
