/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/context.h
 * The context: one file descriptor, one dispatch, and everything that codecs share.
 *
 * A context is what WebCodecs calls the global object: codecs that belong together live in one.
 * It owns an epoll file descriptor. When that descriptor is readable, call
 * wc_context_dispatch(); it does the work that is due, runs callbacks, and returns. The library
 * starts no thread that calls the application: **callbacks run only inside
 * wc_context_dispatch()**, never inside the call that caused them.
 *
 * Threads: a context and its codecs belong to one thread, the one that calls dispatch. Frames and
 * chunks may be referenced, mapped and released from any thread, and may outlive the context.
 */
#ifndef WEBCODECS_CONTEXT_H
#define WEBCODECS_CONTEXT_H

#include <stdarg.h>
#include <stdint.h>

#include <webcodecs/error.h>
#include <webcodecs/memory.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;

/** How important a log line is. */
enum wc_log_level {
	WC_LOG_ERROR = 1,   /**< reserved */
	/** Drivers that break the rules, nodes that cannot be opened, output that was dropped. */
	WC_LOG_WARNING,
	/** Which session was opened, why a device was passed over, why a codec closed. */
	WC_LOG_INFO,
	WC_LOG_DEBUG,       /**< failing calls, buffers that were added */
};

/**
 * Receives log lines. Without a handler the library is silent.
 *
 * @param level importance
 * @param file source file of the library, constant
 * @param line line in @p file
 * @param message one NUL-terminated line without line break, valid during the call
 * @param user_data as given with the handler
 *
 * May be called from any thread that uses an object of the context, from worker threads of
 * software codecs too. Must not call the library.
 */
typedef void (*wc_log_handler)(enum wc_log_level level, const char *file, int line,
			       const char *message, void *user_data);

/** How to make a context. All zero is a good default. */
struct wc_context_options {
	/** Where log lines go; NULL: nowhere. */
	wc_log_handler log_handler;
	void *log_user_data;
	/** The least important level that is wanted; 0 means ::WC_LOG_WARNING. */
	enum wc_log_level log_level;
	/**
	 * Device nodes to use instead of what udev lists: NULL, or an array of paths that ends
	 * with NULL. An empty array means no hardware at all. The strings are copied.
	 */
	const char *const *device_paths;
	/** Any value of the application's, see wc_context_get_user_data(). */
	void *user_data;
	/**
	 * Microseconds without progress after which a codec is inactive and may be reclaimed, see
	 * webcodecs/budget.h. 0: the ten seconds of the specification.
	 */
	int64_t inactivity;
	/**
	 * Directory of the files that count hardware contexts across processes. NULL:
	 * /run/webcodecs, else webcodecs in $XDG_RUNTIME_DIR. "": count in this context only.
	 * Copied.
	 */
	const char *slot_directory;
	uint64_t reserved[6];   /**< must be zero */
};

/**
 * Make a context. Opens an epoll descriptor; devices are looked at when they are first needed.
 *
 * @param options NULL for the defaults; copied
 * @param[out] context on success a context with one reference, to be given back with
 *        wc_context_unref(). On failure set to NULL.
 * @return ::WC_OK; ::WC_TYPE_ERROR when a reserved field is not zero, a time is negative, or
 *         @p context is NULL;
 *         ::WC_OPERATION_ERROR when memory or descriptors are short (errno tells).
 */
int wc_context_new(const struct wc_context_options *options, struct wc_context **context);

/** Take a reference; returns @p context. Any thread. */
struct wc_context *wc_context_ref(struct wc_context *context);

/**
 * Give a reference back. Codecs hold a reference of their own, so the context goes when the last
 * codec was destroyed too. NULL is allowed.
 * The last reference must not be given back from inside a callback of this context.
 */
void wc_context_unref(struct wc_context *context);

/**
 * The descriptor to wait on. Readable means: call wc_context_dispatch(). It stays the same for
 * the life of the context, is owned by it, close-on-exec, and must not be read or closed.
 */
