/* SPDX-License-Identifier: MIT */
/* Tables and small arithmetic: formats, colours, cookies, profiles, quirks. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <linux/videodev2.h>

#include "frame/detile.h"
#include "frame/modifier.h"
#include "session/cookies.h"
#include "session/profiles.h"
#include "session/quirks.h"
#include "v4l2/format.h"

/* ---- formats ---- */

static const struct {
	uint32_t v4l2, drm, height, stride[3];
	unsigned planes;
	struct { unsigned object; size_t offset, stride; } want[3];
} layouts[] = {
	{ V4L2_PIX_FMT_YUV420, DRM_FORMAT_YUV420, 368, { 640 }, 3,
	  { { 0, 0, 640 }, { 0, 640 * 368, 320 }, { 0, 640 * 368 + 320 * 184, 320 } } },
	{ V4L2_PIX_FMT_NV12, DRM_FORMAT_NV12, 720, { 1280 }, 2,
	  { { 0, 0, 1280 }, { 0, 1280 * 720, 1280 } } },
	{ V4L2_PIX_FMT_NV24, DRM_FORMAT_NV24, 16, { 32 }, 2,
	  { { 0, 0, 32 }, { 0, 32 * 16, 64 } } },
	{ V4L2_PIX_FMT_YUV422P, DRM_FORMAT_YUV422, 10, { 64 }, 3,
	  { { 0, 0, 64 }, { 0, 640, 32 }, { 0, 960, 32 } } },
	{ V4L2_PIX_FMT_NV12M, DRM_FORMAT_NV12, 1088, { 1920, 2048 }, 2,
	  { { 0, 0, 1920 }, { 1, 0, 2048 } } },
	{ V4L2_PIX_FMT_YUV420M, DRM_FORMAT_YUV420, 17, { 64, 32, 48 }, 3,
	  { { 0, 0, 64 }, { 1, 0, 32 }, { 2, 0, 48 } } },
	{ V4L2_PIX_FMT_RGB24, DRM_FORMAT_BGR888, 9, { 33 }, 1, { { 0, 0, 33 } } },
	/* An odd number of rows has one more row of chroma than half. */
	{ V4L2_PIX_FMT_NV12, DRM_FORMAT_NV12, 5, { 8 }, 2, { { 0, 0, 8 }, { 0, 40, 8 } } },
};

START_TEST(planes_lie_where_the_kernel_puts_them)
{
	struct raw_layout layout;
	uint32_t strides[WC_MAX_PLANES] = { 0 };

	memcpy(strides, layouts[_i].stride, sizeof layouts[_i].stride);
	ck_assert(raw_format_layout(layouts[_i].v4l2, 0, layouts[_i].height, strides, &layout));
	ck_assert_uint_eq(layout.fourcc, layouts[_i].drm);
	ck_assert_uint_eq(layout.modifier, DRM_FORMAT_MOD_LINEAR);
	ck_assert_int_eq(layout.tiling, TILING_LINEAR);
	ck_assert_uint_eq(layout.n_planes, layouts[_i].planes);
	for (unsigned p = 0; p < layout.n_planes; p++) {
		ck_assert_uint_eq(layout.planes[p].object, layouts[_i].want[p].object);
		ck_assert_uint_eq(layout.planes[p].offset, layouts[_i].want[p].offset);
		ck_assert_uint_eq(layout.planes[p].stride, layouts[_i].want[p].stride);
	}
}
END_TEST

#define SAND(height) DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT((uint64_t)(height))

