/* SPDX-License-Identifier: MIT */
/* Cameras, by their public interface, on the strict fake: frames, losses, failures. */
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <webcodecs/webcodecs.h>

#include "fake/fake.h"
#include "frame/pixel_format.h"
#include "v4l2/format.h"

#define DEVICE "/dev/fake-camera"
#define MAX_FRAMES 64

/* Waits that a test may take before something is taken for stuck. */
#define MAX_WAITS 1000

struct app {
	struct wc_context *context;
	struct wc_camera *camera;
	unsigned keep;                     /* frames to hold, the others are closed at once */
	struct wc_video_frame *kept[MAX_FRAMES];
	unsigned n_kept;
	unsigned n_frames, n_errors, n_lost_calls;
	uint64_t lost;
	uint32_t seqs[MAX_FRAMES];
	int64_t times[MAX_FRAMES];
	struct wc_error error;
	/* Called from the callbacks. */
	void (*on_frame)(struct app *app);
	void (*on_lost)(struct app *app);
	void (*on_error)(struct app *app);
};

/* Which picture it is; fails unless every pixel is that picture's. */
static uint32_t check_picture(struct wc_video_frame *frame)
{
	struct fake_picture picture = {
		.fourcc = raw_format_from_drm(wc_video_frame_get_fourcc(frame), false),
		.width = wc_video_frame_get_coded_width(frame),
		.height = wc_video_frame_get_coded_height(frame),
	};
	struct wc_video_frame_mapping mapping;
	const char *difference;
	uint32_t seq;

	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &mapping), WC_OK);
	for (unsigned i = 0; i < mapping.plane_count; i++) {
		picture.stride[i] = mapping.planes[i].stride;
		picture.plane[i] = mapping.planes[i].data;
	}
	seq = fake_frame_seq(&picture);
	difference = fake_check_frame(&picture, seq);
	ck_assert_msg(!difference, "%s", difference);
	wc_video_frame_unmap(frame);
	return seq;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct app *app = user_data;

	ck_assert_uint_eq(app->n_errors, 0);
	ck_assert_uint_lt(app->n_frames, MAX_FRAMES);
	app->times[app->n_frames] = wc_video_frame_get_timestamp(frame);
	app->seqs[app->n_frames++] = check_picture(frame);
	if (app->n_kept < app->keep)
		app->kept[app->n_kept++] = frame;
	else
		wc_video_frame_unref(frame);
	if (app->on_frame)
		app->on_frame(app);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct app *app = user_data;

	app->n_errors++;
	app->error = *error;
	if (app->on_error)
		app->on_error(app);
}

static void on_lost(uint64_t count, void *user_data)
{
	struct app *app = user_data;

	ck_assert_uint_eq(app->n_errors, 0);
	app->n_lost_calls++;
	app->lost += count;
	if (app->on_lost)
		app->on_lost(app);
}

static struct wc_camera_init settings(struct app *app)
{
	return (struct wc_camera_init) {
		.frame = on_frame, .error = on_error, .lost = on_lost, .user_data = app,
		.device = DEVICE,
	};
}

static bool try_context(struct app *app)
{
	static const char *const paths[] = { DEVICE, NULL };
	struct wc_context_options options = { .device_paths = paths };

	memset(app, 0, sizeof *app);
	return wc_context_new(&options, &app->context) == WC_OK;
}

static void start_fake(struct app *app, const struct fake_model *model)
{
	fake_start();
	ck_assert_int_eq(fake_add_device(model, DEVICE), 0);
	ck_assert(try_context(app));
}

static void open_camera(struct app *app, const struct wc_camera_init *init)
{
	ck_assert_msg(wc_camera_new(app->context, init, &app->camera) == WC_OK, "%s",
		      wc_context_get_error(app->context)->message);
}

static void close_kept(struct app *app)
{
	for (unsigned i = 0; i < app->n_kept; i++)
		wc_video_frame_unref(app->kept[i]);
	app->n_kept = 0;
	app->keep = 0;
}

static void finish(struct app *app)
{
	struct wc_counters counters;

	close_kept(app);
	wc_camera_destroy(app->camera);
	wc_context_dispatch(app->context, 0);
	wc_context_get_counters(app->context, &counters);
	ck_assert_uint_eq(counters.video_frames, 0);
	ck_assert_uint_eq(counters.buffers, 0);
	wc_context_unref(app->context);
	fake_stop();
	fake_check_no_violations();
}

