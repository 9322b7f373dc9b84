/* SPDX-License-Identifier: MIT */
#include "v4l2/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "v4l2/io.h"

void queue_init(struct queue *queue, struct v4l2_device *device, uint32_t type)
{
	memset(queue, 0, sizeof *queue);
	queue->device = device;
	queue->type = type;
	queue->memory = V4L2_MEMORY_MMAP;
}

static bool is_output(const struct queue *queue)
{
	return V4L2_TYPE_IS_OUTPUT(queue->type);
}

static bool is_multiplanar(const struct queue *queue)
{
	return V4L2_TYPE_IS_MULTIPLANAR(queue->type);
}

static void format_from_kernel(const struct v4l2_format *kernel, struct queue_format *format)
{
	const struct v4l2_pix_format_mplane *mp = &kernel->fmt.pix_mp;
	const struct v4l2_pix_format *sp = &kernel->fmt.pix;

	memset(format, 0, sizeof *format);
	if (!V4L2_TYPE_IS_MULTIPLANAR(kernel->type)) {
		format->fourcc = sp->pixelformat;
		format->width = sp->width;
		format->height = sp->height;
		format->field = sp->field;
		format->n_planes = 1;
		format->planes[0].bytesperline = sp->bytesperline;
		format->planes[0].sizeimage = sp->sizeimage;
		format->color = (struct v4l2_colorimetry) {
			sp->colorspace, sp->xfer_func, sp->ycbcr_enc, sp->quantization,
		};
		return;
	}
	format->fourcc = mp->pixelformat;
	format->width = mp->width;
	format->height = mp->height;
	format->field = mp->field;
	format->n_planes = mp->num_planes < WC_MAX_PLANES ? mp->num_planes : WC_MAX_PLANES;
	for (unsigned i = 0; i < format->n_planes; i++) {
		format->planes[i].bytesperline = mp->plane_fmt[i].bytesperline;
		format->planes[i].sizeimage = mp->plane_fmt[i].sizeimage;
	}
	format->color = (struct v4l2_colorimetry) {
		mp->colorspace, mp->xfer_func, mp->ycbcr_enc, mp->quantization,
	};
}

static void format_to_kernel(const struct queue_format *format, struct v4l2_format *kernel)
{
	struct v4l2_pix_format_mplane *mp = &kernel->fmt.pix_mp;
	struct v4l2_pix_format *sp = &kernel->fmt.pix;

	if (!V4L2_TYPE_IS_MULTIPLANAR(kernel->type)) {
		sp->pixelformat = format->fourcc;
		sp->width = format->width;
		sp->height = format->height;
		sp->field = V4L2_FIELD_NONE;
		sp->bytesperline = format->planes[0].bytesperline;
		sp->sizeimage = format->planes[0].sizeimage;
		sp->colorspace = format->color.colorspace;
		sp->xfer_func = format->color.xfer_func;
		sp->ycbcr_enc = format->color.ycbcr_enc;
		sp->quantization = format->color.quantization;
		/* Without it the kernel takes the four fields above for garbage of old programs. */
		sp->priv = V4L2_PIX_FMT_PRIV_MAGIC;
		return;
	}
	mp->pixelformat = format->fourcc;
	mp->width = format->width;
	mp->height = format->height;
	mp->field = V4L2_FIELD_NONE;
	mp->num_planes = (uint8_t)format->n_planes;
	for (unsigned i = 0; i < format->n_planes; i++) {
		mp->plane_fmt[i].bytesperline = format->planes[i].bytesperline;
		mp->plane_fmt[i].sizeimage = format->planes[i].sizeimage;
	}
	mp->colorspace = format->color.colorspace;
	mp->xfer_func = (uint8_t)format->color.xfer_func;
	mp->ycbcr_enc = (uint8_t)format->color.ycbcr_enc;
	mp->quantization = (uint8_t)format->color.quantization;
}

