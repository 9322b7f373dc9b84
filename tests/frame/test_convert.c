/* SPDX-License-Identifier: MIT */
/*
 * Pixel conversion, all pairs: pictures of evenly coloured squares are painted in each format by
 * the definition of the format, converted, and read by the definition of the other.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frame/convert.h"
#include "frame/pixel_format.h"

#define SQUARE 16
#define SENTINEL 0xa5

static const uint32_t formats[] = {
	DRM_FORMAT_YUV420, DRM_FORMAT_YVU420, DRM_FORMAT_YUV422, DRM_FORMAT_YVU422,
	DRM_FORMAT_YUV444, DRM_FORMAT_NV12, DRM_FORMAT_NV21, DRM_FORMAT_NV16, DRM_FORMAT_NV61,
	DRM_FORMAT_NV24, DRM_FORMAT_NV42, DRM_FORMAT_R8, DRM_FORMAT_YUYV, DRM_FORMAT_YVYU,
	DRM_FORMAT_UYVY, DRM_FORMAT_VYUY, DRM_FORMAT_S010, DRM_FORMAT_S210, DRM_FORMAT_S410,
	DRM_FORMAT_S012, DRM_FORMAT_S212, DRM_FORMAT_S412, DRM_FORMAT_P010, DRM_FORMAT_ARGB8888,
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ABGR8888, DRM_FORMAT_XBGR8888, DRM_FORMAT_RGBA8888,
	DRM_FORMAT_RGBX8888, DRM_FORMAT_BGRA8888, DRM_FORMAT_BGRX8888, DRM_FORMAT_RGB888,
	DRM_FORMAT_BGR888, DRM_FORMAT_RGB565,
};

#define N_FORMATS ((int)(sizeof formats / sizeof *formats))

/* Formats that can be read only. */
static bool is_source_only(uint32_t fourcc)
{
	static const uint32_t list[] = {
		DRM_FORMAT_YUYV, DRM_FORMAT_YVYU, DRM_FORMAT_UYVY, DRM_FORMAT_VYUY,
		DRM_FORMAT_S012, DRM_FORMAT_S212, DRM_FORMAT_S412, DRM_FORMAT_P010,
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if (list[i] == fourcc)
			return true;
	return false;
}

/* ---- pictures ---- */

struct picture {
	struct convert_image image;
	size_t sizes[WC_MAX_PLANES];
};

/* Each plane in memory of its own, rows a little apart. */
static struct picture picture_new(uint32_t fourcc, uint32_t width, uint32_t height)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	struct picture picture = { .image = { .fourcc = fourcc, .width = width,
					      .height = height } };

	ck_assert_ptr_nonnull(pixels);
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t row = pixel_format_row_bytes(pixels, i, width);

		picture.image.planes[i].stride = row + 6;
		picture.sizes[i] = (row + 6) * (pixel_format_rows(pixels, i, height) - 1) + row;
		picture.image.planes[i].data = malloc(picture.sizes[i]);
		memset(picture.image.planes[i].data, SENTINEL, picture.sizes[i]);
	}
	return picture;
}

static void picture_free(struct picture *picture)
{
	for (unsigned i = 0; i < WC_MAX_PLANES; i++)
		free(picture->image.planes[i].data);
}

/* Check notes each assertion in a file, so what is checked by the million is so on failure only. */
static void check_gaps(const struct picture *picture)
{
	const struct convert_image *image = &picture->image;
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t row = pixel_format_row_bytes(pixels, i, image->width);

		for (size_t at = 0; at < picture->sizes[i]; at++)
			if (at % image->planes[i].stride >= row &&
			    image->planes[i].data[at] != SENTINEL)
				ck_abort_msg("byte %zu behind a row was written", at);
	}
}

/* ---- the definitions of the formats ---- */

/* Where a sample lies: plane, byte, and significant bits, of which shift are below it. */
struct place {
	unsigned plane;
	size_t offset;
	unsigned bits, shift;
};

