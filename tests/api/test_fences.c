/* SPDX-License-Identifier: MIT */
/*
 * Encoders and converters, and pictures that a device still writes, on scripted sessions. DMA-BUFs
 * and sync files are eventfds here, which can be read from when whoever writes is done.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <linux/ioctl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app.h"
#include "frame/dma_buf.h"
#include "frame/memory_io.h"

static struct app app;
static int first, second, fence;       /* DMA-BUFs of two pictures, and a sync file */
static int status, poll_error;

int __wrap_dma_buf_inspect(int fd, struct dma_buf_info *info);
int __wrap_dma_buf_inspect(int fd, struct dma_buf_info *info)
{
	*info = (struct dma_buf_info) { .inode = (uint64_t)fd + 1, .size = 65536 };
	return 0;
}

int __real_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);
int __wrap_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms);
int __wrap_memory_io_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	return poll_error ? poll_error : __real_memory_io_poll(fds, n, timeout_ms);
}

int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg);
int __wrap_memory_io_ioctl(int fd, unsigned long request, void *arg)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct sync_file_info *info = arg;

	ck_assert_uint_eq(request, SYNC_IOC_FILE_INFO);
	info->status = poll(&poll_fd, 1, 0) == 1 ? status : 0;
	return 0;
}

static void make_pictures(void)
{
	first = eventfd(0, EFD_CLOEXEC);
	second = eventfd(1, EFD_CLOEXEC);
	fence = eventfd(0, EFD_CLOEXEC);
	status = 1;
	poll_error = 0;
}

