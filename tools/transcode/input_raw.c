/* SPDX-License-Identifier: MIT */
/* Pictures without a header: tight planes, one picture after the other. */
#include <errno.h>
#include <stdlib.h>

#include "frame/pixel_format.h"
#include "transcode/input.h"
#include "transcode/picture.h"

struct input_raw {
	struct input base;
	struct picture picture;
};

static enum input_result input_raw_read_frame(struct input *input, struct wc_video_frame *frame)
{
	struct input_raw *raw = (struct input_raw *)input;
	int status = picture_map_write(&raw->picture, frame);
	enum input_result result;

	if (status < 0)
		return input_fail_status(input, status);
	result = input_from_reader(input, reader_fetch(input->reader, raw->picture.iov,
						       raw->picture.count));
	picture_unmap(&raw->picture);
	if (result == INPUT_GOT)
		input->count++;
	return result;
}

static void input_raw_destroy(struct input *input)
{
	struct input_raw *raw = (struct input_raw *)input;

	picture_finish(&raw->picture);
	free(raw);
}

static const struct input_ops input_raw_ops = {
	.read_frame = input_raw_read_frame,
	.destroy = input_raw_destroy,
};

int input_raw_open(const struct options *options, struct reader *reader, struct input **input)
{
	const struct pixel_format *format = pixel_format_find(options->input_fourcc);
	struct wc_plane_layout planes[WC_MAX_PLANES];
	struct input_raw *raw;
	size_t size = pixel_format_layout(format, options->input_size.width,
					  options->input_size.height, planes);

	if (reader->seekable && !reader->size)
		return failure_set(reader->failure, "%s: the file is empty", reader->name);
	raw = calloc(1, sizeof *raw);
	if (!raw)
		return failure_set_errno(reader->failure, reader->name, ENOMEM);
	raw->base = (struct input) {
		.ops = &input_raw_ops,
		.reader = reader,
		.failure = reader->failure,
		.track = {
			.fourcc = format->fourcc,
			.width = options->input_size.width,
			.height = options->input_size.height,
			.frames = size ? reader->size / size : 0,
		},
	};
	*input = &raw->base;
	return 0;
}
