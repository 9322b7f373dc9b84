/* SPDX-License-Identifier: MIT */
/* A frame with another time. */
#ifndef WC_TOOLS_RETIME_H
#define WC_TOOLS_RETIME_H

#include <stdint.h>

#include <webcodecs/webcodecs.h>

/*
 * A frame that shows what another one does at timestamp. The memory is shared where the planes lie
 * in one piece, else copied.
 *
 * result: one reference, the caller's; frame itself when its time is right. Returns ::WC_OK or
 * what the library said.
 */
int frame_retime(struct wc_context *context, struct wc_video_frame *frame, int64_t timestamp,
		 uint64_t duration, struct wc_video_frame **result);

#endif
