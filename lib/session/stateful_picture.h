/* SPDX-License-Identifier: MIT */
/* Pictures that go into the buffers of a device, or out of them, as copies. */
#ifndef WC_SESSION_STATEFUL_PICTURE_H
#define WC_SESSION_STATEFUL_PICTURE_H

#include "session/stateful.h"

/* How a picture is to lie in a buffer of the input side. */
struct input_picture {
	const struct frame_format *format;
	uint32_t width, height;            /* of what counts, at 0,0 */
	enum wc_color_matrix matrix;       /* of the YUV side, where that is converted */
	enum wc_color_range range;
};

/*
 * Put the visible part of a frame into a free buffer of the input side, converted to what is
 * wanted. Counted. The index, held for stateful_enqueue_input(); -EAGAIN: there is none; or another
 * negative errno.
 */
int stateful_place_picture(struct stateful *s, const struct input_picture *picture,
			   const struct wc_video_frame *frame);

/*
 * Copy a held picture of the output side into plain memory, and give its buffer back to the driver.
 * Counted. *format says how it lies in the buffer, and becomes how it lies in the copy: all memory
 * planes in one object. 0 with a reference in *copy; or a ::wc_status: the session has failed.
 */
int stateful_copy_picture(struct stateful *s, unsigned index, struct frame_format *format,
			  struct buffer **copy);

/*
 * Copy the visible part of a held picture of the output side, which lies as format says, into a
 * frame of the same fourcc and visible size. Counted. 0 or a negative errno; the picture stays
 * held.
 */
int stateful_copy_into(struct stateful *s, unsigned index, const struct frame_format *format,
		       struct wc_video_frame *frame);

#endif
