/* SPDX-License-Identifier: MIT */
/*
 * Scaling, turning, cropping and colours against plain definitions of what they are. Pictures end,
 * or begin, where memory does, so that libyuv's own code is seen to keep within them.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame/convert.h"
#include "frame/pixel_format.h"

#define SENTINEL 0xa5

static uint32_t state;

static unsigned random_below(unsigned n)
{
	state = state * 1664525 + 1013904223;
	return (unsigned)(((uint64_t)state * n) >> 32);
}

/* ---- pictures ---- */

struct picture {
	struct convert_image image;
	struct {
		uint8_t *start;        /* of the mapping */
		size_t size, bytes;    /* of the mapping, and of the plane */
	} memory[WC_MAX_PLANES];
};

/* Each plane next to a page that is not there: behind it, or before it. */
static struct picture picture_new(uint32_t fourcc, uint32_t width, uint32_t height, size_t gap,
				  bool at_end)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct picture p = { .image = { .fourcc = fourcc, .width = width, .height = height } };

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t row = pixel_format_row_bytes(pixels, i, width), inside;
		uint8_t *start;

		p.image.planes[i].stride = row + gap;
		p.memory[i].bytes = (row + gap) * (pixel_format_rows(pixels, i, height) - 1) + row;
		inside = (p.memory[i].bytes + page - 1) / page * page;
		p.memory[i].size = inside + 2 * page;
		start = mmap(NULL, p.memory[i].size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (start == MAP_FAILED || mprotect(start + page, inside, PROT_READ | PROT_WRITE))
			ck_abort_msg("no memory");
		p.memory[i].start = start;
		p.image.planes[i].data = start + page + (at_end ? inside - p.memory[i].bytes : 0);
		memset(p.image.planes[i].data, SENTINEL, p.memory[i].bytes);
	}
	return p;
}

static void picture_free(struct picture *p)
{
	for (unsigned i = 0; i < WC_MAX_PLANES && p->memory[i].start; i++)
		munmap(p->memory[i].start, p->memory[i].size);
}

static void check_gaps(const struct picture *p)
{
	const struct pixel_format *pixels = pixel_format_find(p->image.fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t row = pixel_format_row_bytes(pixels, i, p->image.width);
		size_t stride = p->image.planes[i].stride;

		for (size_t at = row; at < p->memory[i].bytes; at += stride)
			for (size_t k = at; k < at - row + stride && k < p->memory[i].bytes; k++)
				if (p->image.planes[i].data[k] != SENTINEL)
					ck_abort_msg("%.4s: byte %zu of plane %u was written",
						     (const char *)&p->image.fourcc, k, i);
	}
}

static uint8_t *row_of(const struct picture *p, unsigned plane, size_t row)
{
	return p->image.planes[plane].data + row * p->image.planes[plane].stride;
}

/* Bytes that wander by up to step from one to the next of the same component, and row to row. */
static void fill(const struct picture *p, int step)
{
	const struct pixel_format *pixels = pixel_format_find(p->image.fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t row = pixel_format_row_bytes(pixels, i, p->image.width);
		size_t unit = pixels->planes[i].bytes;

		for (size_t y = 0; y < pixel_format_rows(pixels, i, p->image.height); y++)
			for (size_t x = 0; x < row; x++) {
				uint8_t *at = row_of(p, i, y) + x;
				int left = x >= unit ? at[-(ptrdiff_t)unit] : (int)(17 * x) + 90;
				int up = y ? at[-(ptrdiff_t)p->image.planes[i].stride] : left;
				int value = (left + up) / 2 +
					    (int)random_below(2 * (unsigned)step + 1) - step;

				*at = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
			}
	}
}

/* ---- scaling ---- */

/* One component: every step-th byte from data on. */
struct samples {
	const uint8_t *data;
	size_t stride, step;
	int width, height;
};

static double sample(const struct samples *s, int x, int y)
{
	return s->data[(size_t)y * s->stride + (size_t)x * s->step];
}

/*
 * Where sample i of an axis lies in the source, for interpolation: centre on centre where it
 * shrinks; where it grows the first on the first and the last on the last, but centre on centre for
 * the double of both sides. Three quarters of both have weights in quarters.
 */
static double place_of(int i, int from, int to, bool doubled, bool quarters)
{
	static const double three[3] = { 0.25, 1.5, 2.75 };
	double at;

	if (quarters)
		return i / 3 * 4 + three[i % 3];
	if (to <= from || doubled)
		at = (i + 0.5) * from / (doubled ? 2 * from : to) - 0.5;
	else
		at = to > 1 ? (double)i * (from - 1) / (to - 1) : 0;
	return at < 0 ? 0 : at > from - 1 ? from - 1 : at;
}

