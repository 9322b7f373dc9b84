/* SPDX-License-Identifier: MIT */
/**
 * @file webcodecs/device.h
 * The codec devices of the machine, and news of them.
 *
 * Devices are found with udev, or taken from ::wc_context_options.device_paths. Where the udev
 * rules that come with the library have marked a node, the marks are believed when a codec looks
 * for a device; a list opens each node once more, to tell its sizes and formats.
 */
#ifndef WEBCODECS_DEVICE_H
#define WEBCODECS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wc_context;
struct wc_device_list;

/** What a device does. */
enum wc_device_role {
	WC_DEVICE_ROLE_DECODER = 1,         /**< stateful decoder */
	WC_DEVICE_ROLE_ENCODER,             /**< stateful encoder */
	WC_DEVICE_ROLE_STATELESS_DECODER,   /**< stateless decoder, driven with requests */
	WC_DEVICE_ROLE_STATELESS_ENCODER,   /**< stateless encoder */
	WC_DEVICE_ROLE_CONVERTER,           /**< scaler, format converter, deinterlacer */
};

/** Name of a role: "decoder", "encoder", "stateless-decoder", ... Any thread. */
const char *wc_device_role_name(enum wc_device_role role);

/** Range of picture sizes in pixels. */
struct wc_size_range {
	uint32_t min_width, min_height;
	uint32_t max_width, max_height;
	uint32_t step_width, step_height;
};

/** Most raw formats of one ::wc_device_codec; what is beyond is not listed. */
#define WC_DEVICE_MAX_RAW_FORMATS 32

/** One coded format of a device. All zero masks mean that the driver does not tell. */
struct wc_device_codec {
	char codec[16];              /**< "h264", "hevc", "vp8", "vp9", "av1", "mjpeg", "fwht" */
	uint32_t v4l2_fourcc;        /**< the kernel's name of the coded format */
	bool dynamic_resolution;     /**< the size may change in mid-stream */
	struct wc_size_range size;
	/** Profiles and levels: bit n stands for entry n of the V4L2 menu of that codec. */
	uint64_t profiles;
	uint64_t levels;
	uint32_t raw_format_count;
	uint32_t raw_formats[WC_DEVICE_MAX_RAW_FORMATS];   /**< DRM fourccs, the driver's order */
	/**
	 * DRM modifier of each of them: 0 (DRM_FORMAT_MOD_LINEAR) for pictures in rows. Decoders
	 * may have others: see ::wc_video_decoder_config.modifier. Of columns whose height is part
	 * of the modifier, that without the height. DRM_FORMAT_MOD_INVALID for layouts that have
	 * no modifier; their frames can be copied, not exported.
	 */
	uint64_t raw_modifiers[WC_DEVICE_MAX_RAW_FORMATS];
	uint64_t reserved[4];
};

/**
 * What a converter reads and makes. Which pairs of formats and sizes go together only the device
 * knows.
 */
struct wc_device_converter {
	struct wc_size_range source_size;   /**< all zero: the driver does not tell */
	struct wc_size_range result_size;   /**< likewise */
	uint32_t source_count;
	uint32_t sources[WC_DEVICE_MAX_RAW_FORMATS];   /**< DRM fourccs, the driver's order */
	uint32_t result_count;
	uint32_t results[WC_DEVICE_MAX_RAW_FORMATS];
	bool crops;                  /**< reads a part of the source */
	bool rotates;                /**< by quarter turns */
	bool mirrors;                /**< horizontally */
	bool mirrors_vertically;
	uint64_t reserved[4];
};

/** Most codecs of one ::wc_device; what is beyond is not listed. */
#define WC_DEVICE_MAX_CODECS 16

/** One device node. A plain value. */
struct wc_device {
	enum wc_device_role role;
	bool multiplanar;            /**< uses the multi-planar API */
	char path[64];               /**< device node */
	char driver[16];             /**< name of the driver */
	char card[32];               /**< name of the device */
	char bus[32];                /**< where it is */
	uint32_t codec_count;
	struct wc_device_codec codecs[WC_DEVICE_MAX_CODECS];
	struct wc_device_converter converter;   /**< all zero in other roles */
	uint64_t reserved[4];
};

/**
 * Take a snapshot of the devices as they are now. Opens and closes nodes; takes no context.
 *
 * @param[out] list to be given back with wc_device_list_destroy(); NULL on failure
 * @return ::WC_OK, also when there is no device; ::WC_OPERATION_ERROR.
 */
int wc_device_list_new(struct wc_context *context, struct wc_device_list **list);

/** Free a list and the devices in it. NULL is allowed. */
void wc_device_list_destroy(struct wc_device_list *list);

/** Number of devices in the list. */
size_t wc_device_list_get_count(const struct wc_device_list *list);

/** @return the device, which lives as long as the list; NULL when @p index is too large. */
const struct wc_device *wc_device_list_get(const struct wc_device_list *list, size_t index);

/** What happened to a device. */
enum wc_device_event {
	WC_DEVICE_EVENT_ADDED = 1,
	WC_DEVICE_EVENT_REMOVED,
};

/**
 * A device came or went. Runs inside wc_context_dispatch().
 *
 * @param path device node, valid during the call
 */
typedef void (*wc_device_callback)(enum wc_device_event event, const char *path,
				   void *user_data);

/**
 * Watch devices with udev. One watch for each context; NULL ends it.
 *
 * @return ::WC_OK; ::WC_NOT_SUPPORTED_ERROR when the context has fixed device paths;
 *         ::WC_OPERATION_ERROR when udev cannot be watched.
 */
int wc_context_watch_devices(struct wc_context *context, wc_device_callback callback,
			     void *user_data);

#ifdef __cplusplus
}
#endif

#endif
