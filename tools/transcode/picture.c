/* SPDX-License-Identifier: MIT */
#include "transcode/picture.h"

#include <stdlib.h>

#include "frame/pixel_format.h"

static int picture_reserve(struct picture *picture, size_t rows)
{
	struct iovec *iov;

	if (rows <= picture->room)
		return WC_OK;
	iov = reallocarray(picture->iov, rows, sizeof *iov);
	if (!iov)
		return WC_OPERATION_ERROR;
	picture->iov = iov;
	picture->room = rows;
	return WC_OK;
}

static void picture_add(struct picture *picture, uint8_t *data, size_t bytes)
{
	picture->iov[picture->count++] = (struct iovec) { data, bytes };
}

static void picture_add_plane(struct picture *picture, const struct wc_video_frame_mapping *map,
			      const struct pixel_format *format, unsigned plane,
			      const struct wc_rect *rect)
{
	size_t stride = map->planes[plane].stride;
	size_t row_bytes = pixel_format_row_bytes(format, plane, rect->width);
	size_t rows = pixel_format_rows(format, plane, rect->height);
	size_t x = rect->x / format->planes[plane].sub_x * format->planes[plane].bytes;
	uint8_t *row = map->planes[plane].data + rect->y / format->planes[plane].sub_y * stride + x;

	if (row_bytes == stride) {
		picture_add(picture, row, stride * rows);
		return;
	}
	for (size_t i = 0; i < rows; i++)
		picture_add(picture, row + i * stride, row_bytes);
}

/* Behind what is listed already. */
static int picture_list(struct picture *picture, const struct wc_video_frame_mapping *map,
			const struct pixel_format *format)
{
	struct wc_rect rect = wc_video_frame_get_visible_rect(picture->frame);
	size_t rows = picture->count;

	if (map->plane_count != format->n_planes)
		return WC_NOT_SUPPORTED_ERROR;
	for (unsigned i = 0; i < format->n_planes; i++)
		rows += pixel_format_rows(format, i, rect.height);
	if (picture_reserve(picture, rows) < 0)
		return WC_OPERATION_ERROR;
	for (unsigned i = 0; i < format->n_planes; i++)
		picture_add_plane(picture, map, format, i, &rect);
	return WC_OK;
}

static int picture_map(struct picture *picture, struct wc_video_frame *frame, int access)
{
	const struct pixel_format *format = pixel_format_find(wc_video_frame_get_fourcc(frame));
	struct wc_video_frame_mapping map;
	int status;

	if (!format)
		return WC_NOT_SUPPORTED_ERROR;
	status = wc_video_frame_map(frame, access, &map);
	if (status < 0)
		return status;
	picture->frame = frame;
	status = picture_list(picture, &map, format);
	if (status < 0)
		picture_unmap(picture);
	return status;
}

int picture_map_write(struct picture *picture, struct wc_video_frame *frame)
{
	picture->count = 0;
	return picture_map(picture, frame, WC_MAP_WRITE);
}

static int picture_convert(struct picture *picture, struct wc_video_frame *frame, uint32_t fourcc)
{
	struct wc_video_frame_copy_options options = { .fourcc = fourcc };
	size_t size;
	int status = wc_video_frame_allocation_size(frame, &options, &size);

	if (status < 0)
		return status;
	if (size > picture->converted_room) {
		free(picture->converted);
		picture->converted = malloc(size);
		picture->converted_room = picture->converted ? size : 0;
	}
	if (!picture->converted || picture_reserve(picture, picture->count + 1) < 0)
		return WC_OPERATION_ERROR;
	status = wc_video_frame_copy_to(frame, &options, picture->converted, size, NULL);
	if (status == WC_OK)
		picture_add(picture, picture->converted, size);
	return status;
}

/* Nobody can map it, but copies are made of rows. */
static bool is_tiled(const struct wc_video_frame *frame)
{
	struct wc_video_frame_layout layout;

	return wc_video_frame_get_layout(frame, &layout) == WC_OK &&
	       layout.modifier != DRM_FORMAT_MOD_LINEAR;
}

int picture_map_read(struct picture *picture, struct wc_video_frame *frame, uint32_t fourcc,
		     struct iovec prefix)
{
	picture->count = 0;
	if (picture_reserve(picture, 1) < 0)
		return WC_OPERATION_ERROR;
	if (prefix.iov_len)
		picture->iov[picture->count++] = prefix;
	if (is_tiled(frame) || (fourcc && fourcc != wc_video_frame_get_fourcc(frame)))
		return picture_convert(picture, frame, fourcc);
	return picture_map(picture, frame, WC_MAP_READ);
}

void picture_unmap(struct picture *picture)
{
	if (picture->frame)
		wc_video_frame_unmap(picture->frame);
	picture->frame = NULL;
}

void picture_finish(struct picture *picture)
{
	picture_unmap(picture);
	free(picture->converted);
	free(picture->iov);
	*picture = (struct picture) { 0 };
}
