/* SPDX-License-Identifier: MIT */
#include "frame/turn.h"

#include <string.h>

#include <libyuv.h>

#include "frame/pixel_format.h"

/* Samples of a side of the squares that are transposed one after the other, for the cache. */
#define BLOCK 16

/* A plane whose rows may follow each other upwards. */
struct rows {
	uint8_t *data;
	ptrdiff_t stride;              /* bytes */
	int width, height;             /* samples */
};

bool turn_moves(struct turn turn)
{
	return turn.rotation || turn.flip;
}

bool turn_transposes(struct turn turn)
{
	return turn.rotation % 180 != 0;
}

bool turn_possible(uint32_t fourcc, struct turn turn)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);

	if (!pixels || pixels->planes[0].sub_x != 1)
		return false;
	for (unsigned i = 1; i < pixels->n_planes; i++)
		if (turn_transposes(turn) && pixels->planes[i].sub_x != pixels->planes[i].sub_y)
			return false;
	return true;
}

static struct rows rows_of(const struct convert_image *image, unsigned plane)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);
	size_t bytes = pixel_format_row_bytes(pixels, plane, image->width);

	return (struct rows) {
		.data = image->planes[plane].data,
		.stride = (ptrdiff_t)image->planes[plane].stride,
		.width = (int)(bytes / pixels->planes[plane].bytes),
		.height = (int)pixel_format_rows(pixels, plane, image->height),
	};
}

/* The last row first. */
static struct rows upside_down(struct rows rows)
{
	rows.data += (rows.height - 1) * rows.stride;
	rows.stride = -rows.stride;
	return rows;
}

static void copy_rows(const struct rows *from, const struct rows *to, unsigned bytes)
{
	CopyPlane(from->data, (int)from->stride, to->data, (int)to->stride,
		  from->width * (int)bytes, from->height);
}

static void mirror_rows(const struct rows *from, const struct rows *to, unsigned bytes)
{
	int stride = (int)from->stride, to_stride = (int)to->stride;

	switch (bytes) {
	case 1:
		MirrorPlane(from->data, stride, to->data, to_stride, from->width, from->height);
		break;
	case 2:
		MirrorUVPlane(from->data, stride, to->data, to_stride, from->width, from->height);
		break;
	case 3:
		RGB24Mirror(from->data, stride, to->data, to_stride, from->width, from->height);
		break;
	default:
		ARGBMirror(from->data, stride, to->data, to_stride, from->width, from->height);
		break;
	}
}

/* libyuv has this for bytes only. Inlined, so that each size is a loop of its own. */
static inline void transpose_block(const struct rows *from, const struct rows *to, int left,
				   int top, size_t bytes)
{
	int right = from->width - left < BLOCK ? from->width : left + BLOCK;
	int bottom = from->height - top < BLOCK ? from->height : top + BLOCK;

	for (int x = left; x < right; x++) {
		const uint8_t *in = from->data + top * from->stride + x * (ptrdiff_t)bytes;
		uint8_t *out = to->data + x * to->stride + top * (ptrdiff_t)bytes;

		for (int y = top; y < bottom; y++) {
			memcpy(out, in, bytes);
			out += bytes;
			in += from->stride;
		}
	}
}

static void transpose_samples(const struct rows *from, const struct rows *to, unsigned bytes)
{
	for (int top = 0; top < from->height; top += BLOCK) {
		for (int left = 0; left < from->width; left += BLOCK) {
			if (bytes == 2)
				transpose_block(from, to, left, top, 2);
			else if (bytes == 3)
				transpose_block(from, to, left, top, 3);
			else
				transpose_block(from, to, left, top, 4);
		}
	}
}

static void transpose_rows(const struct rows *from, const struct rows *to, unsigned bytes)
{
	if (bytes == 1)
		TransposePlane(from->data, (int)from->stride, to->data, (int)to->stride,
			       from->width, from->height);
	else
		transpose_samples(from, to, bytes);
}

/*
 * A transposition turns by 90 degrees when the source is upside down, and by 270 when the result
 * is; the other way up of the source is the flip. A mirror turns by 180 upside down.
 */
static void turn_rows(struct rows from, struct rows to, unsigned bytes, struct turn turn)
{
	if (turn_transposes(turn)) {
		if (turn.rotation == 270)
			to = upside_down(to);
		if ((turn.rotation == 90) != turn.flip)
			from = upside_down(from);
		transpose_rows(&from, &to, bytes);
		return;
	}
	if (turn.rotation == 180)
		to = upside_down(to);
	if ((turn.rotation == 180) != turn.flip)
		mirror_rows(&from, &to, bytes);
	else
		copy_rows(&from, &to, bytes);
}

void turn_image(const struct convert_image *src, struct turn turn,
		const struct convert_image *dst)
{
	const struct pixel_format *pixels = pixel_format_find(src->fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++)
		turn_rows(rows_of(src, i), rows_of(dst, i), pixels->planes[i].bytes, turn);
}
