/* SPDX-License-Identifier: MIT */
#include "v4l2/format.h"

#include <drm_fourcc.h>

#include "util/macros.h"

/* Formats that are younger than the kernel headers of the oldest distribution we build on. */
#ifndef V4L2_PIX_FMT_AV1
#define V4L2_PIX_FMT_AV1 v4l2_fourcc('A', 'V', '0', '1')
#endif
#ifndef V4L2_PIX_FMT_AV1_FRAME
#define V4L2_PIX_FMT_AV1_FRAME v4l2_fourcc('A', 'V', '1', 'F')
#endif
#ifndef V4L2_PIX_FMT_HEVC_SLICE
#define V4L2_PIX_FMT_HEVC_SLICE v4l2_fourcc('S', '2', '6', '5')
#endif
#ifndef V4L2_PIX_FMT_VP9_FRAME
#define V4L2_PIX_FMT_VP9_FRAME v4l2_fourcc('V', 'P', '9', 'F')
#endif
#ifndef V4L2_PIX_FMT_NV12_8L128
#define V4L2_PIX_FMT_NV12_8L128 v4l2_fourcc('A', 'T', '1', '2')
#endif
#ifndef V4L2_PIX_FMT_MT2110T
#define V4L2_PIX_FMT_MT2110T v4l2_fourcc('M', 'T', '2', 'T')
#define V4L2_PIX_FMT_MT2110R v4l2_fourcc('M', 'T', '2', 'R')
#endif
/* Of the Raspberry Pi's kernel: with chroma below luma in each column, and apart. */
#ifndef V4L2_PIX_FMT_NV12_COL128
#define V4L2_PIX_FMT_NV12_COL128 v4l2_fourcc('N', 'C', '1', '2')
#define V4L2_PIX_FMT_NV12_10_COL128 v4l2_fourcc('N', 'C', '3', '0')
#endif
#ifndef V4L2_PIX_FMT_NV12MT_COL128
#define V4L2_PIX_FMT_NV12MT_COL128 v4l2_fourcc('N', 'c', '1', '2')
#define V4L2_PIX_FMT_NV12MT_10_COL128 v4l2_fourcc('N', 'c', '3', '0')
#endif

/* Of MediaTek, in drm_fourcc.h of Linux 6.15. */
#ifndef DRM_FORMAT_MOD_VENDOR_MTK
#define DRM_FORMAT_MOD_VENDOR_MTK 0x0b
#endif
#ifndef DRM_FORMAT_MOD_MTK
#define DRM_FORMAT_MOD_MTK(flags) fourcc_mod_code(MTK, flags)
#define MTK_FMT_MOD_TILE_16L32S 0x1
#define MTK_FMT_MOD_COMPRESS_V1 (0x1 << 8)
#define MTK_FMT_MOD_10BIT_LAYOUT_LSBTILED (0x1 << 16)
#define MTK_FMT_MOD_10BIT_LAYOUT_LSBRASTER (0x2 << 16)
#endif

static const struct coded_format coded_formats[] = {
	{ V4L2_PIX_FMT_H264, VIDEO_CODEC_H264, false,
	  V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_CID_MPEG_VIDEO_H264_LEVEL },
	{ V4L2_PIX_FMT_HEVC, VIDEO_CODEC_HEVC, false,
	  V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL },
	{ V4L2_PIX_FMT_VP8, VIDEO_CODEC_VP8, false, V4L2_CID_MPEG_VIDEO_VP8_PROFILE, 0 },
	{ V4L2_PIX_FMT_VP9, VIDEO_CODEC_VP9, false,
	  V4L2_CID_MPEG_VIDEO_VP9_PROFILE, V4L2_CID_MPEG_VIDEO_VP9_LEVEL },
	{ V4L2_PIX_FMT_AV1, VIDEO_CODEC_AV1, false, 0, 0 },
	{ V4L2_PIX_FMT_MJPEG, VIDEO_CODEC_MJPEG, false, 0, 0 },
	{ V4L2_PIX_FMT_JPEG, VIDEO_CODEC_MJPEG, false, 0, 0 },
	{ V4L2_PIX_FMT_FWHT, VIDEO_CODEC_FWHT, false, 0, 0 },
	{ V4L2_PIX_FMT_H264_SLICE, VIDEO_CODEC_H264, true,
	  V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_CID_MPEG_VIDEO_H264_LEVEL },
	{ V4L2_PIX_FMT_HEVC_SLICE, VIDEO_CODEC_HEVC, true,
	  V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL },
	{ V4L2_PIX_FMT_VP8_FRAME, VIDEO_CODEC_VP8, true, V4L2_CID_MPEG_VIDEO_VP8_PROFILE, 0 },
	{ V4L2_PIX_FMT_VP9_FRAME, VIDEO_CODEC_VP9, true,
	  V4L2_CID_MPEG_VIDEO_VP9_PROFILE, V4L2_CID_MPEG_VIDEO_VP9_LEVEL },
	{ V4L2_PIX_FMT_AV1_FRAME, VIDEO_CODEC_AV1, true, 0, 0 },
	{ V4L2_PIX_FMT_FWHT_STATELESS, VIDEO_CODEC_FWHT, true, 0, 0 },
};