static double interpolated(const struct samples *s, double x, double y)
{
	int left = (int)x, top = (int)y;
	int right = left + 1 < s->width ? left + 1 : left;
	int bottom = top + 1 < s->height ? top + 1 : top;
	double fx = x - left, fy = y - top;

	return (1 - fy) * ((1 - fx) * sample(s, left, top) + fx * sample(s, right, top)) +
	       fy * ((1 - fx) * sample(s, left, bottom) + fx * sample(s, right, bottom));
}

/* The mean of whole samples. */
static double box(const struct samples *s, int x, int y, int width, int height)
{
	int64_t dx = ((int64_t)s->width << 16) / width, dy = ((int64_t)s->height << 16) / height;
	int left = (int)(x * dx >> 16), right = (int)((x + 1) * dx >> 16);
	int top = (int)(y * dy >> 16), bottom = (int)((y + 1) * dy >> 16);
	double sum = 0;

	for (int j = top; j < bottom; j++)
		for (int i = left; i < right; i++)
			sum += sample(s, i, j);
	return sum / (bottom - top) / (right - left);
}

static double scaled(const struct samples *s, int x, int y, int width, int height)
{
	bool doubled = (width + 1) / 2 == s->width &&
		       ((height + 1) / 2 == s->height || height == s->height);
	bool quarters = 4 * width == 3 * s->width && 4 * height == 3 * s->height;
	bool tall = doubled && height != s->height;

	if (2 * width < s->width && 2 * height < s->height)
		return box(s, x, y, width, height);
	return interpolated(s, place_of(x, s->width, width, doubled, quarters),
			    place_of(y, s->height, height, tall, quarters));
}

static struct samples samples_of(const struct picture *p, unsigned plane, unsigned byte)
{
	const struct pixel_format *pixels = pixel_format_find(p->image.fourcc);
	size_t unit = pixels->planes[plane].bytes;

	return (struct samples) {
		.data = p->image.planes[plane].data + byte,
		.stride = p->image.planes[plane].stride,
		.step = unit,
		.width = (int)(pixel_format_row_bytes(pixels, plane, p->image.width) / unit),
		.height = (int)pixel_format_rows(pixels, plane, p->image.height),
	};
}

/* Within 1 of the rounded value or, as boxes are cut off, of what is below. */
static void compare_scaled(const struct samples *from, const struct samples *to)
{
	for (int y = 0; y < to->height; y++)
		for (int x = 0; x < to->width; x++) {
			double must = scaled(from, x, y, to->width, to->height);
			double is = sample(to, x, y);

			if (fabs(is - floor(must)) > 1 && fabs(is - round(must)) > 1)
				ck_abort_msg("%dx%d to %dx%d at %d,%d: %.0f, not %.2f",
					     from->width, from->height, to->width, to->height, x,
					     y, is, must);
		}
}

static void check_scale(uint32_t fourcc, const uint32_t sizes[4], bool at_end)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	struct picture from = picture_new(fourcc, sizes[0], sizes[1], 6, at_end);
	struct picture to = picture_new(fourcc, sizes[2], sizes[3], 6, at_end);

	/* libyuv counts the way from one sample to the next in 128ths: no cliffs. */
	fill(&from, 16);
	ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
	check_gaps(&to);
	for (unsigned i = 0; i < pixels->n_planes; i++)
		for (unsigned byte = 0; byte < pixels->planes[i].bytes; byte++) {
			struct samples a = samples_of(&from, i, byte), b = samples_of(&to, i, byte);

			compare_scaled(&a, &b);
		}
	picture_free(&from);
	picture_free(&to);
}

static const uint32_t scaled_formats[] = {
	DRM_FORMAT_YUV420, DRM_FORMAT_NV12, DRM_FORMAT_YUV444, DRM_FORMAT_NV16, DRM_FORMAT_R8,
	DRM_FORMAT_ABGR8888, DRM_FORMAT_XRGB8888,
};

#define N_SCALED ((int)(sizeof scaled_formats / sizeof *scaled_formats))

START_TEST(scaling_agrees_with_its_definition)
{
	static const uint32_t sizes[][4] = {
		{ 64, 48, 128, 96 }, { 64, 48, 32, 24 }, { 64, 48, 16, 12 }, { 64, 48, 48, 36 },
		{ 100, 80, 170, 130 }, { 100, 80, 37, 31 }, { 100, 80, 70, 51 },
		{ 100, 80, 100, 40 }, { 100, 80, 50, 80 }, { 100, 80, 130, 80 },
		{ 100, 80, 100, 130 }, { 100, 80, 60, 110 }, { 100, 80, 160, 50 },
		{ 102, 82, 14, 12 }, { 101, 83, 21, 17 }, { 60, 90, 20, 30 },
	};

	state = (uint32_t)_i;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		check_scale(scaled_formats[_i], sizes[i], i % 2);
}
END_TEST

