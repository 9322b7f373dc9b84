/* SPDX-License-Identifier: MIT */
#include "fake/client.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

const struct fake_model *client_model(enum fake_role role, int nth)
{
	unsigned int i;

	for (i = 0; fake_models[i]; i++)
		if (fake_models[i]->role == role && nth-- == 0)
			return fake_models[i];
	return NULL;
}

int client_models(enum fake_role role)
{
	int count = 0;

	while (client_model(role, count))
		count++;
	return count;
}

void client_run(void)
{
	while (fake_step())
		;
}

void client_chunks(struct fake_chunk chunks[], unsigned int count, uint32_t codec, uint32_t first)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		chunks[i] = (struct fake_chunk) {
			.codec = codec,
			.width = 640,
			.height = 368,
			.visible_width = 640,
			.visible_height = 360,
			.seq = first + i,
			.order = (int32_t)(i % 10),
			.flags = i % 10 == 0 ? FAKE_CHUNK_KEY : 0,
		};
}

void client_expect_violations(const char *text)
{
	unsigned int i;

	ck_assert_msg(fake_violations() > 0, "no violation, expected: %s", text);
	for (i = 0; i < fake_violations(); i++)
		ck_assert_msg(strstr(fake_violation(i), text) != NULL,
			      "violation \"%s\", expected: %s", fake_violation(i), text);
	fake_clear_violations();
}

void client_expect_violation(const char *text)
{
	ck_assert_uint_le(fake_violations(), 1);
	client_expect_violations(text);
}

