/* SPDX-License-Identifier: MIT */
/* The census, weak handles, hooks for language bindings, references that end with their scope. */
#include <check.h>
#include <drm_fourcc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"

#define SIZE (64 * 48 * 3 / 2)

static struct app app;
static uint8_t memory[SIZE];

/* What the log said. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int lines;
static char all_lines[16384];

static void on_log(enum wc_log_level level, const char *file, int line, const char *message,
		   void *user_data)
{
	(void)file;
	(void)line;
	(void)user_data;
	if (level > WC_LOG_WARNING)
		return;
	pthread_mutex_lock(&log_lock);
	lines++;
	if (strlen(all_lines) + strlen(message) + 2 < sizeof all_lines) {
		strcat(all_lines, message);
		strcat(all_lines, "\n");
	}
	pthread_mutex_unlock(&log_lock);
}

static void set_up(void)
{
	lines = 0;
	all_lines[0] = '\0';
	app_init_encoder(&app);
	wc_context_set_log_handler(app.context, on_log, WC_LOG_WARNING, NULL);
}

static void tear_down(void)
{
	app_finish(&app);
}

static int released;

static void on_release(void *user_data)
{
	(void)user_data;
	released++;
}

static int wrap(void *data, struct wc_video_frame **frame)
{
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420, .coded_width = 64, .coded_height = 48,
	};

	return wc_video_frame_new_wrapped(app.context, data, SIZE, &init, on_release, NULL, frame);
}

static struct wc_counters read_counters(void)
{
	struct wc_counters counters;

	wc_context_get_counters(app.context, &counters);
	return counters;
}

static void drop(struct wc_video_frame *frame)
{
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
}

static void ignore_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	wc_video_frame_unref(frame);
}

static void ignore_error(const struct wc_error *error, void *user_data)
{
	(void)error;
	(void)user_data;
}

#ifdef WITHOUT_CENSUS

START_TEST(without_a_census_there_is_none)
{
	struct wc_census_options options = { .sample_every = 1 };
	struct wc_video_frame *frame = app_frame(&app, 0, 0, false);
	struct wc_census_mark mark;
	struct wc_census *census;

	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_NOT_SUPPORTED_ERROR);
	wc_context_mark_census(app.context, &mark);
	ck_assert_int_eq(wc_census_new(app.context, &mark, &census), WC_NOT_SUPPORTED_ERROR);
	ck_assert_ptr_null(census);
	ck_assert_uint_eq(wc_video_frame_get_handle(frame), 0);
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, 0));
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, (uint64_t)1 << 40 | 1));
	ck_assert_uint_eq(wc_leak_check(app.context, NULL), 0);
	wc_video_frame_finalize(frame);
	ck_assert_uint_eq(read_counters().finalizer_closed, 1);
}
END_TEST

#else

static bool said(const char *words)
{
	return strstr(all_lines, words) != NULL;
}

static struct wc_census *take(const struct wc_census_mark *since)
{
	struct wc_census *census;

	ck_assert_int_eq(wc_census_new(app.context, since, &census), WC_OK);
	return census;
}

/* ---- lists ---- */

