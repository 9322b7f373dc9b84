/* SPDX-License-Identifier: MIT */
/* Pictures that do not lie in rows, from decoders and into encoders, never taken for rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>

#include "frame/modifier.h"
#include "session/rig.h"
#include "v4l2/format.h"

static struct rig rig;

static const struct {
	enum tiling tiling;
	uint64_t modifier;
} expected[FAKE_TILE_DECODERS] = {
	{ TILING_4X4, DRM_FORMAT_MOD_INVALID },
	{ TILING_8X4, DRM_FORMAT_MOD_INVALID },
	{ TILING_16X16, DRM_FORMAT_MOD_INVALID },
	{ TILING_32X32, DRM_FORMAT_MOD_ALLWINNER_TILED },
	{ TILING_8X128, DRM_FORMAT_MOD_INVALID },
	{ TILING_8X128, DRM_FORMAT_MOD_INVALID },
	{ TILING_16X32, DRM_FORMAT_MOD_MTK_16L_32S_TILE },
	{ TILING_64X32_Z, DRM_FORMAT_MOD_SAMSUNG_64_32_TILE },
	{ TILING_16X16_BLOCKS, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE },
	/* 368 lines, and half as many of chroma, rounded up to 32. */
	{ TILING_COLUMNS, DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(576ULL) },
};

static void start(const struct fake_model *model, uint32_t width, uint32_t height)
{
	rig_start(&rig, model);
	ck_assert_msg(rig_open_decoder(&rig, model->coded[0].fourcc, width, height) == 0, "%s",
		      rig.error.message);
}

static void decode(unsigned n)
{
	ck_assert_msg(rig_feed_many(&rig, n, FAKE_CHUNK_KEY) == 0, "%s", rig.error.message);
	ck_assert_int_eq(rig_drain(&rig), 0);
}

static void expect_in_order(unsigned n)
{
	ck_assert_uint_eq(rig.n_frames, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(rig.seqs[i], i);
	ck_assert_uint_eq(rig.n_failed, 0);
}

/* The rig looks at each frame, by way of copy_to(). */
START_TEST(a_decoder_with_nothing_but_tiles_is_used)
{
	start(&fake_tile_decoders[_i], 640, 368);
	decode(10);
	expect_in_order(10);
	ck_assert_int_eq(rig.tiling, expected[_i].tiling);
	ck_assert_uint_eq(rig.modifier, expected[_i].modifier);
	rig_stop(&rig);
}
END_TEST

START_TEST(any_visible_part_of_any_size_is_read_right)
{
	static const struct { uint32_t width, height, left, top, w, h; } parts[] = {
		{ 1920, 1088, 0, 0, 1920, 1080 }, { 640, 368, 6, 2, 621, 355 },
		{ 176, 144, 34, 38, 100, 50 }, { 64, 48, 0, 0, 1, 1 },
		{ 1000, 600, 16, 32, 64, 64 },
	};

	start(&fake_tile_decoders[_i], 640, 368);
	rig_feed_many(&rig, 2, FAKE_CHUNK_KEY);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		rig.chunk.width = parts[i].width;
		rig.chunk.height = parts[i].height;
		rig.chunk.visible_left = parts[i].left;
		rig.chunk.visible_top = parts[i].top;
		/* A tag of eight bytes says which frame it is. */
		rig.chunk.visible_width = parts[i].w < 8 ? 8 : parts[i].w;
		rig.chunk.visible_height = parts[i].h;
		ck_assert_int_eq(rig_feed_many(&rig, 2, FAKE_CHUNK_KEY), 0);
	}
	ck_assert_int_eq(rig_drain(&rig), 0);
	expect_in_order(12);
	rig_stop(&rig);
}
END_TEST

/* Frames beyond those that can be lent are copies of the tiles. */
START_TEST(the_application_may_hold_all_frames)
{
	start(&fake_tile_decoders[_i], 640, 368);
	rig.hold = 40;
	decode(40);
	expect_in_order(40);
	ck_assert_int_eq(rig.tiling, expected[_i].tiling);
	ck_assert_uint_eq(rig.modifier, expected[_i].modifier);
	rig_stop(&rig);
}
END_TEST

