/* SPDX-License-Identifier: MIT */
/* VideoDecoder: the rules of W3C WebCodecs sections 2.2 and 4, on scripted sessions. */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "app.h"
#include "util/clock.h"

static struct app app;

static void set_up(void)
{
	app_init_decoder(&app);
}

static void tear_down(void)
{
	app_finish(&app);
}

/* A decoder that has its session and an empty trace. */
static void set_up_ready(void)
{
	app_init_decoder(&app);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
}

/* ck_assert_int_eq() for calls that leave details in the context. */
#define assert_fails(call, status) \
	do { \
		ck_assert_int_eq((call), (status)); \
		ck_assert_int_eq(wc_context_get_error(app.context)->name, (status)); \
		ck_assert_str_ne(wc_context_get_error(app.context)->message, ""); \
	} while (0)

#define assert_state(expected) \
	ck_assert_int_eq(wc_video_decoder_get_state(app.decoder), (expected))

/* Construction */

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
	struct wc_video_decoder *decoder = app.decoder;
	struct wc_video_decoder_init init = { .output = no_output };

	assert_fails(wc_video_decoder_new(app.context, &init, &decoder), WC_TYPE_ERROR);
	ck_assert_ptr_null(decoder);
	init = (struct wc_video_decoder_init) { .error = no_error };
	assert_fails(wc_video_decoder_new(app.context, &init, &decoder), WC_TYPE_ERROR);
	init = (struct wc_video_decoder_init) { no_output, no_error, .reserved[5] = 1 };
	assert_fails(wc_video_decoder_new(app.context, &init, &decoder), WC_TYPE_ERROR);
	assert_fails(wc_video_decoder_new(app.context, NULL, &decoder), WC_TYPE_ERROR);
	assert_fails(wc_video_decoder_new(app.context, &init, NULL), WC_TYPE_ERROR);
}
END_TEST

START_TEST(new_decoder_is_unconfigured)
{
	struct wc_session_info info;
	struct wc_counters counters;

	assert_state(WC_CODEC_UNCONFIGURED);
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
	wc_video_decoder_get_session_info(app.decoder, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.video_decoders, 1);
	assert_fails(app_decode_key(&app, 0), WC_INVALID_STATE_ERROR);
	assert_fails(app_flush(&app, 1), WC_INVALID_STATE_ERROR);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "");
}
END_TEST

START_TEST(destroy_takes_null)
{
	wc_video_decoder_destroy(NULL);
	wc_context_unref(NULL);
	wc_video_frame_unref(NULL);
	wc_video_frame_close(NULL);
	wc_encoded_video_chunk_unref(NULL);
	wc_device_list_destroy(NULL);
	wc_dma_buf_finish(NULL);
}
END_TEST

/* configure() */

START_TEST(configure_works_in_dispatch)
{
	struct wc_video_decoder_config config = {
		.codec = "vp8", .coded_width = 320, .coded_height = 200,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE, .optimize_for_latency = true,
		.device = "/dev/video9",
	};
	struct wc_session_info info;

	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	assert_state(WC_CODEC_CONFIGURED);
	trace_expect(&app.trace, "");
	wc_video_decoder_get_session_info(app.decoder, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_int_eq(app.script.decoder.codec.codec, VIDEO_CODEC_VP8);
	ck_assert_uint_eq(app.script.decoder.coded_width, 320);
	ck_assert_uint_eq(app.script.decoder.coded_height, 200);
	ck_assert(app.script.decoder.low_latency);
	ck_assert_int_eq(app.script.preference, WC_HARDWARE_PREFER_HARDWARE);
	ck_assert_str_eq(app.script.device, "/dev/video9");
	ck_assert_str_eq(app.script.label, "test");
	wc_video_decoder_get_session_info(app.decoder, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_str_eq(info.name, "script");
}
END_TEST

START_TEST(configure_copies_what_it_needs)
{
	char codec[] = "vp8", device[] = "/dev/video9";
	struct wc_video_decoder_config config = { .codec = codec, .device = device };

	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	memset(codec, 'x', sizeof codec - 1);
	memset(device, 'x', sizeof device - 1);
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_str_eq(app.script.device, "/dev/video9");
}
END_TEST

static const struct wc_video_decoder_config invalid_configs[] = {
	{ .codec = NULL },
	{ .codec = "" },
	{ .codec = " \t" },
	{ .codec = "vp8", .coded_width = 1 },
	{ .codec = "vp8", .coded_height = 1 },
	{ .codec = "vp8", .display_aspect_width = 1 },
	{ .codec = "vp8", .display_aspect_height = 1 },
	{ .codec = "vp8", .rotation = 45 },
	{ .codec = "vp8", .rotation = 360 },
	{ .codec = "vp8", .description_size = 1 },
	{ .codec = "vp8", .hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE + 1 },
	{ .codec = "vp8", .color_space.primaries = (enum wc_color_primaries)2 },
	{ .codec = "vp8", .color_space.range = (enum wc_color_range)3 },
	{ .codec = "vp8", .reserved[5] = 1 },
};

START_TEST(configure_refuses_invalid)
{
	bool supported;

	assert_fails(wc_video_decoder_configure(app.decoder, &invalid_configs[_i]),
		     WC_TYPE_ERROR);
	assert_state(WC_CODEC_UNCONFIGURED);
	assert_fails(wc_video_decoder_is_config_supported(app.context, &invalid_configs[_i],
							  &supported, NULL), WC_TYPE_ERROR);
	/* The configuration is looked at before the state. */
	ck_assert_int_eq(wc_video_decoder_close(app.decoder), WC_OK);
	assert_fails(wc_video_decoder_configure(app.decoder, &invalid_configs[_i]),
		     WC_TYPE_ERROR);
	app_run(&app);
	trace_expect(&app.trace, "");
}
END_TEST

START_TEST(configure_refuses_null)
{
	assert_fails(wc_video_decoder_configure(app.decoder, NULL), WC_TYPE_ERROR);
}
END_TEST

static const char *const unsupported_codecs[] = {
	"vp9", "vP8", " vp8 ", "video/webm; codecs=\"vp8\"", "avc1", "nonsense", "vp8,vp8",
};

START_TEST(configure_reports_unsupported)
{
	struct wc_video_decoder_config config = { .codec = unsupported_codecs[_i] };
	bool supported = true;

	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 0), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	assert_state(WC_CODEC_CONFIGURED);
	app_run(&app);
	trace_expect(&app.trace, "error:NotSupportedError flush1:NotSupportedError");
	assert_state(WC_CODEC_CLOSED);
	ck_assert_int_eq(wc_video_decoder_is_config_supported(app.context, &config, &supported,
							      NULL), WC_OK);
	ck_assert(!supported);
}
END_TEST

START_TEST(configure_reports_broken_description)
{
	static const uint8_t description[] = { 1, 2, 3 };
	struct wc_video_decoder_config config = {
		.codec = "avc1.42001e", .description = description,
		.description_size = sizeof description,
	};

	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "error:NotSupportedError");
}
END_TEST

