/* SPDX-License-Identifier: MIT */
/*
 * The allocator of udmabuf (drivers/dma-buf/udmabuf.c of the kernel): a memfd whose size is sealed
 * becomes a DMA-BUF, which keeps the pages; the memfd is closed at once. The pages are the
 * process's own, so that control groups count them. The driver refuses more than its parameter
 * size_limit_mb, 64 at first, with -EINVAL.
 */
#include "frame/allocator.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/ioctl.h>
#include <linux/udmabuf.h>

#include "frame/memory_io.h"
#include "util/macros.h"

struct udmabuf_allocator {
	struct pool_allocator base;
	int fd;
};

/* 0 when that overflows. */
static size_t whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return __builtin_add_overflow(size, page - 1, &size) ? 0 : size / page * page;
}

/* A DMA-BUF of the memfd's pages, or a negative errno. */
static int export(const struct udmabuf_allocator *udmabuf, int memfd, size_t size)
{
	struct udmabuf_create create = {
		.memfd = (uint32_t)memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = size,
	};
	int ret = memory_io_resize(memfd, size);

	if (ret == 0)
		ret = memory_io_seal(memfd);
	if (ret == 0)
		ret = memory_io_ioctl(udmabuf->fd, UDMABUF_CREATE, &create);
	return ret;
}

static int udmabuf_alloc(struct pool_allocator *allocator, const struct pool_key *key,
			 struct buffer *buffer, void **opaque)
{
	struct udmabuf_allocator *udmabuf =
		container_of(allocator, struct udmabuf_allocator, base);
	size_t size = whole_pages(key->size);
	int memfd, ret;

	(void)opaque;
	if (!size)
		return -ENOMEM;
	ret = allocator_reserve(buffer, key, WC_MEMORY_UDMABUF, size);
	if (ret < 0)
		return ret;
	memfd = memory_io_memfd("webcodecs");
	if (memfd < 0)
		return memfd;
	ret = export(udmabuf, memfd, size);
	memory_io_close(memfd);
	return allocator_adopt(buffer, key, ret);
}

static void udmabuf_release(struct pool_allocator *allocator)
{
	struct udmabuf_allocator *udmabuf =
		container_of(allocator, struct udmabuf_allocator, base);

	memory_io_close(udmabuf->fd);
	free(udmabuf);
}

int allocator_udmabuf_new(struct pool_allocator **allocator)
{
	static const struct pool_allocator_ops ops = {
		.alloc = udmabuf_alloc,
		.free = allocator_free_buffer,
		.release = udmabuf_release,
	};
	struct udmabuf_allocator *udmabuf = malloc(sizeof *udmabuf);
	int ret;

	*allocator = NULL;
	if (!udmabuf)
		return -ENOMEM;
	udmabuf->base.ops = &ops;
	udmabuf->fd = memory_io_open("/dev/udmabuf");
	if (udmabuf->fd < 0) {
		ret = udmabuf->fd;
		free(udmabuf);
		return ret;
	}
	*allocator = &udmabuf->base;
	return 0;
}
