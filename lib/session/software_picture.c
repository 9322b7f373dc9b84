/* SPDX-License-Identifier: MIT */
#include "session/software_picture.h"

#include <errno.h>

#include "frame/convert.h"
#include "frame/pixel_format.h"

size_t software_picture_layout(struct frame_format *format, uint32_t fourcc, uint32_t width,
			       uint32_t height)
{
	const struct pixel_format *pixels = pixel_format_find(fourcc);
	size_t total = 0;

	*format = (struct frame_format) {
		.fourcc = fourcc,
		.modifier = DRM_FORMAT_MOD_LINEAR,
		.width = width,
		.height = height,
		.n_planes = pixels->n_planes,
	};
	for (unsigned i = 0; i < pixels->n_planes; i++) {
		size_t stride = (pixel_format_row_bytes(pixels, i, width) + BUFFER_ALIGNMENT - 1) /
				BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
		size_t bytes;

		format->planes[i].offset = total;
		format->planes[i].stride = stride;
		if (__builtin_mul_overflow(stride, pixel_format_rows(pixels, i, height), &bytes) ||
		    __builtin_add_overflow(total, bytes, &total))
			return 0;
	}
	return total;
}

bool software_picture_possible(const struct software_picture *picture, uint32_t fourcc)
{
	return fourcc == picture->format->fourcc ||
	       convert_supported(fourcc, picture->format->fourcc);
}

static void fill_planes(AVFrame *av, const struct convert_image *image)
{
	const struct pixel_format *pixels = pixel_format_find(image->fourcc);

	for (unsigned i = 0; i < pixels->n_planes; i++) {
		av->data[i] = image->planes[i].data;
		av->linesize[i] = (int)image->planes[i].stride;
	}
}

/* Its access ends with it. */
static void release_frame(void *opaque, uint8_t *data)
{
	(void)data;
	wc_video_frame_unref(opaque);
}

/* The memory of the frame itself, for as long as the encoder wants it. */
static int refer_to_frame(const struct convert_image *image, const struct wc_video_frame *frame,
			  AVFrame *av)
{
	struct wc_video_frame *keep = video_frame_clone(frame);

	if (!keep)
		return -ENOMEM;
	/* That of the caller ends before the encoder is done. */
	if (video_frame_begin_access(keep, WC_MAP_READ) < 0) {
		wc_video_frame_unref(keep);
		return -EIO;
	}
	av->buf[0] = av_buffer_create(image->planes[0].data,
				      image->planes[0].stride * image->height, release_frame,
				      keep, AV_BUFFER_FLAG_READONLY);
	if (!av->buf[0]) {
		wc_video_frame_unref(keep);
		return -ENOMEM;
	}
	fill_planes(av, image);
	return 0;
}

static void release_buffer(void *opaque, uint8_t *data)
{
	(void)data;
	buffer_unpin(opaque);
}

/* Memory from the pool, laid out for picture. */
static int take_memory(const struct software_picture *picture, struct pool *pool, AVFrame *av,
		       struct convert_image *image)
{
	struct frame_format format;
	size_t size = software_picture_layout(&format, picture->format->fourcc, picture->width,
					      picture->height);
	struct buffer *buffer = size ? pool_get(pool, size) : NULL;
	uint8_t *map;

	if (!buffer)
		return size ? -errno : -ENOMEM;
	map = buffer->objects[0].map;
	av->buf[0] = av_buffer_create(map, size, release_buffer, buffer, 0);
	if (!av->buf[0]) {
		buffer_unpin(buffer);
		return -ENOMEM;
	}
	*image = (struct convert_image) { .fourcc = format.fourcc, .width = format.width,
					  .height = format.height };
	for (unsigned i = 0; i < format.n_planes; i++) {
		image->planes[i].data = map + format.planes[i].offset;
		image->planes[i].stride = format.planes[i].stride;
	}
	return 0;
}

/* from: the picture's rows, NULL when it has none. */
static int convert_to(const struct software_picture *picture, struct pool *pool,
		      const struct wc_video_frame *frame, const struct convert_image *from,
		      AVFrame *av, uint64_t *copied)
{
	struct convert_image to;
	int ret = take_memory(picture, pool, av, &to);

	/* RGB becomes BT.709 in limited range, what a null of convert_image stands for. */
	if (ret == 0)
		ret = from ? convert_frame(from, &to)
			   : video_frame_detile(frame, &frame->visible, &to);
	if (ret < 0) {
		av_frame_unref(av);
		return ret == -ENOMEM || ret == -EDQUOT ? ret : -ENOTSUP;
	}
	fill_planes(av, &to);
	*copied = convert_size(&to);
	return 0;
}

/* While the CPU has access to the frame. */
static int fill(const struct software_picture *picture, struct pool *pool,
		const struct wc_video_frame *frame, AVFrame *av, uint64_t *copied)
{
	struct convert_image image;
	int ret;

	if (frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		ret = convert_to(picture, pool, frame, NULL, av, copied);
	else if (!video_frame_image(frame, &frame->visible, &image))
		return -ENOTSUP;
	else if (image.fourcc == picture->format->fourcc && image.width == picture->width &&
	    image.height == picture->height)
		ret = refer_to_frame(&image, frame, av);
	else
		ret = convert_to(picture, pool, frame, &image, av, copied);
	av->format = picture->format->av;
	av->width = (int)picture->width;
	av->height = (int)picture->height;
	return ret;
}

int software_picture_fill(const struct software_picture *picture, struct pool *pool,
			  const struct wc_video_frame *frame, AVFrame *av, uint64_t *copied)
{
	int ret = buffer_begin_access(frame->buffer, WC_MAP_READ);

	*copied = 0;
	if (ret < 0)
		return ret;
	ret = fill(picture, pool, frame, av, copied);
	buffer_end_access(frame->buffer);
	return ret;
}
