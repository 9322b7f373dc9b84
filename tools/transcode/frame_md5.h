/* SPDX-License-Identifier: MIT */
/* MD5 of decoded frames, one line for each on standard output. */
#ifndef WC_TOOLS_FRAME_MD5_H
#define WC_TOOLS_FRAME_MD5_H

#include <stdint.h>

#include <webcodecs/video_frame.h>

#include "common/failure.h"

struct frame_md5;

/* fourcc: the format to convert to before, 0: as decoded. NULL with the failure set. */
struct frame_md5 *frame_md5_new(struct failure *failure, uint32_t fourcc);

/* "N TIMESTAMP WxH FOURCC MD5". 0, or -1 with the failure set. */
int frame_md5_print(struct frame_md5 *md5, struct wc_video_frame *frame, uint64_t number,
		    int64_t timestamp);

/* NULL is allowed. */
void frame_md5_destroy(struct frame_md5 *md5);

#endif