int queue_get_format(struct queue *queue)
{
	struct v4l2_format kernel = { .type = queue->type };
	int ret = device_ioctl(queue->device, VIDIOC_G_FMT, &kernel);

	if (ret == 0)
		format_from_kernel(&kernel, &queue->format);
	return ret;
}

int queue_set_format(struct queue *queue, const struct queue_format *format)
{
	struct v4l2_format kernel = { .type = queue->type };
	int ret;

	format_to_kernel(format, &kernel);
	ret = device_ioctl(queue->device, VIDIOC_S_FMT, &kernel);
	if (ret == 0)
		format_from_kernel(&kernel, &queue->format);
	return ret;
}

int queue_try_format(struct queue *queue, struct queue_format *format)
{
	struct v4l2_format kernel = { .type = queue->type };
	int ret;

	format_to_kernel(format, &kernel);
	ret = device_ioctl(queue->device, VIDIOC_TRY_FMT, &kernel);
	if (ret == 0)
		format_from_kernel(&kernel, format);
	return ret;
}

uint32_t queue_enum_format(struct queue *queue, uint32_t index)
{
	struct v4l2_fmtdesc desc = { .index = index, .type = queue->type };

	return device_ioctl(queue->device, VIDIOC_ENUM_FMT, &desc) == 0 ? desc.pixelformat : 0;
}

bool queue_has_format(struct queue *queue, uint32_t fourcc)
{
	uint32_t found;

	for (uint32_t i = 0; (found = queue_enum_format(queue, i)); i++)
		if (found == fourcc)
			return true;
	return false;
}

/* Imports have the length of what they import. */
static int find_length(struct queue *queue, unsigned index)
{
	struct v4l2_plane planes[WC_MAX_PLANES] = { 0 };
	struct v4l2_buffer buffer = { .type = queue->type, .index = index };
	int ret;

	if (queue->memory == V4L2_MEMORY_DMABUF) {
		queue->lengths[index] = queue->format.planes[0].sizeimage;
		return 0;
	}
	if (is_multiplanar(queue)) {
		buffer.m.planes = planes;
		buffer.length = WC_MAX_PLANES;
	}
	ret = device_ioctl(queue->device, VIDIOC_QUERYBUF, &buffer);
	if (ret == 0)
		queue->lengths[index] = is_multiplanar(queue) ? planes[0].length : buffer.length;
	return ret;
}

uint64_t queue_buffer_size(const struct queue *queue, unsigned index)
{
	uint64_t size = index < queue->n_buffers ? queue->lengths[index]
						 : queue->format.planes[0].sizeimage;

	for (unsigned i = 1; i < queue->format.n_planes; i++)
		size += queue->format.planes[i].sizeimage;
	return size;
}

static int release_buffers(struct queue *queue)
{
	struct v4l2_requestbuffers request = {
		.type = queue->type, .memory = queue->memory, .count = 0,
	};

	return device_ioctl(queue->device, VIDIOC_REQBUFS, &request);
}

static int find_lengths(struct queue *queue, unsigned count)
{
	int ret = count > QUEUE_MAX_BUFFERS ? -E2BIG : 0;

	for (unsigned i = 0; i < count && ret == 0; i++)
		ret = find_length(queue, i);
	return ret;
}

static int allocate(struct queue *queue, uint32_t memory, unsigned count)
{
	struct v4l2_requestbuffers request = {
		.type = queue->type, .memory = memory, .count = count,
	};
	int ret = device_ioctl(queue->device, VIDIOC_REQBUFS, &request);

	if (ret < 0)
		return ret;
	if (request.count == 0)
		return -ENOMEM;
	queue->memory = memory;
	queue->capabilities = request.capabilities;
	queue->cleaned = 0;
	queue->writable = false;
	ret = find_lengths(queue, request.count);
	if (ret < 0) {
		release_buffers(queue);
		return ret;
	}
	queue->n_buffers = request.count;
	queue->n_queued = 0;
	memset(queue->slots, 0, sizeof queue->slots);
	queue->state = QUEUE_STOPPED;
	return 0;
}

