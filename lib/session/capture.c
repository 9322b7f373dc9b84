/* SPDX-License-Identifier: MIT */
#include "session/capture.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame/pixel_format.h"
#include "session/layout.h"
#include "session/port.h"
#include "util/clock.h"
#include "util/error.h"
#include "v4l2/camera.h"
#include "v4l2/queue.h"

/* What `exact` lets pass: 30000/1001 is not 30, thousandths of a driver's rounding are. */
#define RATE_TOLERANCE 0.0005

/* A jump of the numbering by more is a driver that began anew. */
#define MAX_GAP (UINT32_MAX / 2)

enum capture_state {
	CAPTURE_STOPPED,
	CAPTURE_RUNNING,
	CAPTURE_FAILED,
};

struct capture {
	struct session_env env;
	const struct capture_sink_ops *sink_ops;
	void *sink;
	enum capture_state state;
	bool dead;                         /* destroyed; free_task frees */
	struct v4l2_device device;
	struct queue queue;
	struct port *port;                 /* NULL without buffers */
	struct loop_source source;
	struct task later;                 /* tells `failed` from dispatch */
	struct task free_task;
	struct wc_error error;             /* when failed */
	struct frame_format format;
	size_t needed;                     /* bytes of memory plane 0 that a whole picture fills */
	bool numbered;                     /* sequence is that of a frame since start */
	uint32_t sequence;
	uint64_t untold;                   /* lost, and the sink does not know yet */
	struct wc_camera_info info;
};

static void on_ready(struct loop_source *source, uint32_t revents);

/* ---- errors ---------------------------------------------------------------------------------- */

static enum wc_status name_failure(enum wc_stage stage, int sys_errno)
{
	/* What else goes wrong while a format is agreed on is no matter of the format. */
	return stage == WC_STAGE_FORMAT && sys_errno == EINVAL ? WC_NOT_SUPPORTED_ERROR
							       : WC_OPERATION_ERROR;
}

static int fill_error(const struct capture *c, enum wc_stage stage, int sys_errno,
		      const char *what, struct wc_error *error)
{
	if (sys_errno == ENODEV || sys_errno == ENXIO)
		error_set(error, WC_OPERATION_ERROR, stage, sys_errno, "the device is gone");
	else if (sys_errno == EBUSY)
		error_set(error, WC_OPERATION_ERROR, stage, sys_errno,
			  "cannot %s: somebody else captures from the device", what);
	else
		error_set(error, name_failure(stage, sys_errno), stage, sys_errno, "cannot %s",
			  what);
	error_set_device(error, c->info.device);
	return error->name;
}

static void fail_with(struct capture *c, const struct wc_error *error)
{
	if (c->state == CAPTURE_FAILED)
		return;
	c->error = *error;
	c->state = CAPTURE_FAILED;
	c->info.started = false;
	loop_remove(c->env.loop, &c->source);
	loop_post(c->env.loop, &c->later);
}

static void fail(struct capture *c, int sys_errno, const char *what)
{
	struct wc_error error;

	fill_error(c, WC_STAGE_JOB, sys_errno, what, &error);
	fail_with(c, &error);
}

/* A call fails, and what the driver still has is not known: the caller is told by the call. */
static void fail_call(struct capture *c, const struct wc_error *error)
{
	c->error = *error;
	c->state = CAPTURE_FAILED;
	loop_remove(c->env.loop, &c->source);
}

/* ---- life ------------------------------------------------------------------------------------ */

/*
 * Buffers that frames hold live on. They keep a device that cannot orphan them from being used by
 * others only if the driver could not export them: then there is nothing that can be done.
 */
static void release_device(struct capture *c)
{
	bool in_use = port_count_in_use(c->port) > 0;

	loop_remove(c->env.loop, &c->source);
	if (c->device.fd < 0)
		return;
	queue_stream_off(&c->queue);
	port_close(c->port);
	c->port = NULL;
	if (!in_use || (c->queue.capabilities & V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS))
		queue_free(&c->queue);
	device_close(&c->device);
}

