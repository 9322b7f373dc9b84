/* SPDX-License-Identifier: MIT */
#include "bitstream/vui.h"

#define EXTENDED_SAR 255

/* Table E-1, by aspect_ratio_idc. */
static const struct {
	uint8_t width, height;
} aspect_ratios[] = {
	{ 0, 0 }, { 1, 1 }, { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 }, { 24, 11 }, { 20, 11 },
	{ 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 }, { 64, 33 }, { 160, 99 }, { 4, 3 }, { 3, 2 },
	{ 2, 1 },
};

static void parse_aspect_ratio(struct bit_reader *br, struct vui_display *out)
{
	uint32_t idc = bit_reader_get(br, 8);

	if (idc == EXTENDED_SAR) {
		out->sar_width = bit_reader_get(br, 16);
		out->sar_height = bit_reader_get(br, 16);
		if (!out->sar_width || !out->sar_height)
			out->sar_width = out->sar_height = 0;
	} else if (idc < sizeof(aspect_ratios) / sizeof(aspect_ratios[0])) {
		out->sar_width = aspect_ratios[idc].width;
		out->sar_height = aspect_ratios[idc].height;
	}
}

static void parse_video_signal_type(struct bit_reader *br, struct color_description *color)
{
	bit_reader_skip(br, 3); /* video_format */
	color->range = bit_reader_flag(br) ? COLOR_RANGE_FULL : COLOR_RANGE_LIMITED;
	if (bit_reader_flag(br)) { /* colour_description_present_flag */
		color->primaries = (uint8_t)bit_reader_get(br, 8);
		color->transfer = (uint8_t)bit_reader_get(br, 8);
		color->matrix = (uint8_t)bit_reader_get(br, 8);
	}
}

void vui_display_parse(struct bit_reader *br, struct vui_display *out)
{
	*out = (struct vui_display) { .color = COLOR_DESCRIPTION_UNKNOWN };
	if (bit_reader_flag(br)) /* aspect_ratio_info_present_flag */
		parse_aspect_ratio(br, out);
	if (bit_reader_flag(br)) /* overscan_info_present_flag */
		bit_reader_skip(br, 1);
	if (bit_reader_flag(br)) /* video_signal_type_present_flag */
		parse_video_signal_type(br, &out->color);
	if (bit_reader_flag(br)) { /* chroma_loc_info_present_flag */
		bit_reader_ue(br);
		bit_reader_ue(br);
	}
}