int queue_allocate(struct queue *queue, unsigned count)
{
	return allocate(queue, V4L2_MEMORY_MMAP, count);
}

int queue_allocate_imports(struct queue *queue, unsigned count)
{
	return allocate(queue, V4L2_MEMORY_DMABUF, count);
}

bool queue_may_import(const struct queue *queue)
{
	return !queue->capabilities || queue->capabilities & V4L2_BUF_CAP_SUPPORTS_DMABUF;
}

int queue_grow(struct queue *queue, uint32_t size)
{
	struct v4l2_create_buffers create = {
		.count = 1, .memory = queue->memory, .format.type = queue->type,
	};
	struct queue_format format = queue->format;
	int ret;

	if (queue->n_buffers >= QUEUE_MAX_BUFFERS || queue->fixed)
		return -ENOSPC;
	if (format.planes[0].sizeimage < size)
		format.planes[0].sizeimage = size;
	format_to_kernel(&format, &create.format);
	ret = device_ioctl(queue->device, VIDIOC_CREATE_BUFS, &create);
	queue->fixed = ret == -ENOTTY;
	if (ret < 0)
		return ret == -ENOBUFS ? -ENOSPC : ret;
	/* Indices are not always the next ones once buffers can be removed; ours never are. */
	if (create.count != 1 || create.index != queue->n_buffers)
		return -ENOSPC;
	ret = find_length(queue, create.index);
	if (ret < 0)
		return ret;
	queue->slots[create.index] = SLOT_FREE;
	queue->cleaned &= ~((uint64_t)1 << create.index);
	queue->n_buffers++;
	return (int)create.index;
}

/* As VIDIOC_REMOVE_BUFS has it, which many installed headers do not know yet. */
struct removal {
	uint32_t index, count, type;
	uint32_t reserved[13];
};

#define REMOVE_BUFS _IOWR('V', 104, struct removal)

/* The last one only: so indices have no holes. */
int queue_shrink(struct queue *queue)
{
	struct removal removal = {
		.index = queue->n_buffers - 1, .count = 1, .type = queue->type,
	};
	int ret;

	if (!(queue->capabilities & V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS))
		return -ENOTTY;
	ret = device_ioctl(queue->device, REMOVE_BUFS, &removal);
	if (ret < 0)
		queue->capabilities &= ~(uint32_t)V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS;
	else
		queue->n_buffers--;
	return ret;
}

int queue_free(struct queue *queue)
{
	int ret = 0;

	if (queue->state == QUEUE_STREAMING)
		queue_stream_off(queue);
	if (queue->state == QUEUE_STOPPED)
		ret = queue->stuck ? -EBUSY : release_buffers(queue);
	if (ret == 0) {
		queue->state = QUEUE_EMPTY;
		queue->n_buffers = 0;
		queue->n_queued = 0;
	}
	return ret;
}

static int export_plane(struct queue *queue, unsigned index, unsigned plane, bool writable)
{
	struct v4l2_exportbuffer export = {
		.type = queue->type, .index = index, .plane = plane,
		.flags = O_CLOEXEC | (writable ? O_RDWR : O_RDONLY),
	};
	int ret = device_ioctl(queue->device, VIDIOC_EXPBUF, &export);

	return ret < 0 ? ret : export.fd;
}

static void drop_memory(struct queue_memory *memory)
{
	for (unsigned i = 0; i < memory->n_planes; i++) {
		if (memory->planes[i].map)
			io_munmap(memory->planes[i].map, memory->planes[i].size);
		if (memory->planes[i].fd >= 0)
			close(memory->planes[i].fd);
	}
	memory->n_planes = 0;
}