/* Bytes of red, green, blue and alpha of a pixel in memory; 4: there is no alpha. */
static const struct {
	uint32_t fourcc;
	uint8_t bytes[4];
} rgb_bytes[] = {
	{ DRM_FORMAT_ARGB8888, { 2, 1, 0, 3 } }, { DRM_FORMAT_XRGB8888, { 2, 1, 0, 4 } },
	{ DRM_FORMAT_ABGR8888, { 0, 1, 2, 3 } }, { DRM_FORMAT_XBGR8888, { 0, 1, 2, 4 } },
	{ DRM_FORMAT_RGBA8888, { 3, 2, 1, 0 } }, { DRM_FORMAT_RGBX8888, { 3, 2, 1, 4 } },
	{ DRM_FORMAT_BGRA8888, { 1, 2, 3, 0 } }, { DRM_FORMAT_BGRX8888, { 1, 2, 3, 4 } },
	{ DRM_FORMAT_RGB888, { 2, 1, 0, 4 } }, { DRM_FORMAT_BGR888, { 0, 1, 2, 4 } },
};

static const uint8_t *rgb_order(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof rgb_bytes / sizeof *rgb_bytes; i++)
		if (rgb_bytes[i].fourcc == fourcc)
			return rgb_bytes[i].bytes;
	return NULL;
}

static bool has_alpha(uint32_t fourcc)
{
	return rgb_order(fourcc) && rgb_order(fourcc)[3] < 4;
}

/* V comes first. */
static bool is_swapped(uint32_t fourcc)
{
	return fourcc == DRM_FORMAT_YVU420 || fourcc == DRM_FORMAT_YVU422 ||
	       fourcc == DRM_FORMAT_NV21 || fourcc == DRM_FORMAT_NV61 ||
	       fourcc == DRM_FORMAT_NV42 || fourcc == DRM_FORMAT_YVYU ||
	       fourcc == DRM_FORMAT_VYUY;
}

static struct place packed_place(uint32_t fourcc, unsigned component, unsigned x)
{
	bool luma_first = fourcc == DRM_FORMAT_YUYV || fourcc == DRM_FORMAT_YVYU;
	size_t at = x / 2 * 4;

	if (component == 0)
		return (struct place) { 0, at + x % 2 * 2 + !luma_first, 8, 0 };
	if (is_swapped(fourcc))
		component = 3 - component;
	return (struct place) { 0, at + (component - 1) * 2 + luma_first, 8, 0 };
}

static unsigned bits_of(uint32_t fourcc)
{
	switch (fourcc) {
	case DRM_FORMAT_S010: case DRM_FORMAT_S210: case DRM_FORMAT_S410: case DRM_FORMAT_P010:
		return 10;
	case DRM_FORMAT_S012: case DRM_FORMAT_S212: case DRM_FORMAT_S412:
		return 12;
	default:
		return 8;
	}
}

/* component: 0 Y, 1 U, 2 V of the pixel at x; the row is that of the plane. */
static struct place yuv_place(uint32_t fourcc, unsigned component, unsigned x)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	unsigned bits = bits_of(fourcc), shift = fourcc == DRM_FORMAT_P010 ? 6 : 0;
	size_t bytes = bits > 8 ? 2 : 1;

	if (pixels->n_planes == 1 && fourcc != DRM_FORMAT_R8)
		return packed_place(fourcc, component, x);
	if (component == 0)
		return (struct place) { 0, x * bytes, bits, shift };
	if (is_swapped(fourcc))
		component = 3 - component;
	x /= pixels->planes[1].sub_x;
	if (pixels->n_planes == 2)
		return (struct place) { 1, (2 * x + component - 1) * bytes, bits, shift };
	return (struct place) { component, x * bytes, bits, shift };
}

static uint8_t *sample_at(const struct convert_image *image, const struct place *place,
			  unsigned y)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);

	y /= pixels->planes[place->plane].sub_y;
	return image->planes[place->plane].data + y * image->planes[place->plane].stride +
	       place->offset;
}

/* Values are 0 to 1 of what the bits hold. */
static void put_sample(const struct convert_image *image, const struct place *place, unsigned y,
		       double value)
{
	uint8_t *at = sample_at(image, place, y);
	unsigned number = (unsigned)lround(value / 255 * (1 << (place->bits - 8)) * 255);

	if (place->bits == 8) {
		*at = (uint8_t)number;
		return;
	}
	number <<= place->shift;
	at[0] = (uint8_t)number;
	at[1] = (uint8_t)(number >> 8);
}

