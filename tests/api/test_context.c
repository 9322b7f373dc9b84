/* SPDX-License-Identifier: MIT */
/* The context, the names of things, errors as text, and the constructors that need a context. */
#include <check.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "app.h"

static const char *const no_devices[] = { NULL };

static struct wc_context *new_context(void)
{
	struct wc_context_options options = { .device_paths = no_devices };
	struct wc_context *context;

	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	return context;
}

START_TEST(options_are_checked)
{
	struct wc_context_options options = { .reserved[5] = 1 };
	struct wc_context *context = (struct wc_context *)&options;

	ck_assert_int_eq(wc_context_new(&options, &context), WC_TYPE_ERROR);
	ck_assert_ptr_null(context);
	options = (struct wc_context_options) { .log_level = (enum wc_log_level)5 };
	ck_assert_int_eq(wc_context_new(&options, &context), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_new(NULL, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_new(NULL, &context), WC_OK);
	wc_context_unref(context);
}
END_TEST

START_TEST(new_context_is_empty)
{
	static const struct wc_counters zero;
	int value;
	struct wc_context_options options = { .user_data = &value };
	struct wc_counters counters;
	struct wc_context *context;

	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	ck_assert_ptr_eq(wc_context_get_user_data(context), &value);
	wc_context_set_user_data(context, NULL);
	ck_assert_ptr_null(wc_context_get_user_data(context));
	wc_context_get_counters(context, &counters);
	ck_assert_mem_eq(&counters, &zero, sizeof zero);
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_OK);
	ck_assert_int_eq(fcntl(wc_context_get_fd(context), F_GETFD), FD_CLOEXEC);
	ck_assert_ptr_eq(wc_context_ref(context), context);
	wc_context_unref(context);
	ck_assert_int_eq(wc_context_dispatch(context, 0), 0);
	wc_context_unref(context);
}
END_TEST

static int lines;

static void on_log(enum wc_log_level level, const char *file, int line, const char *message,
		   void *user_data)
{
	ck_assert_int_ge(level, WC_LOG_ERROR);
	ck_assert_int_le(level, WC_LOG_DEBUG);
	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(line, 0);
	ck_assert_ptr_null(strchr(message, '\n'));
	ck_assert_ptr_eq(user_data, &lines);
	lines++;
}

START_TEST(log_gets_what_it_asks_for)
{
	struct wc_context_options options = {
		.device_paths = no_devices, .log_handler = on_log, .log_user_data = &lines,
		.log_level = WC_LOG_DEBUG,
	};
	struct wc_video_decoder *decoder;
	struct wc_context *context;

	lines = 0;
	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	ck_assert_int_eq(wc_video_decoder_new(context, NULL, &decoder), WC_TYPE_ERROR);
	ck_assert_int_gt(lines, 0);
	lines = 0;
	/* Refused calls are for those who look for every step. */
	wc_context_set_log_handler(context, on_log, WC_LOG_INFO, &lines);
	ck_assert_int_eq(wc_video_decoder_new(context, NULL, &decoder), WC_TYPE_ERROR);
	wc_context_set_log_handler(context, NULL, WC_LOG_DEBUG, NULL);
	ck_assert_int_eq(wc_video_decoder_new(context, NULL, &decoder), WC_TYPE_ERROR);
	ck_assert_int_eq(lines, 0);
	wc_context_unref(context);
}
END_TEST

START_TEST(device_list_of_no_devices)
{
	struct wc_context *context = new_context();
	struct wc_device_list *list;

	ck_assert_int_eq(wc_device_list_new(context, &list), WC_OK);
	ck_assert_uint_eq(wc_device_list_get_count(list), 0);
	ck_assert_ptr_null(wc_device_list_get(list, 0));
	wc_device_list_destroy(list);
	ck_assert_int_eq(wc_device_list_new(context, NULL), WC_TYPE_ERROR);
	wc_context_unref(context);
}
END_TEST

START_TEST(device_list_leaves_out_what_is_no_codec)
{
	static const char *const paths[] = { "/dev/null", "/nonexistent", NULL };
	struct wc_context_options options = { .device_paths = paths };
	struct wc_device_list *list;
	struct wc_context *context;

	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	ck_assert_int_eq(wc_device_list_new(context, &list), WC_OK);
	ck_assert_uint_eq(wc_device_list_get_count(list), 0);
	wc_device_list_destroy(list);
	wc_context_unref(context);
}
END_TEST

