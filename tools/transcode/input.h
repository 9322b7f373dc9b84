/* SPDX-License-Identifier: MIT */
/* An input: chunks for a decoder, or pictures for an encoder, in order; or a camera. */
#ifndef WC_TOOLS_INPUT_H
#define WC_TOOLS_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <webcodecs/webcodecs.h>

#include "common/failure.h"
#include "common/reader.h"
#include "transcode/options.h"
#include "transcode/track.h"

struct audio_copy;
struct input;

enum input_result {
	INPUT_FAILED = -1,   /* the failure is set; what came before is good */
	INPUT_END = 0,
	INPUT_GOT = 1,
};

struct input_ops {
	/*
	 * Inputs of chunks: make the next with memory of the decoder. The caller owns the
	 * reference.
	 */
	enum input_result (*read_chunk)(struct input *input, struct wc_video_decoder *decoder,
					struct wc_encoded_video_chunk **chunk);
	/* Inputs of pictures: fill a frame of the encoder's, of the size of the track. */
	enum input_result (*read_frame)(struct input *input, struct wc_video_frame *frame);
	/* Whether the picture of this time is there for decoding only. NULL: none is. */
	bool (*is_hidden)(struct input *input, int64_t timestamp);
	void (*destroy)(struct input *input);
};

/* Base of every input; the first member of the struct of each kind. */
struct input {
	const struct input_ops *ops;
	struct reader *reader;       /* of a camera: only its name */
	struct failure *failure;
	struct track track;
	uint64_t count;              /* chunks or pictures given out */
	uint64_t bytes_copied;       /* payload that could not be read into place */
	struct audio_copy *audio;    /* audio that goes along, the input's; NULL: none */
};

/*
 * Find out what the reader's file is and get ready to read it. Looks at the content; options name
 * what has no header. 0, or -1 with the failure set.
 *
 * input: to be given back with input_destroy(); uses reader until then
 */
int input_open(const struct options *options, struct reader *reader, struct input **input);

/* NULL is allowed. */
void input_destroy(struct input *input);

/* What a fetch means for an input that is in the middle of a frame. */
enum input_result input_from_reader(struct input *input, enum reader_result result);

/* A chunk for the bytes that come next in the reader, read straight into the decoder's memory. */
enum input_result input_fetch_chunk(struct input *input, struct wc_video_decoder *decoder,
				    size_t size, const struct wc_encoded_video_chunk_init *init,
				    struct wc_encoded_video_chunk **chunk);

/* The same with a copy of bytes in memory, counted in bytes_copied. */
enum input_result input_copy_chunk(struct input *input, struct wc_video_decoder *decoder,
				   const void *data, size_t size,
				   const struct wc_encoded_video_chunk_init *init,
				   struct wc_encoded_video_chunk **chunk);

/* Set the failure of a library call that returned status. Returns INPUT_FAILED. */
enum input_result input_fail_status(struct input *input, int status);

/* One for each file that has them. As input_open(). */
int input_raw_open(const struct options *options, struct reader *reader, struct input **input);
int input_y4m_open(const struct options *options, struct reader *reader, struct input **input);
int input_ivf_open(const struct options *options, struct reader *reader, struct input **input);
int input_fwht_open(const struct options *options, struct reader *reader, struct input **input);
int input_av_open(const struct options *options, struct reader *reader, struct input **input);

#endif