static void begin(struct app *app, const struct fake_model *model)
{
	struct wc_camera_init init = settings(app);

	start_fake(app, model);
	open_camera(app, &init);
	ck_assert_int_eq(wc_camera_start(app->camera), WC_OK);
}

static struct wc_camera_info info_of(const struct app *app)
{
	struct wc_camera_info info;

	wc_camera_get_info(app->camera, &info);
	return info;
}

/* Dispatch until so many frames came in all, or an error. */
static void wait_frames(struct app *app, unsigned n)
{
	for (unsigned i = 0; app->n_frames < n && !app->n_errors; i++) {
		ck_assert_uint_lt(i, MAX_WAITS);
		ck_assert_int_ge(wc_context_dispatch(app->context, -1), 0);
	}
}

/* ---- models ---------------------------------------------------------------------------------- */

static const struct fake_format planar_m[] = {
	{ .fourcc = V4L2_PIX_FMT_YUV420M }, { .fourcc = V4L2_PIX_FMT_NV12M }, { .fourcc = 0 },
};

static const struct fake_format compressed[] = {
	{ .fourcc = V4L2_PIX_FMT_MJPEG, .flags = V4L2_FMT_FLAG_COMPRESSED },
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = V4L2_FMT_FLAG_COMPRESSED },
	{ .fourcc = 0 },
};

static const struct fake_format many[] = {
	{ .fourcc = V4L2_PIX_FMT_MJPEG, .flags = V4L2_FMT_FLAG_COMPRESSED },
	{ .fourcc = V4L2_PIX_FMT_GREY },
	{ .fourcc = V4L2_PIX_FMT_RGB24 },
	{ .fourcc = V4L2_PIX_FMT_YUYV },
	{ .fourcc = V4L2_PIX_FMT_NV16 },
	{ .fourcc = V4L2_PIX_FMT_YUV420 },
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 64 },
	{ .fourcc = 0 },
};

static struct fake_model model_with(const struct fake_format *raw, bool mplane)
{
	struct fake_model model = fake_camera;

	model.raw = raw;
	model.mplane = mplane;
	return model;
}

/* ---- frames ---------------------------------------------------------------------------------- */

START_TEST(frames_come_in_order)
{
	struct wc_camera_info info;
	struct app app;

	begin(&app, &fake_camera);
	info = info_of(&app);
	ck_assert_uint_eq(info.fourcc, DRM_FORMAT_NV12);
	ck_assert_uint_eq(info.width, 640);
	ck_assert_uint_eq(info.height, 480);
	ck_assert_uint_eq(info.buffers, 6);
	ck_assert(info.framerate > 29.9 && info.framerate < 30.1);
	ck_assert(info.started && info.exported);
	ck_assert_str_eq(info.card, "Fake camera");
	ck_assert_str_eq(info.driver, "uvcvideo");
	ck_assert_int_eq(info.color_space.primaries, WC_PRIMARIES_BT709);
	wait_frames(&app, 20);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_uint_eq(app.seqs[i], i);
		ck_assert(i == 0 || app.times[i] - app.times[i - 1] >= 33000);
	}
	info = info_of(&app);
	ck_assert_uint_eq(info.frames, 20);
	ck_assert_uint_eq(info.lost + info.damaged + info.starved, 0);
	finish(&app);
}
END_TEST

/* QBUF, DQBUF, epoll_wait: nothing else for each frame, and no copy. */
START_TEST(a_frame_costs_three_calls)
{
	struct wc_counters counters;
	struct app app;

	begin(&app, &fake_camera);
	wait_frames(&app, 10);
	fake_reset_counters();
	wait_frames(&app, 50);
	ck_assert_uint_le(fake_counter(FAKE_QBUF), 41);
	ck_assert_uint_le(fake_counter(FAKE_DQBUF), 41);
	ck_assert_uint_le(fake_syscalls(), 3 * 41);
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.bytes_copied, 0);
	ck_assert_uint_eq(counters.bytes_by_kind[WC_MEMORY_DRIVER], counters.buffer_bytes);
	finish(&app);
}
END_TEST

