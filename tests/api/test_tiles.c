/* SPDX-License-Identifier: MIT */
/*
 * Pictures that do not lie in rows through all calls that take frames: none takes them for rows.
 * Those in tiles that are known give what the same picture in rows gives, all others are refused
 * with one error that names the modifier. Devices are the fake's: no driver that runs without
 * hardware has such formats.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <webcodecs/webcodecs.h>

#include "fake/fake.h"

#define ENCODER "/dev/fake-video0"
#define VIM2M "/dev/fake-video1"
#define RGA "/dev/fake-video2"
#define WIDTH 640
#define HEIGHT 368
#define CODED_HEIGHT 384                   /* whole tiles */
#define TILED_SIZE (WIDTH * CODED_HEIGHT * 2)
#define RGB_SIZE (WIDTH * CODED_HEIGHT * 4)

/* What a picture says of itself; only the first is drawn so. */
static const struct {
	uint64_t modifier;
	const char *name;
	bool is_known;
} kinds[] = {
	{ DRM_FORMAT_MOD_ALLWINNER_TILED, "ALLWINNER_TILED", true },
	{ DRM_FORMAT_MOD_ARM_AFBC(AFBC_FORMAT_MOD_BLOCK_SIZE_16x16), "ARM_AFBC", false },
	{ DRM_FORMAT_MOD_VIVANTE_TILED, "VIVANTE_TILED", false },
	{ DRM_FORMAT_MOD_BROADCOM_SAND256_COL_HEIGHT(576ULL), "BROADCOM", false },
	{ 0x7700000000000001, "0x7700000000000001", false },
};

#define N_KINDS ((int)(sizeof kinds / sizeof *kinds))

static struct wc_context *context;
static struct wc_video_encoder *encoder;
static struct wc_video_converter *converter;
static struct wc_error error;
static unsigned n_errors, n_outputs;
static struct wc_video_frame *result;      /* of the converter, the last; a reference */
static uint8_t chunk_data[1 << 16];        /* of the encoder, the last */
static size_t chunk_size;

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	(void)user_data;
	n_outputs++;
	chunk_size = wc_encoded_video_chunk_get_size(chunk);
	ck_assert_uint_le(chunk_size, sizeof chunk_data);
	memcpy(chunk_data, wc_encoded_video_chunk_get_data(chunk), chunk_size);
	wc_encoded_video_chunk_unref(chunk);
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	n_outputs++;
	wc_video_frame_unref(result);
	result = frame;
}

static void on_error(const struct wc_error *e, void *user_data)
{
	(void)user_data;
	n_errors++;
	error = *e;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	(void)status;
	*(bool *)user_data = true;
}

static void set_up(void)
{
	static const char *const paths[] = { ENCODER, VIM2M, RGA, NULL };
	struct wc_context_options options = { .device_paths = paths, .slot_directory = "" };
	struct wc_video_converter_init converter_init = { on_frame, on_error, .label = "test" };

	fake_start();
	/* Software works in a thread. */
	fake_set_hang_grace(10000);
	fake_add_device(&fake_generic_encoder, ENCODER);
	fake_add_device(&fake_vim2m, VIM2M);
	fake_add_device(&fake_rga, RGA);
	ck_assert_int_eq(wc_context_new(&options, &context), WC_OK);
	ck_assert_int_eq(wc_video_converter_new(context, &converter_init, &converter), WC_OK);
	n_errors = n_outputs = 0;
	encoder = NULL;
	result = NULL;
}

