/* SPDX-License-Identifier: MIT */
/*
 * What is left over time: frames go through an encoder and its chunks through a decoder, for long.
 * After a warm-up the resident memory must stay where it is; at the end all that is counted, and
 * the descriptors of the process, must be back where they began.
 *
 * usage: ENCODER-DEVICE DECODER-DEVICE FRAMES WARM-UP KIBIBYTES
 * Prints TAP.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <webcodecs/webcodecs.h>

#include "bench.h"

/* The smallest that vicodec takes. */
#define WIDTH 640
#define HEIGHT 360

#define FRAME_TIME 33333

/* Chunks between the codecs. */
#define MAX_WAITING 4

/* Frames between two looks at the memory. */
#define STEP 100

struct growth {
	const char *devices[3];        /* encoder, decoder, NULL */
	unsigned frames, warm;
	long limit;                    /* bytes that the memory may grow */
	struct wc_context *context;
	struct wc_video_encoder *encoder;
	struct wc_video_decoder *decoder;
	struct wc_encoded_video_chunk *waiting[MAX_WAITING];
	unsigned n_waiting;
	unsigned encoded, decoded;     /* frames submitted, frames that came out */
	bool encoder_flushed, flushed;
	long warm_bytes, most_bytes;   /* resident after the warm-up; most since then */
	unsigned n_checks, n_failed;
};

static void check(struct growth *g, int status, const char *what)
{
	char text[512];

	if (status >= 0)
		return;
	wc_error_format(wc_context_get_error(g->context), text, sizeof text);
	die("%s: %s", what, text);
}

static void verdict(struct growth *g, bool good, const char *what, long value, long limit)
{
	printf("%s %u - %s: %ld, wanted %ld\n", good ? "ok" : "not ok", ++g->n_checks, what, value,
	       limit);
	g->n_failed += !good;
}

/* ---- what is measured ------------------------------------------------------------------------ */

static void look_at_memory(struct growth *g)
{
	long now;

	if (g->decoded < g->warm || g->decoded % STEP)
		return;
	now = resident_bytes();
	if (g->decoded == g->warm)
		g->warm_bytes = now;
	if (now > g->most_bytes)
		g->most_bytes = now;
}

/* ---- the codecs ------------------------------------------------------------------------------ */

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
	struct growth *g = user_data;

	(void)metadata;
	if (g->n_waiting == MAX_WAITING)
		die("more chunks than the encoder was given frames");
	g->waiting[g->n_waiting++] = chunk;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct growth *g = user_data;

	if (wc_video_frame_get_timestamp(frame) != (int64_t)g->decoded * FRAME_TIME)
		die("frame %u has the time %" PRId64, g->decoded,
		    wc_video_frame_get_timestamp(frame));
	wc_video_frame_unref(frame);
	g->decoded++;
	look_at_memory(g);
}

static void on_flushed(enum wc_status status, void *user_data)
{
	if (status != WC_OK)
		die("a flush ended with %s", wc_status_name(status));
	*(bool *)user_data = true;
}

static void open_codecs(struct growth *g)
{
	struct wc_context_options options = { .device_paths = g->devices };
	struct wc_video_encoder_init encoder_init = { on_chunk, on_error, NULL, g, NULL, { 0 } };
	struct wc_video_decoder_init decoder_init = { on_frame, on_error, NULL, g, NULL, { 0 } };
	struct wc_video_encoder_config encoder_config = {
		.codec = "fwht", .width = WIDTH, .height = HEIGHT, .fourcc = DRM_FORMAT_YUV420,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};
	struct wc_video_decoder_config decoder_config = {
		.codec = "fwht", .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};

	if (wc_context_new(&options, &g->context) < 0)
		die("cannot make a context");
	check(g, wc_video_encoder_new(g->context, &encoder_init, &g->encoder), "new encoder");
	check(g, wc_video_decoder_new(g->context, &decoder_init, &g->decoder), "new decoder");
	check(g, wc_video_encoder_configure(g->encoder, &encoder_config), "configure encoder");
	check(g, wc_video_decoder_configure(g->decoder, &decoder_config), "configure decoder");
}

static bool has_sessions(const struct growth *g)
{
	struct wc_session_info encoder, decoder;

	wc_video_encoder_get_session_info(g->encoder, &encoder);
	wc_video_decoder_get_session_info(g->decoder, &decoder);
	return encoder.kind != WC_SESSION_NONE && decoder.kind != WC_SESSION_NONE;
}

/* A bar that moves over grey: little to encode, but something in each frame. */
static void draw(struct growth *g, struct wc_video_frame *frame)
{
	struct wc_video_frame_mapping map;
	uint8_t *row;

	check(g, wc_video_frame_map(frame, WC_MAP_WRITE, &map), "map a frame");
	for (unsigned i = 0; i < map.plane_count; i++)
		memset(map.planes[i].data, 128, map.planes[i].stride * map.planes[i].rows);
	row = map.planes[0].data + g->encoded % HEIGHT * map.planes[0].stride;
	memset(row, 16 + (int)(g->encoded % 200), WIDTH);
	wc_video_frame_unmap(frame);
}