const struct coded_format *coded_format_find(uint32_t v4l2)
{
	for (size_t i = 0; i < ARRAY_SIZE(coded_formats); i++)
		if (coded_formats[i].v4l2 == v4l2)
			return &coded_formats[i];
	return NULL;
}

const struct coded_format *coded_format_stateful(enum video_codec codec)
{
	for (size_t i = 0; i < ARRAY_SIZE(coded_formats); i++)
		if (coded_formats[i].codec == codec && !coded_formats[i].stateless)
			return &coded_formats[i];
	return NULL;
}

/*
 * Raw formats. V4L2 names RGB by bytes in memory, DRM by bits of a little-endian word.
 * object: the memory plane of each picture plane. stride and rows of a chroma plane are those of
 * luma, times num, divided by den (pixfmt-yuv-planar.rst).
 */
struct raw_format {
	uint32_t v4l2, drm;
	uint8_t n_planes;
	struct {
		uint8_t object;
		uint8_t stride_num, stride_den;
		uint8_t rows_den;
	} planes[WC_MAX_PLANES];
	/* TILING_LINEAR with DRM_FORMAT_MOD_LINEAR; both are 0. */
	enum tiling tiling;
	uint64_t modifier;             /* of columns, that without their height */
};

#define PACKED .n_planes = 1, .planes = { { 0, 1, 1, 1 } }
#define PLANAR(x, y) .n_planes = 3, .planes = { { 0, 1, 1, 1 }, { 0, 1, x, y }, { 0, 1, x, y } }
#define PLANAR_M(x, y) .n_planes = 3, .planes = { { 0, 1, 1, 1 }, { 1, 1, x, y }, { 2, 1, x, y } }
#define SEMI(num, y) .n_planes = 2, .planes = { { 0, 1, 1, 1 }, { 0, num, 1, y } }
#define SEMI_M(num, y) .n_planes = 2, .planes = { { 0, 1, 1, 1 }, { 1, num, 1, y } }