void client_open(struct client *c, const struct fake_model *model)
{
	memset(c, 0, sizeof(*c));
	c->model = model;
	c->output = model->mplane ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT;
	c->capture = model->mplane ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
				     V4L2_BUF_TYPE_VIDEO_CAPTURE;
	fake_add_device(model, CLIENT_PATH);
	c->fd = open(CLIENT_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(v4l2_fd_open(c->fd, V4L2_DISABLE_CONVERSION), c->fd);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	ck_assert_int_ge(c->epoll, 0);
}

void client_close(struct client *c)
{
	client_unmap(c, c->output);
	client_unmap(c, c->capture);
	ck_assert_int_eq(v4l2_close(c->fd), 0);
	ck_assert_int_eq(close(c->epoll), 0);
}

int client_ioctl(struct client *c, unsigned long request, void *arg)
{
	return v4l2_ioctl(c->fd, request, arg) < 0 ? -errno : 0;
}

/* ---------------------------------------------------------------- formats, controls -- */

int client_set_format(struct client *c, uint32_t type, uint32_t fourcc, uint32_t width,
		      uint32_t height, uint32_t sizeimage)
{
	struct v4l2_format format = { .type = type };

	if (c->model->mplane) {
		format.fmt.pix_mp.pixelformat = fourcc;
		format.fmt.pix_mp.width = width;
		format.fmt.pix_mp.height = height;
		format.fmt.pix_mp.num_planes = 1;
		format.fmt.pix_mp.plane_fmt[0].sizeimage = sizeimage;
	} else {
		format.fmt.pix.pixelformat = fourcc;
		format.fmt.pix.width = width;
		format.fmt.pix.height = height;
		format.fmt.pix.sizeimage = sizeimage;
	}
	return client_ioctl(c, VIDIOC_S_FMT, &format);
}

int client_get_format(struct client *c, uint32_t type, struct v4l2_pix_format_mplane *pix)
{
	struct v4l2_format format = { .type = type };
	int ret = client_ioctl(c, VIDIOC_G_FMT, &format);

	memset(pix, 0, sizeof(*pix));
	if (ret < 0)
		return ret;
	if (c->model->mplane) {
		*pix = format.fmt.pix_mp;
		return 0;
	}
	pix->width = format.fmt.pix.width;
	pix->height = format.fmt.pix.height;
	pix->pixelformat = format.fmt.pix.pixelformat;
	pix->num_planes = 1;
	pix->plane_fmt[0].bytesperline = format.fmt.pix.bytesperline;
	pix->plane_fmt[0].sizeimage = format.fmt.pix.sizeimage;
	return 0;
}

int client_get_control(struct client *c, uint32_t id, int32_t *value)
{
	struct v4l2_control control = { .id = id };
	int ret = client_ioctl(c, VIDIOC_G_CTRL, &control);

	*value = control.value;
	return ret;
}

int client_set_control(struct client *c, uint32_t id, int32_t value)
{
	struct v4l2_control control = { .id = id, .value = value };

	return client_ioctl(c, VIDIOC_S_CTRL, &control);
}

int client_subscribe(struct client *c, uint32_t event)
{
	struct v4l2_event_subscription sub = { .type = event };

	return client_ioctl(c, VIDIOC_SUBSCRIBE_EVENT, &sub);
}

int client_event(struct client *c, struct v4l2_event *event)
{
	memset(event, 0, sizeof(*event));
	return client_ioctl(c, VIDIOC_DQEVENT, event);
}

/* The masks have room for the first 32 buffers. */
static uint32_t mask_of(unsigned int count)
{
	if (count == 0)
		return 0;
	return count < 32 ? UINT32_MAX >> (32 - count) : UINT32_MAX;
}

int client_stream(struct client *c, uint32_t type, bool on)
{
	int arg = (int)type;
	int ret = client_ioctl(c, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &arg);

	if (ret < 0)
		return ret;
	if (type == c->capture)
		c->capture_running = on;
	if (!on && type == c->output)
		c->output_free = mask_of(c->output_count);
	if (!on && type == c->capture)
		c->capture_free = mask_of(c->capture_count);
	return 0;
}

static int command(struct client *c, uint32_t cmd)
{
	struct v4l2_decoder_cmd decoder = { .cmd = cmd };
	struct v4l2_encoder_cmd encoder = { .cmd = cmd };

	if (c->model->role == FAKE_DECODER)
		return client_ioctl(c, VIDIOC_DECODER_CMD, &decoder);
	return client_ioctl(c, VIDIOC_ENCODER_CMD, &encoder);
}

int client_stop(struct client *c)
{
	return command(c, V4L2_DEC_CMD_STOP);
}

int client_start(struct client *c)
{
	return command(c, V4L2_DEC_CMD_START);
}

/* ---------------------------------------------------------------- buffers -- */

void client_buffer_init(struct client *c, uint32_t type, unsigned int index,
			struct v4l2_buffer *buf, struct v4l2_plane planes[VIDEO_MAX_PLANES])
{
	memset(buf, 0, sizeof(*buf));
	memset(planes, 0, VIDEO_MAX_PLANES * sizeof(planes[0]));
	buf->type = type;
	buf->index = index;
	buf->memory = V4L2_MEMORY_MMAP;
	if (c->model->mplane) {
		buf->m.planes = planes;
		buf->length = VIDEO_MAX_PLANES;
	}
}

uint32_t client_query_flags(struct client *c, uint32_t type, unsigned int index)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, type, index, &buf, planes);
	ck_assert_int_eq(client_ioctl(c, VIDIOC_QUERYBUF, &buf), 0);
	return buf.flags;
}

int client_export(struct client *c, uint32_t type, unsigned int index, unsigned int plane,
		  uint32_t access)
{
	struct v4l2_exportbuffer export = {
		.type = type,
		.index = index,
		.plane = plane,
		.flags = access | O_CLOEXEC,
	};
	int ret = client_ioctl(c, VIDIOC_EXPBUF, &export);

	return ret < 0 ? ret : export.fd;
}

static struct client_buffer *buffers_of(struct client *c, uint32_t type)
{
	return type == c->output ? c->output_buffers : c->capture_buffers;
}

int client_request(struct client *c, uint32_t type, unsigned int count, uint32_t memory)
{
	struct v4l2_requestbuffers request = { .type = type, .count = count, .memory = memory };
	int ret = client_ioctl(c, VIDIOC_REQBUFS, &request);

	if (ret < 0)
		return ret;
	if (type == c->output) {
		c->output_count = request.count;
		c->output_free = mask_of(request.count);
	} else {
		c->capture_count = request.count;
		c->capture_free = mask_of(request.count);
	}
	return (int)request.count;
}

