/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/video_encoder.h
 * VideoEncoder (W3C WebCodecs, section 6).
 *
 * The rules that all codecs share are told in webcodecs/codec.h.
 */
#ifndef WEBCODECS_VIDEO_ENCODER_H
#define WEBCODECS_VIDEO_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/codec.h>
#include <webcodecs/encoded_video_chunk.h>
#include <webcodecs/video_decoder.h>
#include <webcodecs/video_frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_video_encoder;

/** VideoEncoderBitrateMode of the specification. */
enum wc_bitrate_mode {
	WC_BITRATE_VARIABLE = 0,
	WC_BITRATE_CONSTANT,
	WC_BITRATE_QUANTIZER,      /**< bitrate is ignored, the quantizer comes with each frame */
};

/** LatencyMode of the specification. A hint: V4L2 sessions ignore it. */
enum wc_latency_mode {
	WC_LATENCY_QUALITY = 0,    /**< no frame is dropped */
	WC_LATENCY_REALTIME,       /**< chunks come out soon, at the price of quality */
};

/** Form of H.264 and HEVC chunks (AvcBitstreamFormat, HevcBitstreamFormat). */
enum wc_bitstream_format {
	/** Length-prefixed; parameter sets are in the description of the decoder configuration. */
	WC_BITSTREAM_CANONICAL = 0,
	/** Annex B; parameter sets are in band with every key chunk. */
	WC_BITSTREAM_ANNEXB,
};

/** What comes with a chunk (EncodedVideoChunkMetadata). Valid during the callback. */
struct wc_encoded_video_chunk_metadata {
	/**
	 * The configuration for a decoder, with the first chunk, with the first one after reset(),
	 * and whenever it changes; else NULL. Owned by the library; copy what is kept.
	 */
	const struct wc_video_decoder_config *decoder_config;
	uint64_t reserved[8];
};

/** An encoded chunk. The callee owns the reference and gives it back with unref. */
typedef void (*wc_encoded_video_chunk_callback)(
	struct wc_encoded_video_chunk *chunk,
	const struct wc_encoded_video_chunk_metadata *metadata, void *user_data);

/** Callbacks of an encoder (VideoEncoderInit). */
struct wc_video_encoder_init {
	wc_encoded_video_chunk_callback output;   /**< needed */
	wc_error_callback error;                  /**< needed */
	wc_dequeue_callback dequeue;              /**< may be NULL */
	void *user_data;                          /**< given to each of them */
	/** A name for messages and listings, may be NULL; copied, at most 31 bytes. */
	const char *label;
	uint64_t reserved[6];                     /**< must be zero */
};

/**
 * VideoEncoderConfig of the specification. Its members alpha, scalabilityMode and contentHint are
 * left out.
 */
struct wc_video_encoder_config {
	const char *codec;            /**< as ::wc_video_decoder_config.codec; needed */
	uint32_t width;               /**< of the encoded picture, pixels; needed */
	uint32_t height;
	uint32_t display_width;       /**< default: width; both or none */
	uint32_t display_height;
	uint64_t bitrate;             /**< bits a second; 0: the implementation's choice */
	double framerate;             /**< frames a second; 0: unknown */
	enum wc_hardware_acceleration hardware_acceleration;
	enum wc_bitrate_mode bitrate_mode;
	enum wc_latency_mode latency_mode;
	enum wc_bitstream_format bitstream_format;
	/**
	 * Frames from one key frame to the next, 0: the implementation's choice. Not in the
	 * specification, where applications ask for each key frame.
	 */
	uint32_t key_interval;
	/**
	 * DRM fourcc of the frames that will come, 0: that of the first frame. With it
	 * wc_video_encoder_alloc_frame() works from the start. Not in the specification.
	 */
	uint32_t fourcc;
	/** Only this device node, NULL for any. Not in the specification. Copied. */
	const char *device;
	uint64_t context_wait;        /**< as ::wc_video_decoder_config.context_wait */
	/**
	 * Whether pictures may be copied. Each change between memory of the encoder's own and
	 * DMA-BUFs of others makes a key frame, so with ::WC_COPY_ALLOWED a stream changes over to
	 * copies until the next flush or reset when frames that cannot be read in place come
	 * between frames that can. Not in the specification.
	 */
	enum wc_copy_policy copy;
	uint64_t reserved[6];         /**< must be zero */
};

/** VideoEncoderEncodeOptions of the specification. */
struct wc_video_encoder_encode_options {
	bool key_frame;               /**< this frame must be a key frame */
	bool has_quantizer;
	uint16_t quantizer;           /**< for ::WC_BITRATE_QUANTIZER; the range is the codec's */
	uint64_t reserved[4];         /**< must be zero */
};

