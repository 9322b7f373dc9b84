/* SPDX-License-Identifier: MIT */
#include "session/software_format.h"

#include "frame/pixel_format.h"

#include "util/macros.h"

/* The "J" formats are the old way to say full range. */
static const struct software_format formats[] = {
	{ AV_PIX_FMT_YUV420P, DRM_FORMAT_YUV420, CHROMA_420, 8, false },
	{ AV_PIX_FMT_YUVJ420P, DRM_FORMAT_YUV420, CHROMA_420, 8, true },
	{ AV_PIX_FMT_YUV422P, DRM_FORMAT_YUV422, CHROMA_422, 8, false },
	{ AV_PIX_FMT_YUVJ422P, DRM_FORMAT_YUV422, CHROMA_422, 8, true },
	{ AV_PIX_FMT_YUV444P, DRM_FORMAT_YUV444, CHROMA_444, 8, false },
	{ AV_PIX_FMT_YUVJ444P, DRM_FORMAT_YUV444, CHROMA_444, 8, true },
	{ AV_PIX_FMT_YUV420P10LE, DRM_FORMAT_S010, CHROMA_420, 10, false },
	{ AV_PIX_FMT_YUV422P10LE, DRM_FORMAT_S210, CHROMA_422, 10, false },
	{ AV_PIX_FMT_YUV444P10LE, DRM_FORMAT_S410, CHROMA_444, 10, false },
	{ AV_PIX_FMT_YUV420P12LE, DRM_FORMAT_S012, CHROMA_420, 12, false },
	{ AV_PIX_FMT_YUV422P12LE, DRM_FORMAT_S212, CHROMA_422, 12, false },
	{ AV_PIX_FMT_YUV444P12LE, DRM_FORMAT_S412, CHROMA_444, 12, false },
	{ AV_PIX_FMT_NV12, DRM_FORMAT_NV12, CHROMA_420, 8, false },
	{ AV_PIX_FMT_NV21, DRM_FORMAT_NV21, CHROMA_420, 8, false },
	{ AV_PIX_FMT_NV16, DRM_FORMAT_NV16, CHROMA_422, 8, false },
	{ AV_PIX_FMT_P010LE, DRM_FORMAT_P010, CHROMA_420, 10, false },
	{ AV_PIX_FMT_GRAY8, DRM_FORMAT_R8, CHROMA_400, 8, false },
};

const struct software_format *software_format_find(enum AVPixelFormat av)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].av == av)
			return &formats[i];
	return NULL;
}

static bool is_in(const enum AVPixelFormat *list, enum AVPixelFormat av)
{
	while (*list != AV_PIX_FMT_NONE && *list != av)
		list++;
	return *list == av;
}

const struct software_format *software_format_choose(const enum AVPixelFormat *list,
						     uint32_t fourcc)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].fourcc == fourcc && is_in(list, formats[i].av))
			return &formats[i];
	return NULL;
}

/* Both sides have the numbers of H.273; those that the W3C does not name become null. */
static enum wc_color_primaries primaries_of(enum AVColorPrimaries value)
{
	switch (value) {
	case AVCOL_PRI_BT709:
	case AVCOL_PRI_BT470BG:
	case AVCOL_PRI_SMPTE170M:
	case AVCOL_PRI_BT2020:
	case AVCOL_PRI_SMPTE432:
		return (enum wc_color_primaries)value;
	default:
		return WC_PRIMARIES_UNSPECIFIED;
	}
}

static enum wc_color_transfer transfer_of(enum AVColorTransferCharacteristic value)
{
	switch (value) {
	case AVCOL_TRC_BT709:
	case AVCOL_TRC_SMPTE170M:
	case AVCOL_TRC_LINEAR:
	case AVCOL_TRC_IEC61966_2_1:
	case AVCOL_TRC_SMPTE2084:
	case AVCOL_TRC_ARIB_STD_B67:
		return (enum wc_color_transfer)value;
	default:
		return WC_TRANSFER_UNSPECIFIED;
	}
}

static enum wc_color_matrix matrix_of(enum AVColorSpace value)
{
	switch (value) {
	case AVCOL_SPC_RGB:
		return WC_MATRIX_RGB;
	case AVCOL_SPC_BT709:
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M:
	case AVCOL_SPC_BT2020_NCL:
		return (enum wc_color_matrix)value;
	default:
		return WC_MATRIX_UNSPECIFIED;
	}
}

static enum wc_color_range range_of(const AVFrame *frame)
{
	const struct software_format *format =
		software_format_find((enum AVPixelFormat)frame->format);

	if (frame->color_range == AVCOL_RANGE_JPEG || (format && format->full_range))
		return WC_COLOR_RANGE_FULL;
	return frame->color_range == AVCOL_RANGE_MPEG ? WC_COLOR_RANGE_LIMITED
						      : WC_COLOR_RANGE_UNSPECIFIED;
}

struct wc_video_color_space software_color(const AVFrame *frame)
{
	return (struct wc_video_color_space) {
		.primaries = primaries_of(frame->color_primaries),
		.transfer = transfer_of(frame->color_trc),
		.matrix = matrix_of(frame->colorspace),
		.range = range_of(frame),
	};
}

void software_color_apply(AVCodecContext *codec, const struct wc_video_color_space *color)
{
	codec->color_primaries = color->primaries ? (enum AVColorPrimaries)color->primaries
						  : AVCOL_PRI_UNSPECIFIED;
	codec->color_trc = color->transfer ? (enum AVColorTransferCharacteristic)color->transfer
					   : AVCOL_TRC_UNSPECIFIED;
	codec->colorspace = AVCOL_SPC_UNSPECIFIED;
	if (color->matrix == WC_MATRIX_RGB)
		codec->colorspace = AVCOL_SPC_RGB;
	else if (color->matrix)
		codec->colorspace = (enum AVColorSpace)color->matrix;
	codec->color_range = AVCOL_RANGE_UNSPECIFIED;
	if (color->range)
		codec->color_range = color->range == WC_COLOR_RANGE_FULL ? AVCOL_RANGE_JPEG
									 : AVCOL_RANGE_MPEG;
}
