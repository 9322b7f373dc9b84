/* SPDX-License-Identifier: MIT */
/*
 * A run: input, decoder, encoder, output, and the order in which they end.
 *
 * Pictures and cameras go without the decoder, outputs of pictures without the encoder.
 */
#ifndef WC_TOOLS_PIPELINE_H
#define WC_TOOLS_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "transcode/decoding.h"
#include "transcode/devices.h"
#include "transcode/encoding.h"
#include "transcode/frame_md5.h"
#include "transcode/options.h"
#include "transcode/progress.h"

/*
 *   FEEDING ---> DRAINING_DECODER ---> DRAINING_ENCODER ---> DONE
 *
 * From FEEDING on the end of the input, --frames, --duration, a signal, or an input that failed.
 * States whose codec is not there, or is closed by an error, are passed through. To DONE from
 * anywhere when nothing can be written any more.
 */
enum pipeline_state {
	PIPELINE_FEEDING,
	PIPELINE_DRAINING_DECODER,
	PIPELINE_DRAINING_ENCODER,
	PIPELINE_DONE,
};

struct pipeline {
	const struct options *options;
	struct failure *failure;
	struct wc_context *context;
	struct input *input;
	struct output *output;           /* NULL: none but md5 */
	struct frame_md5 *md5;           /* NULL: none */
	struct devices devices;
	struct decoding decoding;
	struct encoding encoding;
	struct progress progress;
	enum pipeline_state state;
	bool broken;                     /* nothing can be written any more */
	uint64_t frames;                 /* decoded and passed on, or read */
	int64_t start, end;              /* microseconds */
};

/*
 * reader: NULL for a camera. 0, or -1 with the failure set. Ends with pipeline_finish() in either
 * case.
 */
int pipeline_open(struct pipeline *pipeline, const struct options *options, struct reader *reader,
		  struct failure *failure);

/* Until all is written, or something failed; tells with the failure. */
void pipeline_run(struct pipeline *pipeline);

/* Free all. */
void pipeline_finish(struct pipeline *pipeline);

#endif