static void encode_next(struct growth *g)
{
	int64_t time = (int64_t)g->encoded * FRAME_TIME;
	struct wc_video_frame *frame;

	check(g, wc_video_encoder_alloc_frame(g->encoder, time, &frame), "make a frame");
	draw(g, frame);
	check(g, wc_video_encoder_encode(g->encoder, frame, NULL), "encode");
	wc_video_frame_unref(frame);
	g->encoded++;
}

/* As a network would: the decoder gets the bytes in memory of its own. */
static void decode_chunk(struct growth *g, struct wc_encoded_video_chunk *chunk)
{
	size_t size = wc_encoded_video_chunk_get_size(chunk), capacity;
	struct wc_encoded_video_chunk_init init = {
		.type = wc_encoded_video_chunk_get_type(chunk),
		.timestamp = wc_encoded_video_chunk_get_timestamp(chunk),
	};
	struct wc_encoded_video_chunk *copy;

	check(g, wc_video_decoder_alloc_chunk(g->decoder, size, &init, &copy), "make a chunk");
	memcpy(wc_encoded_video_chunk_get_writable(copy, &capacity),
	       wc_encoded_video_chunk_get_data(chunk), size);
	check(g, wc_encoded_video_chunk_set_size(copy, size), "fill a chunk");
	check(g, wc_video_decoder_decode(g->decoder, copy), "decode");
	wc_encoded_video_chunk_unref(copy);
	wc_encoded_video_chunk_unref(chunk);
}

static void feed_decoder(struct growth *g)
{
	unsigned n = 0;

	while (n < g->n_waiting && !wc_video_decoder_is_saturated(g->decoder))
		decode_chunk(g, g->waiting[n++]);
	g->n_waiting -= n;
	memmove(g->waiting, g->waiting + n, g->n_waiting * sizeof *g->waiting);
}

static void feed_encoder(struct growth *g)
{
	while (g->encoded < g->frames && g->encoded - g->decoded < MAX_WAITING &&
	       !wc_video_encoder_is_saturated(g->encoder))
		encode_next(g);
}

static void dispatch(struct growth *g)
{
	check(g, wc_context_dispatch(g->context, -1), "dispatch");
}

static void run(struct growth *g)
{
	while (!has_sessions(g))
		dispatch(g);
	while (g->encoded < g->frames) {
		feed_encoder(g);
		dispatch(g);
		feed_decoder(g);
	}
	check(g, wc_video_encoder_flush(g->encoder, on_flushed, &g->encoder_flushed), "flush");
	while (!g->encoder_flushed || g->n_waiting) {
		dispatch(g);
		feed_decoder(g);
	}
	check(g, wc_video_decoder_flush(g->decoder, on_flushed, &g->flushed), "flush");
	while (!g->flushed)
		dispatch(g);
}

static void check_counters(struct growth *g)
{
	struct wc_counters counters;

	wc_context_get_counters(g->context, &counters);
	verdict(g, counters.bytes_copied == 0, "payload bytes copied by the library",
		(long)counters.bytes_copied, 0);
	wc_video_encoder_destroy(g->encoder);
	wc_video_decoder_destroy(g->decoder);
	wc_context_get_counters(g->context, &counters);
	verdict(g, counters.video_frames == 0, "frames left", (long)counters.video_frames, 0);
	verdict(g, counters.video_chunks == 0, "chunks left", (long)counters.video_chunks, 0);
	verdict(g, counters.video_encoders == 0, "encoders left", (long)counters.video_encoders, 0);
	verdict(g, counters.video_decoders == 0, "decoders left", (long)counters.video_decoders, 0);
	verdict(g, counters.hardware_contexts == 0, "hardware contexts left",
		(long)counters.hardware_contexts, 0);
	verdict(g, counters.buffers == 0, "buffers left", (long)counters.buffers, 0);
	verdict(g, counters.buffer_bytes == 0, "bytes of buffers left", (long)counters.buffer_bytes,
		0);
}

int main(int argc, char **argv)
{
	struct growth g = { .frames = 0 };
	long descriptors = open_descriptors();

	if (argc != 6)
		die("usage: ENCODER-DEVICE DECODER-DEVICE FRAMES WARM-UP KIBIBYTES");
	g.devices[0] = argv[1];
	g.devices[1] = argv[2];
	g.frames = (unsigned)strtoul(argv[3], NULL, 10);
	g.warm = (unsigned)strtoul(argv[4], NULL, 10);
	g.limit = strtol(argv[5], NULL, 10) * 1024;
	open_codecs(&g);
	run(&g);
	verdict(&g, g.decoded == g.frames, "frames through both codecs", (long)g.decoded,
		(long)g.frames);
	verdict(&g, g.warm_bytes && g.most_bytes - g.warm_bytes < g.limit,
		"growth of resident memory, bytes", g.most_bytes - g.warm_bytes, g.limit);
	check_counters(&g);
	wc_context_unref(g.context);
	verdict(&g, open_descriptors() == descriptors, "descriptors", open_descriptors(),
		descriptors);
	printf("1..%u\n", g.n_checks);
	return g.n_failed != 0;
}
