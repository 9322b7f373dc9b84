/* SPDX-License-Identifier: MIT */
/* How the planes of a frame lie: for the CPU, and for other devices. */
#include "frame/video_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "frame/convert.h"
#include "frame/fence.h"
#include "frame/pixel_format.h"
#include "frame/plane_layout.h"

uint8_t *video_frame_plane(const struct wc_video_frame *frame, unsigned plane)
{
	uint8_t *map = frame->buffer->objects[frame->format.planes[plane].object].map;

	return map ? map + frame->format.planes[plane].offset : NULL;
}

bool video_frame_is_mapped(const struct wc_video_frame *frame)
{
	for (unsigned i = 0; i < frame->format.n_planes; i++)
		if (!video_frame_plane(frame, i))
			return false;
	return true;
}

bool video_frame_image(const struct wc_video_frame *frame, const struct wc_rect *part,
		       struct convert_image *image)
{
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);

	if (!pixels || !frame->buffer || frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		return false;
	*image = (struct convert_image) {
		.fourcc = frame->format.fourcc,
		.width = part->width,
		.height = part->height,
		.matrix = frame->color_space.matrix,
		.range = frame->color_space.range,
	};
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t stride = frame->format.planes[i].stride;
		uint8_t *data = video_frame_plane(frame, i);
		struct plane_window window;

		if (!data || stride > INT_MAX)
			return false;
		plane_window(pixels, i, part, &window);
		image->planes[i].stride = stride;
		image->planes[i].data = data + window.top * stride + window.left;
	}
	return true;
}

int wc_video_frame_get_layout(const struct wc_video_frame *frame,
			      struct wc_video_frame_layout *layout)
{
	const struct frame_format *format = &frame->format;
	const struct pixel_format *pixels = format->modifier == DRM_FORMAT_MOD_LINEAR
						    ? pixel_format_find(format->fourcc) : NULL;

	if (!layout)
		return WC_TYPE_ERROR;
	memset(layout, 0, sizeof *layout);
	if (!frame->buffer)
		return WC_INVALID_STATE_ERROR;
	layout->plane_count = format->n_planes;
	layout->object_count = frame->n_objects;
	layout->modifier = format->modifier;
	for (unsigned i = 0; i < format->n_planes; i++) {
		layout->planes[i].object = format->planes[i].object;
		layout->planes[i].offset = format->planes[i].offset;
		layout->planes[i].stride = format->planes[i].stride;
		if (!pixels)
			continue;
		layout->planes[i].rows = pixel_format_rows(pixels, i, format->height);
		layout->planes[i].row_bytes = pixel_format_row_bytes(pixels, i, format->width);
	}
	return WC_OK;
}

int video_frame_begin_access(struct wc_video_frame *frame, unsigned access)
{
	int ret;

	if (!frame->buffer->is_shared)
		return 0;
	ret = buffer_begin_access(frame->buffer, access);
	if (ret == 0)
		atomic_fetch_add_explicit(&frame->accesses, 1, memory_order_relaxed);
	return ret;
}

/* What exporters say that cannot or will not; all else is a failure. */
int video_frame_access_status(int ret, unsigned access)
{
	switch (ret) {
	case -EACCES:
		return access & WC_MAP_WRITE ? WC_TYPE_ERROR : WC_NOT_SUPPORTED_ERROR;
	case -EINVAL:
	case -ENODEV:
	case -ENOTTY:
	case -EOPNOTSUPP:
	case -EPERM:
		return WC_NOT_SUPPORTED_ERROR;
	default:
		return WC_OPERATION_ERROR;
	}
}

/* One that was not begun, or that the close ended, is none. */
void video_frame_end_access(struct wc_video_frame *frame)
{
	unsigned n = atomic_load_explicit(&frame->accesses, memory_order_relaxed);

	while (n && !atomic_compare_exchange_weak_explicit(&frame->accesses, &n, n - 1,
							   memory_order_relaxed,
							   memory_order_relaxed))
		;
	if (n)
		buffer_end_access(frame->buffer);
}

/* Any thread may map, and has no context to leave a message in: so the log says why. */
static int refuse_tiles(const struct wc_video_frame *frame)
{
	char text[TILING_TEXT];

	log_info(&frame->core->log, "map: the picture does not lie in rows but in %s",
		 frame_format_tiling_text(&frame->format, text));
	return WC_NOT_SUPPORTED_ERROR;
}