START_TEST(each_object_is_listed)
{
	struct wc_video_frame *frame = app_frame(&app, 0, 0, false), *clone;
	struct wc_encoded_video_chunk *chunk = app_key_chunk(&app, 0);
	const struct wc_census_object *object;
	struct wc_census *census;

	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	wc_video_frame_close(clone);
	census = take(NULL);
	ck_assert_uint_eq(wc_census_get_count(census), 4);

	object = wc_census_get_object(census, 0);
	ck_assert_int_eq(object->object_class, WC_OBJECT_VIDEO_FRAME);
	ck_assert_uint_eq(object->number, 1);
	ck_assert_uint_eq(object->handle, wc_video_frame_get_handle(frame));
	ck_assert_uint_eq(object->bytes, SIZE);
	ck_assert_str_eq(object->label, "YU12 64x48");
	ck_assert(!object->closed && !object->internal);
	ck_assert_uint_eq(object->site, WC_CENSUS_NO_SITE);
	ck_assert_int_ge(object->age, 0);
	ck_assert_int_lt(object->age, 60000000);

	object = wc_census_get_object(census, 1);
	ck_assert_uint_eq(object->number, 2);
	ck_assert(object->closed && !object->internal);
	ck_assert_uint_eq(object->bytes, 0);

	object = wc_census_get_object(census, 2);
	ck_assert_int_eq(object->object_class, WC_OBJECT_ENCODED_VIDEO_CHUNK);
	ck_assert_uint_eq(object->bytes, wc_encoded_video_chunk_get_size(chunk));

	object = wc_census_get_object(census, 3);
	ck_assert_int_eq(object->object_class, WC_OBJECT_VIDEO_ENCODER);
	ck_assert_str_eq(object->label, "test");
	ck_assert_ptr_null(wc_census_get_object(census, 4));
	ck_assert_uint_eq(wc_census_get_site_count(census), 0);
	ck_assert_ptr_null(wc_census_get_site(census, 0));

	/* It outlives what it lists. */
	drop(frame);
	wc_video_frame_unref(clone);
	wc_encoded_video_chunk_unref(chunk);
	ck_assert_str_eq(wc_census_get_object(census, 0)->label, "YU12 64x48");
	wc_census_destroy(census);
	wc_census_destroy(NULL);
}
END_TEST

START_TEST(a_mark_parts_before_and_after)
{
	struct wc_video_frame *before = app_frame(&app, 0, 0, false), *frames[200];
	struct wc_census_mark mark, later;
	struct wc_census *census;

	wc_context_mark_census(app.context, &mark);
	for (int i = 0; i < 200; i++)
		frames[i] = app_frame(&app, i, 0, false);
	for (int i = 0; i < 200; i += 2)
		drop(frames[i]);
	wc_context_mark_census(app.context, &later);
	census = take(&mark);
	ck_assert_uint_eq(wc_census_get_count(census), 100);
	for (size_t i = 0; i < 100; i++)
		ck_assert_uint_eq(wc_census_get_object(census, i)->number, 2 * i + 3);
	wc_census_destroy(census);

	/* A frame that takes the place of a dead one is a new one. */
	frames[0] = app_frame(&app, 0, 0, false);
	census = take(&later);
	ck_assert_uint_eq(wc_census_get_count(census), 1);
	ck_assert_uint_eq(wc_census_get_object(census, 0)->number, 202);
	wc_census_destroy(census);

	drop(before);
	drop(frames[0]);
	for (int i = 1; i < 200; i += 2)
		drop(frames[i]);
	census = take(&mark);
	ck_assert_uint_eq(wc_census_get_count(census), 0);
	wc_census_destroy(census);
}
END_TEST

START_TEST(what_a_codec_keeps_is_internal)
{
	struct wc_census_mark mark;
	struct wc_census *census;

	wc_context_mark_census(app.context, &mark);
	app.script.room = 1;
	app.script.allowed = 0;
	app_configure(&app);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(app_encode(&app, i), WC_OK);
	app_run(&app);
	census = take(&mark);
	ck_assert_uint_eq(wc_census_get_count(census), 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert(wc_census_get_object(census, i)->internal);
	ck_assert_ptr_null(wc_context_find_video_frame(app.context,
						       wc_census_get_object(census, 0)->handle));
	wc_census_destroy(census);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 0);
	ck_assert_int_eq(lines, 0);
	/* The encoder itself is the application's. */
	ck_assert_uint_eq(wc_leak_check(app.context, NULL), 1);
	ck_assert(said("VideoEncoder #1 \"test\" was not released"));
}
END_TEST

START_TEST(a_queued_chunk_is_internal_once_it_is_released)
{
	struct wc_encoded_video_chunk *chunk;
	struct wc_census_mark mark;

	tear_down();
	app_init_decoder(&app);
	wc_context_mark_census(app.context, &mark);
	app.script.room = 1;
	app.script.allowed = 0;
	app_configure(&app);
	ck_assert_int_eq(app_decode_key(&app, 0), WC_OK);
	chunk = app_delta_chunk(&app, 1);
	ck_assert_int_eq(wc_video_decoder_decode(app.decoder, chunk), WC_OK);
	app_run(&app);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 1);
	wc_encoded_video_chunk_unref(chunk);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 0);

	/* Outputs are the application's from its callback on. */
	app.keep = true;
	script_allow(&app.script, 1);
	app_run(&app);
	ck_assert_ptr_nonnull(app.frame);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 1);
	wc_video_frame_unref(app.frame);
	app.frame = NULL;
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 0);
}
END_TEST

