/* SPDX-License-Identifier: MIT */
/*
 * VideoEncoder: what it has beyond the machine that test_video_decoder.c looks at (W3C WebCodecs
 * section 6), on scripted sessions.
 */
#include <check.h>
#include <drm_fourcc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app.h"

static struct app app;

static void set_up(void)
{
	app_init_encoder(&app);
}

static void set_up_ready(void)
{
	app_init_encoder(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
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
	ck_assert_int_eq(wc_video_encoder_get_state(app.encoder), (expected))

#define VALID .codec = "vp8", .width = 64, .height = 48

/* Construction and configure() */

static void no_output(struct wc_encoded_video_chunk *chunk,
		      const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	(void)metadata;
	(void)user_data;
	wc_encoded_video_chunk_unref(chunk);
}

static void no_error(const struct wc_error *error, void *user_data)
{
	(void)error;
	(void)user_data;
}

START_TEST(construction_needs_output_and_error)
{
	struct wc_video_encoder *encoder = app.encoder;
	struct wc_video_encoder_init init = { .output = no_output };

	assert_fails(wc_video_encoder_new(app.context, &init, &encoder), WC_TYPE_ERROR);
	ck_assert_ptr_null(encoder);
	init = (struct wc_video_encoder_init) { .error = no_error };
	assert_fails(wc_video_encoder_new(app.context, &init, &encoder), WC_TYPE_ERROR);
	init = (struct wc_video_encoder_init) { no_output, no_error, .reserved[0] = 1 };
	assert_fails(wc_video_encoder_new(app.context, &init, &encoder), WC_TYPE_ERROR);
	assert_fails(wc_video_encoder_new(app.context, NULL, &encoder), WC_TYPE_ERROR);
	assert_fails(wc_video_encoder_new(app.context, &init, NULL), WC_TYPE_ERROR);
	wc_video_encoder_destroy(NULL);
}
END_TEST

START_TEST(new_encoder_is_unconfigured)
{
	struct wc_video_frame *frame;
	struct wc_session_info info;
	struct wc_counters counters;

	assert_state(WC_CODEC_UNCONFIGURED);
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.video_encoders, 1);
	wc_video_encoder_get_session_info(app.encoder, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	assert_fails(app_encode(&app, 0), WC_INVALID_STATE_ERROR);
	assert_fails(app_flush(&app, 1), WC_INVALID_STATE_ERROR);
	assert_fails(wc_video_encoder_alloc_frame(app.encoder, 0, &frame),
		     WC_INVALID_STATE_ERROR);
	ck_assert_ptr_null(frame);
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
}
END_TEST

START_TEST(configure_hands_everything_on)
{
	struct wc_video_encoder_config config = {
		.codec = "avc1.42001e", .width = 640, .height = 480, .bitrate = 1000000,
		.framerate = 25, .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
		.bitrate_mode = WC_BITRATE_CONSTANT, .latency_mode = WC_LATENCY_REALTIME,
		.bitstream_format = WC_BITSTREAM_ANNEXB, .key_interval = 50,
		.fourcc = DRM_FORMAT_NV12, .device = "/dev/video7",
	};
	const struct encoder_params *params = &app.script.encoder;

	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	trace_expect(&app.trace, "");
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_int_eq(params->codec.codec, VIDEO_CODEC_H264);
	ck_assert_uint_eq(params->width, 640);
	ck_assert_uint_eq(params->height, 480);
	ck_assert_uint_eq(params->bitrate, 1000000);
	ck_assert_double_eq(params->framerate, 25);
	ck_assert_int_eq(params->bitrate_mode, WC_BITRATE_CONSTANT);
	ck_assert_int_eq(params->latency_mode, WC_LATENCY_REALTIME);
	ck_assert_int_eq(params->bitstream_format, WC_BITSTREAM_ANNEXB);
	ck_assert_uint_eq(params->key_interval, 50);
	ck_assert_uint_eq(params->fourcc, DRM_FORMAT_NV12);
	ck_assert_int_eq(app.script.preference, WC_HARDWARE_PREFER_HARDWARE);
	ck_assert_str_eq(app.script.device, "/dev/video7");
	ck_assert_str_eq(app.script.label, "test");
}
END_TEST

static const struct wc_video_encoder_config invalid_configs[] = {
	{ .codec = NULL, .width = 64, .height = 48 },
	{ .codec = "", .width = 64, .height = 48 },
	{ .codec = " ", .width = 64, .height = 48 },
	{ .codec = "vp8", .height = 48 },
	{ .codec = "vp8", .width = 64 },
	{ VALID, .display_width = 1 },
	{ VALID, .display_height = 1 },
	{ VALID, .framerate = -1 },
	{ VALID, .framerate = (double)INFINITY },
	{ VALID, .framerate = (double)NAN },
	{ VALID, .hardware_acceleration = (enum wc_hardware_acceleration)3 },
	{ VALID, .bitrate_mode = (enum wc_bitrate_mode)3 },
	{ VALID, .latency_mode = (enum wc_latency_mode)2 },
	{ VALID, .bitstream_format = (enum wc_bitstream_format)2 },
	{ VALID, .copy = (enum wc_copy_policy)2 },
	{ VALID, .reserved[3] = 1 },
};

START_TEST(configure_refuses_invalid)
{
	bool supported;

	assert_fails(wc_video_encoder_configure(app.encoder, &invalid_configs[_i]),
		     WC_TYPE_ERROR);
	assert_state(WC_CODEC_UNCONFIGURED);
	assert_fails(wc_video_encoder_is_config_supported(app.context, &invalid_configs[_i],
							  &supported, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_encoder_close(app.encoder), WC_OK);
	assert_fails(wc_video_encoder_configure(app.encoder, &invalid_configs[_i]),
		     WC_TYPE_ERROR);
}
END_TEST

START_TEST(configure_refuses_null)
{
	bool supported;

	assert_fails(wc_video_encoder_configure(app.encoder, NULL), WC_TYPE_ERROR);
	assert_fails(wc_video_encoder_is_config_supported(app.context, NULL, &supported, NULL),
		     WC_TYPE_ERROR);
}
END_TEST

START_TEST(configure_reports_unsupported)
{
	struct wc_video_encoder_config config = { VALID };
	bool supported = true;

	config.codec = "vp9";
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "error:NotSupportedError flush1:NotSupportedError");
	assert_state(WC_CODEC_CLOSED);
	ck_assert_int_eq(wc_video_encoder_is_config_supported(app.context, &config, &supported,
							      NULL), WC_OK);
	ck_assert(!supported);
}
END_TEST

START_TEST(support_is_what_the_sessions_say)
{
	struct wc_video_encoder_config config = { VALID };
	struct wc_session_info info;
	bool supported = true;

	ck_assert_int_eq(wc_video_encoder_is_config_supported(app.context, &config, &supported,
							      &info), WC_OK);
	ck_assert(!supported);
	app.script.probe_works = true;
	ck_assert_int_eq(wc_video_encoder_is_config_supported(app.context, &config, &supported,
							      &info), WC_OK);
	ck_assert(supported);
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_uint_eq(app.script.encoder.width, 64);
}
END_TEST

/* encode() */

START_TEST(encode_submits_at_once)
{
	struct wc_counters counters;

	app.tell_dequeue = true;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	trace_expect(&app.trace, "submit:1 submit:2");
	ck_assert_uint_eq(wc_video_encoder_get_queue_size(app.encoder), 0);
	app_run(&app);
	trace_expect(&app.trace, "out:1KC out:2 dequeue:0");
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.chunks_encoded, 2);
	ck_assert_uint_eq(counters.video_frames, 0);
}
END_TEST

START_TEST(encode_keeps_what_the_caller_closes)
{
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);
	struct wc_counters counters;

	app.script.room = 1;
	app.script.allowed = 0;
	ck_assert_int_eq(app_encode(&app, 0), WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_OK);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	ck_assert_uint_eq(wc_video_encoder_get_queue_size(app.encoder), 1);
	ck_assert(wc_video_encoder_is_saturated(app.encoder));
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.video_frames, 2);
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "submit:0 full out:0KC submit:1 out:1");
}
END_TEST

