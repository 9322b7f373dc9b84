/* SPDX-License-Identifier: MIT */
/* What libavutil calls pixel formats and colours, and what we call them. */
#ifndef WC_SESSION_SOFTWARE_FORMAT_H
#define WC_SESSION_SOFTWARE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>

#include <webcodecs/video_frame.h>

#include "bitstream/codec_string.h"

struct software_format {
	enum AVPixelFormat av;
	uint32_t fourcc;               /* DRM */
	enum chroma chroma;
	uint8_t bits;
	bool full_range;               /* said by the format itself */
};

/* The row of the table, NULL for formats that have no fourcc. */
const struct software_format *software_format_find(enum AVPixelFormat av);

/* The first row of a fourcc that is in list, which ends with AV_PIX_FMT_NONE; NULL: none is. */
const struct software_format *software_format_choose(const enum AVPixelFormat *list,
						     uint32_t fourcc);

/* Colours of a decoded frame; unspecified becomes null. */
struct wc_video_color_space software_color(const AVFrame *frame);

/* Tell an encoder the colours of its pictures; null becomes unspecified. */
void software_color_apply(AVCodecContext *codec, const struct wc_video_color_space *color);

#endif
