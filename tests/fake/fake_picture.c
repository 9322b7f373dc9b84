/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <stdio.h>
#include <string.h>

/*
 * A drawn frame begins with a tag in the first eight bytes of plane 0:
 *
 *	'w' 'c' seq (32 bits, little endian) check (xor of the six before) 0x5a
 *
 * All other bytes are a function of frame, plane, line and column, so that a swapped plane, a wrong
 * stride, a shift by one or an old frame shows.
 */
#define TAG_SIZE 8
#define COLUMN_WIDTH 128

struct geometry {
	size_t row_bytes;
	size_t rows;
	size_t stride;
};

static bool plane_geometry(const struct fake_picture *picture, unsigned int plane,
			   struct geometry *geometry)
{
	const struct fake_layout *layout = fake_layout_find(picture->fourcc);

	if (!layout || plane >= layout->planes)
		return false;
	if (layout->columns) {
		geometry->row_bytes = COLUMN_WIDTH;
		geometry->rows = (picture->width + COLUMN_WIDTH - 1) / COLUMN_WIDTH *
				 picture->stride[0];
		geometry->stride = COLUMN_WIDTH;
		return true;
	}
	geometry->row_bytes = fake_layout_row_bytes(layout, plane, picture->width);
	geometry->rows = fake_layout_rows(layout, plane, picture->height);
	geometry->stride = picture->stride[plane];
	return true;
}

static void make_tag(uint8_t tag[TAG_SIZE], uint32_t seq)
{
	unsigned int i;

	tag[0] = 'w';
	tag[1] = 'c';
	for (i = 0; i < 4; i++)
		tag[2 + i] = (uint8_t)(seq >> (8 * i));
	tag[6] = 0;
	for (i = 0; i < 6; i++)
		tag[6] ^= tag[i];
	tag[7] = 0x5a;
}

/*
 * Most of the time of the tests is spent here. Steps of a fixed number of bytes, and arithmetic
 * that is no wider than needed, let compilers make vectors of it.
 */
#define STEP 64

static void make_step(uint8_t step[STEP], uint32_t base, uint32_t x, uint32_t slope)
{
	for (uint32_t i = 0; i < STEP; i++)
		step[i] = (uint8_t)(base + (x + i) * 7 + ((x + i) * slope >> 5));
}

static void make_row(uint8_t *row, size_t size, uint32_t seq, unsigned int plane, size_t y)
{
	uint32_t base = seq * 37u + plane * 91u + (uint32_t)y * 13u;
	uint32_t slope = (uint32_t)y + 1;
	uint8_t rest[STEP];
	size_t x;

	for (x = 0; x + STEP <= size; x += STEP)
		make_step(row + x, base, (uint32_t)x, slope);
	make_step(rest, base, (uint32_t)x, slope);
	memcpy(row + x, rest, size - x);
	if (plane == 0 && y == 0 && size >= TAG_SIZE)
		make_tag(row, seq);
}

unsigned int fake_picture_planes(uint32_t fourcc)
{
	const struct fake_layout *layout = fake_layout_find(fourcc);

	return layout ? layout->planes : 0;
}

size_t fake_picture_layout(struct fake_picture *picture, void *data, size_t stride,
			   uint32_t coded_height)
{
	const struct fake_layout *layout = fake_layout_find(picture->fourcc);
	uint8_t *start = data;
	size_t offset = 0;
	unsigned int i;

	if (!layout)
		return 0;
	if (layout->columns) {
		picture->plane[0] = start;
		picture->stride[0] = stride;
		return (picture->width + COLUMN_WIDTH - 1) / COLUMN_WIDTH * COLUMN_WIDTH * stride;
	}
	for (i = 0; i < layout->planes; i++) {
		picture->plane[i] = start ? start + offset : NULL;
		picture->stride[i] = fake_layout_stride(layout, i, stride);
		offset += picture->stride[i] * fake_layout_rows(layout, i, coded_height);
	}
	return offset;
}

