/* SPDX-License-Identifier: MIT */
#include "raw_encoder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

#define IN V4L2_BUF_TYPE_VIDEO_OUTPUT
#define OUT V4L2_BUF_TYPE_VIDEO_CAPTURE

static void call(const struct raw_encoder *e, unsigned long request, void *arg, const char *name)
{
	if (ioctl(e->fd, request, arg) < 0)
		tap_bail("%s: %s", name, strerror(errno));
}

/* The node with that name in sysfs. */
static int open_node(void)
{
	for (unsigned i = 0; i < 64; i++) {
		char path[64], name[64] = "";
		FILE *file;

		snprintf(path, sizeof path, "/sys/class/video4linux/video%u/name", i);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (!fgets(name, sizeof name, file))
			name[0] = '\0';
		fclose(file);
		snprintf(path, sizeof path, "/dev/video%u", i);
		if (strcmp(name, "stateful-encoder\n") == 0)
			return open(path, O_RDWR | O_CLOEXEC);
	}
	return -1;
}

static uint8_t *map(const struct raw_encoder *e, const struct v4l2_buffer *buffer)
{
	uint8_t *address = mmap(NULL, buffer->length, PROT_READ | PROT_WRITE, MAP_SHARED, e->fd,
				buffer->m.offset);

	if (address == MAP_FAILED)
		tap_bail("mmap: %s", strerror(errno));
	return address;
}

static void set_formats(struct raw_encoder *e, uint32_t width, uint32_t height)
{
	struct v4l2_format format = { .type = IN };

	format.fmt.pix.pixelformat = V4L2_PIX_FMT_NV12;
	format.fmt.pix.width = width;
	format.fmt.pix.height = height;
	call(e, VIDIOC_S_FMT, &format, "S_FMT");
	if (format.fmt.pix.width != width || format.fmt.pix.height != height ||
	    format.fmt.pix.bytesperline != width)
		tap_bail("the driver wants another size");
	e->input_size = format.fmt.pix.sizeimage;
}

static void make_buffers(struct raw_encoder *e)
{
	struct v4l2_requestbuffers in = {
		.type = IN, .count = RAW_BUFFERS,
		.memory = e->imports ? V4L2_MEMORY_DMABUF : V4L2_MEMORY_MMAP,
	};
	struct v4l2_requestbuffers out = { .type = OUT, .memory = V4L2_MEMORY_MMAP, .count = 1 };
	struct v4l2_buffer buffer = { .type = OUT, .memory = V4L2_MEMORY_MMAP };

	call(e, VIDIOC_REQBUFS, &in, "REQBUFS of the input");
	call(e, VIDIOC_REQBUFS, &out, "REQBUFS of the output");
	if (in.count != RAW_BUFFERS)
		tap_bail("the driver wants another number of buffers");
	call(e, VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
	e->output_size = buffer.length;
	e->output = map(e, &buffer);
	for (unsigned i = 0; i < RAW_BUFFERS && !e->imports; i++) {
		buffer = (struct v4l2_buffer) { .type = IN, .memory = V4L2_MEMORY_MMAP,
						.index = i };
		call(e, VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
		e->inputs[i] = map(e, &buffer);
	}
}

void raw_encoder_open(struct raw_encoder *e, uint32_t width, uint32_t height, bool imports)
{
	int in = IN, out = OUT;

	memset(e, 0, sizeof *e);
	e->imports = imports;
	e->fd = open_node();
	if (e->fd < 0)
		tap_bail("there is no encoder");
	set_formats(e, width, height);
	make_buffers(e);
	call(e, VIDIOC_STREAMON, &in, "STREAMON");
	call(e, VIDIOC_STREAMON, &out, "STREAMON");
}

void raw_encoder_close(struct raw_encoder *e)
{
	for (unsigned i = 0; i < RAW_BUFFERS; i++)
		if (e->inputs[i])
			munmap(e->inputs[i], e->input_size);
	munmap(e->output, e->output_size);
	close(e->fd);
}

int raw_encoder_encode(struct raw_encoder *e, int dma_buf, size_t size, const uint8_t *data,
		       const uint8_t **chunk, size_t *chunk_size)
{
	struct v4l2_buffer in = {
		.type = IN, .index = e->next, .bytesused = (uint32_t)e->input_size,
		.memory = e->imports ? V4L2_MEMORY_DMABUF : V4L2_MEMORY_MMAP,
		.length = (uint32_t)size, .field = V4L2_FIELD_NONE,
	};
	struct v4l2_buffer out = { .type = OUT, .memory = V4L2_MEMORY_MMAP };

	if (e->imports)
		in.m.fd = dma_buf;
	else
		memcpy(e->inputs[e->next], data, e->input_size);
	if (ioctl(e->fd, VIDIOC_QBUF, &in) < 0)
		return -errno;
	call(e, VIDIOC_QBUF, &out, "QBUF of the output");
	call(e, VIDIOC_DQBUF, &out, "DQBUF of the output");
	call(e, VIDIOC_DQBUF, &in, "DQBUF of the input");
	e->next = (e->next + 1) % RAW_BUFFERS;
	*chunk = e->output;
	*chunk_size = out.flags & V4L2_BUF_FLAG_ERROR ? 0 : out.bytesused;
	return 0;
}
