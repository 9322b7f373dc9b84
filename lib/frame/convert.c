/* SPDX-License-Identifier: MIT */
#include "frame/convert.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libyuv.h>

#include "frame/pixel_format.h"
#include "frame/recolor.h"
#include "frame/turn.h"
#include "util/macros.h"

/* Rows that go through an intermediate picture at once; a multiple of every subsampling. */
#define BAND_ROWS 32

#define MAX_PIXELS 32768

/* Samples that become one at once, see shrinks_much(). */
#define MAX_BOX 128

enum kind {
	PLANAR,      /* Y, U, V of 8 bits */
	HALF_PLANAR, /* Y, then U and V of 8 bits in turn */
	GREY,
	PACKED,      /* 4:2:2 of 8 bits in one plane */
	DEEP,        /* planar, 10 or 12 low bits of 16 */
	DEEP_HIGH,   /* half planar, 10 high bits of 16 */
	RGB,
};

/* What the conversions need to know of a format beyond its struct pixel_format. */
struct traits {
	uint32_t fourcc;
	enum kind kind;
	bool swapped;          /* V before U */
	unsigned bits;         /* DEEP: significant bits */
	uint32_t peer;         /* PACKED, DEEP: planar 8-bit format with the same sampling */
};

static const struct traits traits[] = {
	{ DRM_FORMAT_YUV420, PLANAR, false, 8, 0 },
	{ DRM_FORMAT_YVU420, PLANAR, true, 8, 0 },
	{ DRM_FORMAT_YUV422, PLANAR, false, 8, 0 },
	{ DRM_FORMAT_YVU422, PLANAR, true, 8, 0 },
	{ DRM_FORMAT_YUV444, PLANAR, false, 8, 0 },
	{ DRM_FORMAT_NV12, HALF_PLANAR, false, 8, 0 },
	{ DRM_FORMAT_NV21, HALF_PLANAR, true, 8, 0 },
	{ DRM_FORMAT_NV16, HALF_PLANAR, false, 8, 0 },
	{ DRM_FORMAT_NV61, HALF_PLANAR, true, 8, 0 },
	{ DRM_FORMAT_NV24, HALF_PLANAR, false, 8, 0 },
	{ DRM_FORMAT_NV42, HALF_PLANAR, true, 8, 0 },
	{ DRM_FORMAT_R8, GREY, false, 8, 0 },
	{ DRM_FORMAT_YUYV, PACKED, false, 8, DRM_FORMAT_YUV422 },
	{ DRM_FORMAT_YVYU, PACKED, true, 8, DRM_FORMAT_YUV422 },
	{ DRM_FORMAT_UYVY, PACKED, false, 8, DRM_FORMAT_YUV422 },
	{ DRM_FORMAT_VYUY, PACKED, true, 8, DRM_FORMAT_YUV422 },
	{ DRM_FORMAT_S010, DEEP, false, 10, DRM_FORMAT_YUV420 },
	{ DRM_FORMAT_S210, DEEP, false, 10, DRM_FORMAT_YUV422 },
	{ DRM_FORMAT_S410, DEEP, false, 10, DRM_FORMAT_YUV444 },
	{ DRM_FORMAT_S012, DEEP, false, 12, DRM_FORMAT_YUV420 },
	{ DRM_FORMAT_S212, DEEP, false, 12, DRM_FORMAT_YUV422 },
	{ DRM_FORMAT_S412, DEEP, false, 12, DRM_FORMAT_YUV444 },
	{ DRM_FORMAT_P010, DEEP_HIGH, false, 10, DRM_FORMAT_S010 },
	{ DRM_FORMAT_ARGB8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_XRGB8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_ABGR8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_XBGR8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_RGBA8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_RGBX8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_BGRA8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_BGRX8888, RGB, false, 8, 0 },
	{ DRM_FORMAT_RGB888, RGB, false, 8, 0 },
	{ DRM_FORMAT_BGR888, RGB, false, 8, 0 },
	{ DRM_FORMAT_RGB565, RGB, false, 8, 0 },
};

static const struct traits *traits_find(uint32_t fourcc)
{
	for (size_t i = 0; i < ARRAY_SIZE(traits); i++)
		if (traits[i].fourcc == fourcc)
			return &traits[i];
	return NULL;
}

/* A plane as libyuv wants it. */
struct plane {
	uint8_t *data;
	int stride, width, height;
};

static struct plane plane_of(const struct convert_image *image, unsigned index)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);
	uint32_t sub = pixels->planes[index].sub_x;

	return (struct plane) {
		.data = image->planes[index].data,
		.stride = (int)image->planes[index].stride,
		.width = (int)((image->width + sub - 1) / sub),
		.height = (int)pixel_format_rows(pixels, index, image->height),
	};
}

static uint16_t *wide(uint8_t *data)
{
	return (uint16_t *)(void *)data;
}

static bool same_size(const struct convert_image *a, const struct convert_image *b)
{
	return a->width == b->width && a->height == b->height;
}

/* Memory of ours for a picture, one block behind *memory, which the caller frees. */
static int image_alloc(struct convert_image *image, void **memory, uint32_t fourcc,
		       uint32_t width, uint32_t height)
{
	struct wc_plane_layout layout[WC_MAX_PLANES];
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	size_t size = pixel_format_layout(pixels, width, height, layout);

	*memory = size ? malloc(size) : NULL;
	if (!*memory)
		return -ENOMEM;
	*image = (struct convert_image) { .fourcc = fourcc, .width = width, .height = height };
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		image->planes[i].data = (uint8_t *)*memory + layout[i].offset;
		image->planes[i].stride = layout[i].stride;
	}
	return 0;
}

/* --- YUV of 8 bits, any sampling, any size --- */

/* ScalePlane() divides the size by that of the result, 16 bits behind the point in 32. */
static int countable(int size, int result)
{
	return size == MAX_PIXELS && result == 1 ? size - 1 : size;
}

