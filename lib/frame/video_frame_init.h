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

/*
 * The same for whoever fills the frame before it is given: a writable picture of that size, with a
 * layout known to the library, in which everything counts; colours are left null.
 */
int video_frame_new_in(struct core *core, struct frame_memory *memory, unsigned use,
		       uint32_t fourcc, uint32_t width, uint32_t height,
		       const struct timing *timing, struct wc_video_frame **frame,
		       struct wc_error *error);

/* As wc_video_frame_new_dma_buf(), with the same results. */
int video_frame_from_dma_buf(struct core *core, const struct wc_dma_buf *dma_buf,
			     const struct wc_video_frame_init *init, wc_release_callback release,
			     void *user_data, struct wc_video_frame **frame,
			     struct wc_error *error);

/* What is wrong with the members that have nothing to do with memory; NULL when all is well. */
const char *video_frame_init_problem(const struct wc_video_frame_init *init);

/*
 * Make of an object of core->frames a frame on buffer, of which it takes a pin, with all that the
 * init says of time, display and colours. It is the application's.
 */
void video_frame_init_setup(struct wc_video_frame *frame, struct core *core,
			    struct buffer *buffer, const struct frame_format *format,
			    const struct wc_video_frame_init *init, const struct wc_rect *visible);

#endif