/* To others as the modifier says, and not at all where there is none. */
START_TEST(an_exported_frame_says_how_it_lies)
{
	bool has_name = expected[_i].modifier != DRM_FORMAT_MOD_INVALID;
	struct wc_video_frame_layout layout;
	struct wc_dma_buf dma_buf;

	start(&fake_tile_decoders[_i], 640, 368);
	rig.hold = 1;
	decode(2);
	ck_assert_int_eq(wc_video_frame_get_layout(rig.held[0], &layout), WC_OK);
	ck_assert_uint_eq(layout.modifier, expected[_i].modifier);
	ck_assert_uint_eq(layout.planes[0].rows, 0);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(rig.held[0], &dma_buf),
			 has_name ? WC_OK : WC_NOT_SUPPORTED_ERROR);
	ck_assert_uint_eq(dma_buf.modifier, has_name ? expected[_i].modifier : 0);
	ck_assert_uint_eq(dma_buf.plane_count, has_name ? 2 : 0);
	if (has_name)
		ck_assert_uint_eq(dma_buf.planes[0].stride, layout.planes[0].stride);
	wc_dma_buf_finish(&dma_buf);
	rig_stop(&rig);
}
END_TEST

/* The stride is that of all columns, and chroma begins below luma in the first of them. */
START_TEST(columns_lie_as_displays_want_them)
{
	struct wc_dma_buf dma_buf;

	start(&fake_tile_decoders[FAKE_TILE_DECODERS - 1], 650, 368);
	rig.hold = 1;
	decode(2);
	ck_assert_int_eq(wc_video_frame_export_dma_buf(rig.held[0], &dma_buf), WC_OK);
	ck_assert_uint_eq(dma_buf.fourcc, DRM_FORMAT_NV12);
	ck_assert_uint_eq(dma_buf.planes[0].stride, 768);
	ck_assert_uint_eq(dma_buf.planes[1].stride, 768);
	ck_assert_uint_eq(dma_buf.planes[0].offset, 0);
	ck_assert_uint_eq(dma_buf.planes[1].offset, 368 * 128);
	wc_dma_buf_finish(&dma_buf);
	rig_stop(&rig);
}
END_TEST

static void expect_layout(const struct fake_model *model, uint32_t fourcc, uint64_t modifier,
			  enum tiling tiling)
{
	rig_start(&rig, model);
	rig.wished = fourcc;
	rig.wished_modifier = modifier;
	ck_assert_int_eq(rig_open_decoder(&rig, model->coded[0].fourcc, 640, 368), 0);
	decode(3);
	expect_in_order(3);
	ck_assert_int_eq(rig.tiling, tiling);
	ck_assert_int_eq(rig.modifier == DRM_FORMAT_MOD_LINEAR, tiling == TILING_LINEAR);
	rig_stop(&rig);
}

START_TEST(rows_come_first_and_tiles_by_wish)
{
	const uint32_t nv12 = DRM_FORMAT_NV12;

	expect_layout(&fake_s5p_mfc_decoder, 0, 0, TILING_LINEAR);
	expect_layout(&fake_s5p_mfc_decoder, nv12, 0, TILING_LINEAR);
	expect_layout(&fake_s5p_mfc_decoder, nv12, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE,
		      TILING_16X16_BLOCKS);
	expect_layout(&fake_bcm2835_decoder, 0, 0, TILING_LINEAR);
	expect_layout(&fake_bcm2835_decoder, nv12, DRM_FORMAT_MOD_BROADCOM_SAND128,
		      TILING_COLUMNS);
	/* What the device does not have is no demand; nor is a modifier without a format. */
	expect_layout(&fake_bcm2835_decoder, nv12, DRM_FORMAT_MOD_SAMSUNG_16_16_TILE,
		      TILING_LINEAR);
	expect_layout(&fake_bcm2835_decoder, 0, DRM_FORMAT_MOD_BROADCOM_SAND128, TILING_LINEAR);
	expect_layout(&fake_tile_decoders[3], nv12, 0, TILING_32X32);
}
END_TEST

/* ---- encoders -------------------------------------------------------------------------------- */

#define WIDTH 640
#define HEIGHT 368

