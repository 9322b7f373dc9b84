/* SPDX-License-Identifier: MIT */
/*
 * VideoConverter: what it has beyond the machine that test_video_decoder.c looks at, on scripted
 * sessions.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <string.h>

#include "api/codec.h"
#include "app.h"

static struct app app;

static void set_up(void)
{
	app_init_converter(&app);
}

static void set_up_ready(void)
{
	app_init_converter(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
}

static void tear_down(void)
{
	app_finish(&app);
}

#define assert_fails(call, status) \
	do { \
		ck_assert_int_eq((call), (status)); \
		ck_assert_int_eq(wc_context_get_error(app.context)->name, (status)); \
		ck_assert_str_ne(wc_context_get_error(app.context)->message, ""); \
	} while (0)

#define assert_state(expected) \
	ck_assert_int_eq(wc_video_converter_get_state(app.converter), (expected))

#define BT709 { WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED }
#define SRGB { WC_PRIMARIES_BT709, WC_TRANSFER_IEC61966_2_1, WC_MATRIX_RGB, WC_COLOR_RANGE_FULL }

static void configure(const struct wc_video_converter_config *config)
{
	ck_assert_int_eq(wc_video_converter_configure(app.converter, config), WC_OK);
}

/* A frame of the init, with any content; 0 is 64x48 of I420. */
static struct wc_video_frame *frame_like(struct wc_video_frame_init init)
{
	static const uint8_t data[320 * 240 * 4];
	struct wc_video_frame *frame;

	init.fourcc = init.fourcc ? init.fourcc : DRM_FORMAT_YUV420;
	init.coded_width = init.coded_width ? init.coded_width : 64;
	init.coded_height = init.coded_height ? init.coded_height : 48;
	ck_assert_int_eq(wc_video_frame_new(app.context, data, sizeof data, &init, &frame), WC_OK);
	return frame;
}

static void convert(struct wc_video_frame_init init)
{
	struct wc_video_frame *frame = frame_like(init);

	ck_assert_int_eq(wc_video_converter_convert(app.converter, frame), WC_OK);
	wc_video_frame_unref(frame);
}

/* Configure, convert one frame, and keep what comes out in app.frame. */
static void make_result(const struct wc_video_converter_config *config,
			struct wc_video_frame_init init)
{
	app.keep = true;
	configure(config);
	convert(init);
	app_run(&app);
	ck_assert_ptr_nonnull(app.frame);
}

/* Construction and configure() */

static void no_output(struct wc_video_frame *frame, void *user_data)
{
	(void)user_data;
	wc_video_frame_unref(frame);
}

static void no_error(const struct wc_error *error, void *user_data)
{
	(void)error;
	(void)user_data;
}

START_TEST(construction_needs_output_and_error)
{
	struct wc_video_converter *converter = app.converter;
	struct wc_video_converter_init init = { .output = no_output };

	assert_fails(wc_video_converter_new(app.context, &init, &converter), WC_TYPE_ERROR);
	ck_assert_ptr_null(converter);
	init = (struct wc_video_converter_init) { .error = no_error };
	assert_fails(wc_video_converter_new(app.context, &init, &converter), WC_TYPE_ERROR);
	init = (struct wc_video_converter_init) { no_output, no_error, .reserved[0] = 1 };
	assert_fails(wc_video_converter_new(app.context, &init, &converter), WC_TYPE_ERROR);
	assert_fails(wc_video_converter_new(app.context, NULL, &converter), WC_TYPE_ERROR);
	assert_fails(wc_video_converter_new(app.context, &init, NULL), WC_TYPE_ERROR);
	wc_video_converter_destroy(NULL);
}
END_TEST

START_TEST(new_converter_is_unconfigured)
{
	struct wc_session_info info;
	struct wc_counters counters;

	assert_state(WC_CODEC_UNCONFIGURED);
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.video_converters, 1);
	ck_assert_uint_eq(counters.video_decoders + counters.video_encoders, 0);
	wc_video_converter_get_session_info(app.converter, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	assert_fails(app_convert(&app, 0), WC_INVALID_STATE_ERROR);
	assert_fails(app_flush(&app, 1), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_converter_reset(app.converter), WC_OK);
}
END_TEST

