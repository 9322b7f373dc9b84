/* SPDX-License-Identifier: MIT */
/* The decoder of a run: chunks of an input become frames. */
#ifndef WC_TOOLS_DECODING_H
#define WC_TOOLS_DECODING_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "transcode/input.h"
#include "transcode/options.h"

struct decoding {
	struct wc_context *context;
	struct wc_video_decoder *decoder;    /* NULL: nothing is decoded */
	struct input *input;
	struct failure *failure;
	uint32_t fourcc;                     /* DRM; in which frames are wished, 0: any */
	wc_video_frame_callback output;
	void *user_data;
	bool started;                        /* a key chunk was taken */
	bool failed;                         /* the decoder is closed, the failure set */
	bool drained;
};

/*
 * Configure a decoder for the track of an input. 0, or -1 with the failure set.
 *
 * device: NULL for any. output gets the frames, with user_data.
 */
int decoding_open(struct decoding *decoding, const struct options *options, const char *device);

/* Whether the decoder should be given more. */
bool decoding_has_room(const struct decoding *decoding);

/* Read one chunk and queue it. INPUT_FAILED: the failure is set. */
enum input_result decoding_feed(struct decoding *decoding);

/* Ask for what is left; `drained` is set when it has come. 0, or -1 with the failure set. */
int decoding_drain(struct decoding *decoding);

/* Drop what is left and give the device back. */
void decoding_close(struct decoding *decoding);

#endif
