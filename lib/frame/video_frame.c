/* SPDX-License-Identifier: MIT */
#include "frame/video_frame.h"

#include <string.h>

#include "frame/pixel_format.h"

void video_frame_setup(struct wc_video_frame *frame, struct core *core, struct buffer *buffer,
		       const struct frame_format *format, const struct wc_rect *visible,
		       const struct timing *timing)
{
	atomic_init(&frame->refs, 1);
	frame->core = core_ref(core);
	frame->buffer = buffer_pin(buffer);
	frame->format = *format;
	frame->visible = *visible;
	frame->display_width = visible->width;
	frame->display_height = visible->height;
	frame->timing = *timing;
	counter_add(&core->counters.video_frames, 1);
}

struct wc_video_frame *video_frame_new(struct core *core, struct buffer *buffer,
				       const struct frame_format *format,
				       const struct wc_rect *visible, const struct timing *timing)
{
	struct wc_video_frame *frame = slab_get(&core->frames);

	if (frame)
		video_frame_setup(frame, core, buffer, format, visible, timing);
	return frame;
}

struct wc_video_frame *wc_video_frame_ref(struct wc_video_frame *frame)
{
	atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
	return frame;
}

void wc_video_frame_unref(struct wc_video_frame *frame)
{
	struct core *core;

	if (!frame || atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_acq_rel) != 1)
		return;
	wc_video_frame_close(frame);
	core = frame->core;
	counter_sub(&core->counters.video_frames, 1);
	slab_put(&core->frames, frame);
	core_unref(core);
}

/* "Close VideoFrame": the time stays, all else goes. */
void wc_video_frame_close(struct wc_video_frame *frame)
{
	struct buffer *buffer;

	if (!frame || !frame->buffer)
		return;
	buffer = frame->buffer;
	frame->buffer = NULL;
	memset(&frame->format, 0, sizeof frame->format);
	memset(&frame->visible, 0, sizeof frame->visible);
	memset(&frame->color_space, 0, sizeof frame->color_space);
	frame->display_width = 0;
	frame->display_height = 0;
	frame->rotation = 0;
	frame->flip = false;
	frame->writable = false;
	buffer_unpin(buffer);
}

bool wc_video_frame_is_closed(const struct wc_video_frame *frame)
{
	return !frame->buffer;
}

/* Member by member: another thread may be counting references to the original. */
struct wc_video_frame *video_frame_clone(const struct wc_video_frame *frame)
{
	struct wc_video_frame *clone = video_frame_new(frame->core, frame->buffer, &frame->format,
						       &frame->visible, &frame->timing);

	if (!clone)
		return NULL;
	clone->display_width = frame->display_width;
	clone->display_height = frame->display_height;
	clone->color_space = frame->color_space;
	clone->rotation = frame->rotation;
	clone->flip = frame->flip;
	clone->writable = frame->writable;
	return clone;
}

int wc_video_frame_clone(struct wc_video_frame *frame, struct wc_video_frame **clone)
{
	if (!clone)
		return WC_TYPE_ERROR;
	*clone = NULL;
	if (!frame->buffer)
		return WC_INVALID_STATE_ERROR;
	*clone = video_frame_clone(frame);
	return *clone ? WC_OK : WC_OPERATION_ERROR;
}

enum wc_pixel_format wc_video_frame_get_format(const struct wc_video_frame *frame)
{
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);

	/* A tiled picture has the samples, but not where the W3C name says. */
	if (!pixels || frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		return WC_PIXEL_FORMAT_NONE;
	return pixels->w3c;
}

uint32_t wc_video_frame_get_fourcc(const struct wc_video_frame *frame)
{
	return frame->format.fourcc;
}

int64_t wc_video_frame_get_timestamp(const struct wc_video_frame *frame)
{
	return frame->timing.timestamp;
}

bool wc_video_frame_get_duration(const struct wc_video_frame *frame, uint64_t *duration)
{
	if (frame->timing.has_duration)
		*duration = frame->timing.duration;
	return frame->timing.has_duration;
}

uint32_t wc_video_frame_get_coded_width(const struct wc_video_frame *frame)
{
	return frame->format.width;
}

uint32_t wc_video_frame_get_coded_height(const struct wc_video_frame *frame)
{
	return frame->format.height;
}

struct wc_rect wc_video_frame_get_visible_rect(const struct wc_video_frame *frame)
{
	return frame->visible;
}

uint32_t wc_video_frame_get_display_width(const struct wc_video_frame *frame)
{
	return frame->display_width;
}

uint32_t wc_video_frame_get_display_height(const struct wc_video_frame *frame)
{
	return frame->display_height;
}

uint16_t wc_video_frame_get_rotation(const struct wc_video_frame *frame)
{
	return frame->rotation;
}

bool wc_video_frame_get_flip(const struct wc_video_frame *frame)
{
	return frame->flip;
}

struct wc_video_color_space wc_video_frame_get_color_space(const struct wc_video_frame *frame)
{
	return frame->color_space;
}
