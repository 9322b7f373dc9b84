/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libv4l2.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/client.h"
#include "suites.h"

/* Formats, controls, buffers and queues, context limits. */

static int model_count(void)
{
	int count = 0;

	while (fake_models[count])
		count++;
	return count;
}

static void setup(void)
{
	fake_start();
}

static void teardown(void)
{
	fake_stop();
	fake_check_no_violations();
}

/* ---------------------------------------------------------------- all models -- */

static bool is_codec(const struct fake_model *model)
{
	return model->role == FAKE_DECODER || model->role == FAKE_ENCODER;
}

START_TEST(model_tells_what_it_is)
{
	const struct fake_model *model = fake_models[_i];
	struct v4l2_capability cap;
	struct client c;
	uint32_t m2m = model->mplane ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M;

	client_open(&c, model);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCAP, &cap), 0);
	ck_assert_str_eq((char *)cap.driver, model->driver);
	ck_assert_str_eq((char *)cap.card, model->card);
	ck_assert_uint_ne(cap.capabilities & V4L2_CAP_DEVICE_CAPS, 0);
	ck_assert_uint_ne(cap.device_caps & V4L2_CAP_STREAMING, 0);
	ck_assert_int_eq(!(cap.device_caps & m2m), model->role == FAKE_CAMERA);
	client_close(&c);
}
END_TEST

static unsigned int count_formats(struct client *c, uint32_t type, const struct fake_format *list,
				  bool coded)
{
	struct v4l2_fmtdesc desc = { .type = type };

	for (; client_ioctl(c, VIDIOC_ENUM_FMT, &desc) == 0; desc.index++) {
		ck_assert_uint_eq(desc.pixelformat, list[desc.index].fourcc);
		ck_assert_int_eq(!!(desc.flags & V4L2_FMT_FLAG_COMPRESSED), coded);
		ck_assert_uint_eq(desc.flags & ~(uint32_t)V4L2_FMT_FLAG_COMPRESSED,
				  list[desc.index].flags);
	}
	ck_assert_uint_eq(list[desc.index].fourcc, 0);
	return desc.index;
}

START_TEST(model_lists_its_formats)
{
	const struct fake_model *model = fake_models[_i];
	struct v4l2_frmsizeenum size = { .index = 0 };
	struct client c;

	client_open(&c, model);
	if (is_codec(model)) {
		bool decoder = model->role == FAKE_DECODER;

		ck_assert_uint_gt(count_formats(&c, c.output, decoder ? model->coded : model->raw,
						decoder), 0);
		ck_assert_uint_gt(count_formats(&c, c.capture, decoder ? model->raw : model->coded,
						!decoder), 0);
	}
	size.pixel_format = model->raw->fourcc;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_ENUM_FRAMESIZES, &size),
			 model->no_framesizes ? -ENOTTY : 0);
	if (!model->no_framesizes) {
		ck_assert_uint_eq(size.type, model->size_continuous ? V4L2_FRMSIZE_TYPE_CONTINUOUS :
								       V4L2_FRMSIZE_TYPE_STEPWISE);
		ck_assert_uint_eq(size.stepwise.max_width, model->width.max);
		size.pixel_format = V4L2_PIX_FMT_SPCA501;
		ck_assert_int_eq(client_ioctl(&c, VIDIOC_ENUM_FRAMESIZES, &size), -EINVAL);
	}
	client_close(&c);
}
END_TEST

START_TEST(model_adjusts_formats)
{
	const struct fake_model *model = fake_models[_i];
	struct v4l2_format format = { .type = 0 };
	struct client c;
	int ret;

	if (!is_codec(model))
		return;
	client_open(&c, model);
	ret = client_set_format(&c, c.output, V4L2_PIX_FMT_SPCA501, 640, 368, 0);
	ck_assert_int_eq(ret, model->quirks.unknown_format_einval ? -EINVAL : 0);
	ck_assert_int_eq(client_set_format(&c, c.output, model->role == FAKE_DECODER ?
					   model->coded->fourcc : model->raw->fourcc, 1, 1, 0), 0);
	format = fake_current_format(CLIENT_PATH, c.output);
	if (model->mplane) {
		ck_assert_uint_ge(format.fmt.pix_mp.width, model->width.min);
		ck_assert_uint_ge(format.fmt.pix_mp.height, model->height.min);
	} else {
		ck_assert_uint_ge(format.fmt.pix.width, model->width.min);
		ck_assert_uint_ge(format.fmt.pix.height, model->height.min);
		ck_assert_uint_gt(format.fmt.pix.sizeimage, 0);
	}
	client_close(&c);
}
END_TEST