/* The CPU writes nothing into pictures; the first time zeros are in its caches. */
START_TEST(caches_are_cleaned_once)
{
	struct fake_model model = fake_camera;
	struct app app;

	model.buf_caps |= V4L2_BUF_CAP_SUPPORTS_MMAP_CACHE_HINTS;
	begin(&app, &model);
	wait_frames(&app, 50);
	ck_assert_uint_eq(fake_no_clean(), fake_counter(FAKE_QBUF) - info_of(&app).buffers);
	ck_assert_uint_eq(fake_no_invalidate(), 0);
	finish(&app);
}
END_TEST

START_TEST(planes_in_memory_of_their_own)
{
	struct fake_model model = model_with(planar_m, true);
	struct wc_camera_init init;
	struct app app;

	start_fake(&app, &model);
	init = settings(&app);
	init.fourcc = _i ? DRM_FORMAT_YUV420 : 0;
	open_camera(&app, &init);
	ck_assert_uint_eq(info_of(&app).fourcc, _i ? DRM_FORMAT_YUV420 : DRM_FORMAT_NV12);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OK);
	wait_frames(&app, 10);
	ck_assert_uint_eq(app.seqs[9], 9);
	finish(&app);
}
END_TEST

static const uint32_t wanted_formats[] = {
	DRM_FORMAT_R8, DRM_FORMAT_BGR888, DRM_FORMAT_YUYV, DRM_FORMAT_NV16, DRM_FORMAT_YUV420,
	DRM_FORMAT_NV12,
};

START_TEST(every_format_that_was_asked_for)
{
	struct fake_model model = model_with(many, false);
	struct wc_camera_init init;
	struct app app;

	start_fake(&app, &model);
	init = settings(&app);
	init.fourcc = wanted_formats[_i];
	init.width = 322;
	init.height = 178;
	open_camera(&app, &init);
	ck_assert_uint_eq(info_of(&app).fourcc, wanted_formats[_i]);
	ck_assert_uint_eq(info_of(&app).width, 322);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OK);
	wait_frames(&app, 3);
	ck_assert_uint_eq(app.seqs[2], 2);
	finish(&app);
}
END_TEST

/* Which of the formats is taken when none was asked for: what is left of the list, in order. */
START_TEST(the_best_format_is_taken)
{
	static const uint32_t wanted[] = {
		DRM_FORMAT_NV12, DRM_FORMAT_YUV420, DRM_FORMAT_NV16, DRM_FORMAT_YUYV,
		DRM_FORMAT_R8,
	};
	struct fake_format list[8];
	struct fake_model model = model_with(list, false);
	struct wc_camera_init init;
	struct app app;

	for (unsigned n = 0; n < 5; n++) {
		memcpy(list, many, sizeof list);
		list[7 - n - (n == 4)].fourcc = 0;
		list[7 - n].fourcc = 0;
		start_fake(&app, &model);
		init = settings(&app);
		open_camera(&app, &init);
		ck_assert_uint_eq(info_of(&app).fourcc, n ? wanted[n] : DRM_FORMAT_NV12);
		finish(&app);
	}
}
END_TEST

START_TEST(stop_and_start_again)
{
	struct app app;

	begin(&app, &fake_camera);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OK);
	wait_frames(&app, 3);
	app.keep = 2;
	wait_frames(&app, 5);
	ck_assert_int_eq(wc_camera_stop(app.camera), WC_OK);
	ck_assert_int_eq(wc_camera_stop(app.camera), WC_OK);
	ck_assert(!info_of(&app).started);
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 0);
	ck_assert_uint_eq(app.n_frames, 5);
	/* One held across the restart, one given back while it is stopped. */
	wc_video_frame_unref(app.kept[--app.n_kept]);
	app.keep = 0;
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OK);
	wait_frames(&app, 20);
	ck_assert_uint_eq(check_picture(app.kept[0]), app.seqs[3]);
	ck_assert_uint_eq(info_of(&app).lost, 0);
	finish(&app);
}
END_TEST

/* ---- losses ---------------------------------------------------------------------------------- */

START_TEST(gaps_are_counted_and_told)
{
	struct app app;

	begin(&app, &fake_camera);
	wait_frames(&app, 4);
	fake_camera_lose(DEVICE, 3);
	wait_frames(&app, 8);
	ck_assert_uint_eq(app.lost, 3);
	ck_assert_uint_eq(app.n_lost_calls, 1);
	ck_assert_uint_eq(info_of(&app).lost, 3);
	ck_assert_uint_eq(app.seqs[7], 10);
	finish(&app);
}
END_TEST