/* ---- sites ---- */

__attribute__((noinline)) static struct wc_video_frame *make_here(void)
{
	struct wc_video_frame *frame = app_frame(&app, 0, 0, false);

	__asm__ volatile("" : "+r"(frame));
	return frame;
}

__attribute__((noinline)) static struct wc_video_frame *make_there(void)
{
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);

	__asm__ volatile("" : "+r"(frame));
	return frame;
}

START_TEST(the_worst_site_comes_first)
{
	struct wc_census_options options = { .sample_every = 1 };
	const struct wc_census_site *site;
	struct wc_video_frame *frames[7];
	struct wc_census *census;
	char text[1000];

	frames[0] = make_here();
	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	frames[1] = make_here();
	for (int i = 2; i < 7; i++)
		frames[i] = make_there();
	drop(frames[6]);
	census = take(NULL);
	ck_assert_uint_eq(wc_census_get_site_count(census), 2);
	site = wc_census_get_site(census, 0);
	ck_assert_uint_eq(site->objects, 4);
	ck_assert_uint_eq(site->bytes, 4 * SIZE);
	ck_assert_uint_eq(site->made, 5);
	ck_assert_uint_ge(site->caller_count, 3);
	ck_assert_uint_eq(wc_census_get_site(census, 1)->objects, 1);
	ck_assert_uint_eq(wc_census_get_object(census, 0)->site, WC_CENSUS_NO_SITE);
	ck_assert_uint_eq(wc_census_get_object(census, 1)->site, 1);
	ck_assert_uint_eq(wc_census_get_object(census, 2)->site, 0);
	wc_census_site_format(site, text, sizeof text);
	ck_assert_msg(strstr(text, " < "), "%s", text);
	ck_assert_msg(strstr(text, "test_census"), "%s", text);
	wc_census_site_format(site, NULL, 0);
	wc_census_destroy(census);
	for (int i = 0; i < 6; i++)
		drop(frames[i]);
}
END_TEST

START_TEST(one_of_so_many_is_sampled)
{
	struct wc_census_options options = { .sample_every = 10 };
	struct wc_video_frame *frames[100];
	struct wc_census *census;

	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	for (int i = 0; i < 100; i++)
		frames[i] = make_here();
	census = take(NULL);
	ck_assert_uint_eq(wc_census_get_site(census, 0)->objects, 10);
	wc_census_destroy(census);
	ck_assert_int_eq(wc_context_set_census(app.context, NULL), WC_OK);
	for (int i = 0; i < 100; i++)
		drop(frames[i]);
}
END_TEST

START_TEST(options_are_checked)
{
	struct wc_census_options reserved = { .reserved = { 1 } };
	struct wc_census_options negative = { .open_limit = -1 };
	struct wc_census_options small = { .open_limit = 999 };

	ck_assert_int_eq(wc_context_set_census(app.context, &reserved), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_set_census(app.context, &negative), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_set_census(app.context, &small), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_census_new(app.context, NULL, NULL), WC_TYPE_ERROR);
	ck_assert_str_eq(wc_object_class_name(WC_OBJECT_VIDEO_FRAME), "VideoFrame");
	ck_assert_str_eq(wc_object_class_name((enum wc_object_class)99), "unknown");
}
END_TEST

/* ---- warnings ---- */

START_TEST(what_is_dropped_unclosed_is_told)
{
	struct wc_census_options options = { .warn_unclosed = true, .sample_every = 1 };

	wc_video_frame_unref(app_frame(&app, 0, 0, false));
	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	drop(app_frame(&app, 0, 0, false));
	ck_assert_int_eq(lines, 0);
	ck_assert_uint_eq(read_counters().dropped_unclosed, 0);
	for (int i = 0; i < 50; i++)
		wc_video_frame_unref(make_here());
	ck_assert_uint_eq(read_counters().dropped_unclosed, 50);
	/* Once a second. */
	ck_assert_int_ge(lines, 1);
	ck_assert_int_lt(lines, 10);
	ck_assert_msg(said("VideoFrame #3 \"YU12 64x48\" was dropped without being closed; "
			   "made at: "), "%s", all_lines);
	ck_assert(said("test_census"));
}
END_TEST