START_TEST(scaling_of_any_sizes_agrees_with_its_definition)
{
	state = (uint32_t)_i + 100;
	for (int i = 0; i < 60; i++) {
		uint32_t sizes[4];

		/* Chroma has two samples each way at least: of one there is nothing between. */
		for (unsigned k = 0; k < 4; k++)
			sizes[k] = 4 + random_below(120);
		/* Three eighths have weights of their own; more than 128 to one go in steps. */
		if (sizes[0] * sizes[1] > 100 * sizes[2] * sizes[3] ||
		    (8 * sizes[2] == 3 * sizes[0] && 8 * sizes[3] == 3 * sizes[1]))
			continue;
		check_scale(scaled_formats[_i], sizes, i % 2);
	}
}
END_TEST

/* However much it shrinks, an even colour stays, and the mean of others is about right. */
START_TEST(thumbnails_are_as_bright_as_the_picture)
{
	static const uint32_t sizes[][4] = {
		{ 1920, 1080, 4, 3 }, { 1920, 1080, 1, 1 }, { 3000, 40, 2, 4 }, { 40, 3000, 4, 2 },
		{ 32768, 4, 1, 1 }, { 4, 32768, 1, 1 }, { 4, 32768, 4, 1 }, { 32768, 4, 1, 4 },
		{ 32767, 4, 1, 1 }, { 1, 32768, 1, 1 }, { 32768, 1, 1, 1 }, { 640, 480, 7, 5 },
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct picture from = picture_new(DRM_FORMAT_NV12, sizes[i][0], sizes[i][1], 2,
						  true);
		struct picture to = picture_new(DRM_FORMAT_NV12, sizes[i][2], sizes[i][3], 2, true);

		for (unsigned k = 0; k < 2; k++)
			memset(from.image.planes[k].data, 200, from.memory[k].bytes);
		ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
		for (unsigned k = 0; k < 2; k++)
			for (size_t x = 0; x < (to.image.width + k) / (1 + k); x++)
				ck_assert_int_le(abs(row_of(&to, k, 0)[x] - 200), 1);
		picture_free(&from);
		picture_free(&to);
	}
}
END_TEST

/* ---- turning ---- */

static const uint32_t all_formats[] = {
	DRM_FORMAT_YUV420, DRM_FORMAT_YVU420, DRM_FORMAT_YUV444, DRM_FORMAT_NV12, DRM_FORMAT_NV21,
	DRM_FORMAT_NV24, DRM_FORMAT_R8, DRM_FORMAT_S010, DRM_FORMAT_S410, DRM_FORMAT_S012,
	DRM_FORMAT_P010, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_RGB888,
	DRM_FORMAT_BGR888, DRM_FORMAT_RGB565,
	/* Chroma that is finer one way, and groups of pixels. */
	DRM_FORMAT_YUV422, DRM_FORMAT_NV16, DRM_FORMAT_NV61, DRM_FORMAT_S210, DRM_FORMAT_YUYV,
	DRM_FORMAT_VYUY,
};

#define N_ALL ((int)(sizeof all_formats / sizeof *all_formats))
#define N_TURNING 16

/* Where sample x, y of a turned plane of that size was before. */
static void source_of(const struct convert_change *change, int width, int height, int *x, int *y)
{
	int right = change->flip ? width - 1 - *x : *x, down = *y;

	switch (change->rotation) {
	case 90:
		*x = down;
		*y = width - 1 - right;
		break;
	case 180:
		*x = width - 1 - right;
		*y = height - 1 - down;
		break;
	case 270:
		*x = height - 1 - down;
		*y = right;
		break;
	default:
		*x = right;
		break;
	}
}

static void check_turn(uint32_t fourcc, uint32_t width, uint32_t height,
		       const struct convert_change *change, size_t gap, bool at_end)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	bool swap = change->rotation % 180;
	struct picture from = picture_new(fourcc, width, height, gap, at_end);
	struct picture to = picture_new(fourcc, swap ? height : width, swap ? width : height, gap,
					at_end);

	fill(&from, 255);
	ck_assert(convert_possible(&from.image, change, &to.image));
	ck_assert_int_eq(convert_change(&from.image, change, &to.image), 0);
	check_gaps(&to);
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		struct samples a = samples_of(&from, i, 0), b = samples_of(&to, i, 0);

		for (int y = 0; y < b.height; y++)
			for (int x = 0; x < b.width; x++) {
				int old_x = x, old_y = y;

				source_of(change, b.width, b.height, &old_x, &old_y);
				if (memcmp(b.data + (size_t)y * b.stride + (size_t)x * b.step,
					   a.data + (size_t)old_y * a.stride +
						   (size_t)old_x * a.step, a.step) != 0)
					ck_abort_msg("%.4s %ux%u by %u%s: sample %d,%d of plane %u",
						     (const char *)&fourcc, width, height,
						     change->rotation,
						     change->flip ? " and flipped" : "", x, y, i);
			}
	}
	picture_free(&from);
	picture_free(&to);
}