START_TEST(configure_reports_quota)
{
	app.script.open_fails = WC_QUOTA_EXCEEDED_ERROR;
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "refused error:QuotaExceededError");
	ck_assert_uint_eq(app.error.quota, 2);
	ck_assert_int_eq(app.error.stage, WC_STAGE_OPEN);
	ck_assert_int_eq(app.error.sys_errno, EBUSY);
	assert_state(WC_CODEC_CLOSED);
}
END_TEST

static int configure_waiting(const char *codec, uint64_t wait)
{
	struct wc_video_decoder_config config = { .codec = codec, .context_wait = wait };

	return wc_video_decoder_configure(app.decoder, &config);
}

/* Microseconds until the trace has something to say. */
static int64_t await_news(void)
{
	int64_t begin = clock_now();

	while (app.trace.text[0] == '\0' && clock_now() < begin + 5000000)
		wc_context_dispatch(app.context, 20);
	return clock_now() - begin;
}

/*
 * The device lets nobody look at it, so it is in no books: all that can be done is to try again.
 */
START_TEST(configure_waits_for_a_device_nobody_can_look_at)
{
	app.script.open_fails = WC_QUOTA_EXCEEDED_ERROR;
	ck_assert_int_eq(configure_waiting("vp8", 2000000), WC_OK);
	await_news();
	trace_expect(&app.trace, "refused");
	await_news();
	trace_expect(&app.trace, "refused");
	app.script.open_fails = WC_OK;
	await_news();
	trace_expect(&app.trace, "open");
	assert_state(WC_CODEC_CONFIGURED);
}
END_TEST

START_TEST(waiting_begins_anew_with_each_configure)
{
	int64_t begin;

	app.script.open_fails = WC_QUOTA_EXCEEDED_ERROR;
	ck_assert_int_eq(configure_waiting("vp8", 400000), WC_OK);
	await_news();
	trace_expect(&app.trace, "refused");
	app.script.open_fails = WC_OK;
	await_news();
	trace_expect(&app.trace, "open");
	/* No input came: it is not known whether there really was a context. */
	app.script.open_fails = WC_QUOTA_EXCEEDED_ERROR;
	begin = clock_now();
	ck_assert_int_eq(configure_waiting("vp09.00.10.08", 400000), WC_OK);
	while (wc_video_decoder_get_state(app.decoder) != WC_CODEC_CLOSED)
		wc_context_dispatch(app.context, 20);
	ck_assert_int_ge(clock_now() - begin, 400000);
	trace_expect(&app.trace, "destroy refused refused error:QuotaExceededError");
}
END_TEST

START_TEST(configure_ignores_description_where_there_is_none)
{
	struct wc_video_decoder_config config = {
		.codec = "vp8", .description = "xyz", .description_size = 3,
	};

	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
	ck_assert_ptr_null(app.script.decoder.description);
}
END_TEST

/* decode() */

START_TEST(decode_submits_at_once)
{
	struct wc_session_info info;
	struct wc_counters counters;

	ck_assert_int_eq(app_decode_key(&app, 10), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 20), WC_OK);
	trace_expect(&app.trace, "submit:10 submit:20");
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
	app_run(&app);
	trace_expect(&app.trace, "out:10 out:20");
	wc_video_decoder_get_session_info(app.decoder, &info);
	ck_assert_uint_eq(info.units_in, 2);
	wc_context_get_counters(app.context, &counters);
	ck_assert_uint_eq(counters.frames_decoded, 2);
	ck_assert_uint_eq(counters.video_frames, 0);
}
END_TEST

START_TEST(decode_waits_for_configure)
{
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	trace_expect(&app.trace, "");
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 2);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 submit:2 out:1 out:2");
}
END_TEST

START_TEST(decode_refuses_null_and_what_is_closed)
{
	struct wc_encoded_video_chunk *chunk;

	assert_fails(wc_video_decoder_decode(app.decoder, NULL), WC_TYPE_ERROR);
	chunk = app_key_chunk(&app, 0);
	wc_encoded_video_chunk_close(chunk);
	assert_fails(wc_video_decoder_decode(app.decoder, chunk), WC_TYPE_ERROR);
	wc_encoded_video_chunk_unref(chunk);
}
END_TEST

START_TEST(decode_requires_key_chunk_by_type)
{
	assert_fails(app_decode_delta(&app, 1), WC_DATA_ERROR);
	assert_state(WC_CODEC_CONFIGURED);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 3), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	assert_fails(app_decode_delta(&app, 4), WC_DATA_ERROR);
	app_run(&app);
	trace_expect(&app.trace, "submit:2 submit:3 drain out:2 out:3 flush1:OK");
	assert_fails(app_decode_delta(&app, 5), WC_DATA_ERROR);
	ck_assert_int_eq(app_decode_key(&app, 6), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	assert_fails(app_decode_delta(&app, 7), WC_DATA_ERROR);
}
END_TEST

START_TEST(decode_requires_key_chunk_by_data)
{
	struct wc_encoded_video_chunk *liar = app_lying_chunk(&app, 1);

	assert_fails(wc_video_decoder_decode(app.decoder, liar), WC_DATA_ERROR);
	assert_state(WC_CODEC_CONFIGURED);
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	/* Only the first chunk is looked into. */
	ck_assert_int_eq(wc_video_decoder_decode(app.decoder, liar), WC_OK);
	wc_encoded_video_chunk_unref(liar);
	trace_expect(&app.trace, "submit:2 submit:1");
}
END_TEST

START_TEST(decode_requires_whole_h264_key_chunk)
{
	/* An IDR slice without parameter sets; then no start code at all. */
	static const uint8_t bare_idr[] = { 0, 0, 0, 1, 0x65, 0x88, 0x84, 0x00, 0x10 };
	static const uint8_t lengths[] = { 0, 0, 0, 5, 0x65, 0x88, 0x84, 0x00, 0x10 };
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_video_decoder_config config = { .codec = "avc1.42001e" };
	struct wc_encoded_video_chunk *chunk;

	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	wc_encoded_video_chunk_new(app.context, bare_idr, sizeof bare_idr, &init, &chunk);
	assert_fails(wc_video_decoder_decode(app.decoder, chunk), WC_DATA_ERROR);
	wc_encoded_video_chunk_unref(chunk);
	wc_encoded_video_chunk_new(app.context, lengths, sizeof lengths, &init, &chunk);
	assert_fails(wc_video_decoder_decode(app.decoder, chunk), WC_DATA_ERROR);
	wc_encoded_video_chunk_unref(chunk);
	assert_state(WC_CODEC_CONFIGURED);
}
END_TEST

