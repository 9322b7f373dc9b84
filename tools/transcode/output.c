/* SPDX-License-Identifier: MIT */
#include "transcode/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct output *output_make(struct failure *failure, const struct options *options)
{
	switch (options->output_type->kind) {
	case FILE_RAW:
		return output_raw_new();
	case FILE_Y4M:
		return output_y4m_new();
	case FILE_ELEMENTARY:
	case FILE_FWHT:
		return output_elementary_new();
	case FILE_IVF:
		return output_ivf_new();
	case FILE_DISPLAY:
		return output_display_new(failure, options);
	case FILE_CONTAINER:
	default:
		return output_av_new(failure, options);
	}
}

struct output *output_new(const struct options *options, const struct input *input)
{
	struct output *output = output_make(input->failure, options);

	if (!output) {
		failure_set_errno(input->failure, options->output, ENOMEM);
		return NULL;
	}
	output->failure = input->failure;
	output->options = options;
	output->track = &input->track;
	output->source = input->reader;
	output->audio = input->audio;
	writer_init(&output->writer, options->output, input->failure);
	return output;
}

int output_begin(struct output *output)
{
	return writer_is_open(&output->writer) ? 0 : writer_open(&output->writer, output->source);
}

int output_finish(struct output *output)
{
	struct writer *writer = &output->writer;
	bool empty;
	int result;

	if (output->ops->without_file)
		return output->ops->finish(output);
	if (!writer_is_open(writer))
		return 0;
	result = output->ops->finish(output);
	empty = !output->units && writer->seekable && writer->fd != STDOUT_FILENO;
	if (empty && !writer->stale)
		unlink(writer->path);
	return writer_close(writer) ? -1 : result;
}

void output_destroy(struct output *output)
{
	if (output)
		output->ops->destroy(output);
}

int output_fail_status(struct output *output, const char *what, int status)
{
	return failure_set(output->failure, "%s: %s: %s", output->writer.name, what,
			   wc_status_name((enum wc_status)status));
}

const struct wc_video_decoder_config *
output_first_config(struct output *output, const struct wc_encoded_video_chunk_metadata *metadata)
{
	if (!metadata || !metadata->decoder_config)
		failure_set(output->failure, "%s: the encoder did not describe its stream",
			    output->writer.name);
	return metadata ? metadata->decoder_config : NULL;
}

bool output_is_annexb(const struct options *options)
{
	const struct file_type *type = options->output_type;

	if (options->annexb || type->kind != FILE_CONTAINER)
		return true;
	/* Neither of the two has a place for a record. */
	return !strcmp(type->muxer, "mpegts") || !strcmp(type->muxer, "avi");
}
