/* SPDX-License-Identifier: MIT */
/*
 * The least that a client of a stateful V4L2 codec can do, for comparison: DQBUF and QBUF on both
 * queues and one poll a frame. It knows one driver, vicodec with one memory plane, and checks no
 * more than that its calls succeed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "bench.h"
#include "session/stateful.h"

/* The counts of the library's sessions: what the driver keeps, and some more. */
#define INPUTS STATEFUL_INPUTS
#define ENCODER_OUTPUTS (2 + STATEFUL_EXTRA_OUTPUTS)
#define DECODER_OUTPUTS (1 + STATEFUL_EXTRA_OUTPUTS)

#define MAX_BUFFERS 8

struct bare_queue {
	enum v4l2_buf_type type;
	unsigned n_buffers;
	uint8_t *maps[MAX_BUFFERS];
	size_t sizes[MAX_BUFFERS];
};

struct bare {
	struct loop_options options;
	struct meter meter;
	int fd;
	struct bare_queue in, out;     /* OUTPUT and CAPTURE */
	size_t picture_bytes;          /* of an input buffer, encoder */
	struct { size_t offset, stride; } planes[3];
	uint64_t submitted;
};

static void must_ioctl(struct bare *b, unsigned long request, void *arg, const char *what)
{
	if (ioctl(b->fd, request, arg) < 0)
		die_errno(what);
}

static void allocate(struct bare *b, struct bare_queue *queue, enum v4l2_buf_type type,
		     unsigned count)
{
	struct v4l2_requestbuffers request = {
		.type = type, .memory = V4L2_MEMORY_MMAP, .count = count,
	};

	must_ioctl(b, VIDIOC_REQBUFS, &request, "REQBUFS");
	if (request.count > MAX_BUFFERS)
		die("the driver gives %u buffers", request.count);
	queue->type = type;
	queue->n_buffers = request.count;
	for (unsigned i = 0; i < request.count; i++) {
		struct v4l2_buffer buffer = { .type = type, .index = i };

		must_ioctl(b, VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
		queue->sizes[i] = buffer.length;
		queue->maps[i] = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED,
				      b->fd, buffer.m.offset);
		if (queue->maps[i] == MAP_FAILED)
			die_errno("mmap");
	}
}

static void enqueue(struct bare *b, struct bare_queue *queue, unsigned index, size_t bytesused)
{
	struct v4l2_buffer buffer = {
		.type = queue->type, .memory = V4L2_MEMORY_MMAP, .index = index,
		.bytesused = (uint32_t)bytesused, .field = V4L2_FIELD_NONE,
		.timestamp = { (time_t)(b->submitted / 30), 0 },
	};

	must_ioctl(b, VIDIOC_QBUF, &buffer, "QBUF");
}

static bool dequeue(struct bare *b, struct bare_queue *queue, struct v4l2_buffer *buffer)
{
	*buffer = (struct v4l2_buffer) { .type = queue->type, .memory = V4L2_MEMORY_MMAP };
	if (ioctl(b->fd, VIDIOC_DQBUF, buffer) == 0)
		return true;
	if (errno != EAGAIN)
		die_errno("DQBUF");
	return false;
}

static void stream_on(struct bare *b, struct bare_queue *queue)
{
	int type = (int)queue->type;

	must_ioctl(b, VIDIOC_STREAMON, &type, "STREAMON");
}

/* ---- the work of the application ------------------------------------------------------------- */

static size_t fill_picture(struct bare *b, uint8_t *to)
{
	struct picture_planes planes;
	size_t size;
	const uint8_t *data = clip_get(&b->options.clip, b->submitted, &size);

	for (unsigned i = 0; i < 3; i++) {
		planes.data[i] = to + b->planes[i].offset;
		planes.stride[i] = b->planes[i].stride;
	}
	picture_write(&planes, data, b->options.width, b->options.height);
	return b->picture_bytes;
}

static size_t fill_packet(struct bare *b, uint8_t *to, size_t room)
{
	size_t size;
	const uint8_t *data = clip_get(&b->options.clip, b->submitted, &size);

	if (size > room)
		die("a packet of %zu bytes is too large", size);
	memcpy(to, data, size);
	return size;
}

static void submit(struct bare *b, unsigned index)
{
	uint8_t *map = b->in.maps[index];
	size_t size = b->options.encode ? fill_picture(b, map)
					: fill_packet(b, map, b->in.sizes[index]);

	enqueue(b, &b->in, index, size);
	b->submitted++;
}

static void take_output(struct bare *b)
{
	struct v4l2_buffer buffer;

	if (!dequeue(b, &b->out, &buffer))
		return;
	if (buffer.flags & V4L2_BUF_FLAG_ERROR)
		die("the driver reports an error");
	if (b->options.encode)
		meter_packet(&b->meter, b->out.maps[buffer.index], buffer.bytesused);
	else
		meter_output(&b->meter, picture_size(b->options.width, b->options.height));
	enqueue(b, &b->out, buffer.index, 0);
}

