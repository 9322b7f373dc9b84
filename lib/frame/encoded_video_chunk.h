/* SPDX-License-Identifier: MIT */
/* The inside of struct wc_encoded_video_chunk, for those who make and read chunks. */
#ifndef WC_FRAME_ENCODED_VIDEO_CHUNK_H
#define WC_FRAME_ENCODED_VIDEO_CHUNK_H

#include <stdatomic.h>

#include <webcodecs/encoded_video_chunk.h>

#include "frame/buffer.h"
#include "frame/video_frame.h"

struct wc_encoded_video_chunk {
	struct roll_entry entry;
	atomic_uint refs;
	struct core *core;             /* a reference */
	struct buffer *buffer;         /* a pin, data in object 0; NULL: empty, or closed */
	size_t offset, size;           /* bytes */
	enum wc_chunk_type type;
	struct timing timing;
	bool writable;                 /* until a decoder got it */
	bool closed;
	bool held;                     /* external memory was told of the buffer */
};

/*
 * A chunk on object 0 of buffer, of which it takes a pin of its own. Nobody's leak until
 * encoded_video_chunk_give(). NULL without memory.
 */
struct wc_encoded_video_chunk *encoded_video_chunk_new(struct core *core, struct buffer *buffer,
						       size_t offset, size_t size,
						       enum wc_chunk_type type,
						       const struct timing *timing);

/* From here on the chunk is the application's, and counts as a leak. Once. */
void encoded_video_chunk_give(struct wc_encoded_video_chunk *chunk);

/* A second chunk on the same buffer, for a codec: it is not the application's. */
struct wc_encoded_video_chunk *
encoded_video_chunk_clone(const struct wc_encoded_video_chunk *chunk);

/* Check an init and take the time from it. 0, or WC_TYPE_ERROR with *error filled. */
int chunk_init_check(const struct wc_encoded_video_chunk_init *init, struct timing *timing,
		     struct wc_error *error);

/*
 * As wc_encoded_video_chunk_new(), without the context, which this layer does not know: 0 and
 * *chunk with one reference, or a negative wc_status with *error filled.
 */
int encoded_video_chunk_from_copy(struct core *core, const void *data, size_t size,
				  const struct wc_encoded_video_chunk_init *init,
				  struct wc_encoded_video_chunk **chunk, struct wc_error *error);

#endif