static void map_buffer(struct client *c, uint32_t type, unsigned int index)
{
	struct client_buffer *buffer = &buffers_of(c, type)[index];
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	unsigned int i;

	client_buffer_init(c, type, index, &buf, planes);
	ck_assert_int_eq(client_ioctl(c, VIDIOC_QUERYBUF, &buf), 0);
	if (!c->model->mplane) {
		planes[0].length = buf.length;
		planes[0].m.mem_offset = buf.m.offset;
		buf.length = 1;
	}
	buffer->planes = buf.length;
	for (i = 0; i < buf.length; i++) {
		buffer->length[i] = planes[i].length;
		buffer->map[i] = v4l2_mmap(NULL, planes[i].length, PROT_READ | PROT_WRITE,
					   MAP_SHARED, c->fd, planes[i].m.mem_offset);
		ck_assert_ptr_ne(buffer->map[i], MAP_FAILED);
	}
}

int client_allocate(struct client *c, uint32_t type, unsigned int count)
{
	int got = client_request(c, type, count, V4L2_MEMORY_MMAP);
	int i;

	ck_assert_int_le(got, CLIENT_BUFFERS);
	for (i = 0; i < got; i++)
		map_buffer(c, type, (unsigned int)i);
	return got;
}

void client_unmap(struct client *c, uint32_t type)
{
	struct client_buffer *buffers = buffers_of(c, type);
	unsigned int i;
	unsigned int p;

	for (i = 0; i < CLIENT_BUFFERS; i++) {
		for (p = 0; p < buffers[i].planes; p++)
			ck_assert_int_eq(v4l2_munmap(buffers[i].map[p], buffers[i].length[p]), 0);
		buffers[i].planes = 0;
	}
}

int client_queue_capture(struct client *c, unsigned int index)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	int ret;

	client_buffer_init(c, c->capture, index, &buf, planes);
	ret = client_ioctl(c, VIDIOC_QBUF, &buf);
	if (ret == 0)
		c->capture_free &= ~(1u << index);
	return ret;
}

static int queue_output(struct client *c, unsigned int index, const uint32_t sizes[],
			uint64_t timestamp)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	unsigned int i;
	int ret;

	client_buffer_init(c, c->output, index, &buf, planes);
	for (i = 0; i < c->output_buffers[index].planes; i++)
		planes[i].bytesused = sizes[i];
	buf.bytesused = sizes[0];
	buf.timestamp.tv_sec = (time_t)(timestamp / 1000000);
	buf.timestamp.tv_usec = (suseconds_t)(timestamp % 1000000);
	ret = client_ioctl(c, VIDIOC_QBUF, &buf);
	if (ret == 0)
		c->output_free &= ~(1u << index);
	return ret;
}

int client_queue_data(struct client *c, unsigned int index, const void *data, size_t size,
		      uint64_t timestamp)
{
	uint32_t sizes[VIDEO_MAX_PLANES] = { (uint32_t)size };

	ck_assert_uint_le(size, c->output_buffers[index].length[0]);
	memcpy(c->output_buffers[index].map[0], data, size);
	return queue_output(c, index, sizes, timestamp);
}

int client_queue_chunk(struct client *c, unsigned int index, const struct fake_chunk *chunk,
		       uint64_t timestamp)
{
	uint8_t data[8192];
	size_t size = fake_stream_frame(data, sizeof(data), chunk);

	ck_assert_uint_gt(size, 0);
	return client_queue_data(c, index, data, size, timestamp);
}

/* The picture in a buffer of a raw format. */
static void picture_in(const struct v4l2_pix_format_mplane *pix, struct client_buffer *buffer,
		       uint32_t width, uint32_t height, struct fake_picture *picture)
{
	unsigned int i;

	memset(picture, 0, sizeof(*picture));
	picture->fourcc = pix->pixelformat;
	picture->width = width;
	picture->height = height;
	if (pix->num_planes == 1) {
		fake_picture_layout(picture, buffer->map[0], pix->plane_fmt[0].bytesperline,
				    pix->height);
		return;
	}
	for (i = 0; i < pix->num_planes; i++) {
		picture->plane[i] = buffer->map[i];
		picture->stride[i] = pix->plane_fmt[i].bytesperline;
	}
}