START_TEST(nobody_waits_for_held_frames)
{
	struct app app;

	begin(&app, &fake_camera);
	app.keep = 6;
	wait_frames(&app, 6);
	ck_assert_uint_eq(app.n_kept, 6);
	ck_assert_uint_eq(info_of(&app).starved, 1);
	/* No busy loop, no error, no frame. */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(wc_context_dispatch(app.context, 100), 0);
	ck_assert_uint_eq(app.n_frames, 6);
	fake_camera_lose(DEVICE, 9);
	wc_video_frame_close(app.kept[0]);
	wait_frames(&app, 12);
	ck_assert_uint_eq(app.lost, 9);
	/* Those that are still held were not touched. */
	for (unsigned i = 1; i < 6; i++)
		ck_assert_uint_eq(check_picture(app.kept[i]), i);
	ck_assert_uint_eq(app.n_errors, 0);
	finish(&app);
}
END_TEST

/* All are held when it starts: frames come when the first is given back. */
START_TEST(start_without_a_buffer)
{
	struct app app;

	begin(&app, &fake_camera);
	app.keep = 6;
	wait_frames(&app, 6);
	ck_assert_int_eq(wc_camera_stop(app.camera), WC_OK);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OK);
	ck_assert_int_eq(wc_context_dispatch(app.context, 100), 0);
	ck_assert_int_eq(wc_context_dispatch(app.context, 100), 0);
	close_kept(&app);
	wait_frames(&app, 20);
	ck_assert_uint_eq(app.n_errors, 0);
	finish(&app);
}
END_TEST

START_TEST(damaged_frames_are_not_given_out)
{
	struct app app;

	begin(&app, &fake_camera);
	wait_frames(&app, 2);
	fake_camera_damage(DEVICE, _i ? FAKE_DAMAGE_SHORT : FAKE_DAMAGE_FLAG);
	wait_frames(&app, 6);
	ck_assert_uint_eq(app.seqs[5], 6);
	ck_assert_uint_eq(info_of(&app).damaged, 1);
	ck_assert_uint_eq(app.lost, 0);
	finish(&app);
}
END_TEST

START_TEST(a_driver_that_does_not_count)
{
	struct fake_model model = fake_camera;
	struct app app;

	model.quirks.no_sequence = true;
	begin(&app, &model);
	wait_frames(&app, 10);
	ck_assert_uint_eq(app.lost, 0);
	finish(&app);
}
END_TEST

START_TEST(times_of_another_clock_are_not_used)
{
	struct fake_model model = fake_camera;
	struct app app;

	model.quirks.no_monotonic = true;
	begin(&app, &model);
	wait_frames(&app, 10);
	for (unsigned i = 0; i < 10; i++)
		ck_assert(app.times[i] > (i ? app.times[i - 1] : 0));
	finish(&app);
}
END_TEST

/* ---- frames and their camera ----------------------------------------------------------------- */

START_TEST(frames_outlive_camera_and_context)
{
	struct app app;

	begin(&app, &fake_camera);
	app.keep = 5;
	wait_frames(&app, 5);
	wc_camera_destroy(app.camera);
	app.camera = NULL;
	ck_assert_uint_eq(fake_open_files(DEVICE), 0);
	wc_context_unref(app.context);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(check_picture(app.kept[i]), i);
	close_kept(&app);
	fake_stop();
	fake_check_no_violations();
}
END_TEST

static void *close_in_thread(void *data)
{
	struct app *app = data;

	for (unsigned i = 0; i < app->n_kept; i++)
		wc_video_frame_unref(app->kept[i]);
	return NULL;
}

START_TEST(frames_may_end_in_another_thread)
{
	pthread_t thread;
	struct app app;

	begin(&app, &fake_camera);
	fake_set_hang_grace(10000);
	for (unsigned round = 1; round <= 5; round++) {
		app.keep = 6;
		wait_frames(&app, round * 6);
		ck_assert_uint_eq(app.n_kept, 6);
		ck_assert_int_eq(pthread_create(&thread, NULL, close_in_thread, &app), 0);
		/* The loop is woken by it. */
		while (wc_context_dispatch(app.context, -1) == 0 && app.n_frames == round * 6)
			;
		pthread_join(thread, NULL);
		app.n_kept = 0;
		app.n_frames = round * 6;
	}
	app.keep = 0;
	finish(&app);
}
END_TEST