START_TEST(planes_are_in_one_buffer_or_in_several)
{
	struct v4l2_pix_format_mplane pix;
	struct client c;

	client_open(&c, &fake_generic_encoder);
	ck_assert_int_eq(client_set_format(&c, c.output, V4L2_PIX_FMT_NV12M, 650, 366, 0), 0);
	ck_assert_int_eq(client_get_format(&c, c.output, &pix), 0);
	ck_assert_uint_eq(pix.num_planes, 2);
	ck_assert_uint_eq(pix.plane_fmt[0].bytesperline, 656);
	ck_assert_uint_eq(pix.plane_fmt[0].sizeimage, 656 * 366);
	ck_assert_uint_eq(pix.plane_fmt[1].sizeimage, 656 * 183);
	ck_assert_int_eq(client_set_format(&c, c.output, V4L2_PIX_FMT_YUV420, 650, 366, 0), 0);
	ck_assert_int_eq(client_get_format(&c, c.output, &pix), 0);
	ck_assert_uint_eq(pix.num_planes, 1);
	ck_assert_uint_eq(pix.plane_fmt[0].bytesperline, 672);
	ck_assert_uint_eq(pix.plane_fmt[0].sizeimage, 672 * 366 * 3 / 2);
	client_close(&c);
}
END_TEST

START_TEST(format_is_fixed_while_there_are_buffers)
{
	const struct fake_model *model = _i ? &fake_s5p_mfc_decoder : &fake_generic_decoder;
	uint32_t fourcc = model->coded->fourcc;
	struct client c;

	client_open(&c, model);
	ck_assert_int_eq(client_set_format(&c, c.output, fourcc, 640, 368, 1 << 20), 0);
	ck_assert_int_gt(client_request(&c, c.output, 2, V4L2_MEMORY_MMAP), 0);
	ck_assert_int_eq(client_set_format(&c, c.output, fourcc, 640, 368, 1 << 20),
			 model->quirks.busy_only_when_streaming ? 0 : -EBUSY);
	if (!model->quirks.busy_only_when_streaming)
		client_expect_violation("S_FMT while the queue has buffers");
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	ck_assert_int_eq(client_set_format(&c, c.output, fourcc, 640, 368, 1 << 20), -EBUSY);
	client_expect_violation("S_FMT while the queue has buffers");
	client_close(&c);
}
END_TEST

START_TEST(frame_rate_is_kept)
{
	struct v4l2_streamparm parm = { .parm.output.timeperframe = { 1, 50 } };
	struct v4l2_fract rate;
	struct client c;

	client_open(&c, &fake_generic_encoder);
	parm.type = c.output;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_S_PARM, &parm), 0);
	rate = fake_time_per_frame(CLIENT_PATH);
	ck_assert_uint_eq(rate.numerator, 1);
	ck_assert_uint_eq(rate.denominator, 50);
	parm.type = c.capture;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_G_PARM, &parm), 0);
	ck_assert_uint_eq(parm.parm.output.timeperframe.denominator, 50);
	client_close(&c);
	fake_add_device(&fake_coda_decoder, "/dev/fake-video1");
	c.fd = open("/dev/fake-video1", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(ioctl(c.fd, VIDIOC_G_PARM, &parm), -1);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(close(c.fd), 0);
}
END_TEST

/* ---------------------------------------------------------------- controls, events -- */