static void on_device(enum wc_device_event event, const char *path, void *user_data)
{
	(void)event;
	(void)path;
	(void)user_data;
}

START_TEST(fixed_devices_cannot_be_watched)
{
	struct wc_context *context = new_context();

	ck_assert_int_eq(wc_context_watch_devices(context, on_device, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_NOT_SUPPORTED_ERROR);
	wc_context_unref(context);
}
END_TEST

START_TEST(watch_begins_and_ends)
{
	struct wc_context *context;
	int ret;

	ck_assert_int_eq(wc_context_new(NULL, &context), WC_OK);
	ret = wc_context_watch_devices(context, on_device, NULL);
	/* A sandbox may have no netlink; then there is an error to read. */
	ck_assert_int_eq(wc_context_get_error(context)->name, ret);
	ck_assert(ret == WC_OK || ret == WC_OPERATION_ERROR);
	ck_assert_int_eq(wc_context_watch_devices(context, NULL, NULL), WC_OK);
	if (ret == WC_OK)
		ck_assert_int_eq(wc_context_watch_devices(context, on_device, NULL), WC_OK);
	ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	/* A watch that runs goes with its context. */
	wc_context_unref(context);
}
END_TEST

/* Names */

START_TEST(names)
{
	ck_assert_str_eq(wc_status_name(WC_OK), "OK");
	ck_assert_str_eq(wc_status_name(WC_TYPE_ERROR), "TypeError");
	ck_assert_str_eq(wc_status_name((enum wc_status)-2), "UnknownError");
	ck_assert_str_eq(wc_status_name(WC_INVALID_STATE_ERROR), "InvalidStateError");
	ck_assert_str_eq(wc_status_name(WC_NOT_SUPPORTED_ERROR), "NotSupportedError");
	ck_assert_str_eq(wc_status_name(WC_DATA_ERROR), "DataError");
	ck_assert_str_eq(wc_status_name(WC_ENCODING_ERROR), "EncodingError");
	ck_assert_str_eq(wc_status_name(WC_ABORT_ERROR), "AbortError");
	ck_assert_str_eq(wc_status_name(WC_QUOTA_EXCEEDED_ERROR), "QuotaExceededError");
	ck_assert_str_eq(wc_status_name(WC_OPERATION_ERROR), "OperationError");
	ck_assert_str_eq(wc_status_name((enum wc_status)-10), "UnknownError");
	ck_assert_str_eq(wc_status_name((enum wc_status)1), "UnknownError");
	ck_assert_str_eq(wc_stage_name(WC_STAGE_STREAM_ON), "stream on");
	ck_assert_str_eq(wc_stage_name((enum wc_stage)6), "unknown");
	ck_assert_str_eq(wc_memory_kind_name(WC_MEMORY_DRIVER), "driver");
	ck_assert_str_eq(wc_memory_kind_name((enum wc_memory_kind)WC_MEMORY_KINDS), "unknown");
	ck_assert_str_eq(wc_session_kind_name(WC_SESSION_STATEFUL), "stateful");
	ck_assert_str_eq(wc_session_kind_name((enum wc_session_kind)-1), "unknown");
	ck_assert_str_eq(wc_device_role_name(WC_DEVICE_ROLE_STATELESS_DECODER),
			 "stateless-decoder");
	ck_assert_str_eq(wc_device_role_name((enum wc_device_role)0), "unknown");
	ck_assert_str_eq(wc_device_role_name((enum wc_device_role)6), "unknown");
	ck_assert_str_eq(wc_version(), WC_VERSION_STRING);
}
END_TEST

/* Errors as text */

static const struct {
	struct wc_error error;
	const char *line;
} errors[] = {
	{ { .name = WC_ABORT_ERROR }, "AbortError" },
	{ { .name = WC_TYPE_ERROR, .message = "no" }, "TypeError: no" },
	{ { .name = WC_OPERATION_ERROR, .message = "no", .device = "/dev/video0" },
	  "OperationError: no (device /dev/video0)" },
	{ { .name = WC_OPERATION_ERROR, .message = "no", .device = "/dev/video0",
	    .stage = WC_STAGE_STREAM_ON, .sys_errno = ENOMEM },
	  "OperationError: no (device /dev/video0, stage stream on, Cannot allocate memory)" },
	{ { .name = WC_OPERATION_ERROR, .sys_errno = EBUSY },
	  "OperationError (Device or resource busy)" },
	{ { .name = WC_QUOTA_EXCEEDED_ERROR, .message = "full", .device = "/dev/video0",
	    .stage = WC_STAGE_OPEN, .quota = 2, .requested = 3, .holder_count = 2,
	    .holders = { { .pid = 12, .role = "decoder", .codec = "h264", .width = 640,
			   .height = 480, .label = "door" },
			 { .pid = 13, .role = "encoder", .codec = "hevc" } } },
	  "QuotaExceededError: full (device /dev/video0, stage open; 2 of 2 in use: "
	  "pid 12 decoder h264 640x480 \"door\", pid 13 encoder hevc)" },
	{ { .name = WC_QUOTA_EXCEEDED_ERROR, .holder_count = 1,
	    .holders = { { .pid = 1, .role = "decoder", .codec = "vp8" } } },
	  "QuotaExceededError (1 in use: pid 1 decoder vp8)" },
};

START_TEST(error_is_one_line)
{
	size_t length = strlen(errors[_i].line);
	char buffer[512];

	ck_assert_uint_eq(wc_error_format(&errors[_i].error, buffer, sizeof buffer), length);
	ck_assert_str_eq(buffer, errors[_i].line);
	ck_assert_uint_eq(wc_error_format(&errors[_i].error, NULL, 0), length);
	/* Cut at any place. */
	for (size_t size = 1; size <= length + 1; size++) {
		memset(buffer, 'x', sizeof buffer);
		ck_assert_uint_eq(wc_error_format(&errors[_i].error, buffer, size), length);
		ck_assert_uint_eq(strlen(buffer), size - 1);
		ck_assert_int_eq(strncmp(buffer, errors[_i].line, size - 1), 0);
		ck_assert_int_eq(buffer[size], 'x');
	}
}
END_TEST

START_TEST(traits_and_quotas_are_checked)
{
	struct wc_reclaim_traits traits = { .priority = 3, .reserved[3] = 1 };
	static const char *const none[] = { NULL };
	struct wc_context_options options = { .device_paths = none, .slot_directory = "" };
	struct wc_context *context;

	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	ck_assert_int_eq(wc_context_set_reclaim_traits(context, &traits), WC_TYPE_ERROR);
	traits.reserved[3] = 0;
	ck_assert_int_eq(wc_context_set_reclaim_traits(context, &traits), WC_OK);
	ck_assert_int_eq(wc_context_set_reclaim_traits(context, NULL), WC_OK);
	ck_assert_int_eq(wc_context_set_quota(context, "/dev/video0", WC_MAX_CONTEXTS + 1),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_set_quota(context, NULL, 1), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_set_rate_quota(context, NULL, 1), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_set_rate_quota(context, "/dev/video0", 244800),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_context_set_quota(context, "/dev/video0", 1), WC_NOT_SUPPORTED_ERROR);
	wc_context_unref(context);

	options.inactivity = -1;
	ck_assert_int_eq(wc_context_new(&options, &context), WC_TYPE_ERROR);
}
END_TEST

START_TEST(error_lists_as_many_holders_as_there_is_room_for)
{
	struct wc_error error = { .name = WC_QUOTA_EXCEEDED_ERROR, .holder_count = 100 };
	char buffer[1024];

	wc_error_format(&error, buffer, sizeof buffer);
	ck_assert_ptr_nonnull(strstr(buffer, "100 in use"));
}
END_TEST

/* Chunks */

START_TEST(chunk_copies_data)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_DELTA, .timestamp = -3 };
	struct wc_context *context = new_context();
	struct wc_encoded_video_chunk *chunk;
	struct wc_counters counters;
	uint8_t data[] = { 1, 2, 3 };
	uint64_t duration = 42;

	ck_assert_int_eq(wc_encoded_video_chunk_new(context, data, 3, &init, &chunk), WC_OK);
	memset(data, 0, sizeof data);
	ck_assert_int_eq(wc_encoded_video_chunk_get_type(chunk), WC_CHUNK_DELTA);
	ck_assert_int_eq(wc_encoded_video_chunk_get_timestamp(chunk), -3);
	ck_assert(!wc_encoded_video_chunk_get_duration(chunk, &duration));
	ck_assert_uint_eq(duration, 42);
	ck_assert_uint_eq(wc_encoded_video_chunk_get_size(chunk), 3);
	ck_assert_mem_eq(wc_encoded_video_chunk_get_data(chunk), "\1\2\3", 3);
	ck_assert_ptr_null(wc_encoded_video_chunk_get_writable(chunk, NULL));
	ck_assert_int_eq(wc_encoded_video_chunk_set_size(chunk, 1), WC_INVALID_STATE_ERROR);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.video_chunks, 1);
	ck_assert_uint_eq(counters.buffer_bytes, 3);
	ck_assert_uint_eq(counters.bytes_by_kind[WC_MEMORY_PLAIN], 3);
	ck_assert_uint_eq(counters.bytes_copied, 3);
	/* It may outlive the context. */
	wc_context_unref(context);
	ck_assert_ptr_eq(wc_encoded_video_chunk_ref(chunk), chunk);
	wc_encoded_video_chunk_unref(chunk);
	ck_assert_mem_eq(wc_encoded_video_chunk_get_data(chunk), "\1\2\3", 3);
	wc_encoded_video_chunk_unref(chunk);
}
END_TEST

