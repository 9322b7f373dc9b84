/* SPDX-License-Identifier: MIT */
#include "frame/pixel_format.h"

#include "util/macros.h"

#define ONE(b) .n_planes = 1, .planes = { { b, 1, 1 } }
#define YUV(b, x, y) .n_planes = 3, .planes = { { b, 1, 1 }, { b, x, y }, { b, x, y } }
#define SEMI(b, x, y) .n_planes = 2, .planes = { { b, 1, 1 }, { 2 * b, x, y } }

/*
 * The names of the W3C order bytes in memory; DRM's order bits of a little-endian word. So W3C
 * RGBA is DRM ABGR8888. High bit depths: the W3C puts samples in the low bits, as DRM's S010 and
 * its like do; P010 has them in the high bits and is no W3C format.
 */
static const struct pixel_format formats[] = {
	{ DRM_FORMAT_YUV420, WC_PIXEL_FORMAT_I420, YUV(1, 2, 2), .rgb = false },
	{ DRM_FORMAT_YVU420, WC_PIXEL_FORMAT_NONE, YUV(1, 2, 2), .rgb = false },
	{ DRM_FORMAT_YUV422, WC_PIXEL_FORMAT_I422, YUV(1, 2, 1), .rgb = false },
	{ DRM_FORMAT_YVU422, WC_PIXEL_FORMAT_NONE, YUV(1, 2, 1), .rgb = false },
	{ DRM_FORMAT_YUV444, WC_PIXEL_FORMAT_I444, YUV(1, 1, 1), .rgb = false },
	{ DRM_FORMAT_S010, WC_PIXEL_FORMAT_I420P10, YUV(2, 2, 2), .rgb = false },
	{ DRM_FORMAT_S210, WC_PIXEL_FORMAT_I422P10, YUV(2, 2, 1), .rgb = false },
	{ DRM_FORMAT_S410, WC_PIXEL_FORMAT_I444P10, YUV(2, 1, 1), .rgb = false },
	{ DRM_FORMAT_S012, WC_PIXEL_FORMAT_I420P12, YUV(2, 2, 2), .rgb = false },
	{ DRM_FORMAT_S212, WC_PIXEL_FORMAT_I422P12, YUV(2, 2, 1), .rgb = false },
	{ DRM_FORMAT_S412, WC_PIXEL_FORMAT_I444P12, YUV(2, 1, 1), .rgb = false },
	{ DRM_FORMAT_NV12, WC_PIXEL_FORMAT_NV12, SEMI(1, 2, 2), .rgb = false },
	{ DRM_FORMAT_NV21, WC_PIXEL_FORMAT_NONE, SEMI(1, 2, 2), .rgb = false },
	{ DRM_FORMAT_NV16, WC_PIXEL_FORMAT_NONE, SEMI(1, 2, 1), .rgb = false },
	{ DRM_FORMAT_NV61, WC_PIXEL_FORMAT_NONE, SEMI(1, 2, 1), .rgb = false },
	{ DRM_FORMAT_NV24, WC_PIXEL_FORMAT_NONE, SEMI(1, 1, 1), .rgb = false },
	{ DRM_FORMAT_NV42, WC_PIXEL_FORMAT_NONE, SEMI(1, 1, 1), .rgb = false },
	{ DRM_FORMAT_P010, WC_PIXEL_FORMAT_NONE, SEMI(2, 2, 2), .rgb = false },
	{ DRM_FORMAT_YUYV, WC_PIXEL_FORMAT_NONE, .n_planes = 1, .planes = { { 4, 2, 1 } } },
	{ DRM_FORMAT_YVYU, WC_PIXEL_FORMAT_NONE, .n_planes = 1, .planes = { { 4, 2, 1 } } },
	{ DRM_FORMAT_UYVY, WC_PIXEL_FORMAT_NONE, .n_planes = 1, .planes = { { 4, 2, 1 } } },
	{ DRM_FORMAT_VYUY, WC_PIXEL_FORMAT_NONE, .n_planes = 1, .planes = { { 4, 2, 1 } } },
	{ DRM_FORMAT_R8, WC_PIXEL_FORMAT_NONE, ONE(1), .rgb = false },
	{ DRM_FORMAT_RGB565, WC_PIXEL_FORMAT_NONE, ONE(2), .rgb = true },
	{ DRM_FORMAT_BGR888, WC_PIXEL_FORMAT_NONE, ONE(3), .rgb = true },
	{ DRM_FORMAT_RGB888, WC_PIXEL_FORMAT_NONE, ONE(3), .rgb = true },
	{ DRM_FORMAT_ABGR8888, WC_PIXEL_FORMAT_RGBA, ONE(4), .rgb = true },
	{ DRM_FORMAT_XBGR8888, WC_PIXEL_FORMAT_RGBX, ONE(4), .rgb = true },
	{ DRM_FORMAT_ARGB8888, WC_PIXEL_FORMAT_BGRA, ONE(4), .rgb = true },
	{ DRM_FORMAT_XRGB8888, WC_PIXEL_FORMAT_BGRX, ONE(4), .rgb = true },
	{ DRM_FORMAT_RGBA8888, WC_PIXEL_FORMAT_NONE, ONE(4), .rgb = true },
	{ DRM_FORMAT_RGBX8888, WC_PIXEL_FORMAT_NONE, ONE(4), .rgb = true },
	{ DRM_FORMAT_BGRA8888, WC_PIXEL_FORMAT_NONE, ONE(4), .rgb = true },
	{ DRM_FORMAT_BGRX8888, WC_PIXEL_FORMAT_NONE, ONE(4), .rgb = true },
};

