/* SPDX-License-Identifier: MIT */
/* allocationSize() and copyTo(): W3C WebCodecs section 9.4.6 as the Web Platform Tests read it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "frame/encoded_video_chunk.h"
#include "frame/pixel_format.h"
#include "frame/video_frame.h"
#include "frame/video_frame_init.h"

#define N(array) ((int)(sizeof(array) / sizeof *(array)))
#define SENTINEL 0xa5

static struct core *core;
static uint8_t pixels[4096];
static uint8_t copy[4096];
static struct wc_plane_layout layout[WC_MAX_PLANES];

static void set_up(void)
{
	core = core_new(sizeof(struct wc_video_frame), sizeof(struct wc_encoded_video_chunk));
	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i % 160 + 1);
	memset(copy, SENTINEL, sizeof copy);
	memset(layout, 0xff, sizeof layout);
}

static void tear_down(void)
{
	ck_assert_uint_eq(core->counters.video_frames, 0);
	core_unref(core);
}

static struct wc_video_frame *make(uint32_t fourcc, uint32_t width, uint32_t height,
				   const struct wc_rect *visible)
{
	struct wc_video_frame_init init = { .fourcc = fourcc, .coded_width = width,
					    .coded_height = height };
	struct wc_video_frame *frame = NULL;
	struct wc_error error;

	if (visible)
		init.visible_rect = *visible;
	ck_assert_int_eq(video_frame_from_copy(core, pixels, sizeof pixels, &init, &frame,
					       &error), 0);
	return frame;
}

/* The bytes of a plane that the destination holds: rows of width bytes, the rest untouched. */
static void expect_plane(size_t offset, size_t stride, size_t width, size_t rows,
			 const uint8_t *from, size_t from_stride)
{
	for (size_t row = 0; row < rows; row++)
		ck_assert_mem_eq(copy + offset + row * stride, from + row * from_stride, width);
}

static void expect_untouched(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		ck_assert_msg(copy[i] == SENTINEL, "byte %zu was written", i);
}

START_TEST(odd_sizes_round_chroma_up)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_YUV420, 3, 3, NULL);
	size_t size = 0;

	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, &size), WC_OK);
	ck_assert_uint_eq(size, 9 + 4 + 4);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, layout), WC_OK);
	ck_assert_mem_eq(copy, pixels, size);
	expect_untouched(size, sizeof copy);
	ck_assert(layout[0].offset == 0 && layout[0].stride == 3);
	ck_assert(layout[1].offset == 9 && layout[1].stride == 2);
	ck_assert(layout[2].offset == 13 && layout[2].stride == 2);
	/* Only as many entries as there are planes. */
	ck_assert_uint_eq(layout[3].stride, SIZE_MAX);
	ck_assert_uint_eq(core->counters.bytes_copied, 2 * size);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(visible_rectangle_is_the_default)
{
	struct wc_rect visible = { 2, 4, 3, 3 };
	struct wc_video_frame *frame = make(DRM_FORMAT_NV12, 8, 8, &visible);

	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, 9 + 8, layout), WC_OK);
	expect_plane(0, 3, 3, 3, pixels + 4 * 8 + 2, 8);
	/* Two rows of two samples of two bytes. */
	expect_plane(9, 4, 4, 2, pixels + 64 + 2 * 8 + 2, 8);
	expect_untouched(17, sizeof copy);
	ck_assert_uint_eq(layout[1].offset, 9);
	ck_assert_uint_eq(layout[1].stride, 4);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(rectangle_overrides_the_visible_one)
{
	struct wc_video_frame_copy_options options = { .rect = { 4, 2, 4, 6 } };
	struct wc_rect visible = { 0, 0, 2, 2 };
	struct wc_video_frame *frame = make(DRM_FORMAT_YUV420, 8, 8, &visible);
	size_t size;

	ck_assert_int_eq(wc_video_frame_allocation_size(frame, &options, &size), WC_OK);
	ck_assert_uint_eq(size, 24 + 6 + 6);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, size, NULL), WC_OK);
	expect_plane(0, 4, 4, 6, pixels + 2 * 8 + 4, 8);
	expect_plane(24, 2, 2, 3, pixels + 64 + 1 * 4 + 2, 4);
	expect_plane(30, 2, 2, 3, pixels + 80 + 1 * 4 + 2, 4);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(strides_and_offsets_are_the_destinations)
{
	struct wc_video_frame_copy_options options = {
		.plane_count = 3, .planes = { { 9, 5 }, { 1, 3 }, { 40, 7 } },
	};
	struct wc_video_frame *frame = make(DRM_FORMAT_YUV420, 4, 4, NULL);
	size_t size;

	ck_assert_int_eq(wc_video_frame_allocation_size(frame, &options, &size), WC_OK);
	ck_assert_uint_eq(size, 40 + 14);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, size, layout), WC_OK);
	ck_assert(layout[0].offset == 9 && layout[0].stride == 5);
	ck_assert(layout[2].offset == 40 && layout[2].stride == 7);
	expect_untouched(0, 1);
	expect_plane(1, 3, 2, 2, pixels + 16, 2);
	expect_untouched(3, 4);
	expect_untouched(6, 9);
	expect_plane(9, 5, 4, 4, pixels, 4);
	for (size_t row = 0; row < 4; row++)
		expect_untouched(9 + row * 5 + 4, 9 + row * 5 + 5);
	expect_untouched(29, 40);
	expect_plane(40, 7, 2, 2, pixels + 20, 2);
	expect_untouched(49, sizeof copy);
	wc_video_frame_unref(frame);
}
END_TEST