static void scale_plane_once(const struct plane *src, const struct plane *dst)
{
	ScalePlane(src->data, src->stride, countable(src->width, dst->width),
		   countable(src->height, dst->height), dst->data, dst->stride, dst->width,
		   dst->height, kFilterBox);
}

/*
 * Whether too many samples become one: libyuv multiplies their sum by what is left of 65536 when
 * it was divided by their number, and sums columns up in 16 bits.
 */
static bool shrinks_much(const struct plane *src, const struct plane *dst)
{
	return 2 * dst->width < src->width && 2 * dst->height < src->height &&
	       (int64_t)src->width * src->height >
	       (int64_t)MAX_BOX * dst->width * dst->height;
}

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

/* The filter is said in convert.h. In steps of less than MAX_BOX, of which the last is 8 by 8. */
static int scale_plane(const struct plane *src, const struct plane *dst)
{
	struct plane middle;
	int ret;

	if (!shrinks_much(src, dst)) {
		scale_plane_once(src, dst);
		return 0;
	}
	middle.width = smaller(8 * dst->width, src->width);
	middle.height = smaller(8 * dst->height, src->height);
	middle.stride = middle.width;
	middle.data = malloc((size_t)middle.width * (size_t)middle.height);
	if (!middle.data)
		return -ENOMEM;
	ret = scale_plane(src, &middle);
	if (ret == 0)
		scale_plane_once(&middle, dst);
	free(middle.data);
	return ret;
}

/* U or V of a planar picture, whichever comes first in memory. */
static struct plane chroma_plane(const struct convert_image *image, unsigned v)
{
	return plane_of(image, traits_find(image->fourcc)->swapped ? 2 - v : 1 + v);
}

/*
 * U and V as planes: those of the picture, or new ones in memory. UVScale() of libyuv would go
 * without, but is off by two even where the colour is the same all over.
 */
static struct uv_planes {
	struct plane u, v;
} uv_planes(const struct convert_image *image, uint8_t *memory)
{
	struct plane both = plane_of(image, 1);
	size_t bytes = (size_t)both.width * (size_t)both.height;

	if (traits_find(image->fourcc)->kind == PLANAR)
		return (struct uv_planes) { chroma_plane(image, 0), chroma_plane(image, 1) };
	return (struct uv_planes) {
		{ memory, both.width, both.width, both.height },
		{ memory + bytes, both.width, both.width, both.height },
	};
}

/* Half planar to planes of the same size. */
static void split(const struct convert_image *image, const struct uv_planes *to)
{
	struct plane both = plane_of(image, 1);
	bool swapped = traits_find(image->fourcc)->swapped;
	const struct plane *first = swapped ? &to->v : &to->u;
	const struct plane *second = swapped ? &to->u : &to->v;

	SplitUVPlane(both.data, both.stride, first->data, first->stride, second->data,
		     second->stride, both.width, both.height);
}

static void merge(const struct uv_planes *from, const struct convert_image *image)
{
	struct plane both = plane_of(image, 1);
	bool swapped = traits_find(image->fourcc)->swapped;
	const struct plane *first = swapped ? &from->v : &from->u;
	const struct plane *second = swapped ? &from->u : &from->v;

	MergeUVPlane(first->data, first->stride, second->data, second->stride, both.data,
		     both.stride, both.width, both.height);
}

static size_t chroma_bytes(const struct convert_image *image)
{
	struct plane plane = plane_of(image, 1);

	if (traits_find(image->fourcc)->kind == PLANAR)
		return 0;
	return 2 * (size_t)plane.width * (size_t)plane.height;
}

static int chroma_resized(const struct convert_image *src, const struct convert_image *dst)
{
	size_t before = chroma_bytes(src), after = chroma_bytes(dst);
	uint8_t *memory = malloc(before + after + 1);
	struct uv_planes from, to;
	int ret;

	if (!memory)
		return -ENOMEM;
	from = uv_planes(src, memory);
	to = uv_planes(dst, memory + before);
	if (before)
		split(src, &from);
	ret = scale_plane(&from.u, &to.u);
	if (ret == 0)
		ret = scale_plane(&from.v, &to.v);
	if (ret == 0 && after)
		merge(&to, dst);
	free(memory);
	return ret;
}

static void half_to_half(const struct convert_image *src, const struct convert_image *dst)
{
	struct plane from = plane_of(src, 1), to = plane_of(dst, 1);

	if (traits_find(src->fourcc)->swapped == traits_find(dst->fourcc)->swapped)
		CopyPlane(from.data, from.stride, to.data, to.stride, 2 * to.width, to.height);
	else
		SwapUVPlane(from.data, from.stride, to.data, to.stride, to.width, to.height);
}

static int convert_chroma(const struct convert_image *src, const struct convert_image *dst)
{
	bool from_planar = traits_find(src->fourcc)->kind == PLANAR;
	bool to_planar = traits_find(dst->fourcc)->kind == PLANAR;
	struct plane before = plane_of(src, 1), after = plane_of(dst, 1);
	struct uv_planes planes;

	if (before.width != after.width || before.height != after.height ||
	    (from_planar && to_planar))
		return chroma_resized(src, dst);
	if (!from_planar && !to_planar) {
		half_to_half(src, dst);
		return 0;
	}
	/* One of the two has the planes, so no memory is needed for them. */
	planes = uv_planes(from_planar ? src : dst, NULL);
	if (from_planar)
		merge(&planes, dst);
	else
		split(src, &planes);
	return 0;
}

/* No chroma: the middle of its range. */
static void fill_chroma(const struct convert_image *dst)
{
	const struct pixel_format *pixels = pixel_format_find(dst->fourcc);

	for (unsigned i = 1; i < pixels->n_planes; i++) {
		struct plane plane = plane_of(dst, i);

		SetPlane(plane.data, plane.stride, plane.width * pixels->planes[i].bytes,
			 plane.height, 0x80808080);
	}
}

