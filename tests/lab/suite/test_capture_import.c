/* SPDX-License-Identifier: MIT */
/*
 * A decoder whose frames are in memory that the application decided on, imported by the driver.
 *
 *   frames MAKER   frames are those in memory of the driver: held, across a change of size, reset
 *   plain MAKER    a stream without a change, for who counts what the driver does
 *   fallback       without that memory: the driver's is taken
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "player.h"
#include "tap.h"

#define WIDTH 640
#define HEIGHT 360
#define SIZE ((uint64_t)WIDTH * HEIGHT * 3 / 2)
#define FRAMES 30
#define CARD "/dev/dri/card1"

static const struct {
	const char *label;
	struct wc_memory_options options;
	const char *exporter;          /* as the kernel names it */
} makers[] = {
	{ "heap", { .kind = WC_MEMORY_HEAP, .name = "system" }, "system" },
	{ "udmabuf", { .kind = WC_MEMORY_UDMABUF }, "udmabuf" },
	{ "dumb", { .kind = WC_MEMORY_DUMB, .name = CARD }, "drm" },
};

static struct stream stream, large;
static uint64_t wanted[2 * FRAMES];    /* hashes of the frames of both, one after the other */
static unsigned maker;

static struct wc_context *make_context(bool decide)
{
	struct wc_context *context;

	if (wc_context_new(NULL, &context) < 0)
		tap_bail("no context");
	if (decide && wc_context_set_memory(context, &makers[maker].options) < 0)
		tap_bail("%s", wc_context_get_error(context)->message);
	return context;
}

static bool feed(struct player *player, const struct stream *from)
{
	return player_feed(player, from, 0, from->n, 0) == WC_OK;
}

/* Up to the end of what was fed. */
static bool flush(struct player *player)
{
	unsigned before = player->n_flushes;

	return player_flush(player) == WC_OK && player_wait_flushes(player, before + 1) &&
	       player->flushes[before].status == WC_OK;
}

static bool frames_match(const struct player *player, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (first + i >= player->n_frames || player->frames[first + i].hash != wanted[i])
			return false;
	return player->n_frames == first + n;
}

static bool held_match(const struct player *player)
{
	for (unsigned i = 0; i < player->n_held; i++)
		if (frame_hash(player->held[i]) != wanted[i])
			return false;
	return true;
}

static uint64_t bytes_of(struct wc_context *context, enum wc_memory_kind kind)
{
	struct wc_counters counters;

	wc_context_get_counters(context, &counters);
	return counters.bytes_by_kind[kind];
}

/* Two streams, and what their frames are in memory of the driver. */
static void prepare(void)
{
	struct picture picture = { .fourcc = DRM_FORMAT_YUV420, .width = WIDTH, .height = HEIGHT };
	struct wc_context *context = make_context(false);
	struct player player;

	stream_encode(&stream, &picture, FRAMES, 10);
	picture.width = 800;
	picture.height = 600;
	stream_encode(&large, &picture, FRAMES, 10);
	player_open(&player, context);
	if (!feed(&player, &stream) || !feed(&player, &large) || !flush(&player) ||
	    player.n_frames != 2 * FRAMES || bytes_of(context, makers[maker].options.kind))
		tap_bail("the stream does not decode");
	for (unsigned i = 0; i < 2 * FRAMES; i++)
		wanted[i] = player.frames[i].hash;
	player_finish(&player);
	wc_context_unref(context);
}

/* Whether a frame is a DMA-BUF of the maker: fdinfo of Linux names the exporter. */
static bool is_of_maker(struct wc_video_frame *frame)
{
	struct wc_dma_buf dma_buf;
	char path[64], line[128], name[64] = "";
	FILE *file;

	if (wc_video_frame_export_dma_buf(frame, &dma_buf) < 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", dma_buf.objects[0].fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file))
		sscanf(line, "exp_name: %63s", name);
	if (file)
		fclose(file);
	wc_dma_buf_finish(&dma_buf);
	tap_note("exporter %s", name);
	return strcmp(name, makers[maker].exporter) == 0;
}

static void test_frames(void)
{
	const char *label = makers[maker].label;
	enum wc_memory_kind kind = makers[maker].options.kind;
	struct wc_context *context = make_context(true);
	struct player player;

	player_open(&player, context);
	player.to_hold = 12;
	tap_ok(feed(&player, &stream) && feed(&player, &large) && flush(&player) &&
	       frames_match(&player, 0, 2 * FRAMES),
	       "%s: frames are those in memory of the driver, across a change of size", label);
	tap_ok(bytes_of(context, kind) >= 12 * SIZE && is_of_maker(player.held[0]),
	       "%s: and they are in memory of its maker", label);
	tap_ok(held_match(&player), "%s: held ones are whole", label);
	wc_video_decoder_reset(player.decoder);
	player_forget(&player);
	tap_ok(player_configure(&player) == WC_OK && feed(&player, &stream) && flush(&player) &&
	       frames_match(&player, 0, FRAMES) && held_match(&player),
	       "%s: after a reset, too", label);
	wc_video_decoder_close(player.decoder);
	tap_ok(held_match(&player), "%s: held ones are whole after the end of it", label);
	player_release(&player);
	player_settle(&player);
	tap_ok(bytes_of(context, kind) == 0, "%s: and then all is given back", label);
	player_finish(&player);
	wc_context_unref(context);
}

static void test_plain(void)
{
	struct wc_context *context = make_context(true);
	struct player player;
	bool good;

	player_open(&player, context);
	player.to_hold = 5;
	good = feed(&player, &stream) && flush(&player);
	player_release(&player);
	tap_ok(good && feed(&player, &stream) && flush(&player) && player.n_frames == 2 * FRAMES,
	       "%s: a stream, twice", makers[maker].label);
	player_finish(&player);
	wc_context_unref(context);
}

/* udmabuf was there when it was decided on, and is not when the decoder wants it. */
static void test_fallback(void)
{
	struct wc_context *context;
	struct player player;

	maker = 1;
	context = make_context(true);
	if (rename("/dev/udmabuf", "/dev/udmabuf.away") < 0)
		tap_bail("cannot take udmabuf away");
	player_open(&player, context);
	player.to_hold = 3;
	tap_ok(feed(&player, &stream) && feed(&player, &large) && flush(&player) &&
	       frames_match(&player, 0, 2 * FRAMES), "without udmabuf frames come all the same");
	tap_ok(bytes_of(context, WC_MEMORY_UDMABUF) == 0 &&
	       bytes_of(context, WC_MEMORY_DRIVER) >= 3 * SIZE, "in memory of the driver");
	rename("/dev/udmabuf.away", "/dev/udmabuf");
	player_finish(&player);
	wc_context_unref(context);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	for (unsigned i = 0; i < sizeof makers / sizeof *makers; i++)
		if (argc > 2 && strcmp(argv[2], makers[i].label) == 0)
			maker = i;
	prepare();
	if (strcmp(what, "frames") == 0)
		test_frames();
	else if (strcmp(what, "plain") == 0)
		test_plain();
	else if (strcmp(what, "fallback") == 0)
		test_fallback();
	else
		tap_bail("usage: test_capture_import frames|plain|fallback [MAKER]");
	stream_finish(&stream);
	stream_finish(&large);
	return tap_end();
}
