/* SPDX-License-Identifier: MIT */
/* An output: takes pictures or chunks, in order. */
#ifndef WC_TOOLS_OUTPUT_H
#define WC_TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "common/writer.h"
#include "transcode/input.h"
#include "transcode/options.h"
#include "transcode/track.h"

struct output;

/* All return 0, or -1 with the failure set. */
struct output_ops {
	/* Outputs of pictures. */
	int (*frame)(struct output *output, struct wc_video_frame *frame);
	/* Outputs of chunks; metadata as the encoder gave it. */
	int (*chunk)(struct output *output, struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata);
	/* Write what comes last, also after a failure: the file is to be good up to there. */
	int (*finish)(struct output *output);
	void (*destroy)(struct output *output);
	/* DRM fourcc in which pictures are best decoded, 0: any. NULL: any. */
	uint32_t (*wished_format)(const struct output *output);
	bool without_file;                /* nothing to open, nothing to remove */
};

/* Base of every output; the first member of the struct of each kind. */
struct output {
	const struct output_ops *ops;
	struct writer writer;
	struct failure *failure;
	const struct options *options;
	const struct track *track;        /* of the input, for rates and times */
	const struct reader *source;      /* not to be written over */
	struct audio_copy *audio;         /* what goes along; NULL: nothing */
	uint64_t units;                   /* pictures or chunks written */
	uint64_t payload;                 /* bytes of them */
	uint64_t bytes_copied;            /* payload that could not be written from its place */
	char note[384];                   /* for the summary; empty: the payload says it */
};

/*
 * Make the output that the options name. No file is made before there is something to write.
 *
 * options and input must outlive it. NULL with the failure set.
 */
struct output *output_new(const struct options *options, const struct input *input);

/*
 * Write the end and close the file. One without a unit is removed, unless it is an old one that
 * nothing was written to. 0, or -1.
 */
int output_finish(struct output *output);

/* After output_finish(), or without a file being kept. NULL is allowed. */
void output_destroy(struct output *output);

/* Open the file, if it is not open yet. 0, or -1 with the failure set. */
int output_begin(struct output *output);

/* The decoder configuration that comes with the first chunk; NULL with the failure set. */
const struct wc_video_decoder_config *
output_first_config(struct output *output, const struct wc_encoded_video_chunk_metadata *metadata);

/* Set the failure of a library call for a frame or chunk. Returns -1. */
int output_fail_status(struct output *output, const char *what, int status);

/* Whether chunks are to have start codes. */
bool output_is_annexb(const struct options *options);

/* One for each kind; NULL without memory, or with the failure set. The base is filled in after. */
struct output *output_raw_new(void);
struct output *output_y4m_new(void);
struct output *output_elementary_new(void);
struct output *output_ivf_new(void);
struct output *output_av_new(struct failure *failure, const struct options *options);
struct output *output_display_new(struct failure *failure, const struct options *options);

#endif
