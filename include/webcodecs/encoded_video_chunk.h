/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/encoded_video_chunk.h
 * EncodedVideoChunk: one access unit of a coded stream (W3C WebCodecs, section 8.2).
 *
 * Chunks are immutable once they were given to a decoder or came out of an encoder.
 *
 * All functions here may be called from any thread; writing (get_writable, set_size) and closing
 * must not race with another use of the chunk. Chunks may outlive their codec.
 */
#ifndef WEBCODECS_ENCODED_VIDEO_CHUNK_H
#define WEBCODECS_ENCODED_VIDEO_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_encoded_video_chunk;

/** EncodedVideoChunkType of the specification. */
enum wc_chunk_type {
	WC_CHUNK_KEY = 0,     /**< decodes without other chunks */
	WC_CHUNK_DELTA,       /**< needs chunks before it */
};

/** What describes a new chunk. */
struct wc_encoded_video_chunk_init {
	enum wc_chunk_type type;
	bool has_duration;
	int64_t timestamp;     /**< presentation time in microseconds */
	uint64_t duration;     /**< microseconds, if has_duration */
	uint64_t reserved[4];  /**< must be zero */
};

/**
 * Make a chunk from a copy of @p data. To avoid the copy let the decoder allocate the memory:
 * wc_video_decoder_alloc_chunk().
 *
 * @param data copied; may be NULL when @p size is 0
 * @param size bytes; an empty chunk can be made, but not decoded
 * @param[out] chunk on success a chunk with one reference, to be given back with
 *        wc_encoded_video_chunk_unref(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p init is not valid; ::WC_OPERATION_ERROR without memory.
 */
int wc_encoded_video_chunk_new(struct wc_context *context, const void *data, size_t size,
			       const struct wc_encoded_video_chunk_init *init,
			       struct wc_encoded_video_chunk **chunk);

/** Take a reference; returns @p chunk. */
struct wc_encoded_video_chunk *wc_encoded_video_chunk_ref(struct wc_encoded_video_chunk *chunk);

/** Give a reference back. NULL is allowed. */
void wc_encoded_video_chunk_unref(struct wc_encoded_video_chunk *chunk);

/**
 * Let the data go now, however many references there are: the size becomes 0, type and times stay.
 * An addition to the specification, whose chunks keep their data until a garbage collector finds
 * them. What a decoder was given it keeps; to decode a closed chunk is a TypeError. Closing again,
 * or NULL, does nothing.
 */
void wc_encoded_video_chunk_close(struct wc_encoded_video_chunk *chunk);

/** Key or delta, as the chunk was made. */
enum wc_chunk_type wc_encoded_video_chunk_get_type(const struct wc_encoded_video_chunk *chunk);

/** Presentation time in microseconds. */
int64_t wc_encoded_video_chunk_get_timestamp(const struct wc_encoded_video_chunk *chunk);

/** Duration in microseconds. @return false, and @p duration untouched, when there is none. */
bool wc_encoded_video_chunk_get_duration(const struct wc_encoded_video_chunk *chunk,
					 uint64_t *duration);

/** Bytes of data (byteLength); 0 once it is closed. */
size_t wc_encoded_video_chunk_get_size(const struct wc_encoded_video_chunk *chunk);

/**
 * The data, get_size() bytes, valid while the caller holds a reference and the chunk is open. For
 * an empty chunk the pointer may be NULL.
 */
const uint8_t *wc_encoded_video_chunk_get_data(const struct wc_encoded_video_chunk *chunk);

/**
 * Where to write the data of a chunk made by wc_video_decoder_alloc_chunk().
 *
 * @param[out] capacity bytes of room
 * @return the memory; NULL when the chunk is not writable: it came from elsewhere, is closed, or
 *         was given to a decoder already.
 */
uint8_t *wc_encoded_video_chunk_get_writable(struct wc_encoded_video_chunk *chunk,
					     size_t *capacity);

/**
 * Say how much was written. @return ::WC_OK; ::WC_TYPE_ERROR when @p size is more than the
 * capacity; ::WC_INVALID_STATE_ERROR when the chunk is not writable.
 */
int wc_encoded_video_chunk_set_size(struct wc_encoded_video_chunk *chunk, size_t size);

#ifdef __cplusplus
}
#endif

#endif