START_TEST(a_codec_may_drop_what_it_likes)
{
	struct wc_census_options options = { .warn_unclosed = true };

	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	app.script.allowed = 0;
	app_configure(&app);
	for (int i = 0; i < 3; i++) {
		struct wc_video_frame *frame = app_frame(&app, i, 0, false);

		ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_OK);
		drop(frame);
	}
	app_run(&app);
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(lines, 0);
	ck_assert_uint_eq(read_counters().dropped_unclosed, 0);
}
END_TEST

static void dispatch_until_told(uint64_t n)
{
	for (int i = 0; i < 1000 && read_counters().open_too_long < n; i++)
		ck_assert_int_ge(wc_context_dispatch(app.context, 5), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_ge(wc_context_dispatch(app.context, 5), 0);
	ck_assert_uint_eq(read_counters().open_too_long, n);
}

START_TEST(a_codec_that_is_not_used_is_told_once)
{
	struct wc_census_options options = { .open_limit = 20000 };

	/* Not configured: it has nothing that another could use. */
	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	dispatch_until_told(0);
	app_configure(&app);
	dispatch_until_told(1);
	ck_assert_int_eq(lines, 1);
	ck_assert(said("VideoEncoder #1"));
	ck_assert(said("is configured and was not used for too long"));
}
END_TEST

START_TEST(what_is_open_too_long_is_told_once)
{
	struct wc_census_options options = { .open_limit = 20000 };
	struct wc_video_frame *open = app_frame(&app, 0, 0, false);
	struct wc_video_frame *closed = app_frame(&app, 1, 0, false);

	wc_video_frame_close(closed);
	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	for (int i = 0; i < 1000 && !read_counters().open_too_long; i++)
		ck_assert_int_ge(wc_context_dispatch(app.context, 5), 0);
	for (int i = 0; i < 10; i++)
		ck_assert_int_ge(wc_context_dispatch(app.context, 5), 0);
	ck_assert_uint_eq(read_counters().open_too_long, 1);
	ck_assert_int_eq(lines, 1);
	ck_assert(said("VideoFrame #1 \"YU12 64x48\" is open too long"));

	/* Switched off. */
	ck_assert_int_eq(wc_context_set_census(app.context, NULL), WC_OK);
	drop(open);
	open = app_frame(&app, 0, 0, false);
	for (int i = 0; i < 10; i++)
		ck_assert_int_ge(wc_context_dispatch(app.context, 5), 0);
	ck_assert_int_eq(lines, 1);
	drop(open);
	wc_video_frame_unref(closed);
}
END_TEST

START_TEST(a_leak_check_tells_what_is_left)
{
	struct wc_video_frame *frames[40];
	struct wc_census_mark mark;

	wc_context_mark_census(app.context, &mark);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 0);
	for (int i = 0; i < 40; i++)
		frames[i] = app_frame(&app, i, 0, false);
	wc_video_frame_close(frames[0]);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 40);
	ck_assert_int_eq(lines, 17);
	ck_assert(said("is closed and still referred to"));
	ck_assert(said("and 24 more VideoFrame objects"));
	for (int i = 0; i < 40; i++)
		drop(frames[i]);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 0);
}
END_TEST

START_TEST(a_leak_check_knows_converters)
{
	struct wc_video_converter_init init = { ignore_frame, ignore_error, .label = "scaler" };
	struct wc_video_converter *converter;
	const struct wc_census_object *object;
	struct wc_census_mark mark;
	struct wc_census *census;

	wc_context_mark_census(app.context, &mark);
	ck_assert_int_eq(wc_video_converter_new(app.context, &init, &converter), WC_OK);
	census = take(&mark);
	ck_assert_uint_eq(wc_census_get_count(census), 1);
	object = wc_census_get_object(census, 0);
	ck_assert_int_eq(object->object_class, WC_OBJECT_VIDEO_CONVERTER);
	ck_assert_str_eq(wc_object_class_name(object->object_class), "VideoConverter");
	ck_assert_str_eq(object->label, "scaler");
	wc_census_destroy(census);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 1);
	ck_assert(said("VideoConverter #1"));
	ck_assert(said("scaler"));
	wc_video_converter_destroy(converter);
	ck_assert_uint_eq(wc_leak_check(app.context, &mark), 0);
}
END_TEST