static const struct {
	struct wc_video_converter_config config;
	const char *says;
} invalid_configs[] = {
	{ { .width = 64 }, "width and height" },
	{ { .height = 64 }, "width and height" },
	{ { .display_width = 1 }, "display width and height" },
	{ { .display_height = 1 }, "display width and height" },
	{ { .rotation = 45 }, "rotation" },
	{ { .rotation = 360 }, "rotation" },
	{ { .orientation = (enum wc_orientation_policy)2 }, "orientation" },
	{ { .color_space.range = (enum wc_color_range)3 }, "colour space" },
	{ { .fourcc = DRM_FORMAT_XRGB8888, .color_space.matrix = WC_MATRIX_BT709 }, "matrix" },
	{ { .fourcc = DRM_FORMAT_NV12, .color_space.matrix = WC_MATRIX_RGB }, "matrix" },
	{ { .hardware_acceleration = (enum wc_hardware_acceleration)3 }, "acceleration" },
	{ { .use = 8 }, "use" },
	{ { .copy = (enum wc_copy_policy)2 }, "copy" },
	{ { .reserved[7] = 1 }, "reserved" },
};

START_TEST(configure_names_what_is_invalid)
{
	const struct wc_video_converter_config *config = &invalid_configs[_i].config;
	struct wc_video_converter_source source = { DRM_FORMAT_NV12, .width = 4, .height = 4 };
	bool supported;

	assert_fails(wc_video_converter_configure(app.converter, config), WC_TYPE_ERROR);
	ck_assert_ptr_nonnull(strstr(wc_context_get_error(app.context)->message,
				     invalid_configs[_i].says));
	assert_state(WC_CODEC_UNCONFIGURED);
	assert_fails(wc_video_converter_is_config_supported(app.context, config, &source,
							    &supported, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_converter_close(app.converter), WC_OK);
	assert_fails(wc_video_converter_configure(app.converter, config), WC_TYPE_ERROR);
}
END_TEST

START_TEST(configure_refuses_null_and_keeps_what_was)
{
	struct wc_video_converter_config bad = { .rotation = 1 };

	configure(&(struct wc_video_converter_config) { .rotation = 180 });
	assert_fails(wc_video_converter_configure(app.converter, NULL), WC_TYPE_ERROR);
	assert_fails(wc_video_converter_configure(app.converter, &bad), WC_TYPE_ERROR);
	convert((struct wc_video_frame_init) { .timestamp = 1 });
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 out:1");
	ck_assert_uint_eq(app.script.converter.rotation, 180);
}
END_TEST

START_TEST(configure_opens_nothing)
{
	struct wc_session_info info;

	ck_assert_int_eq(app_configure(&app), WC_OK);
	assert_state(WC_CODEC_CONFIGURED);
	app_run(&app);
	trace_expect(&app.trace, "");
	ck_assert(!wc_video_converter_is_saturated(app.converter));
	/* Nothing to wait for. */
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "flush1:OK");
	wc_video_converter_get_session_info(app.converter, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
}
END_TEST

START_TEST(everything_is_handed_on)
{
	char device[] = "/dev/video7";
	struct wc_video_converter_config config = {
		.fourcc = DRM_FORMAT_NV12, .width = 32, .height = 24, .rotation = 90, .flip = true,
		.color_space = { .matrix = WC_MATRIX_SMPTE170M },
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE, .device = device,
		.use = WC_MEMORY_FOR_DISPLAY | WC_MEMORY_FOR_CODEC, .copy = WC_COPY_NEVER,
	};
	const struct converter_params *params = &app.script.converter;

	configure(&config);
	/* All of it was copied. */
	device[0] = 'x';
	convert((struct wc_video_frame_init) {
		.coded_width = 80, .coded_height = 60, .visible_rect = { 2, 4, 64, 48 },
	});
	app_run(&app);
	trace_expect(&app.trace, "open submit:0 out:0");
	ck_assert_uint_eq(params->source.fourcc, DRM_FORMAT_YUV420);
	ck_assert_uint_eq(params->source.modifier, DRM_FORMAT_MOD_LINEAR);
	ck_assert_uint_eq(params->source.width, 64);
	ck_assert_uint_eq(params->source.height, 48);
	ck_assert_int_eq(params->source.color_space.matrix, WC_MATRIX_BT709);
	ck_assert_uint_eq(params->result.fourcc, DRM_FORMAT_NV12);
	ck_assert_uint_eq(params->result.width, 32);
	ck_assert_uint_eq(params->result.height, 24);
	ck_assert_int_eq(params->result.color_space.matrix, WC_MATRIX_SMPTE170M);
	ck_assert_int_eq(params->result.color_space.range, WC_COLOR_RANGE_LIMITED);
	ck_assert_uint_eq(params->rotation, 90);
	ck_assert(params->flip);
	ck_assert_uint_eq(params->use, WC_MEMORY_FOR_DISPLAY | WC_MEMORY_FOR_CODEC);
	ck_assert_int_eq(params->copy, WC_COPY_NEVER);
	ck_assert_int_eq(app.script.preference, WC_HARDWARE_PREFER_HARDWARE);
	ck_assert_str_eq(app.script.device, "/dev/video7");
	ck_assert_str_eq(app.script.label, "test");
}
END_TEST

START_TEST(without_a_wish_the_same_comes_out)
{
	const struct converter_params *params = &app.script.converter;

	make_result(&(struct wc_video_converter_config) { .fourcc = 0 },
		    (struct wc_video_frame_init) {
			.timestamp = -5, .duration = 7, .has_duration = true, .rotation = 270,
			.flip = true, .display_width = 48, .display_height = 128,
		    });
	ck_assert_uint_eq(params->result.fourcc, DRM_FORMAT_YUV420);
	ck_assert_uint_eq(params->result.width, 64);
	ck_assert_uint_eq(params->result.height, 48);
	ck_assert_uint_eq(params->rotation, 0);
	ck_assert(!params->flip);
	ck_assert_uint_eq(params->use, WC_MEMORY_FOR_CPU);
	ck_assert_int_eq(wc_video_frame_get_timestamp(app.frame), -5);
	ck_assert_uint_eq(wc_video_frame_get_rotation(app.frame), 270);
	ck_assert(wc_video_frame_get_flip(app.frame));
	ck_assert_uint_eq(wc_video_frame_get_display_width(app.frame), 48);
	ck_assert_uint_eq(wc_video_frame_get_display_height(app.frame), 128);
	ck_assert_int_eq(wc_video_frame_get_color_space(app.frame).matrix, WC_MATRIX_BT709);
}
END_TEST

/* Orientation */

static const struct {
	uint16_t frame;                /* what the frame says of itself */
	bool frame_flip;
	uint16_t config;
	bool config_flip;
	uint16_t rotation;             /* of both together */
	bool flip;
} turns[] = {
	{ 0, false, 0, false, 0, false },
	{ 90, false, 0, false, 90, false },
	{ 90, false, 270, false, 0, false },
	{ 180, true, 0, false, 180, true },
	{ 180, true, 0, true, 180, false },
	/* Behind a mirror a turn goes the other way. */
	{ 0, true, 90, false, 270, true },
	{ 270, true, 90, true, 180, false },
	{ 90, true, 180, false, 270, true },
};

START_TEST(upright_results_are_turned_by_both)
{
	const struct converter_params *params = &app.script.converter;
	bool swapped = turns[_i].rotation % 180;

	make_result(&(struct wc_video_converter_config) {
			.orientation = WC_ORIENTATION_UPRIGHT, .rotation = turns[_i].config,
			.flip = turns[_i].config_flip,
		    }, (struct wc_video_frame_init) {
			.rotation = turns[_i].frame, .flip = turns[_i].frame_flip,
		    });
	ck_assert_uint_eq(params->rotation, turns[_i].rotation);
	ck_assert(params->flip == turns[_i].flip);
	ck_assert_uint_eq(params->result.width, swapped ? 48 : 64);
	ck_assert_uint_eq(params->result.height, swapped ? 64 : 48);
	ck_assert_uint_eq(wc_video_frame_get_rotation(app.frame), 0);
	ck_assert(!wc_video_frame_get_flip(app.frame));
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(app.frame).width, swapped ? 48 : 64);
}
END_TEST