static void run_later(struct task *task)
{
	struct capture *c = container_of(task, struct capture, later);
	struct wc_error error = c->error;

	release_device(c);
	c->sink_ops->failed(c->sink, &error);
}

static void run_free(struct task *task)
{
	free(container_of(task, struct capture, free_task));
}

void capture_destroy(struct capture *c)
{
	if (!c)
		return;
	c->dead = true;
	task_cancel(&c->later);
	release_device(c);
	/* Called from a handler of ours, perhaps: the struct must outlive it. */
	if (c->env.loop->dispatching)
		loop_post(c->env.loop, &c->free_task);
	else
		free(c);
}

bool capture_has_failed(const struct capture *c)
{
	return c->state == CAPTURE_FAILED;
}

void capture_describe(const struct capture *c, struct wc_camera_info *info)
{
	*info = c->info;
}

/* ---- the format ------------------------------------------------------------------------------ */

/* What encoders take without a conversion comes first; see wc_camera_init.fourcc. */
static unsigned rank(uint32_t fourcc)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);

	if (fourcc == DRM_FORMAT_NV12)
		return 0;
	if (fourcc == DRM_FORMAT_YUV420)
		return 1;
	if (!pixels || pixels->rgb || fourcc == DRM_FORMAT_R8)
		return 4;
	return pixels->n_planes > 1 ? 2 : 3;
}

/* Above all ranks. */
#define OTHER_SIZE 8

/* What the device makes of a wish; less is better. UINT_MAX: it cannot be had. */
static unsigned judge(struct capture *c, uint32_t fourcc, const struct queue_format *wish,
		      struct queue_format *answer)
{
	unsigned worth = rank(raw_format_to_drm(fourcc));

	*answer = (struct queue_format) {
		.fourcc = fourcc, .width = wish->width, .height = wish->height,
		.n_planes = raw_format_objects(fourcc),
	};
	if (queue_try_format(&c->queue, answer) < 0 || answer->fourcc != fourcc)
		return UINT32_MAX;
	if (answer->width != wish->width || answer->height != wish->height)
		worth += OTHER_SIZE;
	return worth;
}

/* Of the device's formats the best for the wish; best->fourcc is 0 when there is none. */
static void find_best(struct capture *c, uint32_t drm, const struct queue_format *wish,
		      struct queue_format *best)
{
	unsigned least = UINT32_MAX;
	struct queue_format answer;
	uint32_t fourcc;

	best->fourcc = 0;
	for (uint32_t i = 0; (fourcc = queue_enum_format(&c->queue, i)); i++) {
		uint32_t found = raw_format_to_drm(fourcc);
		unsigned worth;

		if (!found || (drm && drm != found))
			continue;
		worth = judge(c, fourcc, wish, &answer);
		if (worth < least) {
			least = worth;
			*best = answer;
		}
	}
}

static bool is_printable(uint32_t fourcc)
{
	for (unsigned i = 0; i < 4; i++, fourcc >>= 8)
		if ((fourcc & 0xff) < ' ' || (fourcc & 0xff) > '~')
			return false;
	return true;
}

/* The formats that there are, of four letters each, as many as the text holds. */
static void list_formats(struct capture *c, char *text, size_t size)
{
	size_t at = 0;
	uint32_t fourcc;

	text[0] = '\0';
	for (uint32_t i = 0; (fourcc = queue_enum_format(&c->queue, i)) && at + 6 < size; i++) {
		/* Bit 31 marks big-endian formats. */
		fourcc &= INT32_MAX;
		if (is_printable(fourcc))
			at += (size_t)snprintf(text + at, size - at, "%s%c%c%c%c", at ? " " : "",
					       (char)fourcc, (char)(fourcc >> 8),
					       (char)(fourcc >> 16), (char)(fourcc >> 24));
	}
}

