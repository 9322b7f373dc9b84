/* SPDX-License-Identifier: MIT */
/* Chunks back to back, each written from where the encoder put it. */
#include <stdlib.h>

#include "common/vectors.h"
#include "transcode/output.h"

static int output_elementary_chunk(struct output *output, struct wc_encoded_video_chunk *chunk,
				   const struct wc_encoded_video_chunk_metadata *metadata)
{
	struct iovec iov = vector_from(wc_encoded_video_chunk_get_data(chunk),
				       wc_encoded_video_chunk_get_size(chunk));

	(void)metadata;
	output->payload += iov.iov_len;
	if (output_begin(output) || writer_unit(&output->writer, &iov, 1))
		return -1;
	output->units++;
	return 0;
}

static int output_elementary_finish(struct output *output)
{
	(void)output;
	return 0;
}

static void output_elementary_destroy(struct output *output)
{
	free(output);
}

static const struct output_ops output_elementary_ops = {
	.chunk = output_elementary_chunk,
	.finish = output_elementary_finish,
	.destroy = output_elementary_destroy,
};

struct output *output_elementary_new(void)
{
	struct output *output = calloc(1, sizeof *output);

	if (output)
		output->ops = &output_elementary_ops;
	return output;
}
