/* SPDX-License-Identifier: MIT */
/* The visible pixels of a frame as pieces of memory, plane after plane, without gaps. */
#ifndef WC_TOOLS_PICTURE_H
#define WC_TOOLS_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <webcodecs/video_frame.h>

/* All zero is an empty one. Memory is kept from frame to frame. */
struct picture {
	struct iovec *iov;
	size_t count;
	size_t room;
	struct wc_video_frame *frame;    /* mapped; NULL: none */
	void *converted;                 /* the picture in another format */
	size_t converted_room;
};

/*
 * Map a frame for writing and list its rows; a plane whose rows touch is one piece. Ends with
 * picture_unmap(). ::WC_OK; ::WC_NOT_SUPPORTED_ERROR for formats without known planes; otherwise
 * as wc_video_frame_map().
 */
int picture_map_write(struct picture *picture, struct wc_video_frame *frame);

/*
 * The same for reading, in the format fourcc (0: as it is): converted when it is in another.
 * prefix: bytes to put in front of the list, the caller's; may be empty. Otherwise as
 * wc_video_frame_copy_to().
 */
int picture_map_read(struct picture *picture, struct wc_video_frame *frame, uint32_t fourcc,
		     struct iovec prefix);

void picture_unmap(struct picture *picture);

/* Free what is kept. */
void picture_finish(struct picture *picture);

#endif