START_TEST(carried_orientation_stays_apart)
{
	const struct converter_params *params = &app.script.converter;

	make_result(&(struct wc_video_converter_config) { .rotation = 90 },
		    (struct wc_video_frame_init) { .rotation = 180, .flip = true });
	ck_assert_uint_eq(params->rotation, 90);
	ck_assert(!params->flip);
	ck_assert_uint_eq(params->result.width, 48);
	ck_assert_uint_eq(wc_video_frame_get_rotation(app.frame), 180);
	ck_assert(wc_video_frame_get_flip(app.frame));
}
END_TEST

/* Display size */

static const struct {
	struct wc_video_converter_config config;
	struct wc_video_frame_init frame;
	uint32_t width, height;
} shapes[] = {
	{ { .width = 32, .height = 24 }, { .timestamp = 0 }, 32, 24 },
	{ { .width = 64, .height = 24 }, { .timestamp = 0 }, 64, 48 },
	{ { .width = 32, .height = 48 }, { .timestamp = 0 }, 64, 48 },
	{ { .width = 160, .height = 120 }, { .coded_width = 320, .coded_height = 180 }, 213, 120 },
	/* Pixels that are not square. */
	{ { .width = 32, .height = 24 }, { .display_width = 128, .display_height = 48 }, 64, 24 },
	{ { .fourcc = 0 }, { .display_width = 128, .display_height = 48 }, 128, 48 },
	{ { .display_width = 9, .display_height = 16 }, { .timestamp = 0 }, 9, 16 },
	/* The pixels are turned. */
	{ { .rotation = 90 }, { .display_width = 128, .display_height = 48 }, 48, 128 },
	{ { .rotation = 180 }, { .display_width = 128, .display_height = 48 }, 128, 48 },
	/* The frame is to be turned, and so is the result. */
	{ { .fourcc = 0 }, { .rotation = 90, .display_width = 48, .display_height = 128 },
	  48, 128 },
	{ { .rotation = 90 }, { .rotation = 90, .display_width = 48, .display_height = 128 },
	  128, 48 },
	{ { .orientation = WC_ORIENTATION_UPRIGHT },
	  { .rotation = 90, .display_width = 48, .display_height = 128 }, 48, 128 },
	{ { .orientation = WC_ORIENTATION_UPRIGHT, .rotation = 90 },
	  { .rotation = 90, .display_width = 48, .display_height = 128 }, 128, 48 },
};