/* What does not lie in rows; strides of NV12_COL128 are rows of a column. */
static const struct {
	uint32_t v4l2, drm;
	uint64_t modifier;
	enum tiling tiling;
	uint32_t width, height, stride[2];
	struct { unsigned object; size_t offset, stride; } want[2];
} tiles[] = {
	{ V4L2_PIX_FMT_NV12_4L4, DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID, TILING_4X4,
	  640, 368, { 640 }, { { 0, 0, 640 }, { 0, 640 * 368, 640 } } },
	{ V4L2_PIX_FMT_P010_4L4, DRM_FORMAT_P010, DRM_FORMAT_MOD_INVALID, TILING_8X4,
	  640, 366, { 1280 }, { { 0, 0, 1280 }, { 0, 1280 * 368, 1280 } } },
	{ V4L2_PIX_FMT_NV12_16L16, DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID, TILING_16X16,
	  720, 480, { 720 }, { { 0, 0, 720 }, { 0, 720 * 480, 720 } } },
	{ V4L2_PIX_FMT_NV12_32L32, DRM_FORMAT_NV12, DRM_FORMAT_MOD_ALLWINNER_TILED, TILING_32X32,
	  640, 368, { 640 }, { { 0, 0, 640 }, { 0, 640 * 384, 640 } } },
	{ V4L2_PIX_FMT_NV12M_8L128, DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID, TILING_8X128,
	  640, 384, { 640, 640 }, { { 0, 0, 640 }, { 1, 0, 640 } } },
	{ v4l2_fourcc('A', 'T', '1', '2'), DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID, TILING_8X128,
	  640, 1080, { 640 }, { { 0, 0, 640 }, { 0, 640 * 1152, 640 } } },
	{ V4L2_PIX_FMT_NV12MT, DRM_FORMAT_NV12, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE, TILING_64X32_Z,
	  640, 384, { 640, 640 }, { { 0, 0, 640 }, { 1, 0, 640 } } },
	{ V4L2_PIX_FMT_NV12MT_16X16, DRM_FORMAT_NV12, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE,
	  TILING_16X16_BLOCKS, 640, 368, { 640, 640 }, { { 0, 0, 640 }, { 1, 0, 640 } } },
	{ V4L2_PIX_FMT_MM21, DRM_FORMAT_NV12, DRM_FORMAT_MOD_MTK_16L_32S_TILE, TILING_16X32,
	  640, 384, { 640, 640 }, { { 0, 0, 640 }, { 1, 0, 640 } } },
	{ v4l2_fourcc('N', 'C', '1', '2'), DRM_FORMAT_NV12, SAND(1632), TILING_COLUMNS,
	  1920, 1088, { 1632 }, { { 0, 0, 1920 }, { 0, 1088 * 128, 1920 } } },
	/* 96 samples to a column: 1920 are 20 of them, and one more begins another. */
	{ v4l2_fourcc('N', 'C', '3', '0'), DRM_FORMAT_P030, SAND(1632), TILING_COLUMNS,
	  1921, 1088, { 1632 }, { { 0, 0, 21 * 128 }, { 0, 1088 * 128, 21 * 128 } } },
	{ v4l2_fourcc('N', 'c', '1', '2'), DRM_FORMAT_NV12, DRM_FORMAT_MOD_INVALID,
	  TILING_COLUMNS_APART, 640, 368, { 368, 184 }, { { 0, 0, 640 }, { 1, 0, 640 } } },
	{ v4l2_fourcc('N', 'c', '3', '0'), DRM_FORMAT_P030, DRM_FORMAT_MOD_INVALID,
	  TILING_COLUMNS_APART, 96, 368, { 368, 184 }, { { 0, 0, 128 }, { 1, 0, 128 } } },
	/* For devices only: drm_fourcc.h of Linux 6.15, MediaTek's flags. */
	{ V4L2_PIX_FMT_MT21C, DRM_FORMAT_NV12, DRM_FORMAT_MOD_MTK_16L_32S_TILE | 1 << 8,
	  TILING_OPAQUE, 640, 384, { 640, 640 }, { { 0, 0, 640 }, { 1, 0, 640 } } },
	{ v4l2_fourcc('M', 'T', '2', 'T'), DRM_FORMAT_NV15,
	  DRM_FORMAT_MOD_MTK_16L_32S_TILE | 1 << 16, TILING_OPAQUE, 640, 384, { 800, 800 },
	  { { 0, 0, 800 }, { 1, 0, 800 } } },
	{ v4l2_fourcc('M', 'T', '2', 'R'), DRM_FORMAT_NV15,
	  DRM_FORMAT_MOD_MTK_16L_32S_TILE | 1 << 17, TILING_OPAQUE, 640, 384, { 800, 800 },
	  { { 0, 0, 800 }, { 1, 0, 800 } } },
};