static double get_sample(const struct convert_image *image, const struct place *place, unsigned y)
{
	const uint8_t *at = sample_at(image, place, y);

	if (place->bits == 8)
		return *at;
	return (double)((at[0] | at[1] << 8) >> place->shift) / (1 << (place->bits - 8));
}

/* ---- colours ---- */

/* Y, U, V or R, G, B, in 8 bits. */
struct color {
	double c[3];
};

static void weights(enum wc_color_matrix matrix, double *red, double *blue)
{
	*red = 0.2126;
	*blue = 0.0722;
	if (matrix == WC_MATRIX_BT470BG || matrix == WC_MATRIX_SMPTE170M) {
		*red = 0.299;
		*blue = 0.114;
	} else if (matrix == WC_MATRIX_BT2020_NCL) {
		*red = 0.2627;
		*blue = 0.0593;
	}
}

static struct color to_yuv(const struct color *rgb, const struct convert_image *meaning)
{
	bool full = meaning->range == WC_COLOR_RANGE_FULL;
	double red, blue, y;

	weights(meaning->matrix, &red, &blue);
	y = red * rgb->c[0] + (1 - red - blue) * rgb->c[1] + blue * rgb->c[2];
	return (struct color) { {
		full ? y : 16 + y * 219 / 255,
		128 + (rgb->c[2] - y) / (2 * (1 - blue)) * (full ? 1 : 224.0 / 255),
		128 + (rgb->c[0] - y) / (2 * (1 - red)) * (full ? 1 : 224.0 / 255),
	} };
}

/* Even, dark and strong ones; none at the very ends, where matrices clip. */
static struct color square_color(unsigned column, unsigned row)
{
	return (struct color) { {
		30 + (column * 67 + row * 29) % 196,
		30 + (column * 41 + row * 83 + 60) % 196,
		30 + (column * 113 + row * 59 + 120) % 196,
	} };
}

static double alpha_of(unsigned column, unsigned row)
{
	return 20 + (column * 31 + row * 17) % 200;
}

static void put_pixel(const struct convert_image *image, const struct convert_image *meaning,
		      unsigned x, unsigned y)
{
	struct color color = square_color(x / SQUARE, y / SQUARE);
	const uint8_t *order = rgb_order(image->fourcc);
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);

	if (image->fourcc == DRM_FORMAT_RGB565) {
		uint8_t *at = image->planes[0].data + y * image->planes[0].stride + 2 * x;
		unsigned number = (unsigned)lround(color.c[0] * 31 / 255) << 11 |
				  (unsigned)lround(color.c[1] * 63 / 255) << 5 |
				  (unsigned)lround(color.c[2] * 31 / 255);

		at[0] = (uint8_t)number;
		at[1] = (uint8_t)(number >> 8);
	} else if (order) {
		for (unsigned c = 0; c < 3; c++) {
			struct place place = { 0, x * pixels->planes[0].bytes + order[c], 8, 0 };

			put_sample(image, &place, y, color.c[c]);
		}
		if (order[3] < 4) {
			struct place place = { 0, x * 4 + order[3], 8, 0 };

			put_sample(image, &place, y, alpha_of(x / SQUARE, y / SQUARE));
		}
	} else {
		struct color yuv = to_yuv(&color, meaning);

		for (unsigned c = 0; c < (image->fourcc == DRM_FORMAT_R8 ? 1 : 3); c++) {
			struct place place = yuv_place(image->fourcc, c, x);

			put_sample(image, &place, y, yuv.c[c]);
		}
	}
}

static void paint(const struct picture *picture, const struct convert_image *meaning)
{
	for (unsigned y = 0; y < picture->image.height; y++)
		for (unsigned x = 0; x < picture->image.width; x++)
			put_pixel(&picture->image, meaning, x, y);
}

static struct color get_pixel(const struct convert_image *image, unsigned x, unsigned y)
{
	const uint8_t *order = rgb_order(image->fourcc);
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);
	struct color color = { { 0, 0, 0 } };

	if (image->fourcc == DRM_FORMAT_RGB565) {
		const uint8_t *at = image->planes[0].data + y * image->planes[0].stride + 2 * x;
		unsigned number = (unsigned)(at[0] | at[1] << 8);

		color.c[0] = (number >> 11) * 255.0 / 31;
		color.c[1] = (number >> 5 & 63) * 255.0 / 63;
		color.c[2] = (number & 31) * 255.0 / 31;
		return color;
	}
	for (unsigned c = 0; c < (image->fourcc == DRM_FORMAT_R8 ? 1 : 3); c++) {
		struct place place = { 0, 0, 8, 0 };

		if (order)
			place.offset = x * pixels->planes[0].bytes + order[c];
		else
			place = yuv_place(image->fourcc, c, x);
		color.c[c] = get_sample(image, &place, y);
	}
	return color;
}