START_TEST(display_size_keeps_the_shape)
{
	make_result(&shapes[_i].config, shapes[_i].frame);
	ck_assert_uint_eq(wc_video_frame_get_display_width(app.frame), shapes[_i].width);
	ck_assert_uint_eq(wc_video_frame_get_display_height(app.frame), shapes[_i].height);
}
END_TEST

/* Colours */

static const struct {
	uint32_t source, result;
	struct wc_video_color_space frame, config, expected;
} colors[] = {
	{ DRM_FORMAT_YUV420, DRM_FORMAT_NV12, BT709, { .range = 0 }, BT709 },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_NV12, BT709, { .range = WC_COLOR_RANGE_FULL },
	  { WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709, WC_COLOR_RANGE_FULL } },
	{ DRM_FORMAT_YUV420, DRM_FORMAT_XRGB8888, BT709, { .range = 0 },
	  { WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_RGB, WC_COLOR_RANGE_FULL } },
	{ DRM_FORMAT_XRGB8888, DRM_FORMAT_YUV420, SRGB, { .range = 0 },
	  { WC_PRIMARIES_BT709, WC_TRANSFER_IEC61966_2_1, WC_MATRIX_BT709,
	    WC_COLOR_RANGE_LIMITED } },
	{ DRM_FORMAT_XRGB8888, DRM_FORMAT_YUV420, SRGB, { .matrix = WC_MATRIX_SMPTE170M },
	  { WC_PRIMARIES_BT709, WC_TRANSFER_IEC61966_2_1, WC_MATRIX_SMPTE170M,
	    WC_COLOR_RANGE_LIMITED } },
	/* What a source has not is a label. */
	{ DRM_FORMAT_YUV420, DRM_FORMAT_NV12, { .matrix = WC_MATRIX_BT709 },
	  { .primaries = WC_PRIMARIES_BT2020 },
	  { WC_PRIMARIES_BT2020, WC_TRANSFER_UNSPECIFIED, WC_MATRIX_BT709,
	    WC_COLOR_RANGE_UNSPECIFIED } },
};

