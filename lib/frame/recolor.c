/* SPDX-License-Identifier: MIT */
#include "frame/recolor.h"

#include <errno.h>
#include <stdlib.h>

#include "frame/pixel_format.h"
#include "util/macros.h"

/* Bits behind the point; 12 bits of sample and three products then fit in 31. */
#define POINT 16
#define HALF (1 << (POINT - 1))

/* How the samples of a format lie. Chroma of half planes has two to a group. */
struct samples {
	uint32_t fourcc;
	uint8_t bits, shift;           /* significant bits, and those below */
	bool swapped;                  /* V before U */
};

static const struct samples formats[] = {
	{ DRM_FORMAT_YUV420, 8, 0, false }, { DRM_FORMAT_YVU420, 8, 0, true },
	{ DRM_FORMAT_YUV422, 8, 0, false }, { DRM_FORMAT_YVU422, 8, 0, true },
	{ DRM_FORMAT_YUV444, 8, 0, false }, { DRM_FORMAT_R8, 8, 0, false },
	{ DRM_FORMAT_NV12, 8, 0, false }, { DRM_FORMAT_NV21, 8, 0, true },
	{ DRM_FORMAT_NV16, 8, 0, false }, { DRM_FORMAT_NV61, 8, 0, true },
	{ DRM_FORMAT_NV24, 8, 0, false }, { DRM_FORMAT_NV42, 8, 0, true },
	{ DRM_FORMAT_S010, 10, 0, false }, { DRM_FORMAT_S210, 10, 0, false },
	{ DRM_FORMAT_S410, 10, 0, false }, { DRM_FORMAT_S012, 12, 0, false },
	{ DRM_FORMAT_S212, 12, 0, false }, { DRM_FORMAT_S412, 12, 0, false },
	{ DRM_FORMAT_P010, 10, 6, false },
};

static const struct samples *samples_find(uint32_t fourcc)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

bool recolor_possible(uint32_t fourcc)
{
	return samples_find(fourcc);
}

/* ---- what is computed ---- */

/* Fixed point. New luma comes of all three, new chroma of chroma alone: grey stays grey. */
struct weights {
	int32_t y[3], u[2], v[2];      /* of Y, U, V; of U, V */
	int32_t y_offset, c_offset;    /* rounding included */
	int32_t max;                   /* of a sample */
};

/* ITU-T H.273 equations 20 to 37: where black is, and the steps from black to white. */
static double black(const struct recolor_side *side, unsigned bits)
{
	return side->full ? 0 : 16 << (bits - 8);
}

static double luma_steps(const struct recolor_side *side, unsigned bits)
{
	return side->full ? (1 << bits) - 1 : 219 << (bits - 8);
}

static double chroma_steps(const struct recolor_side *side, unsigned bits)
{
	return side->full ? (1 << bits) - 1 : 224 << (bits - 8);
}

static int32_t fixed(double value)
{
	value *= 1 << POINT;
	return (int32_t)(value < 0 ? value - 0.5 : value + 0.5);
}

/* What u and v, from -0.5 to 0.5 where luma is 0, come to: luma, u and v of the other side. */
static void convert_chroma(const struct recolor_side *from, const struct recolor_side *to,
			   double u, double v, double out[3])
{
	double red = 2 * (1 - from->red) * v, blue = 2 * (1 - from->blue) * u;
	double green = -(from->red * red + from->blue * blue) / (1 - from->red - from->blue);
	double luma = to->red * red + (1 - to->red - to->blue) * green + to->blue * blue;

	out[0] = luma;
	out[1] = (blue - luma) / (2 * (1 - to->blue));
	out[2] = (red - luma) / (2 * (1 - to->red));
}

static struct weights weights_of(const struct recolor_side *from, const struct recolor_side *to,
				 unsigned bits)
{
	double luma = luma_steps(to, bits), steps = chroma_steps(from, bits);
	double chroma = chroma_steps(to, bits) / steps;
	int32_t middle = 1 << (bits - 1);
	double u[3], v[3];
	struct weights w;

	convert_chroma(from, to, 1, 0, u);
	convert_chroma(from, to, 0, 1, v);
	w = (struct weights) {
		.y = { fixed(luma / luma_steps(from, bits)), fixed(u[0] * luma / steps),
		       fixed(v[0] * luma / steps) },
		.u = { fixed(u[1] * chroma), fixed(v[1] * chroma) },
		.v = { fixed(u[2] * chroma), fixed(v[2] * chroma) },
		.max = (1 << bits) - 1,
	};
	w.y_offset = fixed(black(to, bits) - black(from, bits) * luma / luma_steps(from, bits)) +
		     HALF - middle * (w.y[1] + w.y[2]);
	w.c_offset = (middle << POINT) + HALF;
	return w;
}

static uint16_t clamp(const struct weights *w, int32_t value)
{
	value = value < 0 ? 0 : value >> POINT;
	return (uint16_t)(value > w->max ? w->max : value);
}

/* What chroma adds to the luma of its pixels, then chroma itself, in place. */
static void convert_chroma_row(const struct weights *w, uint16_t *u, uint16_t *v, int32_t *added,
			       size_t width)
{
	int32_t middle = (w->max + 1) / 2;

	for (size_t i = 0; i < width; i++) {
		int32_t a = u[i] - middle, b = v[i] - middle;

		added[i] = w->y[1] * u[i] + w->y[2] * v[i] + w->y_offset;
		u[i] = clamp(w, w->u[0] * a + w->u[1] * b + w->c_offset);
		v[i] = clamp(w, w->v[0] * a + w->v[1] * b + w->c_offset);
	}
}

