/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Buffers and queues after videobuf2-core.c and videobuf2-v4l2.c of Linux 6.12: the same checks
 * in the same order with the same errno. What only a faulty client does is a violation as well.
 *
 *	DEQUEUED --QBUF--> QUEUED --start_streaming--> ACTIVE --hardware--> DONE | ERROR --DQBUF-->
 *	DEQUEUED; STREAMOFF and REQBUFS bring every buffer back to DEQUEUED
 */

#ifndef V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS
#define V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS (1 << 7)
#endif
#ifndef V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS
#define V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS (1 << 8)
#endif

/* mmap() cookies: which side, buffer, plane; any page size up to 64 KiB. */
#define OFFSET_CAPTURE (1u << 30)
#define OFFSET_BUFFER_SHIFT 20
#define OFFSET_PLANE_SHIFT 16

static const char *side_name(const struct fake_queue *queue)
{
	return queue->is_output ? "OUTPUT" : "CAPTURE";
}

/* ---------------------------------------------------------------- fifo -- */

void fake_fifo_push(struct fake_fifo *fifo, unsigned int item)
{
	fifo->item[fifo->count++] = (uint8_t)item;
}

void fake_fifo_remove(struct fake_fifo *fifo, unsigned int item)
{
	unsigned int i;

	for (i = 0; i < fifo->count && fifo->item[i] != item; i++)
		;
	if (i == fifo->count)
		return;
	fifo->count--;
	memmove(&fifo->item[i], &fifo->item[i + 1], fifo->count - i);
}

unsigned int fake_fifo_pop(struct fake_fifo *fifo)
{
	unsigned int item = fifo->item[0];

	fake_fifo_remove(fifo, item);
	return item;
}

/* ---------------------------------------------------------------- content -- */

uint8_t *fake_buffer_data(struct fake_buffer *buffer, unsigned int plane)
{
	return buffer->planes[plane].map;
}

/* A sample of the content that is cheap for large pictures: the beginning, then each 61st byte. */
static uint64_t buffer_sum(const struct fake_queue *queue, const struct fake_buffer *buffer)
{
	uint64_t sum = 14695981039346656037u;
	unsigned int i;
	size_t at;

	for (i = 0; i < buffer->num_planes; i++) {
		const struct fake_plane *plane = &buffer->planes[i];
		size_t size = queue->is_output ? plane->bytesused : plane->length;

		for (at = 0; plane->map && at < size; at += at < 256 ? 1 : 61)
			sum = (sum ^ plane->map[at]) * 1099511628211u;
	}
	return sum;
}

static void buffer_remember(const struct fake_queue *queue, struct fake_buffer *buffer)
{
	buffer->sum = buffer_sum(queue, buffer);
	buffer->sum_valid = true;
}

/* Frames of a decoder may be references until they are queued again (dev-decoder.rst, Decoding). */
static void check_not_written(const struct fake_queue *queue, struct fake_buffer *buffer)
{
	if (queue->is_output || queue->file->model->role != FAKE_DECODER)
		return;
	if (queue->memory == V4L2_MEMORY_USERPTR)
		return;			/* the client may have freed it */
	if (buffer->sum_valid && buffer->sum != buffer_sum(queue, buffer))
		fake_violate("client wrote into CAPTURE buffer %u, which may be a reference",
			     buffer->index);
}

unsigned int fake_queue_take(struct fake_queue *queue, unsigned int nth)
{
	unsigned int index = queue->ready.item[nth];
	struct fake_buffer *buffer = &queue->buffers[index];

	fake_fifo_remove(&queue->ready, index);
	if (buffer->sum_valid && buffer->sum != buffer_sum(queue, buffer))
		fake_violate("client wrote into %s buffer %u while it was queued", side_name(queue),
			     index);
	return index;
}

void fake_queue_put_back(struct fake_queue *queue, unsigned int index)
{
	buffer_remember(queue, &queue->buffers[index]);
	fake_fifo_push(&queue->ready, index);
}

void fake_buffer_done(struct fake_queue *queue, unsigned int index, bool error)
{
	struct fake_buffer *buffer = &queue->buffers[index];

	buffer->state = error ? FAKE_BUF_ERROR : FAKE_BUF_DONE;
	buffer->sequence = queue->sequence++;
	buffer->field = V4L2_FIELD_NONE;
	fake_fifo_push(&queue->done, index);
}

/* ---------------------------------------------------------------- planes -- */

static void plane_release(struct fake_plane *plane)
{
	if (plane->map && plane->map_length)
		fake_real_munmap(plane->map, plane->map_length);
	if (plane->fd >= 0)
		fake_real_close(plane->fd);
	plane->map = NULL;
	plane->map_length = 0;
	plane->fd = -1;
	plane->dev = 0;
	plane->ino = 0;
}

static int plane_alloc(const struct fake_queue *queue, unsigned int index, unsigned int number,
		       struct fake_plane *plane)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (plane->length + page - 1) / page * page;
	struct stat status;
	char name[64];

	snprintf(name, sizeof(name), "fake-%s-%u.%u", side_name(queue), index, number);
	plane->fd = fake_memfd(name, size, true);
	if (plane->fd < 0)
		return -ENOMEM;
	plane->map = fake_real_mmap(size, PROT_READ | PROT_WRITE, plane->fd);
	if (!plane->map || fstat(plane->fd, &status) < 0)
		return -ENOMEM;
	plane->map_length = size;
	plane->dev = status.st_dev;
	plane->ino = status.st_ino;
	return 0;
}