START_TEST(tiles_have_a_modifier_or_can_be_read)
{
	uint32_t strides[WC_MAX_PLANES] = { tiles[_i].stride[0], tiles[_i].stride[1] };
	struct raw_layout layout;
	uint64_t modifier;

	ck_assert(raw_format_layout(tiles[_i].v4l2, tiles[_i].width, tiles[_i].height, strides,
				    &layout));
	ck_assert_uint_eq(layout.fourcc, tiles[_i].drm);
	ck_assert_uint_eq(layout.modifier, tiles[_i].modifier);
	ck_assert_int_eq(layout.tiling, tiles[_i].tiling);
	ck_assert_uint_eq(layout.n_planes, 2);
	for (unsigned p = 0; p < 2; p++) {
		ck_assert_uint_eq(layout.planes[p].object, tiles[_i].want[p].object);
		ck_assert_uint_eq(layout.planes[p].offset, tiles[_i].want[p].offset);
		ck_assert_uint_eq(layout.planes[p].stride, tiles[_i].want[p].stride);
	}
	ck_assert_uint_eq(raw_format_to_any_drm(tiles[_i].v4l2, &modifier), tiles[_i].drm);
	ck_assert(modifier_matches(tiles[_i].modifier, modifier));
	/* The modifier alone says the same, to whoever gets the DMA-BUF. */
	if (modifier != DRM_FORMAT_MOD_INVALID)
		ck_assert_int_eq(modifier_tiling(layout.fourcc, layout.modifier), layout.tiling);
	else
		ck_assert_uint_ne(detile_fourcc(layout.fourcc, layout.tiling), 0);
	/* Nobody who asks for rows gets it. */
	ck_assert_uint_eq(raw_format_to_drm(tiles[_i].v4l2), 0);
	ck_assert_uint_ne(raw_format_from_drm(tiles[_i].drm, false), tiles[_i].v4l2);
	ck_assert_uint_ne(raw_format_from_drm(tiles[_i].drm, true), tiles[_i].v4l2);
}
END_TEST

START_TEST(formats_are_found_both_ways)
{
	ck_assert_uint_eq(raw_format_to_drm(V4L2_PIX_FMT_XBGR32), DRM_FORMAT_XRGB8888);
	ck_assert_uint_eq(raw_format_to_drm(V4L2_PIX_FMT_BGR32), DRM_FORMAT_XRGB8888);
	ck_assert_uint_eq(raw_format_from_drm(DRM_FORMAT_XRGB8888, false), V4L2_PIX_FMT_XBGR32);
	ck_assert_uint_eq(raw_format_from_drm(DRM_FORMAT_NV12, false), V4L2_PIX_FMT_NV12);
	ck_assert_uint_eq(raw_format_from_drm(DRM_FORMAT_NV12, true), V4L2_PIX_FMT_NV12M);
	ck_assert_uint_eq(raw_format_from_drm(DRM_FORMAT_BGR888, true), 0);
	ck_assert_uint_eq(raw_format_to_drm(V4L2_PIX_FMT_H264), 0);
	ck_assert_ptr_null(coded_format_find(V4L2_PIX_FMT_NV12));
	ck_assert(coded_format_find(V4L2_PIX_FMT_H264_SLICE)->stateless);
	ck_assert_uint_eq(coded_format_stateful(VIDEO_CODEC_VP9)->v4l2, V4L2_PIX_FMT_VP9);
	ck_assert_ptr_null(coded_format_stateful(VIDEO_CODEC_NONE));
}
END_TEST

/* ---- colours ---- */

static const struct wc_video_color_space spaces[] = {
	{ WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED },
	{ WC_PRIMARIES_SMPTE170M, WC_TRANSFER_BT709, WC_MATRIX_SMPTE170M, WC_COLOR_RANGE_FULL },
	{ WC_PRIMARIES_BT2020, WC_TRANSFER_PQ, WC_MATRIX_BT2020_NCL, WC_COLOR_RANGE_LIMITED },
	{ WC_PRIMARIES_BT470BG, WC_TRANSFER_BT709, WC_MATRIX_SMPTE170M, WC_COLOR_RANGE_LIMITED },
	{ WC_PRIMARIES_BT709, WC_TRANSFER_IEC61966_2_1, WC_MATRIX_BT709, WC_COLOR_RANGE_FULL },
	{ WC_PRIMARIES_SMPTE432, WC_TRANSFER_LINEAR, WC_MATRIX_BT709, WC_COLOR_RANGE_FULL },
};

