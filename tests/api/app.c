/* SPDX-License-Identifier: MIT */
#include "app.h"

#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6386 section 9.1: a shown frame with a first partition of 8 bytes; key: 64x48. */
static const uint8_t key_data[] = {
	0x10, 0x01, 0x00, 0x9d, 0x01, 0x2a, 64, 0, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};
static const uint8_t delta_data[] = { 0x11, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0, 0 };

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct app *app = user_data;

	trace_add(&app->trace, "out:%lld", (long long)wc_video_frame_get_timestamp(frame));
	if (app->keep)
		app->frame = frame;
	else
		wc_video_frame_unref(frame);
	if (app->on_output)
		app->on_output(app);
}

static void copy_config(struct app *app, const struct wc_video_decoder_config *config)
{
	app->has_config = true;
	app->config = *config;
	snprintf(app->config_codec, sizeof app->config_codec, "%s", config->codec);
	ck_assert_uint_le(config->description_size, sizeof app->config_description);
	if (config->description)
		memcpy(app->config_description, config->description, config->description_size);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct app *app = user_data;
	bool key = wc_encoded_video_chunk_get_type(chunk) == WC_CHUNK_KEY;

	trace_add(&app->trace, "out:%lld%s%s",
		  (long long)wc_encoded_video_chunk_get_timestamp(chunk), key ? "K" : "",
		  metadata->decoder_config ? "C" : "");
	if (app->keep)
		app->chunk = chunk;
	else
		wc_encoded_video_chunk_unref(chunk);
	if (app->on_output)
		app->on_output(app);
	/* Also after what the callback did, reset or destroy for instance. */
	if (metadata->decoder_config)
		copy_config(app, metadata->decoder_config);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct app *app = user_data;

	app->error = *error;
	trace_add(&app->trace, "error:%s", wc_status_name(error->name));
	if (app->on_error)
		app->on_error(app);
}

static uint32_t queue_size(struct app *app)
{
	if (app->converter)
		return wc_video_converter_get_queue_size(app->converter);
	return app->decoder ? wc_video_decoder_get_queue_size(app->decoder) :
	       wc_video_encoder_get_queue_size(app->encoder);
}

static void on_dequeue(void *user_data)
{
	struct app *app = user_data;

	if (app->tell_dequeue)
		trace_add(&app->trace, "dequeue:%u", queue_size(app));
	if (app->on_dequeue)
		app->on_dequeue(app);
}

static void on_flush(enum wc_status status, void *user_data)
{
	const struct app_flush *flush = user_data;
	struct app *app = flush->app;

	trace_add(&app->trace, "flush%d:%s", flush->id, wc_status_name(status));
	if (app->on_flush)
		app->on_flush(app);
}

int app_flush(struct app *app, int id)
{
	struct app_flush *flush = &app->flushes[id];

	*flush = (struct app_flush) { app, id };
	if (app->converter)
		return wc_video_converter_flush(app->converter, on_flush, flush);
	return app->decoder ? wc_video_decoder_flush(app->decoder, on_flush, flush) :
	       wc_video_encoder_flush(app->encoder, on_flush, flush);
}

int app_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void app_init(struct app *app)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices };

	memset(app, 0, sizeof *app);
	ck_assert_int_eq(wc_context_new(&options, &app->context), WC_OK);
	app->script.trace = &app->trace;
	app->script.allowed = -1;
	script_use(&app->script);
}

void app_init_decoder(struct app *app)
{
	struct wc_video_decoder_init init = {
		.output = on_frame, .error = on_error, .dequeue = on_dequeue, .user_data = app,
		.label = "test",
	};

	app_init(app);
	ck_assert_int_eq(wc_video_decoder_new(app->context, &init, &app->decoder), WC_OK);
}

void app_init_encoder(struct app *app)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .dequeue = on_dequeue, .user_data = app,
		.label = "test",
	};

	app_init(app);
	ck_assert_int_eq(wc_video_encoder_new(app->context, &init, &app->encoder), WC_OK);
}

void app_init_converter(struct app *app)
{
	struct wc_video_converter_init init = {
		.output = on_frame, .error = on_error, .dequeue = on_dequeue, .user_data = app,
		.label = "test",
	};

	app_init(app);
	ck_assert_int_eq(wc_video_converter_new(app->context, &init, &app->converter), WC_OK);
}

