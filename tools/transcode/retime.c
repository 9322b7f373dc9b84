/* SPDX-License-Identifier: MIT */
#include "transcode/retime.h"

#include <stdlib.h>

/* All but the layout, as the frame has it. */
static struct wc_video_frame_init describe(const struct wc_video_frame *frame, int64_t timestamp,
					   uint64_t duration)
{
	return (struct wc_video_frame_init) {
		.fourcc = wc_video_frame_get_fourcc(frame),
		.coded_width = wc_video_frame_get_coded_width(frame),
		.coded_height = wc_video_frame_get_coded_height(frame),
		.visible_rect = wc_video_frame_get_visible_rect(frame),
		.display_width = wc_video_frame_get_display_width(frame),
		.display_height = wc_video_frame_get_display_height(frame),
		.timestamp = timestamp,
		.duration = duration,
		.has_duration = true,
		.flip = wc_video_frame_get_flip(frame),
		.rotation = wc_video_frame_get_rotation(frame),
		.color_space = wc_video_frame_get_color_space(frame),
	};
}

/* Where the planes begin and end; *size is 0 when they are too far apart to be one piece. */
static uint8_t *span_of(const struct wc_video_frame_mapping *map, size_t *size)
{
	uintptr_t first = UINTPTR_MAX, last = 0;
	size_t total = 0;

	for (uint32_t i = 0; i < map->plane_count; i++) {
		uintptr_t begin = (uintptr_t)map->planes[i].data;
		size_t bytes = map->planes[i].stride * map->planes[i].rows;

		first = begin < first ? begin : first;
		last = begin + bytes > last ? begin + bytes : last;
		total += bytes;
	}
	*size = last - first <= 2 * total ? last - first : 0;
	return (uint8_t *)first;
}

static void release(void *user_data)
{
	struct wc_video_frame *frame = user_data;

	wc_video_frame_unmap(frame);
	wc_video_frame_unref(frame);
}

/* Share the memory of a mapped frame. */
static int wrap(struct wc_context *context, struct wc_video_frame *frame,
		const struct wc_video_frame_mapping *map, struct wc_video_frame_init *init,
		struct wc_video_frame **result)
{
	size_t size;
	uint8_t *data = span_of(map, &size);
	int status;

	if (!size)
		return WC_NOT_SUPPORTED_ERROR;
	init->plane_count = map->plane_count;
	for (uint32_t i = 0; i < map->plane_count; i++)
		init->planes[i] = (struct wc_plane_layout) {
			.offset = (size_t)(map->planes[i].data - data),
			.stride = map->planes[i].stride,
		};
	wc_video_frame_ref(frame);
	status = wc_video_frame_new_wrapped(context, data, size, init, release, frame, result);
	if (status < 0)
		wc_video_frame_unref(frame);
	return status;
}

static int copy(struct wc_context *context, struct wc_video_frame *frame,
		struct wc_video_frame_init *init, struct wc_video_frame **result)
{
	struct wc_rect visible = init->visible_rect;
	size_t size;
	void *data;
	int status = wc_video_frame_allocation_size(frame, NULL, &size);

	if (status < 0)
		return status;
	data = malloc(size);
	if (!data)
		return WC_OPERATION_ERROR;
	init->plane_count = 0;
	init->coded_width = visible.width;
	init->coded_height = visible.height;
	init->visible_rect = (struct wc_rect) { 0, 0, visible.width, visible.height };
	status = wc_video_frame_copy_to(frame, NULL, data, size, NULL);
	if (status == WC_OK)
		status = wc_video_frame_new_wrapped(context, data, size, init, free, data, result);
	if (status < 0)
		free(data);
	return status;
}

int frame_retime(struct wc_context *context, struct wc_video_frame *frame, int64_t timestamp,
		 uint64_t duration, struct wc_video_frame **result)
{
	struct wc_video_frame_init init = describe(frame, timestamp, duration);
	struct wc_video_frame_mapping map;
	int status;

	if (wc_video_frame_get_timestamp(frame) == timestamp) {
		*result = wc_video_frame_ref(frame);
		return WC_OK;
	}
	status = wc_video_frame_map(frame, WC_MAP_READ, &map);
	if (status < 0)
		return status;
	status = wrap(context, frame, &map, &init, result);
	if (status == WC_OK)
		return WC_OK;
	wc_video_frame_unmap(frame);
	return copy(context, frame, &init, result);
}
