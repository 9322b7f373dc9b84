/* SPDX-License-Identifier: MIT */
/* The encoder of a run: frames become chunks of an output. */
#ifndef WC_TOOLS_ENCODING_H
#define WC_TOOLS_ENCODING_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "common/codec_choice.h"
#include "common/failure.h"
#include "transcode/input.h"
#include "transcode/options.h"
#include "transcode/output.h"

struct encoding {
	struct wc_context *context;
	struct wc_video_encoder *encoder;    /* NULL: not yet, or nothing is encoded */
	const struct options *options;
	const struct track *track;
	struct output *output;
	struct failure *failure;
	char codec[CODEC_CHOICE_TEXT];       /* what it was configured for */
	uint64_t frames;                     /* put in */
	uint64_t chunks;                     /* got out and written */
	bool failed;                         /* encoder or output ended, the failure set */
	bool drained;
};

/*
 * Configure an encoder for frames of a size and format (0: that of the first). 0, or -1 with the
 * failure set.
 *
 * device: NULL for any
 */
int encoding_open(struct encoding *encoding, struct size size, uint32_t fourcc,
		  const char *device);

/* Whether the encoder is set up, so that encoding_feed() can be used. */
bool encoding_is_ready(const struct encoding *encoding);

/* Whether the encoder should be given more. */
bool encoding_has_room(const struct encoding *encoding);

/* Queue a frame. 0, or -1 with the failure set. */
int encoding_submit(struct encoding *encoding, struct wc_video_frame *frame);

/* Read one picture of an input into memory of the encoder's and queue it. */
enum input_result encoding_feed(struct encoding *encoding, struct input *input);

/* Ask for what is left; `drained` is set when it has come. 0, or -1 with the failure set. */
int encoding_drain(struct encoding *encoding);

/* Drop what is left and give the device back. */
void encoding_close(struct encoding *encoding);

#endif