static void destroy(struct app *app)
{
	wc_camera_destroy(app->camera);
	app->camera = NULL;
}

static void stop(struct app *app)
{
	ck_assert_int_eq(wc_camera_stop(app->camera), WC_OK);
}

START_TEST(a_frame_callback_may_end_it)
{
	struct app app;

	begin(&app, &fake_camera);
	app.keep = 1;
	wait_frames(&app, 3);
	app.on_frame = _i ? destroy : stop;
	wait_frames(&app, 4);
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 0);
	ck_assert_uint_eq(app.n_frames, 4);
	finish(&app);
}
END_TEST

START_TEST(a_lost_callback_may_end_it)
{
	struct app app;

	begin(&app, &fake_camera);
	wait_frames(&app, 3);
	app.on_lost = _i ? destroy : stop;
	fake_camera_lose(DEVICE, 1);
	while (!app.n_lost_calls)
		wc_context_dispatch(app.context, -1);
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 0);
	ck_assert_uint_eq(app.n_frames, 3);
	finish(&app);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------- */

static void check_gone(const struct app *app)
{
	ck_assert_uint_eq(app->n_errors, 1);
	ck_assert_int_eq(app->error.name, WC_OPERATION_ERROR);
	ck_assert_int_eq(app->error.sys_errno, ENODEV);
	ck_assert_str_eq(app->error.device, DEVICE);
	ck_assert_int_eq(app->error.stage, WC_STAGE_JOB);
}

/* 0: while it waits; 1: stopped; 2: all buffers held; 3: and the error callback destroys it */
START_TEST(the_device_goes_away)
{
	struct app app;

	begin(&app, &fake_camera);
	app.keep = _i >= 2 ? 6 : 2;
	wait_frames(&app, 6);
	if (_i == 1)
		ck_assert_int_eq(wc_camera_stop(app.camera), WC_OK);
	if (_i == 3)
		app.on_error = destroy;
	fake_unplug(DEVICE);
	for (unsigned i = 0; i < 3; i++)
		wc_context_dispatch(app.context, 0);
	check_gone(&app);
	ck_assert_uint_eq(fake_open_files(DEVICE), 0);
	if (app.camera) {
		ck_assert_int_eq(wc_camera_start(app.camera), WC_INVALID_STATE_ERROR);
		ck_assert_int_eq(wc_camera_stop(app.camera), WC_OK);
		ck_assert(!info_of(&app).started);
	}
	for (unsigned i = 0; i < app.n_kept; i++)
		ck_assert_uint_eq(check_picture(app.kept[i]), i);
	close_kept(&app);
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 0);
	finish(&app);
}
END_TEST

/* A frame that goes back outside of dispatch: the error waits for dispatch. */
START_TEST(an_error_comes_in_dispatch_only)
{
	struct app app;

	begin(&app, &fake_camera);
	app.keep = 1;
	wait_frames(&app, 3);
	fake_fail(FAKE_QBUF, 1, EIO);
	close_kept(&app);
	ck_assert_uint_eq(app.n_errors, 0);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_INVALID_STATE_ERROR);
	wait_frames(&app, 1000);
	ck_assert_uint_eq(app.n_errors, 1);
	ck_assert_int_eq(app.error.sys_errno, EIO);
	finish(&app);
}
END_TEST

START_TEST(a_change_of_the_source_is_an_error)
{
	struct fake_model model = fake_camera;
	struct app app;

	model.events |= 1u << V4L2_EVENT_SOURCE_CHANGE;
	begin(&app, &model);
	wait_frames(&app, 3);
	fake_change_source(DEVICE);
	wait_frames(&app, 1000);
	ck_assert_uint_eq(app.n_errors, 1);
	ck_assert_int_eq(app.error.name, WC_OPERATION_ERROR);
	finish(&app);
}
END_TEST

static void refused(struct app *app, const struct wc_camera_init *init, enum wc_status status,
		    enum wc_stage stage, int sys_errno, const char *text)
{
	const struct wc_error *error;