static int yuv_to_yuv(const struct convert_image *src, const struct convert_image *dst)
{
	enum kind from = traits_find(src->fourcc)->kind, to = traits_find(dst->fourcc)->kind;
	struct plane luma = plane_of(src, 0), target = plane_of(dst, 0);
	int ret = scale_plane(&luma, &target);

	if (ret < 0 || to == GREY)
		return ret;
	if (from == GREY) {
		fill_chroma(dst);
		return 0;
	}
	return convert_chroma(src, dst);
}

/* --- Packed 4:2:2, to planar or half planar --- */

static int packed_to_planar(const struct convert_image *src, const struct convert_image *dst)
{
	bool swap = traits_find(src->fourcc)->swapped != traits_find(dst->fourcc)->swapped;
	bool luma_first = src->fourcc == DRM_FORMAT_YUYV || src->fourcc == DRM_FORMAT_YVYU;
	bool half_rows = pixel_format_find(dst->fourcc)->planes[1].sub_y == 2;
	struct plane from = plane_of(src, 0), y = plane_of(dst, 0);
	struct plane u = plane_of(dst, swap ? 2 : 1), v = plane_of(dst, swap ? 1 : 2);
	int (*unpack)(const uint8_t *, int, uint8_t *, int, uint8_t *, int, uint8_t *, int, int,
		      int);

	if (half_rows)
		unpack = luma_first ? YUY2ToI420 : UYVYToI420;
	else
		unpack = luma_first ? YUY2ToI422 : UYVYToI422;
	return unpack(from.data, from.stride, y.data, y.stride, u.data, u.stride, v.data, v.stride,
		      (int)src->width, (int)src->height);
}

/* --- More than 8 bits --- */

static int deep_to_planar(const struct convert_image *src, const struct convert_image *dst)
{
	/* The multiplier is 16 bits wide: 2^(24 - bits) takes the upper 8 of the significant. */
	int scale = 1 << (24 - traits_find(src->fourcc)->bits);

	for (unsigned i = 0; i < 3; i++) {
		struct plane from = plane_of(src, i), to = plane_of(dst, i);

		Convert16To8Plane(wide(from.data), from.stride / 2, to.data, to.stride, scale,
				  to.width, to.height);
	}
	return 0;
}

static int planar_to_deep(const struct convert_image *src, const struct convert_image *dst)
{
	/*
	 * Samples times 257 times this over 2^16: a shift by two, as between coded streams. With
	 * 1024, that libyuv proposes, 235 would not become 940.
	 */
	const int scale = 1021;

	for (unsigned i = 0; i < 3; i++) {
		struct plane from = plane_of(src, i), to = plane_of(dst, i);

		Convert8To16Plane(from.data, from.stride, wide(to.data), to.stride / 2, scale,
				  to.width, to.height);
	}
	return 0;
}

static int deep_to_deep(const struct convert_image *src, const struct convert_image *dst)
{
	for (unsigned i = 0; i < 3; i++) {
		struct plane from = plane_of(src, i), to = plane_of(dst, i);

		ScalePlane_16(wide(from.data), from.stride / 2, from.width, from.height,
			      wide(to.data), to.stride / 2, to.width, to.height, kFilterBox);
	}
	return 0;
}

/* P010 to S010. */
static int deep_high_to_deep(const struct convert_image *src, const struct convert_image *dst)
{
	struct plane y = plane_of(src, 0), uv = plane_of(src, 1);
	struct plane to[3] = { plane_of(dst, 0), plane_of(dst, 1), plane_of(dst, 2) };

	ConvertToLSBPlane_16(wide(y.data), y.stride / 2, wide(to[0].data), to[0].stride / 2,
			     y.width, y.height, 10);
	SplitUVPlane_16(wide(uv.data), uv.stride / 2, wide(to[1].data), to[1].stride / 2,
			wide(to[2].data), to[2].stride / 2, to[1].width, to[1].height, 10);
	return 0;
}

/* --- RGB --- */

typedef int (*rgb_converter)(const uint8_t *, int, uint8_t *, int, int, int);

/*
 * libyuv names bytes from the most significant, as DRM does, so its ARGB is DRM's ARGB8888; its
 * RGB24 and RAW are DRM's RGB888 and BGR888. RGBA and BGRA follow the same order.
 */
static const struct rgb_row {
	uint32_t fourcc;
	rgb_converter to_argb, from_argb;
	bool opaque;                     /* the fourth byte has no meaning */
} rgb_rows[] = {
	{ DRM_FORMAT_ARGB8888, ARGBCopy, ARGBCopy, false },
	{ DRM_FORMAT_XRGB8888, ARGBCopy, ARGBCopy, true },
	{ DRM_FORMAT_ABGR8888, ABGRToARGB, ARGBToABGR, false },
	{ DRM_FORMAT_XBGR8888, ABGRToARGB, ARGBToABGR, true },
	{ DRM_FORMAT_RGBA8888, RGBAToARGB, ARGBToRGBA, false },
	{ DRM_FORMAT_RGBX8888, RGBAToARGB, ARGBToRGBA, true },
	{ DRM_FORMAT_BGRA8888, BGRAToARGB, ARGBToBGRA, false },
	{ DRM_FORMAT_BGRX8888, BGRAToARGB, ARGBToBGRA, true },
	{ DRM_FORMAT_RGB888, RGB24ToARGB, ARGBToRGB24, false },
	{ DRM_FORMAT_BGR888, RAWToARGB, ARGBToRAW, false },
	{ DRM_FORMAT_RGB565, RGB565ToARGB, ARGBToRGB565, false },
};

static const struct rgb_row *rgb_row(uint32_t fourcc)
{
	for (size_t i = 0; i < ARRAY_SIZE(rgb_rows); i++)
		if (rgb_rows[i].fourcc == fourcc)
			return &rgb_rows[i];
	return NULL;
}