/* ---- weak handles ---- */

START_TEST(a_handle_finds_an_open_frame)
{
	struct wc_video_frame *frame = app_frame(&app, 0, 0, false), *found;
	uint64_t handle = wc_video_frame_get_handle(frame);

	found = wc_context_find_video_frame(app.context, handle);
	ck_assert_ptr_eq(found, frame);
	wc_video_frame_unref(frame);
	/* The reference that was found is one. */
	ck_assert(!wc_video_frame_is_closed(found));
	wc_video_frame_close(found);
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, handle));
	wc_video_frame_unref(found);
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, handle));
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, 0));
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, UINT64_MAX));
}
END_TEST

START_TEST(a_handle_is_not_inherited)
{
	struct wc_video_frame *first = app_frame(&app, 0, 0, false), *second;
	uint64_t handle = wc_video_frame_get_handle(first);
	struct wc_context *other;

	wc_video_frame_unref(first);
	second = app_frame(&app, 1, 0, false);
	ck_assert_ptr_eq(second, first);
	ck_assert_uint_ne(wc_video_frame_get_handle(second), handle);
	ck_assert_ptr_null(wc_context_find_video_frame(app.context, handle));
	/* Nor does it mean anything to another context. */
	ck_assert_int_eq(wc_context_new(NULL, &other), WC_OK);
	ck_assert_ptr_null(wc_context_find_video_frame(other,
						       wc_video_frame_get_handle(second)));
	wc_context_unref(other);
	drop(second);
}
END_TEST

/* ---- threads ---- */

#define THREADS 8
#define TURNS 3000

static _Atomic uint64_t published[THREADS];
static atomic_uint found_alive;

static void look_up(unsigned i)
{
	struct wc_video_frame *found = wc_context_find_video_frame(app.context, published[i]);

	if (!found)
		return;
	found_alive++;
	if (wc_video_frame_get_timestamp(found) != 7)
		abort();
	wc_video_frame_unref(found);
}

static void *churn(void *arg)
{
	struct wc_video_frame *original = arg;
	static atomic_uint next;
	unsigned self = next++ % THREADS;

	for (unsigned i = 0; i < TURNS; i++) {
		struct wc_video_frame *clone;

		if (wc_video_frame_clone(original, &clone) < 0)
			abort();
		published[self] = wc_video_frame_get_handle(clone);
		look_up((self + i) % THREADS);
		if (i % 3)
			wc_video_frame_close(clone);
		if (i % 7)
			wc_video_frame_unref(clone);
		else
			wc_video_frame_finalize(clone);
		look_up((self + i + 1) % THREADS);
		/* Rarely: LeakSanitizer stops all threads for it. */
		if (i % 1024 == 0)
			wc_leak_check(app.context, NULL);
	}
	return NULL;
}

static atomic_llong external;
static atomic_uint negative;

static void on_external(int64_t change, void *user_data)
{
	(void)user_data;
	external += change;
	if (external < 0)
		negative++;
}

START_TEST(threads_clone_close_and_look_up)
{
	struct wc_census_options options = { .sample_every = 16, .warn_unclosed = true,
					     .open_limit = 1000 };
	struct wc_video_frame *frame = app_frame(&app, 7, 0, false);
	pthread_t threads[THREADS];

	wc_context_set_external_memory_hook(app.context, on_external, NULL);
	ck_assert_int_eq(wc_context_set_census(app.context, &options), WC_OK);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, frame), 0);
	for (int i = 0; i < 50; i++) {
		struct wc_census *census = take(NULL);

		ck_assert_uint_ge(wc_census_get_count(census), 1);
		wc_census_destroy(census);
		ck_assert_int_ge(wc_context_dispatch(app.context, 1), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_gt(found_alive, 0);
	ck_assert_uint_eq(read_counters().video_frames, 1);
	ck_assert_int_eq(external, 0);
	ck_assert_uint_eq(negative, 0);
	drop(frame);
}
END_TEST

#endif

/* ---- finalizers and hooks ---- */

static void *collect(void *arg)
{
	wc_video_frame_finalize(arg);
	return NULL;
}

START_TEST(a_finalizer_closes_in_any_thread)
{
	struct wc_video_frame *frame = app_frame(&app, 0, 0, false);
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, collect, frame), 0);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(read_counters().finalizer_closed, 1);
	ck_assert_uint_eq(read_counters().video_frames, 0);