/* What a square must look like in the target. A grey source has no colour to give. */
static struct color expected_color(uint32_t source, uint32_t target,
				   const struct convert_image *meaning, unsigned column,
				   unsigned row)
{
	struct color rgb = square_color(column, row), yuv = to_yuv(&rgb, meaning);
	bool full = meaning->range == WC_COLOR_RANGE_FULL;

	if (source == DRM_FORMAT_R8)
		rgb.c[0] = rgb.c[1] = rgb.c[2] = full ? yuv.c[0] : (yuv.c[0] - 16) * 255 / 219;
	if (pixel_format_find(target)->rgb)
		return rgb;
	if (source == DRM_FORMAT_R8)
		yuv.c[1] = yuv.c[2] = 128;
	if (target == DRM_FORMAT_R8)
		yuv.c[1] = yuv.c[2] = 0;
	return yuv;
}

/*
 * libyuv computes with 6 to 8 bits behind the point, cuts off at each step, and what is cut off is
 * multiplied on the way to RGB; RGB565 keeps 5 bits. See convert.h for blue.
 */
static double tolerance(uint32_t source, uint32_t target, const struct convert_image *meaning,
			const struct color *yuv, unsigned component)
{
	bool from_rgb = pixel_format_find(source)->rgb, to_rgb = pixel_format_find(target)->rgb;
	bool bt601 = meaning->matrix == WC_MATRIX_SMPTE170M || meaning->matrix == WC_MATRIX_BT470BG;
	double blue = component == 2 && !bt601 && meaning->range != WC_COLOR_RANGE_FULL
			      ? 0.15 * fabs(yuv->c[1] - 128) : 0;
	double deep = bits_of(source) > 8 ? 1 : 0;

	if (source == DRM_FORMAT_RGB565 || target == DRM_FORMAT_RGB565)
		return 11 + (to_rgb && !from_rgb ? blue + 2 * deep : 0);
	if (from_rgb != to_rgb)
		return 4 + (to_rgb ? blue + 2 * deep : 0);
	return (from_rgb ? 2.1 : 1.6) + deep;
}

static void check_square(const struct picture *picture, uint32_t source,
			 const struct convert_image *meaning, unsigned column, unsigned row,
			 unsigned x, unsigned y)
{
	struct color is = get_pixel(&picture->image, x, y);
	struct color must = expected_color(source, picture->image.fourcc, meaning, column, row);
	struct color rgb = square_color(column, row), yuv = to_yuv(&rgb, meaning);

	for (unsigned c = 0; c < 3; c++)
		if (fabs(is.c[c] - must.c[c]) >
		    tolerance(source, picture->image.fourcc, meaning, &yuv, c))
			ck_abort_msg("%.4s to %.4s, pixel %u,%u, component %u: %.1f, not %.1f",
				     (const char *)&source,
				     (const char *)&picture->image.fourcc, x, y, c, is.c[c],
				     must.c[c]);
}

/* The middle of each square, wherever it went; edges may mix. */
static void check_squares(const struct picture *picture, uint32_t source, uint32_t width,
			  uint32_t height, const struct convert_image *meaning)
{
	for (unsigned row = 0; (row + 1) * SQUARE <= height; row++)
		for (unsigned column = 0; (column + 1) * SQUARE <= width; column++)
			check_square(picture, source, meaning, column, row,
				     (column * SQUARE + SQUARE / 2) * picture->image.width / width,
				     (row * SQUARE + SQUARE / 2) * picture->image.height / height);
}

