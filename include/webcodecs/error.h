/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/error.h
 * Errors: one value type for every failure of the library.
 *
 * WebCodecs reports errors in two ways and this library keeps both:
 *
 * - What the specification *throws* is the negative return value of the call, one of
 *   ::wc_status. The call had no effect. Calls that have a context leave the details in
 *   wc_context_get_error().
 * - What the specification reports *later* reaches the error callback of the codec as a
 *   ::wc_error, inside wc_context_dispatch().
 *
 * The names are those of WebIDL and of the W3C WebCodecs specification. One name is not in
 * WebCodecs' own tables: OperationError stands for failures of the machine that are neither the
 * stream's fault nor a matter of quota (out of memory, a device that vanished).
 */
#ifndef WEBCODECS_ERROR_H
#define WEBCODECS_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of a call: zero, or one of these negative values. */
enum wc_status {
	/** Success. */
	WC_OK = 0,
	/** An argument or a configuration is not valid (WebIDL TypeError). */
	WC_TYPE_ERROR = -1,
	/* -2 is left for RangeError, which only audio and images need. */
	/** The object is closed, or not configured. */
	WC_INVALID_STATE_ERROR = -3,
	/** Valid, but no session on this machine can do it. */
	WC_NOT_SUPPORTED_ERROR = -4,
	/** A key chunk was required, or the data contradict the call. Not fatal to the codec. */
	WC_DATA_ERROR = -5,
	/** The codec failed on this stream. The codec is closed. */
	WC_ENCODING_ERROR = -6,
	/** The operation was cut short by reset or close. */
	WC_ABORT_ERROR = -7,
	/** No hardware context, or another budget, is left: see ::wc_error.quota and holders. */
	WC_QUOTA_EXCEEDED_ERROR = -8,
	/** The machine failed: memory, file descriptors, a device that vanished. */
	WC_OPERATION_ERROR = -9,
};

/** Where in the life of a session an error arose. */
enum wc_stage {
	WC_STAGE_NONE = 0,  /**< no session is to blame */
	WC_STAGE_OPEN,      /**< opening the device node or the software codec */
	WC_STAGE_FORMAT,    /**< negotiating formats, rectangles and controls */
	WC_STAGE_BUFFERS,   /**< requesting, mapping or exporting buffers */
	WC_STAGE_STREAM_ON, /**< starting a queue */
	WC_STAGE_JOB,       /**< decoding or encoding */
};

/** What a ::WC_QUOTA_EXCEEDED_ERROR is about, and what its quota and requested are numbers of. */
enum wc_resource {
	WC_RESOURCE_CONTEXTS = 0,   /**< hardware contexts of a device */
	WC_RESOURCE_PIXEL_RATE,     /**< macroblocks (16x16 pixels) a second of a device */
	WC_RESOURCE_MEMORY,         /**< bytes of a context: wc_context_set_memory_budget() */
	WC_RESOURCE_DESCRIPTORS,    /**< file descriptors, of a context or of the process */
};

/** Number of holders that a ::wc_error can list; ::wc_error.holder_count may be larger. */
#define WC_ERROR_MAX_HOLDERS 8

/** What is known of a holder. */
enum wc_holder_state {
	WC_HOLDER_RUNNING = 0, /**< a process that runs */
	WC_HOLDER_STOPPED,     /**< stopped by a signal or a debugger: it cannot give anything up */
	WC_HOLDER_SILENT,      /**< was asked to give its context up and did not answer in time */
	WC_HOLDER_ORPHANED,    /**< its process is dead, a child of it keeps the context counted */
	WC_HOLDER_BLOCKED,     /**< nobody; the lock of a reader keeps the context from being had */
	WC_HOLDER_UNKNOWN,     /**< somebody of whom nothing can be read */
};

/** Somebody who holds a hardware context. */
struct wc_holder {
	int32_t pid;           /**< process, 0 if unknown */
	enum wc_holder_state state;
	uint32_t width;        /**< coded width in pixels, 0 while unknown */
	uint32_t height;       /**< coded height in pixels, 0 while unknown */
	int64_t idle;          /**< microseconds since the last progress */
	char codec[16];        /**< for instance "h264", NUL-terminated */
	char role[16];         /**< "decoder" or "encoder", NUL-terminated */
	char label[32];        /**< what the application called it, NUL-terminated, may be empty */
	/** Macroblocks a second, with what is not known of it filled in; see webcodecs/budget.h. */
	uint32_t rate;
	uint32_t reserved[3];
};

/**
 * All that is known of one failure. A plain value: it may be copied and kept, and owns nothing.
 */
struct wc_error {
	enum wc_status name;   /**< the WebCodecs name */
	enum wc_stage stage;   /**< where it arose */
	int sys_errno;         /**< positive errno of the call that failed, or 0 */
	char message[240];     /**< one English sentence, NUL-terminated */
	char device[64];       /**< device node or name of the software codec, may be empty */
	/** For ::WC_QUOTA_EXCEEDED_ERROR: how many there are, 0 if unknown. */
	uint64_t quota;
	/** For ::WC_QUOTA_EXCEEDED_ERROR: how many would have been in use. */
	uint64_t requested;
	/** Number of holders known; the first ::WC_ERROR_MAX_HOLDERS of them are listed. */
	uint32_t holder_count;
	/** For ::WC_QUOTA_EXCEEDED_ERROR: of what there is too little. */
	enum wc_resource resource;
	struct wc_holder holders[WC_ERROR_MAX_HOLDERS];
	uint64_t reserved[4];
};

/**
 * The WebCodecs name of a status, for instance "NotSupportedError"; "OK" for ::WC_OK.
 *
 * @return a constant string, never NULL ("UnknownError" for a value that is none of ours).
 * Any thread.
 */
const char *wc_status_name(enum wc_status status);

/** The name of a resource, for instance "pixel rate"; a constant string, never NULL. Any thread. */
const char *wc_resource_name(enum wc_resource resource);

/** The name of a stage, for instance "stream on"; a constant string. Any thread. */
const char *wc_stage_name(enum wc_stage stage);

/**
 * Write an error as one line without line break:
 * `NAME: message (device DEVICE, stage STAGE, ERRNO TEXT; 2 of 2 in use: pid 12 decoder h264 ...)`.
 *
 * @param error what to write
 * @param buffer where to; always NUL-terminated when @p size is not 0
 * @param size bytes of @p buffer
 * @return the number of bytes the whole line needs, without the NUL, as snprintf() does.
 * Any thread.
 */
size_t wc_error_format(const struct wc_error *error, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