static void set_up(void)
{
	app_init_encoder(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
	make_pictures();
}

static void set_up_converter(void)
{
	app_init_converter(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	make_pictures();
}

static void tear_down(void)
{
	close(first);
	close(second);
	close(fence);
	app_finish(&app);
}

static struct wc_video_frame *imported(int dma_buf, int acquire_fence, uint32_t width,
				       int64_t timestamp)
{
	struct wc_video_frame_init init = { .timestamp = timestamp };
	struct wc_dma_buf d = {
		.fourcc = DRM_FORMAT_NV12, .width = width, .height = 48,
		.object_count = 1, .plane_count = 2, .objects[0].fd = dma_buf,
		.planes = { { 0, 0, 64 }, { 0, 4096, 64 } },
		.acquire_fence = acquire_fence, .has_acquire_fence = acquire_fence >= 0,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(wc_video_frame_new_dma_buf(app.context, &d, &init, NULL, NULL, &frame),
			 WC_OK);
	return frame;
}

static void encode(int dma_buf, int acquire_fence, int64_t timestamp)
{
	struct wc_video_frame *frame = imported(dma_buf, acquire_fence, 64, timestamp);

	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_OK);
	wc_video_frame_unref(frame);
}

static void convert(int dma_buf, int acquire_fence, uint32_t width, int64_t timestamp)
{
	struct wc_video_frame *frame = imported(dma_buf, acquire_fence, width, timestamp);

	ck_assert_int_eq(wc_video_converter_convert(app.converter, frame), WC_OK);
	wc_video_frame_unref(frame);
}

static uint64_t fence_waits(void)
{
	struct wc_counters counters;

	wc_context_get_counters(app.context, &counters);
	return counters.fence_waits;
}

START_TEST(frames_wait_in_order)
{
	encode(first, -1, 1);
	encode(second, -1, 2);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "");
	ck_assert_uint_eq(wc_video_encoder_get_queue_size(app.encoder), 2);
	ck_assert(wc_video_encoder_is_saturated(app.encoder));
	ck_assert_uint_eq(fence_waits(), 1);
	eventfd_write(first, 1);
	app_run(&app);
	ck_assert_int_eq(app.error.name, WC_OK);
	ck_assert_uint_eq(fence_waits(), 1);
	ck_assert_uint_eq(wc_video_encoder_get_queue_size(app.encoder), 0);
	trace_expect(&app.trace, "submit:1 submit:2 drain out:1KC out:2 flush1:OK");
}
END_TEST

/* A picture that was ready is not looked at again when there is room. */
START_TEST(ready_pictures_are_looked_at_once)
{
	app.script.room = 1;
	app.script.allowed = 0;
	encode(second, -1, 1);
	encode(second, -1, 2);
	app_run(&app);
	poll_error = -EIO;
	script_allow(&app.script, 2);
	app.script.allowed = -1;
	app_run(&app);
	ck_assert_int_eq(app.error.name, WC_OK);
	ck_assert_uint_eq(wc_video_encoder_get_queue_size(app.encoder), 0);
	ck_assert_uint_eq(fence_waits(), 0);
	trace_clear(&app.trace);
}
END_TEST

START_TEST(a_failed_fence_closes_the_encoder)
{
	encode(second, fence, 1);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	status = -ETIME;
	eventfd_write(fence, 1);
	app_run(&app);
	trace_expect(&app.trace, "destroy error:EncodingError flush1:EncodingError");
	ck_assert_int_eq(app.error.sys_errno, ETIME);
	ck_assert_ptr_nonnull(strstr(app.error.message, "acquire fence"));
}
END_TEST

START_TEST(a_failed_look_closes_the_encoder)
{
	if (_i == 0)
		encode(first, -1, 1);
	poll_error = -ENOMEM;
	if (_i == 1)
		encode(first, -1, 1);
	/* It would be looked at by the loop. */
	eventfd_write(first, 1);
	app_run(&app);
	trace_expect(&app.trace, "destroy error:OperationError");
	ck_assert_int_eq(app.error.sys_errno, ENOMEM);
	poll_error = 0;
}
END_TEST

static int destroy(struct wc_video_encoder *encoder)
{
	wc_video_encoder_destroy(encoder);
	app.encoder = NULL;
	return WC_OK;
}

static int (*const ends[])(struct wc_video_encoder *encoder) = {
	wc_video_encoder_reset, wc_video_encoder_close, destroy,
};

START_TEST(a_wait_ends_with_its_codec)
{
	encode(first, fence, 1);
	app_run(&app);
	ck_assert_uint_eq(fence_waits(), 1);
	ck_assert_int_eq(ends[_i](app.encoder), WC_OK);
	eventfd_write(first, 1);
	eventfd_write(fence, 1);
	app_run(&app);
	trace_expect(&app.trace, _i ? "destroy" : "");
}
END_TEST

/* Its session is there by then, and a frame of another kind waits for one of its own. */
START_TEST(a_converter_waits_with_each_kind)
{
	convert(first, -1, 64, 1);
	convert(second, fence, 32, 2);
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_uint_eq(wc_video_converter_get_queue_size(app.converter), 2);
	ck_assert(wc_video_converter_is_saturated(app.converter));
	eventfd_write(first, 1);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 destroy open");
	ck_assert_uint_eq(fence_waits(), 2);
	ck_assert(wc_video_converter_is_saturated(app.converter));
	eventfd_write(fence, 1);
	app_run(&app);
	trace_expect(&app.trace, "submit:2 out:2");
}
END_TEST

START_TEST(a_converters_wait_ends_with_reset)
{
	convert(second, fence, 64, 1);
	convert(second, -1, 32, 2);
	app_run(&app);
	ck_assert_uint_eq(fence_waits(), 1);
	ck_assert_int_eq(wc_video_converter_reset(app.converter), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	eventfd_write(fence, 1);
	convert(second, -1, 64, 3);
	app_run(&app);
	trace_expect(&app.trace, "open submit:3 out:3");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fences");
	TCase *tcase = tcase_create("encoder"), *converter = tcase_create("converter");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, frames_wait_in_order);
	tcase_add_test(tcase, ready_pictures_are_looked_at_once);
	tcase_add_test(tcase, a_failed_fence_closes_the_encoder);
	tcase_add_loop_test(tcase, a_failed_look_closes_the_encoder, 0, 2);
	tcase_add_loop_test(tcase, a_wait_ends_with_its_codec, 0, 3);
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(converter, set_up_converter, tear_down);
	tcase_add_test(converter, a_converter_waits_with_each_kind);
	tcase_add_test(converter, a_converters_wait_ends_with_reset);
	suite_add_tcase(suite, converter);
	return app_main(suite);
}