/*
 * A driver without EXPBUF says ENOTTY or EINVAL; then the device itself is mapped. That export
 * worked but mmap of the DMA-BUF did not is ordinary, too: not all exporters can be mapped.
 */
static int take_plane(struct queue *queue, unsigned index, unsigned plane, uint32_t offset,
		      bool writable, struct queue_memory *memory)
{
	size_t size = memory->planes[plane].size;
	int fd = export_plane(queue, index, plane, writable);
	uint8_t *map = NULL;

	if (fd < 0 && fd != -ENOTTY && fd != -EINVAL)
		return fd;
	memory->planes[plane].fd = fd < 0 ? -1 : fd;
	if (fd >= 0)
		map = io_mmap_dma_buf(fd, size, writable);
	if (!map)
		map = io_mmap(queue->device->fd, size, writable, offset);
	memory->planes[plane].map = map;
	memory->n_planes = plane + 1;
	return map ? 0 : -errno;
}

int queue_take_memory(struct queue *queue, unsigned index, bool writable,
		      struct queue_memory *memory)
{
	struct v4l2_plane planes[WC_MAX_PLANES] = { 0 };
	struct v4l2_buffer buffer = { .type = queue->type, .index = index };
	unsigned n = 1;
	int ret;

	memset(memory, 0, sizeof *memory);
	if (is_multiplanar(queue)) {
		buffer.m.planes = planes;
		buffer.length = WC_MAX_PLANES;
	}
	ret = device_ioctl(queue->device, VIDIOC_QUERYBUF, &buffer);
	if (ret < 0)
		return ret;
	if (is_multiplanar(queue)) {
		n = buffer.length;
	} else {
		planes[0].length = buffer.length;
		planes[0].m.mem_offset = buffer.m.offset;
	}
	for (unsigned i = 0; i < n && ret == 0; i++) {
		memory->planes[i].size = planes[i].length;
		ret = take_plane(queue, index, i, planes[i].m.mem_offset, writable, memory);
	}
	if (ret < 0)
		drop_memory(memory);
	else
		queue->writable |= writable;
	return ret;
}

int queue_stream_on(struct queue *queue)
{
	int type = (int)queue->type;
	int ret = device_ioctl(queue->device, VIDIOC_STREAMON, &type);

	if (ret == 0)
		queue->state = QUEUE_STREAMING;
	return ret;
}

int queue_stream_off(struct queue *queue)
{
	int type = (int)queue->type;
	int ret;

	if (queue->state == QUEUE_EMPTY)
		return 0;
	ret = device_ioctl(queue->device, VIDIOC_STREAMOFF, &type);
	queue->stuck = ret < 0;
	/* Whatever it said, no buffer of ours can be expected back. */
	for (unsigned i = 0; i < queue->n_buffers; i++)
		if (queue->slots[i] == SLOT_QUEUED)
			queue->slots[i] = SLOT_FREE;
	queue->n_queued = 0;
	queue->state = QUEUE_STOPPED;
	return ret;
}

int queue_find_free(const struct queue *queue, uint32_t size)
{
	for (unsigned i = 0; i < queue->n_buffers; i++)
		if (queue->slots[i] == SLOT_FREE && queue->lengths[i] >= size)
			return (int)i;
	return -1;
}

/* import: NULL for memory that the queue made. Sizes beyond 4 GiB are as good as that. */
static void fill_planes(const struct queue *queue, const struct queue_memory *import,
			size_t bytesused, struct v4l2_plane *planes)
{
	for (unsigned i = 0; i < queue->format.n_planes; i++) {
		if (is_output(queue))
			planes[i].bytesused = i ? queue->format.planes[i].sizeimage
						: (uint32_t)bytesused;
		if (!import)
			continue;
		planes[i].m.fd = import->planes[i].fd;
		planes[i].length = import->planes[i].size < UINT32_MAX
					   ? (uint32_t)import->planes[i].size : UINT32_MAX;
	}
}

