/* SPDX-License-Identifier: MIT */
/* Goes through the frames that the application has, those made first first, and seizes them. */
#ifndef WC_FRAME_FRAME_SEARCH_H
#define WC_FRAME_FRAME_SEARCH_H

#include "frame/video_frame.h"

struct frame_search {
	struct core *core;
	unsigned kinds;        /* bits 1 << enum wc_memory_kind */
	/* Whether to look at that frame, of which nothing but constants may be read. NULL: all. */
	bool (*is_wanted)(const struct wc_video_frame *frame);
	uint64_t after;        /* number of the frame that was seen last; 0 at first */
	uint64_t best, handle; /* inside frame_search_next() */
};

/*
 * With the roll locked: seize the frame and take a reference, if it is open, idle, the
 * application's, and not about to go.
 */
bool frame_seize(struct wc_video_frame *frame);

/* The next frame, seized, with a reference; NULL: there is none. With core->seizures locked. */
struct wc_video_frame *frame_search_next(struct frame_search *search);

#endif
