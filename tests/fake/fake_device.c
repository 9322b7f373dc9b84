/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Devices, and files open on them. A file is one context of the hardware, as with every M2M driver.
 * It is found by the inode of the memfd behind the client's fd, so any dup() of that fd is the
 * same file.
 */

struct fake_device *fake_device_find(const char *path)
{
	struct fake_device *device;

	for (device = fake.devices; device; device = device->next)
		if (strcmp(device->path, path) == 0)
			return device;
	return NULL;
}

static struct fake_device *device_need(const char *path)
{
	struct fake_device *device = fake_device_find(path);

	if (!device) {
		fprintf(stderr, "fake: no device %s\n", path);
		abort();
	}
	return device;
}

int fake_add_device(const struct fake_model *model, const char *path)
{
	struct fake_device *device;
	struct fake_device **end = &fake.devices;

	if (fake_device_find(path))
		return -EEXIST;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->model = *model;
	device->path = strdup(path);
	while (*end)
		end = &(*end)->next;
	*end = device;
	return 0;
}

void fake_unplug(const char *path)
{
	device_need(path)->gone = true;
}

void fake_flaw(const char *path)
{
	fake_device_find(path)->flawed = true;
}

void fake_stall(const char *path, bool stalled)
{
	device_need(path)->stalled = stalled;
}

void fake_set_foreign_contexts(const char *path, unsigned int contexts)
{
	device_need(path)->foreign = contexts;
}

void fake_set_encoded_size(const char *path, size_t bytes)
{
	device_need(path)->encoded_size = bytes;
}

void fake_camera_lose(const char *path, unsigned int pictures)
{
	device_need(path)->camera.lose += pictures;
}

void fake_camera_damage(const char *path, enum fake_damage damage)
{
	device_need(path)->camera.damage = damage;
}

void fake_change_source(const char *path)
{
	struct fake_file *file;

	for (file = device_need(path)->files; file; file = file->next)
		fake_event_queue(file, V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_SRC_CH_RESOLUTION);
}

void fake_break(const char *path)
{
	struct fake_file *file;

	for (file = device_need(path)->files; file; file = file->next)
		fake_codec_break(file);
}

unsigned int fake_open_files(const char *path)
{
	struct fake_file *file;
	unsigned int count = 0;

	for (file = device_need(path)->files; file; file = file->next)
		count++;
	return count;
}

static struct fake_file *newest_file(const char *path)
{
	struct fake_file *file = device_need(path)->files;

	if (!file) {
		fprintf(stderr, "fake: no file is open on %s\n", path);
		abort();
	}
	return file;
}

int64_t fake_control_value(const char *path, uint32_t id)
{
	return fake_control_get(newest_file(path), id, INT64_MIN);
}

struct v4l2_fract fake_time_per_frame(const char *path)
{
	struct fake_file *file = newest_file(path);

	return file->time_per_frame[file->model->role == FAKE_CAMERA ? FAKE_CAPTURE : FAKE_OUTPUT];
}

struct v4l2_format fake_current_format(const char *path, uint32_t type)
{
	struct fake_file *file = newest_file(path);
	struct v4l2_format format = { .type = type };
	int side = fake_type_side(file, type);

	if (side >= 0 && file->model->mplane) {
		format.fmt.pix_mp = file->formats[side];
	} else if (side >= 0) {
		format.fmt.pix.width = file->formats[side].width;
		format.fmt.pix.height = file->formats[side].height;
		format.fmt.pix.pixelformat = file->formats[side].pixelformat;
		format.fmt.pix.bytesperline = file->formats[side].plane_fmt[0].bytesperline;
		format.fmt.pix.sizeimage = file->formats[side].plane_fmt[0].sizeimage;
	}
	return format;
}

/* ---------------------------------------------------------------- contexts -- */

static bool zombie_lives(const struct fake_zombie *zombie)
{
	unsigned int i;

	for (i = 0; i < zombie->count; i++)
		if (fake_count_fds(zombie->planes[i].dev, zombie->planes[i].ino) ||
		    fake_count_mappings(zombie->planes[i].dev, zombie->planes[i].ino))
			return true;
	return false;
}

static unsigned int contexts_of(const struct fake_device *device)
{
	const struct fake_zombie *zombie;
	const struct fake_file *file;
	unsigned int count = 0;

	for (file = device->files; file; file = file->next)
		count += file->context;
	for (zombie = device->zombies; zombie; zombie = zombie->next)
		count += zombie_lives(zombie);
	return count;
}

unsigned int fake_contexts(const char *path)
{
	return contexts_of(device_need(path));
}

static bool level_too_low(const struct fake_file *file)
{
	int64_t limit = file->model->quirks.bitrate_limit;

	return limit && fake_control_get(file, V4L2_CID_MPEG_VIDEO_BITRATE, 0) > limit &&
	       fake_control_get(file, V4L2_CID_MPEG_VIDEO_H264_LEVEL, 0) <=
		       V4L2_MPEG_VIDEO_H264_LEVEL_4_0;
}