START_TEST(turns_are_exact)
{
	state = (uint32_t)_i;
	for (uint16_t rotation = 0; rotation < 360; rotation += 90)
		for (int flip = 0; flip < 2; flip++) {
			struct convert_change change = { rotation, flip, false };

			check_turn(all_formats[_i], 1, 1, &change, 0, true);
			check_turn(all_formats[_i], 64, 48, &change, 0, true);
			for (int i = 0; i < 12; i++)
				check_turn(all_formats[_i], 1 + random_below(70),
					   1 + random_below(70), &change, 2 * random_below(5),
					   i % 2);
		}
}
END_TEST

/* Formats that cannot turn by themselves do so by way of 4:4:4. */
START_TEST(others_turn_on_their_way)
{
	struct convert_change quarter = { 90, false, false }, back = { 270, false, false };
	uint32_t fourcc = all_formats[_i];
	struct picture from = picture_new(fourcc, 64, 48, 4, true);
	struct picture same = picture_new(DRM_FORMAT_YUV444, 64, 48, 4, true);
	struct picture turned = picture_new(DRM_FORMAT_NV16, 48, 64, 4, true);
	struct picture to = picture_new(DRM_FORMAT_YUV444, 64, 48, 4, true);

	state = 7;
	fill(&from, 1);
	ck_assert_int_eq(convert_frame(&from.image, &same.image), 0);
	ck_assert_int_eq(convert_change(&from.image, &quarter, &turned.image), 0);
	ck_assert_int_eq(convert_change(&turned.image, &back, &to.image), 0);
	for (unsigned i = 0; i < 3; i++)
		for (size_t y = 0; y < 48; y++)
			for (size_t x = 0; x < 64; x++)
				ck_assert_int_le(abs(row_of(&to, i, y)[x] -
						     row_of(&same, i, y)[x]), i ? 4 : 0);
	picture_free(&from);
	picture_free(&same);
	picture_free(&turned);
	picture_free(&to);
}
END_TEST

/* ---- cropping ---- */

/* The part of a picture is what it is, wherever it begins, and whatever is beside it. */
START_TEST(parts_are_as_pictures_of_their_own)
{
	uint32_t fourcc = all_formats[_i];
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	unsigned grid_x = 1, grid_y = 1;

	state = (uint32_t)_i;
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		grid_x = pixels->planes[i].sub_x > grid_x ? pixels->planes[i].sub_x : grid_x;
		grid_y = pixels->planes[i].sub_y > grid_y ? pixels->planes[i].sub_y : grid_y;
	}
	for (int n = 0; n < 12; n++) {
		uint32_t left = random_below(8) * grid_x + grid_x, top = random_below(8) * grid_y;
		uint32_t width = 1 + random_below(30), height = 1 + random_below(30);
		struct picture whole = picture_new(fourcc, 64, 64, 2, true);
		struct picture part = picture_new(fourcc, width, height, 0, true);
		struct picture a = picture_new(DRM_FORMAT_YUV420, 20, 24, 0, true);
		struct picture b = picture_new(DRM_FORMAT_YUV420, 20, 24, 0, true);
		struct convert_change change = { (uint16_t)(90 * random_below(4)), n % 2, false };
		struct convert_image crop = whole.image;

		fill(&whole, 255);
		crop.width = width;
		crop.height = height;
		for (unsigned i = 0; i < pixels->n_planes; i++) {
			crop.planes[i].data = row_of(&whole, i, top / pixels->planes[i].sub_y) +
					      left / pixels->planes[i].sub_x *
						      pixels->planes[i].bytes;
			for (size_t y = 0; y < pixel_format_rows(pixels, i, height); y++)
				memcpy(row_of(&part, i, y),
				       crop.planes[i].data + y * crop.planes[i].stride,
				       pixel_format_row_bytes(pixels, i, width));
		}
		ck_assert_int_eq(convert_change(&crop, &change, &a.image), 0);
		ck_assert_int_eq(convert_change(&part.image, &change, &b.image), 0);
		for (unsigned i = 0; i < 3; i++)
			ck_assert_mem_eq(a.image.planes[i].data, b.image.planes[i].data,
					 a.memory[i].bytes);
		picture_free(&whole);
		picture_free(&part);
		picture_free(&a);
		picture_free(&b);
	}
}
END_TEST

/* ---- colours ---- */

static const struct convert_image meanings[] = {
	{ .matrix = WC_MATRIX_BT709, .range = WC_COLOR_RANGE_LIMITED },
	{ .matrix = WC_MATRIX_BT709, .range = WC_COLOR_RANGE_FULL },
	{ .matrix = WC_MATRIX_SMPTE170M, .range = WC_COLOR_RANGE_LIMITED },
	{ .matrix = WC_MATRIX_BT470BG, .range = WC_COLOR_RANGE_FULL },
	{ .matrix = WC_MATRIX_BT2020_NCL, .range = WC_COLOR_RANGE_LIMITED },
	{ .matrix = WC_MATRIX_BT2020_NCL, .range = WC_COLOR_RANGE_FULL },
};

