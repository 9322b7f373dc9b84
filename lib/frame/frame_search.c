/* SPDX-License-Identifier: MIT */
#include "frame/frame_search.h"

#include "util/macros.h"

static bool is_open_given(const struct wc_video_frame *frame)
{
	return roll_entry_state(&frame->entry) == (ROLL_READY | ROLL_GIVEN);
}

bool frame_seize(struct wc_video_frame *frame)
{
	if (!is_open_given(frame) || !guard_seize(&frame->guard))
		return false;
	if (video_frame_try_ref(frame))
		return true;
	guard_release(&frame->guard);
	return false;
}

static void look(struct roll_entry *entry, void *arg)
{
	struct wc_video_frame *frame = container_of(entry, struct wc_video_frame, entry);
	struct frame_search *search = arg;
	uint64_t number = roll_entry_number(entry);

	if (number <= search->after || number >= search->best || !is_open_given(frame) ||
	    !guard_is_idle(&frame->guard) || !(search->kinds & 1u << frame->memory) ||
	    (search->is_wanted && !search->is_wanted(frame)))
		return;
	search->best = number;
	search->handle = roll_handle(entry);
}

/* The frame may be gone, or in use, since it was seen. */
static struct wc_video_frame *seize_found(struct frame_search *search)
{
	struct roll *roll = &search->core->census.rolls[WC_OBJECT_VIDEO_FRAME];
	struct wc_video_frame *frame = NULL;
	struct roll_entry *entry;

	pthread_mutex_lock(&roll->lock);
	entry = roll_find(roll, search->handle);
	if (entry)
		frame = container_of(entry, struct wc_video_frame, entry);
	if (frame && !frame_seize(frame))
		frame = NULL;
	pthread_mutex_unlock(&roll->lock);
	return frame;
}

struct wc_video_frame *frame_search_next(struct frame_search *search)
{
	struct roll *roll = &search->core->census.rolls[WC_OBJECT_VIDEO_FRAME];
	struct wc_video_frame *frame = NULL;

	do {
		search->best = UINT64_MAX;
		roll_walk(roll, look, search);
		if (search->best == UINT64_MAX)
			return NULL;
		search->after = search->best;
		frame = seize_found(search);
	} while (!frame);
	return frame;
}
