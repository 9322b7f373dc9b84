/* SPDX-License-Identifier: MIT */
/*
 * IVF: a header of 32 bytes, then frames, each behind its size in 4 bytes and its time in 8. All
 * little-endian. "The IVF format" of the WebM project and of AOM.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/chunk_info.h"
#include "common/interrupt.h"
#include "transcode/color.h"
#include "transcode/input.h"
#include "transcode/ivf.h"

struct input_ivf {
	struct input base;
	enum video_codec codec;
	uint64_t data_offset;    /* of the first frame header */
	uint8_t *first;          /* the first frame of input that cannot seek, until given out */
	uint32_t first_size;
	int64_t first_time;
};

static uint32_t le32(const uint8_t *data)
{
	uint32_t value;

	memcpy(&value, data, sizeof value);
	return le32toh(value);
}

static uint64_t le64(const uint8_t *data)
{
	uint64_t value;

	memcpy(&value, data, sizeof value);
	return le64toh(value);
}

/* Time stamps count in scale / rate seconds. */
static int64_t ivf_time(const struct track *track, uint64_t stamp)
{
	uint64_t num = (uint64_t)track->time_base.num * 1000000, den = track->time_base.den;

	/* Nonsense in the file must not overflow: such times are as good as any. */
	stamp &= (1ull << 40) - 1;
	return (int64_t)(stamp / den * num + (stamp % den * num + den / 2) / den);
}

/* The frame header, and what can be seen of the frame; *type is set from it. */
static enum input_result next_header(struct input_ivf *ivf, uint32_t *size, int64_t *timestamp,
				     enum wc_chunk_type *type)
{
	struct input *input = &ivf->base;
	const uint8_t *data;
	ssize_t have = reader_peek(input->reader, READER_AHEAD, &data);
	size_t visible;

	if (have < 0)
		return INPUT_FAILED;
	if (!have || interrupt_signal())
		return INPUT_END;
	if (have < IVF_FRAME_HEADER_SIZE)
		return input_from_reader(input, READER_SHORT);
	*size = le32(data);
	*timestamp = ivf_time(&input->track, le64(data + 4));
	visible = (size_t)have - IVF_FRAME_HEADER_SIZE;
	visible = visible < *size ? visible : *size;
	*type = ivf_is_key(ivf->codec, data + IVF_FRAME_HEADER_SIZE, visible) ? WC_CHUNK_KEY :
		WC_CHUNK_DELTA;
	return INPUT_GOT;
}

static enum input_result give_first(struct input_ivf *ivf, struct wc_video_decoder *decoder,
				    struct wc_encoded_video_chunk **chunk)
{
	struct wc_encoded_video_chunk_init init = {
		.type = WC_CHUNK_KEY,
		.timestamp = ivf->first_time,
	};
	enum input_result result = input_copy_chunk(&ivf->base, decoder, ivf->first,
						    ivf->first_size, &init, chunk);

	free(ivf->first);
	ivf->first = NULL;
	return result;
}

static enum input_result input_ivf_read_chunk(struct input *input,
					      struct wc_video_decoder *decoder,
					      struct wc_encoded_video_chunk **chunk)
{
	struct input_ivf *ivf = (struct input_ivf *)input;
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_DELTA };
	enum input_result result;
	uint32_t size;

	if (ivf->first)
		return give_first(ivf, decoder, chunk);
	result = next_header(ivf, &size, &init.timestamp, &init.type);
	if (result != INPUT_GOT)
		return result;
	if (!size) {
		failure_set(input->failure, "%s: frame %llu is empty", input->reader->name,
			    (unsigned long long)input->count);
		return INPUT_FAILED;
	}
	reader_skip(input->reader, IVF_FRAME_HEADER_SIZE);
	return input_fetch_chunk(input, decoder, size, &init, chunk);
}

static void input_ivf_destroy(struct input *input)
{
	struct input_ivf *ivf = (struct input_ivf *)input;

	free(ivf->first);
	free(ivf);
}

static const struct input_ops input_ivf_ops = {
	.read_chunk = input_ivf_read_chunk,
	.destroy = input_ivf_destroy,
};