START_TEST(decode_of_empty_chunk_fails_later)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_encoded_video_chunk *chunk;

	wc_encoded_video_chunk_new(app.context, NULL, 0, &init, &chunk);
	ck_assert_int_eq(wc_video_decoder_decode(app.decoder, chunk), WC_OK);
	wc_encoded_video_chunk_unref(chunk);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_expect(&app.trace, "");
	app_run(&app);
	trace_expect(&app.trace, "destroy error:EncodingError flush1:EncodingError");
	assert_state(WC_CODEC_CLOSED);
}
END_TEST

START_TEST(decode_passes_times_through)
{
	static const int64_t times[] = { -1, 0, INT64_MAX, INT64_MIN };
	struct wc_encoded_video_chunk_init init = {
		.type = WC_CHUNK_KEY, .timestamp = times[_i], .duration = UINT64_MAX,
		.has_duration = true,
	};
	struct wc_encoded_video_chunk *key = app_key_chunk(&app, 0);
	struct wc_encoded_video_chunk *chunk;
	uint64_t duration = 0;

	wc_encoded_video_chunk_new(app.context, wc_encoded_video_chunk_get_data(key),
				   wc_encoded_video_chunk_get_size(key), &init, &chunk);
	app.keep = true;
	ck_assert_int_eq(wc_video_decoder_decode(app.decoder, chunk), WC_OK);
	app_run(&app);
	ck_assert_int_eq(wc_video_frame_get_timestamp(app.frame), times[_i]);
	ck_assert(wc_video_frame_get_duration(app.frame, &duration));
	ck_assert_uint_eq(duration, UINT64_MAX);
	wc_encoded_video_chunk_unref(chunk);
	wc_encoded_video_chunk_unref(key);
}
END_TEST

/* Queue size, saturation, dequeue event */

START_TEST(saturation_keeps_work_in_the_queue)
{
	app.tell_dequeue = true;
	app.script.room = 2;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	for (int i = 2; i <= 5; i++)
		ck_assert_int_eq(app_decode_delta(&app, i), WC_OK);
	trace_expect(&app.trace, "submit:1 submit:2 full");
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 3);
	app_run(&app);
	trace_expect(&app.trace, "dequeue:3");
	script_allow(&app.script, 1);
	app_run(&app);
	trace_expect(&app.trace, "out:1 submit:3 full dequeue:2");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:2 submit:4 full out:3 submit:5 out:4 out:5 dequeue:0");
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
}
END_TEST

START_TEST(saturation_is_known_before_work_waits)
{
	app.script.room = 1;
	app.script.allowed = 0;
	ck_assert(!wc_video_decoder_is_saturated(app.decoder));
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert(wc_video_decoder_is_saturated(app.decoder));
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
	script_allow(&app.script, -1);
	app_run(&app);
	ck_assert(!wc_video_decoder_is_saturated(app.decoder));
	/* Flushes and configurations are in the way, too. */
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert(wc_video_decoder_is_saturated(app.decoder));
	app_run(&app);
	ck_assert(!wc_video_decoder_is_saturated(app.decoder));
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert(wc_video_decoder_is_saturated(app.decoder));
	app_run(&app);
	ck_assert(!wc_video_decoder_is_saturated(app.decoder));
}
END_TEST

START_TEST(room_while_draining_starts_nothing)
{
	app.script.room = 1;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert(wc_video_decoder_is_saturated(app.decoder));
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush1:OK submit:2 out:2");
}
END_TEST

START_TEST(dequeue_coalesces)
{
	app.tell_dequeue = true;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	for (int i = 2; i <= 20; i++)
		ck_assert_int_eq(app_decode_delta(&app, i), WC_OK);
	trace_clear(&app.trace);
	app.script.allowed = 0;
	app_run(&app);
	trace_expect(&app.trace, "dequeue:0");
}
END_TEST

static int64_t next_chunk;

static void decode_one_more(struct app *a)
{
	if (next_chunk <= 3)
		ck_assert_int_eq(app_decode_delta(a, next_chunk++), WC_OK);
}

START_TEST(dequeue_comes_again_for_work_of_its_handler)
{
	app.tell_dequeue = true;
	app.on_dequeue = decode_one_more;
	next_chunk = 1;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 0), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:0 dequeue:0 submit:1 dequeue:0 submit:2 dequeue:0 "
		     "submit:3 dequeue:0");
}
END_TEST

START_TEST(dequeue_is_optional)
{
	struct wc_video_decoder_init init = { no_output, no_error };
	struct wc_video_decoder_config config = { .codec = "vp8" };
	struct wc_encoded_video_chunk *chunk = app_key_chunk(&app, 1);
	struct wc_video_decoder *decoder;

	ck_assert_int_eq(wc_video_decoder_new(app.context, &init, &decoder), WC_OK);
	ck_assert_int_eq(wc_video_decoder_configure(decoder, &config), WC_OK);
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 0);
	ck_assert_int_eq(wc_video_decoder_decode(decoder, chunk), WC_OK);
	/* The output only. */
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 1);
	wc_encoded_video_chunk_unref(chunk);
	wc_video_decoder_destroy(decoder);
}
END_TEST

START_TEST(queue_has_no_limit)
{
	app.script.room = 1;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 0), WC_OK);
	for (int i = 1; i <= 200; i++)
		ck_assert_int_eq(app_decode_delta(&app, i), WC_OK);
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 200);
	script_allow(&app.script, -1);
	while (wc_video_decoder_get_queue_size(app.decoder)) {
		app_run(&app);
		trace_clear(&app.trace);
	}
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "drain flush1:OK");
}
END_TEST

/* flush() */

START_TEST(flush_ends_behind_its_outputs)
{
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_expect(&app.trace, "submit:1 submit:2 drain");
	app_run(&app);
	trace_expect(&app.trace, "out:1 out:2 flush1:OK");
	assert_state(WC_CODEC_CONFIGURED);
}
END_TEST

START_TEST(flush_of_nothing_ends_in_dispatch)
{
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_expect(&app.trace, "");
	app_run(&app);
	trace_expect(&app.trace, "flush1:OK");
	/* And with everything out already. */
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 3), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush2:OK flush3:OK");
}
END_TEST

START_TEST(flush_waits_while_saturated)
{
	app.script.room = 1;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_expect(&app.trace, "submit:1 full");
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1 submit:2 drain out:2 flush1:OK");
}
END_TEST

START_TEST(several_flushes_pend)
{
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 3), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 drain out:1 flush1:OK flush2:OK "
		     "submit:2 drain out:2 flush3:OK");
}
END_TEST

START_TEST(work_waits_while_draining)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	trace_expect(&app.trace, "submit:1 drain");
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 1);
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "out:1 flush1:OK submit:2 out:2");
}
END_TEST