/* Somebody besides the driver has the memory open or mapped, as vb2_buffer_in_use(). */
bool fake_plane_in_use(const struct fake_plane *plane)
{
	if (plane->fd < 0)
		return false;
	return fake_count_fds(plane->dev, plane->ino) > 1 ||
	       fake_count_mappings(plane->dev, plane->ino) > 1;
}

static bool queue_in_use(const struct fake_queue *queue)
{
	unsigned int i;
	unsigned int p;

	for (i = 0; i < queue->limit; i++)
		for (p = 0; p < queue->buffers[i].num_planes; p++)
			if (fake_plane_in_use(&queue->buffers[i].planes[p]))
				return true;
	return false;
}

/* ---------------------------------------------------------------- life -- */

void fake_queue_init(struct fake_queue *queue, struct fake_file *file, uint32_t type,
		     bool is_output)
{
	const struct fake_model *model = file->model;

	memset(queue, 0, sizeof(*queue));
	queue->file = file;
	queue->type = type;
	queue->is_output = is_output;
	queue->limit = model->max_buffers ? model->max_buffers : VIDEO_MAX_FRAME;
	if (queue->limit > FAKE_MAX_BUFFERS)
		queue->limit = FAKE_MAX_BUFFERS;
	queue->min_queued = is_output ? model->min_queued_output : model->min_queued_capture;
}

static void buffer_free(struct fake_queue *queue, struct fake_buffer *buffer)
{
	unsigned int i;

	for (i = 0; i < buffer->num_planes; i++)
		plane_release(&buffer->planes[i]);
	memset(buffer, 0, sizeof(*buffer));
	queue->count--;
	if (queue->count == 0)
		queue->memory = 0;
}

/* All buffers back to the client, as __vb2_queue_cancel(). */
static void queue_cancel(struct fake_queue *queue)
{
	unsigned int i;

	if (queue->streaming)
		fake_codec_stopping(queue);
	queue->streaming = false;
	queue->started = false;
	queue->error = false;
	queue->queued.count = 0;
	queue->ready.count = 0;
	queue->done.count = 0;
	for (i = 0; i < queue->limit; i++) {
		struct fake_buffer *buffer = &queue->buffers[i];

		if (buffer->state == FAKE_BUF_NONE)
			continue;
		buffer->state = FAKE_BUF_DEQUEUED;
		buffer->prepared = false;
		buffer->sum_valid = false;
		buffer->flags = 0;
	}
}

void fake_queue_free(struct fake_queue *queue)
{
	unsigned int i;

	queue_cancel(queue);
	for (i = 0; i < queue->limit; i++)
		if (queue->buffers[i].state != FAKE_BUF_NONE)
			buffer_free(queue, &queue->buffers[i]);
}

static int buffer_create(struct fake_queue *queue, unsigned int index, unsigned int num_planes,
			 const uint32_t sizes[])
{
	struct fake_buffer *buffer = &queue->buffers[index];
	unsigned int i;
	int ret = 0;

	memset(buffer, 0, sizeof(*buffer));
	buffer->state = FAKE_BUF_DEQUEUED;
	buffer->index = index;
	buffer->num_planes = num_planes;
	queue->count++;
	for (i = 0; i < num_planes; i++) {
		buffer->planes[i].fd = -1;
		buffer->planes[i].client_fd = -1;
		buffer->planes[i].length = sizes[i];
		buffer->planes[i].min_length = sizes[i];
	}
	for (i = 0; !ret && queue->memory == V4L2_MEMORY_MMAP && i < num_planes; i++)
		ret = plane_alloc(queue, index, i, &buffer->planes[i]);
	if (ret)
		buffer_free(queue, buffer);
	return ret;
}

/* The lowest index from which @wanted ones in a row are free, else the limit. */
static unsigned int find_free(const struct fake_queue *queue, unsigned int wanted)
{
	unsigned int run = 0;
	unsigned int i;

	for (i = 0; i < queue->limit && run < wanted; i++)
		run = queue->buffers[i].state == FAKE_BUF_NONE ? run + 1 : 0;
	return run == wanted ? i - wanted : queue->limit;
}

/*
 * Creates up to @wanted buffers at indices in a row; how many were made. As __vb2_queue_alloc(),
 * it takes a gap that is large enough for all, or for as many as possible.
 */
static unsigned int buffers_create(struct fake_queue *queue, unsigned int wanted,
				   unsigned int num_planes, const uint32_t sizes[],
				   unsigned int *first)
{
	unsigned int made = 0;

	while (wanted && find_free(queue, wanted) == queue->limit)
		wanted--;
	*first = wanted ? find_free(queue, wanted) : 0;
	while (made < wanted && buffer_create(queue, *first + made, num_planes, sizes) == 0)
		made++;
	return made;
}

/* ---------------------------------------------------------------- REQBUFS -- */

