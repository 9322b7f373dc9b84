/* SPDX-License-Identifier: MIT */
/*
 * Pictures whose samples do not lie in rows: in tiles, in columns, or compressed. The kernel names
 * such layouts twice, by V4L2 format (v4l2/format.h) and by DRM modifier (frame/modifier.h), and
 * not each has both names. Shapes are in bytes and rows of one plane, not in pixels.
 *
 * Within a tile rows follow each other. A *stride* of tiles is that of the rows they hold: the
 * bytes of one row of samples, so a row of tiles has stride times the height of a tile.
 */
#ifndef WC_UTIL_TILING_H
#define WC_UTIL_TILING_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers are bytes and rows of a tile of luma. Where chroma is not told its tiles are the same:
 * pixfmt-yuv-planar.rst, "Tiled NV12", has "the layouts of the luma and chroma planes are
 * identical".
 */
enum tiling {
	TILING_LINEAR,                 /* rows */
	TILING_OPAQUE,                 /* compressed, or nothing that we know: for devices only */
	TILING_4X4,
	TILING_8X4,                    /* 4x4 samples of 16 bits */
	TILING_8X128,
	TILING_16X16,
	/*
	 * Chroma 16x8, "such that they correspond to their 16x16 luma block" (drm_fourcc.h); also
	 * what Samsung's scaler is told for V4L2_PIX_FMT_NV12MT_16X16 (gsc-regs.c of Linux 6.12:
	 * GSC_IN_TILE_C_16x8).
	 */
	TILING_16X16_BLOCKS,
	TILING_16X32,                  /* chroma 16x16 */
	TILING_32X32,
	TILING_64X32_Z,                /* tiles in groups of 2x2, in the order of a Z */
	TILING_COLUMNS,                /* 128 bytes wide; each has luma and below it chroma */
	TILING_COLUMNS_APART,          /* the same, with planes that have nothing in common */
};

/* A tile of a plane; of columns the width, and height 1. */
struct tile_shape {
	uint16_t width;                /* bytes */
	uint16_t height;               /* rows */
};

/* The tiles of plane 0, or of the others. Of what has no tiles: a byte. */
struct tile_shape tiling_shape(enum tiling tiling, unsigned plane);

/* Rows of whole tiles that hold that many rows of a plane. */
uint32_t tiling_rows(enum tiling tiling, unsigned plane, uint32_t rows);

/* For messages: "4x4 tiles", "columns of 128 bytes". */
const char *tiling_name(enum tiling tiling);

#endif