static int try_convert(uint32_t source, uint32_t target, const uint32_t sizes[4],
		       const struct convert_image *meaning)
{
	struct picture from = picture_new(source, sizes[0], sizes[1]);
	struct picture to = picture_new(target, sizes[2], sizes[3]);
	bool source_rgb = pixel_format_find(source)->rgb;
	int ret;

	paint(&from, meaning);
	if (!source_rgb) {
		from.image.matrix = meaning->matrix;
		from.image.range = meaning->range;
	} else {
		to.image.matrix = meaning->matrix;
		to.image.range = meaning->range;
	}
	ret = convert_frame(&from.image, &to.image);
	check_gaps(&to);
	if (ret == 0)
		check_squares(&to, source, sizes[0], sizes[1], meaning);
	picture_free(&from);
	picture_free(&to);
	return ret;
}

/* ---- tests ---- */

static const struct convert_image meanings[] = {
	{ .matrix = WC_MATRIX_UNSPECIFIED },
	{ .matrix = WC_MATRIX_BT709, .range = WC_COLOR_RANGE_FULL },
	{ .matrix = WC_MATRIX_SMPTE170M, .range = WC_COLOR_RANGE_LIMITED },
	{ .matrix = WC_MATRIX_BT470BG, .range = WC_COLOR_RANGE_FULL },
	{ .matrix = WC_MATRIX_BT2020_NCL, .range = WC_COLOR_RANGE_LIMITED },
	{ .matrix = WC_MATRIX_BT2020_NCL, .range = WC_COLOR_RANGE_FULL },
};

#define N_MEANINGS ((int)(sizeof meanings / sizeof *meanings))

START_TEST(all_pairs_convert)
{
	static const uint32_t even[4] = { 64, 80, 64, 80 }, odd[4] = { 55, 67, 55, 67 };
	uint32_t source = formats[_i];

	for (int i = 0; i < N_FORMATS; i++) {
		uint32_t target = formats[i];
		bool possible = source == target || !is_source_only(target);
		/* Colours mean something only where they change sides. */
		bool cross = pixel_format_find(source)->rgb != pixel_format_find(target)->rgb;

		ck_assert_msg(convert_supported(source, target) == possible, "%.4s to %.4s",
			      (const char *)&source, (const char *)&target);
		for (int m = 0; m < (cross ? N_MEANINGS : 1); m++) {
			int wanted = possible ? 0 : -ENOTSUP;

			ck_assert_int_eq(try_convert(source, target, even, &meanings[m]), wanted);
			ck_assert_int_eq(try_convert(source, target, odd, &meanings[m]), wanted);
		}
	}
}
END_TEST

START_TEST(all_pairs_scale)
{
	static const uint32_t sizes[][4] = {
		{ 80, 96, 160, 192 }, { 160, 160, 80, 80 }, { 96, 80, 100, 77 },
		{ 129, 131, 97, 101 }, { 64, 64, 64, 96 },
	};
	uint32_t source = formats[_i];

	for (int i = 0; i < N_FORMATS; i++) {
		uint32_t target = formats[i];
		int wanted = is_source_only(target) ? -ENOTSUP : 0;

		/* Rows that can be scaled as they are. */
		if (source == target && (source == DRM_FORMAT_S012 || source == DRM_FORMAT_S212 ||
					 source == DRM_FORMAT_S412))
			wanted = 0;
		for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
			ck_assert_int_eq(try_convert(source, target, sizes[n], &meanings[n]),
					 wanted);
	}
}
END_TEST

static void fill_random(const struct picture *picture)
{
	uint32_t state = 1;

	for (unsigned i = 0; i < WC_MAX_PLANES && picture->image.planes[i].data; i++) {
		for (size_t at = 0; at < picture->sizes[i]; at++) {
			state = state * 1664525 + 1013904223;
			picture->image.planes[i].data[at] = (uint8_t)(state >> 24);
		}
	}
}

START_TEST(copies_are_exact)
{
	struct picture from = picture_new(formats[_i], 45, 35);
	struct picture to = picture_new(formats[_i], 45, 35);
	const struct pixel_format *pixels = pixel_format_find(formats[_i]);

	fill_random(&from);
	ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
	check_gaps(&to);
	for (unsigned i = 0; i < pixels->n_planes; i++)
		for (unsigned row = 0; row < pixel_format_rows(pixels, i, 35); row++)
			ck_assert_mem_eq(
				from.image.planes[i].data + row * from.image.planes[i].stride,
				to.image.planes[i].data + row * to.image.planes[i].stride,
				pixel_format_row_bytes(pixels, i, 45));
	picture_free(&from);
	picture_free(&to);
}
END_TEST