/**
 * Make an encoder, unconfigured. It takes no device before it is configured.
 *
 * @param context a reference is kept until wc_video_encoder_destroy()
 * @param init copied
 * @param[out] encoder to be given back with wc_video_encoder_destroy(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when output or error is missing or a reserved field is set;
 *         ::WC_OPERATION_ERROR without memory.
 */
int wc_video_encoder_new(struct wc_context *context, const struct wc_video_encoder_init *init,
			 struct wc_video_encoder **encoder);

/** As wc_video_decoder_destroy(). */
void wc_video_encoder_destroy(struct wc_video_encoder *encoder);

/**
 * Set up (configure()). Returns at once; the work is done in dispatch. A configured encoder may
 * be configured anew: frames queued before are encoded with the old configuration. If only
 * bitrate and framerate differ and the device can change them while it runs, the stream goes on
 * without a break; otherwise it starts anew with a key frame.
 *
 * Results as wc_video_decoder_configure().
 */
int wc_video_encoder_configure(struct wc_video_encoder *encoder,
			       const struct wc_video_encoder_config *config);

/**
 * Queue a frame (encode()).
 *
 * The frame may be closed by the caller as soon as this returns. A frame whose visible size
 * differs from the configured one is scaled, and one of a format that the device does not take is
 * converted: by a V4L2 converter where the machine has one that can (::wc_session_info.converter),
 * without a copy by the CPU when the frame is in a DMA-BUF; else on the CPU, with libyuv. Such a
 * converter holds a hardware context, which others may reclaim; the encoder then goes on with the
 * CPU.
 *
 * @param frame a reference to its buffer is taken; the caller keeps its own
 * @param options NULL for the defaults
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p frame is closed or @p options are not valid (a
 *         quantizer beyond the codec's range, in ::WC_BITRATE_QUANTIZER);
 *         ::WC_INVALID_STATE_ERROR when not configured; ::WC_DATA_ERROR when rotation or flip
 *         differ from those of the first frame since configure(); ::WC_OPERATION_ERROR without
 *         memory.
 *
 * Later, through the error callback: EncodingError; NotSupportedError with ::WC_COPY_NEVER.
 */
int wc_video_encoder_encode(struct wc_video_encoder *encoder, struct wc_video_frame *frame,
			    const struct wc_video_encoder_encode_options *options);

/**
 * Make a frame whose memory the encoder reads in place, so that the picture is never copied: an
 * input buffer of the device when one is free, else plain memory with the same layout.
 *
 * Write the picture through wc_video_frame_map(), then pass it to wc_video_encoder_encode() of
 * this encoder, and close it. An encoder has few input buffers: do not keep such frames. While it
 * reads DMA-BUFs of others in place it has none, and this gives plain memory.
 *
 * @param timestamp microseconds
 * @param[out] frame on success one reference, the caller's; NULL on failure. Its visible size is
 *        the configured one; its fourcc is ::wc_video_encoder_config.fourcc, or what the
 *        implementation likes best when that is 0.
 * @return ::WC_OK; ::WC_INVALID_STATE_ERROR when not configured, or when the configuration was
 *         not yet looked at (dispatch first); ::WC_OPERATION_ERROR without memory.
 */
int wc_video_encoder_alloc_frame(struct wc_video_encoder *encoder, int64_t timestamp,
				 struct wc_video_frame **frame);

/** As wc_video_decoder_flush(), but no key frame is forced afterwards. */
int wc_video_encoder_flush(struct wc_video_encoder *encoder, wc_flush_callback callback,
			   void *user_data);

/** As wc_video_decoder_reset(). */
int wc_video_encoder_reset(struct wc_video_encoder *encoder);

/** As wc_video_decoder_close(). */
int wc_video_encoder_close(struct wc_video_encoder *encoder);

/** unconfigured, configured or closed. */
enum wc_codec_state wc_video_encoder_get_state(const struct wc_video_encoder *encoder);

/** Frames that were not yet handed to the implementation (encodeQueueSize). */
uint32_t wc_video_encoder_get_queue_size(const struct wc_video_encoder *encoder);

/**
 * Whether the next encode() would wait in the queue: the implementation has no room (the
 * specification's [[codec saturated]]), or a configuration or a flush is under way. With
 * wc_video_encoder_alloc_frame() the way to keep a device busy without a copy: while this is false,
 * encode one more; then dispatch.
 */
bool wc_video_encoder_is_saturated(const struct wc_video_encoder *encoder);

/** What runs behind the encoder; kind ::WC_SESSION_NONE when nothing does. */
void wc_video_encoder_get_session_info(const struct wc_video_encoder *encoder,
				       struct wc_session_info *info);

/** As wc_video_decoder_is_config_supported(). */
int wc_video_encoder_is_config_supported(struct wc_context *context,
					 const struct wc_video_encoder_config *config,
					 bool *supported, struct wc_session_info *info);

#ifdef __cplusplus
}
#endif

#endif
