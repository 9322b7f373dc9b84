/* SPDX-License-Identifier: MIT */
/* How the pictures of a V4L2 queue lie in its buffers, as frames have it. */
#ifndef WC_SESSION_LAYOUT_H
#define WC_SESSION_LAYOUT_H

#include "frame/video_frame.h"
#include "v4l2/queue.h"

/*
 * The layout and the colours of pictures in the format of a queue. False for formats that we do not
 * know.
 */
bool layout_find(const struct queue_format *format, struct frame_format *layout,
		 struct wc_video_color_space *color);

#endif
