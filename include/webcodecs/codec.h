/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/codec.h
 * What all codecs share: states, preferences, and which session runs.
 *
 * Every codec is a small machine with a queue of *control messages* (W3C WebCodecs, section 2.2).
 * Calls put messages into it and return at once; messages are processed in order; results come
 * back through callbacks inside wc_context_dispatch().
 *
 *      configure()            reset()
 *    unconfigured ---> configured ---> unconfigured
 *                close() or an error, from anywhere ---> closed
 *
 * - configure() looks at the shape of the configuration only. Whether it is supported is found
 *   out later; if not, the error callback gets NotSupportedError and the codec is closed.
 * - flush() asks for all outputs of what was queued before it. Several may be pending; each
 *   completes, in order, after the last of its outputs was delivered.
 * - reset() drops everything at once: pending flushes complete with AbortError (in the next
 *   dispatch), and no output of anything queued before is delivered afterwards.
 * - close() is a reset for good and gives the hardware context back before it returns.
 * - An error that arises while working closes the codec: first the error callback runs, once,
 *   then the pending flushes complete with the same error. A closed codec stays closed; make a
 *   new one.
 *
 * The *queue size* counts requests that were not yet handed to the implementation. It is how an
 * application paces itself: the implementation takes as much as the hardware has room for, the
 * rest waits in the queue.
 */
#ifndef WEBCODECS_CODEC_H
#define WEBCODECS_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** CodecState of the specification. */
enum wc_codec_state {
	WC_CODEC_UNCONFIGURED = 0,
	WC_CODEC_CONFIGURED,
	WC_CODEC_CLOSED,
};

/**
 * HardwareAcceleration of the specification. The library keeps to it strictly:
 * a fallback is never silent, wc_video_decoder_get_session_info() tells which session runs.
 */
enum wc_hardware_acceleration {
	/** Try devices first, then software. */
	WC_HARDWARE_NO_PREFERENCE = 0,
	/** A device or NotSupportedError / QuotaExceededError; never software. */
	WC_HARDWARE_PREFER_HARDWARE,
	/** Software if this build has it, then devices. */
	WC_HARDWARE_PREFER_SOFTWARE,
};

/**
 * Whether an encoder or a converter may copy pictures to where its device can read them. What was
 * copied is counted in ::wc_counters.bytes_copied and ::wc_session_info.bytes_copied.
 *
 * A device reads in place: frames of wc_video_encoder_alloc_frame(), and frames in DMA-BUFs
 * (imported ones, those of wc_video_frame_alloc(), of decoders and of cameras) when its driver
 * takes DMA-BUFs and the picture lies as the device wants it: format, bytes of a row, where planes
 * begin, one DMA-BUF or one for each plane, size, and linear; for encoders also the visible part at
 * 0,0 with the size that is encoded. The device is asked for the layout of the first frame.
 */
enum wc_copy_policy {
	WC_COPY_ALLOWED = 0,    /**< frames that cannot be read in place are copied and converted */
	/**
	 * Never: a frame that cannot be read in place is NotSupportedError, with the reason in its
	 * message. Software does not heed it.
	 */
	WC_COPY_NEVER,
};

/** What kind of implementation runs behind a codec. */
enum wc_session_kind {
	WC_SESSION_NONE = 0,    /**< not configured, or the configuration was not yet looked at */
	WC_SESSION_STATEFUL,    /**< a V4L2 stateful memory-to-memory device */
	WC_SESSION_STATELESS,   /**< a V4L2 stateless device, driven with requests */
	WC_SESSION_SOFTWARE,    /**< libavcodec; of converters libyuv */
	WC_SESSION_CONVERTER,   /**< a V4L2 memory-to-memory scaler or converter */
};

/** Name of a session kind: "none", "stateful", "stateless", "software", "converter". Any thread. */
const char *wc_session_kind_name(enum wc_session_kind kind);

/** What runs behind a configured codec. Strings are NUL-terminated copies. */
struct wc_session_info {
	enum wc_session_kind kind;
	char device[64];          /**< device node, empty for software */
	char name[64];            /**< card name of the device, or name of the software codec */
	/**
	 * Node of the V4L2 converter that an encoder's frames go through before they reach its
	 * device; empty when they need none, or are converted on the CPU.
	 */
	char converter[64];
	uint64_t bytes_copied;    /**< payload bytes copied by the CPU in this session */
	uint64_t units_in;        /**< chunks or frames handed to the implementation */
	uint64_t units_out;       /**< frames or chunks that came out */
	/**
	 * The device is used without the plugins of libv4l2, whose table of 16 devices in a process
	 * had no place left, or that did not want it. Where a vendor's codec is a plugin it then
	 * fails as a device that cannot do it; others do not need them.
	 */
	bool bypasses_plugins;
	uint64_t reserved[3];
};

/**
 * Completion of a flush.
 *
 * @param status ::WC_OK when all outputs were delivered; ::WC_ABORT_ERROR after reset or close;
 *        otherwise the name of the error that closed the codec, whose details the error callback
 *        has had just before
 * @param user_data as given to the flush call
 *
 * Runs inside wc_context_dispatch().
 */
typedef void (*wc_flush_callback)(enum wc_status status, void *user_data);

/** An error closed the codec. @p error is valid during the call. */
typedef void (*wc_error_callback)(const struct wc_error *error, void *user_data);

/**
 * The queue size has decreased (the specification's `dequeue` event). Several decreases between
 * two dispatches are told once.
 */
typedef void (*wc_dequeue_callback)(void *user_data);

#ifdef __cplusplus
}
#endif

#endif