/* Called at every stage; counts the file at the one that the model names. */
int fake_context_acquire(struct fake_file *file, enum fake_stage stage)
{
	const struct fake_model *model = file->model;
	struct fake_device *device = file->device;

	if (stage == FAKE_STAGE_STREAMON && level_too_low(file))
		return -ESRCH;
	if (file->context)
		return 0;
	if (model->limit_stage != stage &&
	    !(model->limit_stage == FAKE_STAGE_NEVER && stage == FAKE_STAGE_OPEN))
		return 0;
	if (model->context_limit &&
	    contexts_of(device) + device->foreign >= model->context_limit)
		return -model->limit_errno;
	file->context = true;
	return 0;
}

void fake_context_release(struct fake_file *file, enum fake_stage stage)
{
	if (file->model->limit_stage == stage)
		file->context = false;
}

/* ---------------------------------------------------------------- files -- */

static uint32_t device_caps(const struct fake_model *model)
{
	uint32_t caps = V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;

	if (model->role == FAKE_CAMERA)
		return caps | (model->mplane ? V4L2_CAP_VIDEO_CAPTURE_MPLANE :
					       V4L2_CAP_VIDEO_CAPTURE);
	return caps | (model->mplane ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M);
}

int fake_querycap(struct fake_file *file, struct v4l2_capability *cap)
{
	const struct fake_model *model = file->model;

	memset(cap, 0, sizeof(*cap));
	strncpy((char *)cap->driver, model->driver, sizeof(cap->driver) - 1);
	strncpy((char *)cap->card, model->card, sizeof(cap->card) - 1);
	strncpy((char *)cap->bus_info, model->bus_info, sizeof(cap->bus_info) - 1);
	cap->version = model->version;
	cap->device_caps = device_caps(model);
	cap->capabilities = cap->device_caps | V4L2_CAP_DEVICE_CAPS;
	return 0;
}

static void file_init(struct fake_file *file)
{
	bool mplane = file->model->mplane;

	fake_queue_init(&file->queues[FAKE_OUTPUT], file,
			mplane ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT,
			true);
	fake_queue_init(&file->queues[FAKE_CAPTURE], file,
			mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE,
			false);
	fake_codec_init(file);
	fake_formats_init(file);
	fake_controls_init(file);
}

static int file_fd(struct fake_file *file, int flags)
{
	struct stat status;
	int fd = fake_memfd(file->device->path, 0, false);

	if (fd < 0)
		return fd;
	fstat(fd, &status);
	file->dev = status.st_dev;
	file->ino = status.st_ino;
	if (flags & O_NONBLOCK)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!(flags & O_CLOEXEC))
		fake_violate("open of %s without O_CLOEXEC", file->device->path);
	return fd;
}

/* Returns the client's fd. */
int fake_file_open(struct fake_device *device, int flags, struct fake_file **out)
{
	struct fake_file *file;
	int ret;

	if (device->gone)
		return -ENOENT;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->device = device;
	file->model = &device->model;
	ret = fake_context_acquire(file, FAKE_STAGE_OPEN);
	if (!ret)
		ret = file_fd(file, flags);
	if (ret < 0) {
		free(file);
		return ret;
	}
	file_init(file);
	file->next = device->files;
	device->files = file;
	*out = file;
	return ret;
}

static void keep_exports(struct fake_file *file)
{
	struct fake_zombie *zombie;
	unsigned int side;
	unsigned int i;

	if (!file->context || !file->model->quirks.context_held_by_dmabuf)
		return;
	zombie = calloc(1, sizeof(*zombie));
	if (!zombie)
		abort();
	for (side = FAKE_OUTPUT; side <= FAKE_CAPTURE; side++) {
		for (i = 0; i < FAKE_MAX_BUFFERS && zombie->count < FAKE_MAX_BUFFERS; i++) {
			const struct fake_buffer *buffer = &file->queues[side].buffers[i];

			if (!buffer->exported)
				continue;
			zombie->planes[zombie->count].dev = buffer->planes[0].dev;
			zombie->planes[zombie->count++].ino = buffer->planes[0].ino;
		}
	}
	zombie->next = file->device->zombies;
	file->device->zombies = zombie;
}

void fake_file_free(struct fake_file *file)
{
	struct fake_file **link = &file->device->files;

	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	keep_exports(file);
	fake_queue_free(&file->queues[FAKE_OUTPUT]);
	fake_queue_free(&file->queues[FAKE_CAPTURE]);
	fake_codec_free(file);
	free(file);
}