/*
 * buffer.rst: what the driver need not do for caches. Nobody reads what a device reads. And where
 * nobody writes there is nothing to write back, but for the zeros with which memory begins. That
 * caches are emptied of old pictures is left to the driver: DMA_BUF_IOCTL_SYNC would not do it for
 * all kinds of its memory.
 */
static uint32_t cache_hints(const struct queue *queue, unsigned index)
{
	if (queue->memory != V4L2_MEMORY_MMAP ||
	    !(queue->capabilities & V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS))
		return 0;
	if (is_output(queue))
		return V4L2_BUF_FLAG_NO_CACHE_INVALIDATE;
	return queue->cleaned >> index & 1 && !queue->writable ? V4L2_BUF_FLAG_NO_CACHE_CLEAN : 0;
}

static int enqueue(struct queue *queue, unsigned index, const struct queue_memory *import,
		   size_t bytesused, uint64_t cookie)
{
	struct v4l2_plane planes[WC_MAX_PLANES] = { 0 };
	struct v4l2_buffer buffer = {
		.type = queue->type, .memory = queue->memory, .index = index,
		.field = V4L2_FIELD_NONE,
	};
	int ret;

	fill_planes(queue, import, bytesused, planes);
	buffer.flags = cache_hints(queue, index);
	if (is_output(queue)) {
		buffer.timestamp.tv_sec = (time_t)(cookie / 1000000);
		buffer.timestamp.tv_usec = (suseconds_t)(cookie % 1000000);
		buffer.flags |= V4L2_BUF_FLAG_TIMESTAMP_COPY;
	}
	if (is_multiplanar(queue)) {
		buffer.m.planes = planes;
		buffer.length = queue->format.n_planes;
	} else {
		buffer.bytesused = planes[0].bytesused;
		buffer.length = planes[0].length;
		if (import)
			buffer.m.fd = planes[0].m.fd;
	}
	ret = device_ioctl(queue->device, VIDIOC_QBUF, &buffer);
	if (ret < 0)
		return ret;
	queue->slots[index] = SLOT_QUEUED;
	queue->cleaned |= (uint64_t)1 << index;
	queue->n_queued++;
	return 0;
}

int queue_enqueue(struct queue *queue, unsigned index, size_t bytesused, uint64_t cookie)
{
	return enqueue(queue, index, NULL, bytesused, cookie);
}

int queue_enqueue_import(struct queue *queue, unsigned index, const struct queue_memory *memory,
			 size_t bytesused, uint64_t cookie)
{
	return enqueue(queue, index, memory, bytesused, cookie);
}

int queue_dequeue(struct queue *queue, struct queue_done *done)
{
	struct v4l2_plane planes[WC_MAX_PLANES] = { 0 };
	struct v4l2_buffer buffer = { .type = queue->type, .memory = queue->memory };
	int ret;

	if (is_multiplanar(queue)) {
		buffer.m.planes = planes;
		buffer.length = WC_MAX_PLANES;
	}
	ret = device_ioctl(queue->device, VIDIOC_DQBUF, &buffer);
	if (ret < 0)
		return ret;
	if (buffer.index >= queue->n_buffers || queue->slots[buffer.index] != SLOT_QUEUED)
		return -EPROTO;
	queue->slots[buffer.index] = SLOT_HELD;
	queue->n_queued--;
	done->index = buffer.index;
	done->flags = buffer.flags;
	done->sequence = buffer.sequence;
	done->cookie = (uint64_t)buffer.timestamp.tv_sec * 1000000 +
		       (uint64_t)buffer.timestamp.tv_usec;
	done->offset = is_multiplanar(queue) ? planes[0].data_offset : 0;
	done->bytesused = is_multiplanar(queue) ? planes[0].bytesused : buffer.bytesused;
	return 0;
}

void queue_release(struct queue *queue, unsigned index)
{
	if (queue->slots[index] == SLOT_HELD)
		queue->slots[index] = SLOT_FREE;
}