START_TEST(controls_are_checked_as_the_kernel_does)
{
	struct v4l2_ext_control control = { .id = V4L2_CID_MPEG_VIDEO_BITRATE, .value = 26001 };
	struct v4l2_ext_controls controls = { .count = 1, .controls = &control };
	struct client c;
	int32_t value;

	client_open(&c, &fake_bcm2835_encoder);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_S_EXT_CTRLS, &controls), 0);
	ck_assert_int_eq(control.value, 25000);		/* rounded to steps of 25000 */
	ck_assert_int_eq(client_get_control(&c, V4L2_CID_MPEG_VIDEO_BITRATE, &value), 0);
	ck_assert_int_eq(value, 25000);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_H264_PROFILE, 99), -ERANGE);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_H264_PROFILE,
					    V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED), -EINVAL);
	ck_assert_int_eq(client_set_control(&c, V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY, 1), -EINVAL);
	ck_assert_int_eq(client_get_control(&c, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, &value),
			 -EACCES);
	control.id = V4L2_CID_MPEG_VIDEO_H264_LEVEL;
	control.value = 99;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_TRY_EXT_CTRLS, &controls), -ERANGE);
	ck_assert_uint_eq(controls.error_idx, 0);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_S_EXT_CTRLS, &controls), -ERANGE);
	ck_assert_uint_eq(controls.error_idx, 1);
	client_close(&c);
}
END_TEST

START_TEST(controls_can_be_listed)
{
	struct v4l2_query_ext_ctrl query = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	struct v4l2_querymenu menu = { .id = V4L2_CID_MPEG_VIDEO_H264_PROFILE };
	struct v4l2_queryctrl old = { .id = V4L2_CID_MPEG_VIDEO_BITRATE };
	unsigned int count = 0;
	struct client c;

	client_open(&c, &fake_bcm2835_encoder);
	while (client_ioctl(&c, VIDIOC_QUERY_EXT_CTRL, &query) == 0) {
		count++;
		query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	ck_assert_uint_eq(count, 12);
	menu.index = V4L2_MPEG_VIDEO_H264_PROFILE_MAIN;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYMENU, &menu), 0);
	menu.index = V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED;
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYMENU, &menu), -EINVAL);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_QUERYCTRL, &old), 0);
	ck_assert_int_eq(old.maximum, 25000000);
	client_close(&c);
}
END_TEST

START_TEST(event_needs_a_subscription)
{
	struct v4l2_event_subscription sub = { .type = V4L2_EVENT_EOS };
	struct fake_chunk chunks[1];
	struct v4l2_event event;
	struct client c;

	client_begin_running(&c, &fake_generic_decoder, chunks, 1);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_UNSUBSCRIBE_EVENT, &sub), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	client_run();
	ck_assert_int_eq(client_event(&c, &event), -ENOENT);
	ck_assert_int_eq(client_start(&c), 0);
	ck_assert_int_eq(client_subscribe(&c, V4L2_EVENT_EOS), 0);
	ck_assert_int_eq(client_stop(&c), 0);
	while (client_dequeue(&c, c.capture, NULL, NULL) >= 0)
		;
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	client_run();
	ck_assert_int_eq(client_event(&c, &event), 0);
	ck_assert_uint_eq(event.type, V4L2_EVENT_EOS);
	ck_assert_uint_eq(event.pending, 0);
	ck_assert_int_eq(client_subscribe(&c, V4L2_EVENT_VSYNC), -EINVAL);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- allocation -- */