START_TEST(colors_change_with_the_family)
{
	const struct wc_video_color_space *expected = &colors[_i].expected;
	struct wc_video_color_space got;

	make_result(&(struct wc_video_converter_config) {
			.fourcc = colors[_i].result, .color_space = colors[_i].config,
		    }, (struct wc_video_frame_init) {
			.fourcc = colors[_i].source, .color_space = colors[_i].frame,
		    });
	got = wc_video_frame_get_color_space(app.frame);
	ck_assert_int_eq(got.primaries, expected->primaries);
	ck_assert_int_eq(got.transfer, expected->transfer);
	ck_assert_int_eq(got.matrix, expected->matrix);
	ck_assert_int_eq(got.range, expected->range);
	ck_assert_uint_eq(wc_video_frame_get_fourcc(app.frame), colors[_i].result);
}
END_TEST

static const struct {
	struct wc_video_converter_config config;
	const char *says;
} hopeless[] = {
	{ { .color_space.primaries = WC_PRIMARIES_BT2020 }, "primaries" },
	{ { .color_space.transfer = WC_TRANSFER_PQ }, "transfer" },
	/* The format is known with the frame only. */
	{ { .color_space.matrix = WC_MATRIX_RGB }, "matrix" },
	{ { .fourcc = 0x20202020 }, "layout" },
};

START_TEST(what_nobody_computes_is_not_supported)
{
	struct wc_video_converter_source source = {
		DRM_FORMAT_YUV420, .width = 64, .height = 48, .color_space = BT709,
	};
	bool supported = true;

	app.script.probe_works = true;
	ck_assert_int_eq(wc_video_converter_is_config_supported(app.context, &hopeless[_i].config,
								&source, &supported, NULL), WC_OK);
	ck_assert(!supported);
	configure(&hopeless[_i].config);
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "error:NotSupportedError flush1:NotSupportedError");
	ck_assert_ptr_nonnull(strstr(app.error.message, hopeless[_i].says));
	assert_state(WC_CODEC_CLOSED);
}
END_TEST

/* is_config_supported() */

START_TEST(support_is_what_the_sessions_say)
{
	struct wc_video_converter_config config = { .fourcc = DRM_FORMAT_ABGR8888 };
	struct wc_video_converter_source source = {
		DRM_FORMAT_NV12, .width = 64, .height = 48, .rotation = 90,
	};
	struct wc_session_info info;
	struct wc_counters counters;
	bool supported = true;

	ck_assert_int_eq(wc_video_converter_is_config_supported(app.context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(!supported);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	app.script.probe_works = true;
	config.orientation = WC_ORIENTATION_UPRIGHT;
	config.device = "/dev/video7";
	ck_assert_int_eq(wc_video_converter_is_config_supported(app.context, &config, &source,
								&supported, &info), WC_OK);
	ck_assert(supported);
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_uint_eq(app.script.converter.source.fourcc, DRM_FORMAT_NV12);
	ck_assert_int_eq(app.script.converter.source.color_space.matrix, WC_MATRIX_BT709);
	ck_assert_uint_eq(app.script.converter.result.width, 48);
	ck_assert_str_eq(app.script.device, "/dev/video7");
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.video_converters, 1);
}
END_TEST

static const struct wc_video_converter_source invalid_sources[] = {
	{ .width = 4, .height = 4 },
	{ DRM_FORMAT_NV12, .width = 4 },
	{ DRM_FORMAT_NV12, .height = 4 },
	{ DRM_FORMAT_NV12, .width = 4, .height = 4, .rotation = 89 },
	{ DRM_FORMAT_NV12, .width = 4, .height = 4,
	  .color_space.matrix = (enum wc_color_matrix)2 },
	{ DRM_FORMAT_NV12, .width = 4, .height = 4, .reserved[3] = 1 },
};

START_TEST(support_needs_a_valid_source)
{
	struct wc_video_converter_config config = { .fourcc = 0 };
	struct wc_video_converter_source good = { DRM_FORMAT_NV12, .width = 4, .height = 4 };
	bool supported;

	assert_fails(wc_video_converter_is_config_supported(app.context, &config,
							    &invalid_sources[_i], &supported,
							    NULL), WC_TYPE_ERROR);
	assert_fails(wc_video_converter_is_config_supported(app.context, &config, NULL,
							    &supported, NULL), WC_TYPE_ERROR);
	assert_fails(wc_video_converter_is_config_supported(app.context, &config, &good, NULL,
							    NULL), WC_TYPE_ERROR);
}
END_TEST

/* convert() */

START_TEST(frames_of_one_kind_go_on_without_a_break)
{
	struct wc_counters counters;
	struct wc_session_info info;

	app.tell_dequeue = true;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	ck_assert_uint_eq(wc_video_converter_get_queue_size(app.converter), 2);
	ck_assert(wc_video_converter_is_saturated(app.converter));
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 submit:2 out:1 out:2 dequeue:0");
	ck_assert_int_eq(app_convert(&app, 3), WC_OK);
	trace_expect(&app.trace, "submit:3");
	app_run(&app);
	trace_expect(&app.trace, "out:3 dequeue:0");
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.frames_converted, 3);
	ck_assert_uint_eq(counters.frames_decoded, 0);
	wc_video_converter_get_session_info(app.converter, &info);
	ck_assert_uint_eq(info.units_in, 3);
}
END_TEST

