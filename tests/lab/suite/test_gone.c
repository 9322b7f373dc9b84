/* SPDX-License-Identifier: MIT */
/* The device goes away while a decoder works and frames of it are held. It is brought back. */
#include <drm_fourcc.h>
#include <stdio.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define FRAMES 30
#define HELD 12

static struct stream stream;
static uint64_t wanted[FRAMES];        /* hashes of its frames */

static void write_driver(const char *file)
{
	char path[100];
	FILE *out;

	snprintf(path, sizeof path, "/sys/bus/platform/drivers/vicodec/%s", file);
	out = fopen(path, "w");
	if (!out || fputs("vicodec.0", out) < 0 || fclose(out))
		tap_bail("cannot write %s", path);
}

static bool play_all(struct player *player)
{
	unsigned flushes = player->n_flushes;

	return player_feed(player, &stream, 0, FRAMES, 0) == WC_OK &&
	       player_flush(player) == WC_OK && player_wait_flushes(player, flushes + 1) &&
	       player->flushes[flushes].status == WC_OK;
}

static void prepare(void)
{
	struct picture picture = { .fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 360 };
	struct player player;

	stream_encode(&stream, &picture, FRAMES, 10);
	player_open(&player, NULL);
	if (!play_all(&player) || player.n_frames != FRAMES)
		tap_bail("the stream does not decode");
	for (unsigned i = 0; i < FRAMES; i++)
		wanted[i] = player.frames[i].hash;
	player_finish(&player);
}

static bool held_match(const struct player *player)
{
	for (unsigned i = 0; i < player->n_held; i++)
		if (frame_hash(player->held[i]) != wanted[i])
			return false;
	return player->n_held == HELD;
}

/* What was said to be gone, and nothing else, or the device was not needed any more. */
static bool is_gone_error(const struct player *player)
{
	return player->n_errors == 1 && player->error.name == WC_OPERATION_ERROR &&
	       player->error.device[0] &&
	       wc_video_decoder_get_state(player->decoder) == WC_CODEC_CLOSED;
}

static void test_in_work(void)
{
	struct player player;
	bool ended;

	player_open(&player, NULL);
	player.to_hold = HELD;
	player.errors_wanted = true;
	if (player_feed(&player, &stream, 0, 20, 0) < 0 || !player_wait_frames(&player, HELD))
		tap_bail("no frames");
	write_driver("unbind");
	player_feed(&player, &stream, 20, FRAMES, 0);
	ended = player_flush(&player) < 0 || player_wait_flushes(&player, 1);
	player_settle(&player);
	tap_ok(ended && is_gone_error(&player), "a decoder in work: OperationError, once: %s",
	       player.error.message);
	tap_ok(player.n_flushes == 0 || player.flushes[0].status == WC_OPERATION_ERROR,
	       "its flush ends with the same");
	tap_ok(held_match(&player), "frames that are held stay readable");
	wc_video_decoder_destroy(player.decoder);
	player.decoder = NULL;
	tap_ok(held_match(&player), "and when the decoder is destroyed, too");
	player_finish(&player);
	write_driver("bind");
}

/* Nothing was under way: it is noticed at the next call that needs the device, or before. */
static void test_idle(void)
{
	struct player player;

	player_open(&player, NULL);
	player.to_hold = HELD;
	player.errors_wanted = true;
	if (!play_all(&player))
		tap_bail("no frames");
	write_driver("unbind");
	player_settle(&player);
	player_feed(&player, &stream, 0, FRAMES, 0);
	if (player_flush(&player) == WC_OK)
		player_wait_flushes(&player, 2);
	player_settle(&player);
	tap_ok(is_gone_error(&player), "an idle decoder: OperationError, once: %s",
	       player.error.message);
	tap_ok(held_match(&player), "frames that are held stay readable");
	player_finish(&player);
}

static void test_no_device(void)
{
	struct player player;

	player_open(&player, NULL);
	player.errors_wanted = true;
	player_feed(&player, &stream, 0, 1, 0);
	if (player_flush(&player) == WC_OK)
		player_wait_flushes(&player, 1);
	tap_ok(player.n_errors == 1 && player.error.name == WC_NOT_SUPPORTED_ERROR,
	       "without the device a new decoder is not supported: %s", player.error.message);
	player_finish(&player);
	write_driver("bind");
}

static bool plays(struct wc_context *context)
{
	struct player player;
	bool good;

	player_open(&player, context);
	good = play_all(&player) && player.n_frames == FRAMES && player.n_errors == 0;
	player_finish(&player);
	return good;
}

int main(void)
{
	struct wc_context *context;

	prepare();
	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	tap_ok(plays(context), "a context that uses the device");
	test_in_work();
	test_idle();
	test_no_device();
	tap_ok(plays(context), "the device is back, and that context finds it");
	wc_context_unref(context);
	stream_finish(&stream);
	return tap_end();
}
