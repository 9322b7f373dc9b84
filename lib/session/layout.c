/* SPDX-License-Identifier: MIT */
#include "session/layout.h"

#include <string.h>

#include "frame/pixel_format.h"
#include "v4l2/format.h"

bool layout_find(const struct queue_format *format, struct frame_format *layout,
		 struct wc_video_color_space *color)
{
	const struct pixel_format *pixels;
	uint32_t strides[WC_MAX_PLANES];
	struct raw_layout raw;

	for (unsigned i = 0; i < WC_MAX_PLANES; i++)
		strides[i] = format->planes[i].bytesperline;
	if (!raw_format_layout(format->fourcc, format->width, format->height, strides, &raw))
		return false;
	memset(layout, 0, sizeof *layout);
	layout->fourcc = raw.fourcc;
	layout->modifier = raw.modifier;
	layout->tiling = raw.tiling;
	layout->width = format->width;
	layout->height = format->height;
	layout->n_planes = raw.n_planes;
	for (unsigned i = 0; i < raw.n_planes; i++) {
		layout->planes[i].object = raw.planes[i].object;
		layout->planes[i].offset = raw.planes[i].offset;
		layout->planes[i].stride = raw.planes[i].stride;
	}
	pixels = pixel_format_find(raw.fourcc);
	*color = color_from_v4l2(&format->color, pixels && pixels->rgb);
	return true;
}