START_TEST(encode_refuses_closed_frames_before_all_else)
{
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);

	wc_video_frame_close(frame);
	assert_fails(wc_video_encoder_encode(app.encoder, frame, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_video_encoder_close(app.encoder), WC_OK);
	assert_fails(wc_video_encoder_encode(app.encoder, frame, NULL), WC_TYPE_ERROR);
	assert_fails(wc_video_encoder_encode(app.encoder, NULL, NULL), WC_TYPE_ERROR);
	wc_video_frame_unref(frame);
	assert_fails(app_encode(&app, 2), WC_INVALID_STATE_ERROR);
}
END_TEST

static int encode_turned(int64_t timestamp, uint16_t rotation, bool flip)
{
	struct wc_video_frame *frame = app_frame(&app, timestamp, rotation, flip);
	int ret = wc_video_encoder_encode(app.encoder, frame, NULL);

	wc_video_frame_unref(frame);
	return ret;
}

START_TEST(encode_refuses_another_orientation)
{
	ck_assert_int_eq(encode_turned(1, 90, true), WC_OK);
	assert_fails(encode_turned(2, 0, true), WC_DATA_ERROR);
	assert_fails(encode_turned(3, 90, false), WC_DATA_ERROR);
	assert_state(WC_CODEC_CONFIGURED);
	ck_assert_int_eq(encode_turned(4, 90, true), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:4 out:1KC out:4");
	ck_assert_uint_eq(app.config.rotation, 90);
	ck_assert(app.config.flip);
	/* flush() does not free the choice, configure() and reset() do. */
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	assert_fails(encode_turned(5, 0, false), WC_DATA_ERROR);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(encode_turned(6, 0, false), WC_OK);
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(encode_turned(7, 270, false), WC_OK);
}
END_TEST

START_TEST(new_orientation_waits_for_chunks_of_the_old)
{
	ck_assert_int_eq(encode_turned(1, 90, false), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(encode_turned(2, 180, false), WC_OK);
	app_run(&app);
	/* The configuration is the same, so the session stays; the frame asks for the drain. */
	trace_expect(&app.trace, "submit:1 out:1KC drain submit:2 out:2C");
	ck_assert_uint_eq(app.config.rotation, 180);
	app.script.allowed = 0;
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(encode_turned(3, 180, false), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(encode_turned(4, 0, false), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:3 drain");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:3 submit:4 out:4C");
	ck_assert_uint_eq(app.config.rotation, 0);
}
END_TEST

START_TEST(encode_options_reach_the_session)
{
	struct wc_video_encoder_encode_options options = { .key_frame = true };
	struct wc_video_frame *frame = app_frame(&app, 2, 0, false);

	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, &options), WC_OK);
	/* Not in this bitrate mode. */
	options = (struct wc_video_encoder_encode_options) { .has_quantizer = true,
							     .quantizer = 30 };
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, &options), WC_OK);
	options = (struct wc_video_encoder_encode_options) { .reserved[0] = 1 };
	assert_fails(wc_video_encoder_encode(app.encoder, frame, &options), WC_TYPE_ERROR);
	wc_video_frame_unref(frame);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2K submit:2 out:1KC out:2K out:2");
}
END_TEST