START_TEST(closed_frames_are_refused_before_all_else)
{
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);

	wc_video_frame_close(frame);
	assert_fails(wc_video_converter_convert(app.converter, frame), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_converter_close(app.converter), WC_OK);
	assert_fails(wc_video_converter_convert(app.converter, frame), WC_TYPE_ERROR);
	assert_fails(wc_video_converter_convert(app.converter, NULL), WC_TYPE_ERROR);
	wc_video_frame_unref(frame);
	assert_fails(app_convert(&app, 2), WC_INVALID_STATE_ERROR);
	assert_fails(app_configure(&app), WC_INVALID_STATE_ERROR);
	assert_fails(wc_video_converter_reset(app.converter), WC_INVALID_STATE_ERROR);
}
END_TEST

START_TEST(a_frame_that_waits_may_be_closed)
{
	struct wc_video_frame *frame = app_frame(&app, 2, 0, false);

	app.script.room = 1;
	app.script.allowed = 0;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_converter_convert(app.converter, frame), WC_OK);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 full");
	ck_assert_uint_eq(wc_video_converter_get_queue_size(app.converter), 1);
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1 submit:2 out:2");
}
END_TEST

/* Whatever makes a frame another kind of source. */
static const struct wc_video_frame_init others[] = {
	{ .timestamp = 3, .fourcc = DRM_FORMAT_NV12 },
	{ .timestamp = 3, .coded_width = 32 },
	{ .timestamp = 3, .coded_height = 32 },
	{ .timestamp = 3, .visible_rect = { 0, 0, 32, 32 } },
	{ .timestamp = 3, .color_space = { .range = WC_COLOR_RANGE_FULL } },
};

START_TEST(another_kind_waits_for_results_of_the_first)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	convert(others[_i]);
	ck_assert_int_eq(app_convert(&app, 4), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 submit:2 drain");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1 out:2 destroy open submit:3 drain out:3 destroy open "
		     "submit:4 out:4");
	assert_state(WC_CODEC_CONFIGURED);
}
END_TEST

/* The memory, the place of the visible part and the time make no kind. */
START_TEST(the_same_part_elsewhere_is_the_same_kind)
{
	convert((struct wc_video_frame_init) {
		.coded_width = 80, .coded_height = 60, .visible_rect = { 0, 0, 64, 48 },
	});
	convert((struct wc_video_frame_init) {
		.timestamp = 1, .coded_width = 96, .coded_height = 60,
		.visible_rect = { 8, 2, 64, 48 },
	});
	app_run(&app);
	trace_expect(&app.trace, "open submit:0 submit:1 out:0 out:1");
}
END_TEST

static void note_rotation(struct app *a)
{
	trace_add(&a->trace, "r%u", wc_video_frame_get_rotation(a->frame));
	wc_video_frame_unref(a->frame);
	a->frame = NULL;
}

/* What results say changes, the session does not. */
START_TEST(a_carried_orientation_keeps_the_session)
{
	app.keep = true;
	app.on_output = note_rotation;
	convert((struct wc_video_frame_init) { .timestamp = 1 });
	convert((struct wc_video_frame_init) { .timestamp = 2, .rotation = 180 });
	convert((struct wc_video_frame_init) { .timestamp = 3, .rotation = 180 });
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 drain out:1 r0 submit:2 submit:3 out:2 r180 "
		     "out:3 r180");
}
END_TEST

