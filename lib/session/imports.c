/* SPDX-License-Identifier: MIT */
#include "session/imports.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <drm_fourcc.h>

#include "frame/dma_buf.h"

/* ---- what fits ------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static bool no(char reason[IMPORT_REASON], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, IMPORT_REASON, format, args);
	va_end(args);
	return false;
}

static bool kind_fits(const struct frame_format *device, const struct wc_video_frame *frame,
		      char *reason)
{
	const struct frame_format *format = &frame->format;
	char text[TILING_TEXT];

	if (!buffer_is_dma_buf(frame->buffer))
		return no(reason, "its memory is no DMA-BUF");
	if (!device->n_planes)
		return no(reason, "the layout of the device's format is not known");
	if (format->modifier != DRM_FORMAT_MOD_LINEAR)
		return no(reason, "its %s is %s, and the device reads rows",
			  format->modifier == DRM_FORMAT_MOD_INVALID ? "layout" : "modifier",
			  frame_format_tiling_text(format, text));
	if (format->fourcc != device->fourcc)
		return no(reason, "its format is %.4s, that of the device %.4s",
			  (const char *)&format->fourcc, (const char *)&device->fourcc);
	return true;
}

static bool visible_fits(const struct wc_rect *part, const struct wc_rect *visible, char *reason)
{
	if (visible->x == part->x && visible->y == part->y && visible->width == part->width &&
	    visible->height == part->height)
		return true;
	return no(reason, "its visible part is %ux%u at %u,%u, and the device reads %ux%u at %u,%u",
		  visible->width, visible->height, visible->x, visible->y, part->width,
		  part->height, part->x, part->y);
}

/* A plane as the device reads it. V4L2 has no way to tell an offset that all drivers heed. */
static bool plane_fits(const struct frame_format *device, const struct frame_format *format,
		       unsigned i, char *reason)
{
	if (format->planes[i].stride != device->planes[i].stride)
		return no(reason, "rows of its plane %u have %zu bytes, and %zu on the device", i,
			  format->planes[i].stride, device->planes[i].stride);
	if (format->planes[i].offset != device->planes[i].offset)
		return no(reason, "its plane %u is at byte %zu, and at %zu on the device", i,
			  format->planes[i].offset, device->planes[i].offset);
	return true;
}

/* Planes that are together on the device are so in the picture. */
static bool plan_objects(const struct frame_format *device, const struct frame_format *format,
			 struct import_source *source, char *reason)
{
	bool seen[WC_MAX_PLANES] = { false };

	for (unsigned i = 0; i < device->n_planes; i++) {
		unsigned plane = device->planes[i].object, object = format->planes[i].object;

		if (seen[plane] && source->objects[plane] != object)
			return no(reason, "its planes are in several DMA-BUFs, and the device "
				  "wants one");
		seen[plane] = true;
		source->objects[plane] = object;
	}
	return true;
}

static bool sizes_fit(const struct queue_format *format, const struct import_source *source,
		      char *reason)
{
	for (unsigned i = 0; i < format->n_planes; i++) {
		size_t size = source->buffer->objects[source->objects[i]].size;

		if (size < format->planes[i].sizeimage)
			return no(reason, "its DMA-BUF has %zu bytes, and the device wants %u",
				  size, format->planes[i].sizeimage);
	}
	return true;
}

bool import_fits(const struct queue_format *format, const struct frame_format *device,
		 const struct wc_rect *part, const struct wc_video_frame *frame,
		 struct import_source *source, char reason[IMPORT_REASON])
{
	if (!kind_fits(device, frame, reason) ||
	    !visible_fits(part, &frame->visible, reason))
		return false;
	for (unsigned i = 0; i < device->n_planes; i++)
		if (!plane_fits(device, &frame->format, i, reason))
			return false;
	*source = (struct import_source) { frame->buffer, format->n_planes, { 0 } };
	return plan_objects(device, &frame->format, source, reason) &&
	       sizes_fit(format, source, reason);
}

/* ---- places ---------------------------------------------------------------------------------- */

static bool is_at(const struct import_place *place, const struct import_source *source,
		  const uint64_t *inodes)
{
	return place->n_planes == source->n_planes &&
	       memcmp(place->inodes, inodes, source->n_planes * sizeof *inodes) == 0;
}

static void find_inodes(const struct import_source *source, uint64_t *inodes)
{
	for (unsigned i = 0; i < source->n_planes; i++)
		inodes[i] = dma_buf_inode(&source->buffer->objects[source->objects[i]]);
}

int imports_find(const struct imports *imports, const struct queue *queue,
		 const struct import_source *source)
{
	uint64_t inodes[WC_MAX_PLANES] = { 0 };
	int oldest = -EAGAIN;

	find_inodes(source, inodes);
	for (unsigned i = 0; i < queue->n_buffers; i++) {
		const struct import_place *place = &imports->places[i];
		bool is_free = queue->slots[i] == SLOT_FREE;

		/* If the driver has its own, it may keep that until there is another picture. */
		if (is_at(place, source, inodes) && is_free)
			return (int)i;
		if (is_free && (oldest < 0 || place->used < imports->places[oldest].used))
			oldest = (int)i;
	}
	return queue->n_queued >= imports->limit ? -EAGAIN : oldest;
}

int imports_enqueue(struct imports *imports, struct queue *queue, unsigned index,
		    const struct import_source *source, size_t bytesused, uint64_t cookie)
{
	struct import_place *place = &imports->places[index];
	struct queue_memory memory = { .n_planes = source->n_planes };
	uint64_t inodes[WC_MAX_PLANES] = { 0 };
	int ret;

	find_inodes(source, inodes);
	for (unsigned i = 0; i < source->n_planes; i++) {
		const struct buffer_object *object = &source->buffer->objects[source->objects[i]];

		memory.planes[i].fd = object->fd;
		memory.planes[i].size = object->size;
	}
	ret = queue_enqueue_import(queue, index, &memory, bytesused, cookie);
	if (ret < 0) {
		/* The driver has nothing there any more. */
		place->n_planes = 0;
		return ret;
	}
	imports->attached += !is_at(place, source, inodes);
	place->n_planes = source->n_planes;
	memcpy(place->inodes, inodes, sizeof inodes);
	place->used = ++imports->submits;
	place->buffer = buffer_pin(source->buffer);
	return 0;
}

struct buffer *imports_take(struct imports *imports, unsigned index)
{
	struct buffer *buffer = imports->places[index].buffer;

	imports->places[index].buffer = NULL;
	return buffer;
}