START_TEST(flush_needs_no_callback)
{
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, NULL, NULL), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 submit:2 out:2");
}
END_TEST

static void flush_again(struct app *a)
{
	a->on_flush = NULL;
	ck_assert_int_eq(app_decode_key(a, 9), WC_OK);
	ck_assert_int_eq(app_flush(a, 9), WC_OK);
}

START_TEST(flush_from_inside_a_flush)
{
	app.on_flush = flush_again;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush1:OK submit:9 drain "
		     "out:9 flush9:OK");
}
END_TEST

/* reset() */

START_TEST(reset_drops_everything)
{
	app.tell_dequeue = true;
	app.script.room = 1;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	trace_expect(&app.trace, "submit:1 full");
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	assert_state(WC_CODEC_UNCONFIGURED);
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
	trace_expect(&app.trace, "reset");
	app_run(&app);
	trace_expect(&app.trace, "dequeue:0 flush1:AbortError flush2:AbortError");
	assert_fails(app_decode_key(&app, 3), WC_INVALID_STATE_ERROR);
	/* Once more does nothing. */
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "");
}
END_TEST

START_TEST(reset_keeps_the_session_for_the_same_stream)
{
	struct wc_video_decoder_config config = { .codec = "vp8", .rotation = 90 };
	struct wc_session_info info;

	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	wc_video_decoder_get_session_info(app.decoder, &info);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	/* What the decoder itself does to frames does not count. */
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	app.keep = true;
	app_run(&app);
	trace_expect(&app.trace, "submit:1 reset submit:2 out:2");
	ck_assert_uint_eq(wc_video_frame_get_rotation(app.frame), 90);
}
END_TEST

START_TEST(reset_then_another_stream_gets_another_session)
{
	struct wc_video_decoder_config config = { .codec = "vp8", .coded_width = 16,
						  .coded_height = 16 };

	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	app_run(&app);
	/* Nothing had been submitted: the session needed no reset. */
	trace_expect(&app.trace, "destroy open");
}
END_TEST

START_TEST(configure_reset_configure_does_not_stall)
{
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:1 drain out:1 flush1:OK");
}
END_TEST

START_TEST(reset_while_saturated_does_not_stall)
{
	app.script.room = 1;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 3), WC_OK);
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 full reset submit:3 out:3");
}
END_TEST

static void reset_decoder(struct app *a)
{
	ck_assert_int_eq(wc_video_decoder_reset(a->decoder), WC_OK);
}

START_TEST(reset_in_output_suppresses_outputs)
{
	app.on_output = reset_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2 drain out:1 reset "
		     "flush1:AbortError");
	assert_state(WC_CODEC_UNCONFIGURED);
}
END_TEST

START_TEST(reset_during_flush)
{
	app.script.allowed = 1;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2 drain out:1");
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 3), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "reset flush1:AbortError submit:3 drain out:3 "
		     "flush2:OK");
}
END_TEST

START_TEST(reset_of_a_flush_of_nothing_aborts_it)
{
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "flush1:AbortError");
}
END_TEST

START_TEST(reset_that_fails_costs_the_session_only)
{
	app.script.reset_fails = true;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 reset destroy open");
	assert_state(WC_CODEC_CONFIGURED);
}
END_TEST

/* configure() again */

START_TEST(reconfigure_emits_all_earlier_frames_first)
{
	struct wc_video_decoder_config config = { .codec = "vp8", .coded_width = 32,
						  .coded_height = 16 };

	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 3), WC_OK);
	trace_expect(&app.trace, "submit:1 submit:2 drain");
	app_run(&app);
	trace_expect(&app.trace, "out:1 out:2 destroy open submit:3 out:3");
}
END_TEST

static uint16_t rotations[3];
static unsigned n_rotations;

static void note_rotation(struct app *a)
{
	rotations[n_rotations++] = wc_video_frame_get_rotation(a->frame);
	wc_video_frame_unref(a->frame);
	a->frame = NULL;
}

START_TEST(reconfigure_overrides_later_frames_only)
{
	struct wc_video_decoder_config config = { .codec = "vp8", .rotation = 270 };

	app.keep = true;
	app.on_output = note_rotation;
	n_rotations = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 3), WC_OK);
	app_run(&app);
	/* The session can stay. */
	trace_expect(&app.trace, "submit:1 submit:2 drain out:1 out:2 submit:3 "
		     "out:3");
	ck_assert_uint_eq(rotations[0], 0);
	ck_assert_uint_eq(rotations[1], 0);
	ck_assert_uint_eq(rotations[2], 270);
}
END_TEST

START_TEST(reconfigure_that_fails_comes_after_earlier_frames)
{
	struct wc_video_decoder_config config = { .codec = "nonsense" };

	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush1:OK destroy "
		     "error:NotSupportedError flush2:NotSupportedError");
}
END_TEST

START_TEST(reset_while_draining_for_configure)
{
	struct wc_video_decoder_config config = { .codec = "vp8", .coded_width = 32,
						  .coded_height = 16 };

	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, &config), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	script_allow(&app.script, -1);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain reset");
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:2 out:2");
}
END_TEST

/* Errors */

START_TEST(session_failure_tells_error_then_flushes)
{
	app.script.room = 2;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	script_fail(&app.script, WC_ENCODING_ERROR);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 3), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	app_run(&app);
	/* Room came with the first output, hence the third submit. */
	trace_expect(&app.trace, "submit:1 submit:2 full out:1 submit:3 drain "
		     "destroy error:EncodingError flush1:EncodingError flush2:EncodingError");
	ck_assert_int_eq(app.error.stage, WC_STAGE_JOB);
	assert_state(WC_CODEC_CLOSED);
	assert_fails(app_decode_key(&app, 3), WC_INVALID_STATE_ERROR);
	assert_fails(app_configure(&app), WC_INVALID_STATE_ERROR);
	assert_fails(wc_video_decoder_close(app.decoder), WC_INVALID_STATE_ERROR);
}
END_TEST

START_TEST(error_after_a_flush_is_not_lost)
{
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	script_fail(&app.script, WC_OPERATION_ERROR);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush1:OK destroy "
		     "error:OperationError");
}
END_TEST

START_TEST(failing_submit_is_told_in_dispatch)
{
	app.script.submit_fails_at = 2;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 3), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_expect(&app.trace, "submit:1 submit:2");
	assert_state(WC_CODEC_CONFIGURED);
	app_run(&app);
	trace_expect(&app.trace, "destroy error:EncodingError flush1:EncodingError");
}
END_TEST

START_TEST(failing_drain_is_told_in_dispatch)
{
	app.script.drain_fails = true;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 2), WC_OK);
	trace_expect(&app.trace, "submit:1 drain");
	app_run(&app);
	trace_expect(&app.trace, "destroy error:OperationError flush1:OperationError "
		     "flush2:OperationError");
}
END_TEST

