/* SPDX-License-Identifier: MIT */
/*
 * Hardware contexts that are few: of eight decoders that idle in one process the longest idle one
 * makes room for a ninth. The limit is the application's, the device and the frames are real.
 */
#include <drm_fourcc.h>
#include <string.h>
#include <time.h>

#include "player.h"
#include "tap.h"

#define FRAMES 6
#define DECODERS 8
#define INACTIVITY 300000              /* microseconds */

static struct stream stream;
static uint64_t wanted[FRAMES];
static struct player players[DECODERS + 1];

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* As an application does in which nothing happens. */
static void idle(struct wc_context *context, int64_t microseconds)
{
	int64_t end = now() + microseconds;

	while (now() < end)
		wc_context_dispatch(context, 20);
}

static bool decode(struct player *player)
{
	player_forget(player);
	if (player_feed(player, &stream, 0, FRAMES, 0) < 0 || player_flush(player) < 0 ||
	    !player_wait_flushes(player, 1) || player->n_frames != FRAMES)
		return false;
	for (unsigned i = 0; i < FRAMES; i++)
		if (player->frames[i].hash != wanted[i])
			return false;
	return true;
}

static const char *device_of(struct player *player)
{
	static struct wc_session_info info;

	wc_video_decoder_get_session_info(player->decoder, &info);
	return info.device;
}

static struct wc_context *new_context(const char *device, int64_t inactivity)
{
	struct wc_context_options options = { .inactivity = inactivity };
	struct wc_context *context;

	if (wc_context_new(&options, &context) < 0)
		tap_bail("no context");
	if (device && wc_context_set_quota(context, device, DECODERS) < 0)
		tap_bail("no quota: %s", wc_context_get_error(context)->message);
	return context;
}

static unsigned count_errors(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < DECODERS; i++)
		n += players[i].n_errors;
	return n;
}

/* Player 3 worked first, so it is the one. */
static void check_victim(const struct player *victim)
{
	tap_ok(victim->n_errors == 1 && count_errors() == 1,
	       "the longest idle one was closed, and no other");
	tap_ok(victim->error.name == WC_QUOTA_EXCEEDED_ERROR && victim->error.quota == DECODERS &&
	       victim->error.requested == DECODERS + 1 && victim->error.holder_count == DECODERS,
	       "with QuotaExceededError, quota %u, requested %u and %u holders",
	       (unsigned)victim->error.quota, (unsigned)victim->error.requested,
	       victim->error.holder_count);
}

static bool frames_are_readable(struct player *player)
{
	for (unsigned i = 0; i < player->n_held; i++)
		if (frame_hash(player->held[i]) != wanted[i])
			return false;
	return player->n_held > 0;
}

static void test_ninth(const char *device)
{
	struct wc_context *context = new_context(device, INACTIVITY);
	struct player *victim = &players[3], *ninth = &players[DECODERS];
	struct wc_counters counters;
	bool good = true;

	for (unsigned i = 0; i < DECODERS; i++) {
		player_open(&players[i], context);
		players[i].to_hold = 2;
		players[i].errors_wanted = true;
	}
	good &= decode(victim);
	idle(context, INACTIVITY);
	for (unsigned i = 0; i < DECODERS; i++)
		if (&players[i] != victim)
			good &= decode(&players[i]);
	tap_ok(good, "eight decoders have all the contexts");
	idle(context, 3 * INACTIVITY);

	player_open(ninth, context);
	tap_ok(decode(ninth) && ninth->n_errors == 0, "a ninth works");
	check_victim(victim);
	tap_ok(frames_are_readable(victim), "its frames are still there");
	wc_context_get_counters(context, &counters);
	tap_ok(counters.hardware_contexts == DECODERS, "eight contexts are in use");
	idle(context, 100000);
	tap_ok(count_errors() == 1, "its callback ran once");
	tap_ok(wc_video_decoder_decode(victim->decoder, NULL) < 0, "it is closed");
	for (unsigned i = 0; i <= DECODERS; i++)
		player_finish(&players[i]);
	wc_context_unref(context);
}

/* All are at work: nobody is sent away, and the error says who has what. */
static void test_busy(const char *device)
{
	struct wc_context *context = new_context(device, 0);
	struct player *ninth = &players[DECODERS];

	for (unsigned i = 0; i < DECODERS; i++) {
		player_open(&players[i], context);
		decode(&players[i]);
	}
	player_open(ninth, context);
	ninth->errors_wanted = true;
	for (unsigned i = 0; i < 100 && !ninth->n_errors; i++)
		wc_context_dispatch(context, 20);
	tap_ok(ninth->n_errors == 1 && ninth->error.name == WC_QUOTA_EXCEEDED_ERROR &&
	       ninth->error.holder_count == DECODERS && count_errors() == 0,
	       "while all eight are active a ninth is told so");
	for (unsigned i = 0; i <= DECODERS; i++)
		player_finish(&players[i]);
	wc_context_unref(context);
}

int main(void)
{
	struct picture picture = { .fourcc = DRM_FORMAT_YUV420, .width = 640, .height = 368 };
	struct player *first = &players[0];
	char device[64];

	stream_encode(&stream, &picture, FRAMES, 3);
	player_open(first, NULL);
	if (player_feed(first, &stream, 0, FRAMES, 0) < 0 || player_flush(first) < 0 ||
	    !player_wait_flushes(first, 1) || first->n_frames != FRAMES)
		tap_bail("the stream does not decode");
	for (unsigned i = 0; i < FRAMES; i++)
		wanted[i] = first->frames[i].hash;
	strcpy(device, device_of(first));
	player_finish(first);

	test_ninth(device);
	test_busy(device);
	stream_finish(&stream);
	return tap_end();
}
