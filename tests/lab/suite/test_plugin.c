/* SPDX-License-Identifier: MIT */
/*
 * The plugin of tests/lab/plugin itself, by libv4l2 alone: which frame a forced key frame is, also
 * when coded frames have not been fetched, controls of the plugin and the driver in one call, and
 * how often DMA-BUFs are attached.
 *
 *   test_plugin NODE      the stateful encoder of vicodec, single-planar
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "picture.h"
#include "stream.h"
#include "tap.h"

#define INPUTS 4
#define OUTPUTS 8
#define MAX_FRAMES 16

static const struct picture picture = {
	.fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 368,
};

/* One encoder, as a client of V4L2 sees it. */
struct client {
	int fd;
	uint8_t *inputs[INPUTS], *outputs[OUTPUTS];
	unsigned n_frames;                     /* queued since the queues were started */
	struct {
		unsigned frame, sequence;
		bool key;
	} coded[MAX_FRAMES];
	unsigned n_coded;
	unsigned last;                         /* output buffer that was fetched last */
};

static void must(struct client *c, unsigned long request, void *arg, const char *what)
{
	if (v4l2_ioctl(c->fd, request, arg) < 0)
		tap_bail("%s: %s", what, strerror(errno));
}

static void set_format(struct client *c, uint32_t type, uint32_t fourcc)
{
	struct v4l2_format format = {
		.type = type,
		.fmt.pix = {
			.width = picture.width, .height = picture.height, .pixelformat = fourcc,
		},
	};

	must(c, VIDIOC_S_FMT, &format, "S_FMT");
}

static void allocate(struct client *c, uint32_t type, uint8_t **maps, unsigned count)
{
	struct v4l2_requestbuffers request = {
		.type = type, .memory = V4L2_MEMORY_MMAP, .count = count,
	};

	must(c, VIDIOC_REQBUFS, &request, "REQBUFS");
	if (request.count != count)
		tap_bail("REQBUFS gave %u buffers", request.count);
	for (unsigned i = 0; i < count; i++) {
		struct v4l2_buffer buffer = {
			.type = type, .memory = V4L2_MEMORY_MMAP, .index = i,
		};

		must(c, VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
		maps[i] = v4l2_mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED,
				    c->fd, buffer.m.offset);
		if (maps[i] == MAP_FAILED)
			tap_bail("mmap: %s", strerror(errno));
	}
}

static void client_open(struct client *c, const char *path)
{
	struct v4l2_control interval = { V4L2_CID_MPEG_VIDEO_GOP_SIZE, 16 };

	memset(c, 0, sizeof *c);
	c->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0 || v4l2_fd_open(c->fd, V4L2_DISABLE_CONVERSION) < 0)
		tap_bail("%s: %s", path, strerror(errno));
	set_format(c, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_PIX_FMT_YUV420);
	set_format(c, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_PIX_FMT_FWHT);
	must(c, VIDIOC_S_CTRL, &interval, "GOP_SIZE");
	allocate(c, V4L2_BUF_TYPE_VIDEO_OUTPUT, c->inputs, INPUTS);
	allocate(c, V4L2_BUF_TYPE_VIDEO_CAPTURE, c->outputs, OUTPUTS);
}

static void give_output(struct client *c, unsigned index)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = index,
	};

	must(c, VIDIOC_QBUF, &buffer, "QBUF on CAPTURE");
}

/* With so many buffers to write to. */
static void start(struct client *c, unsigned outputs)
{
	int types[] = { V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_OUTPUT };

	for (unsigned i = 0; i < 2; i++)
		must(c, VIDIOC_STREAMOFF, &types[i], "STREAMOFF");
	for (unsigned i = 0; i < outputs; i++)
		give_output(c, i);
	for (unsigned i = 0; i < 2; i++)
		must(c, VIDIOC_STREAMON, &types[i], "STREAMON");
	c->n_frames = 0;
	c->n_coded = 0;
}

static void force_key(struct client *c)
{
	struct v4l2_control control = { V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1 };

	must(c, VIDIOC_S_CTRL, &control, "FORCE_KEY_FRAME");
}