#ifndef WITHOUT_CENSUS
	ck_assert_int_eq(lines, 1);
	ck_assert(said("VideoFrame #1 \"YU12 64x48\" was closed by a garbage collector"));
#endif
	/* The application closed this one. */
	frame = app_frame(&app, 0, 0, false);
	wc_video_frame_close(frame);
	wc_video_frame_finalize(frame);
	wc_video_frame_finalize(NULL);
	ck_assert_uint_eq(read_counters().finalizer_closed, 1);
}
END_TEST

START_TEST(chunks_let_their_bytes_go_when_they_are_closed)
{
	struct wc_encoded_video_chunk *chunk = app_key_chunk(&app, 42), *other;
	uint64_t before = read_counters().buffers;

	other = wc_encoded_video_chunk_ref(chunk);
	ck_assert_uint_gt(wc_encoded_video_chunk_get_size(chunk), 0);
	wc_encoded_video_chunk_close(chunk);
	ck_assert_uint_eq(read_counters().buffers, before - 1);
	ck_assert_uint_eq(read_counters().buffer_bytes, 0);
	ck_assert_uint_eq(read_counters().video_chunks, 1);
	ck_assert_uint_eq(wc_encoded_video_chunk_get_size(other), 0);
	ck_assert_ptr_null(wc_encoded_video_chunk_get_data(other));
	ck_assert_ptr_null(wc_encoded_video_chunk_get_writable(other, NULL));
	ck_assert_int_eq(wc_encoded_video_chunk_set_size(other, 0), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_encoded_video_chunk_get_timestamp(other), 42);
	wc_encoded_video_chunk_close(other);
	wc_encoded_video_chunk_close(NULL);
#ifndef WITHOUT_CENSUS
	ck_assert_uint_eq(wc_leak_check(app.context, NULL), 2);
	ck_assert(said("is closed and still referred to"));
#endif
	wc_encoded_video_chunk_unref(chunk);
	wc_encoded_video_chunk_unref(other);
}
END_TEST

static void *collect_chunk(void *arg)
{
	wc_encoded_video_chunk_finalize(arg);
	return NULL;
}

START_TEST(a_finalizer_ends_a_chunk_in_any_thread)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, collect_chunk, app_key_chunk(&app, 0)), 0);
	pthread_join(thread, NULL);
	wc_encoded_video_chunk_finalize(NULL);
	ck_assert_uint_eq(read_counters().video_chunks, 0);
	ck_assert_uint_eq(read_counters().buffer_bytes, 0);
	/* Its usual end. */
	ck_assert_uint_eq(read_counters().finalizer_closed, 0);
	ck_assert_int_eq(lines, 0);
}
END_TEST

struct told {
	int64_t sum;
	int calls;
};

static void on_memory(int64_t change, void *user_data)
{
	struct told *told = user_data;

	told->sum += change;
	told->calls++;
}

START_TEST(bytes_are_told_once_in_each_direction)
{
	struct wc_video_frame *early = app_frame(&app, 0, 0, false), *frame, *clone;
	struct wc_encoded_video_chunk *chunk;
	struct told told = { 0 };

	wc_context_set_external_memory_hook(app.context, on_memory, &told);
	frame = app_frame(&app, 0, 0, false);
	ck_assert_int_eq(told.sum, SIZE);
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	wc_video_frame_close(frame);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	ck_assert_int_eq(told.calls, 1);
	ck_assert_uint_eq(read_counters().external_bytes, SIZE);
	/* Nobody closes. */
	wc_video_frame_unref(clone);
	ck_assert_int_eq(told.calls, 2);
	ck_assert_int_eq(told.sum, 0);
	/* Made before the hook, and its clone afterwards. */
	ck_assert_int_eq(wc_video_frame_clone(early, &clone), WC_OK);
	ck_assert_int_eq(told.sum, SIZE);
	drop(early);
	ck_assert_int_eq(told.sum, SIZE);
	drop(clone);
	ck_assert_int_eq(told.sum, 0);
	ck_assert_int_eq(told.calls, 4);
	drop(app_frame(&app, 0, 0, false));
	ck_assert_int_eq(told.calls, 6);

	chunk = app_key_chunk(&app, 0);
	ck_assert_int_eq(told.sum, (int64_t)wc_encoded_video_chunk_get_size(chunk));
	wc_encoded_video_chunk_unref(chunk);
	ck_assert_int_eq(told.sum, 0);
	ck_assert_int_eq(told.calls, 8);

	chunk = app_key_chunk(&app, 0);
	wc_encoded_video_chunk_close(chunk);
	ck_assert_int_eq(told.sum, 0);
	wc_encoded_video_chunk_unref(chunk);
	ck_assert_int_eq(told.calls, 10);
}
END_TEST