START_TEST(chunk_may_be_empty)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_context *context = new_context();
	struct wc_encoded_video_chunk *chunk;

	ck_assert_int_eq(wc_encoded_video_chunk_new(context, NULL, 0, &init, &chunk), WC_OK);
	ck_assert_uint_eq(wc_encoded_video_chunk_get_size(chunk), 0);
	ck_assert_ptr_null(wc_encoded_video_chunk_get_data(chunk));
	wc_encoded_video_chunk_unref(chunk);
	wc_context_unref(context);
}
END_TEST

START_TEST(chunk_init_is_checked)
{
	struct wc_encoded_video_chunk_init init = { .type = (enum wc_chunk_type)2 };
	struct wc_context *context = new_context();
	struct wc_encoded_video_chunk *chunk;

	ck_assert_int_eq(wc_encoded_video_chunk_new(context, "x", 1, &init, &chunk),
			 WC_TYPE_ERROR);
	ck_assert_ptr_null(chunk);
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_TYPE_ERROR);
	init = (struct wc_encoded_video_chunk_init) { .reserved[3] = 1 };
	ck_assert_int_eq(wc_encoded_video_chunk_new(context, "x", 1, &init, &chunk),
			 WC_TYPE_ERROR);
	init = (struct wc_encoded_video_chunk_init) { .type = WC_CHUNK_KEY };
	ck_assert_int_eq(wc_encoded_video_chunk_new(context, NULL, 1, &init, &chunk),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(wc_encoded_video_chunk_new(context, "x", 1, NULL, &chunk),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(wc_encoded_video_chunk_new(context, "x", 1, &init, NULL),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(wc_encoded_video_chunk_new(context, "x", SIZE_MAX - 8, &init, &chunk),
			 WC_OPERATION_ERROR);
	wc_context_unref(context);
}
END_TEST

START_TEST(constructors_need_a_place)
{
	struct wc_video_frame_init init = { .fourcc = DRM_FORMAT_ABGR8888, .coded_width = 1,
					    .coded_height = 1 };
	struct wc_context *context = new_context();
	struct wc_video_frame *frame = (struct wc_video_frame *)context;
	uint8_t pixel[4] = { 0 };

	ck_assert_int_eq(wc_video_frame_new(context, pixel, 4, &init, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_new_wrapped(context, pixel, 4, &init, NULL, NULL, NULL),
			 WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_new(context, pixel, 3, &init, &frame), WC_TYPE_ERROR);
	ck_assert_ptr_null(frame);
	ck_assert_ptr_nonnull(strstr(wc_context_get_error(context)->message, "3 bytes"));
	frame = (struct wc_video_frame *)context;
	init.coded_width = 0;
	ck_assert_int_eq(wc_video_frame_new_wrapped(context, pixel, 4, &init, NULL, NULL,
						    &frame), WC_TYPE_ERROR);
	ck_assert_ptr_null(frame);
	ck_assert_ptr_nonnull(strstr(wc_context_get_error(context)->message, "coded width"));
	wc_context_unref(context);
}
END_TEST

/* Other threads */

static void *make_objects(void *data)
{
	static const uint8_t pixels[4 * 4 * 4];
	struct wc_video_frame_init good = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
	};
	struct wc_video_frame_init bad = { .fourcc = DRM_FORMAT_ABGR8888 };
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_context *context = data;

	for (int i = 0; i < 200; i++) {
		struct wc_encoded_video_chunk *chunk;
		struct wc_video_frame *frame;

		ck_assert_int_eq(wc_video_frame_new(context, pixels, sizeof pixels, &good,
						    &frame), WC_OK);
		wc_video_frame_unref(frame);
		ck_assert_int_eq(wc_video_frame_new(context, pixels, sizeof pixels, &bad,
						    &frame), WC_TYPE_ERROR);
		ck_assert_int_eq(wc_encoded_video_chunk_new(context, "abc", 3, &init, &chunk),
				 WC_OK);
		wc_encoded_video_chunk_unref(chunk);
	}
	return NULL;
}

START_TEST(constructors_run_in_any_thread)
{
	struct wc_context *context = new_context();
	struct wc_counters counters;
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_objects, context), 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(wc_context_dispatch(context, 0), 0);
	/* Failures over there are not ours. */
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.video_frames, 0);
	ck_assert_uint_eq(counters.video_chunks, 0);
	ck_assert_uint_eq(counters.buffers, 0);
	ck_assert_uint_eq(counters.bytes_copied, 3 * 200 * (64 + 3));
	wc_context_unref(context);
}
END_TEST