static void make_opaque(const struct plane *argb)
{
	for (int row = 0; row < argb->height; row++) {
		uint8_t *alpha = argb->data + (size_t)row * (size_t)argb->stride + 3;

		for (int i = 0; i < argb->width; i++)
			alpha[4 * i] = 0xff;
	}
}

static int rgb_to_argb(const struct convert_image *src, const struct convert_image *dst)
{
	const struct rgb_row *row = rgb_row(src->fourcc);
	struct plane from = plane_of(src, 0), to = plane_of(dst, 0);
	int ret = row->to_argb(from.data, from.stride, to.data, to.stride, to.width, to.height);

	if (ret == 0 && row->opaque)
		make_opaque(&to);
	return ret;
}

static int argb_to_rgb(const struct convert_image *src, const struct convert_image *dst)
{
	struct plane from = plane_of(src, 0), to = plane_of(dst, 0);

	return rgb_row(dst->fourcc)->from_argb(from.data, from.stride, to.data, to.stride,
					       to.width, to.height);
}

/* One byte of each pixel of a picture with four, as planes one after the other in memory. */
static struct plane byte_plane(const struct plane *pixels, unsigned byte, uint8_t *memory)
{
	size_t size = (size_t)pixels->width * (size_t)pixels->height;

	return (struct plane) { memory + byte * size, pixels->width, pixels->width,
				pixels->height };
}

/*
 * Four bytes a pixel, whatever they mean, each as a plane: ARGBScale() of libyuv has no boxes, and
 * interpolates with fewer bits.
 */
static int scale_rgb(const struct convert_image *src, const struct convert_image *dst)
{
	struct plane from = plane_of(src, 0), to = plane_of(dst, 0), a[4], b[4];
	size_t before = 4 * (size_t)from.width * (size_t)from.height;
	uint8_t *memory = malloc(before + 4 * (size_t)to.width * (size_t)to.height);
	int ret = 0;

	if (!memory)
		return -ENOMEM;
	for (unsigned i = 0; i < 4; i++) {
		a[i] = byte_plane(&from, i, memory);
		b[i] = byte_plane(&to, i, memory + before);
	}
	SplitARGBPlane(from.data, from.stride, a[2].data, a[2].stride, a[1].data, a[1].stride,
		       a[0].data, a[0].stride, a[3].data, a[3].stride, from.width, from.height);
	for (unsigned i = 0; i < 4 && ret == 0; i++)
		ret = scale_plane(&a[i], &b[i]);
	if (ret == 0)
		MergeARGBPlane(b[2].data, b[2].stride, b[1].data, b[1].stride, b[0].data,
			       b[0].stride, b[3].data, b[3].stride, to.data, to.stride, to.width,
			       to.height);
	free(memory);
	return ret;
}

/* ITU-T H.273 table 4: the shares of red and blue in luma, times 10000. */
struct matrix_row {
	enum wc_color_matrix matrix;
	int32_t red, blue;
	const struct YuvConstants *yuv[2], *yvu[2];   /* limited and full range */
};

static const struct matrix_row matrix_rows[] = {
	{ WC_MATRIX_BT709, 2126, 722, { &kYuvH709Constants, &kYuvF709Constants },
	  { &kYvuH709Constants, &kYvuF709Constants } },
	{ WC_MATRIX_BT470BG, 2990, 1140, { &kYuvI601Constants, &kYuvJPEGConstants },
	  { &kYvuI601Constants, &kYvuJPEGConstants } },
	{ WC_MATRIX_SMPTE170M, 2990, 1140, { &kYuvI601Constants, &kYuvJPEGConstants },
	  { &kYvuI601Constants, &kYvuJPEGConstants } },
	{ WC_MATRIX_BT2020_NCL, 2627, 593, { &kYuv2020Constants, &kYuvV2020Constants },
	  { &kYvu2020Constants, &kYvuV2020Constants } },
};

static const struct matrix_row *matrix_row(const struct convert_image *image)
{
	for (size_t i = 0; i < ARRAY_SIZE(matrix_rows); i++)
		if (matrix_rows[i].matrix == image->matrix)
			return &matrix_rows[i];
	return matrix_rows;
}

/* Fixed point, 16 bits behind the point. */
struct weights {
	int32_t y[3], u[3], v[3];        /* of red, green, blue */
	int32_t y_offset;
};

/* H.273 equations 20 to 38 for samples of 8 bits. */
static struct weights weights_of(const struct convert_image *image)
{
	const struct matrix_row *row = matrix_row(image);
	bool full = image->range == WC_COLOR_RANGE_FULL;
	double red = row->red / 10000.0, blue = row->blue / 10000.0, green = 1 - red - blue;
	double y = (full ? 255 : 219) / 255.0 * 65536;
	double c = (full ? 255 : 224) / 255.0 * 65536;
	double u = c / (2 * (1 - blue)), v = c / (2 * (1 - red));

	return (struct weights) {
		.y = { (int32_t)(red * y), (int32_t)(green * y + 0.5), (int32_t)(blue * y) },
		.u = { (int32_t)(-red * u), (int32_t)(-green * u), (int32_t)(c / 2) },
		.v = { (int32_t)(c / 2), (int32_t)(-green * v), (int32_t)(-blue * v) },
		.y_offset = (full ? 0 : 16 << 16) + (1 << 15),
	};
}

static void luma_row(const struct weights *w, const uint8_t *bgra, uint8_t *y, int width)
{
	const int32_t red = w->y[0], green = w->y[1], blue = w->y[2], offset = w->y_offset;

	for (int i = 0; i < width; i++)
		y[i] = (uint8_t)((red * bgra[4 * i + 2] + green * bgra[4 * i + 1] +
				  blue * bgra[4 * i] + offset) >> 16);
}

