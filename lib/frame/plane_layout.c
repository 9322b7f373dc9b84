/* SPDX-License-Identifier: MIT */
#include "frame/plane_layout.h"

#include "util/error.h"

void plane_window(const struct pixel_format *pixels, unsigned plane, const struct wc_rect *rect,
		  struct plane_window *window)
{
	uint32_t sub_x = pixels->planes[plane].sub_x;
	uint32_t sub_y = pixels->planes[plane].sub_y;

	window->left = (size_t)(rect->x / sub_x) * pixels->planes[plane].bytes;
	window->top = rect->y / sub_y;
	window->width = pixel_format_row_bytes(pixels, plane, rect->width);
	window->rows = pixel_format_rows(pixels, plane, rect->height);
}

static bool is_aligned(const struct pixel_format *pixels, const struct wc_rect *rect)
{
	for (unsigned i = 0; i < pixels->n_planes; i++)
		if (rect->x % pixels->planes[i].sub_x || rect->y % pixels->planes[i].sub_y)
			return false;
	return true;
}

bool rect_is_zero(const struct wc_rect *rect)
{
	return !rect->x && !rect->y && !rect->width && !rect->height;
}

int rect_check(const struct pixel_format *pixels, const struct wc_rect *rect, uint32_t width,
	       uint32_t height, struct wc_error *error)
{
	const char *problem;

	if (rect->width == 0 || rect->height == 0)
		problem = "is empty, for";
	else if ((uint64_t)rect->x + rect->width > width ||
		 (uint64_t)rect->y + rect->height > height)
		problem = "reaches beyond";
	else if (!is_aligned(pixels, rect))
		problem = "does not begin at a chroma sample of";
	else
		return 0;
	return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
			 "rectangle %ux%u+%u+%u %s the coded size %ux%u", rect->width,
			 rect->height, rect->x, rect->y, problem, width, height);
}

static bool overlap(const struct wc_plane_layout *a, uint64_t end_a,
		    const struct wc_plane_layout *b, uint64_t end_b)
{
	return a->offset < end_b && b->offset < end_a;
}

/* One plane: stride and offset are chosen already. */
static int check_plane(const struct wc_plane_layout *planes, unsigned i, size_t row_bytes,
		       uint32_t rows, uint64_t *ends, struct wc_error *error)
{
	if (planes[i].stride < row_bytes)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "stride %zu of plane %u is less than the %zu bytes of its rows",
				 planes[i].stride, i, row_bytes);
	if (planes[i].stride > UINT32_MAX || planes[i].offset > UINT32_MAX ||
	    planes[i].offset + (uint64_t)planes[i].stride * rows > UINT32_MAX)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "plane %u ends beyond 2^32 - 1 bytes", i);
	ends[i] = planes[i].offset + (uint64_t)planes[i].stride * rows;
	for (unsigned j = 0; j < i; j++)
		if (overlap(&planes[i], ends[i], &planes[j], ends[j]))
			return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
					 "planes %u and %u overlap", j, i);
	return 0;
}

int plane_layout_compute(const struct pixel_format *pixels, uint32_t width, uint32_t height,
			 unsigned n_given, const struct wc_plane_layout *given,
			 struct wc_plane_layout *planes, size_t *size, struct wc_error *error)
{
	uint64_t ends[WC_MAX_PLANES];
	uint64_t total = 0;

	if (n_given && n_given != pixels->n_planes)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "layout has %u planes, the format has %u", n_given,
				 pixels->n_planes);
	if (width > PLANE_MAX_PIXELS || height > PLANE_MAX_PIXELS)
		return error_set(error, WC_TYPE_ERROR, WC_STAGE_NONE, 0,
				 "a picture of %ux%u is too large", width, height);
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t row_bytes = pixel_format_row_bytes(pixels, i, width);
		int ret;

		planes[i].offset = n_given ? given[i].offset : (size_t)total;
		planes[i].stride = n_given ? given[i].stride : row_bytes;
		ret = check_plane(planes, i, row_bytes, pixel_format_rows(pixels, i, height), ends,
				  error);
		if (ret < 0)
			return ret;
		if (ends[i] > total)
			total = ends[i];
	}
	*size = (size_t)total;
	return 0;
}