START_TEST(buffers_come_and_go)
{
	const struct fake_model *model = fake_models[_i];
	bool once = model->quirks.reqbufs_once;
	struct client c;
	uint32_t type;

	if (!is_codec(model))
		return;
	client_open(&c, model);
	type = model->role == FAKE_DECODER ? c.output : c.capture;
	ck_assert_int_eq(client_request(&c, type, 2, V4L2_MEMORY_MMAP) > 0,
			 !model->quirks.reqbufs_needs_format);
	ck_assert_int_eq(client_set_format(&c, type, model->coded->fourcc, 640, 368, 1 << 20),
			 model->quirks.reqbufs_needs_format ? 0 : -EBUSY);
	if (model->quirks.reqbufs_needs_format)
		ck_assert_int_gt(client_request(&c, type, 2, V4L2_MEMORY_MMAP), 0);
	else
		client_expect_violation("S_FMT while the queue has buffers");
	ck_assert_int_eq(client_request(&c, type, 6, V4L2_MEMORY_MMAP), once ? -EINVAL : 6);
	ck_assert_int_eq(client_request(&c, type, 0, V4L2_MEMORY_MMAP), 0);
	ck_assert_int_eq(client_request(&c, type, 6, V4L2_MEMORY_MMAP), 6);
	ck_assert_int_eq(client_request(&c, type, 0, V4L2_MEMORY_MMAP), 0);
	ck_assert_int_eq(client_request(&c, type, 1000, V4L2_MEMORY_MMAP),
			 model->max_buffers ? (int)model->max_buffers : 32);
	client_close(&c);
}
END_TEST

START_TEST(count_is_raised_to_what_the_driver_needs)
{
	struct client c;

	client_open(&c, &fake_venus_decoder);
	ck_assert_int_eq(client_request(&c, c.output, 1, V4L2_MEMORY_MMAP), 4);
	ck_assert_int_eq(client_request(&c, c.capture, 1, V4L2_MEMORY_MMAP), 5);
	ck_assert_int_eq(client_request(&c, c.output, 1, V4L2_MEMORY_USERPTR), -EINVAL);
	ck_assert_int_eq(client_request(&c, c.output, 1, V4L2_MEMORY_DMABUF), 4);
	client_close(&c);
}
END_TEST

static int create(struct client *c, unsigned int count, uint32_t *index)
{
	struct v4l2_create_buffers create = { .count = count, .memory = V4L2_MEMORY_MMAP };
	int ret;

	create.format.type = c->capture;
	ck_assert_int_eq(client_ioctl(c, VIDIOC_G_FMT, &create.format), 0);
	ret = client_ioctl(c, VIDIOC_CREATE_BUFS, &create);
	*index = create.index;
	return ret < 0 ? ret : (int)create.count;
}

static int remove_bufs(struct client *c, uint32_t index, uint32_t count)
{
	struct fake_remove_buffers removal = { .type = c->capture, .index = index, .count = count };

	return client_ioctl(c, FAKE_VIDIOC_REMOVE_BUFS, &removal);
}

/* __vb2_queue_alloc(): the first gap that takes all, else the largest number that fits. */
START_TEST(single_buffers_come_and_go)
{
	struct client c;
	uint32_t index;

	client_open(&c, &fake_generic_decoder);
	ck_assert_int_eq(create(&c, 4, &index), 4);
	ck_assert_uint_eq(index, 0);
	ck_assert_int_eq(remove_bufs(&c, 1, 1), 0);
	ck_assert_int_eq(remove_bufs(&c, 1, 1), -EINVAL);
	ck_assert_int_eq(remove_bufs(&c, 0, 0), 0);
	ck_assert_int_eq(create(&c, 2, &index), 2);
	ck_assert_uint_eq(index, 4);
	ck_assert_int_eq(create(&c, 1, &index), 1);
	ck_assert_uint_eq(index, 1);
	ck_assert_int_eq(create(&c, 30, &index), 26);
	ck_assert_uint_eq(index, 6);
	ck_assert_int_eq(create(&c, 1, &index), -ENOBUFS);
	ck_assert_int_eq(remove_bufs(&c, 5, 27), 0);
	ck_assert_int_eq(remove_bufs(&c, 0, 5), 0);
	/* None are left, so the memory type is free again. */
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_DMABUF), 2);
	client_close(&c);
}
END_TEST