static int read_file_header(struct input_ivf *ivf)
{
	struct track *track = &ivf->base.track;
	struct reader *reader = ivf->base.reader;
	const uint8_t *data;
	ssize_t have = reader_peek(reader, IVF_HEADER_SIZE, &data);

	if (have < 0)
		return -1;
	if (have < IVF_HEADER_SIZE)
		return failure_set(reader->failure, "%s: the file is cut short in its header",
				   reader->name);
	ivf->codec = ivf_codec((const char *)data + 8);
	if (ivf->codec == VIDEO_CODEC_NONE)
		return failure_set(reader->failure, "%s: codec '%.4s' is not known", reader->name,
				   (const char *)data + 8);
	track->width = (uint32_t)(data[12] | data[13] << 8);
	track->height = (uint32_t)(data[14] | data[15] << 8);
	track->rate = (struct fraction) { le32(data + 16), le32(data + 20) };
	track->frames = le32(data + 24);
	if (!track->rate.num || !track->rate.den)
		track->rate = TRACK_RATE;
	track->time_base = (struct fraction) { track->rate.den, track->rate.num };
	track->timed = true;
	reader_skip(reader, IVF_HEADER_SIZE);
	ivf->data_offset = reader->offset;
	return 0;
}

static int inspect(struct input_ivf *ivf, const uint8_t *data, size_t size)
{
	struct track *track = &ivf->base.track;
	struct chunk_info info;

	if (chunk_inspect(ivf->codec, false, 0, data, size, &info) || !info.has_format ||
	    codec_string_format(&info.codec, track->codec, sizeof track->codec))
		return failure_set(ivf->base.failure, "%s: frame 0 is no key frame of %s",
				   ivf->base.reader->name, video_codec_name(ivf->codec));
	track->color_space = color_space_from_h273(&info.color);
	return 0;
}

/* Read the first frame for inspection; it is given out later. */
static int read_first_frame(struct input_ivf *ivf, uint32_t size)
{
	struct input *input = &ivf->base;
	enum input_result result;

	if (input->reader->seekable && size > input->reader->size - input->reader->offset)
		return input_from_reader(input, READER_SHORT);
	ivf->first = malloc(size);
	if (!ivf->first)
		return failure_set_errno(input->failure, input->reader->name, ENOMEM);
	result = input_from_reader(input, reader_fetch_bytes(input->reader, ivf->first, size));
	if (result == INPUT_END)
		result = input_from_reader(input, READER_SHORT);
	return result == INPUT_GOT ? inspect(ivf, ivf->first, size) : -1;
}

/* The codec string is in the first frame. In a file that can seek it is then read again. */
static int inspect_first_frame(struct input_ivf *ivf)
{
	struct input *input = &ivf->base;
	enum input_result result = next_header(ivf, &ivf->first_size, &ivf->first_time,
					       &(enum wc_chunk_type) { WC_CHUNK_KEY });

	if (result == INPUT_END)
		return failure_set(input->failure, "%s: there is no frame in it",
				   input->reader->name);
	if (result == INPUT_FAILED)
		return -1;
	reader_skip(input->reader, IVF_FRAME_HEADER_SIZE);
	if (read_first_frame(ivf, ivf->first_size))
		return -1;
	if (!input->reader->seekable)
		return 0;
	free(ivf->first);
	ivf->first = NULL;
	return reader_seek(input->reader, ivf->data_offset);
}

/* Chunks with start codes have to be read whole to know them: libavformat does that well. */
static bool is_annexb(struct reader *reader)
{
	const uint8_t *data;
	enum video_codec codec;

	if (reader_peek(reader, 12, &data) < 12)
		return false;
	codec = ivf_codec((const char *)data + 8);
	return codec == VIDEO_CODEC_H264 || codec == VIDEO_CODEC_HEVC;
}

int input_ivf_open(const struct options *options, struct reader *reader, struct input **input)
{
	struct input_ivf *ivf;

	if (is_annexb(reader))
		return input_av_open(options, reader, input);
	ivf = calloc(1, sizeof *ivf);
	if (!ivf)
		return failure_set_errno(reader->failure, reader->name, ENOMEM);
	ivf->base = (struct input) {
		.ops = &input_ivf_ops,
		.reader = reader,
		.failure = reader->failure,
	};
	if (read_file_header(ivf) || inspect_first_frame(ivf)) {
		input_ivf_destroy(&ivf->base);
		return -1;
	}
	*input = &ivf->base;
	return 0;
}