static const struct {
	const char *codec;
	unsigned max;
} quantizers[] = {
	{ "avc1.42001e", 51 },
	{ "hev1.1.6.L93.B0", 51 },
	{ "vp09.00.10.08", 255 },
	{ "av01.0.04M.08", 255 },
	{ "fwht", UINT16_MAX },                  /* no registration: any */
};

START_TEST(quantizers_have_the_range_of_the_codec)
{
	struct wc_video_encoder_config config = { VALID, .bitrate_mode = WC_BITRATE_QUANTIZER };
	struct wc_video_encoder_encode_options options = { .has_quantizer = true };
	struct wc_video_frame *frame = app_frame(&app, 1, 0, false);
	char expected[64];

	config.codec = quantizers[_i].codec;
	options.quantizer = (uint16_t)quantizers[_i].max;
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, &options), WC_OK);
	if (quantizers[_i].max < UINT16_MAX) {
		options.quantizer++;
		assert_fails(wc_video_encoder_encode(app.encoder, frame, &options),
			     WC_TYPE_ERROR);
	}
	app_run(&app);
	snprintf(expected, sizeof expected, "open submit:1Q%u out:1KC", quantizers[_i].max);
	trace_expect(&app.trace, expected);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(encode_passes_times_through)
{
	static const uint8_t data[4 * 4 * 4];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
		.timestamp = -5, .duration = 7, .has_duration = true,
	};
	struct wc_video_frame *frame;
	uint64_t duration = 0;

	app.keep = true;
	ck_assert_int_eq(wc_video_frame_new(app.context, data, sizeof data, &init, &frame),
			 WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_OK);
	wc_video_frame_unref(frame);
	app_run(&app);
	ck_assert_int_eq(wc_encoded_video_chunk_get_timestamp(app.chunk), -5);
	ck_assert(wc_encoded_video_chunk_get_duration(app.chunk, &duration));
	ck_assert_uint_eq(duration, 7);
	ck_assert_uint_eq(wc_encoded_video_chunk_get_size(app.chunk), 4);
}
END_TEST