static uint8_t chroma(const int32_t weights[3], const int sum[3])
{
	/* Sums of four pixels: 18 bits behind the point. 128.5 rounds and is never negative. */
	int32_t value = (weights[0] * sum[0] + weights[1] * sum[1] + weights[2] * sum[2] +
			 (257 << 17)) >> 18;

	return (uint8_t)(value > 255 ? 255 : value);
}

/* The mean of 2 by 2 pixels; at an odd edge the last column or row counts twice. */
static void chroma_row(const struct weights *w, const uint8_t *top, const uint8_t *bottom,
		       uint8_t *u, uint8_t *v, int width)
{
	for (int i = 0; i < width; i += 2) {
		int left = 4 * i, right = i + 1 < width ? left + 4 : left;
		int sum[3];

		for (int c = 0; c < 3; c++)
			sum[2 - c] = top[left + c] + top[right + c] + bottom[left + c] +
				     bottom[right + c];
		u[i / 2] = chroma(w->u, sum);
		v[i / 2] = chroma(w->v, sum);
	}
}

/* libyuv has this for BT.601 only. */
static void argb_to_i420_by_weights(const struct plane *from, const struct plane to[3],
				    const struct weights *w)
{
	for (int row = 0; row < from->height; row++) {
		const uint8_t *top = from->data + (size_t)row * (size_t)from->stride;
		const uint8_t *bottom = row + 1 < from->height ? top + from->stride : top;
		size_t half = (size_t)(row / 2);

		luma_row(w, top, to[0].data + (size_t)row * (size_t)to[0].stride, from->width);
		if (row % 2 == 0)
			chroma_row(w, top, bottom, to[1].data + half * (size_t)to[1].stride,
				   to[2].data + half * (size_t)to[2].stride, from->width);
	}
}

static int argb_to_i420(const struct convert_image *src, const struct convert_image *dst)
{
	struct plane from = plane_of(src, 0);
	struct plane to[3] = { plane_of(dst, 0), plane_of(dst, 1), plane_of(dst, 2) };
	bool bt601 = matrix_row(dst)->red == 2990;
	struct weights weights;

	if (bt601)
		return (dst->range == WC_COLOR_RANGE_FULL ? ARGBToJ420 : ARGBToI420)(
			from.data, from.stride, to[0].data, to[0].stride, to[1].data,
			to[1].stride, to[2].data, to[2].stride, from.width, from.height);
	weights = weights_of(dst);
	argb_to_i420_by_weights(&from, to, &weights);
	return 0;
}

typedef int (*planar_to_rgb_converter)(const uint8_t *, int, const uint8_t *, int,
				       const uint8_t *, int, uint8_t *, int,
				       const struct YuvConstants *, int, int);
typedef int (*half_to_rgb_converter)(const uint8_t *, int, const uint8_t *, int, uint8_t *, int,
				     const struct YuvConstants *, int, int);

/* With U and V exchanged and the constants mirrored the same function writes blue for red. */
static const struct yuv_to_rgb_row {
	uint32_t source, target;
	bool mirrored;
	planar_to_rgb_converter planar;
	half_to_rgb_converter half;
} yuv_to_rgb_rows[] = {
	{ DRM_FORMAT_YUV420, DRM_FORMAT_ARGB8888, false, I420ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_XRGB8888, false, I420ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_ABGR8888, true, I420ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_XBGR8888, true, I420ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_RGB888, false, I420ToRGB24Matrix, NULL },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_BGR888, true, I420ToRGB24Matrix, NULL },
	{ DRM_FORMAT_YUV422, DRM_FORMAT_ARGB8888, false, I422ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV422, DRM_FORMAT_XRGB8888, false, I422ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV422, DRM_FORMAT_ABGR8888, true, I422ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV422, DRM_FORMAT_XBGR8888, true, I422ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV444, DRM_FORMAT_ARGB8888, false, I444ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV444, DRM_FORMAT_XRGB8888, false, I444ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV444, DRM_FORMAT_ABGR8888, true, I444ToARGBMatrix, NULL },
	{ DRM_FORMAT_YUV444, DRM_FORMAT_XBGR8888, true, I444ToARGBMatrix, NULL },
	{ DRM_FORMAT_NV12, DRM_FORMAT_ARGB8888, false, NULL, NV12ToARGBMatrix },
	{ DRM_FORMAT_NV12, DRM_FORMAT_XRGB8888, false, NULL, NV12ToARGBMatrix },
	{ DRM_FORMAT_NV12, DRM_FORMAT_ABGR8888, true, NULL, NV21ToARGBMatrix },
	{ DRM_FORMAT_NV12, DRM_FORMAT_XBGR8888, true, NULL, NV21ToARGBMatrix },
	{ DRM_FORMAT_NV12, DRM_FORMAT_RGB888, false, NULL, NV12ToRGB24Matrix },
	{ DRM_FORMAT_NV12, DRM_FORMAT_BGR888, true, NULL, NV21ToRGB24Matrix },
};

static const struct yuv_to_rgb_row *yuv_to_rgb_row(uint32_t source, uint32_t target)
{
	for (size_t i = 0; i < ARRAY_SIZE(yuv_to_rgb_rows); i++)
		if (yuv_to_rgb_rows[i].source == source && yuv_to_rgb_rows[i].target == target)
			return &yuv_to_rgb_rows[i];
	return NULL;
}

static int yuv_to_rgb(const struct convert_image *src, const struct convert_image *dst)
{
	const struct yuv_to_rgb_row *row = yuv_to_rgb_row(src->fourcc, dst->fourcc);
	const struct matrix_row *matrix = matrix_row(src);
	bool full = src->range == WC_COLOR_RANGE_FULL;
	const struct YuvConstants *constants = (row->mirrored ? matrix->yvu : matrix->yuv)[full];
	struct plane y = plane_of(src, 0), to = plane_of(dst, 0), u, v;

	if (row->half) {
		u = plane_of(src, 1);
		return row->half(y.data, y.stride, u.data, u.stride, to.data, to.stride,
				 constants, to.width, to.height);
	}
	u = plane_of(src, row->mirrored ? 2 : 1);
	v = plane_of(src, row->mirrored ? 1 : 2);
	return row->planar(y.data, y.stride, u.data, u.stride, v.data, v.stride, to.data,
			   to.stride, constants, to.width, to.height);
}