#define N_MEANINGS ((int)(sizeof meanings / sizeof *meanings))

static void shares(const struct convert_image *meaning, double *red, double *blue)
{
	*red = meaning->matrix == WC_MATRIX_BT709 ? 0.2126
	       : meaning->matrix == WC_MATRIX_BT2020_NCL ? 0.2627 : 0.299;
	*blue = meaning->matrix == WC_MATRIX_BT709 ? 0.0722
		: meaning->matrix == WC_MATRIX_BT2020_NCL ? 0.0593 : 0.114;
}

/* ITU-T H.273 equations 20 to 38; R, G, B from 0 to 1, not clipped. */
static void to_rgb(const double yuv[3], const struct convert_image *meaning, unsigned bits,
		   double rgb[3])
{
	bool full = meaning->range == WC_COLOR_RANGE_FULL;
	double scale = 1 << (bits - 8), max = (1 << bits) - 1, red, blue;
	double y = full ? yuv[0] / max : (yuv[0] / scale - 16) / 219;
	double u = (yuv[1] - 128 * scale) / (full ? max : 224 * scale);
	double v = (yuv[2] - 128 * scale) / (full ? max : 224 * scale);

	shares(meaning, &red, &blue);
	rgb[0] = y + 2 * (1 - red) * v;
	rgb[2] = y + 2 * (1 - blue) * u;
	rgb[1] = (y - red * rgb[0] - blue * rgb[2]) / (1 - red - blue);
}

static void to_yuv(const double rgb[3], const struct convert_image *meaning, unsigned bits,
		   double yuv[3])
{
	bool full = meaning->range == WC_COLOR_RANGE_FULL;
	double scale = 1 << (bits - 8), max = (1 << bits) - 1, red, blue, y;

	shares(meaning, &red, &blue);
	y = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2];
	yuv[0] = full ? y * max : (y * 219 + 16) * scale;
	yuv[1] = (rgb[2] - y) / (2 * (1 - blue)) * (full ? max : 224 * scale) + 128 * scale;
	yuv[2] = (rgb[0] - y) / (2 * (1 - red)) * (full ? max : 224 * scale) + 128 * scale;
	for (unsigned i = 0; i < 3; i++)
		yuv[i] = yuv[i] < 0 ? 0 : yuv[i] > max ? max : yuv[i];
}

struct yuv_layout {
	uint32_t fourcc;
	unsigned bits, shift;
	bool swapped;
};

static const struct yuv_layout layouts[] = {
	{ DRM_FORMAT_YUV444, 8, 0, false }, { DRM_FORMAT_YUV420, 8, 0, false },
	{ DRM_FORMAT_YVU420, 8, 0, true }, { DRM_FORMAT_YUV422, 8, 0, false },
	{ DRM_FORMAT_NV12, 8, 0, false }, { DRM_FORMAT_NV21, 8, 0, true },
	{ DRM_FORMAT_NV16, 8, 0, false }, { DRM_FORMAT_NV42, 8, 0, true },
	{ DRM_FORMAT_S010, 10, 0, false }, { DRM_FORMAT_S210, 10, 0, false },
	{ DRM_FORMAT_S412, 12, 0, false }, { DRM_FORMAT_P010, 10, 6, false },
};

#define N_LAYOUTS ((int)(sizeof layouts / sizeof *layouts))

static uint8_t *component_at(const struct picture *p, const struct yuv_layout *layout, unsigned c,
			     unsigned x, unsigned y)
{
	const struct pixel_format *pixels = pixel_format_find(p->image.fourcc);
	unsigned place = c && layout->swapped ? 3 - c : c, plane = place;
	size_t bytes = layout->bits > 8 ? 2 : 1, at = 0;

	if (c && pixels->n_planes == 2) {
		plane = 1;
		at = place == 2 ? bytes : 0;
	}
	return row_of(p, plane, y / pixels->planes[plane].sub_y) +
	       x / pixels->planes[plane].sub_x * pixels->planes[plane].bytes + at;
}

static double get(const struct picture *p, const struct yuv_layout *layout, unsigned c, unsigned x,
		  unsigned y)
{
	const uint8_t *at = component_at(p, layout, c, x, y);

	return layout->bits == 8 ? at[0] : (at[0] | at[1] << 8) >> layout->shift;
}

static void put(const struct picture *p, const struct yuv_layout *layout, unsigned c, unsigned x,
		unsigned y, unsigned value)
{
	uint8_t *at = component_at(p, layout, c, x, y);

	at[0] = (uint8_t)(value << layout->shift);
	if (layout->bits > 8)
		at[1] = (uint8_t)(value << layout->shift >> 8);
}

