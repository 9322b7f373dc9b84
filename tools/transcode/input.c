/* SPDX-License-Identifier: MIT */
#include "transcode/input.h"

#include <string.h>

#include "common/interrupt.h"
#include "util/macros.h"

/* Files that begin with a signature, and the extension that claims to be one. */
static const struct {
	enum file_kind kind;
	const char *signature;
	size_t size;
	const char *name;
	int (*open)(const struct options *options, struct reader *reader, struct input **input);
} signatures[] = {
	{ FILE_IVF, "DKIF", 4, "an IVF file", input_ivf_open },
	{ FILE_Y4M, "YUV4MPEG2", 9, "a YUV4MPEG2 file", input_y4m_open },
	{ FILE_FWHT, "\x4f\x4f\x4f\x4f\xff\xff\xff\xff", 8, "an FWHT stream", input_fwht_open },
};

static int open_by_content(const struct options *options, struct reader *reader,
			   struct input **input)
{
	const uint8_t *data;
	ssize_t have;

	if (options->input_type && options->input_type->kind == FILE_RAW)
		return input_raw_open(options, reader, input);
	have = reader_peek(reader, 16, &data);
	if (have < 0)
		return -1;
	if (!have)
		return failure_set(reader->failure, "%s: the file is empty", reader->name);
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		if ((size_t)have >= signatures[i].size &&
		    !memcmp(data, signatures[i].signature, signatures[i].size))
			return signatures[i].open(options, reader, input);
		if (options->input_type && options->input_type->kind == signatures[i].kind)
			return failure_set(reader->failure, "%s: is not %s", reader->name,
					   signatures[i].name);
	}
	return input_av_open(options, reader, input);
}

int input_open(const struct options *options, struct reader *reader, struct input **input)
{
	struct track *track;

	*input = NULL;
	if (open_by_content(options, reader, input))
		return -1;
	track = &(*input)->track;
	if (options->framerate.num)
		track->rate = options->framerate;
	/* More than one frame a microsecond would have no times of their own. */
	if (!track->rate.num || track->rate.num > 1000000ull * track->rate.den)
		track->rate = TRACK_RATE;
	return 0;
}

void input_destroy(struct input *input)
{
	if (input)
		input->ops->destroy(input);
}

enum input_result input_from_reader(struct input *input, enum reader_result result)
{
	switch (result) {
	case READER_WHOLE:
		return INPUT_GOT;
	case READER_END:
		return INPUT_END;
	case READER_SHORT:
		failure_set(input->failure, "%s: the file is cut short in frame %llu",
			    input->reader->name, (unsigned long long)input->count);
		return INPUT_FAILED;
	case READER_FAILED:
	default:
		return INPUT_FAILED;
	}
}

enum input_result input_fail_status(struct input *input, int status)
{
	failure_set(input->failure, "%s: frame %llu: %s", input->reader->name,
		    (unsigned long long)input->count, wc_status_name((enum wc_status)status));
	return INPUT_FAILED;
}

/* A chunk of the decoder's with room for size bytes. */
static uint8_t *alloc_chunk(struct input *input, struct wc_video_decoder *decoder, size_t size,
			    const struct wc_encoded_video_chunk_init *init,
			    struct wc_encoded_video_chunk **chunk)
{
	int status = wc_video_decoder_alloc_chunk(decoder, size, init, chunk);
	size_t capacity = 0;
	uint8_t *data = NULL;

	if (status == WC_OK)
		data = wc_encoded_video_chunk_get_writable(*chunk, &capacity);
	if (data && capacity >= size)
		return data;
	input_fail_status(input, status < 0 ? status : WC_OPERATION_ERROR);
	wc_encoded_video_chunk_unref(*chunk);
	*chunk = NULL;
	return NULL;
}

static enum input_result finish_chunk(struct input *input, size_t size, enum input_result result,
				      struct wc_encoded_video_chunk **chunk)
{
	int status = wc_encoded_video_chunk_set_size(*chunk, size);

	if (result == INPUT_GOT && status < 0)
		result = input_fail_status(input, status);
	if (result == INPUT_GOT) {
		input->count++;
		return result;
	}
	wc_encoded_video_chunk_unref(*chunk);
	*chunk = NULL;
	return result;
}

enum input_result input_fetch_chunk(struct input *input, struct wc_video_decoder *decoder,
				    size_t size, const struct wc_encoded_video_chunk_init *init,
				    struct wc_encoded_video_chunk **chunk)
{
	enum input_result result;
	uint8_t *data;

	/* Sizes come from the file: do not ask for memory that it cannot fill. */
	if (input->reader->seekable && size > input->reader->size - input->reader->offset)
		return input_from_reader(input, READER_SHORT);
	data = alloc_chunk(input, decoder, size, init, chunk);
	if (!data)
		return INPUT_FAILED;
	result = input_from_reader(input, reader_fetch_bytes(input->reader, data, size));
	/* The header of this frame was there, so an end is a cut, unless a signal asked for it. */
	if (result == INPUT_END && !interrupt_signal())
		result = input_from_reader(input, READER_SHORT);
	return finish_chunk(input, size, result, chunk);
}

enum input_result input_copy_chunk(struct input *input, struct wc_video_decoder *decoder,
				   const void *data, size_t size,
				   const struct wc_encoded_video_chunk_init *init,
				   struct wc_encoded_video_chunk **chunk)
{
	uint8_t *to = alloc_chunk(input, decoder, size, init, chunk);

	if (!to)
		return INPUT_FAILED;
	memcpy(to, data, size);
	input->bytes_copied += size;
	return finish_chunk(input, size, INPUT_GOT, chunk);
}
