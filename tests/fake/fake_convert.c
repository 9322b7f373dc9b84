/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <string.h>

/*
 * What a converter does with a picture: crop, scale by taking the nearest sample, turn clockwise,
 * mirror, and write with other samples. RGB becomes YUV by the identity matrix (ITU-T H.273, 8.3:
 * Y is green, Cb blue, Cr red), so that all values can be told beforehand; of chroma the sample of
 * the pixel at the top left counts.
 */

struct sample {
	uint8_t r, g, b;
	uint8_t x;			/* the byte that is none of the three */
};

/* A picture at one end of a job. */
struct side {
	struct fake_picture picture;
	const struct fake_layout *layout;
};

static uint8_t *at(const struct side *side, unsigned int plane, uint32_t x, uint32_t y)
{
	const struct fake_component *c = &side->layout->component[plane];

	return side->picture.plane[plane] + y / c->vsub * side->picture.stride[plane] +
	       x / c->hsub * c->bytes;
}

static struct sample read_sample(const struct side *side, uint32_t x, uint32_t y)
{
	const uint8_t *p = at(side, 0, x, y);
	const uint8_t *chroma;
	uint16_t word;

	switch (side->picture.fourcc) {
	case V4L2_PIX_FMT_RGB565:
		word = (uint16_t)(p[0] | p[1] << 8);
		return (struct sample) { (uint8_t)(word >> 11 << 3), (uint8_t)(word >> 5 << 2),
					 (uint8_t)(word << 3), 0 };
	case V4L2_PIX_FMT_RGB24:
		return (struct sample) { p[0], p[1], p[2], 0 };
	case V4L2_PIX_FMT_BGR24:
		return (struct sample) { p[2], p[1], p[0], 0 };
	case V4L2_PIX_FMT_XBGR32:
		return (struct sample) { p[2], p[1], p[0], p[3] };
	case V4L2_PIX_FMT_YUYV:
		return (struct sample) { p[3], p[x % 2 * 2], p[1], 0 };
	default:
		break;
	}
	chroma = at(side, 1, x, y);
	if (side->layout->planes == 2)
		return (struct sample) { chroma[1], p[0], chroma[0], 0 };
	return (struct sample) { at(side, 2, x, y)[0], p[0], chroma[0], 0 };
}

static void write_chroma(const struct side *side, uint32_t x, uint32_t y, struct sample s)
{
	uint8_t *chroma = at(side, 1, x, y);

	if (side->layout->planes == 2) {
		chroma[0] = s.b;
		chroma[1] = s.r;
	} else {
		chroma[0] = s.b;
		at(side, 2, x, y)[0] = s.r;
	}
}

static void write_sample(const struct side *side, uint32_t x, uint32_t y, struct sample s)
{
	uint8_t *p = at(side, 0, x, y);
	uint16_t word;

	switch (side->picture.fourcc) {
	case V4L2_PIX_FMT_RGB565:
		word = (uint16_t)(s.r >> 3 << 11 | s.g >> 2 << 5 | s.b >> 3);
		p[0] = (uint8_t)word;
		p[1] = (uint8_t)(word >> 8);
		return;
	case V4L2_PIX_FMT_RGB24:
		memcpy(p, (uint8_t[]) { s.r, s.g, s.b }, 3);
		return;
	case V4L2_PIX_FMT_XBGR32:
		memcpy(p, (uint8_t[]) { s.b, s.g, s.r, s.x }, 4);
		return;
	case V4L2_PIX_FMT_BGR24:
		memcpy(p, (uint8_t[]) { s.b, s.g, s.r }, 3);
		return;
	case V4L2_PIX_FMT_YUYV:
		p[x % 2 * 2] = s.g;
		if (x % 2 == 0) {
			p[1] = s.b;
			p[3] = s.r;
		}
		return;
	default:
		break;
	}
	p[0] = s.g;
	if (x % side->layout->component[1].hsub == 0 && y % side->layout->component[1].vsub == 0)
		write_chroma(side, x, y, s);
}

/* Where the sample of the result at x, y is from. */
static void find_source(const struct fake_file *file, const struct side *from,
			const struct side *to, uint32_t x, uint32_t y, uint32_t *sx, uint32_t *sy)
{
	uint32_t w = to->picture.width, h = to->picture.height;
	uint32_t u, v, across = w, down = h;

	if (fake_control_get(file, V4L2_CID_HFLIP, 0))
		x = w - 1 - x;
	if (fake_control_get(file, V4L2_CID_VFLIP, 0))
		y = h - 1 - y;
	u = x;
	v = y;
	switch (fake_control_get(file, V4L2_CID_ROTATE, 0)) {
	case 90:
		u = y;
		v = w - 1 - x;
		across = h;
		down = w;
		break;
	case 180:
		u = w - 1 - x;
		v = h - 1 - y;
		break;
	case 270:
		u = h - 1 - y;
		v = x;
		across = h;
		down = w;
		break;
	}
	*sx = u * from->picture.width / across;
	*sy = v * from->picture.height / down;
}

static void find_side(struct fake_file *file, int which, struct fake_buffer *buffer,
		      const struct v4l2_rect *part, struct side *side)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[which];
	uint8_t *memory[VIDEO_MAX_PLANES];
	unsigned int i;

	for (i = 0; i < buffer->num_planes; i++)
		memory[i] = fake_buffer_data(buffer, i);
	fake_picture_of(pix, memory, part, &side->picture);
	side->layout = fake_layout_find(pix->pixelformat);
}

void fake_convert(struct fake_file *file, struct fake_buffer *source, struct fake_buffer *target)
{
	const struct v4l2_pix_format_mplane *pix = &file->formats[FAKE_CAPTURE];
	struct side from;
	struct side to;
	uint32_t x, y, sx, sy;
	unsigned int i;

	for (i = 0; i < target->num_planes; i++) {
		memset(fake_buffer_data(target, i), FAKE_PADDING, pix->plane_fmt[i].sizeimage);
		target->planes[i].bytesused = pix->plane_fmt[i].sizeimage;
	}
	find_side(file, FAKE_OUTPUT, source, &file->crop, &from);
	find_side(file, FAKE_CAPTURE, target, &file->compose, &to);
	for (y = 0; y < to.picture.height; y++) {
		for (x = 0; x < to.picture.width; x++) {
			find_source(file, &from, &to, x, y, &sx, &sy);
			write_sample(&to, x, y, read_sample(&from, sx, sy));
		}
	}
}