START_TEST(create_bufs_is_not_known_to_all)
{
	const struct fake_model *model = fake_models[_i];
	struct v4l2_create_buffers probe = { .count = 0, .memory = V4L2_MEMORY_MMAP };
	struct client c;
	int ret;

	if (!is_codec(model))
		return;
	client_open(&c, model);
	probe.format.type = c.output;
	ret = client_ioctl(&c, VIDIOC_CREATE_BUFS, &probe);
	ck_assert_int_eq(ret, model->quirks.no_create_bufs ? -ENOTTY : 0);
	if (ret == 0)
		ck_assert_uint_eq(probe.capabilities & model->memory, model->memory);
	if (!(model->buf_caps & fake_generic_decoder.buf_caps & ~fake_coda_decoder.buf_caps))
		ck_assert_int_eq(remove_bufs(&c, 0, 0), -ENOTTY);
	client_close(&c);
}
END_TEST

START_TEST(prepared_buffer_can_be_queued)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	struct client c;

	client_open(&c, &fake_generic_decoder);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	client_buffer_init(&c, c.capture, 0, &buf, planes);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_PREPARE_BUF, &buf), 0);
	ck_assert_uint_ne(client_query_flags(&c, c.capture, 0) & V4L2_BUF_FLAG_PREPARED, 0);
	client_buffer_init(&c, c.capture, 0, &buf, planes);
	ck_assert_int_eq(client_ioctl(&c, VIDIOC_PREPARE_BUF, &buf), -EINVAL);
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	ck_assert_uint_ne(client_query_flags(&c, c.capture, 0) & V4L2_BUF_FLAG_QUEUED, 0);
	/* STREAMOFF without STREAMON gives it back. */
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_uint_eq(client_query_flags(&c, c.capture, 0) & V4L2_BUF_FLAG_QUEUED, 0);
	client_close(&c);
}
END_TEST

START_TEST(streaming_waits_for_enough_buffers)
{
	struct fake_chunk chunk;
	struct client c;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 0);
	client_begin_decoder(&c, &fake_coda_decoder, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	ck_assert_int_gt(client_allocate(&c, c.capture, 2), 0);
	ck_assert_int_eq(client_stream(&c, c.capture, true), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), 0);
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), 1);
	/* A break while the driver was not started is over with STREAMOFF of both as well. */
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_int_eq(client_stream(&c, c.capture, true), 0);
	ck_assert_int_eq(client_stream(&c, c.output, false), 0);
	fake_break(CLIENT_PATH);
	ck_assert_int_eq(client_queue_capture(&c, 0), -EIO);
	ck_assert_int_eq(client_stream(&c, c.capture, false), 0);
	ck_assert_int_eq(client_stream(&c, c.output, true), 0);
	ck_assert_int_eq(client_queue_capture(&c, 0), 0);
	ck_assert_int_eq(client_stream(&c, c.capture, true), 0);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_uint_eq(fake_jobs(), 2);
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- memory -- */

