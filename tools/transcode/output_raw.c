/* SPDX-License-Identifier: MIT */
/* Pictures without a header: tight planes of the visible size, written from where they are. */
#include <stdlib.h>

#include "common/fourcc.h"
#include "frame/pixel_format.h"
#include "transcode/output.h"
#include "transcode/picture.h"

struct output_raw {
	struct output base;
	struct picture picture;
};

/* .yuv stands for I420, but takes other planar formats as the decoder gives them. */
static uint32_t wanted_format(const struct output *output, struct wc_video_frame *frame)
{
	const struct pixel_format *given = pixel_format_find(wc_video_frame_get_fourcc(frame));
	uint32_t wanted = output->options->output_type->fourcc;

	if (output->options->fourcc)
		return output->options->fourcc;
	if (wanted == DRM_FORMAT_YUV420 && given && given->n_planes == 3 && !given->rgb)
		return 0;
	return wanted;
}

static int fail_conversion(struct output *output, struct wc_video_frame *frame, uint32_t fourcc,
			   int status)
{
	char from[FOURCC_TEXT], to[FOURCC_TEXT];

	if (status != WC_NOT_SUPPORTED_ERROR)
		return output_fail_status(output, "picture", status);
	fourcc_text(wc_video_frame_get_fourcc(frame), from);
	return failure_set(output->failure, "%s: pictures in %s cannot be written as %s",
			   output->writer.name, from, fourcc_text(fourcc, to));
}

static int output_raw_frame(struct output *output, struct wc_video_frame *frame)
{
	struct output_raw *raw = (struct output_raw *)output;
	uint32_t fourcc = wanted_format(output, frame);
	int status = picture_map_read(&raw->picture, frame, fourcc, (struct iovec) { 0 });
	int result;

	if (status < 0)
		return fail_conversion(output, frame, fourcc, status);
	for (size_t i = 0; i < raw->picture.count; i++)
		output->payload += raw->picture.iov[i].iov_len;
	result = output_begin(output);
	if (!result)
		result = writer_unit(&output->writer, raw->picture.iov, raw->picture.count);
	picture_unmap(&raw->picture);
	output->units += !result;
	return result;
}

static int output_raw_finish(struct output *output)
{
	(void)output;
	return 0;
}

static void output_raw_destroy(struct output *output)
{
	struct output_raw *raw = (struct output_raw *)output;

	picture_finish(&raw->picture);
	free(raw);
}

static const struct output_ops output_raw_ops = {
	.frame = output_raw_frame,
	.finish = output_raw_finish,
	.destroy = output_raw_destroy,
};

struct output *output_raw_new(void)
{
	struct output_raw *raw = calloc(1, sizeof *raw);

	if (!raw)
		return NULL;
	raw->base.ops = &output_raw_ops;
	return &raw->base;
}
