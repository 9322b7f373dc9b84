/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/video_converter.h
 * VideoConverter: frames in, frames out in another size, format, orientation or colour space, on a
 * V4L2 memory-to-memory scaler (the ISP of a Raspberry Pi, Rockchip's RGA) or on the CPU.
 *
 * WebCodecs has no object for this; pages draw a VideoFrame on a canvas and make a new one of it.
 * This one is a codec like the others, and the rules of webcodecs/codec.h hold. A result is always
 * a new picture in memory of its own, even if nothing is to be changed; for each source there is
 * one result, in order.
 *
 * **What is done**, in this order:
 *
 * 1. crop to the visible rectangle of the source; wc_video_frame_new_from() gives a frame another
 * one;
 * 2. turn and mirror as the source says of itself, if ::WC_ORIENTATION_UPRIGHT asks for it;
 * 3. turn, then mirror, as the configuration says;
 * 4. scale to the size of the configuration;
 * 5. convert to its format and colours.
 *
 * **What results say of themselves**: timestamp and duration of the source; the visible part is all
 * of the picture; rotation and flip of the source, or none with ::WC_ORIENTATION_UPRIGHT. The
 * display size keeps the shape in which the source is to be shown, however the picture was scaled:
 * a picture of 1280x720 that was made 640x480 is to be shown as 853x480, and of 640x360 as just
 * that. ::wc_video_converter_config.display_width says otherwise.
 *
 * **Colours.** Members of the source's colour space that the configuration leaves null stay what
 * they are while pictures stay YUV or stay RGB. From YUV to RGB the matrix becomes that of RGB
 * and the range full. From RGB to YUV they become BT.709 and limited. Primaries and transfer
 * characteristics are never computed: to ask for others than a source has is NotSupportedError; of
 * a source that has none they are a label. A YUV source with a null matrix or range is taken for
 * BT.709, limited. RGB of limited range is for devices that can: on the CPU it can only stay what
 * it is.
 *
 * **Kinds of sources.** A device, or a program for a pair of formats, is set up for one kind of
 * source: fourcc, modifier, visible size, colours and, with ::WC_ORIENTATION_UPRIGHT, orientation.
 * It is looked for when the first frame is known, and again whenever a frame of another kind comes:
 * earlier frames are finished first, then the new one waits for the new session, in order, as
 * behind a wc_video_converter_configure(). So a converter may be fed with frames of all kinds, but
 * each change costs about what opening a device does; use one converter for each stream of frames.
 * Frames of the same kind go on without a break, whatever memory they are in.
 *
 * **Sources that do not lie in rows** (video_frame.h) are converted on the CPU, in tilings that it
 * knows; results always lie in rows, with the same samples if no other format is asked for: P010 of
 * DRM_FORMAT_P030. Devices read rows only: a configuration that asks for one gets
 * NotSupportedError, as compressed pictures do everywhere, with a message that names the modifier.
 */
#ifndef WEBCODECS_VIDEO_CONVERTER_H
#define WEBCODECS_VIDEO_CONVERTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/codec.h>
#include <webcodecs/memory.h>
#include <webcodecs/video_decoder.h>
#include <webcodecs/video_frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_video_converter;

/** Callbacks of a converter. */
struct wc_video_converter_init {
	wc_video_frame_callback output;    /**< needed; as of a decoder */
	wc_error_callback error;           /**< needed */
	wc_dequeue_callback dequeue;       /**< may be NULL */
	void *user_data;                   /**< given to each of them */
	/** A name for messages and listings, may be NULL; copied, at most 31 bytes. */
	const char *label;
	uint64_t reserved[6];              /**< must be zero */
};

/** What becomes of the rotation and the flip that a frame says of itself. */
enum wc_orientation_policy {
	/** Results say the same of themselves, and who shows them has to turn them. */
	WC_ORIENTATION_CARRY = 0,
	/** It is done to the pixels: results say 0 and no flip, and are upright. */
	WC_ORIENTATION_UPRIGHT,
};

/** What to make of frames. All zero: the same again, in memory of its own. */
struct wc_video_converter_config {
	uint32_t fourcc;              /**< DRM, of results; 0: that of the source */
	/**
	 * Of the picture of results, in pixels; both or none. Default: the visible size of the
	 * source, width and height exchanged if the pixels are turned by 90 or 270 degrees.
	 */
	uint32_t width, height;
	/** Of results; default: the source's shape, see above. Both or none. */
	uint32_t display_width, display_height;
	/** Clockwise degrees to turn the pixels by, as they lie: 0, 90, 180 or 270. */
	uint16_t rotation;
	bool flip;                    /**< mirror the pixels horizontally, after that rotation */
	enum wc_orientation_policy orientation;
	/** Of results. Null members: see above. */
	struct wc_video_color_space color_space;
	enum wc_hardware_acceleration hardware_acceleration;
	const char *device;           /**< only this device node, NULL for any; copied */
	/**
	 * Set of ::wc_memory_use: who shares the results. In software they are in such memory as
	 * wc_video_frame_alloc() gives for it, 0 being plain memory. On a device they are in what
	 * wc_context_set_memory() decided on; without a decision, with ::WC_MEMORY_FOR_DISPLAY, in
	 * such memory as wc_video_frame_alloc() gives for that; if the driver takes it. Else they
	 * are in the driver's own, exported as DMA-BUF where it can; the log says why, as a
	 * warning, once for each session. While the application holds so many results that the
	 * driver has no buffers left, they are copied: for displays into memory as from
	 * wc_video_frame_alloc(), else, or if there is none (a warning), into plain memory.
	 */
	unsigned use;
	enum wc_copy_policy copy;     /**< of sources that the device cannot read in place */
	uint64_t context_wait;        /**< as ::wc_video_decoder_config.context_wait */
	uint64_t reserved[8];         /**< must be zero */
};

/**
 * Make a converter, unconfigured. It takes no device before the first frame.
 *
 * @param context a reference is kept until wc_video_converter_destroy()
 * @param init copied
 * @param[out] converter to be given back with wc_video_converter_destroy(); NULL on failure
 * @return ::WC_OK; ::WC_TYPE_ERROR when output or error is missing or a reserved field is set;
 *         ::WC_OPERATION_ERROR without memory.
 */
int wc_video_converter_new(struct wc_context *context, const struct wc_video_converter_init *init,
			   struct wc_video_converter **converter);

/** As wc_video_decoder_destroy(). */
void wc_video_converter_destroy(struct wc_video_converter *converter);

/**
 * Say what is to be made of the frames that are queued from now on. What was queued before is
 * converted with the old configuration. Nothing is opened: that is for the first frame.
 *
 * @param config copied
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p config is not valid, with the member that is not;
 *         ::WC_INVALID_STATE_ERROR when closed; ::WC_OPERATION_ERROR without memory.
 */
int wc_video_converter_configure(struct wc_video_converter *converter,
				 const struct wc_video_converter_config *config);

/**
 * Queue a frame.
 *
 * @param frame a reference to its buffer is taken; the caller keeps its own and may close it as
 *        soon as this returns
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p frame is NULL or closed; ::WC_INVALID_STATE_ERROR when
 *         not configured; ::WC_OPERATION_ERROR without memory.
 *
 * Later, through the error callback: NotSupportedError when nothing here makes such results of
 * such a frame, or, with ::WC_COPY_NEVER, when the device cannot read it in place;
 * QuotaExceededError (with holders); EncodingError when the device failed at a frame;
 * OperationError.
 */
int wc_video_converter_convert(struct wc_video_converter *converter,
			       struct wc_video_frame *frame);

/** As wc_video_decoder_flush(); any frame may follow. */
int wc_video_converter_flush(struct wc_video_converter *converter, wc_flush_callback callback,
			     void *user_data);

/** As wc_video_decoder_reset(). The hardware context is kept for frames of the same kind. */
int wc_video_converter_reset(struct wc_video_converter *converter);

/** As wc_video_decoder_close(). */
int wc_video_converter_close(struct wc_video_converter *converter);

/** unconfigured, configured or closed. */
enum wc_codec_state wc_video_converter_get_state(const struct wc_video_converter *converter);

/** Frames that were not yet handed to the implementation. */
uint32_t wc_video_converter_get_queue_size(const struct wc_video_converter *converter);

/**
 * Whether the next frame would wait in the queue: the implementation has no room, or is being set
 * up for a kind of frames, or a frame is still written by a device, or a flush is under way.
 */
bool wc_video_converter_is_saturated(const struct wc_video_converter *converter);

/**
 * What runs behind the converter: ::WC_SESSION_CONVERTER on a device, ::WC_SESSION_SOFTWARE with
 * the name "libyuv" on the CPU; ::WC_SESSION_NONE before the first frame.
 */
void wc_video_converter_get_session_info(const struct wc_video_converter *converter,
					 struct wc_session_info *info);

/** A kind of sources, as frames say it of themselves. */
struct wc_video_converter_source {
	uint32_t fourcc;              /**< DRM; needed */
	/** DRM_FORMAT_MOD_LINEAR is 0. Tilings without a modifier cannot be asked for. */
	uint64_t modifier;
	uint32_t width, height;       /**< of the visible part, pixels; needed */
	uint16_t rotation;
	bool flip;
	struct wc_video_color_space color_space;   /**< all null: the default of the format */
	uint64_t reserved[4];         /**< must be zero */
};

/**
 * Whether frames of a kind can be converted here. As elsewhere a device of which all contexts are
 * in use counts as one that can.
 *
 * @param config looked at, not kept
 * @param source what is to be converted
 * @param[out] supported the answer
 * @param[out] info NULL, or receives the session that it would get (counts are 0)
 * @return ::WC_OK; ::WC_TYPE_ERROR when @p config or @p source is not valid;
 *         ::WC_OPERATION_ERROR.
 *
 * Devices say what they can do only when they are set up for it: this may open some, set them up,
 * and close them again.
 */
int wc_video_converter_is_config_supported(struct wc_context *context,
					   const struct wc_video_converter_config *config,
					   const struct wc_video_converter_source *source,
					   bool *supported, struct wc_session_info *info);

#ifdef __cplusplus
}
#endif

#endif
