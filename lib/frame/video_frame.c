/* SPDX-License-Identifier: MIT */
#include "frame/video_frame.h"

#include <string.h>

#include "frame/pixel_format.h"
#include "util/macros.h"

void video_frame_setup(struct wc_video_frame *frame, struct core *core, struct buffer *buffer,
		       const struct frame_format *format, const struct wc_rect *visible,
		       const struct timing *timing)
{
	atomic_init(&frame->refs, 1);
	atomic_init(&frame->accesses, 0);
	frame->core = core_ref(core);
	frame->buffer = buffer_pin(buffer);
	frame->format = *format;
	frame->visible = *visible;
	frame->display_width = visible->width;
	frame->display_height = visible->height;
	frame->timing = *timing;
	counter_add(&core->counters.video_frames, 1);
	roll_entry_describe(&frame->entry, buffer->bytes, format->fourcc, format->width,
			    format->height);
	roll_entry_set_state(&frame->entry, ROLL_READY);
}

void video_frame_give(struct wc_video_frame *frame)
{
	roll_entry_set_state(&frame->entry, ROLL_READY | ROLL_GIVEN);
	if (external_memory_is_wanted(&frame->core->external_memory)) {
		buffer_hold(frame->buffer);
		frame->held = true;
	}
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

/* The buffer goes in any case, so that a close costs nothing more when it is late. */
static void drop_buffer(struct wc_video_frame *frame)
{
	struct buffer *buffer = frame->buffer;

	while (atomic_load_explicit(&frame->accesses, memory_order_relaxed))
		video_frame_end_access(frame);
	frame->buffer = NULL;
	if (frame->held)
		buffer_unhold(buffer);
	frame->held = false;
	buffer_unpin(buffer);
}

/* Nobody will look at the frame any more. */
static void end_unclosed(struct wc_video_frame *frame, struct core *core)
{
	if (atomic_load_explicit(&core->census.warn_unclosed, memory_order_relaxed) &&
	    roll_entry_state(&frame->entry) & ROLL_GIVEN)
		census_dropped(&core->census, WC_OBJECT_VIDEO_FRAME, &frame->entry);
	drop_buffer(frame);
}

void wc_video_frame_unref(struct wc_video_frame *frame)
{
	struct core *core;

	if (!frame || atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_acq_rel) != 1)
		return;
	core = frame->core;
	if (frame->buffer)
		end_unclosed(frame, core);
	counter_sub(&core->counters.video_frames, 1);
	slab_put(&core->frames, frame);
	core_unref(core);
}

/* "Close VideoFrame": the time stays, all else goes. */
void wc_video_frame_close(struct wc_video_frame *frame)
{
	if (!frame || !frame->buffer)
		return;
	roll_entry_set_state(&frame->entry, roll_entry_state(&frame->entry) | ROLL_CLOSED);
	memset(&frame->format, 0, sizeof frame->format);
	memset(&frame->visible, 0, sizeof frame->visible);
	memset(&frame->color_space, 0, sizeof frame->color_space);
	frame->display_width = 0;
	frame->display_height = 0;
	frame->rotation = 0;
	frame->flip = false;
	frame->writable = false;
	drop_buffer(frame);
}

void wc_video_frame_finalize(struct wc_video_frame *frame)
{
	if (!frame)
		return;
	if (frame->buffer)
		census_finalized(&frame->core->census, WC_OBJECT_VIDEO_FRAME, &frame->entry);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
}

uint64_t wc_video_frame_get_handle(const struct wc_video_frame *frame)
{
	return roll_handle(&frame->entry);
}

/* Another thread may be giving the last reference back: none is made out of nothing. */
static bool try_ref(struct wc_video_frame *frame)
{
	unsigned refs = atomic_load_explicit(&frame->refs, memory_order_relaxed);

	while (refs)
		if (atomic_compare_exchange_weak_explicit(&frame->refs, &refs, refs + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

/* An object leaves the roll, and its memory goes, under the lock only, after its last reference. */
struct wc_video_frame *video_frame_find(struct core *core, uint64_t handle)
{
	struct roll *roll = &core->census.rolls[WC_OBJECT_VIDEO_FRAME];
	struct wc_video_frame *frame = NULL;
	struct roll_entry *entry;

	pthread_mutex_lock(&roll->lock);
	entry = roll_find(roll, handle);
	if (entry && (roll_entry_state(entry) & (ROLL_GIVEN | ROLL_CLOSED)) == ROLL_GIVEN)
		frame = container_of(entry, struct wc_video_frame, entry);
	if (frame && !try_ref(frame))
		frame = NULL;
	pthread_mutex_unlock(&roll->lock);
	return frame;
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
	if (!*clone)
		return WC_OPERATION_ERROR;
	video_frame_give(*clone);
	return WC_OK;
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
