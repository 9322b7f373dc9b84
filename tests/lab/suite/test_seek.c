/* SPDX-License-Identifier: MIT */
/* reset() and flush() in all their orders, on a real driver. */
#include <drm_fourcc.h>
#include <string.h>

#include "player.h"
#include "tap.h"

#define FRAMES 40
#define KEYS 10

/* Times of what is decoded after a reset, far from those before. */
#define LATER 1000000000

static struct stream stream;
static uint64_t wanted[FRAMES];        /* hashes of its frames */

/* Whether frames from on, of those that came, are chunks first, first + 1, ... with their times. */
static bool frames_are(const struct player *player, unsigned from, unsigned first, unsigned count,
		       int64_t base)
{
	if (player->n_frames != from + count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (player->frames[from + i].hash != wanted[first + i] ||
		    player->frames[from + i].timestamp != base + (int64_t)(first + i) * STREAM_STEP)
			return false;
	return true;
}

static bool feed(struct player *player, unsigned first, unsigned end, int64_t base)
{
	return player_feed(player, &stream, first, end, base) == WC_OK;
}

static bool flush(struct player *player)
{
	unsigned before = player->n_flushes;

	return player_flush(player) == WC_OK && player_wait_flushes(player, before + 1) &&
	       player->flushes[before].status == WC_OK;
}

static void seek(struct player *player)
{
	if (wc_video_decoder_reset(player->decoder) < 0 || player_configure(player) < 0)
		tap_bail("reset or configure failed");
}

static void prepare(void)
{
	struct picture picture = { .fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 360 };
	struct player player;

	stream_encode(&stream, &picture, FRAMES, KEYS);
	player_open(&player, NULL);
	if (!feed(&player, 0, FRAMES, 0) || !flush(&player) || player.n_frames != FRAMES)
		tap_bail("the stream does not decode");
	for (unsigned i = 0; i < FRAMES; i++)
		wanted[i] = player.frames[i].hash;
	player_finish(&player);
}

/* ---- seeking --------------------------------------------------------------------------------- */

/* How many frames have come when the seek happens: none, some, and with the input queue full. */
static void test_seek(unsigned frames_before)
{
	struct player player;
	unsigned old;
	bool good;

	player_open(&player, NULL);
	good = feed(&player, 0, 20, 0) && player_wait_frames(&player, frames_before);
	seek(&player);
	old = player.n_frames;
	good &= feed(&player, 2 * KEYS, FRAMES, LATER) && flush(&player);
	tap_ok(good && frames_are(&player, old, 2 * KEYS, FRAMES - 2 * KEYS, LATER),
	       "after %u frames: reset, configure, and only frames of the new place come",
	       frames_before);
	player_finish(&player);
}

static void test_key_needed(void)
{
	struct player player;
	bool good;

	player_open(&player, NULL);
	good = feed(&player, 0, 5, 0) && player_wait_frames(&player, 1);
	seek(&player);
	tap_ok(good && player_feed(&player, &stream, 7, 8, LATER) == WC_DATA_ERROR,
	       "after a reset a delta chunk is refused");
	tap_ok(player_feed(&player, &stream, KEYS, KEYS + 3, LATER) == WC_OK && flush(&player) &&
	       frames_are(&player, player.n_frames - 3, KEYS, 3, LATER),
	       "and the decoder goes on with a key chunk");
	player_finish(&player);
}

static void test_reset_without_dispatch(void)
{
	struct player player;
	bool good = true;

	player_open(&player, NULL);
	for (int i = 0; i < 8; i++) {
		good &= feed(&player, 0, 15, 0);
		seek(&player);
	}
	good &= feed(&player, KEYS, FRAMES, LATER) && flush(&player);
	tap_ok(good && frames_are(&player, 0, KEYS, FRAMES - KEYS, LATER),
	       "8 seeks before the first dispatch: one set of frames");
	player_finish(&player);
}

static void test_many_seeks(void)
{
	static const unsigned places[] = { 30, 0, 20, 10, 30, 30, 0, 10, 20, 0 };
	struct player player;
	unsigned old, from = 0;
	bool good = true;

	player_open(&player, NULL);
	player.to_hold = 24;
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
		from = places[i];
		old = player.n_frames;
		good &= feed(&player, from, from + KEYS, i * (int64_t)LATER) && flush(&player) &&
			frames_are(&player, old, from, KEYS, i * (int64_t)LATER);
		good &= feed(&player, from, from + 4, -LATER);
		player_settle(&player);
		seek(&player);
	}
	good &= feed(&player, 0, KEYS, 0);
	old = player.n_frames;
	good &= flush(&player) && frames_are(&player, old, 0, KEYS, 0);
	tap_ok(good, "10 seeks in work, frames of all places held");
	player_finish(&player);
}

/* ---- flushes --------------------------------------------------------------------------------- */

static void test_flush_twice(void)
{
	struct player player;
	bool good;

	player_open(&player, NULL);
	good = feed(&player, 0, KEYS, 0) && flush(&player) && flush(&player);
	tap_ok(good && frames_are(&player, 0, 0, KEYS, 0), "a second flush ends at once");
	tap_ok(feed(&player, KEYS, 2 * KEYS, 0) && flush(&player) &&
	       frames_are(&player, 0, 0, 2 * KEYS, 0), "and the decoder goes on after it");
	tap_ok(player_feed(&player, &stream, 2 * KEYS + 1, 2 * KEYS + 2, 0) == WC_DATA_ERROR,
	       "but with a key chunk only");
	player_finish(&player);
}