START_TEST(codecs_hold_bytes_that_nobody_is_told_of)
{
	struct told told = { 0 };

	wc_context_set_external_memory_hook(app.context, on_memory, &told);
	app.script.allowed = 0;
	app_configure(&app);
	ck_assert_int_eq(app_encode(&app, 0), WC_OK);
	ck_assert_int_eq(told.sum, 0);
	app_run(&app);
	ck_assert_int_eq(told.sum, 0);
	ck_assert_int_eq(told.calls, 2);
	app.keep = true;
	script_allow(&app.script, -1);
	app_run(&app);
	/* The chunk that came out. */
	ck_assert_ptr_nonnull(app.chunk);
	ck_assert_int_gt(told.sum, 0);
	wc_encoded_video_chunk_unref(app.chunk);
	app.chunk = NULL;
	ck_assert_int_eq(told.sum, 0);
}
END_TEST

START_TEST(a_hook_that_goes_takes_nothing_along)
{
	struct wc_video_frame *frame;
	struct told first = { 0 }, second = { 0 };

	wc_context_set_external_memory_hook(app.context, on_memory, &first);
	frame = app_frame(&app, 0, 0, false);
	wc_context_set_external_memory_hook(app.context, on_memory, &second);
	ck_assert_int_eq(first.sum, 0);
	ck_assert_int_eq(second.sum, SIZE);
	wc_context_set_external_memory_hook(app.context, NULL, NULL);
	ck_assert_int_eq(second.sum, 0);
	drop(frame);
	ck_assert_int_eq(first.calls + second.calls, 4);
	ck_assert_uint_eq(read_counters().external_bytes, 0);
}
END_TEST

START_TEST(memory_is_wrapped_once_at_a_time)
{
	struct wc_video_frame *frame, *second, *clone;

	released = 0;
	ck_assert_int_eq(wrap(memory, &frame), WC_OK);
	ck_assert_int_eq(wrap(memory, &second), WC_INVALID_STATE_ERROR);
	ck_assert_ptr_null(second);
	ck_assert(strstr(wc_context_get_error(app.context)->message, "wrapped already"));
	ck_assert_int_eq(released, 0);
	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	drop(frame);
	/* The clone still has it. */
	ck_assert_int_eq(wrap(memory, &second), WC_INVALID_STATE_ERROR);
	drop(clone);
	ck_assert_int_eq(released, 1);
	ck_assert_int_eq(wrap(memory, &second), WC_OK);
	drop(second);
	ck_assert_int_eq(released, 2);
}
END_TEST

/* ---- closed frames, scopes ---- */

START_TEST(a_closed_frame_cannot_be_acquired)
{
	struct wc_video_frame_override override = { .has_timestamp = true };
	struct wc_video_frame *frame = app_frame(&app, 0, 0, false), *other;

	app_configure(&app);
	wc_video_frame_close(frame);
	wc_video_frame_close(frame);
	ck_assert_int_eq(wc_video_frame_clone(frame, &other), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_frame_new_from(frame, &override, &other),
			 WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_TYPE_ERROR);
	wc_video_frame_unref(frame);
}
END_TEST

#ifdef WC_AUTO
static struct wc_video_frame *kept;

