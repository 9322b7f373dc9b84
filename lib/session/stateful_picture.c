/* SPDX-License-Identifier: MIT */
#include "session/stateful_picture.h"

#include <errno.h>

#include <drm_fourcc.h>

#include "frame/convert.h"

static struct convert_image image_of(const struct buffer *buffer,
				     const struct input_picture *picture)
{
	const struct frame_format *format = picture->format;
	struct convert_image image = {
		.fourcc = format->fourcc,
		.width = picture->width,
		.height = picture->height,
		.matrix = picture->matrix,
		.range = picture->range,
	};

	for (unsigned i = 0; i < format->n_planes; i++) {
		image.planes[i].stride = format->planes[i].stride;
		image.planes[i].data = buffer->objects[format->planes[i].object].map +
				       format->planes[i].offset;
	}
	return image;
}

/* ret: what came of writing *to; it is returned. */
static int count_copied(struct stateful *s, int ret, const struct convert_image *to)
{
	if (ret < 0)
		return ret;
	s->bytes_copied += convert_size(to);
	counter_add(&s->env.core->counters.bytes_copied, convert_size(to));
	return 0;
}

static int copy_frame(struct stateful *s, const struct input_picture *picture,
		      const struct wc_video_frame *frame, unsigned index)
{
	struct convert_image to = image_of(port_buffer(s->in_port, index), picture);
	struct convert_image from;

	if (frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		return count_copied(s, video_frame_detile(frame, &frame->visible, &to), &to);
	if (!video_frame_image(frame, &frame->visible, &from))
		return -ENOTSUP;
	return count_copied(s, convert_frame(&from, &to), &to);
}

int stateful_place_picture(struct stateful *s, const struct input_picture *picture,
			   const struct wc_video_frame *frame)
{
	int index = stateful_find_input(s, 0);
	int ret;

	if (index < 0)
		return -EAGAIN;
	ret = buffer_begin_access(frame->buffer, WC_MAP_READ);
	if (ret < 0)
		return ret;
	ret = copy_frame(s, picture, frame, (unsigned)index);
	buffer_end_access(frame->buffer);
	if (ret < 0)
		return ret;
	s->in.slots[index] = SLOT_HELD;
	return index;
}

static void join_objects(const struct queue_format *format, struct frame_format *joined)
{
	size_t starts[WC_MAX_PLANES] = { 0 };

	for (unsigned i = 1; i < format->n_planes; i++)
		starts[i] = starts[i - 1] + format->planes[i - 1].sizeimage;
	for (unsigned i = 0; i < joined->n_planes; i++) {
		joined->planes[i].offset += starts[joined->planes[i].object];
		joined->planes[i].object = 0;
	}
}

int stateful_copy_picture(struct stateful *s, unsigned index, struct frame_format *format,
			  struct buffer **copy)
{
	size_t size = 0;
	int ret;

	for (unsigned i = 0; i < s->out.format.n_planes; i++)
		size += s->out.format.planes[i].sizeimage;
	ret = stateful_copy_out(s, index, size, copy);
	if (ret < 0)
		return stateful_fail_copy(s, -ret, size, "copy a frame");
	stateful_requeue_output(s, index);
	join_objects(&s->out.format, format);
	return 0;
}

static int copy_into(struct stateful *s, const struct buffer *buffer,
		     const struct frame_format *format, const struct wc_video_frame *frame)
{
	struct input_picture picture = { .format = format };
	struct convert_image from, to;

	if (format->modifier != DRM_FORMAT_MOD_LINEAR ||
	    !video_frame_image(frame, &frame->visible, &to))
		return -ENOTSUP;
	picture.width = to.width;
	picture.height = to.height;
	picture.matrix = to.matrix;
	picture.range = to.range;
	from = image_of(buffer, &picture);
	return count_copied(s, convert_frame(&from, &to), &to);
}

int stateful_copy_into(struct stateful *s, unsigned index, const struct frame_format *format,
		       struct wc_video_frame *frame)
{
	struct buffer *buffer = port_buffer(s->out_port, index);
	int ret = buffer_begin_access(buffer, WC_MAP_READ);

	if (ret < 0)
		return ret;
	ret = video_frame_begin_access(frame, WC_MAP_WRITE);
	if (ret == 0) {
		ret = copy_into(s, buffer, format, frame);
		video_frame_end_access(frame);
	}
	buffer_end_access(buffer);
	return ret;
}