const struct pixel_format *pixel_format_find(uint32_t fourcc)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

size_t pixel_format_row_bytes(const struct pixel_format *format, unsigned plane, uint32_t width)
{
	size_t sub = format->planes[plane].sub_x;

	return ((size_t)width + sub - 1) / sub * format->planes[plane].bytes;
}

uint32_t pixel_format_rows(const struct pixel_format *format, unsigned plane, uint32_t height)
{
	uint32_t sub = format->planes[plane].sub_y;

	return height / sub + (height % sub != 0);
}

size_t pixel_format_layout(const struct pixel_format *format, uint32_t width, uint32_t height,
			   struct wc_plane_layout *planes)
{
	size_t total = 0;

	for (unsigned i = 0; i < format->n_planes; i++) {
		size_t stride = pixel_format_row_bytes(format, i, width);
		size_t rows = pixel_format_rows(format, i, height);
		size_t bytes;

		planes[i].offset = total;
		planes[i].stride = stride;
		if (__builtin_mul_overflow(stride, rows, &bytes) ||
		    __builtin_add_overflow(total, bytes, &total))
			return 0;
	}
	return total;
}

static const char *const names[] = {
	[WC_PIXEL_FORMAT_NONE] = "null",
	[WC_PIXEL_FORMAT_I420] = "I420",
	[WC_PIXEL_FORMAT_I420P10] = "I420P10",
	[WC_PIXEL_FORMAT_I420P12] = "I420P12",
	[WC_PIXEL_FORMAT_I420A] = "I420A",
	[WC_PIXEL_FORMAT_I422] = "I422",
	[WC_PIXEL_FORMAT_I422P10] = "I422P10",
	[WC_PIXEL_FORMAT_I422P12] = "I422P12",
	[WC_PIXEL_FORMAT_I444] = "I444",
	[WC_PIXEL_FORMAT_I444P10] = "I444P10",
	[WC_PIXEL_FORMAT_I444P12] = "I444P12",
	[WC_PIXEL_FORMAT_NV12] = "NV12",
	[WC_PIXEL_FORMAT_RGBA] = "RGBA",
	[WC_PIXEL_FORMAT_RGBX] = "RGBX",
	[WC_PIXEL_FORMAT_BGRA] = "BGRA",
	[WC_PIXEL_FORMAT_BGRX] = "BGRX",
};

const char *wc_pixel_format_name(enum wc_pixel_format format)
{
	return (unsigned)format < ARRAY_SIZE(names) ? names[format] : "null";
}