static void check_recolor(const struct yuv_layout *layout, const struct convert_image *from,
			  const struct convert_image *to, unsigned width, unsigned height)
{
	struct picture a = picture_new(layout->fourcc, width, height, 2, true);
	struct picture b = picture_new(layout->fourcc, width, height, 2, true);
	struct convert_change change = { .recolor = true };

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			for (unsigned c = 0; c < 3; c++)
				put(&a, layout, c, x, y, random_below(1u << layout->bits));
	a.image.matrix = from->matrix;
	a.image.range = from->range;
	b.image.matrix = to->matrix;
	b.image.range = to->range;
	ck_assert_int_eq(convert_change(&a.image, &change, &b.image), 0);
	check_gaps(&b);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			double yuv[3], rgb[3];

			for (unsigned c = 0; c < 3; c++)
				yuv[c] = get(&a, layout, c, x, y);
			to_rgb(yuv, from, layout->bits, rgb);
			to_yuv(rgb, to, layout->bits, yuv);
			for (unsigned c = 0; c < 3; c++)
				if (fabs(get(&b, layout, c, x, y) - yuv[c]) > 1)
					ck_abort_msg("%.4s, component %u: %.0f, not %.2f",
						     (const char *)&layout->fourcc, c,
						     get(&b, layout, c, x, y), yuv[c]);
		}
	picture_free(&a);
	picture_free(&b);
}

START_TEST(matrices_and_ranges_are_exact_within_one)
{
	state = (uint32_t)_i;
	for (int i = 0; i < N_MEANINGS; i++)
		for (int k = 0; k < N_MEANINGS; k++) {
			check_recolor(&layouts[_i], &meanings[i], &meanings[k], 24, 18);
			check_recolor(&layouts[_i], &meanings[i], &meanings[k], 7, 5);
			check_recolor(&layouts[_i], &meanings[i], &meanings[k], 1, 1);
		}
}
END_TEST

/* Where the format or the size changes too, in whatever order. */
START_TEST(colours_change_on_the_way)
{
	static const struct {
		uint32_t from, to;
		uint32_t width, height;
		uint16_t rotation;
	} rows[] = {
		{ DRM_FORMAT_NV12, DRM_FORMAT_YUV420, 32, 32, 0 },
		{ DRM_FORMAT_NV12, DRM_FORMAT_YUV444, 60, 20, 0 },
		{ DRM_FORMAT_YUYV, DRM_FORMAT_NV12, 16, 16, 90 },
		{ DRM_FORMAT_YUV422, DRM_FORMAT_NV16, 50, 16, 270 },
		{ DRM_FORMAT_NV12, DRM_FORMAT_R8, 32, 32, 0 },
		{ DRM_FORMAT_P010, DRM_FORMAT_NV12, 32, 16, 180 },
	};
	/* Y, U and V of one colour in BT.601, full range. */
	static const uint8_t before[3] = { 140, 100, 180 };
	const struct convert_image *bt601 = &meanings[3], *bt709 = &meanings[0];
	double yuv[3] = { 140, 100, 180 }, rgb[3];

	to_rgb(yuv, bt601, 8, rgb);
	to_yuv(rgb, bt709, 8, yuv);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct convert_change change = { rows[i].rotation, false, true };
		struct picture flat = picture_new(DRM_FORMAT_YUV444, 32, 32, 0, true);
		struct picture from = picture_new(rows[i].from, 32, 32, 0, true);
		struct picture to = picture_new(rows[i].to, rows[i].width, rows[i].height, 0, true);
		struct picture seen = picture_new(DRM_FORMAT_YUV444, rows[i].width, rows[i].height,
						  0, true);
		bool grey = rows[i].to == DRM_FORMAT_R8;

		for (unsigned c = 0; c < 3; c++)
			memset(flat.image.planes[c].data, before[c], flat.memory[c].bytes);
		if (rows[i].from == DRM_FORMAT_YUYV) {
			for (size_t x = 0; x < from.memory[0].bytes; x++)
				from.image.planes[0].data[x] =
					before[x % 2 == 0 ? 0 : x % 4 == 1 ? 1 : 2];
		} else if (rows[i].from == DRM_FORMAT_P010) {
			for (unsigned k = 0; k < 2; k++)
				for (size_t x = 0; x < from.memory[k].bytes; x += 2) {
					from.image.planes[k].data[x] = 0;
					from.image.planes[k].data[x + 1] =
						before[k ? 1 + x / 2 % 2 : 0];
				}
		} else {
			ck_assert_int_eq(convert_frame(&flat.image, &from.image), 0);
		}
		from.image.matrix = bt601->matrix;
		from.image.range = bt601->range;
		to.image.matrix = bt709->matrix;
		to.image.range = bt709->range;
		ck_assert_int_eq(convert_change(&from.image, &change, &to.image), 0);
		ck_assert_int_eq(convert_frame(&to.image, &seen.image), 0);
		for (unsigned c = 0; c < (grey ? 1 : 3); c++)
			for (size_t x = 0; x < seen.memory[c].bytes; x++)
				if (fabs(seen.image.planes[c].data[x] - yuv[c]) > 1)
					ck_abort_msg("row %zu, component %u: %u, not %.2f", i, c,
						     seen.image.planes[c].data[x], yuv[c]);
		picture_free(&flat);
		picture_free(&from);
		picture_free(&to);
		picture_free(&seen);
	}
}
END_TEST

