/* SPDX-License-Identifier: MIT */
/* Colours between H.273, as files have them, and WebCodecs. */
#ifndef WC_TOOLS_COLOR_H
#define WC_TOOLS_COLOR_H

#include <webcodecs/video_frame.h>

#include "bitstream/sample_format.h"

/* Values that WebCodecs has no name for become null. */
struct wc_video_color_space color_space_from_h273(const struct color_description *color);

/* Nulls become "unspecified". */
struct color_description color_space_to_h273(const struct wc_video_color_space *space);

#endif