static int fail_format(struct capture *c, uint32_t drm, struct wc_error *error)
{
	char list[100];

	list_formats(c, list, sizeof list);
	if (drm && is_printable(drm))
		error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
			  "the camera has no format %c%c%c%c, but %s", (char)drm, (char)(drm >> 8),
			  (char)(drm >> 16), (char)(drm >> 24), list[0] ? list : "none");
	else
		error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
			  "the camera has no format for frames, but %s", list[0] ? list : "none");
	error_set_device(error, c->info.device);
	return error->name;
}

static bool is_whole_picture(uint32_t field)
{
	switch (field) {
	case V4L2_FIELD_ANY:
	case V4L2_FIELD_NONE:
	case V4L2_FIELD_INTERLACED:
	case V4L2_FIELD_INTERLACED_TB:
	case V4L2_FIELD_INTERLACED_BT:
		return true;
	default:
		return false;
	}
}

static size_t plane_end(const struct capture *c, unsigned plane)
{
	const struct pixel_format *pixels = pixel_format_find(c->format.fourcc);
	uint32_t rows = pixel_format_rows(pixels, plane, c->format.height);

	return c->format.planes[plane].offset + c->format.planes[plane].stride * (rows - 1) +
	       pixel_format_row_bytes(pixels, plane, c->format.width);
}

/* Where the planes are, and whether the driver gives them room. */
static bool lay_out(struct capture *c)
{
	const struct queue_format *format = &c->queue.format;

	if (!format->width || !format->height || !is_whole_picture(format->field) ||
	    !layout_find(format, &c->format, &c->info.color_space))
		return false;
	c->needed = 0;
	for (unsigned i = 0; i < c->format.n_planes; i++) {
		unsigned object = c->format.planes[i].object;
		size_t end = plane_end(c, i);

		if (object >= format->n_planes || end > format->planes[object].sizeimage)
			return false;
		if (object == 0 && end > c->needed)
			c->needed = end;
	}
	c->info.fourcc = c->format.fourcc;
	c->info.width = format->width;
	c->info.height = format->height;
	return true;
}

static int check_size(struct capture *c, const struct capture_params *params,
		      struct wc_error *error)
{
	if (!params->exact || !params->width ||
	    (params->width == c->info.width && params->height == c->info.height))
		return 0;
	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
		  "the camera gives %ux%u instead of %ux%u", c->info.width, c->info.height,
		  params->width, params->height);
	error_set_device(error, c->info.device);
	return error->name;
}

static int set_format(struct capture *c, const struct capture_params *params,
		      struct wc_error *error)
{
	struct queue_format wish = { 0 }, best;
	int ret = queue_get_format(&c->queue);

	if (ret < 0)
		return fill_error(c, WC_STAGE_FORMAT, -ret, "get the format", error);
	wish.width = params->width ? params->width : c->queue.format.width;
	wish.height = params->width ? params->height : c->queue.format.height;
	find_best(c, params->fourcc, &wish, &best);
	if (!best.fourcc)
		return fail_format(c, params->fourcc, error);
	ret = queue_set_format(&c->queue, &best);
	if (ret < 0)
		return fill_error(c, WC_STAGE_FORMAT, -ret, "set the format", error);
	if (c->queue.format.fourcc != best.fourcc || !lay_out(c)) {
		error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
			  "the camera gives pictures in fields, or in a layout of its own");
		error_set_device(error, c->info.device);
		return error->name;
	}
	return check_size(c, params, error);
}

static int set_rate(struct capture *c, const struct capture_params *params,
		    struct wc_error *error)
{
	struct v4l2_fract interval = { 1000, (uint32_t)lround(params->framerate * 1000) };
	int ret;