int client_queue_picture(struct client *c, unsigned int index, uint32_t seq, uint64_t timestamp)
{
	uint32_t sizes[VIDEO_MAX_PLANES] = { 0 };
	struct v4l2_pix_format_mplane pix;
	struct fake_picture picture;
	unsigned int i;

	ck_assert_int_eq(client_get_format(c, c->output, &pix), 0);
	picture_in(&pix, &c->output_buffers[index], pix.width, pix.height, &picture);
	fake_draw_frame(&picture, seq);
	for (i = 0; i < pix.num_planes; i++)
		sizes[i] = pix.plane_fmt[i].sizeimage;
	return queue_output(c, index, sizes, timestamp);
}

int client_dequeue(struct client *c, uint32_t type, struct v4l2_buffer *buf,
		   struct v4l2_plane planes[VIDEO_MAX_PLANES])
{
	struct v4l2_plane own_planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer own;
	int ret;

	if (!buf) {
		buf = &own;
		planes = own_planes;
	}
	client_buffer_init(c, type, 0, buf, planes);
	ret = client_ioctl(c, VIDIOC_DQBUF, buf);
	if (ret < 0)
		return ret;
	if (type == c->output)
		c->output_free |= 1u << buf->index;
	else
		c->capture_free |= 1u << buf->index;
	return (int)buf->index;
}

uint32_t client_wait(struct client *c, uint32_t events, int timeout)
{
	struct epoll_event event = { .events = events };
	struct epoll_event ready;
	int ret = epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &event);

	if (ret < 0)
		ck_assert_int_eq(epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->fd, &event), 0);
	ret = epoll_wait(c->epoll, &ready, 1, timeout);
	ck_assert_int_ge(ret, 0);
	return ret ? ready.events : 0;
}

/* ---------------------------------------------------------------- decoder -- */

int client_setup_capture(struct client *c)
{
	int32_t least = 0;
	unsigned int i;
	int count;

	client_unmap(c, c->capture);
	if (c->capture_count)
		ck_assert_int_eq(client_request(c, c->capture, 0, V4L2_MEMORY_MMAP), 0);
	if (client_get_control(c, V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, &least) < 0)
		least = 1;
	count = client_allocate(c, c->capture, (unsigned int)least + c->spare);
	if (count < 0)
		return count;
	for (i = 0; i < (unsigned int)count; i++)
		ck_assert_int_eq(client_queue_capture(c, i), 0);
	return client_stream(c, c->capture, true);
}

static void visible_size(struct client *c, const struct v4l2_pix_format_mplane *pix,
			 uint32_t *width, uint32_t *height)
{
	struct v4l2_selection selection = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.target = V4L2_SEL_TGT_COMPOSE,
	};

	*width = pix->width;
	*height = pix->height;
	if (client_ioctl(c, VIDIOC_G_SELECTION, &selection) < 0)
		return;
	*width = selection.r.width;
	*height = selection.r.height;
}

static void note_picture(struct client *c, unsigned int index, struct client_frame *frame)
{
	struct v4l2_pix_format_mplane pix;
	struct fake_picture picture;

	ck_assert_int_eq(client_get_format(c, c->capture, &pix), 0);
	visible_size(c, &pix, &frame->width, &frame->height);
	picture_in(&pix, &c->capture_buffers[index], frame->width, frame->height, &picture);
	frame->seq = fake_frame_seq(&picture);
	frame->difference = fake_check_frame(&picture, frame->seq);
}

void client_note_frame(struct client *c, unsigned int index, const struct v4l2_buffer *buf,
		       uint32_t bytesused)
{
	struct client_frame *frame = &c->frames[c->frame_count++];
	size_t next;

	ck_assert_uint_le(c->frame_count, CLIENT_FRAMES);
	memset(frame, 0, sizeof(*frame));
	frame->flags = buf->flags;
	frame->bytesused = bytesused;
	frame->timestamp = (uint64_t)buf->timestamp.tv_sec * 1000000 +
			   (uint64_t)buf->timestamp.tv_usec;
	frame->seq = UINT32_MAX;
	if (c->model->role == FAKE_ENCODER) {
		if (fake_stream_parse(c->capture_buffers[index].map[0], bytesused, &frame->chunk,
				      &next))
			frame->seq = frame->chunk.seq;
		return;
	}
	note_picture(c, index, frame);
}