START_TEST(cache_belongs_to_a_context_or_to_none)
{
	static uint8_t grey[4 * 4 * 3 / 2];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = 4, .coded_height = 4, .timestamp = 9,
	};
	struct wc_frame_cache_options options = { .max_frames = WC_FRAME_CACHE_MAX_FRAMES + 1 };
	struct wc_context *context = new_context();
	struct wc_frame_cache *cache = (struct wc_frame_cache *)&options;
	struct wc_video_frame *frame, *cached;
	struct wc_counters counters;

	ck_assert_int_eq(wc_frame_cache_new(context, NULL, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_frame_cache_new(context, &options, &cache), WC_TYPE_ERROR);
	ck_assert_ptr_null(cache);
	/* The details are for the thread of the context, which is known from here on. */
	ck_assert_int_eq(wc_context_dispatch(context, 0), 0);
	ck_assert_int_eq(wc_frame_cache_new(context, &options, &cache), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_TYPE_ERROR);
	ck_assert_int_eq(wc_frame_cache_new(NULL, &options, &cache), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_frame_cache_new(NULL, NULL, &cache), WC_OK);
	wc_frame_cache_destroy(cache);
	wc_frame_cache_destroy(NULL);
	ck_assert_int_eq(wc_frame_cache_new(context, NULL, &cache), WC_OK);
	ck_assert_int_eq(wc_video_frame_new(context, grey, sizeof grey, &init, &frame), WC_OK);
	ck_assert_int_eq(wc_frame_cache_put(cache, 9, frame), WC_OK);
	wc_video_frame_unref(frame);
	/* The cache and its frames outlive the context. */
	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.video_frames, 1);
	wc_context_unref(context);
	cached = wc_frame_cache_get(cache, 9);
	ck_assert_int_eq(wc_video_frame_get_timestamp(cached), 9);
	wc_video_frame_unref(cached);
	wc_frame_cache_destroy(cache);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("context");
	TCase *context = tcase_create("context");
	TCase *text = tcase_create("text");
	TCase *construct = tcase_create("constructors");

	tcase_add_test(context, options_are_checked);
	tcase_add_test(context, new_context_is_empty);
	tcase_add_test(context, log_gets_what_it_asks_for);
	tcase_add_test(context, device_list_of_no_devices);
	tcase_add_test(context, device_list_leaves_out_what_is_no_codec);
	tcase_add_test(context, fixed_devices_cannot_be_watched);
	tcase_add_test(context, watch_begins_and_ends);
	suite_add_tcase(s, context);
	tcase_add_test(text, names);
	tcase_add_loop_test(text, error_is_one_line, 0,
			    (int)(sizeof errors / sizeof *errors));
	tcase_add_test(text, traits_and_quotas_are_checked);
	tcase_add_test(text, error_lists_as_many_holders_as_there_is_room_for);
	suite_add_tcase(s, text);
	tcase_add_test(construct, chunk_copies_data);
	tcase_add_test(construct, chunk_may_be_empty);
	tcase_add_test(construct, chunk_init_is_checked);
	tcase_add_test(construct, constructors_need_a_place);
	tcase_add_test(construct, constructors_run_in_any_thread);
	tcase_add_test(construct, cache_belongs_to_a_context_or_to_none);
	suite_add_tcase(s, construct);
	return s;
}

int main(void)
{
	return app_main(suite());
}