void fake_devices_free(void)
{
	while (fake.devices) {
		struct fake_device *device = fake.devices;

		while (device->files)
			fake_file_free(device->files);
		while (device->zombies) {
			struct fake_zombie *zombie = device->zombies;

			device->zombies = zombie->next;
			free(zombie);
		}
		fake.devices = device->next;
		free(device->path);
		free(device);
	}
}

struct fake_file *fake_file_find(dev_t dev, ino_t ino)
{
	struct fake_device *device;
	struct fake_file *file;

	for (device = fake.devices; device; device = device->next)
		for (file = device->files; file; file = file->next)
			if (file->dev == dev && file->ino == ino)
				return file;
	return NULL;
}

static struct fake_plane *plane_in_queue(struct fake_queue *queue, dev_t dev, ino_t ino)
{
	unsigned int i;
	unsigned int p;

	if (queue->memory != V4L2_MEMORY_MMAP)
		return NULL;
	for (i = 0; i < queue->limit; i++)
		for (p = 0; p < queue->buffers[i].num_planes; p++)
			if (queue->buffers[i].planes[p].dev == dev &&
			    queue->buffers[i].planes[p].ino == ino)
				return &queue->buffers[i].planes[p];
	return NULL;
}

/* The MMAP plane that an exported fd shows; NULL also if the driver has freed it since. */
struct fake_plane *fake_plane_find(dev_t dev, ino_t ino)
{
	struct fake_device *device;
	struct fake_plane *plane;
	struct fake_file *file;

	for (device = fake.devices; device; device = device->next) {
		for (file = device->files; file; file = file->next) {
			plane = plane_in_queue(&file->queues[FAKE_OUTPUT], dev, ino);
			if (!plane)
				plane = plane_in_queue(&file->queues[FAKE_CAPTURE], dev, ino);
			if (plane)
				return plane;
		}
	}
	return NULL;
}

/* ---------------------------------------------------------------- poll -- */

static bool queue_unusable(const struct fake_queue *queue)
{
	if (!queue->streaming || queue->error)
		return true;
	return queue->queued.count == 0 && (queue->is_output || !queue->last_dequeued);
}

/* EPIPE without a LAST buffer wakes the client as well (coda_wake_up_capture_queue()). */
static void settle_last(struct fake_queue *queue)
{
	if (queue->last_when_empty && queue->done.count == 0) {
		queue->last_when_empty = false;
		queue->last_dequeued = true;
	}
}

/* v4l2_m2m_poll_for_data() */
static uint32_t poll_for_data(struct fake_file *file)
{
	struct fake_queue *output = &file->queues[FAKE_OUTPUT];
	struct fake_queue *capture = &file->queues[FAKE_CAPTURE];
	uint32_t events = 0;

	settle_last(capture);
	if (queue_unusable(output) && queue_unusable(capture))
		return EPOLLERR;
	if (output->done.count)
		events |= EPOLLOUT | EPOLLWRNORM;
	if (capture->done.count || capture->last_dequeued)
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/* s5p_mfc_poll() of Linux 6.12 */
static uint32_t own_poll(const struct fake_file *file)
{
	const struct fake_queue *output = &file->queues[FAKE_OUTPUT];
	const struct fake_queue *capture = &file->queues[FAKE_CAPTURE];
	uint32_t events = 0;

	if ((!output->streaming || output->queued.count == 0) &&
	    (!capture->streaming || capture->queued.count == 0))
		return EPOLLERR;
	if (file->event_count)
		events |= EPOLLPRI;
	if (output->done.count)
		events |= EPOLLOUT | EPOLLWRNORM;
	if (capture->done.count)
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

/*
 * vb2_poll() of a capture device: who waits for pictures that cannot come gets an error. That no
 * buffer is queued counts only until the first was, here as there.
 */
static uint32_t camera_poll(const struct fake_file *file, uint32_t requested)
{
	const struct fake_queue *capture = &file->queues[FAKE_CAPTURE];
	uint32_t events = file->event_count ? EPOLLPRI : 0;

	if (!(requested & (EPOLLIN | EPOLLRDNORM)))
		return events;
	if (!capture->streaming || capture->error || !capture->started)
		return events | EPOLLERR;
	return events | (capture->done.count ? EPOLLIN | EPOLLRDNORM : 0);
}

/* What poll() says, EPOLL* bits; errors and hang-ups come unasked. */
uint32_t fake_file_poll(struct fake_file *file, uint32_t requested)
{
	const uint32_t data = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
	uint32_t events = 0;

	if (file->device->gone)
		return EPOLLERR | EPOLLHUP | (requested & EPOLLPRI);
	if (file->model->role == FAKE_CAMERA) {
		events = camera_poll(file, requested);
	} else if (file->model->quirks.own_poll) {
		events = own_poll(file);
	} else {
		if (requested & data)
			events = poll_for_data(file);
		if (file->event_count)
			events |= EPOLLPRI;
	}
	return events & (requested | EPOLLERR | EPOLLHUP);
}