	app->camera = (struct wc_camera *)app;
	ck_assert_int_eq(wc_camera_new(app->context, init, &app->camera), status);
	ck_assert_ptr_null(app->camera);
	error = wc_context_get_error(app->context);
	ck_assert_int_eq(error->name, status);
	ck_assert_int_eq(error->stage, stage);
	ck_assert_int_eq(error->sys_errno, sys_errno);
	ck_assert_msg(strstr(error->message, text), "%s", error->message);
	ck_assert_uint_eq(fake_open_files(DEVICE), 0);
}

START_TEST(arguments_are_checked)
{
	struct wc_camera_init good, init;
	struct app app;

	start_fake(&app, &fake_camera);
	good = settings(&app);
#define REFUSED(member, value, text) \
	init = good, init.member = (value), \
	refused(&app, &init, WC_TYPE_ERROR, WC_STAGE_NONE, 0, text)
	REFUSED(frame, NULL, "callback");
	REFUSED(error, NULL, "callback");
	REFUSED(device, NULL, "device");
	REFUSED(device, "", "device");
	REFUSED(width, 640, "together");
	REFUSED(height, 480, "together");
	REFUSED(framerate, -1, "frame rate");
	REFUSED(framerate, 0.0 / 0.0, "frame rate");
	REFUSED(framerate, 1e-9, "frame rate");
	REFUSED(framerate, 1e9, "frame rate");
	REFUSED(buffers, 1, "buffers");
	REFUSED(buffers, 33, "buffers");
	REFUSED(reserved[5], 1, "reserved");
#undef REFUSED
	refused(&app, NULL, WC_TYPE_ERROR, WC_STAGE_NONE, 0, "callback");
	ck_assert_int_eq(wc_camera_new(app.context, &good, NULL), WC_TYPE_ERROR);
	wc_camera_destroy(NULL);
	finish(&app);
}
END_TEST

START_TEST(what_is_no_camera_is_said)
{
	struct wc_camera_init init;
	struct app app;
	char path[200];

	start_fake(&app, &fake_camera);
	init = settings(&app);
	ck_assert_int_eq(fake_add_device(&fake_vicodec_encoder, "/dev/fake-encoder"), 0);
	init.device = "/dev/fake-encoder";
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_OPEN, ENOTTY, "no camera");
	init.device = "/dev/null";
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_OPEN, ENOTTY, "no camera");
	init.device = "/dev/fake-nothing";
	refused(&app, &init, WC_OPERATION_ERROR, WC_STAGE_OPEN, ENOENT, "open");
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	init.device = path;
	refused(&app, &init, WC_OPERATION_ERROR, WC_STAGE_OPEN, ENAMETOOLONG, "open");
	finish(&app);
}
END_TEST

START_TEST(formats_that_cannot_be_had)
{
	struct fake_model model = model_with(compressed, false), fields = fake_camera;
	struct wc_camera_init init;
	struct app app;

	start_fake(&app, &model);
	init = settings(&app);
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
		"no format for frames, but MJPG H264");
	init.fourcc = DRM_FORMAT_NV12;
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0, "no format NV12");
	finish(&app);
	fields.quirks.fields = true;
	start_fake(&app, &fields);
	init = settings(&app);
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0, "fields");
	finish(&app);
}
END_TEST

START_TEST(near_or_exact)
{
	struct wc_camera_init init;
	struct app app;

	start_fake(&app, &fake_camera);
	init = settings(&app);
	init.width = 4000;
	init.height = 480;
	open_camera(&app, &init);
	ck_assert_uint_eq(info_of(&app).width, 1920);
	destroy(&app);
	init.exact = true;
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
		"1920x480 instead of 4000x480");
	init.width = 320;
	init.framerate = 14;
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, 0,
		"15 frames a second instead of 14");
	init.exact = false;
	open_camera(&app, &init);
	ck_assert(info_of(&app).framerate == 15);
	ck_assert_uint_eq(fake_time_per_frame(DEVICE).denominator, 15);
	destroy(&app);
	init.exact = true;
	init.framerate = 5;
	open_camera(&app, &init);
	ck_assert(info_of(&app).framerate == 5);
	finish(&app);
}
END_TEST