static bool memory_supported(const struct fake_model *model, uint32_t memory)
{
	switch (memory) {
	case V4L2_MEMORY_MMAP:
		return model->memory & V4L2_BUF_CAP_SUPPORTS_MMAP;
	case V4L2_MEMORY_USERPTR:
		return model->memory & V4L2_BUF_CAP_SUPPORTS_USERPTR;
	case V4L2_MEMORY_DMABUF:
		return model->memory & V4L2_BUF_CAP_SUPPORTS_DMABUF;
	default:
		return false;
	}
}

static struct fake_queue *queue_of(struct fake_file *file, uint32_t type, const char *call)
{
	int side = fake_type_side(file, type);

	if (side < 0) {
		fake_violate("%s for buffer type %u, which the device does not have", call, type);
		return NULL;
	}
	return &file->queues[side];
}

/* The driver's queue_setup: sizes of a plane, and the least number of buffers. */
static int queue_setup(const struct fake_queue *queue, unsigned int *num_planes, uint32_t sizes[],
		       unsigned int *least)
{
	const struct fake_file *file = queue->file;
	const struct v4l2_pix_format_mplane *pix =
		&file->formats[queue->is_output ? FAKE_OUTPUT : FAKE_CAPTURE];
	unsigned int i;

	*num_planes = pix->num_planes;
	for (i = 0; i < pix->num_planes; i++) {
		sizes[i] = pix->plane_fmt[i].sizeimage;
		if (sizes[i] == 0)
			return -EINVAL;
	}
	*least = queue->is_output ? file->model->min_output : file->model->min_capture;
	if (!queue->is_output && *least && file->model->role == FAKE_DECODER)
		*least += file->codec.info.reorder;
	return 0;
}

static int queue_release(struct fake_queue *queue)
{
	bool orphans = queue->file->model->buf_caps & V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;

	if (queue->memory == V4L2_MEMORY_MMAP && !orphans && queue_in_use(queue)) {
		fake_violate(
			"REQBUFS frees %s buffers that are mapped or exported; the driver cannot "
			"orphan them",
			side_name(queue));
		return -EBUSY;
	}
	fake_queue_free(queue);
	return 0;
}

static int reqbufs_check(struct fake_queue *queue, const struct v4l2_requestbuffers *request)
{
	const struct fake_model *model = queue->file->model;

	if (!memory_supported(model, request->memory))
		return -EINVAL;
	if (queue->streaming) {
		fake_violate("REQBUFS while %s streams", side_name(queue));
		return -EBUSY;
	}
	if (model->quirks.reqbufs_once && request->count && queue->count)
		return -EINVAL;
	if (model->quirks.reqbufs_needs_format && request->count && !queue->file->coded_set)
		return -EINVAL;
	return 0;
}

static int reqbufs_allocate(struct fake_queue *queue, struct v4l2_requestbuffers *request)
{
	uint32_t sizes[VIDEO_MAX_PLANES];
	unsigned int num_planes;
	unsigned int wanted;
	unsigned int least;
	unsigned int first;
	int ret;

	ret = fake_context_acquire(queue->file, FAKE_STAGE_REQBUFS);
	if (!ret)
		ret = queue_setup(queue, &num_planes, sizes, &least);
	if (ret)
		return ret;
	wanted = request->count > least ? request->count : least;
	if (wanted > queue->limit)
		wanted = queue->limit;
	queue->memory = request->memory;
	queue->memory_flags = request->flags;
	request->count = buffers_create(queue, wanted, num_planes, sizes, &first);
	if (request->count < least || request->count == 0) {
		fake_queue_free(queue);
		queue->memory = 0;
		return -ENOMEM;
	}
	return 0;
}

static uint32_t buffer_caps(const struct fake_model *model)
{
	return model->memory |
	       (model->buf_caps & ~(uint32_t)V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS);
}

static uint8_t coherency_flags(const struct fake_model *model, uint32_t memory, uint32_t flags)
{
	if (memory != V4L2_MEMORY_MMAP ||
	    !(model->buf_caps & V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS))
		return 0;
	return flags & V4L2_MEMORY_FLAG_NON_COHERENT;
}

int fake_reqbufs(struct fake_file *file, struct v4l2_requestbuffers *request)
{
	struct fake_queue *queue = queue_of(file, request->type, "REQBUFS");
	int ret;

	if (!queue)
		return -EINVAL;
	if (request->reserved[0] || request->reserved[1] || request->reserved[2])
		fake_violate("reserved field of v4l2_requestbuffers is not zero");
	ret = reqbufs_check(queue, request);
	if (ret)
		return ret;
	request->capabilities = buffer_caps(file->model);
	request->flags = coherency_flags(file->model, request->memory, request->flags);
	if (request->count == 0 || queue->count) {
		ret = queue_release(queue);
		if (ret || request->count == 0)
			return ret;
	}
	return reqbufs_allocate(queue, request);
}

/* ---------------------------------------------------------------- CREATE_BUFS -- */

/* Sizes that the client asks for; -EINVAL if the driver would find one too small. */
static int create_sizes(const struct fake_queue *queue, const struct v4l2_format *format,
			unsigned int *num_planes, uint32_t sizes[])
{
	uint32_t needed[VIDEO_MAX_PLANES];
	unsigned int least;
	unsigned int i;
	int ret;

	ret = queue_setup(queue, num_planes, needed, &least);
	if (ret)
		return ret;
	if (!queue->file->model->mplane)
		sizes[0] = format->fmt.pix.sizeimage;
	else if (format->fmt.pix_mp.num_planes != *num_planes)
		return -EINVAL;
	else
		for (i = 0; i < *num_planes; i++)
			sizes[i] = format->fmt.pix_mp.plane_fmt[i].sizeimage;
	for (i = 0; i < *num_planes; i++)
		if (sizes[i] < needed[i])
			return -EINVAL;
	return 0;
}

