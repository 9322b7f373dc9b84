/* SPDX-License-Identifier: MIT */
/* YUV4MPEG2: a header from the first frame, then pictures that are all like it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fourcc.h"
#include "common/vectors.h"
#include "frame/pixel_format.h"
#include "transcode/output.h"
#include "transcode/picture.h"
#include "transcode/y4m.h"

#define MAX_HEADER 160
#define FRAME_HEADER "FRAME\n"

struct output_y4m {
	struct output base;
	struct picture picture;
	uint32_t width, height, fourcc;   /* of all frames, once there was one */
};

/* Width of a pixel to its height. The display size is that of the picture turned upright. */
static struct fraction pixel_aspect(const struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	bool turned = wc_video_frame_get_rotation(frame) % 180;
	uint32_t width = wc_video_frame_get_display_width(frame);
	uint32_t height = wc_video_frame_get_display_height(frame);

	return fraction_reduce((uint64_t)(turned ? height : width) * visible.height,
			       (uint64_t)(turned ? width : height) * visible.width);
}

static const char *range_word(const struct wc_video_frame *frame)
{
	switch (wc_video_frame_get_color_space(frame).range) {
	case WC_COLOR_RANGE_FULL:
		return " XCOLORRANGE=FULL";
	case WC_COLOR_RANGE_LIMITED:
		return " XCOLORRANGE=LIMITED";
	default:
		return "";
	}
}

static int write_header(struct output_y4m *y4m, struct wc_video_frame *frame)
{
	const struct fraction *rate = &y4m->base.track->rate;
	struct fraction aspect = pixel_aspect(frame);
	char header[MAX_HEADER];
	struct iovec iov;
	int length;

	length = snprintf(header, sizeof header,
			  "YUV4MPEG2 W%u H%u F%u:%u Ip A%u:%u C%s%s\n", y4m->width, y4m->height,
			  rate->num, rate->den, aspect.num, aspect.den, y4m_name(y4m->fourcc),
			  range_word(frame));
	iov = vector_from(header, (size_t)length);
	return output_begin(&y4m->base) ? -1 : writer_unit(&y4m->base.writer, &iov, 1);
}

/* What the frames will be. A format that Y4M has no name for becomes I420. */
static void choose_format(struct output_y4m *y4m, struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);

	y4m->width = visible.width;
	y4m->height = visible.height;
	y4m->fourcc = y4m->base.options->fourcc;
	if (!y4m->fourcc)
		y4m->fourcc = wc_video_frame_get_fourcc(frame);
	if (!y4m_name(y4m->fourcc) && !y4m->base.options->fourcc)
		y4m->fourcc = DRM_FORMAT_YUV420;
}

static int check_frame(struct output_y4m *y4m, struct wc_video_frame *frame)
{
	struct wc_rect visible = wc_video_frame_get_visible_rect(frame);
	char text[FOURCC_TEXT];

	if (!y4m->width)
		choose_format(y4m, frame);
	if (!y4m_name(y4m->fourcc))
		return failure_set(y4m->base.failure, "%s: Y4M has no pixel format %s",
				   y4m->base.writer.name, fourcc_text(y4m->fourcc, text));
	if (visible.width == y4m->width && visible.height == y4m->height)
		return 0;
	return failure_set(y4m->base.failure,
			   "%s: frame %llu is %ux%u, but Y4M files have one size, here %ux%u",
			   y4m->base.writer.name, (unsigned long long)y4m->base.units,
			   visible.width, visible.height, y4m->width, y4m->height);
}

static int write_picture(struct output_y4m *y4m)
{
	int result = writer_unit(&y4m->base.writer, y4m->picture.iov, y4m->picture.count);

	y4m->base.units += !result;
	return result;
}

static int output_y4m_frame(struct output *output, struct wc_video_frame *frame)
{
	struct output_y4m *y4m = (struct output_y4m *)output;
	int status, result;

	if (check_frame(y4m, frame))
		return -1;
	status = picture_map_read(&y4m->picture, frame, y4m->fourcc,
				  vector_from(FRAME_HEADER, strlen(FRAME_HEADER)));
	if (status < 0)
		return output_fail_status(output, "picture", status);
	for (size_t i = 1; i < y4m->picture.count; i++)
		output->payload += y4m->picture.iov[i].iov_len;
	result = output->units ? 0 : write_header(y4m, frame);
	if (!result)
		result = write_picture(y4m);
	picture_unmap(&y4m->picture);
	return result;
}

static int output_y4m_finish(struct output *output)
{
	(void)output;
	return 0;
}

static void output_y4m_destroy(struct output *output)
{
	struct output_y4m *y4m = (struct output_y4m *)output;

	picture_finish(&y4m->picture);
	free(y4m);
}

static const struct output_ops output_y4m_ops = {
	.frame = output_y4m_frame,
	.finish = output_y4m_finish,
	.destroy = output_y4m_destroy,
};

struct output *output_y4m_new(void)
{
	struct output_y4m *y4m = calloc(1, sizeof *y4m);

	if (!y4m)
		return NULL;
	y4m->base.ops = &output_y4m_ops;
	return &y4m->base;
}
