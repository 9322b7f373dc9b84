/* SPDX-License-Identifier: MIT */
/* FWHT streams: frames back to back, each with the header that tells its size. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream/fwht.h"
#include "common/interrupt.h"
#include "transcode/color.h"
#include "transcode/input.h"

/* The header of the next frame. INPUT_END when no byte is left. */
static enum input_result next_header(struct input *input, struct fwht_header *header)
{
	const uint8_t *data;
	ssize_t have = reader_peek(input->reader, FWHT_HEADER_SIZE, &data);
	int error;

	if (have < 0)
		return INPUT_FAILED;
	if (!have || interrupt_signal())
		return INPUT_END;
	if (have < FWHT_HEADER_SIZE)
		return input_from_reader(input, READER_SHORT);
	error = fwht_header_parse(data, (size_t)have, header);
	if (!error)
		return INPUT_GOT;
	failure_set(input->failure, "%s: frame %llu has %s", input->reader->name,
		    (unsigned long long)input->count, error == -ENOTSUP ?
		    "an FWHT version that is not supported" : "no valid FWHT header");
	return INPUT_FAILED;
}

static enum input_result input_fwht_read_chunk(struct input *input,
					       struct wc_video_decoder *decoder,
					       struct wc_encoded_video_chunk **chunk)
{
	struct wc_encoded_video_chunk_init init = { .has_duration = true };
	struct fwht_header header;
	enum input_result result = next_header(input, &header);

	if (result != INPUT_GOT)
		return result;
	init.type = header.key ? WC_CHUNK_KEY : WC_CHUNK_DELTA;
	init.timestamp = track_time(&input->track, input->count);
	init.duration = (uint64_t)(track_time(&input->track, input->count + 1) - init.timestamp);
	return input_fetch_chunk(input, decoder, FWHT_HEADER_SIZE + (size_t)header.payload_size,
				 &init, chunk);
}

static void input_fwht_destroy(struct input *input)
{
	free(input);
}

static const struct input_ops input_fwht_ops = {
	.read_chunk = input_fwht_read_chunk,
	.destroy = input_fwht_destroy,
};

int input_fwht_open(const struct options *options, struct reader *reader, struct input **input)
{
	struct input *fwht = calloc(1, sizeof *fwht);
	struct fwht_header header;
	struct color_description color;

	(void)options;
	if (!fwht)
		return failure_set_errno(reader->failure, reader->name, ENOMEM);
	*fwht = (struct input) {
		.ops = &input_fwht_ops,
		.reader = reader,
		.failure = reader->failure,
		.track = { .codec = "fwht" },
	};
	if (next_header(fwht, &header) != INPUT_GOT) {
		free(fwht);
		return -1;
	}
	color = fwht_color(&header);
	fwht->track.width = header.width;
	fwht->track.height = header.height;
	fwht->track.color_space = color_space_from_h273(&color);
	*input = fwht;
	return 0;
}
