/* SPDX-License-Identifier: MIT */
#include "frame/frame_search.h"
#include "frame/relief.h"

/* Memory of others: it is theirs again, and they may keep it. */
static const unsigned others = 1u << WC_MEMORY_WRAPPED | 1u << WC_MEMORY_IMPORTED;

/* What goes with the frame's pin, which the caller has seized. With the roll locked. */
static void count(const struct buffer *buffer, struct relief *relief)
{
	if (atomic_load_explicit(&buffer->pins, memory_order_acquire) > 1)
		return;
	if (!(others & 1u << buffer->kind) &&
	    atomic_load_explicit(&buffer->refs, memory_order_acquire) == 1)
		relief->freed += buffer->bytes;
	else
		relief->returned += buffer->bytes;
}

/* Clones look at the buffer under the lock: they get it while it is there, or see it closed. */
static struct buffer *detach(struct wc_video_frame *frame, struct relief *relief)
{
	struct roll *roll = &frame->core->census.rolls[WC_OBJECT_VIDEO_FRAME];
	struct buffer *buffer = frame->buffer;

	guard_close_by_force(&frame->guard);
	pthread_mutex_lock(&roll->lock);
	video_frame_mark_closed(frame);
	count(buffer, relief);
	pthread_mutex_unlock(&roll->lock);
	return buffer;
}

static bool close_oldest(struct frame_search *search, struct relief *relief)
{
	struct core *core = search->core;
	struct wc_video_frame *frame;
	struct buffer *buffer = NULL;

	pthread_mutex_lock(&core->seizures);
	frame = frame_search_next(search);
	if (frame)
		buffer = detach(frame, relief);
	pthread_mutex_unlock(&core->seizures);
	if (!frame)
		return false;
	/* Without locks, for these may call the application. */
	video_frame_drop(frame, buffer);
	wc_video_frame_unref(frame);
	return true;
}

struct relief frames_force_close(struct core *core, unsigned kinds, uint64_t wanted)
{
	struct frame_search search = { .core = core, .kinds = kinds };
	struct relief relief = { 0 };

	while (close_oldest(&search, &relief) && relief.freed + relief.returned < wanted)
		;
	return relief;
}