static void create_report(const struct fake_queue *queue, struct v4l2_create_buffers *create)
{
	const struct fake_model *model = queue->file->model;
	uint32_t max = queue->limit;

	create->index = queue->count;
	create->capabilities = buffer_caps(model) |
			       (model->buf_caps & V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS);
	create->flags = coherency_flags(model, create->memory, create->flags);
	/* max_num_buffers took the place of the reserved field behind flags */
	if (model->buf_caps & V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS)
		memcpy((uint8_t *)create + offsetof(struct v4l2_create_buffers, flags) +
		       sizeof(create->flags), &max, sizeof(max));
}

static int create_allocate(struct fake_queue *queue, struct v4l2_create_buffers *create)
{
	uint32_t sizes[VIDEO_MAX_PLANES];
	unsigned int num_planes;
	int ret;

	if (queue->count == queue->limit)
		return -ENOBUFS;
	if (queue->count && queue->memory != create->memory)
		return -EINVAL;
	ret = fake_context_acquire(queue->file, FAKE_STAGE_REQBUFS);
	if (!ret)
		ret = create_sizes(queue, &create->format, &num_planes, sizes);
	if (ret)
		return ret;
	queue->memory = create->memory;
	create->count = buffers_create(queue, create->count, num_planes, sizes, &create->index);
	if (create->count == 0) {
		if (queue->count == 0)
			queue->memory = 0;
		return -ENOMEM;
	}
	return 0;
}

static void check_create_reserved(const struct v4l2_create_buffers *create)
{
	const uint8_t *end = (const uint8_t *)(create + 1);
	unsigned int i;

	for (i = 1; i <= 5 * sizeof(uint32_t); i++) {
		if (*(end - i)) {
			fake_violate("reserved field of v4l2_create_buffers is not zero");
			return;
		}
	}
}

int fake_create_bufs(struct fake_file *file, struct v4l2_create_buffers *create)
{
	struct fake_queue *queue;

	if (file->model->quirks.no_create_bufs)
		return -ENOTTY;
	queue = queue_of(file, create->format.type, "CREATE_BUFS");
	if (!queue || !memory_supported(file->model, create->memory))
		return -EINVAL;
	check_create_reserved(create);
	create_report(queue, create);
	if (create->count == 0)
		return 0;
	return create_allocate(queue, create);
}

int fake_remove_bufs(struct fake_file *file, struct fake_remove_buffers *removal)
{
	struct fake_queue *queue;
	uint32_t i;

	if (!(file->model->buf_caps & V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS))
		return -ENOTTY;
	queue = queue_of(file, removal->type, "REMOVE_BUFS");
	if (!queue)
		return -EINVAL;
	if (removal->count == 0)
		return 0;
	if (removal->count > queue->count || removal->index > queue->limit - removal->count)
		return -EINVAL;
	for (i = removal->index; i < removal->index + removal->count; i++) {
		if (queue->buffers[i].state == FAKE_BUF_NONE)
			return -EINVAL;
		if (queue->buffers[i].state != FAKE_BUF_DEQUEUED) {
			fake_violate("REMOVE_BUFS of %s buffer %u, which is queued",
				     side_name(queue), i);
			return -EBUSY;
		}
	}
	for (i = removal->index; i < removal->index + removal->count; i++)
		buffer_free(queue, &queue->buffers[i]);
	return 0;
}

/* ---------------------------------------------------------------- v4l2_buffer -- */

static uint32_t plane_offset(const struct fake_queue *queue, unsigned int index, unsigned int plane)
{
	return (queue->is_output ? 0 : OFFSET_CAPTURE) | index << OFFSET_BUFFER_SHIFT |
	       plane << OFFSET_PLANE_SHIFT;
}

static uint32_t state_flags(const struct fake_queue *queue, const struct fake_buffer *buffer)
{
	const struct fake_model *model = queue->file->model;
	uint32_t flags = buffer->flags;
	unsigned int i;

	if (model->role != FAKE_CAMERA)
		flags |= V4L2_BUF_FLAG_TIMESTAMP_COPY;
	else if (!model->quirks.no_monotonic)
		flags |= V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;

	switch (buffer->state) {
	case FAKE_BUF_QUEUED:
	case FAKE_BUF_ACTIVE:
		flags |= V4L2_BUF_FLAG_QUEUED;
		break;
	case FAKE_BUF_ERROR:
		flags |= V4L2_BUF_FLAG_ERROR | V4L2_BUF_FLAG_DONE;
		break;
	case FAKE_BUF_DONE:
		flags |= V4L2_BUF_FLAG_DONE;
		break;
	case FAKE_BUF_NONE:
	case FAKE_BUF_DEQUEUED:
		if (buffer->prepared)
			flags |= V4L2_BUF_FLAG_PREPARED;
		break;
	}
	for (i = 0; queue->memory == V4L2_MEMORY_MMAP && i < buffer->num_planes; i++)
		if (buffer->planes[i].mappings || buffer->exported)
			flags |= V4L2_BUF_FLAG_MAPPED;
	return flags;
}

