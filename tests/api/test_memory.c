/* SPDX-License-Identifier: MIT */
/*
 * The memory of frames at the interface: arguments, errors and their details, frames in plain
 * memory. Devices are met in tests/frame/ and in the lab.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "app.h"

static struct wc_context *context;

static void set_up(void)
{
	ck_assert_int_eq(wc_context_new(NULL, &context), WC_OK);
}

static void tear_down(void)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	ck_assert_uint_eq(counters.video_frames, 0);
	wc_context_unref(context);
}

static int set_memory(enum wc_memory_kind kind, const char *name)
{
	struct wc_memory_options options = { .kind = kind, .name = name };

	return wc_context_set_memory(context, &options);
}

static const struct wc_video_frame_init init = {
	.fourcc = DRM_FORMAT_YUV420, .coded_width = 33, .coded_height = 17, .timestamp = 5,
};

START_TEST(test_frame)
{
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	struct wc_counters counters;

	ck_assert_int_eq(wc_video_frame_alloc(context, &init, WC_MEMORY_FOR_CPU, &frame), WC_OK);
	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_I420);
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), 5);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned row = 0; row < mapping.planes[i].rows; row++)
			memset(mapping.planes[i].data + row * mapping.planes[i].stride, 9,
			       mapping.planes[i].row_bytes);
	wc_video_frame_unmap(frame);
	wc_context_get_counters(context, &counters);
	ck_assert_uint_ge(counters.bytes_by_kind[WC_MEMORY_PLAIN], 33 * 17 * 3 / 2);
	ck_assert_uint_eq(counters.video_frames, 1);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(test_arguments)
{
	struct wc_video_frame *frame;
	struct wc_memory_choice choice;
	struct wc_memory_options options = { .kind = WC_MEMORY_PLAIN, .reserved = { 1 } };

	ck_assert_int_eq(wc_video_frame_alloc(context, &init, 0, &frame), WC_TYPE_ERROR);
	ck_assert_ptr_null(frame);
	ck_assert_str_eq(wc_context_get_error(context)->message,
			 "use 0x0 is no set of uses of memory");
	ck_assert_int_eq(wc_video_frame_alloc(context, &init, 8, &frame), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_alloc(context, NULL, 1, &frame), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_alloc(context, &init, 1, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_get_memory_choice(context, 0, &choice), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_get_memory_choice(context, 1, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_context_set_memory(context, &options), WC_TYPE_ERROR);
	ck_assert_str_eq(wc_context_get_error(context)->message,
			 "a reserved field of the options is not zero");
}
END_TEST

/* A kind that the budgets do not let be tried may work all the same. */
START_TEST(test_quota)
{
	const struct wc_error *error = wc_context_get_error(context);
	struct wc_memory_choice choice;

	ck_assert_int_eq(wc_context_set_memory_budget(context, WC_MEMORY_ALL_KINDS, 1), WC_OK);
	ck_assert_int_eq(wc_context_get_memory_choice(context, WC_MEMORY_FOR_CPU, &choice),
			 WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(error->name, WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_ptr_nonnull(strstr(error->message, "plain"));
	ck_assert_int_eq(set_memory(WC_MEMORY_PLAIN, NULL), WC_QUOTA_EXCEEDED_ERROR);
	ck_assert_int_eq(wc_context_set_memory_budget(context, WC_MEMORY_ALL_KINDS, 0), WC_OK);
	ck_assert_int_eq(wc_context_get_memory_choice(context, WC_MEMORY_FOR_CPU, &choice), WC_OK);
}
END_TEST

START_TEST(test_set_memory)
{
	const struct wc_error *error = wc_context_get_error(context);
	struct wc_memory_choice choice;

	ck_assert_int_eq(set_memory(WC_MEMORY_PLAIN, NULL), WC_OK);
	ck_assert_int_eq(wc_context_get_memory_choice(context, WC_MEMORY_FOR_CODEC, &choice),
			 WC_OK);
	ck_assert_int_eq(choice.kind, WC_MEMORY_PLAIN);
	ck_assert_str_eq(choice.reason, "plain for codec, as the application said");
	ck_assert_int_eq(set_memory(WC_MEMORY_HEAP, "no-such-heap"), WC_OPERATION_ERROR);
	ck_assert_str_eq(error->device, "no-such-heap");
	ck_assert_int_eq(error->sys_errno, ENOENT);
	ck_assert_int_eq(error->stage, WC_STAGE_OPEN);
	ck_assert_int_eq(set_memory(WC_MEMORY_IMPORTED, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(set_memory(WC_MEMORY_UDMABUF, "name"), WC_TYPE_ERROR);
	ck_assert_str_eq(error->message,
			 "memory of the kind udmabuf and with this name cannot be chosen");
	ck_assert_int_eq(wc_context_get_memory_choice(context, WC_MEMORY_FOR_CODEC, &choice),
			 WC_OK);
	ck_assert_int_eq(choice.kind, WC_MEMORY_PLAIN);
	ck_assert_int_eq(wc_context_set_memory(context, NULL), WC_OK);
	ck_assert_int_eq(wc_context_get_memory_choice(context, WC_MEMORY_FOR_CPU, &choice), WC_OK);
	ck_assert_str_eq(choice.reason, "plain for CPU");
}
END_TEST

/* Not a word is left in the error of the context by another thread. */
static void *fail_elsewhere(void *arg)
{
	struct wc_video_frame *frame;

	ck_assert_int_eq(wc_video_frame_alloc(context, &init, 0, &frame), WC_TYPE_ERROR);
	ck_assert_int_eq(set_memory(WC_MEMORY_IMPORTED, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_alloc(context, &init, WC_MEMORY_FOR_CPU, &frame), WC_OK);
	wc_video_frame_unref(frame);
	return arg;
}

START_TEST(test_threads)
{
	pthread_t thread;

	wc_context_dispatch(context, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(wc_context_get_error(context)->name, WC_OK);
}
END_TEST

START_TEST(test_outlives)
{
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;
	struct wc_context *own;

	ck_assert_int_eq(wc_context_new(NULL, &own), WC_OK);
	ck_assert_int_eq(wc_video_frame_alloc(own, &init, WC_MEMORY_FOR_CPU, &frame), WC_OK);
	wc_context_unref(own);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	mapping.planes[0].data[0] = 1;
	wc_video_frame_unmap(frame);
	wc_video_frame_unref(frame);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, test_frame);
	tcase_add_test(tests, test_arguments);
	tcase_add_test(tests, test_quota);
	tcase_add_test(tests, test_set_memory);
	tcase_add_test(tests, test_threads);
	tcase_add_test(tests, test_outlives);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return app_main(make_suite());
}