/* --- Choosing --- */

static int copy_planes(const struct convert_image *src, const struct convert_image *dst)
{
	const struct pixel_format *pixels = pixel_format_find(src->fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t bytes = pixel_format_row_bytes(pixels, i, src->width);

		CopyPlane(src->planes[i].data, (int)src->planes[i].stride, dst->planes[i].data,
			  (int)dst->planes[i].stride, (int)bytes,
			  (int)pixel_format_rows(pixels, i, src->height));
	}
	return 0;
}

typedef int (*convert_step)(const struct convert_image *src, const struct convert_image *dst);

static bool is_yuv8(const struct traits *t)
{
	return t->kind == PLANAR || t->kind == HALF_PLANAR || t->kind == GREY;
}

static bool is_argb(uint32_t fourcc)
{
	return fourcc == DRM_FORMAT_ARGB8888 || fourcc == DRM_FORMAT_XRGB8888;
}

/* What changes the size at once. */
static convert_step scaling_step(const struct traits *from, const struct traits *to)
{
	if (is_yuv8(from) && is_yuv8(to))
		return yuv_to_yuv;
	if (from != to)
		return NULL;
	if (from->kind == DEEP)
		return deep_to_deep;
	if (from->kind == RGB && pixel_format_find(from->fourcc)->planes[0].bytes == 4)
		return scale_rgb;
	return NULL;
}

/* What goes from one format to the other at once, without scaling. */
static convert_step direct_step(const struct traits *from, const struct traits *to)
{
	if (from == to)
		return copy_planes;
	if (is_yuv8(from) && is_yuv8(to))
		return yuv_to_yuv;
	if (from->kind == PACKED && (to->fourcc == from->peer || to->fourcc == DRM_FORMAT_YUV420))
		return packed_to_planar;
	if (from->kind == DEEP && to->fourcc == from->peer)
		return deep_to_planar;
	if (to->kind == DEEP && to->bits == 10 && from->fourcc == to->peer)
		return planar_to_deep;
	if (from->kind == DEEP_HIGH && to->fourcc == from->peer)
		return deep_high_to_deep;
	if (from->kind == RGB && is_argb(to->fourcc))
		return rgb_to_argb;
	/* XRGB goes by ARGB, so that no alpha is made of what means nothing. */
	if (from->fourcc == DRM_FORMAT_ARGB8888 && to->kind == RGB)
		return argb_to_rgb;
	if (is_argb(from->fourcc) && to->fourcc == DRM_FORMAT_YUV420)
		return argb_to_i420;
	return yuv_to_rgb_row(from->fourcc, to->fourcc) ? yuv_to_rgb : NULL;
}

/*
 * The format to go through; 0: there is none. at_source: it comes before the scaling, where there
 * is one. Each choice is a step nearer to I420 or ARGB, so the way has an end.
 */
static uint32_t way_point(const struct traits *from, const struct traits *to, bool scaled,
			  bool *at_source)
{
	*at_source = true;
	if (from->kind == PACKED || from->kind == DEEP || from->kind == DEEP_HIGH)
		return from->peer;
	if (from->kind == RGB && from->fourcc != DRM_FORMAT_ARGB8888)
		return DRM_FORMAT_ARGB8888;
	if (from->kind == RGB && to->kind != RGB)
		return DRM_FORMAT_YUV420;
	*at_source = false;
	if (from->kind == RGB)
		return DRM_FORMAT_ARGB8888;
	if (to->kind == DEEP)
		return to->bits == 10 ? to->peer : 0;
	if (to->kind != RGB)
		return 0;
	/* 4:2:0, or all the chroma that is there; then ARGB for the rarer orders of bytes. */
	if (!scaled &&
	    (from->fourcc == DRM_FORMAT_YUV420 || from->fourcc == DRM_FORMAT_YUV444))
		return DRM_FORMAT_ARGB8888;
	return pixel_format_find(from->fourcc)->planes[1].sub_x == 1 ? DRM_FORMAT_YUV444
								     : DRM_FORMAT_YUV420;
}

static bool is_possible(uint32_t source, uint32_t target, bool scaled)
{
	const struct traits *from = traits_find(source), *to = traits_find(target);
	bool at_source;
	uint32_t fourcc;

	if (source == target && !scaled)
		return pixel_format_find(source);
	if (!from || !to)
		return false;
	if ((scaled ? scaling_step : direct_step)(from, to))
		return true;
	fourcc = way_point(from, to, scaled, &at_source);
	return fourcc && is_possible(source, fourcc, scaled && !at_source) &&
	       is_possible(fourcc, target, scaled && at_source);
}

bool convert_supported(uint32_t source, uint32_t target)
{
	return is_possible(source, target, false);
}

static struct convert_image band_of(const struct convert_image *image, uint32_t row)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);
	struct convert_image band = *image;

	band.height = image->height - row < BAND_ROWS ? image->height - row : BAND_ROWS;
	for (unsigned i = 0; i < pixels->n_planes; i++)
		band.planes[i].data += row / pixels->planes[i].sub_y * image->planes[i].stride;
	return band;
}

static int convert(const struct convert_image *src, const struct convert_image *dst);

static int convert_through(const struct convert_image *src, struct convert_image *middle,
			   const struct convert_image *dst)
{
	bool from_rgb = traits_find(src->fourcc)->kind == RGB;
	int ret;

	/* The colours of the YUV side, whichever it is, go with what lies between. */
	middle->matrix = from_rgb ? dst->matrix : src->matrix;
	middle->range = from_rgb ? dst->range : src->range;
	ret = convert(src, middle);
	return ret < 0 ? ret : convert(middle, dst);
}