/* The time of a frame is its number. */
static void queue_frame(struct client *c)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP,
		.index = c->n_frames % INPUTS, .field = V4L2_FIELD_NONE,
		.bytesused = (uint32_t)picture_size(&picture),
		.timestamp.tv_usec = (suseconds_t)c->n_frames,
	};
	struct v4l2_buffer done = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP,
	};

	picture_draw(&picture, c->n_frames, c->inputs[buffer.index]);
	must(c, VIDIOC_QBUF, &buffer, "QBUF on OUTPUT");
	c->n_frames++;
	v4l2_ioctl(c->fd, VIDIOC_DQBUF, &done);
}

static bool is_readable(struct client *c)
{
	struct pollfd pollfd = { .fd = c->fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & POLLIN);
}

/* Fetch one; the buffer stays with us. */
static bool fetch(struct client *c)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};

	if (v4l2_ioctl(c->fd, VIDIOC_DQBUF, &buffer) < 0)
		return false;
	c->coded[c->n_coded].frame = (unsigned)buffer.timestamp.tv_usec;
	c->coded[c->n_coded].sequence = buffer.sequence;
	c->coded[c->n_coded].key = stream_read(c->outputs[buffer.index], FWHT_FLAGS) &
				   FWHT_FLAG_KEY;
	c->n_coded++;
	c->last = buffer.index;
	return buffer.bytesused == stream_read(c->outputs[buffer.index], FWHT_SIZE) + FWHT_HEADER;
}

/* As a client of poll() does; then nothing more may come. */
static bool fetch_polled(struct client *c)
{
	while (is_readable(c))
		if (!fetch(c))
			return false;
	return c->n_coded == c->n_frames;
}

/* All frames in order, key frames among them as wanted: bit n for frame n. */
static bool is_stream(const struct client *c, unsigned keys)
{
	bool good = true;

	for (unsigned i = 0; i < c->n_coded; i++) {
		good &= c->coded[i].frame == i && c->coded[i].sequence == i &&
			c->coded[i].key == ((keys >> i) & 1);
		if (!good)
			tap_note("%u: frame %u, sequence %u, %s", i, c->coded[i].frame,
				 c->coded[i].sequence, c->coded[i].key ? "key" : "delta");
	}
	return good;
}

/* ---- key frames ------------------------------------------------------------------------------ */

static void test_prompt(struct client *c)
{
	bool good = true;

	start(c, OUTPUTS);
	for (unsigned i = 0; i < 8; i++) {
		if (i == 2 || i == 3 || i == 7)
			force_key(c);
		queue_frame(c);
		good &= fetch(c);
		give_output(c, c->last);
	}
	tap_ok(good && is_stream(c, 0x8d), "each frame is fetched at once: 2, 3 and 7 were forced");
}

static void test_unfetched(struct client *c)
{
	start(c, OUTPUTS);
	for (unsigned i = 0; i < 7; i++) {
		if (i == 3 || i == 5)
			force_key(c);
		queue_frame(c);
	}
	tap_ok(fetch_polled(c) && is_stream(c, 0x29),
	       "none is fetched before the end: 3 and 5 were forced, poll() tells of all");
	tap_ok(!is_readable(c) && !fetch(c) && errno == EAGAIN, "and of no more");
}

/* What waits for a buffer is begun when one comes. */
static void test_starved(struct client *c)
{
	start(c, 2);
	queue_frame(c);
	queue_frame(c);
	force_key(c);
	queue_frame(c);
	tap_ok(!fetch_polled(c) && c->n_coded == 2, "2 buffers, the third frame waits");
	give_output(c, 2);
	tap_ok(fetch_polled(c) && is_stream(c, 0x5), "it was forced, and is a key frame");
}

static void test_starved_unfetched(struct client *c)
{
	start(c, 2);
	queue_frame(c);
	queue_frame(c);
	force_key(c);
	queue_frame(c);
	give_output(c, 2);
	queue_frame(c);
	give_output(c, 3);
	tap_ok(fetch_polled(c) && is_stream(c, 0x5), "the same with the others not fetched");
}

/* ---- controls -------------------------------------------------------------------------------- */

