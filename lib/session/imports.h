/* SPDX-License-Identifier: MIT */
/*
 * DMA-BUFs of somebody else's on an OUTPUT queue: which buffer of the queue reads which of them.
 *
 * videobuf2 attaches and maps a DMA-BUF when it comes with an index for the first time, and keeps
 * it so until another one comes with that index (__prepare_dmabuf()). So each DMA-BUF has an index
 * of its own, as long as there are enough; then the one that was not used for longest loses its
 * own. A picture that comes again while the driver has it, a still one, gets further indices: a
 * driver that looks ahead keeps the first until there is another picture.
 */
#ifndef WC_SESSION_IMPORTS_H
#define WC_SESSION_IMPORTS_H

#include "frame/video_frame.h"
#include "v4l2/queue.h"

/* A picture as a queue reads it: for each memory plane of the queue the object of the buffer. */
struct import_source {
	struct buffer *buffer;         /* the frame's */
	unsigned n_planes;
	unsigned objects[WC_MAX_PLANES];
};

struct import_place {
	unsigned n_planes;             /* 0: nothing was here yet */
	uint64_t inodes[WC_MAX_PLANES];
	uint64_t used;                 /* when, in submits */
	struct buffer *buffer;         /* a pin, while the driver has it; else NULL */
};

struct imports {
	unsigned limit;                /* buffers that the driver has at a time, at most */
	uint64_t submits;
	uint64_t attached;             /* submits that brought an index something new */
	struct import_place places[QUEUE_MAX_BUFFERS];
};

/* Bytes of a reason that a frame is not read in place. */
#define IMPORT_REASON 128

/*
 * Whether a queue of that format, in which pictures lie as device says, of which it reads part, can
 * read the visible part of a frame in place, which has to be just that. If so *source is filled; if
 * not the reason, a clause without a full stop.
 */
bool import_fits(const struct queue_format *format, const struct frame_format *device,
		 const struct wc_rect *part, const struct wc_video_frame *frame,
		 struct import_source *source, char reason[IMPORT_REASON]);

/* The index for a picture: its own if that is free, or another one. -EAGAIN: there is none. */
int imports_find(const struct imports *imports, const struct queue *queue,
		 const struct import_source *source);

/*
 * Give a picture to the driver, with an index that was found for it; its buffer is pinned until
 * imports_take(). Results of queue_enqueue_import().
 */
int imports_enqueue(struct imports *imports, struct queue *queue, unsigned index,
		    const struct import_source *source, size_t bytesused, uint64_t cookie);

/* The driver is done with an index: the pin is the caller's. NULL: there was none. */
struct buffer *imports_take(struct imports *imports, unsigned index);

#endif