void fake_draw_frame(const struct fake_picture *picture, uint32_t seq)
{
	struct geometry geometry;
	unsigned int plane;
	size_t y;

	for (plane = 0; plane_geometry(picture, plane, &geometry); plane++)
		for (y = 0; y < geometry.rows; y++)
			make_row(picture->plane[plane] + y * geometry.stride, geometry.row_bytes,
				 seq, plane, y);
}

static const char *row_difference(const uint8_t *row, size_t size, uint32_t seq, unsigned int plane,
				  size_t y)
{
	static char text[128];
	uint8_t expected[16384 * 4];
	size_t x;

	if (size > sizeof(expected))
		return "row is too long to check";
	make_row(expected, size, seq, plane, y);
	if (memcmp(row, expected, size) == 0)
		return NULL;
	for (x = 0; row[x] == expected[x]; x++)
		;
	snprintf(text, sizeof(text), "frame %u: plane %u line %zu byte %zu is 0x%02x, not 0x%02x",
		 seq, plane, y, x, row[x], expected[x]);
	return text;
}

const char *fake_check_frame(const struct fake_picture *picture, uint32_t seq)
{
	static char text[64];
	struct geometry geometry;
	const char *difference;
	unsigned int plane;
	uint32_t found;
	size_t y;

	if (fake_picture_planes(picture->fourcc) == 0)
		return "pixel format unknown to the fake";
	found = fake_frame_seq(picture);
	if (found != UINT32_MAX && found != seq) {
		snprintf(text, sizeof(text), "frame %u where %u should be", found, seq);
		return text;
	}
	for (plane = 0; plane_geometry(picture, plane, &geometry); plane++) {
		for (y = 0; y < geometry.rows; y++) {
			difference = row_difference(picture->plane[plane] + y * geometry.stride,
						    geometry.row_bytes, seq, plane, y);
			if (difference)
				return difference;
		}
	}
	return NULL;
}

uint32_t fake_frame_seq(const struct fake_picture *picture)
{
	const uint8_t *data = picture->plane[0];
	uint8_t tag[TAG_SIZE];
	uint32_t seq;

	if (fake_picture_planes(picture->fourcc) == 0)
		return UINT32_MAX;
	seq = (uint32_t)data[2] | (uint32_t)data[3] << 8 | (uint32_t)data[4] << 16 |
	      (uint32_t)data[5] << 24;
	make_tag(tag, seq);
	return memcmp(tag, data, TAG_SIZE) == 0 ? seq : UINT32_MAX;
}

bool fake_picture_damaged(const struct fake_picture *picture)
{
	uint32_t seq = fake_frame_seq(picture);

	return seq != UINT32_MAX && fake_check_frame(picture, seq) != NULL;
}

static void move_to_visible(const struct fake_layout *layout, const struct v4l2_rect *visible,
			    struct fake_picture *picture)
{
	unsigned int i;

	for (i = 0; i < layout->planes; i++) {
		const struct fake_component *c = &layout->component[i];

		picture->plane[i] += (uint32_t)visible->top / c->vsub * picture->stride[i] +
				     (uint32_t)visible->left / c->hsub * c->bytes;
	}
}

void fake_picture_of(const struct v4l2_pix_format_mplane *format, uint8_t *const memory[],
		     const struct v4l2_rect *visible, struct fake_picture *picture)
{
	const struct fake_layout *layout = fake_layout_find(format->pixelformat);
	unsigned int i;

	memset(picture, 0, sizeof(*picture));
	picture->fourcc = format->pixelformat;
	picture->width = visible->width;
	picture->height = visible->height;
	if (layout->buffers == 1) {
		fake_picture_layout(picture, memory[0], format->plane_fmt[0].bytesperline,
				    format->height);
	} else {
		for (i = 0; i < layout->planes; i++) {
			picture->plane[i] = memory[i];
			picture->stride[i] = format->plane_fmt[i].bytesperline;
		}
	}
	if (!layout->columns)
		move_to_visible(layout, visible, picture);
}
