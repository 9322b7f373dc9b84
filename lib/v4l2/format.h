/* SPDX-License-Identifier: MIT */
/* What the kernel calls formats and colours, and what we call them. Pure tables. */
#ifndef WC_V4L2_FORMAT_H
#define WC_V4L2_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

#include <webcodecs/video_frame.h>

#include "util/tiling.h"
#include "util/video_codec.h"

/* A coded format. */
struct coded_format {
	uint32_t v4l2;                 /* V4L2_PIX_FMT_* */
	enum video_codec codec;
	bool stateless;                /* needs requests with parsed headers */
	uint32_t profile_control;      /* V4L2_CID_*, 0: the codec has none */
	uint32_t level_control;
};

/* The row of the table, NULL for formats that are no codec of ours. */
const struct coded_format *coded_format_find(uint32_t v4l2);

/* The format of a codec for stateful devices, NULL when there is none. */
const struct coded_format *coded_format_stateful(enum video_codec codec);

/* DRM fourcc of a V4L2 raw format; 0 when it has none that is linear and known. */
uint32_t raw_format_to_drm(uint32_t v4l2);

/*
 * The same also for formats that do not lie in rows, with the modifier: of columns that without
 * their height, DRM_FORMAT_MOD_INVALID where the kernel has no modifier for the layout.
 */
uint32_t raw_format_to_any_drm(uint32_t v4l2, uint64_t *modifier);

/*
 * V4L2 raw format, in rows, of a DRM fourcc: the one with all planes in one memory object, or with
 * one object a plane. 0 when there is none.
 */
uint32_t raw_format_from_drm(uint32_t fourcc, bool separate);

/* Memory objects of a picture in a raw format, 0 for formats that we do not know. */
unsigned raw_format_objects(uint32_t v4l2);

/*
 * Where the planes of a raw picture lie. sizes in pixels of the whole (aligned) picture as G_FMT
 * tells, strides in bytes as G_FMT tells for each memory plane.
 *
 * Of columns G_FMT tells the rows from one to the next as bytesperline. That goes into the modifier
 * here, and stride is the bytes of all columns: so displays want it, which check a stride although
 * they have no use for it (drm_fourcc.h, SAND).
 */
struct raw_layout {
	uint32_t fourcc;               /* DRM */
	uint64_t modifier;
	enum tiling tiling;
	unsigned n_planes;
	struct {
		unsigned object;       /* memory plane */
		size_t offset, stride; /* bytes */
	} planes[WC_MAX_PLANES];
};

/*
 * Lay out a picture as the V4L2 documents define for its format: the chroma planes of a format
 * with contiguous planes follow the luma plane, its tiles filled up, their stride derived from it.
 * False for formats that we do not know.
 */
bool raw_format_layout(uint32_t v4l2, uint32_t width, uint32_t height,
		       const uint32_t *bytesperline, struct raw_layout *layout);

/* Colours as the kernel keeps them in its format structs. */
struct v4l2_colorimetry {
	uint32_t colorspace, xfer_func, ycbcr_enc, quantization;
};

/* V4L2 to ours: defaults are resolved as videodev2.h defines; what has no name becomes null. */
struct wc_video_color_space color_from_v4l2(const struct v4l2_colorimetry *v4l2, bool rgb);

/* Ours to V4L2: null members become the kernel's default. */
struct v4l2_colorimetry color_to_v4l2(const struct wc_video_color_space *color);

#endif