static void test_controls(struct client *c)
{
	struct v4l2_ext_control both[] = {
		{ .id = V4L2_CID_MPEG_VIDEO_GOP_SIZE, .value = 7 },
		{ .id = V4L2_CID_MPEG_VIDEO_BITRATE, .value = 1000 },
	};
	struct v4l2_ext_controls set = { .count = 2, .controls = both };

	must(c, VIDIOC_S_EXT_CTRLS, &set, "S_EXT_CTRLS");
	tap_ok(both[1].value == 64000, "a bit rate that is too low becomes the lowest");
	both[0].value = both[1].value = 0;
	must(c, VIDIOC_G_EXT_CTRLS, &set, "G_EXT_CTRLS");
	tap_ok(both[0].value == 7 && both[1].value == 64000,
	       "the driver's and the plugin's are set and read in one call");
	both[0].id = V4L2_CID_MPEG_VIDEO_H264_PROFILE;
	both[1].value = 90000;
	tap_ok(v4l2_ioctl(c->fd, VIDIOC_S_EXT_CTRLS, &set) < 0 && errno == EINVAL,
	       "one that neither has is refused");
	both[0].id = V4L2_CID_MPEG_VIDEO_BITRATE_MODE;
	must(c, VIDIOC_G_EXT_CTRLS, &set, "G_EXT_CTRLS");
	tap_ok(both[1].value == 64000, "and then none is set");
	both[0].value = 5;
	tap_ok(v4l2_ioctl(c->fd, VIDIOC_TRY_EXT_CTRLS, &set) < 0 && errno == ERANGE &&
	       set.error_idx == 0, "no such entry of a menu");
	both[1].id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;
	tap_ok(v4l2_ioctl(c->fd, VIDIOC_G_EXT_CTRLS, &set) < 0 && errno == EACCES,
	       "a button cannot be read");
}

/* ---- attachments ----------------------------------------------------------------------------- */

static int export(struct client *c, unsigned index)
{
	struct v4l2_exportbuffer export = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .index = index, .flags = O_RDWR | O_CLOEXEC,
	};

	must(c, VIDIOC_EXPBUF, &export, "EXPBUF");
	return export.fd;
}

static void queue_dma_buf(struct client *c, unsigned index, int fd)
{
	struct v4l2_buffer buffer = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_DMABUF, .index = index,
		.field = V4L2_FIELD_NONE, .bytesused = (uint32_t)picture_size(&picture),
		.m.fd = fd,
	};

	must(c, VIDIOC_QBUF, &buffer, "QBUF of a DMA-BUF");
	must(c, VIDIOC_DQBUF, &buffer, "DQBUF of a DMA-BUF");
}

/* Lines of the file that end so. */
static unsigned count_lines(const char *path, const char *end)
{
	FILE *file = fopen(path, "re");
	char line[128];
	unsigned n = 0;

	if (!file)
		tap_bail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, file))
		n += strlen(line) > strlen(end) &&
		     strcmp(line + strlen(line) - strlen(end), end) == 0;
	fclose(file);
	return n;
}

static void test_attachments(const char *path)
{
	struct v4l2_requestbuffers request = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };
	static struct client exporter, c;
	int first, second;

	client_open(&exporter, path);
	first = export(&exporter, 0);
	second = export(&exporter, 1);
	setenv("WC_LAB_ATTACHMENTS", "attachments", 1);
	client_open(&c, path);
	request.memory = V4L2_MEMORY_MMAP;
	must(&c, VIDIOC_REQBUFS, &request, "REQBUFS of none");
	request.memory = V4L2_MEMORY_DMABUF;
	request.count = 2;
	must(&c, VIDIOC_REQBUFS, &request, "REQBUFS for DMA-BUFs");
	start(&c, OUTPUTS);
	queue_dma_buf(&c, 0, first);
	queue_dma_buf(&c, 1, second);
	queue_dma_buf(&c, 0, first);
	queue_dma_buf(&c, 0, second);
	queue_dma_buf(&c, 0, first);
	v4l2_close(c.fd);
	v4l2_close(exporter.fd);
	tap_ok(count_lines("attachments", " 2 3\n") == 1,
	       "a DMA-BUF is queued three times, and attached twice");
	tap_ok(count_lines("attachments", " 2 2\n") == 1 && count_lines("attachments", "\n") == 2,
	       "one is attached each time, to another index; there are no others");
	close(first);
	close(second);
}

int main(int argc, char **argv)
{
	static struct client client;

	if (argc != 2)
		tap_bail("which encoder?");
	client_open(&client, argv[1]);
	test_prompt(&client);
	test_unfetched(&client);
	test_starved(&client);
	test_starved_unfetched(&client);
	test_controls(&client);
	v4l2_close(client.fd);
	test_attachments(argv[1]);
	return tap_end();
}