	ret = params->framerate > 0
		      ? device_set_interval(&c->device, c->queue.type, &interval)
		      : device_get_interval(&c->device, c->queue.type, &interval);
	if (ret < 0 && ret != -ENOTTY && ret != -EINVAL)
		return fill_error(c, WC_STAGE_FORMAT, -ret, "set the frame rate", error);
	c->info.framerate = ret < 0 ? 0 : (double)interval.denominator / interval.numerator;
	if (!params->exact || params->framerate <= 0 ||
	    fabs(c->info.framerate - params->framerate) <= params->framerate * RATE_TOLERANCE)
		return 0;
	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, ret < 0 ? -ret : 0,
		  "the camera gives %g frames a second instead of %g", c->info.framerate,
		  params->framerate);
	error_set_device(error, c->info.device);
	return error->name;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* EPOLLIN only while a buffer is queued: vb2_core_poll() calls a queue without any an error. */
static void update_events(struct capture *c)
{
	uint32_t events = c->state == CAPTURE_RUNNING && c->queue.n_queued ? EPOLLPRI | EPOLLIN
									    : EPOLLPRI;
	int ret;

	if (c->dead || c->state == CAPTURE_FAILED)
		return;
	if (c->source.fd < 0)
		ret = loop_add(c->env.loop, &c->source, c->device.fd, events, on_ready);
	else
		ret = loop_change(c->env.loop, &c->source, events);
	if (ret < 0)
		fail(c, -ret, "watch the device");
}

static void give_back(struct capture *c, unsigned index)
{
	int ret;

	queue_release(&c->queue, index);
	if (c->state != CAPTURE_RUNNING)
		return;
	ret = queue_enqueue(&c->queue, index, 0, 0);
	if (ret < 0)
		fail(c, -ret, "queue a buffer");
	else
		update_events(c);
}

static void on_returned(void *owner, unsigned index)
{
	give_back(owner, index);
}

/* How many frames are missing between this one and the one before. */
static uint64_t count_gap(struct capture *c, uint32_t sequence)
{
	uint32_t gap = sequence - c->sequence - 1;
	bool known = c->numbered;

	c->numbered = true;
	c->sequence = sequence;
	return known && gap < MAX_GAP ? gap : 0;
}