static const struct raw_format raw_formats[] = {
	{ V4L2_PIX_FMT_YUV420, DRM_FORMAT_YUV420, PLANAR(2, 2) },
	{ V4L2_PIX_FMT_YVU420, DRM_FORMAT_YVU420, PLANAR(2, 2) },
	{ V4L2_PIX_FMT_YUV422P, DRM_FORMAT_YUV422, PLANAR(2, 1) },
	{ V4L2_PIX_FMT_NV12, DRM_FORMAT_NV12, SEMI(1, 2) },
	{ V4L2_PIX_FMT_NV21, DRM_FORMAT_NV21, SEMI(1, 2) },
	{ V4L2_PIX_FMT_NV16, DRM_FORMAT_NV16, SEMI(1, 1) },
	{ V4L2_PIX_FMT_NV61, DRM_FORMAT_NV61, SEMI(1, 1) },
	{ V4L2_PIX_FMT_NV24, DRM_FORMAT_NV24, SEMI(2, 1) },
	{ V4L2_PIX_FMT_NV42, DRM_FORMAT_NV42, SEMI(2, 1) },
	{ V4L2_PIX_FMT_P010, DRM_FORMAT_P010, SEMI(1, 2) },
	{ V4L2_PIX_FMT_YUYV, DRM_FORMAT_YUYV, PACKED },
	{ V4L2_PIX_FMT_YVYU, DRM_FORMAT_YVYU, PACKED },
	{ V4L2_PIX_FMT_UYVY, DRM_FORMAT_UYVY, PACKED },
	{ V4L2_PIX_FMT_VYUY, DRM_FORMAT_VYUY, PACKED },
	{ V4L2_PIX_FMT_GREY, DRM_FORMAT_R8, PACKED },
	{ V4L2_PIX_FMT_RGB565, DRM_FORMAT_RGB565, PACKED },
	{ V4L2_PIX_FMT_RGB24, DRM_FORMAT_BGR888, PACKED },
	{ V4L2_PIX_FMT_BGR24, DRM_FORMAT_RGB888, PACKED },
	{ V4L2_PIX_FMT_RGBA32, DRM_FORMAT_ABGR8888, PACKED },
	{ V4L2_PIX_FMT_RGBX32, DRM_FORMAT_XBGR8888, PACKED },
	{ V4L2_PIX_FMT_ABGR32, DRM_FORMAT_ARGB8888, PACKED },
	{ V4L2_PIX_FMT_XBGR32, DRM_FORMAT_XRGB8888, PACKED },
	{ V4L2_PIX_FMT_ARGB32, DRM_FORMAT_BGRA8888, PACKED },
	{ V4L2_PIX_FMT_XRGB32, DRM_FORMAT_BGRX8888, PACKED },
	{ V4L2_PIX_FMT_BGRA32, DRM_FORMAT_RGBA8888, PACKED },
	{ V4L2_PIX_FMT_BGRX32, DRM_FORMAT_RGBX8888, PACKED },
	/*
	 * Of before there were alpha and padding (pixfmt-rgb.rst, "Deprecated"); behind those that
	 * raw_format_from_drm() is to find.
	 */
	{ V4L2_PIX_FMT_BGR32, DRM_FORMAT_XRGB8888, PACKED },
	{ V4L2_PIX_FMT_RGB32, DRM_FORMAT_BGRX8888, PACKED },
	{ V4L2_PIX_FMT_YUV420M, DRM_FORMAT_YUV420, PLANAR_M(2, 2) },
	{ V4L2_PIX_FMT_YVU420M, DRM_FORMAT_YVU420, PLANAR_M(2, 2) },
	{ V4L2_PIX_FMT_YUV422M, DRM_FORMAT_YUV422, PLANAR_M(2, 1) },
	{ V4L2_PIX_FMT_YUV444M, DRM_FORMAT_YUV444, PLANAR_M(1, 1) },
	{ V4L2_PIX_FMT_NV12M, DRM_FORMAT_NV12, SEMI_M(1, 2) },
	{ V4L2_PIX_FMT_NV21M, DRM_FORMAT_NV21, SEMI_M(1, 2) },
	{ V4L2_PIX_FMT_NV16M, DRM_FORMAT_NV16, SEMI_M(1, 1) },
	{ V4L2_PIX_FMT_NV61M, DRM_FORMAT_NV61, SEMI_M(1, 1) },

	/*
	 * What does not lie in rows (pixfmt-yuv-planar.rst, "Tiled NV12" and on). A layout that has
	 * no DRM modifier can be read, but not be told to others: DRM_FORMAT_MOD_INVALID. What can
	 * be neither is not here: NV15_4L4, 10BE_8L128.
	 */
	{ V4L2_PIX_FMT_NV12MT, DRM_FORMAT_NV12, SEMI_M(1, 2),
	  TILING_64X32_Z, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE },
	{ V4L2_PIX_FMT_NV12MT_16X16, DRM_FORMAT_NV12, SEMI_M(1, 2),
	  TILING_16X16_BLOCKS, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE },
	{ V4L2_PIX_FMT_NV12_32L32, DRM_FORMAT_NV12, SEMI(1, 2),
	  TILING_32X32, DRM_FORMAT_MOD_ALLWINNER_TILED },
	{ V4L2_PIX_FMT_MM21, DRM_FORMAT_NV12, SEMI_M(1, 2),
	  TILING_16X32, DRM_FORMAT_MOD_MTK(MTK_FMT_MOD_TILE_16L32S) },
	{ V4L2_PIX_FMT_NV12_4L4, DRM_FORMAT_NV12, SEMI(1, 2),
	  TILING_4X4, DRM_FORMAT_MOD_INVALID },
	{ V4L2_PIX_FMT_P010_4L4, DRM_FORMAT_P010, SEMI(1, 2),
	  TILING_8X4, DRM_FORMAT_MOD_INVALID },
	{ V4L2_PIX_FMT_NV12_16L16, DRM_FORMAT_NV12, SEMI(1, 2),
	  TILING_16X16, DRM_FORMAT_MOD_INVALID },
	{ V4L2_PIX_FMT_NV12_8L128, DRM_FORMAT_NV12, SEMI(1, 2),
	  TILING_8X128, DRM_FORMAT_MOD_INVALID },
	{ V4L2_PIX_FMT_NV12M_8L128, DRM_FORMAT_NV12, SEMI_M(1, 2),
	  TILING_8X128, DRM_FORMAT_MOD_INVALID },
	{ V4L2_PIX_FMT_NV12_COL128, DRM_FORMAT_NV12, SEMI(1, 2),
	  TILING_COLUMNS, DRM_FORMAT_MOD_BROADCOM_SAND128 },
	{ V4L2_PIX_FMT_NV12_10_COL128, DRM_FORMAT_P030, SEMI(1, 2),
	  TILING_COLUMNS, DRM_FORMAT_MOD_BROADCOM_SAND128 },
	{ V4L2_PIX_FMT_NV12MT_COL128, DRM_FORMAT_NV12, SEMI_M(1, 2),
	  TILING_COLUMNS_APART, DRM_FORMAT_MOD_INVALID },
	{ V4L2_PIX_FMT_NV12MT_10_COL128, DRM_FORMAT_P030, SEMI_M(1, 2),
	  TILING_COLUMNS_APART, DRM_FORMAT_MOD_INVALID },
	/* Compressed, or with bits that lie apart: for MediaTek's own devices. */
	{ V4L2_PIX_FMT_MT21C, DRM_FORMAT_NV12, SEMI_M(1, 2), TILING_OPAQUE,
	  DRM_FORMAT_MOD_MTK(MTK_FMT_MOD_TILE_16L32S | MTK_FMT_MOD_COMPRESS_V1) },
	{ V4L2_PIX_FMT_MT2110T, DRM_FORMAT_NV15, SEMI_M(1, 2), TILING_OPAQUE,
	  DRM_FORMAT_MOD_MTK(MTK_FMT_MOD_TILE_16L32S | MTK_FMT_MOD_10BIT_LAYOUT_LSBTILED) },
	{ V4L2_PIX_FMT_MT2110R, DRM_FORMAT_NV15, SEMI_M(1, 2), TILING_OPAQUE,
	  DRM_FORMAT_MOD_MTK(MTK_FMT_MOD_TILE_16L32S | MTK_FMT_MOD_10BIT_LAYOUT_LSBRASTER) },
};