void client_begin_decoder(struct client *c, const struct fake_model *model,
			  const struct fake_chunk *first)
{
	client_open(c, model);
	c->spare = 3;
	client_subscribe(c, V4L2_EVENT_SOURCE_CHANGE);
	client_subscribe(c, V4L2_EVENT_EOS);
	ck_assert_int_eq(client_set_format(c, c->output, first->codec, first->width, first->height,
					   1 << 20), 0);
	ck_assert_int_gt(client_allocate(c, c->output, 4), 0);
	ck_assert_int_eq(client_stream(c, c->output, true), 0);
}

void client_begin_running(struct client *c, const struct fake_model *model,
			  struct fake_chunk chunks[], unsigned int count)
{
	struct v4l2_event event;

	client_chunks(chunks, count, model->coded->fourcc, 0);
	client_begin_decoder(c, model, &chunks[0]);
	ck_assert_int_eq(client_queue_chunk(c, 0, &chunks[0], client_timestamp(0)), 0);
	client_run();
	ck_assert_int_eq(client_setup_capture(c), 0);
	client_run();
	while (client_event(c, &event) == 0)
		c->source_changes += event.type == V4L2_EVENT_SOURCE_CHANGE;
}

static int lowest(uint32_t mask)
{
	return __builtin_ctz(mask);
}

static void feed(struct client *c)
{
	while (c->chunk_next < c->chunk_count && c->output_free) {
		const struct fake_chunk *chunk = &c->chunks[c->chunk_next++];
		unsigned int index = (unsigned int)lowest(c->output_free);

		ck_assert_int_eq(client_queue_chunk(c, index, chunk, client_timestamp(chunk->seq)),
				 0);
	}
}

/* Drivers that send no event for the first header, or for one that they expect */
static bool must_set_up_unasked(const struct client *c)
{
	const struct fake_quirks *quirks = &c->model->quirks;

	return quirks->no_source_change || quirks->no_first_source_change ||
	       quirks->no_source_change_if_same;
}

static void handle_events(struct client *c)
{
	struct v4l2_event event;

	while (client_event(c, &event) == 0) {
		if (event.type == V4L2_EVENT_EOS)
			c->eos_events++;
		if (event.type != V4L2_EVENT_SOURCE_CHANGE)
			continue;
		c->source_changes++;
		if (c->capture_running)
			c->change_seen = true;
		else
			ck_assert_int_eq(client_setup_capture(c), 0);
	}
}

static void handle_output(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	while (client_dequeue(c, c->output, &buf, planes) >= 0)
		c->output_errors += !!(buf.flags & V4L2_BUF_FLAG_ERROR);
	if (c->model->role == FAKE_DECODER)
		feed(c);
}

/* The last CAPTURE buffer of a drain, or before a change */
static void handle_end(struct client *c)
{
	if (c->model->quirks.source_change_late)
		handle_events(c);
	if (!c->change_seen) {
		c->finished = true;
		return;
	}
	c->change_seen = false;
	c->changes_done++;
	if (c->model->quirks.change_ends_drain)
		c->stop_sent = false;
	ck_assert_int_eq(client_stream(c, c->capture, false), 0);
	ck_assert_int_eq(client_setup_capture(c), 0);
}

/* False: nothing to dequeue, or the end. */
static bool handle_capture(struct client *c)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	uint32_t bytesused;
	int index = client_dequeue(c, c->capture, &buf, planes);
	bool unflagged;

	if (index == -EPIPE) {
		handle_end(c);
		return false;
	}
	if (index < 0)
		return false;
	bytesused = c->model->mplane ? planes[0].bytesused : buf.bytesused;
	unflagged = c->model->quirks.drain_end == FAKE_LAST_UNFLAGGED && c->stop_sent;
	if (bytesused || (buf.flags & V4L2_BUF_FLAG_ERROR))
		client_note_frame(c, (unsigned int)index, &buf, bytesused);
	if ((buf.flags & V4L2_BUF_FLAG_LAST) || (unflagged && bytesused == 0)) {
		handle_end(c);
		return false;
	}
	ck_assert_int_eq(client_queue_capture(c, (unsigned int)index), 0);
	return true;
}