START_TEST(reset_forgets_a_failing_submit)
{
	app.script.submit_fails_at = 1;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	trace_expect(&app.trace, "submit:1 destroy");
	app.script.submit_fails_at = 0;
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open submit:2 out:2");
}
END_TEST

/* close() and destroy() */

START_TEST(close_gives_the_session_back_at_once)
{
	app.tell_dequeue = true;
	app.script.room = 1;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_close(app.decoder), WC_OK);
	ck_assert_uint_eq(app.script.alive, 0);
	assert_state(WC_CODEC_CLOSED);
	ck_assert_uint_eq(wc_video_decoder_get_queue_size(app.decoder), 0);
	trace_expect(&app.trace, "submit:1 full destroy");
	app_run(&app);
	trace_expect(&app.trace, "dequeue:0 flush1:AbortError");
}
END_TEST

START_TEST(closed_decoder_refuses_everything)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_encoded_video_chunk *chunk;

	ck_assert_int_eq(wc_video_decoder_close(app.decoder), WC_OK);
	assert_fails(wc_video_decoder_close(app.decoder), WC_INVALID_STATE_ERROR);
	assert_fails(wc_video_decoder_reset(app.decoder), WC_INVALID_STATE_ERROR);
	assert_fails(app_configure(&app), WC_INVALID_STATE_ERROR);
	assert_fails(app_decode_key(&app, 1), WC_INVALID_STATE_ERROR);
	assert_fails(app_flush(&app, 1), WC_INVALID_STATE_ERROR);
	assert_fails(wc_video_decoder_alloc_chunk(app.decoder, 10, &init, &chunk),
		     WC_INVALID_STATE_ERROR);
	ck_assert_ptr_null(chunk);
	app_run(&app);
	trace_expect(&app.trace, "destroy");
}
END_TEST

static void close_decoder(struct app *a)
{
	ck_assert_int_eq(wc_video_decoder_close(a->decoder), WC_OK);
}

START_TEST(close_in_output)
{
	app.on_output = close_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 submit:2 drain out:1 destroy "
		     "flush1:AbortError");
}
END_TEST

START_TEST(close_in_flush)
{
	app.on_flush = close_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 2), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush1:OK destroy");
}
END_TEST

static void try_to_close(struct app *a)
{
	assert_fails(wc_video_decoder_close(a->decoder), WC_INVALID_STATE_ERROR);
}

START_TEST(decoder_is_closed_in_error_callback)
{
	app.on_error = try_to_close;
	script_fail(&app.script, WC_ENCODING_ERROR);
	app_run(&app);
	trace_expect(&app.trace, "destroy error:EncodingError");
}
END_TEST

static void destroy_decoder(struct app *a)
{
	struct wc_video_decoder *decoder = a->decoder;

	a->decoder = NULL;
	wc_video_decoder_destroy(decoder);
}

START_TEST(destroy_in_output)
{
	app.on_output = destroy_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_clear(&app.trace);
	/* The flush is never told, so what it was given stays with the application. */
	app_run(&app);
	trace_expect(&app.trace, "out:1 destroy");
}
END_TEST

START_TEST(destroy_in_error)
{
	app.on_error = destroy_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, NULL, NULL), WC_OK);
	script_fail(&app.script, WC_ENCODING_ERROR);
	script_allow(&app.script, -1);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_clear(&app.trace);
	app_run(&app);
	trace_expect(&app.trace, "out:1 destroy error:EncodingError");
}
END_TEST

START_TEST(destroy_in_dequeue)
{
	app.tell_dequeue = true;
	app.on_dequeue = destroy_decoder;
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 dequeue:0 destroy");
}
END_TEST

START_TEST(destroy_in_flush)
{
	app.on_flush = destroy_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, NULL, NULL), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain out:1 flush1:OK destroy");
}
END_TEST

START_TEST(destroy_in_aborted_flush)
{
	app.on_flush = destroy_decoder;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, NULL, NULL), WC_OK);
	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain reset flush1:AbortError destroy");
}
END_TEST

static void no_flush(enum wc_status status, void *user_data)
{
	(void)status;
	(void)user_data;
	ck_abort_msg("a flush of a destroyed decoder was told");
}

START_TEST(destroy_with_pending_flushes_is_silent)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, no_flush, NULL), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, no_flush, NULL), WC_OK);
	destroy_decoder(&app);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain destroy");
}
END_TEST

START_TEST(destroy_after_close_is_silent)
{
	app.script.allowed = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(wc_video_decoder_flush(app.decoder, no_flush, NULL), WC_OK);
	ck_assert_int_eq(wc_video_decoder_close(app.decoder), WC_OK);
	destroy_decoder(&app);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 drain destroy");
}
END_TEST

START_TEST(destroy_before_configure_ran)
{
	ck_assert_int_eq(app_configure(&app), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	destroy_decoder(&app);
	app_run(&app);
	trace_expect(&app.trace, "");
}
END_TEST

START_TEST(destroy_after_failing_submit)
{
	app.script.submit_fails_at = 1;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	destroy_decoder(&app);
	app_run(&app);
	trace_expect(&app.trace, "submit:1 destroy");
}
END_TEST

START_TEST(decoder_keeps_its_context)
{
	struct wc_context *context = app.context;

	/* The dispatch keeps it too while the decoder goes. */
	wc_context_ref(context);
	app.context = NULL;
	wc_context_unref(context);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	app.on_flush = destroy_decoder;
	wc_context_unref(context);
	ck_assert_int_eq(wc_context_dispatch(context, 0), 1);
	ck_assert_ptr_null(app.decoder);
	trace_expect(&app.trace, "flush1:OK destroy");
}
END_TEST

/* Frames */

static struct wc_video_frame *decode_with(const struct wc_video_decoder_config *config)
{
	app.keep = true;
	ck_assert_int_eq(wc_video_decoder_configure(app.decoder, config), WC_OK);
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	app_run(&app);
	ck_assert_ptr_nonnull(app.frame);
	return app.frame;
}

START_TEST(frames_carry_the_config)
{
	struct wc_video_decoder_config config = { .codec = "vp8", .rotation = 90, .flip = true };
	struct wc_video_frame *frame = decode_with(&config);

	ck_assert_uint_eq(wc_video_frame_get_rotation(frame), 90);
	ck_assert(wc_video_frame_get_flip(frame));
	/* 64x48, turned. */
	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), 48);
	ck_assert_uint_eq(wc_video_frame_get_display_height(frame), 64);
	ck_assert_uint_eq(wc_video_frame_get_coded_width(frame), 64);
}
END_TEST