static void fill_plane(const struct fake_queue *queue, unsigned int index, unsigned int number,
		       const struct fake_plane *plane, struct v4l2_plane *out)
{
	out->bytesused = plane->bytesused;
	out->length = plane->length;
	out->data_offset = plane->data_offset;
	if (queue->memory == V4L2_MEMORY_MMAP)
		out->m.mem_offset = plane_offset(queue, index, number);
	else if (queue->memory == V4L2_MEMORY_USERPTR)
		out->m.userptr = (unsigned long)plane->map;
	else
		out->m.fd = plane->client_fd;
	memset(out->reserved, 0, sizeof(out->reserved));
}

static void fill_user(const struct fake_queue *queue, const struct fake_buffer *buffer,
		      struct v4l2_buffer *buf)
{
	struct v4l2_plane plane;
	unsigned int i;

	buf->index = buffer->index;
	buf->type = queue->type;
	buf->memory = queue->memory;
	buf->flags = state_flags(queue, buffer);
	buf->field = buffer->field;
	buf->timestamp.tv_sec = (time_t)(buffer->timestamp / 1000000000);
	buf->timestamp.tv_usec = (suseconds_t)(buffer->timestamp % 1000000000 / 1000);
	buf->timecode = buffer->timecode;
	buf->sequence = buffer->sequence;
	buf->reserved2 = 0;
	buf->bytesused = 0;
	if (queue->file->model->mplane) {
		buf->length = buffer->num_planes;
		for (i = 0; i < buffer->num_planes; i++)
			fill_plane(queue, buffer->index, i, &buffer->planes[i], &buf->m.planes[i]);
		return;
	}
	fill_plane(queue, buffer->index, 0, &buffer->planes[0], &plane);
	buf->length = plane.length;
	buf->bytesused = plane.bytesused;
	if (queue->memory == V4L2_MEMORY_MMAP)
		buf->m.offset = plane.m.mem_offset;
	else if (queue->memory == V4L2_MEMORY_USERPTR)
		buf->m.userptr = plane.m.userptr;
	else
		buf->m.fd = plane.m.fd;
}

static struct fake_buffer *buffer_of(struct fake_queue *queue, uint32_t index)
{
	if (index >= queue->limit || queue->buffers[index].state == FAKE_BUF_NONE)
		return NULL;
	return &queue->buffers[index];
}

/* __verify_planes_array(), and what video_usercopy() checks before it */
static int verify_planes(const struct fake_queue *queue, const struct fake_buffer *buffer,
			 const struct v4l2_buffer *buf)
{
	if (!queue->file->model->mplane)
		return 0;
	if (buf->length > VIDEO_MAX_PLANES || buf->length < buffer->num_planes) {
		fake_violate("%s buffer %u has %u planes, v4l2_buffer.length says %u",
			     side_name(queue), buffer->index, buffer->num_planes, buf->length);
		return -EINVAL;
	}
	if (!buf->m.planes) {
		fake_violate("v4l2_buffer.m.planes is NULL");
		return -EFAULT;
	}
	return 0;
}

int fake_querybuf(struct fake_file *file, struct v4l2_buffer *buf)
{
	struct fake_queue *queue = queue_of(file, buf->type, "QUERYBUF");
	struct fake_buffer *buffer;
	int ret;

	if (!queue)
		return -EINVAL;
	buffer = buffer_of(queue, buf->index);
	if (!buffer)
		return -EINVAL;
	ret = verify_planes(queue, buffer, buf);
	if (ret == 0)
		fill_user(queue, buffer, buf);
	return ret;
}

/* ---------------------------------------------------------------- QBUF -- */

/* What the client says about one plane, from either API. */
struct plane_request {
	uint32_t bytesused;
	uint32_t length;
	uint32_t data_offset;
	int fd;
	unsigned long userptr;
};

static void read_request(const struct fake_queue *queue, const struct v4l2_buffer *buf,
			 unsigned int number, struct plane_request *request)
{
	const struct v4l2_plane *plane;

	memset(request, 0, sizeof(*request));
	if (!queue->file->model->mplane) {
		request->bytesused = buf->bytesused;
		request->length = buf->length;
		request->fd = buf->m.fd;
		request->userptr = buf->m.userptr;
		return;
	}
	plane = &buf->m.planes[number];
	request->bytesused = plane->bytesused;
	request->length = plane->length;
	request->data_offset = plane->data_offset;
	request->fd = plane->m.fd;
	request->userptr = plane->m.userptr;
	for (number = 0; number < sizeof(plane->reserved) / sizeof(plane->reserved[0]); number++)
		if (plane->reserved[number])
			fake_violate("reserved field of v4l2_plane is not zero");
}

/* __verify_length(), OUTPUT only */
static int verify_length(const struct fake_queue *queue, const struct fake_buffer *buffer,
			 unsigned int number, const struct plane_request *request)
{
	bool client_length = queue->memory == V4L2_MEMORY_USERPTR ||
			     (queue->memory == V4L2_MEMORY_DMABUF && queue->file->model->mplane);
	uint32_t length = client_length ? request->length : buffer->planes[number].length;
	uint32_t used = request->bytesused ? request->bytesused : length;

	if (request->bytesused > length) {
		fake_violate("OUTPUT buffer %u: bytesused %u in %u bytes", buffer->index,
			     request->bytesused, length);
		return -EINVAL;
	}
	if (request->data_offset && request->data_offset >= used)
		return -EINVAL;
	if (request->bytesused == 0)
		fake_violate("OUTPUT buffer %u: bytesused is 0", buffer->index);
	return 0;
}

