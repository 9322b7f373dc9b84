/* SPDX-License-Identifier: MIT */
/* The part of the video usability information that H.264 and HEVC have in common (annex E). */
#ifndef WC_BITSTREAM_VUI_H
#define WC_BITSTREAM_VUI_H

#include <stdint.h>

#include "bitstream/bits.h"
#include "bitstream/sample_format.h"

struct vui_display {
	uint32_t sar_width, sar_height;         /* sample aspect ratio, 0:0 unknown */
	struct color_description color;
};

/* Read from aspect_ratio_info_present_flag up to and with chroma_sample_loc_type_bottom_field. */
void vui_display_parse(struct bit_reader *br, struct vui_display *out);

#endif