static const struct {
	uint32_t sar_width;                  /* what the session says, height 48 */
	uint32_t aspect_width, aspect_height;
	uint16_t rotation;
	uint32_t width, height;
} aspects[] = {
	{ 0, 0, 0, 0, 64, 48 },
	{ 0, 4, 3, 0, 64, 48 },
	{ 0, 16, 9, 0, 85, 48 },             /* the width grows */
	{ 0, 1, 1, 0, 64, 64 },              /* the height grows */
	{ 0, 16, 9, 90, 48, 85 },
	{ 0, 16, 9, 180, 85, 48 },
	{ 96, 0, 0, 0, 96, 48 },             /* the stream's aspect */
	{ 96, 2, 1, 0, 96, 48 },
	{ 96, 3, 1, 0, 144, 48 },
	{ 0, UINT32_MAX, UINT32_MAX, 0, 64, 64 },
	{ 0, 1, 1 << 30, 0, 64, 48 },        /* higher than can be told: left alone */
	{ 0, 1 << 30, 1, 0, 64, 48 },
};

static struct claim *only_claim(void)
{
	return claim_of(&app.context->accountant.candidates[0]);
}

/* What the context says is for codecs that were told nothing. */
START_TEST(traits_are_the_codecs_or_the_contexts)
{
	struct wc_reclaim_traits traits = { .background = true, .priority = 2 };
	struct claim *claim = only_claim();

	ck_assert_int_eq(wc_context_set_reclaim_traits(app.context, &traits), WC_OK);
	ck_assert(claim->candidate->traits.background);
	ck_assert_int_eq(claim->candidate->traits.priority, 2);
	traits.priority = 5;
	ck_assert_int_eq(wc_video_decoder_set_reclaim_traits(app.decoder, &traits), WC_OK);
	ck_assert_int_eq(wc_context_set_reclaim_traits(app.context, NULL), WC_OK);
	ck_assert_int_eq(claim->candidate->traits.priority, 5);
	ck_assert_int_eq(wc_video_decoder_set_reclaim_traits(app.decoder, NULL), WC_OK);
	ck_assert_int_eq(claim->candidate->traits.priority, 0);
	traits.reserved[0] = 1;
	assert_fails(wc_video_decoder_set_reclaim_traits(app.decoder, &traits), WC_TYPE_ERROR);
	wc_video_decoder_close(app.decoder);
	assert_fails(wc_video_decoder_set_reclaim_traits(app.decoder, NULL),
		     WC_INVALID_STATE_ERROR);
}
END_TEST

/* The error first, the flush that it ended with the same, nothing afterwards. */
START_TEST(a_reclaimed_decoder_is_closed)
{
	struct wc_error error = { .name = WC_QUOTA_EXCEEDED_ERROR, .quota = 1, .requested = 2 };
	struct claim *claim = only_claim();

	ck_assert_int_eq(app_decode_key(&app, 0), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	trace_expect(&app.trace, "submit:0 drain");
	claim->ops->reclaim(claim, &error);
	trace_expect(&app.trace, "destroy error:QuotaExceededError flush1:QuotaExceededError");
	ck_assert_uint_eq(app.error.quota, 1);
	ck_assert_uint_eq(app.error.requested, 2);
	ck_assert_uint_eq(app.script.alive, 0);
	assert_state(WC_CODEC_CLOSED);
	app_run(&app);
	trace_expect(&app.trace, "");
}
END_TEST

/* With nothing under way there is nothing to tell: the next configuration makes a session. */
START_TEST(a_reclaimed_decoder_without_configuration_goes_on)
{
	struct wc_error error = { .name = WC_QUOTA_EXCEEDED_ERROR };
	struct claim *claim = only_claim();

	ck_assert_int_eq(wc_video_decoder_reset(app.decoder), WC_OK);
	claim->ops->reclaim(claim, &error);
	ck_assert_uint_eq(app.script.alive, 0);
	assert_state(WC_CODEC_UNCONFIGURED);
	app_run(&app);
	trace_expect(&app.trace, "destroy");
	ck_assert_int_eq(app_configure(&app), WC_OK);
	app_run(&app);
	trace_expect(&app.trace, "open");
}
END_TEST

START_TEST(display_size_follows_aspect)
{
	struct wc_video_decoder_config config = {
		.codec = "vp8", .display_aspect_width = aspects[_i].aspect_width,
		.display_aspect_height = aspects[_i].aspect_height,
		.rotation = aspects[_i].rotation,
	};
	struct wc_video_frame *frame;

	app.script.sar_width = aspects[_i].sar_width;
	frame = decode_with(&config);
	ck_assert_uint_eq(wc_video_frame_get_display_width(frame), aspects[_i].width);
	ck_assert_uint_eq(wc_video_frame_get_display_height(frame), aspects[_i].height);
}
END_TEST

#define BT709 WC_PRIMARIES_BT709, WC_TRANSFER_BT709, WC_MATRIX_BT709
#define BT2020 WC_PRIMARIES_BT2020, WC_TRANSFER_PQ, WC_MATRIX_BT2020_NCL

static const struct {
	struct wc_video_color_space stream, config, result;
} colors[] = {
	/* Nothing known: "Pick Color Space". */
	{ { 0 }, { 0 }, { BT709, WC_COLOR_RANGE_LIMITED } },
	{ { BT2020, WC_COLOR_RANGE_LIMITED }, { 0 }, { BT2020, WC_COLOR_RANGE_LIMITED } },
	{ { BT2020, WC_COLOR_RANGE_LIMITED }, { BT709, WC_COLOR_RANGE_FULL },
	  { BT709, WC_COLOR_RANGE_FULL } },
	{ { BT2020, WC_COLOR_RANGE_LIMITED }, { .range = WC_COLOR_RANGE_FULL },
	  { BT2020, WC_COLOR_RANGE_FULL } },
	/* Partly known stays partly known. */
	{ { .matrix = WC_MATRIX_BT709 }, { 0 }, { .matrix = WC_MATRIX_BT709 } },
	{ { 0 }, { .primaries = WC_PRIMARIES_BT2020 }, { .primaries = WC_PRIMARIES_BT2020 } },
};

START_TEST(colors_are_overridden)
{
	struct wc_video_decoder_config config = { .codec = "vp8",
						  .color_space = colors[_i].config };
	struct wc_video_color_space space;

	app.script.colors = colors[_i].stream;
	space = wc_video_frame_get_color_space(decode_with(&config));
	ck_assert_int_eq(space.primaries, colors[_i].result.primaries);
	ck_assert_int_eq(space.transfer, colors[_i].result.transfer);
	ck_assert_int_eq(space.matrix, colors[_i].result.matrix);
	ck_assert_int_eq(space.range, colors[_i].result.range);
}
END_TEST

/* alloc_chunk() */

START_TEST(alloc_chunk_takes_memory_of_the_session)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY, .timestamp = 5 };
	struct wc_encoded_video_chunk *key = app_key_chunk(&app, 0);
	size_t size = wc_encoded_video_chunk_get_size(key);
	struct wc_encoded_video_chunk *chunk;
	size_t capacity;
	uint8_t *data;

	app.script.has_inputs = true;
	ck_assert_int_eq(wc_video_decoder_alloc_chunk(app.decoder, 100, &init, &chunk), WC_OK);
	data = wc_encoded_video_chunk_get_writable(chunk, &capacity);
	ck_assert_ptr_eq(data, app.script.last_input->objects[0].map);
	ck_assert_uint_ge(capacity, 100);
	memcpy(data, wc_encoded_video_chunk_get_data(key), size);
	ck_assert_int_eq(wc_encoded_video_chunk_set_size(chunk, capacity + 1), WC_TYPE_ERROR);
	ck_assert_int_eq(wc_encoded_video_chunk_set_size(chunk, size), WC_OK);
	ck_assert_int_eq(wc_video_decoder_decode(app.decoder, chunk), WC_OK);
	trace_expect(&app.trace, "submit:5");
	ck_assert_ptr_null(wc_encoded_video_chunk_get_writable(chunk, NULL));
	ck_assert_int_eq(wc_encoded_video_chunk_set_size(chunk, 1), WC_INVALID_STATE_ERROR);
	wc_encoded_video_chunk_unref(chunk);
	wc_encoded_video_chunk_unref(key);
	app_run(&app);
}
END_TEST

