/* SPDX-License-Identifier: MIT */
/*
 * Frames from what an application describes: the constructors of the W3C without the context, which
 * this layer does not know.
 */
#ifndef WC_FRAME_VIDEO_FRAME_INIT_H
#define WC_FRAME_VIDEO_FRAME_INIT_H

#include "frame/frame_memory.h"
#include "frame/video_frame.h"

/*
 * As wc_video_frame_new() and wc_video_frame_new_wrapped(): 0 and *frame with one reference, or a
 * negative wc_status with *error filled.
 */
int video_frame_from_copy(struct core *core, const void *data, size_t size,
			  const struct wc_video_frame_init *init, struct wc_video_frame **frame,
			  struct wc_error *error);
int video_frame_new_wrapped(struct core *core, void *data, size_t size,
			    const struct wc_video_frame_init *init, wc_release_callback release,
			    void *user_data, struct wc_video_frame **frame,
			    struct wc_error *error);

/* As wc_video_frame_alloc(); use is a set of uses. */
int video_frame_alloc(struct core *core, struct frame_memory *memory,
		      const struct wc_video_frame_init *init, unsigned use,
		      struct wc_video_frame **frame, struct wc_error *error);

#endif