START_TEST(exported_buffer_is_the_same_memory)
{
	bool mplane = _i == 0;
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
	const struct fake_model *model = mplane ? &fake_s5p_mfc_decoder : &fake_generic_decoder_sp;
	struct fake_chunk chunks[1];
	unsigned int plane;
	struct client c;

	client_begin_running(&c, model, chunks, 1);
	ck_assert_int_eq(client_dequeue(&c, c.capture, NULL, NULL), 0);
	ck_assert_uint_eq(c.capture_buffers[0].planes, mplane ? 2 : 1);
	for (plane = 0; plane < c.capture_buffers[0].planes; plane++) {
		int fd = client_export(&c, c.capture, 0, plane, O_RDONLY);
		size_t length = c.capture_buffers[0].length[plane];
		void *map;

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_ge(lseek(fd, 0, SEEK_END), (off_t)length);
		map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(map, MAP_FAILED);
		ck_assert_int_eq(memcmp(map, c.capture_buffers[0].map[plane], length), 0);
		ck_assert_int_eq(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
		ck_assert_int_eq(munmap(map, length), 0);
		ck_assert_ptr_eq(mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
				 MAP_FAILED);
		ck_assert_int_eq(close(fd), 0);
	}
	ck_assert_int_eq(client_export(&c, c.capture, 0, plane, O_RDONLY), -EINVAL);
	ck_assert_int_eq(client_export(&c, c.capture, 31, 0, O_RDONLY), -EINVAL);
	client_close(&c);
}
END_TEST

START_TEST(exported_buffer_outlives_its_driver)
{
	struct fake_model model = fake_generic_decoder;
	struct client c;
	void *map;
	int fd;

	client_open(&c, &model);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	memset(c.capture_buffers[0].map[0], 0x42, 4096);
	fd = client_export(&c, c.capture, 0, 0, O_RDONLY);
	client_close(&c);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_uint_eq(((uint8_t *)map)[4095], 0x42);
	ck_assert_int_eq(munmap(map, 4096), 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(export_may_be_unknown)
{
	struct fake_model model = fake_generic_decoder;
	struct client c;

	model.quirks.no_expbuf = true;
	client_open(&c, &model);
	ck_assert_int_eq(client_allocate(&c, c.capture, 2), 2);
	ck_assert_int_eq(client_export(&c, c.capture, 0, 0, O_RDONLY), -ENOTTY);
	client_close(&c);
}
END_TEST

static int queue_dmabuf(struct client *c, unsigned int index, int fd)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, c->capture, index, &buf, planes);
	buf.memory = V4L2_MEMORY_DMABUF;
	if (c->model->mplane)
		planes[0].m.fd = fd;
	else
		buf.m.fd = fd;
	return client_ioctl(c, VIDIOC_QBUF, &buf);
}

static int dequeue_dmabuf(struct client *c, int *fd)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;
	int ret;

	client_buffer_init(c, c->capture, 0, &buf, planes);
	buf.memory = V4L2_MEMORY_DMABUF;
	ret = client_ioctl(c, VIDIOC_DQBUF, &buf);
	*fd = c->model->mplane ? planes[0].m.fd : buf.m.fd;
	return ret < 0 ? ret : (int)buf.index;
}

static int make_memory(size_t size)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void check_import(struct client *c, const struct fake_chunk *chunk, const int fds[2])
{
	int fd;

	ck_assert_int_eq(queue_dmabuf(c, 0, fds[0]), 0);
	ck_assert_uint_eq(fake_attaches(), 1);
	ck_assert_int_eq(client_stream(c, c->capture, true), 0);
	client_run();
	ck_assert_int_eq(dequeue_dmabuf(c, &fd), 0);
	ck_assert_int_eq(fd, fds[0]);
	/* The same memory again costs nothing, other memory does. */
	ck_assert_int_eq(queue_dmabuf(c, 0, fds[0]), 0);
	ck_assert_uint_eq(fake_attaches(), 1);
	ck_assert_int_eq(client_queue_chunk(c, 1, chunk, 0), 0);
	client_run();
	ck_assert_int_eq(dequeue_dmabuf(c, &fd), 0);
	ck_assert_int_eq(queue_dmabuf(c, 0, fds[1]), 0);
	ck_assert_uint_eq(fake_attaches(), 2);
	ck_assert_int_eq(client_queue_chunk(c, 2, chunk, 0), 0);
	client_run();
	ck_assert_int_eq(dequeue_dmabuf(c, &fd), 0);
	ck_assert_int_eq(fd, fds[1]);
}

START_TEST(imports_memory)
{
	struct fake_picture picture = { .fourcc = V4L2_PIX_FMT_NV12, .width = 640, .height = 360 };
	struct v4l2_pix_format_mplane pix;
	struct fake_chunk chunk;
	struct client c;
	int small;
	int fds[2];
	void *map;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 3);
	client_begin_decoder(&c, _i ? &fake_generic_decoder_sp : &fake_generic_decoder, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_get_format(&c, c.capture, &pix), 0);
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_DMABUF), 2);
	fds[0] = make_memory(pix.plane_fmt[0].sizeimage);
	fds[1] = make_memory(pix.plane_fmt[0].sizeimage);
	small = make_memory(pix.plane_fmt[0].sizeimage - 1);
	ck_assert_int_eq(queue_dmabuf(&c, 0, small), -EINVAL);
	check_import(&c, &chunk, fds);
	map = mmap(NULL, pix.plane_fmt[0].sizeimage, PROT_READ, MAP_SHARED, fds[1], 0);
	fake_picture_layout(&picture, map, pix.plane_fmt[0].bytesperline, pix.height);
	ck_assert_ptr_null(fake_check_frame(&picture, 3));
	ck_assert_int_eq(munmap(map, pix.plane_fmt[0].sizeimage), 0);
	client_close(&c);
	ck_assert_int_eq(close(fds[0]) | close(fds[1]) | close(small), 0);
}
END_TEST

