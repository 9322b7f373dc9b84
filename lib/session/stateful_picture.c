/* SPDX-License-Identifier: MIT */
#include "session/stateful_picture.h"

#include <errno.h>

#include <drm_fourcc.h>

#include "frame/convert.h"

static struct convert_image image_of_input(struct stateful *s, const struct input_picture *picture,
					   unsigned index)
{
	struct buffer *buffer = port_buffer(s->in_port, index);
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

static int copy_frame(struct stateful *s, const struct input_picture *picture,
		      const struct wc_video_frame *frame, unsigned index)
{
	struct convert_image to = image_of_input(s, picture, index);
	struct convert_image from;
	int ret;

	if (frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		ret = video_frame_detile(frame, &frame->visible, &to);
	else if (video_frame_image(frame, &frame->visible, &from))
		ret = convert_frame(&from, &to);
	else
		ret = -ENOTSUP;
	if (ret < 0)
		return ret;
	s->bytes_copied += convert_size(&to);
	counter_add(&s->env.core->counters.bytes_copied, convert_size(&to));
	return 0;
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
