/* SPDX-License-Identifier: MIT */
/*
 * Planes of tiles and columns, made into planes of rows. Pure functions on memory; what frames are
 * is the business of video_frame_detile().
 */
#ifndef WC_FRAME_DETILE_H
#define WC_FRAME_DETILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame/plane_layout.h"
#include "util/tiling.h"

/* A plane as it lies in memory. */
struct detile_plane {
	enum tiling tiling;            /* neither linear nor opaque */
	bool packed;                   /* three samples of 10 bits in 4 bytes: of columns only */
	unsigned plane;                /* number of the plane */
	const uint8_t *data;           /* its first byte; of columns of the first column */
	size_t stride;                 /* bytes of a row of samples; a multiple of the tile's */
	size_t rows;                   /* of samples */
	size_t column;                 /* of columns: bytes from one to the next */
};

/*
 * The fourcc of the rows that are made of a format in a tiling: its own, or P010 of P030. 0 where
 * nobody knows how.
 */
uint32_t detile_fourcc(uint32_t fourcc, enum tiling tiling);

/*
 * Whether rows of row_bytes bytes (of what is made) fit the stride and the column, and all of the
 * plane lies within size bytes.
 */
bool detile_fits(const struct detile_plane *plane, size_t row_bytes, size_t size);

/*
 * Write a window of the plane, which is told in bytes and rows of what is made, to rows of stride
 * bytes. The plane fits.
 */
void detile_window(const struct detile_plane *plane, const struct plane_window *window,
		   uint8_t *to, size_t stride);

#endif
