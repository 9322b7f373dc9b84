/* SPDX-License-Identifier: MIT */
/* Several codecs at once on one device: in one context, in two, and together with an encoder. */
#include <drm_fourcc.h>
#include <poll.h>
#include <string.h>

#include "player.h"
#include "tap.h"

#define FRAMES 24
#define DECODERS 8

/* Sizes differ, so that frames that went to the wrong decoder would be seen. */
static struct stream streams[DECODERS];
static uint64_t wanted[DECODERS][FRAMES];

static struct player players[DECODERS];

static void fill(unsigned n)
{
	struct picture picture = {
		.fourcc = DRM_FORMAT_YUV420, .width = 640 + 16 * n, .height = 368 + 16 * n,
	};
	struct player *player = &players[n];

	stream_encode(&streams[n], &picture, FRAMES, 8);
	player_open(player, NULL);
	if (player_feed(player, &streams[n], 0, FRAMES, 0) < 0 || player_flush(player) < 0 ||
	    !player_wait_flushes(player, 1) || player->n_frames != FRAMES)
		tap_bail("stream %u does not decode", n);
	for (unsigned i = 0; i < FRAMES; i++)
		wanted[n][i] = player->frames[i].hash;
	player_finish(player);
}

static bool is_whole(const struct player *player, unsigned n)
{
	for (unsigned i = 0; i < FRAMES; i++)
		if (i >= player->n_frames || player->frames[i].hash != wanted[n][i] ||
		    player->frames[i].timestamp != (int64_t)i * STREAM_STEP)
			return false;
	return player->n_frames == FRAMES && player->n_flushes == 1 &&
	       player->flushes[0].status == WC_OK && player->n_errors == 0;
}

static bool all_flushed(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (player_feed(&players[i], &streams[i], 0, FRAMES, 0) < 0 ||
		    player_flush(&players[i]) < 0)
			return false;
	for (unsigned i = 0; i < count; i++)
		if (!player_wait_flushes(&players[i], 1))
			return false;
	return true;
}

static void test_eight(void)
{
	struct wc_counters counters;
	struct wc_context *context;
	bool good, whole = true;

	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	for (unsigned i = 0; i < DECODERS; i++) {
		player_open(&players[i], context);
		players[i].to_hold = 2;
	}
	good = all_flushed(DECODERS);
	wc_context_get_counters(context, &counters);
	for (unsigned i = 0; i < DECODERS; i++)
		whole &= is_whole(&players[i], i);
	tap_ok(good && whole, "8 decoders in one context: each gives its own frames, whole");
	tap_ok(counters.hardware_contexts == DECODERS, "8 hardware contexts are counted");
	for (unsigned i = 0; i < DECODERS; i++)
		player_finish(&players[i]);
	wc_context_get_counters(context, &counters);
	tap_ok(counters.hardware_contexts == 0 && counters.video_decoders == 0 &&
	       counters.video_frames == 0 && counters.video_chunks == 0 && counters.buffers == 0,
	       "and nothing is counted when they are gone");
	wc_context_unref(context);
}

/* As an application does that has both in its own loop. */
static bool poll_both(struct player *a, struct player *b)
{
	struct pollfd fds[2] = {
		{ .fd = wc_context_get_fd(a->context), .events = POLLIN },
		{ .fd = wc_context_get_fd(b->context), .events = POLLIN },
	};

	while (!a->n_flushes || !b->n_flushes) {
		if (poll(fds, 2, 20000) <= 0)
			return false;
		if (fds[0].revents)
			wc_context_dispatch(a->context, 0);
		if (fds[1].revents)
			wc_context_dispatch(b->context, 0);
	}
	return true;
}

static void test_two_contexts(void)
{
	struct player *a = &players[0], *b = &players[1];
	bool good;

	player_open(a, NULL);
	player_open(b, NULL);
	good = player_feed(a, &streams[0], 0, FRAMES, 0) == WC_OK && player_flush(a) == WC_OK &&
	       player_feed(b, &streams[1], 0, FRAMES, 0) == WC_OK && player_flush(b) == WC_OK &&
	       poll_both(a, b);
	tap_ok(good && is_whole(a, 0) && is_whole(b, 1),
	       "two contexts on one device, polled by the application");
	player_finish(a);
	player_forget(b);
	good = player_feed(b, &streams[1], 0, FRAMES, 0) == WC_OK && player_flush(b) == WC_OK &&
	       player_wait_flushes(b, 1);
	tap_ok(good && is_whole(b, 1), "the second goes on when the first has gone");
	player_finish(b);
}

/* ---- a decoder that feeds an encoder --------------------------------------------------------- */

struct transcoder {
	struct player player;          /* first: its callbacks get it */
	struct wc_video_encoder *encoder;
	struct stream result;
	unsigned n_errors;
	bool flushed;
};

static struct transcoder transcoder;

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct transcoder *t = user_data;

	(void)metadata;
	stream_add(&t->result, wc_encoded_video_chunk_get_data(chunk),
		   wc_encoded_video_chunk_get_size(chunk));
	wc_encoded_video_chunk_unref(chunk);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct transcoder *t = user_data;

	tap_note("encoder: %s", error->message);
	t->n_errors++;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct transcoder *t = user_data;

	t->flushed = status == WC_OK;
}

static void pass_on(struct player *player, struct wc_video_frame *frame)
{
	struct transcoder *t = (struct transcoder *)player;

	if (wc_video_encoder_encode(t->encoder, frame, NULL) < 0)
		t->n_errors++;
}

static bool transcode(struct transcoder *t)
{
	if (player_feed(&t->player, &streams[2], 0, FRAMES, 0) < 0 ||
	    player_flush(&t->player) < 0 || !player_wait_flushes(&t->player, 1) ||
	    wc_video_encoder_flush(t->encoder, on_flushed, t) < 0)
		return false;
	for (int i = 0; i < 200 && !t->flushed && !t->n_errors; i++)
		wc_context_dispatch(t->player.context, 100);
	return t->flushed && !t->n_errors;
}

/* What was coded once is coded again without loss of frames, in one context. */
static void test_transcode(void)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = &transcoder,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .width = 672, .height = 400,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
	};
	bool good;

	player_open(&transcoder.player, NULL);
	transcoder.player.on_frame = pass_on;
	if (wc_video_encoder_new(transcoder.player.context, &init, &transcoder.encoder) < 0 ||
	    wc_video_encoder_configure(transcoder.encoder, &config) < 0)
		tap_bail("no encoder");
	good = transcode(&transcoder);
	tap_ok(good && is_whole(&transcoder.player, 2) && transcoder.result.n == FRAMES,
	       "a decoder feeds an encoder in one context: a chunk for each frame");
	tap_ok(transcoder.result.n > 8 && transcoder.result.chunks[0].type == WC_CHUNK_KEY &&
	       transcoder.result.chunks[1].type == WC_CHUNK_DELTA,
	       "the first is a key frame, the next is not");
	wc_video_encoder_destroy(transcoder.encoder);
	player_finish(&transcoder.player);
	stream_finish(&transcoder.result);
}

int main(void)
{
	for (unsigned i = 0; i < DECODERS; i++)
		fill(i);
	test_eight();
	test_two_contexts();
	test_transcode();
	for (unsigned i = 0; i < DECODERS; i++)
		stream_finish(&streams[i]);
	return tap_end();
}