START_TEST(alloc_chunk_recycles_its_own_memory)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_encoded_video_chunk *chunk;
	struct wc_counters before, after;
	uint8_t *first = NULL;

	for (int i = 0; i < 10; i++) {
		uint8_t *data;

		ck_assert_int_eq(wc_video_decoder_alloc_chunk(app.decoder, 5000, &init, &chunk),
				 WC_OK);
		data = wc_encoded_video_chunk_get_writable(chunk, NULL);
		memset(data, i, 5000);
		if (i == 0) {
			first = data;
			wc_context_get_counters(app.context, &before);
		}
		ck_assert_ptr_eq(data, first);
		wc_encoded_video_chunk_unref(chunk);
	}
	wc_context_get_counters(app.context, &after);
	ck_assert_uint_eq(after.buffers, before.buffers);
	ck_assert_uint_eq(after.bytes_copied, 0);
}
END_TEST

START_TEST(alloc_chunk_works_unconfigured)
{
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_DELTA, .timestamp = 7,
						    .duration = 8, .has_duration = true };
	struct wc_encoded_video_chunk *chunk;
	uint64_t duration = 0;

	ck_assert_int_eq(wc_video_decoder_alloc_chunk(app.decoder, 0, &init, &chunk), WC_OK);
	ck_assert_int_eq(wc_encoded_video_chunk_get_type(chunk), WC_CHUNK_DELTA);
	ck_assert_int_eq(wc_encoded_video_chunk_get_timestamp(chunk), 7);
	ck_assert(wc_encoded_video_chunk_get_duration(chunk, &duration));
	ck_assert_uint_eq(duration, 8);
	ck_assert_uint_eq(wc_encoded_video_chunk_get_size(chunk), 0);
	/* Memory and chunk may outlive the decoder. */
	destroy_decoder(&app);
	ck_assert_ptr_nonnull(wc_encoded_video_chunk_get_writable(chunk, NULL));
	wc_encoded_video_chunk_unref(chunk);
}
END_TEST

START_TEST(alloc_chunk_refuses_invalid)
{
	struct wc_encoded_video_chunk_init init = { .type = (enum wc_chunk_type)2 };
	struct wc_encoded_video_chunk *chunk;

	assert_fails(wc_video_decoder_alloc_chunk(app.decoder, 1, &init, &chunk), WC_TYPE_ERROR);
	ck_assert_ptr_null(chunk);
	assert_fails(wc_video_decoder_alloc_chunk(app.decoder, 1, NULL, &chunk), WC_TYPE_ERROR);
	init = (struct wc_encoded_video_chunk_init) { .reserved[0] = 1 };
	assert_fails(wc_video_decoder_alloc_chunk(app.decoder, 1, &init, &chunk), WC_TYPE_ERROR);
	init = (struct wc_encoded_video_chunk_init) { .type = WC_CHUNK_KEY };
	assert_fails(wc_video_decoder_alloc_chunk(app.decoder, 1, &init, NULL), WC_TYPE_ERROR);
	assert_fails(wc_video_decoder_alloc_chunk(app.decoder, SIZE_MAX, &init, &chunk),
		     WC_OPERATION_ERROR);
}
END_TEST

/* isConfigSupported() */

START_TEST(support_is_what_the_sessions_say)
{
	struct wc_video_decoder_config config = {
		.codec = "vp8", .hardware_acceleration = WC_HARDWARE_PREFER_SOFTWARE,
		.device = "/dev/x",
	};
	struct wc_session_info info;
	bool supported = true;

	ck_assert_int_eq(wc_video_decoder_is_config_supported(app.context, &config, &supported,
							      &info), WC_OK);
	ck_assert(!supported);
	ck_assert_int_eq(info.kind, WC_SESSION_NONE);
	app.script.probe_works = true;
	ck_assert_int_eq(wc_video_decoder_is_config_supported(app.context, &config, &supported,
							      &info), WC_OK);
	ck_assert(supported);
	ck_assert_int_eq(info.kind, WC_SESSION_SOFTWARE);
	ck_assert_int_eq(app.script.preference, WC_HARDWARE_PREFER_SOFTWARE);
	ck_assert_str_eq(app.script.device, "/dev/x");
	ck_assert_int_eq(app.script.decoder.codec.codec, VIDEO_CODEC_VP8);
	assert_fails(wc_video_decoder_is_config_supported(app.context, &config, NULL, NULL),
		     WC_TYPE_ERROR);
}
END_TEST

/* Dispatch */

static int nested;

static void dispatch_inside(struct app *a)
{
	nested = wc_context_dispatch(a->context, 0);
}

START_TEST(dispatch_refuses_to_nest)
{
	app.on_output = dispatch_inside;
	nested = 0;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	app_run(&app);
	ck_assert_int_eq(nested, WC_INVALID_STATE_ERROR);
}
END_TEST

START_TEST(dispatch_counts_callbacks)
{
	app.tell_dequeue = true;
	ck_assert_int_eq(app_decode_key(&app, 1), WC_OK);
	ck_assert_int_eq(app_decode_delta(&app, 2), WC_OK);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	/* One dequeue, two outputs, one flush. */
	ck_assert_int_eq(wc_context_dispatch(app.context, -1), 4);
	ck_assert_int_eq(wc_context_dispatch(app.context, 0), 0);
}
END_TEST