/* Nobody asked for it, or there is nothing to compute. */
START_TEST(numbers_stay_unless_asked)
{
	struct picture from = picture_new(DRM_FORMAT_NV12, 31, 17, 0, true);
	struct picture to = picture_new(DRM_FORMAT_NV12, 31, 17, 0, true);
	struct convert_change change = { .recolor = true };

	state = 1;
	fill(&from, 255);
	from.image.matrix = WC_MATRIX_SMPTE170M;
	from.image.range = WC_COLOR_RANGE_LIMITED;
	for (int i = 0; i < 3; i++) {
		/* Not asked for; null; other name, same numbers. */
		to.image.matrix = i == 0 ? WC_MATRIX_BT709 : i == 1 ? 0 : WC_MATRIX_BT470BG;
		to.image.range = i == 0 ? WC_COLOR_RANGE_FULL : 0;
		change.recolor = i != 0;
		ck_assert_int_eq(convert_change(&from.image, &change, &to.image), 0);
		for (unsigned k = 0; k < 2; k++)
			ck_assert_mem_eq(from.image.planes[k].data, to.image.planes[k].data,
					 from.memory[k].bytes);
	}
	picture_free(&from);
	picture_free(&to);
}
END_TEST

/*
 * What is off by more than 1 with RGB on one side, at most, as libyuv counts: it multiplies with 6
 * to 8 bits, and its factor for blue ends at 2.
 */
static double rgb_bound(const struct convert_image *meaning, const double yuv[3], unsigned c)
{
	bool bt601 = meaning->matrix == WC_MATRIX_SMPTE170M || meaning->matrix == WC_MATRIX_BT470BG;

	return 3 + (c == 2 && !bt601 && meaning->range == WC_COLOR_RANGE_LIMITED
		    ? 0.145 * fabs(yuv[1] - 128) : 0);
}

START_TEST(yuv_becomes_rgb_within_bounds)
{
	static const uint8_t bytes[3] = { 2, 1, 0 };
	const struct convert_image *meaning = &meanings[_i];
	double worst = 0;

	state = (uint32_t)_i;
	for (int n = 0; n < 40; n++) {
		struct picture from = picture_new(DRM_FORMAT_YUV444, 32, 8, 0, true);
		struct picture to = picture_new(DRM_FORMAT_XRGB8888, 32, 8, 0, true);

		fill(&from, 255);
		from.image.matrix = meaning->matrix;
		from.image.range = meaning->range;
		ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
		for (size_t i = 0; i < 32 * 8; i++) {
			double yuv[3], rgb[3];

			for (unsigned c = 0; c < 3; c++)
				yuv[c] = from.image.planes[c].data[i];
			to_rgb(yuv, meaning, 8, rgb);
			for (unsigned c = 0; c < 3; c++) {
				double must = fmin(fmax(rgb[c] * 255, 0), 255);
				double off = fabs(to.image.planes[0].data[4 * i + bytes[c]] - must);

				if (off > rgb_bound(meaning, yuv, c))
					ck_abort_msg("component %u of %.0f,%.0f,%.0f: off by %.2f",
						     c, yuv[0], yuv[1], yuv[2], off);
				worst = off > worst ? off : worst;
			}
		}
		picture_free(&from);
		picture_free(&to);
	}
	/* Where it is said to be off it is: else the words of convert.h are out of date. */
	if (_i == 0)
		ck_assert_double_gt(worst, 3);
}
END_TEST

START_TEST(rgb_becomes_yuv_within_bounds)
{
	const struct convert_image *meaning = &meanings[_i];
	/* Those of BT.601 are libyuv's, with 7 bits; the others are our own. */
	double bound = meaning->matrix == WC_MATRIX_SMPTE170M ||
		       meaning->matrix == WC_MATRIX_BT470BG ? 2 : 1;

	state = (uint32_t)_i;
	for (int n = 0; n < 400; n++) {
		struct picture from = picture_new(DRM_FORMAT_XRGB8888, 2, 2, 0, true);
		struct picture to = picture_new(DRM_FORMAT_YUV420, 2, 2, 0, true);
		double rgb[3], yuv[3];
		uint8_t color[4];

		for (unsigned c = 0; c < 4; c++)
			color[c] = (uint8_t)random_below(256);
		for (unsigned i = 0; i < 4; i++)
			memcpy(from.image.planes[0].data + 4 * i, color, 4);
		for (unsigned c = 0; c < 3; c++)
			rgb[c] = color[2 - c] / 255.0;
		to.image.matrix = meaning->matrix;
		to.image.range = meaning->range;
		ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
		to_yuv(rgb, meaning, 8, yuv);
		for (unsigned c = 0; c < 3; c++)
			if (fabs(to.image.planes[c].data[0] - yuv[c]) > bound)
				ck_abort_msg("component %u: %u, not %.2f", c,
					     to.image.planes[c].data[0], yuv[c]);
		picture_free(&from);
		picture_free(&to);
	}
}
END_TEST