/* A picture in 32x32 tiles, drawn by the fake. */
static struct wc_video_frame *tiled_frame(unsigned seq, enum tiling tiling)
{
	struct frame_format format = {
		.fourcc = DRM_FORMAT_NV12, .modifier = DRM_FORMAT_MOD_ALLWINNER_TILED,
		.tiling = tiling, .width = WIDTH, .height = 384, .n_planes = 2,
		.planes = { { 0, 0, WIDTH }, { 0, WIDTH * 384, WIDTH } },
	};
	const struct wc_rect visible = { 0, 0, WIDTH, HEIGHT };
	const struct timing timing = { .timestamp = (int64_t)seq * 40000 + 7 };
	struct fake_picture picture = {
		.fourcc = V4L2_PIX_FMT_NV12_32L32, .width = WIDTH, .height = HEIGHT,
	};
	struct buffer *buffer = buffer_new_plain(rig.core, WIDTH * 384 * 2);
	struct wc_video_frame *frame = video_frame_new(rig.core, buffer, &format, &visible,
						       &timing);

	fake_picture_layout(&picture, buffer->objects[0].map, WIDTH, 384);
	fake_draw_frame(&picture, seq);
	buffer_unref(buffer);
	return frame;
}

static int encode(unsigned seq, enum tiling tiling)
{
	struct wc_video_frame *frame = tiled_frame(seq, tiling);
	int ret = rig_encode_frame(&rig, frame, false);

	wc_video_frame_unref(frame);
	return ret;
}

static void start_encoder(const struct fake_model *model, enum wc_copy_policy copy)
{
	struct encoder_params params = { .bitstream_format = WC_BITSTREAM_ANNEXB, .copy = copy };

	rig_start(&rig, model);
	ck_assert_int_eq(rig_open_encoder(&rig, model->coded[0].fourcc, WIDTH, HEIGHT, &params),
			 0);
}

static const struct fake_model *const encoders[] = {
	&fake_generic_encoder, &fake_generic_encoder_sp, &fake_vicodec_encoder,
	&fake_bcm2835_encoder, &fake_venus_encoder, &fake_s5p_mfc_encoder, &fake_coda_encoder,
};

#define N_ENCODERS ((int)(sizeof encoders / sizeof *encoders))

/* The fake's encoder tells which picture it found in its buffer, and whether it was damaged. */
START_TEST(an_encoder_gets_rows_of_tiles)
{
	start_encoder(encoders[_i], WC_COPY_ALLOWED);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_msg(encode(i, TILING_32X32) == 0, "%s", rig.error.message);
	ck_assert_int_eq(rig_drain(&rig), 0);
	ck_assert_uint_eq(rig.n_chunks, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(rig.seqs[i], i);
	rig_stop(&rig);
}
END_TEST

START_TEST(what_cannot_be_read_is_one_error)
{
	start_encoder(&fake_generic_encoder, WC_COPY_ALLOWED);
	ck_assert_int_eq(encode(0, TILING_OPAQUE), WC_ENCODING_ERROR);
	ck_assert_msg(strstr(rig.error.message, "ALLWINNER_TILED"), "%s", rig.error.message);
	rig_stop(&rig);
	start_encoder(&fake_generic_encoder, WC_COPY_NEVER);
	ck_assert_int_eq(encode(0, TILING_32X32), WC_NOT_SUPPORTED_ERROR);
	rig_stop(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tiles");
	TCase *tcase = tcase_create("tiles");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, a_decoder_with_nothing_but_tiles_is_used, 0,
			    FAKE_TILE_DECODERS);
	tcase_add_loop_test(tcase, any_visible_part_of_any_size_is_read_right, 0,
			    FAKE_TILE_DECODERS);
	tcase_add_loop_test(tcase, the_application_may_hold_all_frames, 0, FAKE_TILE_DECODERS);
	tcase_add_loop_test(tcase, an_exported_frame_says_how_it_lies, 0, FAKE_TILE_DECODERS);
	tcase_add_test(tcase, columns_lie_as_displays_want_them);
	tcase_add_test(tcase, rows_come_first_and_tiles_by_wish);
	tcase_add_loop_test(tcase, an_encoder_gets_rows_of_tiles, 0, N_ENCODERS);
	tcase_add_test(tcase, what_cannot_be_read_is_one_error);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
