/* SPDX-License-Identifier: MIT */
/*
 * The loop that is measured: an application of the public interface that keeps a codec busy as the
 * headers advise. Pictures are written straight into frames of the encoder, packets into chunks of
 * the decoder; outputs are dropped at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <drm_fourcc.h>
#include <webcodecs/webcodecs.h>

#include "bench.h"

/* Microseconds from frame to frame. */
#define FRAME_TIME 33333

struct loop {
	struct loop_options options;
	struct meter meter;
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_video_decoder *decoder;
	uint64_t submitted;
};

static void check(struct loop *loop, int status, const char *what)
{
	char text[512];

	if (status >= 0)
		return;
	wc_error_format(wc_context_get_error(loop->context), text, sizeof text);
	die("%s: %s", what, text);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	char text[512];

	(void)user_data;
	wc_error_format(error, text, sizeof text);
	die("%s", text);
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct loop *loop = user_data;

	(void)metadata;
	meter_packet(&loop->meter, wc_encoded_video_chunk_get_data(chunk),
		     wc_encoded_video_chunk_get_size(chunk));
	wc_encoded_video_chunk_unref(chunk);
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct loop *loop = user_data;

	meter_output(&loop->meter, picture_size(loop->options.width, loop->options.height));
	wc_video_frame_unref(frame);
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void open_encoder(struct loop *loop)
{
	const struct loop_options *options = &loop->options;
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = loop,
	};
	struct wc_video_encoder_config config = {
		.codec = loop_codec_string(options),
		.width = options->width,
		.height = options->height,
		.fourcc = DRM_FORMAT_YUV420,
		.framerate = LOOP_FRAMERATE,
		.bitrate = options->device ? 0 : LOOP_BITRATE,
		.bitstream_format = WC_BITSTREAM_ANNEXB,
		.latency_mode = options->quality ? WC_LATENCY_QUALITY : WC_LATENCY_REALTIME,
		.hardware_acceleration = options->device ? WC_HARDWARE_PREFER_HARDWARE
							 : WC_HARDWARE_PREFER_SOFTWARE,
		.device = options->device,
	};

	check(loop, wc_video_encoder_new(loop->context, &init, &loop->encoder), "new encoder");
	check(loop, wc_video_encoder_configure(loop->encoder, &config), "configure");
}

static void fill_frame(struct loop *loop, struct wc_video_frame *frame)
{
	struct loop_options *options = &loop->options;
	struct wc_video_frame_mapping map;
	struct picture_planes planes;
	size_t size;
	const uint8_t *data = clip_get(&options->clip, loop->submitted, &size);

	check(loop, wc_video_frame_map(frame, WC_MAP_WRITE, &map), "map a frame");
	for (unsigned i = 0; i < 3; i++) {
		planes.data[i] = map.planes[i].data;
		planes.stride[i] = map.planes[i].stride;
	}
	picture_write(&planes, data, options->width, options->height);
	wc_video_frame_unmap(frame);
}

static void encode_next(struct loop *loop)
{
	int64_t time = (int64_t)loop->submitted * FRAME_TIME;
	struct wc_video_frame *frame;

	check(loop, wc_video_encoder_alloc_frame(loop->encoder, time, &frame), "make a frame");
	fill_frame(loop, frame);
	check(loop, wc_video_encoder_encode(loop->encoder, frame, NULL), "encode");
	wc_video_frame_unref(frame);
	loop->submitted++;
}

static void feed_encoder(struct loop *loop)
{
	while (!wc_video_encoder_is_saturated(loop->encoder))
		encode_next(loop);
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void open_decoder(struct loop *loop)
{
	const struct loop_options *options = &loop->options;
	struct wc_video_decoder_init init = {
		.output = on_frame, .error = on_error, .user_data = loop,
	};
	struct wc_video_decoder_config config = {
		.codec = loop_codec_string(options),
		.coded_width = options->width,
		.coded_height = options->height,
		.hardware_acceleration = options->device ? WC_HARDWARE_PREFER_HARDWARE
							 : WC_HARDWARE_PREFER_SOFTWARE,
		.device = options->device,
	};

	check(loop, wc_video_decoder_new(loop->context, &init, &loop->decoder), "new decoder");
	check(loop, wc_video_decoder_configure(loop->decoder, &config), "configure");
}

static void decode_next(struct loop *loop)
{
	size_t size, capacity;
	const uint8_t *data = clip_get(&loop->options.clip, loop->submitted, &size);
	struct wc_encoded_video_chunk_init init = {
		/* A clip begins with a key frame, and goes round. */
		.type = loop->submitted % loop->options.clip.n_items ? WC_CHUNK_DELTA
								     : WC_CHUNK_KEY,
		.timestamp = (int64_t)loop->submitted * FRAME_TIME,
	};
	struct wc_encoded_video_chunk *chunk;

	check(loop, wc_video_decoder_alloc_chunk(loop->decoder, size, &init, &chunk),
	      "make a chunk");
	memcpy(wc_encoded_video_chunk_get_writable(chunk, &capacity), data, size);
	check(loop, wc_encoded_video_chunk_set_size(chunk, size), "fill a chunk");
	check(loop, wc_video_decoder_decode(loop->decoder, chunk), "decode");
	wc_encoded_video_chunk_unref(chunk);
	loop->submitted++;
}

static void feed_decoder(struct loop *loop)
{
	while (!wc_video_decoder_is_saturated(loop->decoder))
		decode_next(loop);
}

/* ---- both ------------------------------------------------------------------------------------ */

static void dispatch(struct loop *loop)
{
	check(loop, wc_context_dispatch(loop->context, -1), "dispatch");
}

static struct wc_session_info session_info(struct loop *loop)
{
	struct wc_session_info info;

	if (loop->encoder)
		wc_video_encoder_get_session_info(loop->encoder, &info);
	else
		wc_video_decoder_get_session_info(loop->decoder, &info);
	return info;
}

static void open_context(struct loop *loop)
{
	const char *paths[] = { loop->options.device, NULL };
	struct wc_context_options options = { .device_paths = paths };

	if (wc_context_new(&options, &loop->context) < 0)
		die("cannot make a context");
}

static void print_result(struct loop *loop)
{
	struct wc_session_info info = session_info(loop);
	char more[256];

	snprintf(more, sizeof more, " copied=%" PRIu64 " session=%s:%s", info.bytes_copied,
		 wc_session_kind_name(info.kind), info.name);
	meter_finish(&loop->meter, more);
}

int main(int argc, char **argv)
{
	struct loop loop = { .submitted = 0 };

	loop_options_read(&loop.options, argc, argv);
	open_context(&loop);
	if (loop.options.encode)
		open_encoder(&loop);
	else
		open_decoder(&loop);
	while (session_info(&loop).kind == WC_SESSION_NONE)
		dispatch(&loop);
	meter_init(&loop.meter, &loop.options);
	while (!meter_done(&loop.meter)) {
		if (loop.encoder)
			feed_encoder(&loop);
		else
			feed_decoder(&loop);
		dispatch(&loop);
	}
	print_result(&loop);
	wc_video_encoder_destroy(loop.encoder);
	wc_video_decoder_destroy(loop.decoder);
	wc_context_unref(loop.context);
	clip_free(&loop.options.clip);
	return 0;
}
