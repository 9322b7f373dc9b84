/* SPDX-License-Identifier: MIT */
/* Fences of a frame as sync files: driver-api/dma-buf.rst, "Implicit Fence Poll Support". */
#include "frame/video_frame.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/ioctl.h>
#include <linux/sync_file.h>
#include <string.h>

#include "frame/fence.h"
#include "frame/memory_io.h"

/* Linux 6.0; headers may be older. */
#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
struct dma_buf_export_sync_file {
	__u32 flags;
	__s32 fd;
};
struct dma_buf_import_sync_file {
	__u32 flags;
	__s32 fd;
};
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE _IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)
#endif

/* The same numbers in both: the kernel adds and asks for fences of that use. */
static uint32_t sync_flags(int access)
{
	return access & WC_MAP_WRITE ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ;
}

static int export_object(int dma_buf, uint32_t flags)
{
	struct dma_buf_export_sync_file arg = { .flags = flags, .fd = -1 };
	int ret = memory_io_ioctl(dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg);

	return ret < 0 ? ret : arg.fd;
}

/* *merged becomes a file of both, -1 being one of none. added stays the caller's. */
static int merge(int *merged, int added)
{
	struct sync_merge_data data = { .name = "webcodecs", .fd2 = added };
	int ret = *merged < 0 ? memory_io_dup(added)
			      : memory_io_ioctl(*merged, SYNC_IOC_MERGE, &data);

	if (ret < 0)
		return ret;
	if (*merged >= 0) {
		memory_io_close(*merged);
		ret = data.fence;
	}
	*merged = ret;
	return 0;
}

/* The same, and added ends. */
static int merge_end(int *merged, int added)
{
	int ret = 0;

	if (*merged < 0) {
		*merged = added;
		return 0;
	}
	ret = merge(merged, added);
	memory_io_close(added);
	return ret;
}

static int export_all(const struct buffer *buffer, uint32_t flags, int *sync_file)
{
	int ret = 0;

	for (unsigned i = 0; i < buffer->n_objects && ret == 0; i++) {
		ret = export_object(buffer->objects[i].fd, flags);
		if (ret >= 0)
			ret = merge_end(sync_file, ret);
	}
	if (ret == 0 && buffer->acquire_fence >= 0)
		ret = merge(sync_file, buffer->acquire_fence);
	if (ret < 0 && *sync_file >= 0) {
		memory_io_close(*sync_file);
		*sync_file = -1;
	}
	return ret;
}

static int import_all(struct buffer *buffer, uint32_t flags, int sync_file)
{
	struct dma_buf_import_sync_file arg = { .flags = flags, .fd = sync_file };
	int ret = 0;

	for (unsigned i = 0; i < buffer->n_objects && ret == 0; i++)
		ret = memory_io_ioctl(buffer->objects[i].fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg);
	return ret < 0 ? ret : 0;
}

/* Before 6.0 dma_buf_ioctl() knows no such request. EINVAL is said to what is no sync file. */
static int status_of(int ret)
{
	switch (ret) {
	case 0:
		return WC_OK;
	case -ENOTTY:
		return WC_NOT_SUPPORTED_ERROR;
	case -EINVAL:
	case -EBADF:
		return WC_TYPE_ERROR;
	default:
		return WC_OPERATION_ERROR;
	}
}

static bool is_access(int access)
{
	return access && !(access & ~(WC_MAP_READ | WC_MAP_WRITE));
}

int wc_video_frame_export_sync_file(struct wc_video_frame *frame, int access, int *sync_file)
{
	int ret;

	if (!sync_file)
		return WC_TYPE_ERROR;
	*sync_file = -1;
	if (!is_access(access))
		return WC_TYPE_ERROR;
	if (!guard_use(&frame->guard, &frame->core->seizures))
		return WC_INVALID_STATE_ERROR;
	if (buffer_is_dma_buf(frame->buffer))
		ret = status_of(export_all(frame->buffer, sync_flags(access), sync_file));
	else
		ret = WC_NOT_SUPPORTED_ERROR;
	guard_end_use(&frame->guard);
	/* Nothing of it was the caller's. */
	return ret == WC_TYPE_ERROR ? WC_OPERATION_ERROR : ret;
}

static int import_fence(const struct wc_video_frame *frame, int access, int sync_file)
{
	struct buffer *buffer = frame->buffer;

	if (access & WC_MAP_WRITE && (!frame->writable || buffer->read_only))
		return WC_TYPE_ERROR;
	if (!buffer_is_dma_buf(buffer))
		return WC_NOT_SUPPORTED_ERROR;
	/* First: some of the objects may get the fence in any case. */
	fence_expect(buffer, (unsigned)access);
	return status_of(import_all(buffer, sync_flags(access), sync_file));
}

int wc_video_frame_import_sync_file(struct wc_video_frame *frame, int access, int sync_file)
{
	int ret;

	if (!is_access(access))
		return WC_TYPE_ERROR;
	if (!guard_use(&frame->guard, &frame->core->seizures))
		return WC_INVALID_STATE_ERROR;
	ret = import_fence(frame, access, sync_file);
	guard_end_use(&frame->guard);
	return ret;
}
