/* SPDX-License-Identifier: MIT */
/* Frames as encoders of libavcodec want them: where they are, or converted and scaled. */
#ifndef WC_SESSION_SOFTWARE_PICTURE_H
#define WC_SESSION_SOFTWARE_PICTURE_H

#include <libavcodec/avcodec.h>

#include "frame/pool.h"
#include "frame/video_frame.h"
#include "session/software_format.h"

/* What an encoder takes. */
struct software_picture {
	const struct software_format *format;
	uint32_t width, height;
};

/*
 * Rows that begin at multiples of 64 bytes, for vector instructions; planes in order in one
 * object. The bytes needed, 0 if too many.
 */
size_t software_picture_layout(struct frame_format *format, uint32_t fourcc, uint32_t width,
			       uint32_t height);

/* Whether the visible part of a frame can be had in that form. */
bool software_picture_possible(const struct software_picture *picture, uint32_t fourcc);

/*
 * Fill av, which is empty, with the visible part of frame. *copied becomes the bytes written, 0
 * when av refers to the frame's own memory, which it keeps with a frame of its own. 0; -ENOTSUP
 * when the frame cannot be read or converted; -ENOMEM; or what giving the CPU access came to.
 */
int software_picture_fill(const struct software_picture *picture, struct pool *pool,
			  const struct wc_video_frame *frame, AVFrame *av, uint64_t *copied);

#endif