/* The whole picture at once, where rows depend on others far away. */
static int convert_scaled(const struct convert_image *src, const struct convert_image *dst,
			  uint32_t fourcc, bool at_source)
{
	const struct convert_image *like = at_source ? src : dst;
	struct convert_image middle;
	void *memory;
	int ret = image_alloc(&middle, &memory, fourcc, like->width, like->height);

	if (ret < 0)
		return ret;
	ret = convert_through(src, &middle, dst);
	free(memory);
	return ret;
}

/* A few rows after the other, which stay in the cache between the steps. */
static int convert_bands(const struct convert_image *src, const struct convert_image *dst,
			 uint32_t fourcc)
{
	struct convert_image middle;
	void *memory;
	int ret = image_alloc(&middle, &memory, fourcc, src->width, BAND_ROWS);

	for (uint32_t row = 0; ret == 0 && row < src->height; row += BAND_ROWS) {
		struct convert_image from = band_of(src, row), to = band_of(dst, row);

		middle.height = from.height;
		ret = convert_through(&from, &middle, &to);
	}
	free(memory);
	return ret;
}

/* One step if there is one, else a way point and on from both sides. */
static int convert(const struct convert_image *src, const struct convert_image *dst)
{
	const struct traits *from = traits_find(src->fourcc), *to = traits_find(dst->fourcc);
	bool scaled = !same_size(src, dst), at_source;
	convert_step step = (scaled ? scaling_step : direct_step)(from, to);
	uint32_t fourcc;
	int ret;

	if (step) {
		ret = step(src, dst);
		return ret == -1 ? -EINVAL : ret;
	}
	fourcc = way_point(from, to, scaled, &at_source);
	if (!fourcc)
		return -ENOTSUP;
	return scaled ? convert_scaled(src, dst, fourcc, at_source)
		      : convert_bands(src, dst, fourcc);
}

static bool has_good_size(const struct convert_image *image)
{
	if (!image->width || !image->height || image->width > MAX_PIXELS ||
	    image->height > MAX_PIXELS)
		return false;
	for (unsigned i = 0; i < pixel_format_find(image->fourcc)->n_planes; i++)
		if (image->planes[i].stride > INT_MAX)
			return false;
	return true;
}

/* Samples of 16 bits are read as such: a row must not begin in the middle of one. */
static bool splits_samples(const struct convert_image *image)
{
	enum kind kind = traits_find(image->fourcc)->kind;
	size_t strides = 0;

	for (unsigned i = 0; i < pixel_format_find(image->fourcc)->n_planes; i++)
		strides |= image->planes[i].stride;
	return (kind == DEEP || kind == DEEP_HIGH) && strides % 2;
}

/* Both have good sizes. */
static int convert_checked(const struct convert_image *src, const struct convert_image *dst)
{
	if (src->fourcc == dst->fourcc && same_size(src, dst))
		return copy_planes(src, dst);
	if (splits_samples(src) || splits_samples(dst))
		return -EINVAL;
	return convert(src, dst);
}

/* --- Other colours --- */

/* What dst is to mean, with the nulls filled in from src. */
static struct convert_image meaning_of(const struct convert_image *src,
				       const struct convert_image *dst)
{
	return (struct convert_image) {
		.matrix = dst->matrix ? dst->matrix : src->matrix,
		.range = dst->range ? dst->range : src->range,
	};
}

static bool is_rgb(const struct convert_image *image)
{
	return pixel_format_find(image->fourcc)->rgb;
}

static bool is_grey(const struct convert_image *image)
{
	return image->fourcc == DRM_FORMAT_R8;
}

static bool needs_recolor(const struct convert_image *src, const struct convert_image *dst)
{
	struct convert_image meaning = meaning_of(src, dst);
	bool full = src->range == WC_COLOR_RANGE_FULL;

	if (is_rgb(src) || is_rgb(dst))
		return false;
	return full != (meaning.range == WC_COLOR_RANGE_FULL) ||
	       matrix_row(src)->red != matrix_row(&meaning)->red;
}

static struct recolor_side side_of(const struct convert_image *image)
{
	const struct matrix_row *row = matrix_row(image);

	return (struct recolor_side) { row->red / 10000.0, row->blue / 10000.0,
				       image->range == WC_COLOR_RANGE_FULL };
}

static int recolor(const struct convert_image *src, const struct convert_image *dst)
{
	struct convert_image meaning = meaning_of(src, dst);
	struct recolor_side from = side_of(src), to = side_of(&meaning);

	return recolor_image(src, &from, dst, &to);
}

/* The format in which numbers are recomputed: that of dst, where that has chroma if src has. */
static uint32_t recolor_format(const struct convert_image *src, const struct convert_image *dst)
{
	return is_grey(dst) && !is_grey(src) ? (uint32_t)DRM_FORMAT_YUV420 : dst->fourcc;
}

static int convert_recolored(const struct convert_image *src, const struct convert_image *dst)
{
	uint32_t fourcc = recolor_format(src, dst);
	struct convert_image middle;
	void *memory;
	int ret;

	if (!recolor_possible(fourcc))
		return -ENOTSUP;
	if (src->fourcc == dst->fourcc && same_size(src, dst))
		return recolor(src, dst);
	ret = image_alloc(&middle, &memory, fourcc, dst->width, dst->height);
	if (ret < 0)
		return ret;
	middle.matrix = src->matrix;
	middle.range = src->range;
	ret = convert_checked(src, &middle);
	if (ret == 0 && fourcc == dst->fourcc) {
		ret = recolor(&middle, dst);
	} else if (ret == 0) {
		struct convert_image result = middle;

		result.matrix = dst->matrix;
		result.range = dst->range;
		ret = recolor(&middle, &result);
		if (ret == 0)
			ret = convert_checked(&result, dst);
	}
	free(memory);
	return ret;
}