static const struct raw_format *raw_format_find(uint32_t v4l2)
{
	for (size_t i = 0; i < ARRAY_SIZE(raw_formats); i++)
		if (raw_formats[i].v4l2 == v4l2)
			return &raw_formats[i];
	return NULL;
}

static bool is_separate(const struct raw_format *format)
{
	return format->n_planes > 1 && format->planes[1].object != 0;
}

uint32_t raw_format_to_drm(uint32_t v4l2)
{
	const struct raw_format *format = raw_format_find(v4l2);

	return format && format->tiling == TILING_LINEAR ? format->drm : 0;
}

uint32_t raw_format_to_any_drm(uint32_t v4l2, uint64_t *modifier)
{
	const struct raw_format *format = raw_format_find(v4l2);

	*modifier = format ? format->modifier : DRM_FORMAT_MOD_INVALID;
	return format ? format->drm : 0;
}

unsigned raw_format_objects(uint32_t v4l2)
{
	const struct raw_format *format = raw_format_find(v4l2);

	if (!format)
		return 0;
	return is_separate(format) ? format->n_planes : 1;
}

uint32_t raw_format_from_drm(uint32_t fourcc, bool separate)
{
	for (size_t i = 0; i < ARRAY_SIZE(raw_formats); i++)
		if (raw_formats[i].drm == fourcc && raw_formats[i].tiling == TILING_LINEAR &&
		    is_separate(&raw_formats[i]) == separate)
			return raw_formats[i].v4l2;
	return 0;
}