START_TEST(an_orientation_that_is_done_makes_another_session)
{
	configure(&(struct wc_video_converter_config) { .orientation = WC_ORIENTATION_UPRIGHT });
	convert((struct wc_video_frame_init) { .timestamp = 1 });
	convert((struct wc_video_frame_init) { .timestamp = 2, .rotation = 180 });
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 drain out:1 destroy open submit:2 out:2");
	ck_assert_uint_eq(app.script.converter.rotation, 180);
}
END_TEST

START_TEST(frames_queued_before_keep_their_configuration)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	configure(&(struct wc_video_converter_config) { .width = 16, .height = 12 });
	configure(&(struct wc_video_converter_config) { .width = 32, .height = 24 });
	app_run(&app);
	/* The configurations wait for a frame. */
	trace_expect(&app.trace, "open submit:1");
	ck_assert_uint_eq(app.script.converter.result.width, 64);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "drain");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1 destroy open submit:2 out:2");
	ck_assert_uint_eq(app.script.converter.result.width, 32);
}
END_TEST

START_TEST(the_same_configuration_goes_on)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	app_run(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 submit:2");
	/* Another device is another session. */
	configure(&(struct wc_video_converter_config) { .device = "/dev/video7" });
	script_allow(&app.script, -1);
	ck_assert_int_eq(app_convert(&app, 3), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "drain out:1 out:2 destroy open submit:3 out:3");
	ck_assert_str_eq(app.script.device, "/dev/video7");
}
END_TEST

START_TEST(reset_keeps_the_session_for_the_same_kind)
{
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	app_run(&app);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_converter_reset(app.converter), WC_OK);
	assert_state(WC_CODEC_UNCONFIGURED);
	assert_fails(app_convert(&app, 3), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_convert(&app, 4), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 out:1 submit:2 drain reset flush1:AbortError "
		     "submit:4 out:4");
}
END_TEST

START_TEST(reset_forgets_kinds_that_wait)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	app_run(&app);
	convert(others[0]);
	ck_assert_int_eq(wc_video_converter_reset(app.converter), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	script_allow(&app.script, -1);
	convert(others[0]);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 drain reset destroy open submit:3 out:3");
}
END_TEST

/* Ends */

START_TEST(no_session_closes_with_the_reason)
{
	app.script.open_fails = WC_NOT_SUPPORTED_ERROR;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "refused error:NotSupportedError flush1:NotSupportedError");
	ck_assert_str_eq(app.error.message, "no session here");
	assert_state(WC_CODEC_CLOSED);
	assert_fails(app_convert(&app, 2), WC_INVALID_STATE_ERROR);
}
END_TEST

START_TEST(no_context_can_be_waited_for)
{
	configure(&(struct wc_video_converter_config) { .context_wait = 10000000 });
	app.script.open_fails = WC_QUOTA_EXCEEDED_ERROR;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "refused");
	assert_state(WC_CODEC_CONFIGURED);
	app.script.open_fails = WC_OK;
	while (!app.trace.text[0])
		wc_context_dispatch(app.context, 100);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 out:1");
}
END_TEST

START_TEST(a_failure_tells_error_then_flushes)
{
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	app_run(&app);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	script_fail(&app.script, WC_ENCODING_ERROR);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 out:1 submit:2 drain out:2 destroy "
		     "error:EncodingError flush1:EncodingError");
	assert_state(WC_CODEC_CLOSED);
}
END_TEST

START_TEST(close_gives_the_session_back_at_once)
{
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	app_run(&app);
	convert(others[0]);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_converter_close(app.converter), WC_OK);
	ck_assert_uint_eq(app.script.alive, 0);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 out:1 drain destroy flush1:AbortError");
}
END_TEST

static void destroy_converter(struct app *a)
{
	struct wc_video_converter *converter = a->converter;

	a->converter = NULL;
	wc_video_converter_destroy(converter);
}