static const struct {
	struct wc_video_frame_copy_options options;
	enum wc_status status;
} refused[] = {
	{ { .rect = { 0, 0, 9, 8 } }, WC_TYPE_ERROR },
	{ { .rect = { 0, 0, 8, 9 } }, WC_TYPE_ERROR },
	{ { .rect = { 2, 0, UINT32_MAX - 1, 8 } }, WC_TYPE_ERROR },
	{ { .rect = { 0, 0, 0, 8 } }, WC_TYPE_ERROR },
	{ { .rect = { 0, 0, 8, 0 } }, WC_TYPE_ERROR },
	{ { .rect = { 2, 2, 0, 0 } }, WC_TYPE_ERROR },
	{ { .rect = { 1, 0, 2, 2 } }, WC_TYPE_ERROR },
	{ { .rect = { 0, 1, 2, 2 } }, WC_TYPE_ERROR },
	{ { .plane_count = 1, .planes = { { 0, 8 } } }, WC_TYPE_ERROR },
	{ { .plane_count = 4, .planes = { { 0, 8 } } }, WC_TYPE_ERROR },
	{ { .plane_count = UINT32_MAX }, WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { 0, 7 }, { 64, 4 }, { 80, 4 } } }, WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { 0, 8 }, { 64, 3 }, { 80, 4 } } }, WC_TYPE_ERROR },
	/* Overlaps, one of them by the padding of the last row only. */
	{ { .plane_count = 3, .planes = { { 0, 8 }, { 63, 4 }, { 80, 4 } } }, WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { 0, 8 }, { 64, 4 }, { 64, 4 } } }, WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { 0, 9 }, { 71, 4 }, { 100, 4 } } }, WC_TYPE_ERROR },
	/* Beyond what 32 bits count. */
	{ { .plane_count = 3, .planes = { { UINT32_MAX, 8 }, { 0, 4 }, { 16, 4 } } },
	  WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { SIZE_MAX, 8 }, { 0, 4 }, { 16, 4 } } },
	  WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { 0, SIZE_MAX }, { 0, 4 }, { 16, 4 } } },
	  WC_TYPE_ERROR },
	{ { .plane_count = 3, .planes = { { 0, 0x20000000 }, { 0, 4 }, { 16, 4 } } },
	  WC_TYPE_ERROR },
	{ { .reserved = { 1 } }, WC_TYPE_ERROR },
	{ { .fourcc = DRM_FORMAT_NV15 }, WC_NOT_SUPPORTED_ERROR },
	{ { .fourcc = 1 }, WC_NOT_SUPPORTED_ERROR },
	/* A layout for RGB has one plane. */
	{ { .fourcc = DRM_FORMAT_ABGR8888, .plane_count = 3,
	    .planes = { { 0, 32 }, { 256, 16 }, { 512, 16 } } }, WC_TYPE_ERROR },
	{ { .fourcc = DRM_FORMAT_ABGR8888, .plane_count = 1, .planes = { { 0, 31 } } },
	  WC_TYPE_ERROR },
};

