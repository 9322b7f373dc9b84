/* SPDX-License-Identifier: MIT */
/*
 * The allocator of DRM dumb buffers. A dumb buffer is one plane of bits, so a picture of several
 * planes is asked for as one that is higher: NV12 and I420 as height * 3 / 2 rows of 8 bits. The
 * driver aligns the pitch, and the planes are laid out with what it said. Once it is exported the
 * handle is given back: the DMA-BUF keeps the memory.
 */
#include "frame/allocator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm.h>
#include <drm_mode.h>

#include "frame/memory_io.h"
#include "frame/video_frame.h"
#include "util/macros.h"

/* Minor numbers of primary nodes, Documentation/gpu/drm-uapi.rst. */
#define MAX_NODES 64

/* Bytes of a row of what has no picture. */
#define PLAIN_PITCH 4096

struct dumb_allocator {
	struct pool_allocator base;
	int fd;
	bool has_display;
};

bool allocator_dumb_node(unsigned n, char *node)
{
	snprintf(node, ALLOCATOR_NAME_MAX, "/dev/dri/card%u", n);
	return n < MAX_NODES;
}

bool allocator_dumb_has_display(struct pool_allocator *allocator)
{
	return container_of(allocator, struct dumb_allocator, base)->has_display;
}

/* What to ask the driver for: rows of the first plane, so many that all planes fit. */
static int describe(const struct pool_key *key, struct drm_mode_create_dumb *create)
{
	size_t pitch = PLAIN_PITCH, size = key->size, needed, rows;
	unsigned bytes = 1;

	if (key->fourcc) {
		struct frame_format format;

		needed = frame_format_with_stride(&format, key->fourcc, key->width, key->height, 0);
		if (!needed)
			return -EINVAL;
		pitch = format.planes[0].stride;
		bytes = frame_format_sample_bytes(&format);
		if (needed > size)
			size = needed;
	}
	rows = size / pitch + (size % pitch != 0);
	if (rows > UINT32_MAX || pitch > UINT32_MAX)
		return -EINVAL;
	*create = (struct drm_mode_create_dumb) {
		.width = (uint32_t)(pitch / bytes),
		.height = (uint32_t)rows,
		.bpp = 8 * bytes,
	};
	return 0;
}

/* As far as is known before the driver aligns it. */
static size_t bytes_of(const struct drm_mode_create_dumb *create)
{
	return (size_t)create->width * (create->bpp / 8) * create->height;
}

/* A driver that aligns in a way that no picture of this format has is of no use to us. */
static int check_pitch(const struct pool_key *key, uint32_t pitch)
{
	struct frame_format format;

	if (key->fourcc && !frame_format_with_stride(&format, key->fourcc, key->width, key->height,
						     pitch))
		return -EINVAL;
	return 0;
}

/* The DMA-BUF of a dumb buffer, or a negative errno; the handle is gone. */
static int export(const struct dumb_allocator *dumb, uint32_t handle)
{
	struct drm_mode_destroy_dumb destroy = { .handle = handle };
	int dma_buf = memory_io_drm_export(dumb->fd, handle);

	memory_io_drm_ioctl(dumb->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
	return dma_buf;
}

static int dumb_alloc(struct pool_allocator *allocator, const struct pool_key *key,
		      struct buffer *buffer, void **opaque)
{
	struct dumb_allocator *dumb = container_of(allocator, struct dumb_allocator, base);
	struct drm_mode_create_dumb create;
	int ret = describe(key, &create);

	(void)opaque;
	if (ret == 0)
		ret = allocator_reserve(buffer, key, WC_MEMORY_DUMB, bytes_of(&create));
	if (ret == 0)
		ret = memory_io_drm_ioctl(dumb->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	if (ret < 0)
		return ret;
	ret = export(dumb, create.handle);
	if (ret >= 0 && check_pitch(key, create.pitch) < 0) {
		memory_io_close(ret);
		ret = -EINVAL;
	}
	ret = allocator_adopt(buffer, key, ret);
	if (ret == 0 && key->fourcc)
		buffer->stride = create.pitch;
	return ret;
}

static void dumb_release(struct pool_allocator *allocator)
{
	struct dumb_allocator *dumb = container_of(allocator, struct dumb_allocator, base);

	memory_io_close(dumb->fd);
	free(dumb);
}

/*
 * Drivers without a display answer no question about dumb buffers, but may have them; that they
 * have not is then seen at the first.
 */
static int look(struct dumb_allocator *dumb)
{
	uint64_t can_dumb, can_prime;
	int ret = memory_io_drm_cap(dumb->fd, DRM_CAP_PRIME, &can_prime);

	if (ret < 0)
		return ret;
	if (!(can_prime & DRM_PRIME_CAP_EXPORT))
		return -ENOTSUP;
	ret = memory_io_drm_cap(dumb->fd, DRM_CAP_DUMB_BUFFER, &can_dumb);
	if (ret == 0 && !can_dumb)
		return -ENOTSUP;
	dumb->has_display = ret == 0;
	return ret == -EOPNOTSUPP ? 0 : ret;
}

int allocator_dumb_new(const char *node, struct pool_allocator **allocator)
{
	static const struct pool_allocator_ops ops = {
		.alloc = dumb_alloc,
		.free = allocator_free_buffer,
		.release = dumb_release,
	};
	struct dumb_allocator *dumb;
	int ret;

	*allocator = NULL;
	if (strlen(node) >= ALLOCATOR_NAME_MAX)
		return -ENAMETOOLONG;
	dumb = calloc(1, sizeof *dumb);
	if (!dumb)
		return -ENOMEM;
	dumb->base.ops = &ops;
	dumb->fd = memory_io_open(node);
	ret = dumb->fd;
	if (ret >= 0) {
		/* Whoever comes to draw on the display must not find it taken. */
		memory_io_drm_drop_master(dumb->fd);
		ret = look(dumb);
	}
	if (ret < 0) {
		if (dumb->fd >= 0)
			memory_io_close(dumb->fd);
		free(dumb);
		return ret;
	}
	*allocator = &dumb->base;
	return 0;
}