static void tear_down(void)
{
	wc_video_encoder_destroy(encoder);
	wc_video_converter_destroy(converter);
	wc_video_frame_unref(result);
	ck_assert_int_ge(wc_context_dispatch(context, 0), 0);
	ck_assert_uint_eq(wc_leak_check(context, NULL), 0);
	wc_context_unref(context);
	fake_stop();
	fake_check_no_violations();
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* Picture 3 in 32x32 tiles in a DMA-BUF, which says of itself what it is told. */
static struct wc_video_frame *new_tiled(uint64_t modifier)
{
	struct fake_picture picture = {
		.fourcc = V4L2_PIX_FMT_NV12_32L32, .width = WIDTH, .height = HEIGHT,
	};
	struct wc_dma_buf d = {
		.fourcc = DRM_FORMAT_NV12, .modifier = modifier,
		.width = WIDTH, .height = CODED_HEIGHT, .object_count = 1, .plane_count = 2,
		.objects[0].fd = fake_dma_buf(TILED_SIZE),
		.planes = { { 0, 0, WIDTH }, { 0, WIDTH * CODED_HEIGHT, WIDTH } },
	};
	struct wc_video_frame_init init = {
		.timestamp = 7, .visible_rect = { 0, 0, WIDTH, HEIGHT },
	};
	void *map = mmap(NULL, TILED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, d.objects[0].fd, 0);
	struct wc_video_frame *frame;

	ck_assert_ptr_ne(map, MAP_FAILED);
	fake_picture_layout(&picture, map, WIDTH, CODED_HEIGHT);
	fake_draw_frame(&picture, 3);
	munmap(map, TILED_SIZE);
	ck_assert_int_eq(wc_video_frame_new_dma_buf(context, &d, &init, NULL, NULL, &frame),
			 WC_OK);
	close(d.objects[0].fd);
	return frame;
}

/* The same picture in rows. */
static struct wc_video_frame *new_rows(void)
{
	static uint8_t data[WIDTH * CODED_HEIGHT * 3 / 2];
	struct fake_picture picture = {
		.fourcc = V4L2_PIX_FMT_NV12, .width = WIDTH, .height = HEIGHT,
	};
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_NV12, .coded_width = WIDTH, .coded_height = CODED_HEIGHT,
		.visible_rect = { 0, 0, WIDTH, HEIGHT }, .timestamp = 7,
	};
	struct wc_video_frame *frame;

	fake_picture_layout(&picture, data, WIDTH, CODED_HEIGHT);
	fake_draw_frame(&picture, 3);
	ck_assert_int_eq(wc_video_frame_new(context, data, sizeof data, &init, &frame), WC_OK);
	return frame;
}

/* A copy is what a copy of the rows is, or there is none; nothing is written then. */
static void expect_copy(struct wc_video_frame *frame, struct wc_video_frame *rows, bool is_known,
			uint32_t fourcc)
{
	static uint8_t copy[RGB_SIZE], expected[RGB_SIZE];
	struct wc_video_frame_copy_options options = { .fourcc = fourcc };
	int status = is_known ? WC_OK : WC_NOT_SUPPORTED_ERROR;
	size_t size = 0;

	memset(copy, 0x55, sizeof copy);
	memset(expected, 0x55, sizeof expected);
	ck_assert_int_eq(wc_video_frame_allocation_size(frame, &options, &size), status);
	ck_assert_int_eq(size > 0, is_known);
	ck_assert_int_eq(wc_video_frame_copy_to(frame, &options, copy, sizeof copy, NULL), status);
	if (is_known)
		ck_assert_int_eq(wc_video_frame_copy_to(rows, &options, expected, sizeof expected,
							NULL), WC_OK);
	ck_assert_mem_eq(copy, expected, sizeof copy);
}

static void expect_no_map(struct wc_video_frame *frame)
{
	struct wc_video_frame_mapping map;

	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_READ, &map), WC_NOT_SUPPORTED_ERROR);
	ck_assert_uint_eq(map.plane_count, 0);
	ck_assert_int_lt(wc_video_frame_map(frame, WC_MAP_READ | WC_MAP_WRITE, &map), 0);
	ck_assert_uint_eq(map.plane_count, 0);
}

/* ---- frames ---------------------------------------------------------------------------------- */

START_TEST(calls_on_frames)
{
	struct wc_video_frame *frame = new_tiled(kinds[_i].modifier), *rows = new_rows();
	struct wc_video_frame_layout layout;

	ck_assert_int_eq(wc_video_frame_get_format(frame), WC_PIXEL_FORMAT_NONE);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(frame), DRM_FORMAT_NV12);
	ck_assert_int_eq(wc_video_frame_get_layout(frame, &layout), WC_OK);
	ck_assert_uint_eq(layout.modifier, kinds[_i].modifier);
	ck_assert_uint_eq(layout.planes[0].rows + layout.planes[0].row_bytes, 0);
	expect_no_map(frame);
	expect_copy(frame, rows, kinds[_i].is_known, 0);
	expect_copy(frame, rows, kinds[_i].is_known, DRM_FORMAT_YUV420);
	expect_copy(frame, rows, kinds[_i].is_known, DRM_FORMAT_XRGB8888);
	wc_video_frame_unref(frame);
	wc_video_frame_unref(rows);
}
END_TEST

