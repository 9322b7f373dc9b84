/* SPDX-License-Identifier: MIT */
/* A decoder of FWHT in a context, and a record of what came out of it. */
#ifndef WC_SUITE_PLAYER_H
#define WC_SUITE_PLAYER_H

#include <stdbool.h>
#include <stdint.h>
#include <webcodecs/webcodecs.h>

#include "stream.h"

#define PLAYER_MAX_FLUSHES 16

struct player {
	struct wc_context *context;        /* a reference */
	struct wc_video_decoder *decoder;
	/* Called for each frame after it was recorded, before it is released; may be NULL. */
	void (*on_frame)(struct player *player, struct wc_video_frame *frame);
	uint64_t context_wait;             /* of the configuration */
	unsigned to_hold;                  /* so many of the next frames are held */
	struct wc_video_frame *held[STREAM_MAX];
	unsigned n_held;
	struct {
		int64_t timestamp;
		uint64_t hash;
	} frames[STREAM_MAX];
	unsigned n_frames;
	struct {
		enum wc_status status;
		unsigned n_frames;         /* that had come out before */
	} flushes[PLAYER_MAX_FLUSHES];
	unsigned n_flushes;
	bool errors_wanted;                /* they are no news */
	unsigned n_errors;
	struct wc_error error;             /* the last one */
};

/* A sum of the visible pixels; the frame must be open. */
uint64_t frame_hash(struct wc_video_frame *frame);

/* context: NULL makes one. The decoder is configured for FWHT in hardware. */
void player_open(struct player *player, struct wc_context *context);

/* The same with a time to wait for a hardware context, in microseconds. */
void player_open_waiting(struct player *player, struct wc_context *context, uint64_t context_wait);

/* Configure the decoder. Returns the status. */
int player_configure(struct player *player);

/* Decode chunks first to end - 1 of stream; chunk n gets the time base + n * STREAM_STEP. */
int player_feed(struct player *player, const struct stream *stream, unsigned first, unsigned end,
		int64_t base);

/* Flush; the end of it is recorded. Returns the status. */
int player_flush(struct player *player);

/* Dispatch until so many flushes or frames are recorded. False: an error came, or nothing. */
bool player_wait_flushes(struct player *player, unsigned n);
bool player_wait_frames(struct player *player, unsigned n);

/* Dispatch as long as things may still come that should not: a tenth of a second. */
void player_settle(struct player *player);

/* Forget frames and flushes recorded; held frames stay. */
void player_forget(struct player *player);

/* Unref what is held. */
void player_release(struct player *player);

/* Destroy the decoder, give the reference to the context back, release. */
void player_finish(struct player *player);

#endif