START_TEST(invalid_options_are_refused)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_YUV420, 8, 8, NULL);
	size_t size = 1;

	ck_assert_int_eq(wc_video_frame_allocation_size(frame, &refused[_i].options, &size),
			 refused[_i].status);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &refused[_i].options, copy, sizeof copy,
						layout), refused[_i].status);
	expect_untouched(0, sizeof copy);
	ck_assert_uint_eq(layout[0].stride, SIZE_MAX);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(destination_is_checked)
{
	struct wc_video_frame *frame = make(DRM_FORMAT_YUV420, 8, 8, NULL);

	ck_assert_int_eq(wc_video_frame_allocation_size(frame, NULL, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, NULL, 96, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, 95, NULL), WC_TYPE_ERROR);
	expect_untouched(0, sizeof copy);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, 96, NULL), WC_OK);
	wc_video_frame_unref(frame);
}
END_TEST

/* Conversions */

static const struct {
	uint32_t from, to;
	unsigned order[4];                 /* which byte of the source pixel */
} swizzles[] = {
	{ DRM_FORMAT_ABGR8888, DRM_FORMAT_ARGB8888, { 2, 1, 0, 3 } },
	{ DRM_FORMAT_ARGB8888, DRM_FORMAT_ABGR8888, { 2, 1, 0, 3 } },
	{ DRM_FORMAT_ABGR8888, DRM_FORMAT_ABGR8888, { 0, 1, 2, 3 } },
};

START_TEST(rgb_is_reordered)
{
	struct wc_video_frame_copy_options options = {
		.fourcc = swizzles[_i].to, .plane_count = 1, .planes = { { 3, 20 } },
		.rect = { 1, 1, 3, 2 },
	};
	struct wc_video_frame *frame = make(swizzles[_i].from, 5, 4, NULL);

	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, 3 + 2 * 20, layout),
			 WC_OK);
	ck_assert(layout[0].offset == 3 && layout[0].stride == 20);
	for (unsigned y = 0; y < 2; y++)
		for (unsigned x = 0; x < 3; x++)
			for (unsigned i = 0; i < 4; i++)
				ck_assert_uint_eq(copy[3 + y * 20 + x * 4 + i],
						  pixels[(y + 1) * 20 + (x + 1) * 4 +
							 swizzles[_i].order[i]]);
	expect_untouched(0, 3);
	expect_untouched(3 + 12, 3 + 20);
	expect_untouched(3 + 20 + 12, sizeof copy);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(yuv_becomes_rgb)
{
	struct wc_video_frame_copy_options options = { .fourcc = DRM_FORMAT_ABGR8888 };
	struct wc_rect visible = { 2, 2, 4, 4 };
	struct wc_video_frame *frame;
	size_t size;

	/* Grey outside; white in the visible part. */
	memset(pixels, 16, 64);
	memset(pixels + 64, 128, 32);
	for (unsigned y = 2; y < 6; y++)
		memset(pixels + y * 8 + 2, 235, 4);
	frame = make(DRM_FORMAT_YUV420, 8, 8, &visible);
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, &options, &size), WC_OK);
	ck_assert_uint_eq(size, 64);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, size, layout), WC_OK);
	for (size_t i = 0; i < 64; i++)
		ck_assert_uint_ge(copy[i], 254);
	expect_untouched(64, sizeof copy);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(yuv_is_read_with_its_colors)
{
	struct wc_video_frame_copy_options options = { .fourcc = DRM_FORMAT_ABGR8888 };
	struct wc_video_frame *frame;

	memset(pixels, 235, 4);
	memset(pixels + 4, 128, 2);
	frame = make(DRM_FORMAT_YUV420, 2, 2, NULL);
	frame->color_space.range = WC_COLOR_RANGE_FULL;
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, 16, NULL), WC_OK);
	for (size_t i = 0; i < 16; i++)
		if (i % 4 != 3)
			ck_assert(copy[i] >= 234 && copy[i] <= 236);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(too_wide_for_the_converter_is_refused)
{
	struct wc_video_frame_copy_options options = { .fourcc = DRM_FORMAT_ARGB8888 };
	uint32_t width = 40000;
	uint8_t *data = calloc(width, 4), *to = calloc(width, 4);
	struct wc_video_frame_init init = { .fourcc = DRM_FORMAT_ABGR8888,
					    .coded_width = width, .coded_height = 1 };
	struct wc_video_frame *frame;
	struct wc_error error;

	ck_assert_int_eq(video_frame_from_copy(core, data, width * 4, &init, &frame, &error), 0);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, to, width * 4, NULL),
			 WC_NOT_SUPPORTED_ERROR);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, to, width * 4, NULL), WC_OK);
	wc_video_frame_unref(frame);
	free(data);
	free(to);
}
END_TEST

