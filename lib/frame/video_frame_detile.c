/* SPDX-License-Identifier: MIT */
/* Pictures that do not lie in rows: what can be read of them, and how. */
#include "frame/video_frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "frame/convert.h"
#include "frame/detile.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "frame/plane_layout.h"

/* Bytes of a row of a column (drm_fourcc.h, SAND128). */
#define COLUMN_WIDTH 128

const struct pixel_format *frame_format_pixels(const struct frame_format *format)
{
	if (format->modifier == DRM_FORMAT_MOD_LINEAR)
		return pixel_format_find(format->fourcc);
	return pixel_format_find(detile_fourcc(format->fourcc, format->tiling));
}

const char *frame_format_tiling_text(const struct frame_format *format, char text[TILING_TEXT])
{
	char name[MODIFIER_TEXT];

	if (format->modifier == DRM_FORMAT_MOD_INVALID)
		snprintf(text, TILING_TEXT, "%s", tiling_name(format->tiling));
	else
		snprintf(text, TILING_TEXT, "%s", modifier_text(format->modifier, name));
	return text;
}

/* Bytes from a column to the next: as the modifier tells, or those of the plane itself. */
static size_t column_of(const struct frame_format *format, size_t rows)
{
	size_t height = format->tiling == TILING_COLUMNS ? modifier_column_height(format->modifier)
							 : rows;

	return height <= SIZE_MAX / COLUMN_WIDTH ? height * COLUMN_WIDTH : 0;
}

/* Without its data. */
static struct detile_plane describe_plane(const struct frame_format *format,
					  const struct pixel_format *pixels, unsigned i)
{
	uint32_t rows = pixel_format_rows(pixels, i, format->height);
	struct detile_plane plane = {
		.tiling = format->tiling,
		.packed = format->fourcc == DRM_FORMAT_P030,
		.plane = i,
		.stride = format->planes[i].stride,
		.rows = rows,
	};

	if (format->tiling == TILING_COLUMNS || format->tiling == TILING_COLUMNS_APART) {
		plane.column = column_of(format, rows);
		plane.stride = 0;
	}
	return plane;
}

/*
 * Columns have all planes of a picture: whether the plane ends before the next column begins, which
 * is told of the first plane.
 */
static bool is_in_column(const struct frame_format *format, const struct detile_plane *plane)
{
	size_t first = format->planes[0].offset, offset = format->planes[plane->plane].offset;

	if (format->tiling != TILING_COLUMNS ||
	    format->planes[plane->plane].object != format->planes[0].object)
		return true;
	return offset >= first && offset - first <= plane->column &&
	       plane->rows <= (plane->column - (offset - first)) / COLUMN_WIDTH;
}

static bool plane_fits(const struct frame_format *format, const struct pixel_format *pixels,
		       const struct detile_plane *plane, size_t size)
{
	size_t offset = format->planes[plane->plane].offset;
	size_t row_bytes = pixel_format_row_bytes(pixels, plane->plane, format->width);

	return offset <= size && detile_fits(plane, row_bytes, size - offset) &&
	       is_in_column(format, plane);
}

bool frame_format_tiles_fit(const struct frame_format *format, unsigned plane, size_t size)
{
	const struct pixel_format *pixels = frame_format_pixels(format);
	struct detile_plane described;

	if (!pixels || plane >= pixels->n_planes)
		return false;
	described = describe_plane(format, pixels, plane);
	return plane_fits(format, pixels, &described, size);
}

/* False when the CPU cannot see all of the plane. */
static bool find_plane(const struct wc_video_frame *frame, const struct pixel_format *pixels,
		       unsigned i, struct detile_plane *plane)
{
	const struct frame_format *format = &frame->format;

	*plane = describe_plane(format, pixels, i);
	plane->data = video_frame_plane(frame, i);
	return plane->data &&
	       plane_fits(format, pixels, plane,
			  frame->buffer->objects[format->planes[i].object].size);
}

/* Into rows of the picture's own samples. 0 or -ENOTSUP. */
static int detile(const struct wc_video_frame *frame, const struct pixel_format *pixels,
		  const struct wc_rect *part, const struct convert_image *to)
{
	struct detile_plane planes[WC_MAX_PLANES];

	if (frame->format.n_planes != pixels->n_planes)
		return -ENOTSUP;
	for (unsigned i = 0; i < pixels->n_planes; i++)
		if (!find_plane(frame, pixels, i, &planes[i]))
			return -ENOTSUP;
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		struct plane_window window;

		plane_window(pixels, i, part, &window);
		detile_window(&planes[i], &window, to->planes[i].data, to->planes[i].stride);
	}
	return 0;
}

/* Of tiles: rows in memory of their own. */
static int make_rows(const struct wc_video_frame *frame, const struct pixel_format *pixels,
		     const struct wc_rect *part, struct convert_image *rows, uint8_t **memory)
{
	struct frame_format format;
	size_t size = frame_format_tight(&format, pixels->fourcc, part->width, part->height);
	int ret;

	*rows = (struct convert_image) {
		.fourcc = pixels->fourcc, .width = part->width, .height = part->height,
		.matrix = frame->color_space.matrix, .range = frame->color_space.range,
	};
	*memory = size ? malloc(size) : NULL;
	if (!*memory)
		return -ENOMEM;
	for (unsigned i = 0; i < format.n_planes; i++) {
		rows->planes[i].data = *memory + format.planes[i].offset;
		rows->planes[i].stride = format.planes[i].stride;
	}
	ret = detile(frame, pixels, part, rows);
	if (ret < 0) {
		free(*memory);
		*memory = NULL;
	}
	return ret;
}

int video_frame_rows(const struct wc_video_frame *frame, const struct wc_rect *part,
		     struct convert_image *rows, uint8_t **memory)
{
	const struct pixel_format *pixels = frame_format_pixels(&frame->format);

	*memory = NULL;
	if (!pixels)
		return -ENOTSUP;
	if (frame->format.modifier == DRM_FORMAT_MOD_LINEAR)
		return video_frame_image(frame, part, rows) ? 0 : -ENOTSUP;
	return make_rows(frame, pixels, part, rows, memory);
}

int video_frame_detile(const struct wc_video_frame *frame, const struct wc_rect *part,
		       const struct convert_image *to)
{
	const struct pixel_format *pixels = frame_format_pixels(&frame->format);
	struct convert_image rows;
	uint8_t *memory;
	int ret;

	if (!pixels || frame->format.modifier == DRM_FORMAT_MOD_LINEAR)
		return -ENOTSUP;
	if (to->fourcc == pixels->fourcc && to->width == part->width && to->height == part->height)
		return detile(frame, pixels, part, to);
	ret = make_rows(frame, pixels, part, &rows, &memory);
	if (ret == 0)
		ret = convert_frame(&rows, to);
	free(memory);
	return ret;
}
