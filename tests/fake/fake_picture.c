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
#define MAX_LINE (16384 * 4)

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
	picture->coded_height = coded_height;
	if (layout->columns) {
		for (i = 0; i < layout->planes; i++) {
			picture->plane[i] = start ? start + i * coded_height * COLUMN_WIDTH : NULL;
			picture->stride[i] = stride;
		}
		return (picture->width + COLUMN_WIDTH - 1) / COLUMN_WIDTH * COLUMN_WIDTH * stride;
	}
	for (i = 0; i < layout->planes; i++) {
		picture->plane[i] = start ? start + offset : NULL;
		picture->stride[i] = fake_layout_stride(layout, i, stride);
		offset += picture->stride[i] * fake_layout_all_rows(layout, i, coded_height);
	}
	return offset;
}

static bool is_in_lines(const struct fake_layout *layout)
{
	return !layout->columns && !layout->tile.width;
}

/* The number of a tile among those of its plane; see pixfmt-yuv-planar.rst, figure of NV12MT. */
static size_t tile_number(const struct fake_layout *layout, size_t x, size_t y, size_t columns,
			  size_t lines)
{
	size_t pair = y / 2 * 2 * columns;

	if (!layout->tile.z || (lines % 2 == 1 && y == lines - 1))
		return y * columns + x;
	if (x / 2 % 2 == 0)
		return pair + x / 4 * 8 + y % 2 * 2 + x % 2;
	return pair + x / 4 * 8 + (y % 2 ? 4 : 6) + x % 2;
}

/* Byte @x of line @y of the visible part, where lines are not together. */
static uint8_t *find_byte(const struct fake_picture *picture, const struct fake_layout *layout,
			  unsigned int plane, size_t x, size_t y)
{
	const struct fake_component *c = &layout->component[plane];
	size_t stride = picture->stride[plane];
	size_t width = layout->tile.width, height = layout->tile.height[plane > 0];
	size_t lines;

	x += (size_t)picture->left / c->hsub * c->bytes;
	y += picture->top / c->vsub;
	if (layout->columns)
		return picture->plane[plane] + x / COLUMN_WIDTH * stride * COLUMN_WIDTH +
		       y * COLUMN_WIDTH + x % COLUMN_WIDTH;
	lines = fake_layout_all_rows(layout, plane, picture->coded_height) / height;
	return picture->plane[plane] +
	       tile_number(layout, x / width, y / height, stride / width, lines) * width * height +
	       y % height * width + x % width;
}

void fake_draw_frame(const struct fake_picture *picture, uint32_t seq)
{
	const struct fake_layout *layout = fake_layout_find(picture->fourcc);
	uint8_t line[MAX_LINE];
	struct geometry geometry;
	unsigned int plane;
	size_t x, y;

	for (plane = 0; plane_geometry(picture, plane, &geometry); plane++)
		for (y = 0; y < geometry.rows; y++) {
			uint8_t *row = picture->plane[plane] + y * geometry.stride;

			if (is_in_lines(layout)) {
				make_row(row, geometry.row_bytes, seq, plane, y);
				continue;
			}
			make_row(line, geometry.row_bytes, seq, plane, y);
			for (x = 0; x < geometry.row_bytes; x++)
				*find_byte(picture, layout, plane, x, y) = line[x];
		}
}

/* Where line @y of the visible part is in one piece, which may be @line. */
static const uint8_t *find_row(const struct fake_picture *picture, unsigned int plane,
			       const struct geometry *geometry, size_t y, uint8_t *line)
{
	const struct fake_layout *layout = fake_layout_find(picture->fourcc);
	size_t x;

	if (is_in_lines(layout))
		return picture->plane[plane] + y * geometry->stride;
	for (x = 0; x < geometry->row_bytes; x++)
		line[x] = *find_byte(picture, layout, plane, x, y);
	return line;
}

static const char *row_difference(const uint8_t *row, size_t size, uint32_t seq, unsigned int plane,
				  size_t y)
{
	static char text[128];
	uint8_t expected[MAX_LINE];
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
	static uint8_t line[MAX_LINE];
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
			difference = row_difference(find_row(picture, plane, &geometry, y, line),
						    geometry.row_bytes, seq, plane, y);
			if (difference)
				return difference;
		}
	}
	return NULL;
}

uint32_t fake_frame_seq(const struct fake_picture *picture)
{
	uint8_t tag[TAG_SIZE], line[MAX_LINE];
	struct geometry geometry;
	const uint8_t *data;
	uint32_t seq;

	if (!plane_geometry(picture, 0, &geometry))
		return UINT32_MAX;
	data = find_row(picture, 0, &geometry, 0, line);
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
	if (is_in_lines(layout)) {
		move_to_visible(layout, visible, picture);
		return;
	}
	picture->left = (uint32_t)visible->left;
	picture->top = (uint32_t)visible->top;
	picture->coded_height = format->height;
}