static int convert_unturned(const struct convert_image *src, bool recolored,
			    const struct convert_image *dst)
{
	return recolored && needs_recolor(src, dst) ? convert_recolored(src, dst)
						    : convert_checked(src, dst);
}

/* --- Turning --- */

/* Where the turn has its place. */
struct turn_plan {
	uint32_t fourcc;               /* in which the picture turns; 0: in none */
	bool late;                     /* behind everything else, or before */
};

static uint64_t pixels_of(const struct convert_image *image)
{
	return (uint64_t)image->width * image->height;
}

/* Preferably where there are fewer pixels; 4:4:4 where neither side can. */
static struct turn_plan plan_turn(const struct convert_image *src, struct turn turn,
				  const struct convert_image *dst)
{
	bool early = turn_possible(src->fourcc, turn), late = turn_possible(dst->fourcc, turn);

	if (early && late)
		late = pixels_of(dst) < pixels_of(src);
	if (late)
		return (struct turn_plan) { dst->fourcc, true };
	if (early)
		return (struct turn_plan) { src->fourcc, false };
	return (struct turn_plan) { DRM_FORMAT_YUV444, false };
}

/* The size of the picture that turns, before and after. */
static void turned_sizes(const struct convert_image *src, struct turn turn,
			 const struct convert_image *dst, bool late, struct convert_image *before,
			 struct convert_image *after)
{
	const struct convert_image *like = late ? dst : src;
	bool transposed = turn_transposes(turn);

	*before = *after = *like;
	if (late && transposed) {
		before->width = dst->height;
		before->height = dst->width;
	} else if (transposed) {
		after->width = src->height;
		after->height = src->width;
	}
}

/* Everything else, and then turn. */
static int turn_late(const struct convert_image *src, const struct convert_image *before,
		     struct turn turn, bool recolored, const struct convert_image *dst)
{
	struct convert_image middle;
	void *memory;
	int ret = image_alloc(&middle, &memory, before->fourcc, before->width, before->height);

	if (ret < 0)
		return ret;
	middle.matrix = dst->matrix;
	middle.range = dst->range;
	ret = convert_unturned(src, recolored, &middle);
	if (ret == 0)
		turn_image(&middle, turn, dst);
	free(memory);
	return ret;
}

/* Turn a picture that can be turned, then everything else. */
static int turn_early(const struct convert_image *src, struct turn turn,
		      const struct convert_image *after, bool recolored,
		      const struct convert_image *dst)
{
	struct convert_image middle;
	void *memory;
	int ret;

	if (src->fourcc == dst->fourcc && same_size(after, dst) &&
	    !(recolored && needs_recolor(src, dst))) {
		turn_image(src, turn, dst);
		return 0;
	}
	ret = image_alloc(&middle, &memory, src->fourcc, after->width, after->height);
	if (ret < 0)
		return ret;
	middle.matrix = src->matrix;
	middle.range = src->range;
	turn_image(src, turn, &middle);
	ret = convert_unturned(&middle, recolored, dst);
	free(memory);
	return ret;
}

/* With as much chroma one way as the other. */
static int turn_in(uint32_t fourcc, const struct convert_image *src, struct turn turn,
		   const struct convert_image *after, bool recolored,
		   const struct convert_image *dst)
{
	struct convert_image middle;
	void *memory;
	int ret = image_alloc(&middle, &memory, fourcc, src->width, src->height);

	if (ret < 0)
		return ret;
	middle.matrix = src->matrix;
	middle.range = src->range;
	ret = convert_checked(src, &middle);
	if (ret == 0)
		ret = turn_early(&middle, turn, after, recolored, dst);
	free(memory);
	return ret;
}

bool convert_possible(const struct convert_image *src, const struct convert_change *change,
		      const struct convert_image *dst)
{
	struct turn turn = { change->rotation, change->flip };
	struct turn_plan plan = plan_turn(src, turn, dst);
	struct convert_image before, after;
	bool scaled;

	if (!pixel_format_find(src->fourcc) || !pixel_format_find(dst->fourcc))
		return false;
	if (change->recolor && needs_recolor(src, dst) &&
	    !recolor_possible(recolor_format(src, dst)))
		return false;
	turned_sizes(src, turn, dst, false, &before, &after);
	scaled = !same_size(&after, dst);
	if (!turn_moves(turn))
		return is_possible(src->fourcc, dst->fourcc, !same_size(src, dst));
	if (plan.late)
		return is_possible(src->fourcc, dst->fourcc, scaled);
	return is_possible(src->fourcc, plan.fourcc, false) &&
	       is_possible(plan.fourcc, dst->fourcc, scaled);
}

int convert_change(const struct convert_image *src, const struct convert_change *change,
		   const struct convert_image *dst)
{
	struct turn turn = { change->rotation, change->flip };
	struct convert_image before, after;
	struct turn_plan plan;

	if (!convert_possible(src, change, dst))
		return -ENOTSUP;
	if (!has_good_size(src) || !has_good_size(dst))
		return -EINVAL;
	if (!turn_moves(turn))
		return convert_unturned(src, change->recolor, dst);
	plan = plan_turn(src, turn, dst);
	turned_sizes(src, turn, dst, plan.late, &before, &after);
	if (plan.late)
		return turn_late(src, &before, turn, change->recolor, dst);
	if (plan.fourcc == src->fourcc)
		return turn_early(src, turn, &after, change->recolor, dst);
	return turn_in(plan.fourcc, src, turn, &after, change->recolor, dst);
}

int convert_frame(const struct convert_image *src, const struct convert_image *dst)
{
	return convert_change(src, &(struct convert_change) { .rotation = 0 }, dst);
}

size_t convert_size(const struct convert_image *image)
{
	struct wc_plane_layout layout[WC_MAX_PLANES];
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);

	return pixels ? pixel_format_layout(pixels, image->width, image->height, layout) : 0;
}
