/* SPDX-License-Identifier: MIT */
/* IVF; see input_ivf.c for the format. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/codec_string.h"
#include "common/vectors.h"
#include "transcode/ivf.h"
#include "transcode/output.h"

#define FRAME_COUNT_OFFSET 24

struct output_ivf {
	struct output base;
	struct fraction time_base;   /* seconds */
};

static void put_le16(uint8_t *data, unsigned value)
{
	data[0] = (uint8_t)value;
	data[1] = (uint8_t)(value >> 8);
}

static void put_le32(uint8_t *data, uint32_t value)
{
	value = htole32(value);
	memcpy(data, &value, sizeof value);
}

static void put_le64(uint8_t *data, uint64_t value)
{
	value = htole64(value);
	memcpy(data, &value, sizeof value);
}

static void choose_time_base(struct output_ivf *ivf)
{
	const struct track *track = ivf->base.track;

	ivf->time_base = (struct fraction) { track->rate.den, track->rate.num };
	if (track->timed && track->time_base.num)
		ivf->time_base = track->time_base;
}

static int write_header(struct output_ivf *ivf,
			const struct wc_encoded_video_chunk_metadata *metadata)
{
	const struct wc_video_decoder_config *config = output_first_config(&ivf->base, metadata);
	uint8_t header[IVF_HEADER_SIZE] = { 'D', 'K', 'I', 'F' };
	struct iovec iov = { header, sizeof header };
	struct codec_string codec;
	const char *letters = NULL;

	if (!config)
		return -1;
	if (codec_string_parse(config->codec, &codec) == 0)
		letters = ivf_letters(codec.codec);
	if (!letters)
		return failure_set(ivf->base.failure, "%s: IVF cannot hold %s",
				   ivf->base.writer.name, config->codec);
	choose_time_base(ivf);
	put_le16(header + 6, IVF_HEADER_SIZE);
	memcpy(header + 8, letters, 4);
	put_le16(header + 12, config->coded_width);
	put_le16(header + 14, config->coded_height);
	put_le32(header + 16, ivf->time_base.den);
	put_le32(header + 20, ivf->time_base.num);
	return output_begin(&ivf->base) ? -1 : writer_unit(&ivf->base.writer, &iov, 1);
}

/* From microseconds, to the nearest; in two steps, which do not overflow. */
static uint64_t stamp(const struct output_ivf *ivf, int64_t timestamp)
{
	uint64_t time = timestamp > 0 ? (uint64_t)timestamp : 0;
	uint64_t den = ivf->time_base.den, num = (uint64_t)ivf->time_base.num * 1000000;

	return time / num * den + (time % num * den + num / 2) / num;
}

static int output_ivf_chunk(struct output *output, struct wc_encoded_video_chunk *chunk,
			    const struct wc_encoded_video_chunk_metadata *metadata)
{
	struct output_ivf *ivf = (struct output_ivf *)output;
	size_t size = wc_encoded_video_chunk_get_size(chunk);
	uint8_t header[IVF_FRAME_HEADER_SIZE];
	struct iovec iov[2] = {
		{ header, sizeof header },
		vector_from(wc_encoded_video_chunk_get_data(chunk), size),
	};

	if (!output->units && write_header(ivf, metadata))
		return -1;
	put_le32(header, (uint32_t)size);
	put_le64(header + 4, stamp(ivf, wc_encoded_video_chunk_get_timestamp(chunk)));
	output->payload += size;
	if (writer_unit(&output->writer, iov, 2))
		return -1;
	output->units++;
	return 0;
}

/* The header tells how many frames there are, where it can be gone back to. */
static int output_ivf_finish(struct output *output)
{
	uint8_t count[4];

	if (!output->writer.seekable || !output->units)
		return 0;
	put_le32(count, (uint32_t)output->units);
	return writer_patch(&output->writer, FRAME_COUNT_OFFSET, count, sizeof count);
}

static void output_ivf_destroy(struct output *output)
{
	free(output);
}

static const struct output_ops output_ivf_ops = {
	.chunk = output_ivf_chunk,
	.finish = output_ivf_finish,
	.destroy = output_ivf_destroy,
};

struct output *output_ivf_new(void)
{
	struct output_ivf *ivf = calloc(1, sizeof *ivf);

	if (!ivf)
		return NULL;
	ivf->base.ops = &output_ivf_ops;
	return &ivf->base;
}