static int queue_pointer(struct client *c, void *memory, uint32_t size)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer buf;

	client_buffer_init(c, c->capture, 0, &buf, planes);
	buf.memory = V4L2_MEMORY_USERPTR;
	planes[0].m.userptr = (unsigned long)memory;
	planes[0].length = size;
	return client_ioctl(c, VIDIOC_QBUF, &buf);
}

START_TEST(decodes_into_memory_of_the_client)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_pix_format_mplane pix;
	struct v4l2_buffer buf;
	struct fake_chunk chunk;
	struct client c;
	unsigned int i;

	client_chunks(&chunk, 1, V4L2_PIX_FMT_H264, 3);
	client_begin_decoder(&c, &fake_generic_decoder, &chunk);
	ck_assert_int_eq(client_queue_chunk(&c, 0, &chunk, 0), 0);
	client_run();
	ck_assert_int_eq(client_get_format(&c, c.capture, &pix), 0);
	ck_assert_int_eq(client_request(&c, c.capture, 2, V4L2_MEMORY_USERPTR), 2);
	ck_assert_int_eq(client_stream(&c, c.capture, true), 0);
	/* New memory each time; the old one is gone by then. */
	for (i = 0; i < 3; i++) {
		uint8_t *memory = calloc(1, pix.plane_fmt[0].sizeimage);

		ck_assert_int_eq(queue_pointer(&c, memory, 16), -EINVAL);
		ck_assert_int_eq(queue_pointer(&c, memory, pix.plane_fmt[0].sizeimage), 0);
		ck_assert_int_eq(client_queue_chunk(&c, 1 + i, &chunk, 0), 0);
		client_run();
		client_buffer_init(&c, c.capture, 0, &buf, planes);
		buf.memory = V4L2_MEMORY_USERPTR;
		ck_assert_int_eq(client_ioctl(&c, VIDIOC_DQBUF, &buf), 0);
		ck_assert_uint_eq(planes[0].m.userptr, (unsigned long)memory);
		ck_assert_uint_eq(memory[0], 'w');
		free(memory);
	}
	client_close(&c);
}
END_TEST

/* ---------------------------------------------------------------- contexts -- */

struct holder {
	int fds[32];
	unsigned int count;
};

/* Opens files and brings them to the stage; the errno of the one that is refused, or 0. */
static int take_context(const struct fake_model *model, struct holder *holder)
{
	struct v4l2_requestbuffers request = {
		.count = 4,
		.memory = V4L2_MEMORY_MMAP,
		.type = model->mplane ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE :
					V4L2_BUF_TYPE_VIDEO_OUTPUT,
	};
	int fd = open(CLIENT_PATH, O_RDWR | O_CLOEXEC);
	int type = (int)request.type;

	if (fd < 0)
		return errno;
	holder->fds[holder->count++] = fd;
	if (model->limit_stage == FAKE_STAGE_OPEN)
		return 0;
	if (ioctl(fd, VIDIOC_REQBUFS, &request) < 0)
		return errno;
	if (model->limit_stage == FAKE_STAGE_STREAMON && ioctl(fd, VIDIOC_STREAMON, &type) < 0)
		return errno;
	return 0;
}