START_TEST(without_a_rate)
{
	struct fake_model model = fake_camera;
	struct wc_camera_init init;
	struct app app;

	model.no_parm = true;
	start_fake(&app, &model);
	init = settings(&app);
	init.framerate = 30;
	open_camera(&app, &init);
	ck_assert(info_of(&app).framerate == 0);
	destroy(&app);
	init.exact = true;
	refused(&app, &init, WC_NOT_SUPPORTED_ERROR, WC_STAGE_FORMAT, ENOTTY, "0 frames");
	finish(&app);
}
END_TEST

START_TEST(somebody_else_captures)
{
	struct wc_camera_init init;
	struct app app;

	start_fake(&app, &fake_camera);
	init = settings(&app);
	fake_fail(FAKE_S_FMT, 1, EBUSY);
	refused(&app, &init, WC_OPERATION_ERROR, WC_STAGE_FORMAT, EBUSY, "somebody else");
	fake_fail(FAKE_REQBUFS, 1, EBUSY);
	refused(&app, &init, WC_OPERATION_ERROR, WC_STAGE_BUFFERS, EBUSY, "somebody else");
	open_camera(&app, &init);
	/* A start that failed can be tried again. */
	fake_fail(FAKE_STREAMON, 1, EBUSY);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OPERATION_ERROR);
	ck_assert_int_eq(wc_context_get_error(app.context)->sys_errno, EBUSY);
	ck_assert_int_eq(wc_camera_start(app.camera), WC_OK);
	wait_frames(&app, 4);
	finish(&app);
}
END_TEST

/* Without EXPBUF the device itself is mapped. */
START_TEST(a_driver_without_export)
{
	struct fake_model model = fake_camera;
	struct app app;

	model.quirks.no_expbuf = true;
	begin(&app, &model);
	ck_assert(!info_of(&app).exported);
	wait_frames(&app, 10);
	finish(&app);
}
END_TEST

/* Each call fails in turn, with each errno that it may give: one error at most, nothing lost. */
static void life(void *unused)
{
	struct wc_camera_init init;
	struct app app = { NULL };

	(void)unused;
	ck_assert_int_eq(fake_add_device(&fake_camera, DEVICE), 0);
	if (!try_context(&app))
		return;
	init = settings(&app);
	init.width = 64;
	init.height = 48;
	init.framerate = 15;
	if (wc_camera_new(app.context, &init, &app.camera) == WC_OK &&
	    wc_camera_start(app.camera) == WC_OK) {
		app.keep = 2;
		for (unsigned i = 0; i < 30 && app.n_frames < 10 && !app.n_errors; i++)
			wc_context_dispatch(app.context, 1000);
		ck_assert_msg(app.n_frames == 10 || app.n_errors, "%s: %u frames", fake_failure(),
			      app.n_frames);
		wc_camera_stop(app.camera);
		if (wc_camera_start(app.camera) == WC_OK)
			wc_context_dispatch(app.context, 1000);
		close_kept(&app);
		wc_context_dispatch(app.context, 0);
	} else {
		ck_assert_int_ne(wc_context_get_error(app.context)->name, WC_OK);
		ck_assert_str_eq(wc_context_get_error(app.context)->device, DEVICE);
	}
	ck_assert_msg(app.n_errors <= 1, "%s: %u errors", fake_failure(), app.n_errors);
	close_kept(&app);
	wc_camera_destroy(app.camera);
	wc_context_unref(app.context);
}

START_TEST(every_failure_is_borne)
{
	ck_assert_uint_gt(fake_for_each_failure(life, NULL), 200);
}
END_TEST

/* ---- the list -------------------------------------------------------------------------------- */

START_TEST(cameras_are_listed)
{
	struct fake_model model = model_with(many, false);
	const struct wc_camera_device *camera;
	struct wc_camera_list *list;
	struct app app;

	start_fake(&app, &model);
	fake_enumerating(true);
	ck_assert_int_eq(wc_camera_list_new(app.context, &list), WC_OK);
	fake_enumerating(false);
	ck_assert_uint_eq(wc_camera_list_get_count(list), 1);
	ck_assert_ptr_null(wc_camera_list_get(list, 1));
	camera = wc_camera_list_get(list, 0);
	ck_assert_str_eq(camera->path, DEVICE);
	ck_assert_str_eq(camera->card, "Fake camera");
	ck_assert_uint_eq(camera->mode_count, 7);
	ck_assert_uint_eq(camera->modes[0].fourcc, 0);
	ck_assert_uint_eq(camera->modes[0].v4l2_fourcc, V4L2_PIX_FMT_MJPEG);
	ck_assert_uint_eq(camera->modes[6].fourcc, DRM_FORMAT_NV12);
	ck_assert_uint_eq(camera->modes[6].size.min_width, 16);
	ck_assert_uint_eq(camera->modes[6].size.max_height, 1080);
	ck_assert_uint_eq(camera->modes[6].rate_count, 3);
	ck_assert_uint_eq(camera->modes[6].rates[1].num, 15);
	ck_assert_uint_eq(camera->modes[6].rates[1].den, 1);
	wc_camera_list_destroy(list);
	wc_camera_list_destroy(NULL);
	ck_assert_int_eq(wc_camera_list_new(app.context, NULL), WC_TYPE_ERROR);
	finish(&app);
}
END_TEST

