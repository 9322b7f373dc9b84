/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/video_decoder.h
 * VideoDecoder (W3C WebCodecs, section 4).
 *
 * The rules that all codecs share are told in webcodecs/codec.h.
 *
 * Frames come out in presentation order. A decoder never waits for frames that the application
 * holds.
 */
#ifndef WEBCODECS_VIDEO_DECODER_H
#define WEBCODECS_VIDEO_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/codec.h>
#include <webcodecs/encoded_video_chunk.h>
#include <webcodecs/video_frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_video_decoder;

/** A decoded frame. The callee owns the reference and gives it back with unref. */
typedef void (*wc_video_frame_callback)(struct wc_video_frame *frame, void *user_data);

/** Callbacks of a decoder (VideoDecoderInit). */
struct wc_video_decoder_init {
	wc_video_frame_callback output;    /**< needed */
	wc_error_callback error;           /**< needed */
	wc_dequeue_callback dequeue;       /**< may be NULL */
	void *user_data;                   /**< given to each of them */
	/** A name for messages and listings, may be NULL; copied, at most 31 bytes. */
	const char *label;
	uint64_t reserved[6];              /**< must be zero */
};

/** VideoDecoderConfig of the specification. */
struct wc_video_decoder_config {
	/**
	 * Codec string of the W3C codec registry: "avc1.640028", "hev1.1.6.L93.B0", "vp8",
	 * "vp09.00.10.08", "av01.0.04M.08"; also "mjpeg", and "fwht" for the codec of the kernel's
	 * virtual device. Needed.
	 */
	const char *codec;
	/**
	 * Decoder configuration record (avcC, hvcC). Present: chunks are length-prefixed.
	 * NULL: chunks are in Annex B form. Copied.
	 */
	const void *description;
	size_t description_size;
	uint32_t coded_width;              /**< hint, pixels; both or none */
	uint32_t coded_height;
	uint32_t display_aspect_width;     /**< both or none */
	uint32_t display_aspect_height;
	/** Members that are not null override what the stream says. */
	struct wc_video_color_space color_space;
	enum wc_hardware_acceleration hardware_acceleration;
	/** Give out frames as soon as they can be known. A hint: V4L2 sessions ignore it. */
	bool optimize_for_latency;
	bool flip;                         /**< copied to the frames */
	uint16_t rotation;                 /**< 0, 90, 180, 270; copied to the frames */
	/**
	 * DRM fourcc in which frames are wished, 0 for any; for instance what a display can show. A
	 * device that has it decodes to it; others, and software, give what they have: look at the
	 * frames. Not in the specification.
	 */
	uint32_t fourcc;
	/** Only this device node, NULL for any. Not in the specification. Copied. */
	const char *device;
	/**
	 * Microseconds to wait for a hardware context when all are taken and nobody can give one
	 * up, see webcodecs/budget.h; 0: not at all. Not in the specification.
	 */
	uint64_t context_wait;
	/**
	 * DRM modifier in which frames of @p fourcc are wished, 0 (DRM_FORMAT_MOD_LINEAR) for
	 * pictures in rows: what a display or a GPU reads best. Of columns whose height is part of
	 * the modifier, DRM_FORMAT_MOD_BROADCOM_SAND128 stands for any height. A wish as fourcc is:
	 * a device that decodes to tiles only gives frames in those, and one without the wished
	 * tiles gives rows, if it can. Look at wc_video_frame_get_layout(). Not in the
	 * specification.
	 */
	uint64_t modifier;
	uint64_t reserved[6];              /**< must be zero */
};

/**
 * Make a decoder, unconfigured. It takes no device before it is configured.
 *
 * @param context a reference is kept until wc_video_decoder_destroy()
 * @param init copied
 * @param[out] decoder to be given back with wc_video_decoder_destroy(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when output or error is missing or a reserved field is set;
 *         ::WC_OPERATION_ERROR without memory.
 */
int wc_video_decoder_new(struct wc_context *context, const struct wc_video_decoder_init *init,
			 struct wc_video_decoder **decoder);

/**
 * Close if it is open, and free. No callback runs any more, pending flushes included. Frames that
 * came out stay valid. May be called from a callback of this decoder. NULL is allowed.
 */
void wc_video_decoder_destroy(struct wc_video_decoder *decoder);

