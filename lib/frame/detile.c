/* SPDX-License-Identifier: MIT */
#include "frame/detile.h"

#include <string.h>

#include <libyuv/planar_functions.h>

/* Samples of 10 bits that four bytes have, and that a row of a column has. */
#define PACKED 3
#define PACKED_COLUMN 96

/* Strides up to here leave room for the rows of a tile in libyuv's int and in 32 bits. */
#define MAX_STRIDE ((size_t)1 << 20)

static bool is_columns(enum tiling tiling)
{
	return tiling == TILING_COLUMNS || tiling == TILING_COLUMNS_APART;
}

uint32_t detile_fourcc(uint32_t fourcc, enum tiling tiling)
{
	switch (fourcc) {
	case DRM_FORMAT_NV12:
	case DRM_FORMAT_NV21:
		return tiling == TILING_LINEAR || tiling == TILING_OPAQUE || tiling == TILING_8X4
			       ? 0 : fourcc;
	case DRM_FORMAT_P010:
		return tiling == TILING_8X4 ? fourcc : 0;
	case DRM_FORMAT_P030:
		return is_columns(tiling) ? DRM_FORMAT_P010 : 0;
	default:
		return 0;
	}
}

/* ---- where a byte is ------------------------------------------------------------------------- */

/*
 * The number of a tile in pixfmt-yuv-planar.rst's figure of NV12MT. Two rows of tiles go together;
 * in them groups of 2x2 tiles follow each other, the second of each pair upside down:
 *
 *     0 1 6 7
 *     2 3 4 5
 *
 * An odd row at the end is in order.
 */
static size_t z_order(size_t x, size_t y, size_t columns, size_t rows)
{
	static const uint8_t order[2][4] = { { 0, 1, 6, 7 }, { 2, 3, 4, 5 } };

	if (y % 2 == 0 && y + 1 == rows)
		return y * columns + x;
	return y / 2 * 2 * columns + x / 4 * 8 + order[y % 2][x % 4];
}

static size_t tile_number(const struct detile_plane *plane, struct tile_shape shape, size_t x,
			  size_t y)
{
	size_t columns = plane->stride / shape.width;

	if (plane->tiling == TILING_64X32_Z)
		return z_order(x, y, columns, (plane->rows + shape.height - 1) / shape.height);
	return y * columns + x;
}

/* Bytes from the start of the plane to byte x of row y. */
static size_t address(const struct detile_plane *plane, struct tile_shape shape, size_t x, size_t y)
{
	size_t inside = y % shape.height * shape.width + x % shape.width;

	if (is_columns(plane->tiling))
		return x / shape.width * plane->column + y * shape.width + x % shape.width;
	return tile_number(plane, shape, x / shape.width, y / shape.height) * shape.width *
		       shape.height + inside;
}

/* ---- what fits ------------------------------------------------------------------------------- */

/* Bytes in the tiling of a row that has so many when it is one. */
static size_t tiled_bytes(const struct detile_plane *plane, size_t row_bytes)
{
	return plane->packed ? (row_bytes / 2 + PACKED - 1) / PACKED * 4 : row_bytes;
}

/*
 * The end of the last tile's last row that is needed: of a row that has so many bytes, the last
 * one. A tile's row is there as a whole, and libyuv reads it so.
 */
static size_t end_of(const struct detile_plane *plane, struct tile_shape shape, size_t bytes)
{
	if (plane->tiling == TILING_64X32_Z)
		return plane->stride * tiling_rows(plane->tiling, plane->plane,
						   (uint32_t)plane->rows);
	bytes = (bytes + shape.width - 1) / shape.width * shape.width;
	return address(plane, shape, bytes - 1, plane->rows - 1) + 1;
}

bool detile_fits(const struct detile_plane *plane, size_t row_bytes, size_t size)
{
	struct tile_shape shape = tiling_shape(plane->tiling, plane->plane);
	size_t bytes = tiled_bytes(plane, row_bytes);
	/* Groups of Z are two tiles wide. */
	size_t unit = plane->tiling == TILING_64X32_Z ? 2u * shape.width : shape.width;

	if (bytes == 0 || plane->rows == 0 || plane->rows > UINT32_MAX)
		return false;
	/* Before anything is multiplied. */
	if (plane->stride > MAX_STRIDE || plane->rows > size)
		return false;
	if (is_columns(plane->tiling))
		return plane->column / shape.width >= plane->rows &&
		       (bytes - 1) / shape.width <= size / plane->column &&
		       end_of(plane, shape, bytes) <= size;
	return plane->stride % unit == 0 && plane->stride >= bytes &&
	       (plane->rows - 1) / shape.height <= size / plane->stride / shape.height &&
	       end_of(plane, shape, bytes) <= size;
}

/* ---- copying --------------------------------------------------------------------------------- */

static void copy_row(const struct detile_plane *plane, struct tile_shape shape, size_t left,
		     size_t y, uint8_t *to, size_t bytes)
{
	while (bytes) {
		size_t run = shape.width - left % shape.width;

		run = run < bytes ? run : bytes;
		memcpy(to, plane->data + address(plane, shape, left, y), run);
		left += run;
		to += run;
		bytes -= run;
	}
}

/* P030 has the first sample in the low bits (drm_fourcc.h), P010 samples in the high ones. */
static void unpack_row(const struct detile_plane *plane, size_t left, size_t y, uint8_t *to,
		       size_t samples)
{
	for (size_t i = 0; i < samples; i++, to += 2) {
		size_t at = left + i, inside = at % PACKED_COLUMN;
		const uint8_t *word = plane->data + at / PACKED_COLUMN * plane->column +
				      y * 128 + inside / PACKED * 4;
		uint32_t bits = word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
				(uint32_t)word[3] << 24;
		unsigned sample = bits >> inside % PACKED * 10 & 0x3ff;

		to[0] = (uint8_t)(sample << 6);
		to[1] = (uint8_t)(sample >> 2);
	}
}

/* libyuv knows tiles that are 16 bytes wide, from a tile's corner on. */
static bool is_fast(struct tile_shape shape, const struct plane_window *window)
{
	return shape.width == 16 && window->left % shape.width == 0 &&
	       window->top % shape.height == 0;
}

void detile_window(const struct detile_plane *plane, const struct plane_window *window,
		   uint8_t *to, size_t stride)
{
	struct tile_shape shape = tiling_shape(plane->tiling, plane->plane);

	if (is_fast(shape, window) && stride <= MAX_STRIDE) {
		DetilePlane(plane->data + address(plane, shape, window->left, window->top),
			    (int)plane->stride, to, (int)stride, (int)window->width,
			    (int)window->rows, shape.height);
		return;
	}
	for (uint32_t i = 0; i < window->rows; i++, to += stride) {
		if (plane->packed)
			unpack_row(plane, window->left / 2, window->top + i, to,
				   window->width / 2);
		else
			copy_row(plane, shape, window->left, window->top + i, to, window->width);
	}
}