static void refill_input(struct bare *b)
{
	struct v4l2_buffer buffer;

	if (dequeue(b, &b->in, &buffer))
		submit(b, buffer.index);
}

static void run(struct bare *b)
{
	struct pollfd pfd = { .fd = b->fd, .events = POLLIN | POLLOUT };

	while (!meter_done(&b->meter)) {
		if (poll(&pfd, 1, -1) < 0)
			die_errno("poll");
		if (pfd.revents & POLLIN)
			take_output(b);
		if ((pfd.revents & POLLOUT) && !meter_done(&b->meter))
			refill_input(b);
		if (!(pfd.revents & (POLLIN | POLLOUT)))
			die("poll says %x", (unsigned)pfd.revents);
	}
}

/* ---- setting up ------------------------------------------------------------------------------ */

static void set_format(struct bare *b, enum v4l2_buf_type type, uint32_t fourcc,
		       struct v4l2_format *format)
{
	*format = (struct v4l2_format) { .type = type };
	format->fmt.pix.pixelformat = fourcc;
	format->fmt.pix.width = b->options.width;
	format->fmt.pix.height = b->options.height;
	must_ioctl(b, VIDIOC_S_FMT, format, "S_FMT");
	if (format->fmt.pix.pixelformat != fourcc)
		die("the device has not the format");
}

static void set_planes(struct bare *b, const struct v4l2_pix_format *pix)
{
	size_t stride = pix->bytesperline;
	size_t luma = stride * pix->height;

	b->picture_bytes = pix->sizeimage;
	b->planes[0].offset = 0;
	b->planes[0].stride = stride;
	b->planes[1].offset = luma;
	b->planes[1].stride = stride / 2;
	b->planes[2].offset = luma + luma / 4;
	b->planes[2].stride = stride / 2;
}

static void open_encoder(struct bare *b)
{
	struct v4l2_format format;
	struct v4l2_selection crop = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .target = V4L2_SEL_TGT_CROP,
		.r = { 0, 0, b->options.width, b->options.height },
	};

	set_format(b, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_PIX_FMT_FWHT, &format);
	set_format(b, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_PIX_FMT_YUV420, &format);
	set_planes(b, &format.fmt.pix);
	must_ioctl(b, VIDIOC_S_SELECTION, &crop, "S_SELECTION");
	allocate(b, &b->in, V4L2_BUF_TYPE_VIDEO_OUTPUT, INPUTS);
	allocate(b, &b->out, V4L2_BUF_TYPE_VIDEO_CAPTURE, ENCODER_OUTPUTS);
	for (unsigned i = 0; i < b->out.n_buffers; i++)
		enqueue(b, &b->out, i, 0);
	stream_on(b, &b->out);
	stream_on(b, &b->in);
	for (unsigned i = 0; i < b->in.n_buffers; i++)
		submit(b, i);
}

/* The decoder tells its format when it has seen the beginning of the stream. */
static void open_decoder(struct bare *b)
{
	struct v4l2_event_subscription subscription = { .type = V4L2_EVENT_SOURCE_CHANGE };
	struct v4l2_format format;
	struct v4l2_event event;

	set_format(b, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_PIX_FMT_FWHT, &format);
	must_ioctl(b, VIDIOC_SUBSCRIBE_EVENT, &subscription, "SUBSCRIBE_EVENT");
	allocate(b, &b->in, V4L2_BUF_TYPE_VIDEO_OUTPUT, INPUTS);
	stream_on(b, &b->in);
	for (unsigned i = 0; i < b->in.n_buffers; i++)
		submit(b, i);
	must_ioctl(b, VIDIOC_DQEVENT, &event, "DQEVENT");
	format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	must_ioctl(b, VIDIOC_G_FMT, &format, "G_FMT");
	allocate(b, &b->out, V4L2_BUF_TYPE_VIDEO_CAPTURE, DECODER_OUTPUTS);
	for (unsigned i = 0; i < b->out.n_buffers; i++)
		enqueue(b, &b->out, i, 0);
	stream_on(b, &b->out);
}

int main(int argc, char **argv)
{
	struct bare bare = { .fd = -1 };

	loop_options_read(&bare.options, argc, argv);
	if (!bare.options.device || strcmp(bare.options.codec, "fwht"))
		die("this is for FWHT on a device");
	bare.fd = open(bare.options.device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (bare.fd < 0)
		die_errno(bare.options.device);
	meter_init(&bare.meter, &bare.options);
	if (bare.options.encode)
		open_encoder(&bare);
	else
		open_decoder(&bare);
	run(&bare);
	meter_finish(&bare.meter, "");
	close(bare.fd);
	clip_free(&bare.options.clip);
	return 0;
}