START_TEST(frames_of_flush_need_no_key)
{
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1KC flush1:OK submit:2 out:2");
}
END_TEST

/* decoderConfig */

START_TEST(config_describes_the_stream)
{
	static const uint8_t description[] = { 1, 2, 3 };
	struct wc_video_encoder_config config = {
		.codec = "avc1.42001e", .width = 640, .height = 360, .display_width = 16,
		.display_height = 9,
	};

	app.script.description = description;
	app.script.description_size = sizeof description;
	app.script.colors = (struct wc_video_color_space) {
		WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709, WC_COLOR_RANGE_LIMITED,
	};
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 out:1KC");
	ck_assert_str_eq(app.config_codec, "avc1.42001e");
	ck_assert_uint_eq(app.config.coded_width, 640);
	ck_assert_uint_eq(app.config.coded_height, 360);
	ck_assert_uint_eq(app.config.display_aspect_width, 16);
	ck_assert_uint_eq(app.config.display_aspect_height, 9);
	ck_assert_uint_eq(app.config.description_size, sizeof description);
	ck_assert_mem_eq(app.config_description, description, sizeof description);
	ck_assert_int_eq(app.config.color_space.primaries, WC_PRIMARIES_BT709);
	ck_assert_int_eq(app.config.color_space.transfer, WC_TRANSFER_BT709);
	ck_assert_int_eq(app.config.color_space.matrix, WC_MATRIX_BT709);
	ck_assert_int_eq(app.config.color_space.range, WC_COLOR_RANGE_LIMITED);
}
END_TEST

