/* SPDX-License-Identifier: MIT */
/* The allocator of dma-heaps (include/uapi/linux/dma-heap.h of the kernel). */
#include "frame/allocator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dma-heap.h>
#include <linux/ioctl.h>

#include "frame/memory_io.h"
#include "util/macros.h"

#define HEAPS "/dev/dma_heap/"

struct heap_allocator {
	struct pool_allocator base;
	int fd;
};

/*
 * Contiguous memory has had three names: that of Linux 6.17 and later, that of the region in device
 * trees, and that of one which was given on the command line.
 */
const char *allocator_heap_name(unsigned n)
{
	static const char *const names[] = {
		"default_cma_region", "linux,cma", "reserved", "system",
	};

	return n < ARRAY_SIZE(names) ? names[n] : NULL;
}

static int heap_alloc(struct pool_allocator *allocator, const struct pool_key *key,
		      struct buffer *buffer, void **opaque)
{
	struct heap_allocator *heap = container_of(allocator, struct heap_allocator, base);
	struct dma_heap_allocation_data data = {
		.len = key->size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	int ret = allocator_reserve(buffer, key, WC_MEMORY_HEAP, key->size);

	(void)opaque;
	if (ret < 0)
		return ret;
	ret = memory_io_ioctl(heap->fd, DMA_HEAP_IOCTL_ALLOC, &data);
	return allocator_adopt(buffer, key, ret < 0 ? ret : (int)data.fd);
}

static void heap_release(struct pool_allocator *allocator)
{
	struct heap_allocator *heap = container_of(allocator, struct heap_allocator, base);

	memory_io_close(heap->fd);
	free(heap);
}

int allocator_heap_new(const char *name, struct pool_allocator **allocator)
{
	static const struct pool_allocator_ops ops = {
		.alloc = heap_alloc,
		.free = allocator_free_buffer,
		.release = heap_release,
	};
	char path[sizeof HEAPS + ALLOCATOR_NAME_MAX];
	struct heap_allocator *heap;

	*allocator = NULL;
	if (strlen(name) >= ALLOCATOR_NAME_MAX)
		return -ENAMETOOLONG;
	heap = malloc(sizeof *heap);
	if (!heap)
		return -ENOMEM;
	snprintf(path, sizeof path, "%s%s", strchr(name, '/') ? "" : HEAPS, name);
	heap->base.ops = &ops;
	heap->fd = memory_io_open(path);
	if (heap->fd < 0) {
		int ret = heap->fd;

		free(heap);
		return ret;
	}
	*allocator = &heap->base;
	return 0;
}