static int check_access(const struct wc_video_frame *frame, int access)
{
	if (access == 0 || access & ~(WC_MAP_READ | WC_MAP_WRITE))
		return WC_TYPE_ERROR;
	if (access & WC_MAP_WRITE && (!frame->writable || frame->buffer->read_only))
		return WC_TYPE_ERROR;
	if (frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		return refuse_tiles(frame);
	return pixel_format_find(frame->format.fourcc) ? WC_OK : WC_NOT_SUPPORTED_ERROR;
}

static void fill_mapping(const struct wc_video_frame *frame,
			 struct wc_video_frame_mapping *mapping)
{
	const struct pixel_format *pixels = pixel_format_find(frame->format.fourcc);

	mapping->plane_count = frame->format.n_planes;
	for (unsigned i = 0; i < frame->format.n_planes; i++) {
		mapping->planes[i].data = video_frame_plane(frame, i);
		mapping->planes[i].stride = frame->format.planes[i].stride;
		mapping->planes[i].rows = pixel_format_rows(pixels, i, frame->format.height);
		mapping->planes[i].row_bytes = pixel_format_row_bytes(pixels, i,
								      frame->format.width);
	}
}

/*
 * A codec's driver keeps its own buffers coherent: V4L2 does what caches need when one is queued
 * and dequeued (vb2 memops prepare and finish), and they are mapped for good. Others are shared.
 */
static int begin_mapping(struct wc_video_frame *frame, int access)
{
	int ret = check_access(frame, access);

	if (ret < 0)
		return ret;
	ret = video_frame_begin_access(frame, (unsigned)access);
	if (ret < 0)
		return video_frame_access_status(ret, (unsigned)access);
	if (video_frame_is_mapped(frame))
		return WC_OK;
	video_frame_end_access(frame);
	return WC_NOT_SUPPORTED_ERROR;
}

/* The guard keeps the memory in its place. */
int wc_video_frame_map(struct wc_video_frame *frame, int access,
		       struct wc_video_frame_mapping *mapping)
{
	int ret;

	if (!mapping)
		return WC_TYPE_ERROR;
	memset(mapping, 0, sizeof *mapping);
	if (!guard_map(&frame->guard, &frame->core->seizures))
		return WC_INVALID_STATE_ERROR;
	ret = begin_mapping(frame, access);
	if (ret < 0)
		guard_unmap(&frame->guard);
	else
		fill_mapping(frame, mapping);
	return ret;
}

void wc_video_frame_unmap(struct wc_video_frame *frame)
{
	video_frame_end_access(frame);
	guard_unmap(&frame->guard);
}

/*
 * Without a modifier nobody could know the layout, and who is told DRM_FORMAT_MOD_INVALID takes a
 * picture for one of rows.
 */
static bool is_nameless(const struct frame_format *format)
{
	return format->modifier == DRM_FORMAT_MOD_INVALID;
}

/* What others have descriptors of stays where it is: they go on reading there. */
static int duplicate_objects(struct buffer *buffer, struct wc_dma_buf *dma_buf)
{
	if (!buffer_is_dma_buf(buffer))
		return WC_NOT_SUPPORTED_ERROR;
	for (unsigned i = 0; i < buffer->n_objects; i++) {
		int fd = fcntl(buffer->objects[i].fd, F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return WC_OPERATION_ERROR;
		dma_buf->objects[i].fd = fd;
		dma_buf->objects[i].size = buffer->objects[i].size;
		dma_buf->object_count++;
	}
	atomic_store_explicit(&buffer->exported, true, memory_order_relaxed);
	/* Before they can do anything with it. */
	fence_expect(buffer, buffer->read_only ? WC_MAP_READ : WC_MAP_READ | WC_MAP_WRITE);
	return WC_OK;
}

int wc_video_frame_export_dma_buf(struct wc_video_frame *frame, struct wc_dma_buf *dma_buf)
{
	const struct frame_format *format = &frame->format;
	int ret;

	if (!dma_buf)
		return WC_TYPE_ERROR;
	memset(dma_buf, 0, sizeof *dma_buf);
	if (!guard_use(&frame->guard, &frame->core->seizures))
		return WC_INVALID_STATE_ERROR;
	ret = is_nameless(format) ? WC_NOT_SUPPORTED_ERROR
				  : duplicate_objects(frame->buffer, dma_buf);
	guard_end_use(&frame->guard);
	if (ret < 0) {
		wc_dma_buf_finish(dma_buf);
		return ret;
	}
	dma_buf->fourcc = format->fourcc;
	dma_buf->width = format->width;
	dma_buf->height = format->height;
	dma_buf->modifier = format->modifier;
	dma_buf->plane_count = format->n_planes;
	for (unsigned i = 0; i < format->n_planes; i++) {
		dma_buf->planes[i].object = format->planes[i].object;
		dma_buf->planes[i].offset = format->planes[i].offset;
		dma_buf->planes[i].stride = format->planes[i].stride;
	}
	return WC_OK;
}

void wc_dma_buf_finish(struct wc_dma_buf *dma_buf)
{
	if (!dma_buf)
		return;
	for (unsigned i = 0; i < dma_buf->object_count; i++)
		close(dma_buf->objects[i].fd);
	memset(dma_buf, 0, sizeof *dma_buf);
}