/* In place; each of added counts for so many pixels as 2 to the power of halves. */
static void convert_luma_row(const struct weights *w, uint16_t *y, const int32_t *added,
			     unsigned halves, size_t width)
{
	for (size_t i = 0; i < width; i++)
		y[i] = clamp(w, w->y[0] * y[i] + added[i >> halves]);
}

/* ---- rows ---- */

/* Where a component lies. */
struct component {
	uint8_t *data;
	size_t stride, step;           /* bytes from row to row, and from sample to sample */
	size_t width;                  /* samples */
	uint32_t rows;
	unsigned bits, shift;
};

/* 0: Y, 1: U, 2: V. */
static struct component component_of(const struct convert_image *image, unsigned number)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);
	const struct samples *samples = samples_find(image->fourcc);
	unsigned bytes = samples->bits > 8 ? 2 : 1;
	unsigned place = number && samples->swapped ? 3 - number : number;
	unsigned plane = pixels->n_planes == 2 && number ? 1 : place;

	return (struct component) {
		.data = image->planes[plane].data + (plane == place ? 0 : bytes),
		.stride = image->planes[plane].stride,
		.step = pixels->planes[plane].bytes,
		.width = pixel_format_row_bytes(pixels, plane, image->width) /
			 pixels->planes[plane].bytes,
		.rows = pixel_format_rows(pixels, plane, image->height),
		.bits = samples->bits,
		.shift = samples->shift,
	};
}

/* Samples of more than 8 bits lie in two bytes, the lower first. */
static void load_row(const struct component *c, uint32_t row, uint16_t *to)
{
	const uint8_t *from = c->data + row * c->stride;
	unsigned mask = (1u << c->bits) - 1;

	if (c->bits == 8)
		for (size_t i = 0; i < c->width; i++)
			to[i] = from[i * c->step];
	else
		for (size_t i = 0; i < c->width; i++)
			to[i] = (uint16_t)((unsigned)(from[i * c->step] |
						      from[i * c->step + 1] << 8) >> c->shift &
					   mask);
}

static void store_row(const struct component *c, uint32_t row, const uint16_t *from)
{
	uint8_t *to = c->data + row * c->stride;

	if (c->bits == 8) {
		for (size_t i = 0; i < c->width; i++)
			to[i * c->step] = (uint8_t)from[i];
		return;
	}
	for (size_t i = 0; i < c->width; i++) {
		unsigned sample = (unsigned)from[i] << c->shift;

		to[i * c->step] = (uint8_t)sample;
		to[i * c->step + 1] = (uint8_t)(sample >> 8);
	}
}

/* Rows at work. */
struct scratch {
	uint16_t *y, *u, *v;
	int32_t *added;
};

/* One block, behind added, which the caller frees. */
static int scratch_alloc(struct scratch *scratch, size_t width)
{
	scratch->added = malloc(width * (sizeof *scratch->added + 3 * sizeof *scratch->y));
	if (!scratch->added)
		return -ENOMEM;
	scratch->y = (uint16_t *)(void *)(scratch->added + width);
	scratch->u = scratch->y + width;
	scratch->v = scratch->u + width;
	return 0;
}

static void convert_chroma_at(const struct weights *w, const struct component src[3],
			      const struct component dst[3], uint32_t row,
			      const struct scratch *scratch)
{
	load_row(&src[1], row, scratch->u);
	load_row(&src[2], row, scratch->v);
	convert_chroma_row(w, scratch->u, scratch->v, scratch->added, src[1].width);
	store_row(&dst[1], row, scratch->u);
	store_row(&dst[2], row, scratch->v);
}

/* Grey: as if chroma were in the middle of its range. */
static void add_no_chroma(const struct weights *w, const struct scratch *scratch, size_t width)
{
	int32_t middle = (w->max + 1) / 2;

	for (size_t i = 0; i < width; i++)
		scratch->added[i] = middle * (w->y[1] + w->y[2]) + w->y_offset;
}

static void convert_rows(const struct weights *w, const struct component src[3],
			 const struct component dst[3], unsigned n_components, uint32_t sub[2],
			 const struct scratch *scratch)
{
	if (n_components == 1)
		add_no_chroma(w, scratch, src[0].width);
	for (uint32_t row = 0; row < src[0].rows; row++) {
		if (n_components > 1 && row % sub[1] == 0)
			convert_chroma_at(w, src, dst, row / sub[1], scratch);
		load_row(&src[0], row, scratch->y);
		convert_luma_row(w, scratch->y, scratch->added, sub[0] == 2, src[0].width);
		store_row(&dst[0], row, scratch->y);
	}
}

int recolor_image(const struct convert_image *src, const struct recolor_side *from,
		  const struct convert_image *dst, const struct recolor_side *to)
{
	const struct pixel_format *pixels = pixel_format_find(src->fourcc);
	struct weights weights = weights_of(from, to, samples_find(src->fourcc)->bits);
	unsigned n_components = pixels->n_planes == 1 ? 1 : 3;
	uint32_t sub[2] = { 1, 1 };
	struct component in[3], out[3];
	struct scratch scratch;

	if (scratch_alloc(&scratch, src->width) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < n_components; i++) {
		in[i] = component_of(src, i);
		out[i] = component_of(dst, i);
	}
	if (n_components == 3) {
		sub[0] = pixels->planes[1].sub_x;
		sub[1] = pixels->planes[1].sub_y;
	}
	convert_rows(&weights, in, out, n_components, sub, &scratch);
	free(scratch.added);
	return 0;
}