static int acquire_dmabuf(struct fake_queue *queue, struct fake_buffer *buffer,
			  struct fake_plane *plane, const struct plane_request *request)
{
	int prot = queue->is_output ? PROT_READ : PROT_READ | PROT_WRITE;
	struct stat status;
	uint32_t length;
	off_t size;

	if (fstat(request->fd, &status) < 0) {
		fake_violate("QBUF of %s buffer %u with closed fd %d", side_name(queue),
			     buffer->index, request->fd);
		return -EINVAL;
	}
	size = lseek(request->fd, 0, SEEK_END);
	length = request->length ? request->length : (uint32_t)size;
	if (size < 0 || length < plane->min_length || (uint64_t)size < length)
		return -EINVAL;
	plane->client_fd = request->fd;
	if (plane->map && plane->dev == status.st_dev && plane->ino == status.st_ino &&
	    plane->length == length)
		return 0;
	plane_release(plane);
	buffer->sum_valid = false;
	plane->map = fake_real_mmap(length, prot, request->fd);
	if (!plane->map)
		return -EINVAL;
	fake.attaches++;
	plane->map_length = length;
	plane->length = length;
	plane->dev = status.st_dev;
	plane->ino = status.st_ino;
	return 0;
}

static int acquire_userptr(struct fake_buffer *buffer, struct fake_plane *plane,
			   const struct plane_request *request)
{
	if (request->length < plane->min_length || !request->userptr)
		return -EINVAL;
	if (plane->map != (uint8_t *)request->userptr)
		buffer->sum_valid = false;
	plane->map = (uint8_t *)request->userptr;
	plane->map_length = 0;
	plane->length = request->length;
	return 0;
}

static int prepare_plane(struct fake_queue *queue, struct fake_buffer *buffer, unsigned int number,
			 const struct plane_request *request)
{
	struct fake_plane *plane = &buffer->planes[number];
	int ret = 0;

	if (queue->memory == V4L2_MEMORY_DMABUF)
		ret = acquire_dmabuf(queue, buffer, plane, request);
	else if (queue->memory == V4L2_MEMORY_USERPTR)
		ret = acquire_userptr(buffer, plane, request);
	if (ret)
		return ret;
	plane->bytesused = 0;
	plane->data_offset = 0;
	if (queue->is_output) {
		plane->bytesused = request->bytesused ? request->bytesused : plane->length;
		plane->data_offset = request->data_offset;
	}
	return 0;
}

static int buffer_prepare(struct fake_queue *queue, struct fake_buffer *buffer,
			  const struct v4l2_buffer *buf)
{
	struct plane_request request;
	unsigned int i;
	int ret = 0;

	if (queue->is_output && buf->field != V4L2_FIELD_ANY && buf->field != V4L2_FIELD_NONE)
		return -EINVAL;
	for (i = 0; !ret && queue->is_output && i < buffer->num_planes; i++) {
		read_request(queue, buf, i, &request);
		ret = verify_length(queue, buffer, i, &request);
	}
	if (!ret)
		check_not_written(queue, buffer);
	for (i = 0; !ret && i < buffer->num_planes; i++) {
		read_request(queue, buf, i, &request);
		ret = prepare_plane(queue, buffer, i, &request);
	}
	if (ret)
		return ret;
	buffer->prepared = true;
	buffer->field = V4L2_FIELD_NONE;
	buffer->flags = queue->is_output ? buf->flags & V4L2_BUF_FLAG_TIMECODE : 0;
	if (queue->is_output)
		buffer->timecode = buf->timecode;
	return 0;
}

/* Checks of vb2_queue_or_prepare_buf() and the misuse that it refuses. */
static int check_request(struct fake_queue *queue, struct fake_buffer *buffer,
			 const struct v4l2_buffer *buf)
{
	if (!buffer) {
		fake_violate("QBUF of %s buffer %u, which does not exist", side_name(queue),
			     buf->index);
		return -EINVAL;
	}
	if (buf->memory != queue->memory) {
		fake_violate("QBUF of %s buffer %u with memory %u, allocated with %u",
			     side_name(queue), buf->index, buf->memory, queue->memory);
		return -EINVAL;
	}
	if (buf->reserved2)
		fake_violate("reserved field of v4l2_buffer is not zero");
	return verify_planes(queue, buffer, buf);
}

static int check_mode(const struct fake_queue *queue, const struct v4l2_buffer *buf)
{
	if (buf->flags & V4L2_BUF_FLAG_REQUEST_FD)
		return queue->is_output ? -EBADR : -EPERM;
	if (queue->is_output && queue->file->model->role == FAKE_STATELESS)
		return -EBADR;
	return 0;
}

static void enqueue_in_driver(struct fake_queue *queue, struct fake_buffer *buffer)
{
	buffer->state = FAKE_BUF_ACTIVE;
	fake_fifo_push(&queue->ready, buffer->index);
}

