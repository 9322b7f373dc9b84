/* SPDX-License-Identifier: MIT */
/* Pixel formats by DRM fourcc: planes, sampling, tight layouts, and the names of the W3C. */
#ifndef WC_FRAME_PIXEL_FORMAT_H
#define WC_FRAME_PIXEL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <webcodecs/video_frame.h>

#include <drm_fourcc.h>

/*
 * Planar formats with 10 and 12 significant low bits in 16-bit little-endian words, as in
 * drm_fourcc.h of Linux 6.17; older headers lack them.
 */
#ifndef DRM_FORMAT_S010
#define DRM_FORMAT_S010 fourcc_code('S', '0', '1', '0')
#define DRM_FORMAT_S210 fourcc_code('S', '2', '1', '0')
#define DRM_FORMAT_S410 fourcc_code('S', '4', '1', '0')
#endif
#ifndef DRM_FORMAT_S012
#define DRM_FORMAT_S012 fourcc_code('S', '0', '1', '2')
#define DRM_FORMAT_S212 fourcc_code('S', '2', '1', '2')
#define DRM_FORMAT_S412 fourcc_code('S', '4', '1', '2')
#endif

struct pixel_format {
	uint32_t fourcc;                 /* DRM_FORMAT_* */
	enum wc_pixel_format w3c;        /* WC_PIXEL_FORMAT_NONE when the W3C has no name for it */
	uint8_t n_planes;
	struct {
		uint8_t bytes;           /* bytes of one sample, all its components */
		uint8_t sub_x, sub_y;    /* coded pixels to a sample, each way */
	} planes[WC_MAX_PLANES];
	bool rgb;
};

/* The row of the table; NULL for formats without a linear layout that we know. */
const struct pixel_format *pixel_format_find(uint32_t fourcc);

/* Bytes of a row, and rows, of a plane of a picture of width by height pixels. Round up. */
size_t pixel_format_row_bytes(const struct pixel_format *format, unsigned plane, uint32_t width);
uint32_t pixel_format_rows(const struct pixel_format *format, unsigned plane, uint32_t height);

/* Tight planes in order; returns the bytes of all, 0 when that overflows. */
size_t pixel_format_layout(const struct pixel_format *format, uint32_t width, uint32_t height,
			   struct wc_plane_layout *planes);

#endif