static void test_flush_first(void)
{
	struct player player;

	player_open(&player, NULL);
	tap_ok(flush(&player) && feed(&player, 0, KEYS, 0) && flush(&player) &&
	       frames_are(&player, 0, 0, KEYS, 0), "a flush before the first chunk ends, too");
	player_finish(&player);
}

static void test_flushes_pending(void)
{
	struct player player;
	bool good = true;

	player_open(&player, NULL);
	for (unsigned i = 0; i < FRAMES; i += KEYS)
		good &= feed(&player, i, i + KEYS, 0) && player_flush(&player) == WC_OK;
	good &= player_flush(&player) == WC_OK && player_wait_flushes(&player, 5);
	for (unsigned i = 0; i < 5; i++)
		good &= player.flushes[i].status == WC_OK &&
			player.flushes[i].n_frames == (i < 4 ? (i + 1) * KEYS : FRAMES);
	tap_ok(good && frames_are(&player, 0, 0, FRAMES, 0),
	       "5 flushes pending: each ends behind its frames");
	player_finish(&player);
}

static void test_reset_in_flush(unsigned frames_before)
{
	struct player player;
	unsigned old;
	bool good;

	player_open(&player, NULL);
	good = feed(&player, 0, 2 * KEYS, 0) && player_flush(&player) == WC_OK &&
	       player_flush(&player) == WC_OK && player_wait_frames(&player, frames_before);
	wc_video_decoder_reset(player.decoder);
	old = player.n_frames;
	good &= player.n_flushes == 0 && player_wait_flushes(&player, 2) &&
		player.flushes[0].status == WC_ABORT_ERROR &&
		player.flushes[1].status == WC_ABORT_ERROR;
	player_settle(&player);
	tap_ok(good && player.n_frames == old && player.n_flushes == 2,
	       "reset in a flush, after %u frames: two AbortErrors, and no frame", frames_before);
	tap_ok(player_configure(&player) == WC_OK && feed(&player, 3 * KEYS, FRAMES, LATER) &&
	       flush(&player) && frames_are(&player, old, 3 * KEYS, KEYS, LATER),
	       "and the decoder is as new");
	player_finish(&player);
}

static void test_close_in_flush(void)
{
	struct player player;
	bool good;

	player_open(&player, NULL);
	good = feed(&player, 0, 2 * KEYS, 0) && player_flush(&player) == WC_OK &&
	       player_wait_frames(&player, 3) && wc_video_decoder_close(player.decoder) == WC_OK &&
	       player_wait_flushes(&player, 1) && player.flushes[0].status == WC_ABORT_ERROR;
	tap_ok(good && player.n_errors == 0, "close in a flush: AbortError for it, no error");
	tap_ok(player_configure(&player) == WC_INVALID_STATE_ERROR, "closed is closed");
	player_finish(&player);
}

/* ---- from inside callbacks ------------------------------------------------------------------- */

static void seek_at_five(struct player *player, struct wc_video_frame *frame)
{
	(void)frame;
	if (player->n_frames != 5)
		return;
	seek(player);
	if (!feed(player, KEYS, 2 * KEYS, LATER) || player_flush(player) < 0)
		tap_bail("cannot decode in a callback");
}

static void test_seek_in_callback(void)
{
	struct player player;

	player_open(&player, NULL);
	player.on_frame = seek_at_five;
	tap_ok(feed(&player, 0, KEYS, 0) && player_wait_flushes(&player, 1) &&
	       player.flushes[0].status == WC_OK && frames_are(&player, 5, KEYS, KEYS, LATER),
	       "a seek from inside the output callback");
	player_finish(&player);
}

static void destroy_at_three(struct player *player, struct wc_video_frame *frame)
{
	(void)frame;
	if (player->n_frames != 3)
		return;
	wc_video_decoder_destroy(player->decoder);
	player->decoder = NULL;
}

static void test_destroy_in_callback(void)
{
	struct player player;
	bool good;

	player_open(&player, NULL);
	player.on_frame = destroy_at_three;
	good = feed(&player, 0, KEYS, 0) && player_flush(&player) == WC_OK &&
	       player_wait_frames(&player, 3);
	player_settle(&player);
	tap_ok(good && player.n_frames == 3 && player.n_flushes == 0 && player.n_errors == 0,
	       "destroyed in its output callback, a decoder says nothing more");
	player_finish(&player);
}

int main(void)
{
	prepare();
	test_seek(0);
	test_seek(1);
	test_seek(7);
	test_key_needed();
	test_reset_without_dispatch();
	test_many_seeks();
	test_flush_twice();
	test_flush_first();
	test_flushes_pending();
	test_reset_in_flush(0);
	test_reset_in_flush(4);
	test_close_in_flush();
	test_seek_in_callback();
	test_destroy_in_callback();
	stream_finish(&stream);
	return tap_end();
}