START_TEST(colours_survive_the_kernel)
{
	struct v4l2_colorimetry v4l2 = color_to_v4l2(&spaces[_i]);
	struct wc_video_color_space back = color_from_v4l2(&v4l2, false);

	ck_assert_int_eq(back.primaries, spaces[_i].primaries);
	ck_assert_int_eq(back.transfer, spaces[_i].transfer);
	ck_assert_int_eq(back.matrix, spaces[_i].matrix);
	ck_assert_int_eq(back.range, spaces[_i].range);
}
END_TEST

START_TEST(unknown_colours_stay_unknown)
{
	struct wc_video_color_space null = { 0 };
	struct v4l2_colorimetry v4l2 = color_to_v4l2(&null);
	struct wc_video_color_space back = color_from_v4l2(&v4l2, false);

	ck_assert_uint_eq(v4l2.colorspace, V4L2_COLORSPACE_DEFAULT);
	ck_assert_int_eq(memcmp(&back, &null, sizeof null), 0);
}
END_TEST

START_TEST(defaults_of_the_kernel_are_resolved)
{
	struct v4l2_colorimetry jpeg = { V4L2_COLORSPACE_JPEG, 0, 0, 0 };
	struct v4l2_colorimetry srgb = { V4L2_COLORSPACE_SRGB, 0, 0, 0 };

	ck_assert_int_eq(color_from_v4l2(&jpeg, false).range, WC_COLOR_RANGE_FULL);
	ck_assert_int_eq(color_from_v4l2(&jpeg, false).matrix, WC_MATRIX_SMPTE170M);
	ck_assert_int_eq(color_from_v4l2(&srgb, true).range, WC_COLOR_RANGE_FULL);
	ck_assert_int_eq(color_from_v4l2(&srgb, true).matrix, WC_MATRIX_RGB);
}
END_TEST

/* ---- cookies ---- */

START_TEST(cookies_survive_what_drivers_do_to_time_stamps)
{
	struct cookies cookies = { 0 };
	struct timing t = { .timestamp = -5, .duration = 9, .has_duration = true };
	uint64_t a = cookies_put(&cookies, &t), b;

	t.timestamp = 77;
	b = cookies_put(&cookies, &t);
	ck_assert_uint_ne(a, 0);
	ck_assert_uint_ne(a, b);
	ck_assert_int_eq(cookies_find(&cookies, a)->timestamp, -5);
	ck_assert_int_eq(cookies_find(&cookies, a / 1000 * 1000)->timestamp, -5);
	ck_assert_int_eq(cookies_find(&cookies, b * 90000 / 1000000 * 1000000 / 90000)->timestamp,
			 77);
	ck_assert(cookies_find(&cookies, a)->has_duration);
	ck_assert_ptr_null(cookies_find(&cookies, 0));
	ck_assert_ptr_null(cookies_find(&cookies, b + (b - a)));
	ck_assert_ptr_null(cookies_find(&cookies, UINT64_MAX / 2));
}
END_TEST

START_TEST(cookies_of_the_past_are_forgotten)
{
	struct cookies cookies = { 0 };
	struct timing t = { .timestamp = 7 };
	uint64_t past[COOKIE_SLOTS], next;

	for (int turn = 0; turn < 3; turn++) {
		cookies_forget(&cookies);
		ck_assert_ptr_null(cookies_find(&cookies, 0));
		for (unsigned i = 0; i < ARRAY_SIZE(past); i++)
			past[i] = cookies_put(&cookies, &t);
		cookies_forget(&cookies);
		for (unsigned i = 0; i < ARRAY_SIZE(past); i++)
			ck_assert_ptr_null(cookies_find(&cookies, past[i]));
		next = cookies_put(&cookies, &t);
		ck_assert_int_eq(cookies_find(&cookies, next)->timestamp, 7);
		ck_assert_ptr_null(cookies_find(&cookies, past[COOKIE_SLOTS - 1]));
	}
}
END_TEST

/* In any order, some never, others twice: two fields of one picture. */
START_TEST(cookies_survive_reordering_and_drops)
{
	struct cookies cookies = { 0 };
	uint64_t values[COOKIE_SLOTS];

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		struct timing t = { .timestamp = (int64_t)i * 100 };

		values[i] = cookies_put(&cookies, &t);
	}
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(values); i++) {
		unsigned which = i * 37 % ARRAY_SIZE(values);

		if (which % 5)
			ck_assert_int_eq(cookies_find(&cookies, values[which])->timestamp,
					 (int64_t)which * 100);
	}
}
END_TEST

