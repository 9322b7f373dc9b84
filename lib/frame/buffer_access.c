/* SPDX-License-Identifier: MIT */
/*
 * The CPU's accesses to DMA-BUFs that no driver keeps coherent for us.
 *
 *                begin: map, SYNC START                    begin
 *     (closed) ---------------------------> ( open ) <---------------+
 *         ^                                    |  |                  |
 *         +---- last end: SYNC END ------------+  +--- not the last -+
 *
 * The state is the buffer's, not the frame's: a START invalidates caches, so one that came while
 * somebody else is writing, by way of another frame, would lose what is in the cache. For the same
 * reason whoever writes begins to read, too, lest a reader in between needs a START.
 */
#include "frame/buffer.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/ioctl.h>

#include <webcodecs/video_frame.h>

#include "frame/fence.h"
#include "frame/memory_io.h"

static int sync_object(const struct buffer_object *object, unsigned when, unsigned kinds)
{
	struct dma_buf_sync sync = { .flags = when };

	if (kinds & WC_MAP_READ)
		sync.flags |= DMA_BUF_SYNC_READ;
	if (kinds & WC_MAP_WRITE)
		sync.flags |= DMA_BUF_SYNC_WRITE;
	return memory_io_ioctl(object->fd, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Nobody can do anything about an end that fails. */
static void sync_end(const struct buffer *buffer, unsigned n_objects, unsigned kinds)
{
	for (unsigned i = 0; i < n_objects; i++)
		sync_object(&buffer->objects[i], DMA_BUF_SYNC_END, kinds);
}

static int sync_start(const struct buffer *buffer, unsigned kinds)
{
	for (unsigned i = 0; i < buffer->n_objects; i++) {
		int ret = sync_object(&buffer->objects[i], DMA_BUF_SYNC_START, kinds);

		if (ret < 0) {
			sync_end(buffer, i, kinds);
			return ret;
		}
	}
	return 0;
}

/* What was mapped before a failure stays: the next access goes on with it. */
static int map_objects(struct buffer *buffer)
{
	for (unsigned i = 0; i < buffer->n_objects; i++) {
		struct buffer_object *object = &buffer->objects[i];
		int ret;

		if (object->map)
			continue;
		ret = memory_io_map(object->fd, object->size, true, &object->map);
		if (ret == -EACCES) {
			ret = memory_io_map(object->fd, object->size, false, &object->map);
			buffer->access.no_writing = true;
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* With the lock held. */
static int begin(struct buffer *buffer, unsigned kinds)
{
	struct buffer_access *access = &buffer->access;
	int ret = map_objects(buffer);

	if (ret < 0)
		return ret;
	if (kinds & WC_MAP_WRITE && access->no_writing)
		return -EACCES;
	return kinds & ~access->kinds ? sync_start(buffer, kinds) : 0;
}

int buffer_begin_access(struct buffer *buffer, unsigned kinds)
{
	struct buffer_access *access = &buffer->access;
	int ret;

	if (!buffer->is_shared)
		return 0;
	ret = fence_block(buffer);
	if (ret < 0)
		return ret;
	if (kinds & WC_MAP_WRITE)
		kinds |= WC_MAP_READ;
	pthread_mutex_lock(&access->lock);
	ret = begin(buffer, kinds);
	if (ret == 0) {
		access->kinds |= kinds;
		access->open++;
	}
	pthread_mutex_unlock(&access->lock);
	return ret;
}

void buffer_end_access(struct buffer *buffer)
{
	struct buffer_access *access = &buffer->access;

	if (!buffer->is_shared)
		return;
	pthread_mutex_lock(&access->lock);
	if (--access->open == 0) {
		sync_end(buffer, buffer->n_objects, access->kinds);
		access->kinds = 0;
	}
	pthread_mutex_unlock(&access->lock);
}

void buffer_unmap(struct buffer *buffer)
{
	for (unsigned i = 0; i < buffer->n_objects; i++) {
		if (buffer->objects[i].map)
			memory_io_unmap(buffer->objects[i].map, buffer->objects[i].size);
		buffer->objects[i].map = NULL;
	}
}