static void stop_when_all_is_in(struct client *c)
{
	if (c->stop_sent || !c->capture_running || c->chunk_next < c->chunk_count || c->change_seen)
		return;
	c->stop_sent = true;
	ck_assert_int_eq(client_stop(c), 0);
}

static void turn(struct client *c)
{
	uint32_t events = c->capture_running ? EPOLLIN | EPOLLOUT | EPOLLPRI : EPOLLOUT | EPOLLPRI;
	uint32_t ready;

	stop_when_all_is_in(c);
	if (c->output_free == mask_of(c->output_count))
		events &= ~(uint32_t)EPOLLOUT;
	ready = client_wait(c, events, -1);
	ck_assert_msg(ready != 0, "nothing is ready");
	if (ready & EPOLLPRI)
		handle_events(c);
	if (ready & EPOLLOUT)
		handle_output(c);
	if ((ready & EPOLLIN) && c->capture_running)
		while (!c->finished && handle_capture(c))
			;
}

void client_decode(struct client *c, const struct fake_chunk *chunks, unsigned int count)
{
	c->chunks = chunks;
	c->chunk_count = count;
	c->chunk_next = 0;
	c->stop_sent = false;
	c->finished = false;
	feed(c);
	if (!c->capture_running && must_set_up_unasked(c)) {
		struct v4l2_pix_format_mplane pix;

		ck_assert_int_eq(client_get_format(c, c->capture, &pix), 0);
		ck_assert_int_eq(client_setup_capture(c), 0);
	}
	while (!c->finished)
		turn(c);
	handle_events(c);
	handle_output(c);
}

static void requeue_capture(struct client *c)
{
	while (c->capture_free)
		ck_assert_int_eq(client_queue_capture(c, (unsigned int)lowest(c->capture_free)), 0);
}

static void restart(struct client *c, uint32_t type)
{
	ck_assert_int_eq(client_stream(c, type, false), 0);
	if (type == c->capture)
		requeue_capture(c);
	ck_assert_int_eq(client_stream(c, type, true), 0);
}

void client_resume(struct client *c)
{
	switch (c->model->quirks.start) {
	case FAKE_START_RESUMES:
		ck_assert_int_eq(client_start(c), 0);
		requeue_capture(c);
		break;
	case FAKE_START_NEEDS_RESTART:
		ck_assert_int_eq(client_start(c), 0);
		restart(c, c->output);
		requeue_capture(c);
		break;
	case FAKE_START_NOOP:
	case FAKE_START_EINVAL:
		restart(c, c->capture);
		break;
	}
}

/* ---------------------------------------------------------------- encoder -- */

void client_begin_encoder(struct client *c, const struct fake_model *model, uint32_t width,
			  uint32_t height)
{
	unsigned int i;

	client_open(c, model);
	client_subscribe(c, V4L2_EVENT_EOS);
	ck_assert_int_eq(client_set_format(c, c->capture, model->coded->fourcc, width, height,
					   64 << 10), 0);
	ck_assert_int_eq(client_set_format(c, c->output, model->raw->fourcc, width, height, 0), 0);
	ck_assert_int_gt(client_allocate(c, c->output, 4), 0);
	ck_assert_int_gt(client_allocate(c, c->capture, 4), 0);
	for (i = 0; i < c->capture_count; i++)
		ck_assert_int_eq(client_queue_capture(c, i), 0);
	ck_assert_int_eq(client_stream(c, c->output, true), 0);
	ck_assert_int_eq(client_stream(c, c->capture, true), 0);
}

void client_encode(struct client *c, uint32_t first, unsigned int count)
{
	uint32_t seq = first;

	c->chunk_next = 0;
	c->chunk_count = count;
	c->stop_sent = false;
	c->finished = false;
	while (!c->finished) {
		while (c->chunk_next < count && c->output_free) {
			ck_assert_int_eq(client_queue_picture(c,
							      (unsigned int)lowest(c->output_free),
							      seq, client_timestamp(seq)),
					 0);
			seq++;
			c->chunk_next++;
		}
		turn(c);
	}
	handle_events(c);
	handle_output(c);
}