START_TEST(config_comes_when_it_changes)
{
	static const uint8_t description[] = { 1, 2, 3 }, same[] = { 1, 2, 3 }, other[] = { 4 };

	app.script.description = description;
	app.script.description_size = sizeof description;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2 out:1KC out:2");
	/* Contents are compared. */
	app.script.description = same;
	ck_assert_int_eq(app_encode(&app, 3), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:3 out:3");
	app.script.description = other;
	app.script.description_size = sizeof other;
	ck_assert_int_eq(app_encode(&app, 4), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:4 out:4C");
	app.script.colors.range = WC_COLOR_RANGE_FULL;
	ck_assert_int_eq(app_encode(&app, 5), WC_OK);
	ck_assert_int_eq(app_encode(&app, 6), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:5 submit:6 out:5C out:6");
}
END_TEST

START_TEST(config_comes_again_after_reset)
{
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	app_run(&app);
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 out:1KC reset submit:2 out:2KC");
}
END_TEST

static void reset_encoder(struct app *a)
{
	a->on_output = NULL;
	ck_assert_int_eq(wc_video_encoder_reset(a->encoder), WC_OK);
	ck_assert_int_eq(app_configure(a), WC_OK);
	ck_assert_int_eq(app_encode(a, 9), WC_OK);
}

START_TEST(config_stays_valid_in_a_callback_that_resets)
{
	app.on_output = reset_encoder;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 out:1KC reset submit:9 out:9KC");
	ck_assert_str_eq(app.config_codec, "vp8");
}
END_TEST

static void destroy_encoder(struct app *a)
{
	struct wc_video_encoder *encoder = a->encoder;

	a->encoder = NULL;
	wc_video_encoder_destroy(encoder);
}

START_TEST(config_stays_valid_in_a_callback_that_destroys)
{
	app.on_output = destroy_encoder;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2 out:1KC destroy");
	ck_assert_str_eq(app.config_codec, "vp8");
}
END_TEST

/* configure() again */

START_TEST(reconfigure_emits_all_earlier_chunks_with_the_old_config)
{
	struct wc_video_encoder_config config = { VALID };

	config.width = 32;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 3), WC_OK);
	trace_expect(&app.trace, "submit:1 submit:2 drain");
	app_run(&app);
	trace_expect(&app.trace, "out:1KC out:2 destroy open submit:3 out:3KC");
	ck_assert_uint_eq(app.config.coded_width, 32);
}
END_TEST

START_TEST(reconfigure_of_rates_flows_on)
{
	struct wc_video_encoder_config config = { VALID, .bitrate = 5000 };

	app.script.retune_works = true;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 out:1KC retune:5000 submit:2 out:2");
	config.framerate = 10;
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "retune:5000");
	/* The same once more changes nothing. */
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 3), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:3 out:3");
}
END_TEST

START_TEST(reconfigure_of_rates_keeps_frames_in_flight)
{
	struct wc_video_encoder_config config = { VALID, .bitrate = 5000 };

	app.script.retune_works = true;
	app.script.allowed = 0;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 retune:5000 submit:2");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1KC out:2");
}
END_TEST

START_TEST(reconfigure_of_rates_without_retune_starts_anew)
{
	struct wc_video_encoder_config config = { VALID, .bitrate = 5000 };

	app.script.allowed = 0;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1KC destroy open submit:2 out:2K");
	ck_assert_uint_eq(app.script.encoder.bitrate, 5000);
}
END_TEST

START_TEST(reconfigure_of_display_size_keeps_the_session)
{
	struct wc_video_encoder_config config = { VALID, .display_width = 1,
						  .display_height = 1 };

	app.script.allowed = 0;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1KC submit:2 out:2C");
	ck_assert_uint_eq(app.config.display_aspect_width, 1);
}
END_TEST

START_TEST(reset_and_rates_reuse_the_session)
{
	struct wc_video_encoder_config config = { VALID, .bitrate = 5000 };

	app.script.retune_works = true;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 reset retune:5000 submit:2 out:2KC");
}
END_TEST

/* alloc_frame() */

START_TEST(alloc_frame_gives_memory_of_the_session)
{
	struct wc_video_frame_mapping mapping;
	struct wc_video_frame *frame;

	ck_assert_int_eq(wc_video_encoder_alloc_frame(app.encoder, 77, &frame), WC_OK);
	ck_assert_int_eq(wc_video_frame_get_timestamp(frame), 77);
	ck_assert_uint_eq(wc_video_frame_get_visible_rect(frame).width, 64);
	ck_assert_int_eq(wc_video_frame_map(frame, WC_MAP_WRITE, &mapping), WC_OK);
	ck_assert_ptr_eq(mapping.planes[0].data, app.script.last_input->objects[0].map);
	memset(mapping.planes[0].data, 16, mapping.planes[0].row_bytes);
	wc_video_frame_unmap(frame);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_OK);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
	app_run(&app);
	trace_expect(&app.trace, "submit:77 out:77KC");
}
END_TEST