/* Some drivers' times are of another clock, or copied from somewhere. */
static int64_t time_of(const struct queue_done *done)
{
	if ((done->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
		return (int64_t)done->cookie;
	return clock_now();
}

static struct wc_video_frame *make_frame(struct capture *c, const struct queue_done *done)
{
	struct wc_rect visible = { 0, 0, c->info.width, c->info.height };
	struct frame_format format = c->format;
	struct timing timing = { .timestamp = time_of(done) };
	struct wc_video_frame *frame;

	for (unsigned i = 0; i < format.n_planes; i++)
		if (format.planes[i].object == 0)
			format.planes[i].offset += done->offset;
	frame = video_frame_new(c->env.core, port_buffer(c->port, done->index), &format, &visible,
				&timing);
	if (frame)
		frame->color_space = c->info.color_space;
	return frame;
}

static bool is_damaged(const struct capture *c, const struct queue_done *done)
{
	return (done->flags & V4L2_BUF_FLAG_ERROR) || done->bytesused < done->offset ||
	       done->bytesused - done->offset < c->needed;
}

static void tell_lost(struct capture *c)
{
	uint64_t count = c->untold;

	c->untold = 0;
	if (count)
		c->sink_ops->lost(c->sink, count);
}

static void note_starvation(struct capture *c)
{
	if (c->dead || c->state != CAPTURE_RUNNING || c->queue.n_queued)
		return;
	c->info.starved++;
	log_info(&c->env.core->log, "%s: all %u buffers are held, what comes is lost",
		 c->info.device, c->queue.n_buffers);
}

/* The sink may stop or destroy us, in each of its calls. */
static void deliver(struct capture *c, struct wc_video_frame *frame)
{
	tell_lost(c);
	if (c->dead || c->state != CAPTURE_RUNNING) {
		wc_video_frame_unref(frame);
		return;
	}
	c->info.frames++;
	c->sink_ops->frame(c->sink, frame);
	note_starvation(c);
}

static void on_filled(struct capture *c, const struct queue_done *done)
{
	uint64_t gap = count_gap(c, done->sequence);
	struct wc_video_frame *frame = NULL;

	if (is_damaged(c, done)) {
		c->info.damaged++;
	} else {
		frame = make_frame(c, done);
		gap += !frame;
	}
	c->info.lost += gap;
	c->untold += gap;
	if (frame)
		deliver(c, frame);
	else
		give_back(c, done->index);
}

static void take_frame(struct capture *c)
{
	struct queue_done done;
	int ret = queue_dequeue(&c->queue, &done);

	if (ret == 0)
		on_filled(c, &done);
	else if (ret != -EAGAIN)
		fail(c, -ret, "take a frame");
}

/* A grabber whose source has another size now, or none, falls silent until it is set up anew. */
static void serve_events(struct capture *c)
{
	struct v4l2_event event;
	struct wc_error error;

	while (c->state != CAPTURE_FAILED && device_next_event(&c->device, &event) == 0) {
		if (event.type != V4L2_EVENT_SOURCE_CHANGE)
			continue;
		error_set(&error, WC_OPERATION_ERROR, WC_STAGE_JOB, 0,
			  "the signal of the source changed: the format has to be agreed on anew");
		error_set_device(&error, c->info.device);
		fail_with(c, &error);
	}
}

/* An error of poll: the next call says which. */
static void serve_trouble(struct capture *c, uint32_t revents)
{
	struct queue_done done;
	int ret;

	if (c->queue.n_queued) {
		ret = queue_dequeue(&c->queue, &done);
		if (ret == 0) {
			on_filled(c, &done);
			return;
		}
	} else {
		ret = queue_get_format(&c->queue);
	}
	if (ret < 0 && ret != -EAGAIN)
		fail(c, -ret, "go on: the driver reports an error");
	else if (c->queue.n_queued || (revents & EPOLLHUP))
		fail(c, revents & EPOLLHUP ? ENODEV : EIO, "go on: the driver reports an error");
	else
		/* Some drivers call it an error that there is nothing to wait for. */
		loop_remove(c->env.loop, &c->source);
}

static void on_ready(struct loop_source *source, uint32_t revents)
{
	struct capture *c = container_of(source, struct capture, source);

	if (revents & EPOLLPRI)
		serve_events(c);
	if (c->dead || c->state == CAPTURE_FAILED)
		return;
	if ((revents & EPOLLIN) && c->queue.n_queued)
		take_frame(c);
	else if (revents & (EPOLLERR | EPOLLHUP))
		serve_trouble(c, revents);
	if (!c->dead && c->state == CAPTURE_RUNNING && c->source.fd >= 0)
		update_events(c);
}

/* ---- starting and stopping ------------------------------------------------------------------- */

static int queue_all(struct capture *c)
{
	int ret = 0;

	for (unsigned i = 0; i < c->queue.n_buffers && ret == 0; i++)
		if (c->queue.slots[i] == SLOT_FREE)
			ret = queue_enqueue(&c->queue, i, 0, 0);
	return ret;
}

int capture_start(struct capture *c, struct wc_error *error)
{
	int ret;

	if (c->state == CAPTURE_FAILED)
		*error = c->error;
	if (c->state != CAPTURE_STOPPED)
		return c->state == CAPTURE_FAILED ? (int)c->error.name : 0;
	ret = queue_all(c);
	if (ret == 0)
		ret = queue_stream_on(&c->queue);
	if (ret < 0) {
		fill_error(c, WC_STAGE_STREAM_ON, -ret, "start", error);
		/* Takes back what was queued. */
		if (queue_stream_off(&c->queue) < 0)
			fail_call(c, error);
		return error->name;
	}
	c->state = CAPTURE_RUNNING;
	c->info.started = true;
	c->numbered = false;
	c->untold = 0;
	update_events(c);
	return 0;
}

int capture_stop(struct capture *c, struct wc_error *error)
{
	int ret;

	if (c->state != CAPTURE_RUNNING)
		return 0;
	ret = queue_stream_off(&c->queue);
	c->state = CAPTURE_STOPPED;
	c->info.started = false;
	if (ret < 0) {
		fill_error(c, WC_STAGE_JOB, -ret, "stop", error);
		fail_call(c, error);
		return error->name;
	}
	update_events(c);
	return 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

static int get_buffers(struct capture *c, unsigned count, struct wc_error *error)
{
	int ret = queue_allocate(&c->queue, count);

	if (ret < 0)
		return fill_error(c, WC_STAGE_BUFFERS, -ret, "get buffers", error);
	c->port = port_new(c->env.core, c->env.loop, &c->queue, false, on_returned, c);
	ret = c->port ? port_fill(c->port) : -ENOMEM;
	if (ret < 0)
		return fill_error(c, WC_STAGE_BUFFERS, -ret, "map the buffers", error);
	c->info.buffers = c->queue.n_buffers;
	c->info.exported = port_buffer(c->port, 0)->objects[0].fd >= 0;
	return 0;
}

static int open_device(struct capture *c, const char *path, struct wc_error *error)
{
	struct wc_camera_device about;
	int ret = camera_open(&c->device, path, &about);

	if (ret == -ENOTTY)
		error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_OPEN, ENOTTY,
			  "the node is no camera: it captures no pictures");
	else if (ret < 0)
		return fill_error(c, WC_STAGE_OPEN, -ret, "open the device", error);
	if (ret < 0) {
		error_set_device(error, path);
		return error->name;
	}
	memcpy(c->info.driver, about.driver, sizeof c->info.driver);
	memcpy(c->info.card, about.card, sizeof c->info.card);
	memcpy(c->info.bus, about.bus, sizeof c->info.bus);
	queue_init(&c->queue, &c->device, device_capture_type(&c->device));
	/* Most have none. */
	device_subscribe(&c->device, V4L2_EVENT_SOURCE_CHANGE);
	return 0;
}

static int set_up(struct capture *c, const struct capture_params *params, struct wc_error *error)
{
	int ret = open_device(c, params->device, error);

	if (ret == 0)
		ret = set_format(c, params, error);
	if (ret == 0)
		ret = set_rate(c, params, error);
	if (ret == 0)
		ret = get_buffers(c, params->buffers, error);
	if (ret < 0)
		return ret;
	ret = loop_add(c->env.loop, &c->source, c->device.fd, EPOLLPRI, on_ready);
	if (ret < 0)
		return fill_error(c, WC_STAGE_OPEN, -ret, "watch the device", error);
	log_info(&c->env.core->log, "%s: %ux%u, %g frames a second, %u buffers", c->info.device,
		 c->info.width, c->info.height, c->info.framerate, c->info.buffers);
	return 0;
}

int capture_new(const struct session_env *env, const struct capture_params *params,
		const struct capture_sink_ops *sink_ops, void *sink, struct capture **out,
		struct wc_error *error)
{
	struct capture *c = calloc(1, sizeof *c);
	int ret;

	*out = NULL;
	if (!c)
		return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM,
				 "no memory for a camera");
	c->env = *env;
	c->sink_ops = sink_ops;
	c->sink = sink;
	c->source.fd = -1;
	c->device.fd = -1;
	task_init(&c->later, run_later);
	task_init(&c->free_task, run_free);
	snprintf(c->info.device, sizeof c->info.device, "%s", params->device);
	ret = set_up(c, params, error);
	if (ret < 0) {
		release_device(c);
		free(c);
		return ret;
	}
	*out = c;
	return 0;
}