/* Of columns bytesperline is the number of rows from one to the next; where they are apart, 0. */
#define COLUMN_WIDTH 128

static bool is_columns(enum tiling tiling)
{
	return tiling == TILING_COLUMNS || tiling == TILING_COLUMNS_APART;
}

/* A row of a column has 128 samples of 8 bits, or 96 of 10 bits (drm_fourcc.h, P030). */
static void lay_out_columns(const struct raw_format *format, uint32_t width, uint32_t height,
			    uint32_t column, struct raw_layout *layout)
{
	uint32_t pixels = format->drm == DRM_FORMAT_P030 ? 96 : COLUMN_WIDTH;
	size_t stride = ((size_t)width + pixels - 1) / pixels * COLUMN_WIDTH;

	for (unsigned i = 0; i < format->n_planes; i++) {
		layout->planes[i].object = format->planes[i].object;
		layout->planes[i].stride = stride;
		layout->planes[i].offset = i && format->tiling == TILING_COLUMNS
						   ? (size_t)height * COLUMN_WIDTH : 0;
	}
	if (format->tiling == TILING_COLUMNS)
		layout->modifier = DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT((uint64_t)column);
}

static void lay_out_rows(const struct raw_format *format, uint32_t height,
			 const uint32_t *bytesperline, struct raw_layout *layout)
{
	size_t ends[WC_MAX_PLANES] = { 0 };

	for (unsigned i = 0; i < format->n_planes; i++) {
		unsigned object = format->planes[i].object;
		size_t stride = bytesperline[object];
		uint32_t rows = (height + format->planes[i].rows_den - 1u) /
				format->planes[i].rows_den;

		/* With memory planes of their own, chroma planes have their own stride. */
		if (object == 0)
			stride = stride * format->planes[i].stride_num /
				 format->planes[i].stride_den;
		layout->planes[i].object = object;
		layout->planes[i].stride = stride;
		layout->planes[i].offset = ends[object];
		ends[object] += stride * tiling_rows(format->tiling, i, rows);
	}
}

bool raw_format_layout(uint32_t v4l2, uint32_t width, uint32_t height,
		       const uint32_t *bytesperline, struct raw_layout *layout)
{
	const struct raw_format *format = raw_format_find(v4l2);

	if (!format)
		return false;
	layout->fourcc = format->drm;
	layout->modifier = format->modifier;
	layout->tiling = format->tiling;
	layout->n_planes = format->n_planes;
	if (is_columns(format->tiling))
		lay_out_columns(format, width, height, bytesperline[0], layout);
	else
		lay_out_rows(format, height, bytesperline, layout);
	return true;
}

/* V4L2_MAP_XFER_FUNC_DEFAULT and its like in videodev2.h resolve the kernel's defaults. */
static const struct {
	uint32_t v4l2;
	enum wc_color_primaries primaries;
} primaries_map[] = {
	{ V4L2_COLORSPACE_REC709, WC_PRIMARIES_BT709 },
	{ V4L2_COLORSPACE_SRGB, WC_PRIMARIES_BT709 },
	{ V4L2_COLORSPACE_JPEG, WC_PRIMARIES_BT709 },
	{ V4L2_COLORSPACE_SMPTE170M, WC_PRIMARIES_SMPTE170M },
	{ V4L2_COLORSPACE_470_SYSTEM_BG, WC_PRIMARIES_BT470BG },
	{ V4L2_COLORSPACE_BT2020, WC_PRIMARIES_BT2020 },
	{ V4L2_COLORSPACE_DCI_P3, WC_PRIMARIES_SMPTE432 },
};

static const struct {
	uint32_t v4l2;
	enum wc_color_transfer transfer;
} transfer_map[] = {
	{ V4L2_XFER_FUNC_709, WC_TRANSFER_BT709 },
	{ V4L2_XFER_FUNC_SRGB, WC_TRANSFER_IEC61966_2_1 },
	{ V4L2_XFER_FUNC_NONE, WC_TRANSFER_LINEAR },
	{ V4L2_XFER_FUNC_SMPTE2084, WC_TRANSFER_PQ },
	/* Linux has one name for the equal curves of BT.709 and SMPTE 170M, and none for HLG. */
	{ V4L2_XFER_FUNC_709, WC_TRANSFER_SMPTE170M },
};