/* Codecs are no cameras, and nodes that fail are left out. */
static void list_life(void *unused)
{
	static const char *const paths[] = { "/dev/fake-encoder", DEVICE, "/dev/fake-gone", NULL };
	struct wc_context_options options = { .device_paths = paths };
	struct wc_camera_list *list;
	struct wc_context *context;

	(void)unused;
	ck_assert_int_eq(fake_add_device(&fake_camera, DEVICE), 0);
	ck_assert_int_eq(fake_add_device(&fake_vicodec_encoder, paths[0]), 0);
	if (wc_context_new(&options, &context) < 0)
		return;
	if (wc_camera_list_new(context, &list) == WC_OK) {
		ck_assert_uint_le(wc_camera_list_get_count(list), 1);
		if (wc_camera_list_get_count(list))
			ck_assert_str_eq(wc_camera_list_get(list, 0)->path, DEVICE);
		else
			ck_assert_str_ne(fake_failure(), "no failure");
		wc_camera_list_destroy(list);
	}
	wc_context_unref(context);
}

START_TEST(listing_bears_every_failure)
{
	ck_assert_uint_gt(fake_for_each_failure(list_life, NULL), 50);
}
END_TEST

static TCase *frame_cases(void)
{
	TCase *cases = tcase_create("frames");

	tcase_add_test(cases, frames_come_in_order);
	tcase_add_test(cases, a_frame_costs_three_calls);
	tcase_add_test(cases, caches_are_cleaned_once);
	tcase_add_loop_test(cases, planes_in_memory_of_their_own, 0, 2);
	tcase_add_loop_test(cases, every_format_that_was_asked_for, 0, 6);
	tcase_add_test(cases, the_best_format_is_taken);
	tcase_add_test(cases, stop_and_start_again);
	tcase_add_test(cases, gaps_are_counted_and_told);
	tcase_add_test(cases, nobody_waits_for_held_frames);
	tcase_add_test(cases, start_without_a_buffer);
	tcase_add_loop_test(cases, damaged_frames_are_not_given_out, 0, 2);
	tcase_add_test(cases, a_driver_that_does_not_count);
	tcase_add_test(cases, times_of_another_clock_are_not_used);
	tcase_add_test(cases, frames_outlive_camera_and_context);
	tcase_add_test(cases, frames_may_end_in_another_thread);
	tcase_add_loop_test(cases, a_frame_callback_may_end_it, 0, 2);
	tcase_add_loop_test(cases, a_lost_callback_may_end_it, 0, 2);
	return cases;
}

static TCase *error_cases(void)
{
	TCase *cases = tcase_create("errors");

	tcase_add_loop_test(cases, the_device_goes_away, 0, 4);
	tcase_add_test(cases, an_error_comes_in_dispatch_only);
	tcase_add_test(cases, a_change_of_the_source_is_an_error);
	tcase_add_test(cases, arguments_are_checked);
	tcase_add_test(cases, what_is_no_camera_is_said);
	tcase_add_test(cases, formats_that_cannot_be_had);
	tcase_add_test(cases, near_or_exact);
	tcase_add_test(cases, without_a_rate);
	tcase_add_test(cases, somebody_else_captures);
	tcase_add_test(cases, a_driver_without_export);
	tcase_add_test(cases, every_failure_is_borne);
	tcase_add_test(cases, cameras_are_listed);
	tcase_add_test(cases, listing_bears_every_failure);
	return cases;
}

int main(void)
{
	Suite *suite = suite_create("capture");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, frame_cases());
	suite_add_tcase(suite, error_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
