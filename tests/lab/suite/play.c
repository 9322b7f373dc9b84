/* SPDX-License-Identifier: MIT */
/*
 * play INPUT OUTPUT [OPTION]...: decode an FWHT stream, write the visible pixels of its frames.
 *   burst    queue all chunks and the flush before anything is dispatched
 *   hold=N   keep the first N frames open until the flush has ended; they are written then
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "player.h"
#include "tap.h"

/* Chunks that wait in the decoder while others are read. */
#define PACE 2

struct play {
	struct player player;      /* first: callbacks get it */
	FILE *output;
	long places[STREAM_MAX];   /* in the output, of held frames */
	unsigned hold;
	bool burst;
};

static size_t frame_size(struct wc_video_frame *frame)
{
	size_t size;

	if (wc_video_frame_allocation_size(frame, NULL, &size) < 0)
		tap_bail("no size");
	return size;
}

static void write_frame(struct play *play, struct wc_video_frame *frame)
{
	size_t size = frame_size(frame);
	uint8_t *data = malloc(size);

	if (!data || wc_video_frame_copy_to(frame, NULL, data, size, NULL) < 0 ||
	    fwrite(data, 1, size, play->output) != size)
		tap_bail("cannot write a frame");
	free(data);
}

/* Held frames leave a gap in the output. */
static void on_frame(struct player *player, struct wc_video_frame *frame)
{
	struct play *play = (struct play *)player;

	if (player->n_frames > play->hold) {
		write_frame(play, frame);
		return;
	}
	play->places[player->n_frames - 1] = ftell(play->output);
	if (fseek(play->output, (long)frame_size(frame), SEEK_CUR))
		tap_bail("cannot seek in the output");
}

static void write_held(struct play *play)
{
	for (unsigned i = 0; i < play->player.n_held; i++) {
		if (fseek(play->output, play->places[i], SEEK_SET))
			tap_bail("cannot seek in the output");
		write_frame(play, play->player.held[i]);
	}
}

static void run(struct play *play, const struct stream *stream)
{
	struct player *player = &play->player;

	for (unsigned i = 0; i < stream->n; i++) {
		if (player_feed(player, stream, i, i + 1, 0) < 0)
			tap_bail("chunk %u was refused", i);
		while (!play->burst && !player->n_errors &&
		       wc_video_decoder_get_queue_size(player->decoder) > PACE)
			wc_context_dispatch(player->context, -1);
	}
	if (player_flush(player) < 0 || !player_wait_flushes(player, 1))
		tap_bail("the flush did not end");
}

static void parse(struct play *play, int argc, char **argv)
{
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "burst") == 0)
			play->burst = true;
		else if (strncmp(argv[i], "hold=", 5) == 0)
			play->hold = (unsigned)strtoul(argv[i] + 5, NULL, 10);
		else
			tap_bail("%s: no such option", argv[i]);
	}
}

int main(int argc, char **argv)
{
	static struct play play;
	static struct stream stream;

	if (argc < 3)
		tap_bail("usage: play INPUT OUTPUT [burst] [hold=N]");
	stream_load(&stream, argv[1]);
	player_open(&play.player, NULL);
	parse(&play, argc, argv);
	play.output = fopen(argv[2], "wb");
	if (!play.output)
		tap_bail("cannot write %s", argv[2]);
	play.player.on_frame = on_frame;
	play.player.to_hold = play.hold;
	run(&play, &stream);
	write_held(&play);
	fprintf(stderr, "%u chunks, %u frames, %u held\n", stream.n, play.player.n_frames,
		play.player.n_held);
	player_finish(&play.player);
	stream_finish(&stream);
	return fclose(play.output) ? EXIT_FAILURE : EXIT_SUCCESS;
}