int wc_context_get_fd(struct wc_context *context);

/**
 * Do what is due and run callbacks. Returns after one round of work, also when no callback had to
 * run: a configuration was looked at, or a device took input.
 *
 * @param context the context
 * @param timeout_ms how long to wait when nothing is due: 0 not at all, -1 without end
 * @return the number of callbacks that ran; 0 after the time-out, when a signal interrupted the
 *         wait, and when there was work that led to no callback;
 *         ::WC_INVALID_STATE_ERROR when called from inside a callback;
 *         ::WC_OPERATION_ERROR when waiting itself failed.
 *
 * Thread: the one the context belongs to. Never blocks longer than @p timeout_ms and what one
 * system call to a driver takes.
 */
int wc_context_dispatch(struct wc_context *context, int timeout_ms);

/**
 * Details of the last call on this context, or on a codec of it, that returned a negative value.
 * Calls that make frames and chunks leave them only in the thread of the context; calls on frames
 * and chunks leave none.
 *
 * @return a pointer that stays valid, its content until the next failing call; never NULL; the
 *         name is ::WC_OK when nothing has failed yet.
 */
const struct wc_error *wc_context_get_error(const struct wc_context *context);

/** Change the log handler and level; NULL silences. */
void wc_context_set_log_handler(struct wc_context *context, wc_log_handler handler,
				enum wc_log_level level, void *user_data);

/** Keep a value of the application's with the context. The library never looks at it. */
void wc_context_set_user_data(struct wc_context *context, void *user_data);

/** The value set last, or in the options. */
void *wc_context_get_user_data(const struct wc_context *context);

/**
 * What is alive and what was done, since the context was made. Objects are counted from creation
 * to the end of their last reference, wherever that reference is held.
 */
struct wc_counters {
	uint64_t video_frames;        /**< VideoFrame objects alive */
	uint64_t video_chunks;        /**< EncodedVideoChunk objects alive */
	uint64_t video_decoders;      /**< VideoDecoder objects alive */
	uint64_t video_encoders;      /**< VideoEncoder objects alive */
	uint64_t video_converters;    /**< VideoConverter objects alive */
	uint64_t hardware_contexts;   /**< contexts taken from devices and not yet given back */
	uint64_t buffers;             /**< buffers with memory alive, whoever holds them */
	uint64_t buffer_bytes;        /**< bytes of those buffers */
	uint64_t frames_decoded;      /**< frames handed to output callbacks, in all */
	uint64_t chunks_encoded;      /**< chunks handed to output callbacks, in all */
	uint64_t frames_converted;    /**< frames that converters handed out, in all */
	uint64_t bytes_copied;        /**< payload bytes that the CPU copied inside, in all */
	/** Frames whose last reference went while they were open, where that is a mistake: see
	 *  ::wc_census_options.warn_unclosed. */
	uint64_t dropped_unclosed;
	uint64_t finalizer_closed;    /**< frames that wc_video_frame_finalize() found open */
	uint64_t open_too_long;       /**< objects past ::wc_census_options.open_limit, in all */
	uint64_t external_bytes;      /**< what the external memory hook knows of, now */
	/** ::wc_counters.buffer_bytes by who made the memory, see ::wc_memory_kind. */
	uint64_t bytes_by_kind[WC_MEMORY_KINDS];
	uint64_t descriptors;         /**< of devices and buffers that are open */
	/** Places in libv4l2's table, which has 16 for all that the process does with libv4l2. */
	uint64_t libv4l2_devices;
	/** Times that a picture, or a buffer that came back, waited for fences of devices. */
	uint64_t fence_waits;
	uint64_t reserved[3];
};

/** Fill @p counters. Any thread; each value is exact, together they are no snapshot. */
void wc_context_get_counters(const struct wc_context *context, struct wc_counters *counters);

#ifdef __cplusplus
}
#endif

#endif