static void start_streaming(struct fake_queue *queue)
{
	unsigned int i;

	for (i = 0; i < queue->queued.count; i++)
		enqueue_in_driver(queue, &queue->buffers[queue->queued.item[i]]);
	queue->started = true;
	queue->sequence = 0;
	fake_codec_started(queue);
}

int fake_prepare_buf(struct fake_file *file, struct v4l2_buffer *buf)
{
	struct fake_queue *queue;
	struct fake_buffer *buffer;
	int ret;

	if (file->model->quirks.no_create_bufs)
		return -ENOTTY;
	queue = queue_of(file, buf->type, "PREPARE_BUF");
	if (!queue)
		return -EINVAL;
	buffer = buffer_of(queue, buf->index);
	ret = check_request(queue, buffer, buf);
	if (ret)
		return ret;
	if (buffer->state != FAKE_BUF_DEQUEUED || buffer->prepared)
		return -EINVAL;
	ret = buffer_prepare(queue, buffer, buf);
	if (ret == 0)
		fill_user(queue, buffer, buf);
	return ret;
}

static int qbuf_accept(struct fake_queue *queue, struct fake_buffer *buffer,
		       const struct v4l2_buffer *buf)
{
	if (queue->error || (queue->is_output && fake_codec_refuses_output(queue->file)))
		return -EIO;
	if (buffer->state != FAKE_BUF_DEQUEUED) {
		fake_violate("QBUF of %s buffer %u, which is queued already", side_name(queue),
			     buffer->index);
		return -EINVAL;
	}
	return buffer->prepared ? 0 : buffer_prepare(queue, buffer, buf);
}

/*
 * Caches are left alone as the client says, which may be wrong: memory is zeroed by the CPU, so the
 * first time it has to be cleaned, and so has what the client writes; what it reads has to be read
 * from memory.
 */
static void heed_cache_hints(struct fake_queue *queue, struct fake_buffer *buffer,
			     struct v4l2_buffer *buf)
{
	const uint32_t hints = V4L2_BUF_FLAG_NO_CACHE_CLEAN | V4L2_BUF_FLAG_NO_CACHE_INVALIDATE;

	if (queue->memory != V4L2_MEMORY_MMAP ||
	    !(queue->file->model->buf_caps & V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS))
		buf->flags &= ~hints;
	if (buf->flags & V4L2_BUF_FLAG_NO_CACHE_CLEAN && (queue->is_output || !buffer->cleaned))
		fake_violate("QBUF of %s buffer %u leaves what is in caches there",
			     side_name(queue), buffer->index);
	if (buf->flags & V4L2_BUF_FLAG_NO_CACHE_INVALIDATE && !queue->is_output)
		fake_violate("QBUF of CAPTURE buffer %u leaves old pictures in caches",
			     buffer->index);
	fake.no_clean += (buf->flags & V4L2_BUF_FLAG_NO_CACHE_CLEAN) != 0;
	fake.no_invalidate += (buf->flags & V4L2_BUF_FLAG_NO_CACHE_INVALIDATE) != 0;
	buffer->cleaned = true;
}

int fake_qbuf(struct fake_file *file, struct v4l2_buffer *buf)
{
	struct fake_queue *queue = queue_of(file, buf->type, "QBUF");
	struct fake_buffer *buffer;
	int ret;

	if (!queue)
		return -EINVAL;
	buffer = buffer_of(queue, buf->index);
	ret = check_request(queue, buffer, buf);
	if (!ret)
		ret = check_mode(queue, buf);
	if (!ret)
		ret = qbuf_accept(queue, buffer, buf);
	if (ret)
		return ret;
	heed_cache_hints(queue, buffer, buf);
	buffer->state = FAKE_BUF_QUEUED;
	fake_fifo_push(&queue->queued, buffer->index);
	if (queue->is_output)
		buffer->timestamp = (uint64_t)buf->timestamp.tv_sec * 1000000000 +
				    (uint64_t)buf->timestamp.tv_usec * 1000;
	buffer_remember(queue, buffer);
	if (queue->started)
		enqueue_in_driver(queue, buffer);
	fill_user(queue, buffer, buf);
	if (queue->streaming && !queue->started && queue->queued.count >= queue->min_queued)
		start_streaming(queue);
	return 0;
}

/* ---------------------------------------------------------------- DQBUF -- */

/* __vb2_wait_for_done_vb() */
static int wait_for_done(struct fake_queue *queue, bool nonblocking)
{
	for (;;) {
		if (!queue->streaming) {
			fake_violate("DQBUF while %s does not stream", side_name(queue));
			return -EINVAL;
		}
		if (queue->error)
			return -EIO;
		if (queue->last_when_empty && queue->done.count == 0) {
			queue->last_when_empty = false;
			queue->last_dequeued = true;
		}
		if (queue->last_dequeued)
			return -EPIPE;
		if (queue->done.count)
			return 0;
		if (nonblocking) {
			fake_count_eagain();
			return -EAGAIN;
		}
		if (!fake_step()) {
			fake_hang("blocking VIDIOC_DQBUF with nothing to come");
			return -EINTR;
		}
	}
}

