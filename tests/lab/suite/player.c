/* SPDX-License-Identifier: MIT */
#include "player.h"

#include <string.h>
#include <time.h>

#include "tap.h"

/* Nothing here takes longer, even below valgrind, unless it hangs. */
#define PATIENCE_SECONDS 60

static uint64_t hash_row(uint64_t hash, const uint8_t *data, size_t size)
{
	uint64_t word;

	for (; size >= sizeof word; size -= sizeof word, data += sizeof word) {
		memcpy(&word, data, sizeof word);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	while (size--)
		hash = (hash ^ *data++) * 0x100000001b3u;
	return hash;
}

uint64_t frame_hash(struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	struct wc_video_frame_mapping map;
	uint64_t hash = visible.width * 65536u + visible.height;

	if (wc_video_frame_map(frame, WC_MAP_READ, &map) < 0)
		tap_bail("cannot map a frame");
	/* I420: the chroma planes are halved. */
	for (uint32_t i = 0; i < map.plane_count; i++) {
		uint32_t scale = i ? 2 : 1;

		for (uint32_t y = 0; y < (visible.height + scale - 1) / scale; y++)
			hash = hash_row(hash, map.planes[i].data + y * map.planes[i].stride,
					(visible.width + scale - 1) / scale);
	}
	wc_video_frame_unmap(frame);
	return hash;
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct player *player = user_data;

	if (player->n_frames == STREAM_MAX)
		tap_bail("more than %d frames came out", STREAM_MAX);
	player->frames[player->n_frames].timestamp = wc_video_frame_get_timestamp(frame);
	player->frames[player->n_frames++].hash = frame_hash(frame);
	if (player->to_hold && player->n_held < STREAM_MAX) {
		player->to_hold--;
		player->held[player->n_held++] = wc_video_frame_ref(frame);
	}
	if (player->on_frame)
		player->on_frame(player, frame);
	wc_video_frame_unref(frame);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct player *player = user_data;

	player->error = *error;
	player->n_errors++;
}

static void on_flushed(enum wc_status status, void *user_data)
{
	struct player *player = user_data;

	if (player->n_flushes == PLAYER_MAX_FLUSHES)
		tap_bail("more flushes ended than were asked for");
	player->flushes[player->n_flushes].status = status;
	player->flushes[player->n_flushes++].n_frames = player->n_frames;
}

void player_open(struct player *player, struct wc_context *context)
{
	player_open_waiting(player, context, 0);
}

void player_open_waiting(struct player *player, struct wc_context *context, uint64_t context_wait)
{
	struct wc_video_decoder_init init = {
		.output = on_frame, .error = on_error, .user_data = player, .label = "suite",
	};

	memset(player, 0, sizeof *player);
	player->context_wait = context_wait;
	if (context)
		player->context = wc_context_ref(context);
	else if (wc_context_new(NULL, &player->context) < 0)
		tap_bail("no context");
	if (wc_video_decoder_new(player->context, &init, &player->decoder) < 0 ||
	    player_configure(player) < 0)
		tap_bail("no decoder");
}

int player_configure(struct player *player)
{
	struct wc_video_decoder_config config = {
		.codec = "fwht", .hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
		.context_wait = player->context_wait,
	};

	return wc_video_decoder_configure(player->decoder, &config);
}

int player_feed(struct player *player, const struct stream *stream, unsigned first, unsigned end,
		int64_t base)
{
	for (unsigned i = first; i < end; i++) {
		struct wc_encoded_video_chunk *chunk =
			stream_chunk(stream, i, player->context, base + (int64_t)i * STREAM_STEP);
		int ret = wc_video_decoder_decode(player->decoder, chunk);

		wc_encoded_video_chunk_unref(chunk);
		if (ret < 0)
			return ret;
	}
	return WC_OK;
}

int player_flush(struct player *player)
{
	return wc_video_decoder_flush(player->decoder, on_flushed, player);
}

/* Dispatch until *count reaches n. */
static bool wait_for(struct player *player, const unsigned *count, unsigned n)
{
	unsigned errors = player->n_errors;
	struct timespec now;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + PATIENCE_SECONDS;
	while (*count < n && player->n_errors == errors && now.tv_sec < end) {
		wc_context_dispatch(player->context, 1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	if (*count < n && player->n_errors == errors)
		tap_note("nothing for %d seconds", PATIENCE_SECONDS);
	else if (*count < n && !player->errors_wanted)
		tap_note("error: %s", player->error.message);
	return *count >= n;
}

bool player_wait_flushes(struct player *player, unsigned n)
{
	return wait_for(player, &player->n_flushes, n);
}

bool player_wait_frames(struct player *player, unsigned n)
{
	return wait_for(player, &player->n_frames, n);
}

void player_settle(struct player *player)
{
	for (int i = 0; i < 10; i++)
		wc_context_dispatch(player->context, 10);
}

void player_forget(struct player *player)
{
	player->n_frames = 0;
	player->n_flushes = 0;
}

void player_release(struct player *player)
{
	while (player->n_held)
		wc_video_frame_unref(player->held[--player->n_held]);
}

void player_finish(struct player *player)
{
	wc_video_decoder_destroy(player->decoder);
	wc_context_unref(player->context);
	player->decoder = NULL;
	player->context = NULL;
	player_release(player);
}