/* What is there is kept, what is not there is opaque. */
START_TEST(alpha_is_kept_or_opaque)
{
	for (int i = 0; i < N_FORMATS; i++) {
		uint32_t target = formats[i];
		struct picture from, to;

		if (!has_alpha(target))
			continue;
		from = picture_new(formats[_i], 48, 40);
		to = picture_new(target, 48, 40);
		paint(&from, &meanings[0]);
		ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
		for (unsigned x = 0; x < 48; x++) {
			struct place place = { 0, 4 * x + rgb_order(target)[3], 8, 0 };
			double wanted = has_alpha(formats[_i]) ? alpha_of(x / SQUARE, 0) : 255;

			ck_assert_double_eq(get_sample(&to.image, &place, 3), wanted);
		}
		picture_free(&from);
		picture_free(&to);
	}
}
END_TEST

START_TEST(ten_bits_survive_between_their_formats)
{
	struct picture from = picture_new(DRM_FORMAT_P010, 34, 6);
	struct picture to = picture_new(DRM_FORMAT_S010, 34, 6);

	for (unsigned y = 0; y < 6; y++) {
		for (unsigned x = 0; x < 34; x++) {
			unsigned number = (y * 34 + x) * 5 % 1024 << 6;
			uint8_t *at = from.image.planes[0].data +
				      y * from.image.planes[0].stride + 2 * x;

			at[0] = (uint8_t)number;
			at[1] = (uint8_t)(number >> 8);
		}
	}
	ck_assert_int_eq(convert_frame(&from.image, &to.image), 0);
	for (unsigned y = 0; y < 6; y++) {
		for (unsigned x = 0; x < 34; x++) {
			const uint8_t *at = to.image.planes[0].data +
					    y * to.image.planes[0].stride + 2 * x;

			ck_assert_int_eq(at[0] | at[1] << 8, (y * 34 + x) * 5 % 1024);
		}
	}
	picture_free(&from);
	picture_free(&to);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct picture from = picture_new(DRM_FORMAT_YUV420, 32, 32);
	struct picture to = picture_new(DRM_FORMAT_NV12, 32, 32);
	struct convert_image bad = from.image;

	ck_assert(!convert_supported(DRM_FORMAT_YUV420, 0));
	ck_assert(!convert_supported(0, DRM_FORMAT_YUV420));
	ck_assert(!convert_supported(0, 0));
	bad.fourcc = DRM_FORMAT_NV15;
	ck_assert_int_eq(convert_frame(&bad, &to.image), -ENOTSUP);
	bad = from.image;
	bad.width = 0;
	ck_assert_int_eq(convert_frame(&bad, &to.image), -EINVAL);
	bad.width = 40000;
	ck_assert_int_eq(convert_frame(&bad, &to.image), -EINVAL);
	bad = from.image;
	bad.planes[0].stride = (size_t)1 << 31;
	ck_assert_int_eq(convert_frame(&bad, &to.image), -EINVAL);
	picture_free(&from);
	picture_free(&to);
}
END_TEST

START_TEST(sizes_are_those_of_the_pixels)
{
	struct convert_image image = { .fourcc = DRM_FORMAT_YUV420, .width = 5, .height = 3 };

	image.planes[0].stride = 64;
	ck_assert_uint_eq(convert_size(&image), 15 + 6 + 6);
	image.fourcc = DRM_FORMAT_ABGR8888;
	ck_assert_uint_eq(convert_size(&image), 60);
	image.fourcc = 0;
	ck_assert_uint_eq(convert_size(&image), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("convert");
	TCase *tcase = tcase_create("convert");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, all_pairs_convert, 0, N_FORMATS);
	tcase_add_loop_test(tcase, all_pairs_scale, 0, N_FORMATS);
	tcase_add_loop_test(tcase, copies_are_exact, 0, N_FORMATS);
	tcase_add_loop_test(tcase, alpha_is_kept_or_opaque, 0, N_FORMATS);
	tcase_add_test(tcase, ten_bits_survive_between_their_formats);
	tcase_add_test(tcase, what_cannot_be_is_refused);
	tcase_add_test(tcase, sizes_are_those_of_the_pixels);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