START_TEST(descriptor_is_readable_when_work_is_due)
{
	struct pollfd poll_fd = { .fd = wc_context_get_fd(app.context), .events = POLLIN };

	app_run(&app);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
	ck_assert_int_eq(app_flush(&app, 1), WC_OK);
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 1);
	app_run(&app);
	trace_expect(&app.trace, "flush1:OK");
	ck_assert_int_eq(poll(&poll_fd, 1, 0), 0);
}
END_TEST

#define N(array) ((int)(sizeof(array) / sizeof *(array)))

static Suite *suite(void)
{
	Suite *s = suite_create("video_decoder");
	TCase *fresh = tcase_create("unconfigured");
	TCase *ready = tcase_create("configured");

	tcase_add_checked_fixture(fresh, set_up, tear_down);
	tcase_add_test(fresh, construction_needs_output_and_error);
	tcase_add_test(fresh, new_decoder_is_unconfigured);
	tcase_add_test(fresh, destroy_takes_null);
	tcase_add_test(fresh, configure_works_in_dispatch);
	tcase_add_test(fresh, configure_copies_what_it_needs);
	tcase_add_loop_test(fresh, configure_refuses_invalid, 0, N(invalid_configs));
	tcase_add_test(fresh, configure_refuses_null);
	tcase_add_loop_test(fresh, configure_reports_unsupported, 0, N(unsupported_codecs));
	tcase_add_test(fresh, configure_reports_broken_description);
	tcase_add_test(fresh, configure_reports_quota);
	tcase_add_test(fresh, configure_waits_for_a_device_nobody_can_look_at);
	tcase_add_test(fresh, waiting_begins_anew_with_each_configure);
	tcase_add_test(fresh, configure_ignores_description_where_there_is_none);
	tcase_add_test(fresh, decode_waits_for_configure);
	tcase_add_test(fresh, decode_requires_whole_h264_key_chunk);
	tcase_add_test(fresh, dequeue_is_optional);
	tcase_add_test(fresh, several_flushes_pend);
	tcase_add_test(fresh, configure_reset_configure_does_not_stall);
	tcase_add_test(fresh, destroy_before_configure_ran);
	tcase_add_test(fresh, frames_carry_the_config);
	tcase_add_loop_test(fresh, display_size_follows_aspect, 0, N(aspects));
	tcase_add_test(fresh, traits_are_the_codecs_or_the_contexts);
	tcase_add_loop_test(fresh, colors_are_overridden, 0, N(colors));
	tcase_add_test(fresh, alloc_chunk_works_unconfigured);
	tcase_add_test(fresh, alloc_chunk_refuses_invalid);
	tcase_add_test(fresh, support_is_what_the_sessions_say);
	suite_add_tcase(s, fresh);

	tcase_add_checked_fixture(ready, set_up_ready, tear_down);
	tcase_add_test(ready, a_reclaimed_decoder_is_closed);
	tcase_add_test(ready, a_reclaimed_decoder_without_configuration_goes_on);
	tcase_add_test(ready, decode_submits_at_once);
	tcase_add_test(ready, decode_refuses_null_and_what_is_closed);
	tcase_add_test(ready, decode_requires_key_chunk_by_type);
	tcase_add_test(ready, decode_requires_key_chunk_by_data);
	tcase_add_test(ready, decode_of_empty_chunk_fails_later);
	tcase_add_loop_test(ready, decode_passes_times_through, 0, 4);
	tcase_add_test(ready, saturation_keeps_work_in_the_queue);
	tcase_add_test(ready, saturation_is_known_before_work_waits);
	tcase_add_test(ready, room_while_draining_starts_nothing);
	tcase_add_test(ready, dequeue_coalesces);
	tcase_add_test(ready, dequeue_comes_again_for_work_of_its_handler);
	tcase_add_test(ready, queue_has_no_limit);
	tcase_add_test(ready, flush_ends_behind_its_outputs);
	tcase_add_test(ready, flush_of_nothing_ends_in_dispatch);
	tcase_add_test(ready, flush_waits_while_saturated);
	tcase_add_test(ready, work_waits_while_draining);
	tcase_add_test(ready, flush_needs_no_callback);
	tcase_add_test(ready, flush_from_inside_a_flush);
	tcase_add_test(ready, reset_drops_everything);
	tcase_add_test(ready, reset_keeps_the_session_for_the_same_stream);
	tcase_add_test(ready, reset_then_another_stream_gets_another_session);
	tcase_add_test(ready, reset_while_saturated_does_not_stall);
	tcase_add_test(ready, reset_in_output_suppresses_outputs);
	tcase_add_test(ready, reset_during_flush);
	tcase_add_test(ready, reset_of_a_flush_of_nothing_aborts_it);
	tcase_add_test(ready, reset_that_fails_costs_the_session_only);
	tcase_add_test(ready, reconfigure_emits_all_earlier_frames_first);
	tcase_add_test(ready, reconfigure_overrides_later_frames_only);
	tcase_add_test(ready, reconfigure_that_fails_comes_after_earlier_frames);
	tcase_add_test(ready, reset_while_draining_for_configure);
	tcase_add_test(ready, session_failure_tells_error_then_flushes);
	tcase_add_test(ready, error_after_a_flush_is_not_lost);
	tcase_add_test(ready, failing_submit_is_told_in_dispatch);
	tcase_add_test(ready, failing_drain_is_told_in_dispatch);
	tcase_add_test(ready, reset_forgets_a_failing_submit);
	tcase_add_test(ready, close_gives_the_session_back_at_once);
	tcase_add_test(ready, closed_decoder_refuses_everything);
	tcase_add_test(ready, close_in_output);
	tcase_add_test(ready, close_in_flush);
	tcase_add_test(ready, decoder_is_closed_in_error_callback);
	tcase_add_test(ready, destroy_in_output);
	tcase_add_test(ready, destroy_in_error);
	tcase_add_test(ready, destroy_in_dequeue);
	tcase_add_test(ready, destroy_in_flush);
	tcase_add_test(ready, destroy_in_aborted_flush);
	tcase_add_test(ready, destroy_with_pending_flushes_is_silent);
	tcase_add_test(ready, destroy_after_close_is_silent);
	tcase_add_test(ready, destroy_after_failing_submit);
	tcase_add_test(ready, decoder_keeps_its_context);
	tcase_add_test(ready, alloc_chunk_takes_memory_of_the_session);
	tcase_add_test(ready, alloc_chunk_recycles_its_own_memory);
	tcase_add_test(ready, dispatch_refuses_to_nest);
	tcase_add_test(ready, dispatch_counts_callbacks);
	tcase_add_test(ready, descriptor_is_readable_when_work_is_due);
	suite_add_tcase(s, ready);
	return s;
}

int main(void)
{
	return app_main(suite());
}