static const struct {
	uint32_t v4l2;
	enum wc_color_matrix matrix;
} matrix_map[] = {
	{ V4L2_YCBCR_ENC_709, WC_MATRIX_BT709 },
	{ V4L2_YCBCR_ENC_601, WC_MATRIX_SMPTE170M },
	{ V4L2_YCBCR_ENC_BT2020, WC_MATRIX_BT2020_NCL },
	/* Linux has one name for the two equal matrices of BT.470 BG and SMPTE 170M. */
	{ V4L2_YCBCR_ENC_601, WC_MATRIX_BT470BG },
};

static struct v4l2_colorimetry resolve_defaults(const struct v4l2_colorimetry *in, bool rgb)
{
	struct v4l2_colorimetry out = *in;

	if (out.xfer_func == V4L2_XFER_FUNC_DEFAULT)
		out.xfer_func = V4L2_MAP_XFER_FUNC_DEFAULT(out.colorspace);
	if (out.ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT)
		out.ycbcr_enc = V4L2_MAP_YCBCR_ENC_DEFAULT(out.colorspace);
	if (out.quantization == V4L2_QUANTIZATION_DEFAULT)
		out.quantization = V4L2_MAP_QUANTIZATION_DEFAULT(rgb, out.colorspace,
								 out.ycbcr_enc);
	return out;
}

struct wc_video_color_space color_from_v4l2(const struct v4l2_colorimetry *v4l2, bool rgb)
{
	struct wc_video_color_space color = { 0 };
	struct v4l2_colorimetry known;

	if (v4l2->colorspace == V4L2_COLORSPACE_DEFAULT)
		return color;
	known = resolve_defaults(v4l2, rgb);
	for (size_t i = 0; i < ARRAY_SIZE(primaries_map) && !color.primaries; i++)
		if (primaries_map[i].v4l2 == known.colorspace)
			color.primaries = primaries_map[i].primaries;
	for (size_t i = 0; i < ARRAY_SIZE(transfer_map) && !color.transfer; i++)
		if (transfer_map[i].v4l2 == known.xfer_func)
			color.transfer = transfer_map[i].transfer;
	for (size_t i = 0; i < ARRAY_SIZE(matrix_map) && !color.matrix && !rgb; i++)
		if (matrix_map[i].v4l2 == known.ycbcr_enc)
			color.matrix = matrix_map[i].matrix;
	if (rgb)
		color.matrix = WC_MATRIX_RGB;
	color.range = known.quantization == V4L2_QUANTIZATION_FULL_RANGE
			      ? WC_COLOR_RANGE_FULL : WC_COLOR_RANGE_LIMITED;
	return color;
}

struct v4l2_colorimetry color_to_v4l2(const struct wc_video_color_space *color)
{
	struct v4l2_colorimetry v4l2 = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(primaries_map); i++)
		if (!v4l2.colorspace && primaries_map[i].primaries == color->primaries)
			v4l2.colorspace = primaries_map[i].v4l2;
	for (size_t i = 0; i < ARRAY_SIZE(transfer_map); i++)
		if (!v4l2.xfer_func && transfer_map[i].transfer == color->transfer)
			v4l2.xfer_func = transfer_map[i].v4l2;
	for (size_t i = 0; i < ARRAY_SIZE(matrix_map); i++)
		if (!v4l2.ycbcr_enc && matrix_map[i].matrix == color->matrix)
			v4l2.ycbcr_enc = matrix_map[i].v4l2;
	if (color->primaries == WC_PRIMARIES_BT709 &&
	    color->transfer == WC_TRANSFER_IEC61966_2_1)
		v4l2.colorspace = V4L2_COLORSPACE_SRGB;
	if (color->range)
		v4l2.quantization = color->range == WC_COLOR_RANGE_FULL
					    ? V4L2_QUANTIZATION_FULL_RANGE
					    : V4L2_QUANTIZATION_LIM_RANGE;
	return v4l2;
}