/**
 * Set up for a stream (configure()). Returns at once; the work is done in dispatch. A configured
 * decoder may be configured anew: what was queued before is decoded with the old configuration.
 *
 * @param config copied
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p config is not valid; ::WC_INVALID_STATE_ERROR when
 *         closed; ::WC_OPERATION_ERROR without memory.
 *
 * Later, through the error callback: NotSupportedError, QuotaExceededError (with holders),
 * OperationError.
 */
int wc_video_decoder_configure(struct wc_video_decoder *decoder,
			       const struct wc_video_decoder_config *config);

/**
 * Queue a chunk (decode()). One access unit for each chunk.
 *
 * @param chunk a reference is taken; the caller keeps its own
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when not configured; ::WC_DATA_ERROR when a key chunk
 *         is required (after configure and flush) and this is none, by its type or by its data;
 *         ::WC_TYPE_ERROR for NULL and for a chunk that is closed; ::WC_OPERATION_ERROR without
 *         memory.
 *
 * Later, through the error callback: EncodingError when the stream cannot be decoded.
 */
int wc_video_decoder_decode(struct wc_video_decoder *decoder,
			    struct wc_encoded_video_chunk *chunk);

/**
 * Make a chunk whose memory the decoder reads in place, so that the data are never copied: an
 * input buffer of the device when one is free, else plain memory.
 *
 * Write the data with wc_encoded_video_chunk_get_writable() and
 * wc_encoded_video_chunk_set_size(), then pass it to wc_video_decoder_decode() of this decoder.
 * A decoder has few input buffers: do not keep such chunks.
 *
 * @param capacity bytes of room that are needed
 * @param init type and time of the chunk; data are written later
 * @param[out] chunk on success one reference, the caller's; NULL on failure
 * @return as wc_encoded_video_chunk_new(); ::WC_INVALID_STATE_ERROR when closed.
 */
int wc_video_decoder_alloc_chunk(struct wc_video_decoder *decoder, size_t capacity,
				 const struct wc_encoded_video_chunk_init *init,
				 struct wc_encoded_video_chunk **chunk);

/**
 * Ask for all outputs of the chunks queued so far (flush()). The next chunk must be a key chunk.
 *
 * @param callback told when done, may be NULL
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when not configured; ::WC_OPERATION_ERROR without
 *         memory. On failure @p callback is not called.
 */
int wc_video_decoder_flush(struct wc_video_decoder *decoder, wc_flush_callback callback,
			   void *user_data);

/**
 * Drop all work and become unconfigured (reset()). Nothing of it is output afterwards.
 * The hardware context is kept for the next configure() of the same stream, so that a seek is
 * cheap; close() gives it back.
 *
 * @return ::WC_OK, also when unconfigured; ::WC_INVALID_STATE_ERROR when closed.
 */
int wc_video_decoder_reset(struct wc_video_decoder *decoder);

/**
 * Drop all work and give the hardware context back now (close()). The error callback is not
 * called; pending flushes complete with AbortError in the next dispatch.
 *
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when closed already.
 */
int wc_video_decoder_close(struct wc_video_decoder *decoder);

/** unconfigured, configured or closed. */
enum wc_codec_state wc_video_decoder_get_state(const struct wc_video_decoder *decoder);

/** Chunks that were not yet handed to the implementation (decodeQueueSize). */
uint32_t wc_video_decoder_get_queue_size(const struct wc_video_decoder *decoder);

/**
 * Whether the next decode() would wait in the queue: the implementation has no room (the
 * specification's [[codec saturated]]), or a configuration or a flush is under way. With
 * wc_video_decoder_alloc_chunk() the way to keep a device busy without a copy: while this is false,
 * decode one more; then dispatch.
 */
bool wc_video_decoder_is_saturated(const struct wc_video_decoder *decoder);

/** What runs behind the decoder; kind ::WC_SESSION_NONE when nothing does. */
void wc_video_decoder_get_session_info(const struct wc_video_decoder *decoder,
				       struct wc_session_info *info);

/**
 * Whether a configuration could be used now (isConfigSupported()).
 *
 * @param config looked at, not kept
 * @param[out] supported the answer
 * @param[out] info NULL, or receives the session that it would get (counts are 0)
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p config is not valid; ::WC_OPERATION_ERROR.
 *
 * May open device nodes to ask them about formats, and closes them again.
 */
int wc_video_decoder_is_config_supported(struct wc_context *context,
					 const struct wc_video_decoder_config *config,
					 bool *supported, struct wc_session_info *info);

#ifdef __cplusplus
}
#endif

#endif