static void check_limit(const struct fake_model *model)
{
	struct holder holder = { .count = 0 };
	unsigned int i;
	int error = 0;

	ck_assert_int_eq(fake_add_device(model, CLIENT_PATH), 0);
	fake_set_foreign_contexts(CLIENT_PATH, 1);
	for (i = 0; i < model->context_limit - 1; i++)
		ck_assert_int_eq(take_context(model, &holder), 0);
	ck_assert_uint_eq(fake_contexts(CLIENT_PATH), model->context_limit - 1);
	error = take_context(model, &holder);
	ck_assert_int_eq(error, model->limit_errno);
	ck_assert_uint_eq(holder.count, model->context_limit -
					(model->limit_stage == FAKE_STAGE_OPEN));
	fake_set_foreign_contexts(CLIENT_PATH, 0);
	ck_assert_int_eq(take_context(model, &holder), 0);
	while (holder.count)
		ck_assert_int_eq(close(holder.fds[--holder.count]), 0);
	ck_assert_uint_eq(fake_contexts(CLIENT_PATH), 0);
	ck_assert_uint_eq(fake_open_files(CLIENT_PATH), 0);
}

START_TEST(contexts_are_limited)
{
	if (fake_models[_i]->context_limit)
		check_limit(fake_models[_i]);
}
END_TEST

START_TEST(contexts_are_limited_at_streamon)
{
	struct fake_model model = fake_generic_decoder;

	model.context_limit = 3;
	model.limit_stage = FAKE_STAGE_STREAMON;
	model.limit_errno = ENOMEM;
	check_limit(&model);
}
END_TEST

START_TEST(exported_buffer_may_hold_the_context)
{
	bool holds = _i == 0;
	struct client c;
	int fd;

	client_open(&c, holds ? &fake_bcm2835_decoder : &fake_generic_decoder);
	ck_assert_int_gt(client_allocate(&c, c.capture, 2), 0);
	fd = client_export(&c, c.capture, 0, 0, O_RDONLY);
	ck_assert_uint_eq(fake_contexts(CLIENT_PATH), 1);
	client_close(&c);
	ck_assert_uint_eq(fake_contexts(CLIENT_PATH), holds ? 1 : 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_uint_eq(fake_contexts(CLIENT_PATH), 0);
}
END_TEST

static void add_formats(Suite *suite)
{
	TCase *tcase = tcase_create("formats and controls");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, model_tells_what_it_is, 0, model_count());
	tcase_add_loop_test(tcase, model_lists_its_formats, 0, model_count());
	tcase_add_loop_test(tcase, model_adjusts_formats, 0, model_count());
	tcase_add_test(tcase, planes_are_in_one_buffer_or_in_several);
	tcase_add_loop_test(tcase, format_is_fixed_while_there_are_buffers, 0, 2);
	tcase_add_test(tcase, frame_rate_is_kept);
	tcase_add_test(tcase, controls_are_checked_as_the_kernel_does);
	tcase_add_test(tcase, controls_can_be_listed);
	tcase_add_test(tcase, event_needs_a_subscription);
	suite_add_tcase(suite, tcase);
}

Suite *fake_queue_suite(void)
{
	Suite *suite = suite_create("fake: queues");
	TCase *tcase = tcase_create("buffers");

	add_formats(suite);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, buffers_come_and_go, 0, model_count());
	tcase_add_test(tcase, count_is_raised_to_what_the_driver_needs);
	tcase_add_test(tcase, single_buffers_come_and_go);
	tcase_add_loop_test(tcase, create_bufs_is_not_known_to_all, 0, model_count());
	tcase_add_test(tcase, prepared_buffer_can_be_queued);
	tcase_add_test(tcase, streaming_waits_for_enough_buffers);
	tcase_add_loop_test(tcase, exported_buffer_is_the_same_memory, 0, 2);
	tcase_add_test(tcase, exported_buffer_outlives_its_driver);
	tcase_add_test(tcase, export_may_be_unknown);
	tcase_add_loop_test(tcase, imports_memory, 0, 2);
	tcase_add_test(tcase, decodes_into_memory_of_the_client);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("contexts");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, contexts_are_limited, 0, model_count());
	tcase_add_test(tcase, contexts_are_limited_at_streamon);
	tcase_add_loop_test(tcase, exported_buffer_may_hold_the_context, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
