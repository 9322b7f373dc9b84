/* SPDX-License-Identifier: MIT */
/* A frame from a frame: the same buffer, another time or another part of it to be shown. */
#include "frame/pixel_format.h"
#include "frame/plane_layout.h"
#include "frame/video_frame.h"
#include "util/reserved.h"

static bool is_valid(const struct wc_video_frame_override *override)
{
	return !HAS_RESERVED(override) && !override->display_width == !override->display_height;
}

/* An open frame has a display size: at least one pixel, and no more than can be told. */
static uint32_t scale(uint32_t display, uint32_t from, uint32_t to)
{
	uint64_t scaled = ((uint64_t)display * to + from / 2) / from;

	if (scaled > UINT32_MAX)
		return UINT32_MAX;
	return scaled ? (uint32_t)scaled : 1;
}

/* The shape of the pixels stays. Display sizes count after rotation, the rectangle before. */
static void show_part(struct wc_video_frame *frame, const struct wc_rect *part)
{
	struct wc_rect whole = frame->visible;
	bool turned = frame->rotation == 90 || frame->rotation == 270;
	uint32_t from_width = turned ? whole.height : whole.width;
	uint32_t from_height = turned ? whole.width : whole.height;

	frame->display_width = scale(frame->display_width, from_width,
				     turned ? part->height : part->width);
	frame->display_height = scale(frame->display_height, from_height,
				      turned ? part->width : part->height);
	frame->visible = *part;
}

/* Also of a picture that cannot be read the rectangle has to begin at a sample. */
static const struct pixel_format *samples_of(const struct frame_format *format)
{
	const struct pixel_format *pixels = frame_format_pixels(format);

	return pixels ? pixels : pixel_format_find(format->fourcc);
}

static int apply(struct wc_video_frame *frame, const struct wc_video_frame_override *override)
{
	const struct pixel_format *pixels = samples_of(&frame->format);
	const struct wc_rect *part = &override->visible_rect;
	struct wc_error error;

	if (!rect_is_zero(part)) {
		if (!pixels)
			return WC_NOT_SUPPORTED_ERROR;
		if (rect_check(pixels, part, frame->format.width, frame->format.height, &error) < 0)
			return WC_TYPE_ERROR;
		show_part(frame, part);
	}
	if (override->display_width) {
		frame->display_width = override->display_width;
		frame->display_height = override->display_height;
	}
	if (override->has_timestamp)
		frame->timing.timestamp = override->timestamp;
	if (override->has_duration) {
		frame->timing.duration = override->duration;
		frame->timing.has_duration = true;
	}
	return WC_OK;
}

int wc_video_frame_new_from(struct wc_video_frame *frame,
			    const struct wc_video_frame_override *override,
			    struct wc_video_frame **out)
{
	int ret;

	if (!out)
		return WC_TYPE_ERROR;
	*out = NULL;
	if (override && !is_valid(override))
		return WC_TYPE_ERROR;
	ret = wc_video_frame_clone(frame, out);
	if (ret < 0 || !override)
		return ret;
	ret = apply(*out, override);
	if (ret < 0) {
		/* Nobody forgot to: the census need not say so. */
		wc_video_frame_close(*out);
		wc_video_frame_unref(*out);
		*out = NULL;
	}
	return ret;
}