START_TEST(old_cookies_are_forgotten)
{
	struct cookies cookies = { 0 };
	struct timing t = { 0 };
	uint64_t first = cookies_put(&cookies, &t), last = 0;

	for (int i = 0; i < COOKIE_SLOTS; i++) {
		t.timestamp = i;
		last = cookies_put(&cookies, &t);
	}
	ck_assert_ptr_null(cookies_find(&cookies, first));
	ck_assert_int_eq(cookies_find(&cookies, last)->timestamp, COOKIE_SLOTS - 1);
}
END_TEST

/* ---- profiles ---- */

static const struct {
	const char *codec;
	int profile, level;
} profiles[] = {
	{ "avc1.42E01F", V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE,
	  V4L2_MPEG_VIDEO_H264_LEVEL_3_1 },
	{ "avc1.42001E", V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE, V4L2_MPEG_VIDEO_H264_LEVEL_3_0 },
	{ "avc1.640028", V4L2_MPEG_VIDEO_H264_PROFILE_HIGH, V4L2_MPEG_VIDEO_H264_LEVEL_4_0 },
	{ "hev1.1.6.L93.B0", V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN, V4L2_MPEG_VIDEO_HEVC_LEVEL_3_1 },
	{ "hvc1.2.4.L150.90", V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10, V4L2_MPEG_VIDEO_HEVC_LEVEL_5 },
	{ "vp09.02.41.10", V4L2_MPEG_VIDEO_VP9_PROFILE_2, V4L2_MPEG_VIDEO_VP9_LEVEL_4_1 },
	{ "vp8", -1, -1 },
	{ "fwht", -1, -1 },
};

START_TEST(profiles_have_menu_entries)
{
	struct codec_string codec;

	ck_assert_int_eq(codec_string_parse(profiles[_i].codec, &codec), 0);
	ck_assert_int_eq(profile_menu_entry(&codec), profiles[_i].profile);
	ck_assert_int_eq(level_menu_entry(&codec), profiles[_i].level);
}
END_TEST

/* ---- quirks ---- */

START_TEST(quirks_go_by_driver_and_role)
{
	const struct quirks *none = quirks_find("some-driver", WC_DEVICE_ROLE_DECODER, 0);

	ck_assert_int_eq(none->resume, RESUME_COMMAND);
	ck_assert_int_eq(quirks_find("bcm2835-codec", WC_DEVICE_ROLE_DECODER, 0)->resume,
			 RESUME_RESTART_BOTH);
	ck_assert(!quirks_find("bcm2835-codec", WC_DEVICE_ROLE_DECODER, 0)->rubbish_first);
	ck_assert(quirks_find("bcm2835-codec", WC_DEVICE_ROLE_ENCODER, 0)->rubbish_first);
	ck_assert_ptr_eq(quirks_find("bcm2835-codec", WC_DEVICE_ROLE_CONVERTER, 0), none);
}
END_TEST

#define ITEMS(array) ((int)(sizeof(array) / sizeof *(array)))

int main(void)
{
	Suite *suite = suite_create("tables");
	TCase *tables = tcase_create("tables");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tables, planes_lie_where_the_kernel_puts_them, 0, ITEMS(layouts));
	tcase_add_loop_test(tables, tiles_have_a_modifier_or_can_be_read, 0, ITEMS(tiles));
	tcase_add_test(tables, formats_are_found_both_ways);
	tcase_add_loop_test(tables, colours_survive_the_kernel, 0, ITEMS(spaces));
	tcase_add_test(tables, unknown_colours_stay_unknown);
	tcase_add_test(tables, defaults_of_the_kernel_are_resolved);
	tcase_add_test(tables, cookies_survive_what_drivers_do_to_time_stamps);
	tcase_add_test(tables, cookies_of_the_past_are_forgotten);
	tcase_add_test(tables, cookies_survive_reordering_and_drops);
	tcase_add_test(tables, old_cookies_are_forgotten);
	tcase_add_loop_test(tables, profiles_have_menu_entries, 0, ITEMS(profiles));
	tcase_add_test(tables, quirks_go_by_driver_and_role);
	suite_add_tcase(suite, tables);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