int fake_dqbuf(struct fake_file *file, struct v4l2_buffer *buf, bool nonblocking)
{
	struct fake_queue *queue = queue_of(file, buf->type, "DQBUF");
	struct fake_buffer *buffer;
	int ret;

	if (!queue)
		return -EINVAL;
	if (queue->count && buf->memory != queue->memory)
		fake_violate("DQBUF on %s with memory %u, allocated with %u", side_name(queue),
			     buf->memory, queue->memory);
	ret = wait_for_done(queue, nonblocking);
	if (ret)
		return ret;
	buffer = &queue->buffers[queue->done.item[0]];
	ret = verify_planes(queue, buffer, buf);
	if (ret)
		return ret;
	fake_fifo_pop(&queue->done);
	fake_fifo_remove(&queue->queued, buffer->index);
	fill_user(queue, buffer, buf);
	buf->flags &= ~(uint32_t)V4L2_BUF_FLAG_DONE;
	if (!queue->is_output && (buffer->flags & V4L2_BUF_FLAG_LAST))
		queue->last_dequeued = true;
	buffer->state = FAKE_BUF_DEQUEUED;
	buffer->prepared = false;
	buffer->sum_valid = false;
	if (!queue->is_output)
		buffer_remember(queue, buffer);
	return 0;
}

/* ---------------------------------------------------------------- EXPBUF -- */

int fake_expbuf(struct fake_file *file, struct v4l2_exportbuffer *export)
{
	struct fake_queue *queue;
	struct fake_buffer *buffer;
	char path[64];
	unsigned int i;
	int fd;

	if (file->model->quirks.no_expbuf)
		return -ENOTTY;
	queue = queue_of(file, export->type, "EXPBUF");
	if (!queue)
		return -EINVAL;
	for (i = 0; i < sizeof(export->reserved) / sizeof(export->reserved[0]); i++)
		if (export->reserved[i])
			fake_violate("reserved field of v4l2_exportbuffer is not zero");
	buffer = buffer_of(queue, export->index);
	if (!buffer || queue->memory != V4L2_MEMORY_MMAP || export->plane >= buffer->num_planes ||
	    (export->flags & ~(uint32_t)(O_CLOEXEC | O_ACCMODE)))
		return -EINVAL;
	if (!(export->flags & O_CLOEXEC))
		fake_violate("EXPBUF without O_CLOEXEC");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer->planes[export->plane].fd);
	fd = fake_real_open(path, (int)export->flags);
	if (fd < 0)
		return -errno;
	buffer->exported = true;
	export->fd = fd;
	return 0;
}

/* ---------------------------------------------------------------- streaming -- */

int fake_streamon(struct fake_file *file, const int *type)
{
	struct fake_queue *queue = queue_of(file, (uint32_t)*type, "STREAMON");
	int ret;

	if (!queue)
		return -EINVAL;
	if (queue->streaming)
		return 0;
	if (queue->count == 0) {
		fake_violate("STREAMON of %s without buffers", side_name(queue));
		return -EINVAL;
	}
	if (queue->count < queue->min_queued || file->model->role == FAKE_STATELESS)
		return -EINVAL;
	ret = fake_context_acquire(file, FAKE_STAGE_STREAMON);
	if (ret)
		return ret;
	queue->streaming = true;
	queue->last_dequeued = false;
	queue->last_when_empty = false;
	if (queue->queued.count >= queue->min_queued)
		start_streaming(queue);
	return 0;
}

int fake_streamoff(struct fake_file *file, const int *type)
{
	struct fake_queue *queue = queue_of(file, (uint32_t)*type, "STREAMOFF");

	if (!queue)
		return -EINVAL;
	if (queue->streaming && file->model->quirks.stop_ms)
		fake_advance_time((uint64_t)file->model->quirks.stop_ms * 1000);
	queue_cancel(queue);
	queue->last_dequeued = false;
	queue->last_when_empty = false;
	if (!file->queues[FAKE_OUTPUT].streaming && !file->queues[FAKE_CAPTURE].streaming)
		fake_context_release(file, FAKE_STAGE_STREAMON);
	return 0;
}

/* ---------------------------------------------------------------- mmap -- */

/* vb2_mmap(); @plane is what must be mapped, from its beginning. */
int fake_queue_mmap(struct fake_file *file, size_t length, int prot, int flags, off_t offset,
		    struct fake_plane **plane)
{
	struct fake_queue *queue =
		&file->queues[(uint64_t)offset & OFFSET_CAPTURE ? FAKE_CAPTURE : FAKE_OUTPUT];
	uint32_t cookie = (uint32_t)offset & (OFFSET_CAPTURE - 1);
	uint32_t number = cookie >> OFFSET_PLANE_SHIFT & ((1 << (OFFSET_BUFFER_SHIFT -
								 OFFSET_PLANE_SHIFT)) - 1);
	struct fake_buffer *buffer = buffer_of(queue, cookie >> OFFSET_BUFFER_SHIFT);

	if (!(flags & MAP_SHARED) || !(prot & (queue->is_output ? PROT_WRITE : PROT_READ))) {
		fake_violate("mmap of %s without MAP_SHARED or with wrong protection",
			     side_name(queue));
		return -EINVAL;
	}
	if (queue->memory != V4L2_MEMORY_MMAP || !buffer || number >= buffer->num_planes)
		return -EINVAL;
	if (length > buffer->planes[number].map_length)
		return -EINVAL;
	*plane = &buffer->planes[number];
	return 0;
}
