/* SPDX-License-Identifier: MIT */
#include "frame/allocator.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include <drm_fourcc.h>
#include <linux/dma-buf.h>
#include <linux/ioctl.h>

#include "frame/memory_io.h"

bool allocator_is_possible(enum wc_memory_kind kind, const char *name)
{
	switch (kind) {
	case WC_MEMORY_PLAIN:
	case WC_MEMORY_UDMABUF:
		return !*name;
	case WC_MEMORY_DUMB:
	case WC_MEMORY_HEAP:
		return true;
	default:
		return false;
	}
}

int allocator_new(enum wc_memory_kind kind, const char *name, struct pool_allocator **allocator)
{
	switch (kind) {
	case WC_MEMORY_PLAIN:
		*allocator = pool_plain_allocator();
		return 0;
	case WC_MEMORY_DUMB:
		return allocator_dumb_new(name, allocator);
	case WC_MEMORY_HEAP:
		return allocator_heap_new(name, allocator);
	case WC_MEMORY_UDMABUF:
		return allocator_udmabuf_new(allocator);
	default:
		*allocator = NULL;
		return -EINVAL;
	}
}

void allocator_release(struct pool_allocator *allocator)
{
	if (allocator && allocator->ops->release)
		allocator->ops->release(allocator);
}

/* Who has references to a part is nobody: its object moves on. */
static void no_destroy(struct buffer *buffer)
{
	(void)buffer;
}

/* What was reserved for the part is so for the buffer from here on. */
static void move_object(struct buffer *part, struct buffer *buffer)
{
	buffer->kind = part->kind;
	buffer->is_shared = part->is_shared;
	buffer->objects[buffer->n_objects++] = part->objects[0];
	buffer->bytes += part->bytes;
	buffer->descriptors += part->descriptors;
	part->bytes = 0;
	part->descriptors = 0;
}

static int make_object(struct pool_allocator *allocator, size_t size, struct buffer *buffer)
{
	static const struct buffer_ops ops = { .destroy = no_destroy };
	struct pool_key key = { .size = size, .modifier = DRM_FORMAT_MOD_LINEAR };
	struct buffer part;
	void *opaque = NULL;
	int ret;

	buffer_init(&part, buffer->core, &ops);
	ret = allocator->ops->alloc(allocator, &key, &part, &opaque);
	if (ret == 0 && (part.n_objects != 1 || part.objects[0].fd < 0)) {
		allocator->ops->free(allocator, &part, opaque);
		ret = -ENOTSUP;
	} else if (ret == 0) {
		move_object(&part, buffer);
	}
	part.n_objects = 0;
	buffer_finish(&part);
	return ret;
}

int allocator_make_objects(struct pool_allocator *allocator, const size_t *sizes, unsigned n,
			   struct buffer *buffer)
{
	int ret = 0;

	for (unsigned i = 0; i < n && ret == 0; i++)
		ret = make_object(allocator, sizes[i], buffer);
	return ret;
}

int allocator_reserve(struct buffer *buffer, const struct pool_key *key, enum wc_memory_kind kind,
		      size_t bytes)
{
	int ret;

	if (key->secure || key->modifier != DRM_FORMAT_MOD_LINEAR)
		return -ENOTSUP;
	ret = buffer_reserve(buffer, kind, bytes);
	return ret < 0 ? ret : buffer_reserve_descriptors(buffer, 1);
}

/* The kernel keeps 32 bytes; one without names, or debugfs, is none the worse for it. */
void allocator_set_name(int dma_buf, const struct pool_key *key)
{
	char name[DMA_BUF_NAME_LEN], fourcc[5] = "";

	for (unsigned i = 0; i < 4; i++) {
		unsigned char c = key->fourcc >> 8 * i & 0xff;

		fourcc[i] = isalnum(c) ? (char)c : '_';
	}
	if (key->fourcc)
		snprintf(name, sizeof name, "webcodecs %s %ux%u", fourcc, key->width, key->height);
	else
		snprintf(name, sizeof name, "webcodecs %zu", key->size);
	memory_io_ioctl(dma_buf, DMA_BUF_SET_NAME, name);
}

int allocator_adopt(struct buffer *buffer, const struct pool_key *key, int dma_buf)
{
	int64_t size;

	if (dma_buf < 0)
		return dma_buf;
	size = memory_io_size(dma_buf);
	if (size >= 0 && ((uint64_t)size < key->size || (uint64_t)size > SIZE_MAX))
		size = -EOVERFLOW;
	if (size < 0) {
		memory_io_close(dma_buf);
		return (int)size;
	}
	allocator_set_name(dma_buf, key);
	buffer->is_shared = true;
	buffer->n_objects = 1;
	buffer->objects[0] = (struct buffer_object) { .size = (size_t)size, .fd = dma_buf };
	return 0;
}

void allocator_free_buffer(struct pool_allocator *allocator, struct buffer *buffer, void *opaque)
{
	(void)allocator;
	(void)opaque;
	buffer_unmap(buffer);
}