/* ---- anything ---- */

static uint32_t any_size(void)
{
	static const uint32_t special[] = { 1, 2, 3, 15, 16, 17, 31, 32, 33, 64 };

	if (random_below(3) == 0)
		return special[random_below(sizeof special / sizeof *special)];
	return 1 + random_below(100);
}

/* Sides of the greatest length, with little the other way. */
static void make_long(uint32_t *width, uint32_t *height)
{
	uint32_t *side = random_below(2) ? width : height;

	*width = 1 + random_below(3);
	*height = 1 + random_below(3);
	*side = 32768 - random_below(2);
}

START_TEST(nothing_is_touched_outside)
{
	unsigned done = 0;

	state = (uint32_t)_i * 1000 + 1;
	for (int n = 0; n < 400; n++) {
		uint32_t source = all_formats[random_below(N_ALL)];
		uint32_t target = all_formats[random_below(N_ALL)];
		uint32_t width = any_size(), height = any_size();
		uint32_t new_width = any_size(), new_height = any_size();
		struct convert_change change = { (uint16_t)(90 * random_below(4)),
						 random_below(2), random_below(2) };
		struct picture from, to;
		int ret;

		if (n % 16 == 0)
			make_long(&width, &height);
		if (n % 16 == 8)
			make_long(&new_width, &new_height);
		from = picture_new(source, width, height, 2 * random_below(20), n & 1);
		to = picture_new(target, new_width, new_height, 2 * random_below(20), n & 2);
		from.image.matrix = meanings[random_below(N_MEANINGS)].matrix;
		to.image.range = (enum wc_color_range)random_below(3);
		fill(&from, 255);
		ret = convert_change(&from.image, &change, &to.image);
		ck_assert_int_eq(ret, convert_possible(&from.image, &change, &to.image) ? 0
											: -ENOTSUP);
		done += ret == 0;
		check_gaps(&to);
		picture_free(&from);
		picture_free(&to);
	}
	ck_assert_uint_gt(done, 200);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct picture from = picture_new(DRM_FORMAT_YUYV, 32, 32, 0, true);
	struct picture to = picture_new(DRM_FORMAT_YUYV, 32, 32, 0, true);
	struct convert_change turn = { .rotation = 90 }, colors = { .recolor = true };
	struct convert_image unknown = to.image;

	ck_assert(!convert_possible(&from.image, &turn, &to.image));
	ck_assert_int_eq(convert_change(&from.image, &turn, &to.image), -ENOTSUP);
	to.image.range = WC_COLOR_RANGE_FULL;
	ck_assert(!convert_possible(&from.image, &colors, &to.image));
	ck_assert_int_eq(convert_change(&from.image, &colors, &to.image), -ENOTSUP);
	unknown.fourcc = DRM_FORMAT_NV15;
	ck_assert_int_eq(convert_change(&from.image, &turn, &unknown), -ENOTSUP);
	ck_assert_int_eq(convert_change(&unknown, &turn, &from.image), -ENOTSUP);
	unknown = to.image;
	unknown.fourcc = DRM_FORMAT_R8;
	unknown.width = 32769;
	ck_assert_int_eq(convert_change(&from.image, &turn, &unknown), -EINVAL);
	picture_free(&from);
	picture_free(&to);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, scaling_agrees_with_its_definition, 0, N_SCALED);
	tcase_add_loop_test(tcase, scaling_of_any_sizes_agrees_with_its_definition, 0, N_SCALED);
	tcase_add_test(tcase, thumbnails_are_as_bright_as_the_picture);
	tcase_add_loop_test(tcase, turns_are_exact, 0, N_TURNING);
	tcase_add_loop_test(tcase, others_turn_on_their_way, N_TURNING, N_ALL);
	tcase_add_loop_test(tcase, parts_are_as_pictures_of_their_own, 0, N_ALL);
	tcase_add_loop_test(tcase, matrices_and_ranges_are_exact_within_one, 0, N_LAYOUTS);
	tcase_add_test(tcase, colours_change_on_the_way);
	tcase_add_test(tcase, numbers_stay_unless_asked);
	tcase_add_loop_test(tcase, yuv_becomes_rgb_within_bounds, 0, N_MEANINGS);
	tcase_add_loop_test(tcase, rgb_becomes_yuv_within_bounds, 0, N_MEANINGS);
	tcase_add_loop_test(tcase, nothing_is_touched_outside, 0, 4);
	tcase_add_test(tcase, what_cannot_be_is_refused);
}

int main(void)
{
	Suite *suite = suite_create("convert_change");
	TCase *tcase = tcase_create("convert_change");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