void app_finish(struct app *app)
{
	struct wc_counters counters;

	wc_video_decoder_destroy(app->decoder);
	wc_video_encoder_destroy(app->encoder);
	wc_video_converter_destroy(app->converter);
	wc_video_frame_unref(app->frame);
	wc_encoded_video_chunk_unref(app->chunk);
	script_use(NULL);
	if (!app->context)
		return;
	wc_context_get_counters(app->context, &counters);
	ck_assert_uint_eq(counters.video_decoders, 0);
	ck_assert_uint_eq(counters.video_encoders, 0);
	ck_assert_uint_eq(counters.video_converters, 0);
	ck_assert_uint_eq(counters.video_frames, 0);
	ck_assert_uint_eq(counters.video_chunks, 0);
	ck_assert_uint_eq(counters.buffers, 0);
	ck_assert_uint_eq(counters.buffer_bytes, 0);
	wc_context_unref(app->context);
}

void app_run(struct app *app)
{
	for (int i = 0; i < DISPATCHES; i++)
		must(wc_context_dispatch(app->context, 0) >= 0);
}

static struct wc_encoded_video_chunk *make_chunk(struct app *app, enum wc_chunk_type type,
						 const void *data, size_t size, int64_t timestamp)
{
	struct wc_encoded_video_chunk_init init = { .type = type, .timestamp = timestamp };
	struct wc_encoded_video_chunk *chunk;

	ck_assert_int_eq(wc_encoded_video_chunk_new(app->context, data, size, &init, &chunk),
			 WC_OK);
	return chunk;
}

struct wc_encoded_video_chunk *app_key_chunk(struct app *app, int64_t timestamp)
{
	return make_chunk(app, WC_CHUNK_KEY, key_data, sizeof key_data, timestamp);
}

struct wc_encoded_video_chunk *app_delta_chunk(struct app *app, int64_t timestamp)
{
	return make_chunk(app, WC_CHUNK_DELTA, delta_data, sizeof delta_data, timestamp);
}

struct wc_encoded_video_chunk *app_lying_chunk(struct app *app, int64_t timestamp)
{
	return make_chunk(app, WC_CHUNK_KEY, delta_data, sizeof delta_data, timestamp);
}

static int decode(struct app *app, struct wc_encoded_video_chunk *chunk)
{
	int ret = wc_video_decoder_decode(app->decoder, chunk);

	wc_encoded_video_chunk_unref(chunk);
	return ret;
}

int app_decode_key(struct app *app, int64_t timestamp)
{
	return decode(app, app_key_chunk(app, timestamp));
}

int app_decode_delta(struct app *app, int64_t timestamp)
{
	return decode(app, app_delta_chunk(app, timestamp));
}

int app_configure(struct app *app)
{
	struct wc_video_decoder_config decoder = { .codec = "vp8" };
	struct wc_video_encoder_config encoder = { .codec = "vp8", .width = 64, .height = 48 };
	struct wc_video_converter_config converter = { .fourcc = 0 };

	if (app->converter)
		return wc_video_converter_configure(app->converter, &converter);
	return app->decoder ? wc_video_decoder_configure(app->decoder, &decoder) :
	       wc_video_encoder_configure(app->encoder, &encoder);
}

struct wc_video_frame *app_frame(struct app *app, int64_t timestamp, uint16_t rotation, bool flip)
{
	static const uint8_t data[64 * 48 * 3 / 2];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420, .coded_width = 64, .coded_height = 48,
		.timestamp = timestamp, .rotation = rotation, .flip = flip,
	};
	struct wc_video_frame *frame;

	ck_assert_int_eq(wc_video_frame_new(app->context, data, sizeof data, &init, &frame),
			 WC_OK);
	return frame;
}

int app_encode(struct app *app, int64_t timestamp)
{
	struct wc_video_frame *frame = app_frame(app, timestamp, 0, false);
	int ret = wc_video_encoder_encode(app->encoder, frame, NULL);

	wc_video_frame_unref(frame);
	return ret;
}

int app_convert(struct app *app, int64_t timestamp)
{
	struct wc_video_frame *frame = app_frame(app, timestamp, 0, false);
	int ret = wc_video_converter_convert(app->converter, frame);

	wc_video_frame_unref(frame);
	return ret;
}