static int use_scopes(bool keep)
{
	struct wc_video_converter_init converter_init = { ignore_frame, ignore_error };
	struct wc_camera_init camera_init = {
		.frame = ignore_frame, .error = ignore_error, .device = "/dev/no-camera",
	};
	WC_AUTO(video_frame) frame = NULL;
	WC_AUTO(video_frame) unused = NULL;
	WC_AUTO(encoded_video_chunk) chunk = app_key_chunk(&app, 0);
	WC_AUTO(usage_list) usage = NULL;
	WC_AUTO(frame_cache) cache = NULL;
	WC_AUTO(camera_list) cameras = NULL;
	WC_AUTO(camera) camera = NULL;
	WC_AUTO(video_converter) converter = NULL;

	ck_assert_int_eq(wc_video_converter_new(app.context, &converter_init, &converter), WC_OK);
	ck_assert_int_eq(wc_camera_list_new(app.context, &cameras), WC_OK);
	ck_assert_int_eq(wc_camera_new(app.context, &camera_init, &camera), WC_OPERATION_ERROR);
	ck_assert_int_eq(wc_usage_list_new(app.context, &usage), WC_OK);
	ck_assert_int_eq(wc_frame_cache_new(app.context, NULL, &cache), WC_OK);
	ck_assert_ptr_null(unused);
	ck_assert_ptr_nonnull(chunk);
	if (wrap(memory, &frame) < 0)
		return -1;
	ck_assert_int_eq(wc_frame_cache_put(cache, 0, frame), WC_OK);
	if (keep)
		kept = WC_TAKE(frame);
	return 0;
}

START_TEST(references_end_with_their_scope)
{
	struct wc_census_options options = { .warn_unclosed = true };

	wc_context_set_census(app.context, &options);
	released = 0;
	ck_assert_int_eq(use_scopes(false), 0);
	ck_assert_int_eq(released, 1);
	ck_assert_int_eq(use_scopes(true), 0);
	ck_assert_int_eq(released, 1);
	ck_assert(!wc_video_frame_is_closed(kept));
	drop(kept);
	ck_assert_int_eq(released, 2);
	ck_assert_uint_eq(read_counters().video_chunks, 0);
	ck_assert_uint_eq(read_counters().video_converters, 0);
	/* They are closed, too. */
	ck_assert_int_eq(lines, 0);
}
END_TEST
#endif

static Suite *suite(void)
{
	Suite *s = suite_create("census");
	TCase *tc = tcase_create("census");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
#ifdef WITHOUT_CENSUS
	tcase_add_test(tc, without_a_census_there_is_none);
#else
	tcase_add_test(tc, each_object_is_listed);
	tcase_add_test(tc, a_mark_parts_before_and_after);
	tcase_add_test(tc, what_a_codec_keeps_is_internal);
	tcase_add_test(tc, a_queued_chunk_is_internal_once_it_is_released);
	tcase_add_test(tc, the_worst_site_comes_first);
	tcase_add_test(tc, one_of_so_many_is_sampled);
	tcase_add_test(tc, options_are_checked);
	tcase_add_test(tc, what_is_dropped_unclosed_is_told);
	tcase_add_test(tc, a_codec_may_drop_what_it_likes);
	tcase_add_test(tc, what_is_open_too_long_is_told_once);
	tcase_add_test(tc, a_codec_that_is_not_used_is_told_once);
	tcase_add_test(tc, a_leak_check_tells_what_is_left);
	tcase_add_test(tc, a_leak_check_knows_converters);
	tcase_add_test(tc, a_handle_finds_an_open_frame);
	tcase_add_test(tc, a_handle_is_not_inherited);
	tcase_add_test(tc, threads_clone_close_and_look_up);
#endif
	tcase_add_test(tc, a_finalizer_closes_in_any_thread);
	tcase_add_test(tc, chunks_let_their_bytes_go_when_they_are_closed);
	tcase_add_test(tc, a_finalizer_ends_a_chunk_in_any_thread);
	tcase_add_test(tc, bytes_are_told_once_in_each_direction);
	tcase_add_test(tc, codecs_hold_bytes_that_nobody_is_told_of);
	tcase_add_test(tc, a_hook_that_goes_takes_nothing_along);
	tcase_add_test(tc, memory_is_wrapped_once_at_a_time);
	tcase_add_test(tc, a_closed_frame_cannot_be_acquired);
#ifdef WC_AUTO
	tcase_add_test(tc, references_end_with_their_scope);
#endif
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return app_main(suite());
}