/* Frames made of frames lie as they do, also in part. */
START_TEST(frames_of_frames)
{
	struct wc_video_frame_override part = { .visible_rect = { 34, 18, 101, 77 } };
	struct wc_video_frame *frame = new_tiled(kinds[_i].modifier), *rows = new_rows();
	struct wc_video_frame *clone, *cut, *cut_rows;

	ck_assert_int_eq(wc_video_frame_clone(frame, &clone), WC_OK);
	ck_assert_int_eq(wc_video_frame_new_from(clone, &part, &cut), WC_OK);
	ck_assert_int_eq(wc_video_frame_new_from(rows, &part, &cut_rows), WC_OK);
	wc_video_frame_unref(frame);
	expect_no_map(clone);
	expect_copy(clone, rows, kinds[_i].is_known, 0);
	expect_no_map(cut);
	expect_copy(cut, cut_rows, kinds[_i].is_known, 0);
	expect_copy(cut, cut_rows, kinds[_i].is_known, DRM_FORMAT_XRGB8888);
	/* Chroma begins at even pixels, whoever reads them. */
	part.visible_rect.x = 33;
	ck_assert_int_eq(wc_video_frame_new_from(clone, &part, &frame), WC_TYPE_ERROR);
	wc_video_frame_unref(clone);
	wc_video_frame_unref(cut);
	wc_video_frame_unref(cut_rows);
	wc_video_frame_unref(rows);
}
END_TEST

/* Whoever gets it from us is told, and can tell us again. */
START_TEST(out_of_the_library_and_back)
{
	struct wc_video_frame *frame = new_tiled(kinds[_i].modifier), *rows = new_rows(), *again;
	struct wc_video_frame_init init = { .visible_rect = { 0, 0, WIDTH, HEIGHT } };
	struct wc_dma_buf d;

	ck_assert_int_eq(wc_video_frame_export_dma_buf(frame, &d), WC_OK);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(d.modifier, kinds[_i].modifier);
	ck_assert_uint_eq(d.planes[1].offset, WIDTH * CODED_HEIGHT);
	ck_assert_int_eq(wc_video_frame_new_dma_buf(context, &d, &init, NULL, NULL, &again),
			 WC_OK);
	wc_dma_buf_finish(&d);
	expect_no_map(again);
	expect_copy(again, rows, kinds[_i].is_known, 0);
	wc_video_frame_unref(again);
	wc_video_frame_unref(rows);
}
END_TEST

/* ---- encoders -------------------------------------------------------------------------------- */

static bool flushed;

static void run(void)
{
	for (int i = 0; i < 1000 && !flushed; i++)
		ck_assert_int_ge(wc_context_dispatch(context, 100), 0);
	ck_assert(flushed);
}

/* With an encoder that has seen no other frame. */
static void encode(struct wc_video_frame *frame, enum wc_copy_policy copy)
{
	struct wc_video_encoder_init init = { .output = on_chunk, .error = on_error };
	struct wc_video_encoder_config config = {
		.codec = "avc1.42001f", .width = WIDTH, .height = HEIGHT, .copy = copy,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};

	flushed = false;
	wc_video_encoder_destroy(encoder);
	ck_assert_int_eq(wc_video_encoder_new(context, &init, &encoder), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(encoder, &config), WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(encoder, frame, NULL), WC_OK);
	ck_assert_int_eq(wc_video_encoder_flush(encoder, on_flushed, &flushed), WC_OK);
	run();
	wc_video_frame_unref(frame);
}

/* What the fake finds in its buffer goes into the chunk. */
START_TEST(an_encoder_that_copies)
{
	static uint8_t expected[sizeof chunk_data];
	size_t size;

	encode(new_rows(), WC_COPY_ALLOWED);
	ck_assert_uint_eq(n_outputs, 1);
	ck_assert_uint_eq(n_errors, 0);
	size = chunk_size;
	memcpy(expected, chunk_data, size);
	encode(new_tiled(kinds[_i].modifier), WC_COPY_ALLOWED);
	ck_assert_uint_eq(n_outputs, kinds[_i].is_known ? 2 : 1);
	ck_assert_uint_eq(n_errors, kinds[_i].is_known ? 0 : 1);
	if (kinds[_i].is_known) {
		ck_assert_uint_eq(chunk_size, size);
		ck_assert_mem_eq(chunk_data, expected, size);
	} else {
		ck_assert_int_eq(error.name, WC_ENCODING_ERROR);
		ck_assert_str_eq(error.device, ENCODER);
		ck_assert_msg(strstr(error.message, kinds[_i].name), "%s", error.message);
	}
}
END_TEST

