/* SPDX-License-Identifier: MIT */
#include "frame/video_frame.h"

#include <string.h>

#include "frame/pixel_format.h"
#include "frame/tally.h"
#include "util/macros.h"

/* Takes the pin of the buffer over. */
static void set_up(struct wc_video_frame *frame, struct core *core, struct buffer *buffer,
		   const struct frame_format *format, const struct wc_rect *visible,
		   const struct timing *timing)
{
	atomic_init(&frame->refs, 1);
	atomic_init(&frame->accesses, 0);
	frame->core = core_ref(core);
	atomic_init(&frame->buffer, buffer);
	frame->memory = buffer->kind;
	frame->n_objects = buffer->n_objects;
	frame->tally = NULL;
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

void video_frame_setup(struct wc_video_frame *frame, struct core *core, struct buffer *buffer,
		       const struct frame_format *format, const struct wc_rect *visible,
		       const struct timing *timing)
{
	set_up(frame, core, buffer_pin(buffer), format, visible, timing);
}

/* Last of all the state: from then on the buffer may become another one. */
void video_frame_give(struct wc_video_frame *frame)
{
	if (external_memory_is_wanted(&frame->core->external_memory)) {
		buffer_hold(frame->buffer);
		frame->held = true;
	}
	roll_entry_set_state(&frame->entry, ROLL_READY | ROLL_GIVEN);
}

void video_frame_count_in(struct wc_video_frame *frame, struct tally *tally)
{
	frame->tally = tally_ref(tally);
	tally_enter(tally);
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

void video_frame_drop(struct wc_video_frame *frame, struct buffer *buffer)
{
	for (unsigned n = atomic_exchange(&frame->accesses, 0); n; n--)
		buffer_end_access(buffer);
	if (frame->held)
		buffer_unhold(buffer);
	buffer_unpin(buffer);
}

static void leave_tally(struct wc_video_frame *frame)
{
	if (frame->tally)
		tally_leave(frame->tally);
}

/* Nobody will look at the frame any more. */
static void end_unclosed(struct wc_video_frame *frame, struct core *core)
{
	if (atomic_load_explicit(&core->census.warn_unclosed, memory_order_relaxed) &&
	    roll_entry_state(&frame->entry) & ROLL_GIVEN)
		census_dropped(&core->census, WC_OBJECT_VIDEO_FRAME, &frame->entry);
	leave_tally(frame);
	video_frame_drop(frame, frame->buffer);
}

void wc_video_frame_unref(struct wc_video_frame *frame)
{
	struct core *core;

	if (!frame || atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_acq_rel) != 1)
		return;
	core = frame->core;
	if (frame->buffer)
		end_unclosed(frame, core);
	tally_unref(frame->tally);
	counter_sub(&core->counters.video_frames, 1);
	slab_put(&core->frames, frame);
	core_unref(core);
}

void video_frame_mark_closed(struct wc_video_frame *frame)
{
	roll_entry_set_state(&frame->entry, roll_entry_state(&frame->entry) | ROLL_CLOSED);
	atomic_store_explicit(&frame->buffer, NULL, memory_order_relaxed);
	leave_tally(frame);
}

/* "Close VideoFrame": the time stays, of all else nothing is told any more. */
void wc_video_frame_close(struct wc_video_frame *frame)
{
	struct buffer *buffer;

	if (!frame || !guard_close(&frame->guard, &frame->core->seizures))
		return;
	buffer = frame->buffer;
	video_frame_mark_closed(frame);
	video_frame_drop(frame, buffer);
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

bool video_frame_try_ref(struct wc_video_frame *frame)
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
	if (frame && !video_frame_try_ref(frame))
		frame = NULL;
	pthread_mutex_unlock(&roll->lock);
	return frame;
}

bool wc_video_frame_is_closed(const struct wc_video_frame *frame)
{
	return !frame->buffer;
}

enum wc_close_reason wc_video_frame_get_close_reason(const struct wc_video_frame *frame)
{
	if (!guard_is_closed(&frame->guard))
		return WC_NOT_CLOSED;
	return guard_was_forced(&frame->guard) ? WC_CLOSED_UNDER_PRESSURE
					       : WC_CLOSED_BY_APPLICATION;
}

struct pinning {
	const struct wc_video_frame *frame;
	struct buffer *buffer;
};

/* The lock of the roll is held: the buffer stays the frame's until there is a pin more. */
static void pin_buffer(void *arg)
{
	struct pinning *pinning = arg;

	pinning->buffer = pinning->frame->buffer;
	if (pinning->buffer)
		buffer_pin(pinning->buffer);
}

/* Member by member: another thread may be counting references to the original. */
struct wc_video_frame *video_frame_clone(const struct wc_video_frame *frame)
{
	struct slab *frames = &frame->core->frames;
	struct pinning pinning = { frame, NULL };
	struct wc_video_frame *clone = slab_get_and(frames, pin_buffer, &pinning);

	if (!clone)
		return NULL;
	if (!pinning.buffer) {
		slab_put(frames, clone);
		return NULL;
	}
	set_up(clone, frame->core, pinning.buffer, &frame->format, &frame->visible,
	       &frame->timing);
	clone->display_width = frame->display_width;
	clone->display_height = frame->display_height;
	clone->color_space = frame->color_space;
	clone->rotation = frame->rotation;
	clone->flip = frame->flip;
	clone->writable = frame->writable;
	if (frame->tally)
		video_frame_count_in(clone, frame->tally);
	return clone;
}

int video_frame_clone_failed(const struct wc_video_frame *frame)
{
	return frame->buffer ? WC_OPERATION_ERROR : WC_INVALID_STATE_ERROR;
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
		return video_frame_clone_failed(frame);
	video_frame_give(*clone);
	return WC_OK;
}

enum wc_pixel_format wc_video_frame_get_format(const struct wc_video_frame *frame)
{
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);

	if (!frame->buffer)
		return WC_PIXEL_FORMAT_NONE;
	/* A tiled picture has the samples, but not where the W3C name says. */
	if (!pixels || frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		return WC_PIXEL_FORMAT_NONE;
	return pixels->w3c;
}

uint32_t wc_video_frame_get_fourcc(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->format.fourcc : 0;
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
	return frame->buffer ? frame->format.width : 0;
}

uint32_t wc_video_frame_get_coded_height(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->format.height : 0;
}

struct wc_rect wc_video_frame_get_visible_rect(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->visible : (struct wc_rect) { 0 };
}

uint32_t wc_video_frame_get_display_width(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->display_width : 0;
}

uint32_t wc_video_frame_get_display_height(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->display_height : 0;
}

uint16_t wc_video_frame_get_rotation(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->rotation : 0;
}

bool wc_video_frame_get_flip(const struct wc_video_frame *frame)
{
	return frame->buffer && frame->flip;
}

struct wc_video_color_space wc_video_frame_get_color_space(const struct wc_video_frame *frame)
{
	return frame->buffer ? frame->color_space : (struct wc_video_color_space) { 0 };
}