START_TEST(a_callback_may_destroy)
{
	app.on_output = destroy_converter;
	ck_assert_int_eq(app_convert(&app, 1), WC_OK);
	ck_assert_int_eq(app_convert(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 submit:2 out:1 destroy");
}
END_TEST

START_TEST(traits_are_taken_while_it_is_open)
{
	struct wc_reclaim_traits traits = { .background = true, .priority = -1 };

	ck_assert_int_eq(wc_video_converter_set_reclaim_traits(app.converter, &traits), WC_OK);
	ck_assert_int_eq(wc_video_converter_set_reclaim_traits(app.converter, NULL), WC_OK);
	traits.reserved[0] = 1;
	assert_fails(wc_video_converter_set_reclaim_traits(app.converter, &traits), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_converter_close(app.converter), WC_OK);
	assert_fails(wc_video_converter_set_reclaim_traits(app.converter, NULL),
		     WC_INVALID_STATE_ERROR);
}
END_TEST

/* A session may have one for itself, in whatever struct. */
START_TEST(claims_of_sessions_are_no_codecs)
{
	static const struct claim_ops ops;
	struct {
		uint8_t before[sizeof(struct codec)];
		struct claim claim;
		uint8_t after[sizeof(struct codec)];
	} around;

	memset(&around, 0xff, sizeof around);
	ck_assert_int_eq(accountant_enter(&app.context->accountant, &around.claim, &ops, true,
					  "inner"), 0);
	ck_assert_ptr_null(codec_of_claim(&around.claim));
	ck_assert_int_eq(wc_context_set_reclaim_traits(app.context, NULL), WC_OK);
	ck_assert_uint_eq(codecs_throttle(app.context, true), 0);
	ck_assert_uint_eq(codecs_throttle(app.context, false), 0);
	claim_leave(&around.claim);
}
END_TEST

#define N(array) ((int)(sizeof(array) / sizeof *(array)))

static void add_fresh(TCase *fresh)
{
	tcase_add_checked_fixture(fresh, set_up, tear_down);
	tcase_add_test(fresh, construction_needs_output_and_error);
	tcase_add_test(fresh, new_converter_is_unconfigured);
	tcase_add_loop_test(fresh, configure_names_what_is_invalid, 0, N(invalid_configs));
	tcase_add_test(fresh, configure_refuses_null_and_keeps_what_was);
	tcase_add_test(fresh, configure_opens_nothing);
	tcase_add_test(fresh, everything_is_handed_on);
	tcase_add_test(fresh, without_a_wish_the_same_comes_out);
	tcase_add_loop_test(fresh, upright_results_are_turned_by_both, 0, N(turns));
	tcase_add_test(fresh, carried_orientation_stays_apart);
	tcase_add_loop_test(fresh, display_size_keeps_the_shape, 0, N(shapes));
	tcase_add_loop_test(fresh, colors_change_with_the_family, 0, N(colors));
	tcase_add_loop_test(fresh, what_nobody_computes_is_not_supported, 0, N(hopeless));
	tcase_add_test(fresh, support_is_what_the_sessions_say);
	tcase_add_loop_test(fresh, support_needs_a_valid_source, 0, N(invalid_sources));
	tcase_add_test(fresh, no_context_can_be_waited_for);
	tcase_add_test(fresh, traits_are_taken_while_it_is_open);
	tcase_add_test(fresh, claims_of_sessions_are_no_codecs);
}

static Suite *suite(void)
{
	Suite *s = suite_create("video_converter");
	TCase *fresh = tcase_create("unconfigured");
	TCase *ready = tcase_create("configured");

	add_fresh(fresh);
	suite_add_tcase(s, fresh);
	tcase_add_checked_fixture(ready, set_up_ready, tear_down);
	tcase_add_test(ready, frames_of_one_kind_go_on_without_a_break);
	tcase_add_test(ready, closed_frames_are_refused_before_all_else);
	tcase_add_test(ready, a_frame_that_waits_may_be_closed);
	tcase_add_loop_test(ready, another_kind_waits_for_results_of_the_first, 0, N(others));
	tcase_add_test(ready, the_same_part_elsewhere_is_the_same_kind);
	tcase_add_test(ready, a_carried_orientation_keeps_the_session);
	tcase_add_test(ready, an_orientation_that_is_done_makes_another_session);
	tcase_add_test(ready, frames_queued_before_keep_their_configuration);
	tcase_add_test(ready, the_same_configuration_goes_on);
	tcase_add_test(ready, reset_keeps_the_session_for_the_same_kind);
	tcase_add_test(ready, reset_forgets_kinds_that_wait);
	tcase_add_test(ready, no_session_closes_with_the_reason);
	tcase_add_test(ready, a_failure_tells_error_then_flushes);
	tcase_add_test(ready, close_gives_the_session_back_at_once);
	tcase_add_test(ready, a_callback_may_destroy);
	suite_add_tcase(s, ready);
	return s;
}

int main(void)
{
	return app_main(suite());
}