/* Some drivers refuse a context with the first input only: then there is no session for a while. */
START_TEST(alloc_frame_after_a_refused_first_frame)
{
	struct wc_video_encoder_config config = {
		.codec = "vp8", .width = 64, .height = 48, .context_wait = 10000000,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(wc_video_encoder_configure(app.encoder, &config), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_int_eq(wc_video_encoder_alloc_frame(app.encoder, 1, &frame), WC_OK);
	wc_video_frame_unref(frame);
	app.script.submit_fails_at = 1;
	app.script.submit_error = WC_QUOTA_EXCEEDED_ERROR;
	ck_assert_int_eq(app_encode(&app, 5), WC_OK);
	trace_expect(&app.trace, "submit:5 destroy");
	assert_fails(wc_video_encoder_alloc_frame(app.encoder, 1, &frame),
		     WC_INVALID_STATE_ERROR);
	ck_assert_ptr_null(frame);
	/* The frame waits in the queue until there is a context. */
	app.script.submit_fails_at = 0;
	while (!app.trace.text[0])
		wc_context_dispatch(app.context, 100);
	app_run(&app);
	trace_expect(&app.trace, "open submit:5 out:5KC");
	ck_assert_int_eq(wc_video_encoder_alloc_frame(app.encoder, 1, &frame), WC_OK);
	wc_video_frame_unref(frame);
}
END_TEST

START_TEST(alloc_frame_needs_a_looked_at_configuration)
{
	struct wc_video_frame *frame;

	assert_fails(wc_video_encoder_alloc_frame(app.encoder, 1, NULL), WC_TYPE_ERROR);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	assert_fails(wc_video_encoder_alloc_frame(app.encoder, 1, &frame),
		     WC_INVALID_STATE_ERROR);
	ck_assert_ptr_null(frame);
	app_run(&app);
	ck_assert_int_eq(wc_video_encoder_alloc_frame(app.encoder, 1, &frame), WC_OK);
	wc_video_frame_unref(frame);
	/* The session that reset() keeps does not count. */
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	assert_fails(wc_video_encoder_alloc_frame(app.encoder, 1, &frame),
		     WC_INVALID_STATE_ERROR);
	/* Nor does a configuration that reset() dropped. */
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	ck_assert_int_eq(wc_video_encoder_alloc_frame(app.encoder, 1, &frame), WC_OK);
	wc_video_frame_unref(frame);
	app.script.no_frames = true;
	assert_fails(wc_video_encoder_alloc_frame(app.encoder, 1, &frame), WC_OPERATION_ERROR);
	ck_assert_ptr_null(frame);
}
END_TEST

/* Ends */

START_TEST(failure_tells_error_then_flushes)
{
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	script_fail(&app.script, WC_ENCODING_ERROR);
	ck_assert_int_eq(app_encode(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2 drain out:1KC destroy error:EncodingError "
		     "flush1:EncodingError");
	assert_state(WC_CODEC_CLOSED);
}
END_TEST

START_TEST(close_gives_the_session_back_at_once)
{
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_encoder_close(app.encoder), WC_OK);
	ck_assert_uint_eq(app.script.alive, 0);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain destroy flush1:AbortError");
	assert_fails(wc_video_encoder_close(app.encoder), WC_INVALID_STATE_ERROR);
	assert_fails(wc_video_encoder_reset(app.encoder), WC_INVALID_STATE_ERROR);
	assert_fails(app_configure(&app), WC_INVALID_STATE_ERROR);
	assert_fails(app_flush(&app, 1), WC_INVALID_STATE_ERROR);
}
END_TEST

/* The memory of frames that wait goes back at reset, which may run the application's code. */
static int released;

static void on_release(void *user_data)
{
	(void)user_data;
	released++;
}

START_TEST(reset_lets_go_of_waiting_frames)
{
	static uint8_t data[4 * 4 * 4];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_ABGR8888, .coded_width = 4, .coded_height = 4,
	};
	struct wc_video_frame *frame;

	released = 0;
	app.script.room = 1;
	ck_assert_int_eq(app_encode(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_frame_new_wrapped(app.context, data, sizeof data, &init,
						    on_release, NULL, &frame), WC_OK);
	ck_assert_int_eq(wc_video_encoder_encode(app.encoder, frame, NULL), WC_OK);
	wc_video_frame_unref(frame);
	ck_assert_int_eq(released, 0);
	ck_assert_int_eq(wc_video_encoder_reset(app.encoder), WC_OK);
	ck_assert_int_eq(released, 1);
}
END_TEST

#define N(array) ((int)(sizeof(array) / sizeof *(array)))

static Suite *suite(void)
{
	Suite *s = suite_create("video_encoder");
	TCase *fresh = tcase_create("unconfigured");
	TCase *ready = tcase_create("configured");

	tcase_add_checked_fixture(fresh, set_up, tear_down);
	tcase_add_test(fresh, construction_needs_output_and_error);
	tcase_add_test(fresh, new_encoder_is_unconfigured);
	tcase_add_test(fresh, configure_hands_everything_on);
	tcase_add_loop_test(fresh, configure_refuses_invalid, 0, N(invalid_configs));
	tcase_add_test(fresh, configure_refuses_null);
	tcase_add_test(fresh, configure_reports_unsupported);
	tcase_add_test(fresh, support_is_what_the_sessions_say);
	tcase_add_loop_test(fresh, quantizers_have_the_range_of_the_codec, 0, N(quantizers));
	tcase_add_test(fresh, config_describes_the_stream);
	tcase_add_test(fresh, alloc_frame_after_a_refused_first_frame);
	tcase_add_test(fresh, alloc_frame_needs_a_looked_at_configuration);
	suite_add_tcase(s, fresh);

	tcase_add_checked_fixture(ready, set_up_ready, tear_down);
	tcase_add_test(ready, encode_submits_at_once);
	tcase_add_test(ready, encode_keeps_what_the_caller_closes);
	tcase_add_test(ready, encode_refuses_closed_frames_before_all_else);
	tcase_add_test(ready, encode_refuses_another_orientation);
	tcase_add_test(ready, new_orientation_waits_for_chunks_of_the_old);
	tcase_add_test(ready, encode_options_reach_the_session);
	tcase_add_test(ready, encode_passes_times_through);
	tcase_add_test(ready, frames_of_flush_need_no_key);
	tcase_add_test(ready, config_comes_when_it_changes);
	tcase_add_test(ready, config_comes_again_after_reset);
	tcase_add_test(ready, config_stays_valid_in_a_callback_that_resets);
	tcase_add_test(ready, config_stays_valid_in_a_callback_that_destroys);
	tcase_add_test(ready, reconfigure_emits_all_earlier_chunks_with_the_old_config);
	tcase_add_test(ready, reconfigure_of_rates_flows_on);
	tcase_add_test(ready, reconfigure_of_rates_keeps_frames_in_flight);
	tcase_add_test(ready, reconfigure_of_rates_without_retune_starts_anew);
	tcase_add_test(ready, reconfigure_of_display_size_keeps_the_session);
	tcase_add_test(ready, reset_and_rates_reuse_the_session);
	tcase_add_test(ready, alloc_frame_gives_memory_of_the_session);
	tcase_add_test(ready, failure_tells_error_then_flushes);
	tcase_add_test(ready, close_gives_the_session_back_at_once);
	tcase_add_test(ready, reset_lets_go_of_waiting_frames);
	suite_add_tcase(s, ready);
	return s;
}

int main(void)
{
	return app_main(suite());
}
