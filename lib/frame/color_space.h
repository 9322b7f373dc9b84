/* SPDX-License-Identifier: MIT */
/* Colour descriptions of frames, checked and compared. */
#ifndef WC_FRAME_COLOR_SPACE_H
#define WC_FRAME_COLOR_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/video_frame.h>

/* Each member null or one of the values of its enum. */
bool color_space_is_valid(const struct wc_video_color_space *color_space);

/* All members null. */
bool color_space_is_null(const struct wc_video_color_space *color_space);

bool color_space_equal(const struct wc_video_color_space *a, const struct wc_video_color_space *b);

/* "Pick Color Space": what a picture without a description is taken for. */
struct wc_video_color_space color_space_default(uint32_t fourcc);

/*
 * What a picture has when it was converted and nobody wished for something else: the same; but
 * between RGB and others matrix and range are the new format's.
 */
struct wc_video_color_space color_space_converted(const struct wc_video_color_space *color_space,
						  uint32_t from, uint32_t to);

#endif
