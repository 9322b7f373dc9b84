/* SPDX-License-Identifier: MIT */
/*
 * Rectangles and plane layouts as the W3C checks them ("Parse Visible Rect" and "Compute Layout
 * and Allocation Size", section 9.4.6), with two corrections that the Web Platform Tests force:
 * the bytes of a row of odd width round up, and a layout's stride is the destination's.
 */
#ifndef WC_FRAME_PLANE_LAYOUT_H
#define WC_FRAME_PLANE_LAYOUT_H

#include <webcodecs/video_frame.h>

#include "frame/pixel_format.h"

/*
 * Pixels of a side. Larger pictures overrun the limit of 2^32 - 1 bytes anyway; keeps 32-bit sizes
 * from wrapping.
 */
#define PLANE_MAX_PIXELS (UINT32_C(1) << 28)

/* The part of one plane that a rectangle covers. */
struct plane_window {
	size_t left;       /* bytes */
	size_t width;      /* bytes of a row */
	uint32_t top;      /* rows */
	uint32_t rows;
};

void plane_window(const struct pixel_format *pixels, unsigned plane, const struct wc_rect *rect,
		  struct plane_window *window);

/* All zero, which stands for a default. */
bool rect_is_zero(const struct wc_rect *rect);

/*
 * 0, or WC_TYPE_ERROR with *error filled: the rectangle is empty, reaches beyond a coded picture
 * of width by height pixels, or does not begin at a sample of every plane.
 */
int rect_check(const struct pixel_format *pixels, const struct wc_rect *rect, uint32_t width,
	       uint32_t height, struct wc_error *error);

/*
 * Lay out a picture of width by height pixels: as given (n_given entries), or tight planes in
 * order when n_given is 0. *size becomes the number of bytes from offset 0 to the end of the last
 * plane. 0, or WC_TYPE_ERROR with *error filled: number of planes, a stride below the row's bytes,
 * an end beyond 2^32 - 1, planes that overlap.
 */
int plane_layout_compute(const struct pixel_format *pixels, uint32_t width, uint32_t height,
			 unsigned n_given, const struct wc_plane_layout *given,
			 struct wc_plane_layout *planes, size_t *size, struct wc_error *error);

#endif