START_TEST(an_encoder_that_must_not_copy)
{
	encode(new_tiled(kinds[_i].modifier), WC_COPY_NEVER);
	ck_assert_uint_eq(n_outputs, 0);
	ck_assert_uint_eq(n_errors, 1);
	ck_assert_int_eq(error.name, WC_NOT_SUPPORTED_ERROR);
	ck_assert_msg(strstr(error.message, kinds[_i].name), "%s", error.message);
}
END_TEST

/* ---- converters ------------------------------------------------------------------------------ */

static void convert(struct wc_video_frame *frame, const struct wc_video_converter_config *config)
{
	flushed = false;
	ck_assert_int_eq(wc_video_converter_configure(converter, config), WC_OK);
	ck_assert_int_eq(wc_video_converter_convert(converter, frame), WC_OK);
	ck_assert_int_eq(wc_video_converter_flush(converter, on_flushed, &flushed), WC_OK);
	run();
	wc_video_frame_unref(frame);
}

START_TEST(a_converter)
{
	struct wc_video_converter_config config = {
		.width = 200, .height = 120, .fourcc = DRM_FORMAT_YUV420,
		.hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
	};
	static uint8_t expected[200 * 120 * 3 / 2], copy[sizeof expected];

	convert(new_rows(), &config);
	ck_assert_uint_eq(n_outputs, 1);
	ck_assert_int_eq(wc_video_frame_copy_to(result, NULL, expected, sizeof expected, NULL),
			 WC_OK);
	/* Devices may be asked first. */
	config.hardware_acceleration = WC_HARDWARE_NO_PREFERENCE;
	convert(new_tiled(kinds[_i].modifier), &config);
	ck_assert_uint_eq(n_outputs, kinds[_i].is_known ? 2 : 1);
	ck_assert_uint_eq(n_errors, kinds[_i].is_known ? 0 : 1);
	if (kinds[_i].is_known) {
		ck_assert_int_eq(wc_video_frame_copy_to(result, NULL, copy, sizeof copy, NULL),
				 WC_OK);
		ck_assert_mem_eq(copy, expected, sizeof copy);
	} else {
		ck_assert_int_eq(error.name, WC_NOT_SUPPORTED_ERROR);
		ck_assert_msg(strstr(error.message, kinds[_i].name), "%s", error.message);
	}
}
END_TEST

START_TEST(a_converter_on_a_device)
{
	struct wc_video_converter_config config = {
		.width = 200, .height = 120, .device = RGA,
	};

	convert(new_tiled(kinds[_i].modifier), &config);
	ck_assert_uint_eq(n_outputs, 0);
	ck_assert_uint_eq(n_errors, 1);
	ck_assert_int_eq(error.name, WC_NOT_SUPPORTED_ERROR);
	ck_assert_str_eq(error.device, RGA);
	ck_assert_msg(strstr(error.message, kinds[_i].name), "%s", error.message);
}
END_TEST

START_TEST(converters_can_be_asked)
{
	struct wc_video_converter_config config = { .width = 200, .height = 120 };
	struct wc_video_converter_source source = {
		.fourcc = DRM_FORMAT_NV12, .modifier = kinds[_i].modifier,
		.width = WIDTH, .height = HEIGHT,
	};
	struct wc_session_info info;
	bool supported;

	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert_int_eq(supported, kinds[_i].is_known);
	ck_assert_int_eq(info.kind, supported ? WC_SESSION_SOFTWARE : WC_SESSION_NONE);
	/* Three samples in four bytes become P010, and NV12 if that is asked for. */
	source.fourcc = DRM_FORMAT_P030;
	source.modifier = DRM_FORMAT_MOD_BROADCOM_SAND128_COL_HEIGHT(576ULL);
	config.fourcc = _i ? DRM_FORMAT_NV12 : 0;
	config.width = config.height = 0;
	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(supported);
	source.modifier = DRM_FORMAT_MOD_INVALID;
	ck_assert_int_eq(wc_video_converter_is_config_supported(context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(!supported);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tiles");
	TCase *all = tcase_create("tiles");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_loop_test(all, calls_on_frames, 0, N_KINDS);
	tcase_add_loop_test(all, frames_of_frames, 0, N_KINDS);
	tcase_add_loop_test(all, out_of_the_library_and_back, 0, N_KINDS);
	tcase_add_loop_test(all, an_encoder_that_copies, 0, N_KINDS);
	tcase_add_loop_test(all, an_encoder_that_must_not_copy, 0, N_KINDS);
	tcase_add_loop_test(all, a_converter, 0, N_KINDS);
	tcase_add_loop_test(all, a_converter_on_a_device, 0, N_KINDS);
	tcase_add_loop_test(all, converters_can_be_asked, 0, N_KINDS);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