/* RGB is of full range; YUV of which nothing is said is taken for BT.709, limited. */
START_TEST(rgb_becomes_yuv_of_limited_range)
{
	struct wc_video_frame_copy_options options = { .fourcc = DRM_FORMAT_YUV420 };
	struct wc_video_frame *frame;

	memset(pixels, 0, 64);
	memset(pixels + 64, 0xff, 64);
	frame = make(DRM_FORMAT_XBGR8888, 8, 4, NULL);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, sizeof copy, layout),
			 WC_OK);
	ck_assert_uint_eq(copy[0], 16);
	ck_assert_uint_eq(copy[31], 235);
	ck_assert_uint_eq(copy[layout[1].offset], 128);
	wc_video_frame_unref(frame);
}
END_TEST

/* Rows that begin in the middle of a sample can be copied, but not read. */
START_TEST(odd_strides_of_deep_samples_are_refused)
{
	struct wc_video_frame_copy_options options = { .fourcc = DRM_FORMAT_YUV420 };
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_S010, .coded_width = 8, .coded_height = 4, .plane_count = 3,
		.planes = { { .offset = 0, .stride = 17 }, { .offset = 68, .stride = 9 },
			    { .offset = 86, .stride = 9 } },
	};
	struct wc_video_frame *frame;
	struct wc_error error;

	ck_assert_int_eq(video_frame_new_wrapped(core, pixels, sizeof pixels, &init, NULL, NULL,
						 &frame, &error), 0);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, sizeof copy, layout),
			 WC_NOT_SUPPORTED_ERROR);
	expect_untouched(0, sizeof copy);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, NULL, copy, sizeof copy, layout), WC_OK);
	wc_video_frame_unref(frame);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("video_frame_copy");
	TCase *plain = tcase_create("copy");
	TCase *convert = tcase_create("convert");

	tcase_add_checked_fixture(plain, set_up, tear_down);
	tcase_add_test(plain, odd_sizes_round_chroma_up);
	tcase_add_test(plain, visible_rectangle_is_the_default);
	tcase_add_test(plain, rectangle_overrides_the_visible_one);
	tcase_add_test(plain, strides_and_offsets_are_the_destinations);
	tcase_add_loop_test(plain, invalid_options_are_refused, 0, N(refused));
	tcase_add_test(plain, destination_is_checked);
	suite_add_tcase(s, plain);
	tcase_add_checked_fixture(convert, set_up, tear_down);
	tcase_add_loop_test(convert, rgb_is_reordered, 0, N(swizzles));
	tcase_add_test(convert, yuv_becomes_rgb);
	tcase_add_test(convert, yuv_is_read_with_its_colors);
	tcase_add_test(convert, rgb_becomes_yuv_of_limited_range);
	tcase_add_test(convert, odd_strides_of_deep_samples_are_refused);
	tcase_add_test(convert, too_wide_for_the_converter_is_refused);
	suite_add_tcase(s, convert);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
