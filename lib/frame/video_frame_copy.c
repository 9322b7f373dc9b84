/* SPDX-License-Identifier: MIT */
/* allocationSize() and copyTo() of the W3C, section 9.4.6. */
#include "frame/video_frame.h"

#include <errno.h>
#include <string.h>

#include "frame/convert.h"
#include "frame/pixel_format.h"
#include "frame/plane_layout.h"
#include "util/reserved.h"

/* What is copied, and how it lies in the destination: options that were checked. */
struct plan {
	const struct pixel_format *source, *target;
	struct wc_rect rect;
	struct wc_plane_layout planes[WC_MAX_PLANES];
	size_t size;                   /* bytes of the destination */
};

/* "Parse VideoFrameCopyToOptions". No context keeps details of an error, only its name counts. */
static int make_plan(const struct wc_video_frame *frame,
		     const struct wc_video_frame_copy_options *options, struct plan *plan)
{
	static const struct wc_video_frame_copy_options defaults;
	const struct frame_format *format = &frame->format;
	struct wc_error error;
	uint32_t fourcc;
	int ret;

	if (!options)
		options = &defaults;
	if (!frame->buffer)
		return WC_INVALID_STATE_ERROR;
	if (HAS_RESERVED(options))
		return WC_TYPE_ERROR;
	plan->source = frame_format_pixels(format);
	if (!plan->source)
		return WC_NOT_SUPPORTED_ERROR;
	fourcc = options->fourcc ? options->fourcc : plan->source->fourcc;
	plan->target = pixel_format_find(fourcc);
	if (!plan->target ||
	    (plan->source != plan->target && !convert_supported(plan->source->fourcc, fourcc)))
		return WC_NOT_SUPPORTED_ERROR;
	plan->rect = rect_is_zero(&options->rect) ? frame->visible : options->rect;
	ret = rect_check(plan->source, &plan->rect, format->width, format->height, &error);
	if (ret < 0)
		return ret;
	return plane_layout_compute(plan->target, plan->rect.width, plan->rect.height,
				    options->plane_count, options->planes, plan->planes,
				    &plan->size, &error);
}

int wc_video_frame_allocation_size(const struct wc_video_frame *frame,
				   const struct wc_video_frame_copy_options *options,
				   size_t *size)
{
	struct plan plan;
	int ret;

	if (!size)
		return WC_TYPE_ERROR;
	*size = 0;
	ret = make_plan(frame, options, &plan);
	if (ret == 0)
		*size = plan.size;
	return ret;
}

/* Bytes between rows and planes of the destination stay as they are. */
static void copy_plane(const struct wc_video_frame *frame, unsigned i, const struct plan *plan,
		       uint8_t *data)
{
	size_t stride = frame->format.planes[i].stride;
	struct plane_window window;
	const uint8_t *from;

	plane_window(plan->source, i, &plan->rect, &window);
	from = video_frame_plane(frame, i) + window.top * stride + window.left;
	data += plan->planes[i].offset;
	for (uint32_t row = 0; row < window.rows; row++) {
		memcpy(data, from, window.width);
		data += plan->planes[i].stride;
		from += stride;
	}
	counter_add(&frame->core->counters.bytes_copied, (uint64_t)window.width * window.rows);
}

static int copy_rows(const struct wc_video_frame *frame, const struct plan *plan, uint8_t *data)
{
	for (unsigned i = 0; i < frame->format.n_planes; i++)
		copy_plane(frame, i, plan, data);
	return WC_OK;
}

static void set_target(const struct plan *plan, uint8_t *data, struct convert_image *target)
{
	target->fourcc = plan->target->fourcc;
	for (unsigned i = 0; i < plan->target->n_planes; i++) {
		target->planes[i].data = data + plan->planes[i].offset;
		target->planes[i].stride = plan->planes[i].stride;
	}
}

static int finish_conversion(const struct wc_video_frame *frame,
			     const struct convert_image *target, int ret)
{
	if (ret < 0)
		return ret == -ENOMEM ? WC_OPERATION_ERROR : WC_NOT_SUPPORTED_ERROR;
	counter_add(&frame->core->counters.bytes_copied, convert_size(target));
	return WC_OK;
}

/* "Convert to RGB frame", and whatever else convert_frame() knows. */
static int copy_converted(const struct wc_video_frame *frame, const struct plan *plan,
			  uint8_t *data)
{
	struct convert_image source, target;

	if (!video_frame_image(frame, &plan->rect, &source))
		return WC_NOT_SUPPORTED_ERROR;
	/* The range of RGB says nothing of the YUV to be made: that is what it is taken for. */
	if (plan->source->rgb && !plan->target->rgb) {
		source.matrix = WC_MATRIX_UNSPECIFIED;
		source.range = WC_COLOR_RANGE_UNSPECIFIED;
	}
	target = source;
	set_target(plan, data, &target);
	return finish_conversion(frame, &target, convert_frame(&source, &target));
}

/* Of tiles and columns, which are never RGB. */
static int copy_detiled(const struct wc_video_frame *frame, const struct plan *plan, uint8_t *data)
{
	struct convert_image target = {
		.width = plan->rect.width, .height = plan->rect.height,
		.matrix = frame->color_space.matrix, .range = frame->color_space.range,
	};

	set_target(plan, data, &target);
	return finish_conversion(frame, &target, video_frame_detile(frame, &plan->rect, &target));
}

static int copy_picture(const struct wc_video_frame *frame, const struct plan *plan, uint8_t *data)
{
	if (!video_frame_is_mapped(frame))
		return WC_NOT_SUPPORTED_ERROR;
	if (frame->format.modifier != DRM_FORMAT_MOD_LINEAR)
		return copy_detiled(frame, plan, data);
	return plan->source == plan->target ? copy_rows(frame, plan, data)
					    : copy_converted(frame, plan, data);
}

int wc_video_frame_copy_to(struct wc_video_frame *frame,
			   const struct wc_video_frame_copy_options *options,
			   void *data, size_t size, struct wc_plane_layout *layout)
{
	struct plan plan;
	int ret = make_plan(frame, options, &plan);

	if (ret < 0)
		return ret;
	if (!data || size < plan.size)
		return WC_TYPE_ERROR;
	if (!guard_use(&frame->guard, &frame->core->seizures))
		return WC_INVALID_STATE_ERROR;
	ret = video_frame_begin_access(frame, WC_MAP_READ);
	if (ret < 0) {
		ret = video_frame_access_status(ret, WC_MAP_READ);
	} else {
		ret = copy_picture(frame, &plan, data);
		video_frame_end_access(frame);
	}
	guard_end_use(&frame->guard);
	if (ret == WC_OK && layout)
		memcpy(layout, plan.planes, plan.target->n_planes * sizeof *layout);
	return ret;
}
