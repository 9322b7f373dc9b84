/* SPDX-License-Identifier: MIT */
/*
 * IVF: a header of 32 bytes, then frames, each behind its size in 4 bytes and its time in 8. All
 * little-endian. "The IVF format" of the WebM project and of AOM.
 */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/chunk_info.h"
#include "common/interrupt.h"
#include "transcode/color.h"
#include "transcode/input.h"
#include "transcode/ivf.h"

/*
 * Frames a second, less than which a rate is one. The header has a unit of time, which some writers
 * make the length of a frame and others, say, a millisecond.
 */
#define MAX_RATE 1000

struct input_ivf {
	struct input base;
	enum video_codec codec;
	uint64_t data_offset;    /* of the first frame header */
	uint8_t *first;          /* the first frame of input that cannot seek, until given out */
	uint32_t first_size;
	uint64_t first_stamp;    /* its time, in units of the file */
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
static enum input_result next_header(struct input_ivf *ivf, uint32_t *size, uint64_t *stamp,
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
	*stamp = le64(data + 4);
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
		.timestamp = ivf_time(&ivf->base.track, ivf->first_stamp),
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
	uint64_t stamp;
	uint32_t size;

	if (ivf->first)
		return give_first(ivf, decoder, chunk);
	result = next_header(ivf, &size, &stamp, &init.type);
	if (result != INPUT_GOT)
		return result;
	if (!size) {
		failure_set(input->failure, "%s: frame %llu is empty", input->reader->name,
			    (unsigned long long)input->count);
		return INPUT_FAILED;
	}
	init.timestamp = ivf_time(&input->track, stamp);
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

/* libavformat counts with signed numbers; and there are headers of nothing but 0. */
static void set_time_base(struct track *track, uint32_t num, uint32_t den)
{
	track->time_base = (struct fraction) { num, den };
	if (!num || !den || num > INT32_MAX || den > INT32_MAX)
		track->time_base = (struct fraction) { TRACK_RATE.den, TRACK_RATE.num };
}

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
	track->frames = le32(data + 24);
	set_time_base(track, le32(data + 20), le32(data + 16));
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

/*
 * A rate whose times, rounded to whole units, may be so many units apart; 0: none. 33 ms are 30
 * frames a second, and not 30.3, which is above the limit of some levels. Of few units any may be.
 */
static uint32_t usual_rate(const struct fraction *time_base, uint64_t apart)
{
	static const uint8_t rates[] = { 12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120 };

	for (size_t i = 0; apart >= 8 && i < sizeof rates; i++) {
		double exact = (double)time_base->den / time_base->num / rates[i];

		if (fabs(exact - (double)apart) < 1)
			return rates[i];
	}
	return 0;
}

/* The rate of frames that are so many units of time apart; num 0 when that is none. */
static struct fraction rate_of(const struct track *track, uint64_t apart)
{
	uint64_t num = track->time_base.den, den;
	uint32_t usual;

	if (!apart || apart > UINT32_MAX)
		return (struct fraction) { 0, 0 };
	den = track->time_base.num * apart;
	if (num / MAX_RATE >= den)
		return (struct fraction) { 0, 0 };
	usual = num % den ? usual_rate(&track->time_base, apart) : 0;
	return usual ? (struct fraction) { usual, 1 } : fraction_reduce(num, den);
}

/* From the first two frames; the second is the next in the reader. */
static int find_rate(struct input_ivf *ivf)
{
	struct track *track = &ivf->base.track;
	const uint8_t *data;
	ssize_t have = reader_peek(ivf->base.reader, IVF_FRAME_HEADER_SIZE, &data);

	if (have < 0)
		return -1;
	if (have >= IVF_FRAME_HEADER_SIZE && le64(data + 4) > ivf->first_stamp)
		track->rate = rate_of(track, le64(data + 4) - ivf->first_stamp);
	/* They do not tell: the unit may be what it mostly is. */
	if (!track->rate.num)
		track->rate = rate_of(track, 1);
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

/*
 * Codec string and rate are in the first frame and behind it. In a file that can seek it is then
 * read again.
 */
static int inspect_first_frame(struct input_ivf *ivf)
{
	struct input *input = &ivf->base;
	enum input_result result = next_header(ivf, &ivf->first_size, &ivf->first_stamp,
					       &(enum wc_chunk_type) { WC_CHUNK_KEY });

	if (result == INPUT_END)
		return failure_set(input->failure, "%s: there is no frame in it",
				   input->reader->name);
	if (result == INPUT_FAILED)
		return -1;
	reader_skip(input->reader, IVF_FRAME_HEADER_SIZE);
	if (read_first_frame(ivf, ivf->first_size) || find_rate(ivf))
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
