/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/frame_cache.h
 * A small cache of frames: decoded pictures that may soon be wanted again.
 *
 * Scrubbing back and forth in a clip, or stepping frame by frame, asks for the same pictures again
 * and again, and a decoder can only go forward from a key frame. A cache keeps the frames that were
 * used last, each under an integer of the application's choice (a time stamp, a frame number),
 * within limits of frames and bytes. What was not used for longest goes first.
 *
 *     if (!(frame = wc_frame_cache_get(cache, timestamp)))
 *             ...                     decode it, and in the output callback:
 *     wc_frame_cache_put(cache, timestamp, frame);
 *
 * Who owns what: a cache holds **frames of its own**, made as wc_video_frame_clone() makes them,
 * on the same buffer. wc_frame_cache_put() takes nothing from the caller, whose frame stays the
 * caller's, to be closed and given back as always. wc_frame_cache_get() gives a new frame, the
 * caller's from then on. So closing a frame that went in or came out leaves the cached one as it
 * is; and a frame that leaves the cache, for whatever reason, stays valid in the hands of whoever
 * got it. The buffer is free when the last frame on it is closed, the cached one included.
 *
 * **A cached frame keeps its buffer from the decoder.** A hardware decoder has few; when they are
 * all held it makes more, or copies. Give a cache no more frames than it is worth.
 *
 * Under pressure: a cache that belongs to a context loses frames when that context is short of
 * memory. Call wc_frame_cache_trim() to the same end.
 *
 * Threads: any function may be called from any thread, except that wc_frame_cache_destroy() must
 * be the last. Nothing is allocated after wc_frame_cache_new() but what clones need, and those come
 * from a stock that frames that were given back go to. All functions take the same short time
 * however many frames there are, but for those that let several go.
 *
 * The release callback of wc_video_frame_new_wrapped() may run inside the functions that let frames
 * go; it must not call the cache.
 */
#ifndef WEBCODECS_FRAME_CACHE_H
#define WEBCODECS_FRAME_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_frame_cache;
struct wc_video_frame;

/** The most frames that a cache can be made for. */
#define WC_FRAME_CACHE_MAX_FRAMES 65536

/** How large a cache may become. All zero is a good default. */
struct wc_frame_cache_options {
	/** Most frames, up to ::WC_FRAME_CACHE_MAX_FRAMES; 0 means 32. */
	uint32_t max_frames;
	/**
	 * Most bytes of the buffers of the cached frames; 0 means 128 MiB. A buffer that is cached
	 * under two keys counts twice.
	 */
	size_t max_bytes;
	uint64_t reserved[4];   /**< must be zero */
};

/**
 * Make an empty cache.
 *
 * @param context whose shortage of memory makes the cache smaller; the cache may outlive it. NULL:
 *        nobody but the application does. The frames may be of any context.
 * @param options NULL for the defaults; copied
 * @param[out] cache on success a cache, to be ended with wc_frame_cache_destroy(). On failure set
 *        to NULL.
 * @return ::WC_OK; ::WC_TYPE_ERROR when a reserved field is not zero, for too many frames, or when
 *         @p cache is NULL; ::WC_OPERATION_ERROR without memory.
 */
int wc_frame_cache_new(struct wc_context *context, const struct wc_frame_cache_options *options,
		       struct wc_frame_cache **cache);

/** End a cache and let go of its frames. NULL is allowed. */
void wc_frame_cache_destroy(struct wc_frame_cache *cache);

/**
 * Keep a frame, in place of what is there under the same key. It counts as used just now; frames
 * not used for longest go until the limits are kept. A frame that is larger than the limit is not
 * kept, which is no error; what was there before under its key is gone all the same.
 *
 * @param key any number
 * @param frame stays the caller's; the cache makes a frame of its own
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when @p frame is closed; ::WC_OPERATION_ERROR without
 *         memory for the frame object.
 */
int wc_frame_cache_put(struct wc_frame_cache *cache, int64_t key, struct wc_video_frame *frame);

/**
 * The frame under a key, which counts as used just now.
 *
 * @return a new frame with one reference, the caller's, to be given back with
 *         wc_video_frame_unref(). NULL when there is none, or no memory for the frame object.
 */
struct wc_video_frame *wc_frame_cache_get(struct wc_frame_cache *cache, int64_t key);

/** Let go of the frame under a key. @return whether there was one. */
bool wc_frame_cache_remove(struct wc_frame_cache *cache, int64_t key);

/** Let go of all frames. */
void wc_frame_cache_clear(struct wc_frame_cache *cache);

/**
 * Let go of frames, those not used for longest first, until at most @p frames with at most @p bytes
 * are left. The limits stay.
 *
 * @return the bytes that this gave back: those of buffers that no other frame is open on.
 */
size_t wc_frame_cache_trim(struct wc_frame_cache *cache, uint32_t frames, size_t bytes);

/** What is in a cache, and what became of it since it was made. */
struct wc_frame_cache_stats {
	uint32_t frames;        /**< frames there now */
	uint32_t peak_frames;   /**< most at once */
	size_t bytes;           /**< bytes of their buffers */
	size_t peak_bytes;      /**< most at once */
	uint64_t hits;          /**< gets that found a frame */
	uint64_t misses;        /**< gets that found none */
	uint64_t puts;          /**< frames put in */
	uint64_t replaced;      /**< frames that another one under their key replaced */
	uint64_t evicted;       /**< frames let go for the limits, by trim or under pressure */
	uint64_t refused;       /**< frames that were larger than the limit */
	uint64_t reserved[4];
};

/** Fill @p stats: one moment's picture. */
void wc_frame_cache_get_stats(struct wc_frame_cache *cache, struct wc_frame_cache_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
