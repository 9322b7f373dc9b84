/* SPDX-License-Identifier: MIT */
/*
 * Converters on libyuv: each frame becomes a picture in the memory of the context's frames. Nothing
 * is kept between two frames, so draining and starting anew have nothing to do. What lies in tiles
 * or columns becomes rows first: in place of the result where nothing else is to be done, else in
 * memory for that frame.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "frame/convert.h"
#include "frame/detile.h"
#include "frame/fence.h"
#include "frame/frame_memory.h"
#include "frame/memory_io.h"
#include "frame/modifier.h"
#include "frame/pixel_format.h"
#include "frame/video_frame_init.h"
#include "session/software_session.h"
#include "util/error.h"
#include "util/macros.h"

/* Frames that may wait. They are buffers of a camera or a decoder, which has few. */
#define MAX_FRAMES 4

/* Pixels of a side, of either picture: what libyuv counts. */
#define MAX_PIXELS 32768

/* Milliseconds between looks whether a wait for readers is still of use. */
#define LOOK_AGAIN 20

struct converter {
	struct software_session base;
	struct converter_params params;
	struct wc_video_color_space color; /* of the results */
	struct frame_memory *memory;       /* for results */
	struct frame_memory *own;          /* NULL: it is the context's */
};

static struct converter *of_session(struct session *session)
{
	return container_of(session, struct converter, base.session);
}

static struct converter *of_worker(struct software_worker *worker)
{
	return container_of(worker, struct converter, base.worker);
}

/* --- What is asked for --- */

/* Of the rows that are read; 0: the CPU can make none. */
static uint32_t fourcc_of_rows(const struct converter_format *format)
{
	return format->modifier == DRM_FORMAT_MOD_LINEAR
		       ? format->fourcc : detile_fourcc(format->fourcc, format->tiling);
}

static bool is_rgb(const struct converter_format *format)
{
	return pixel_format_find(fourcc_of_rows(format))->rgb;
}

/* As convert.h has it: of RGB nothing is computed. */
static struct convert_image image_like(const struct converter_format *format)
{
	return (struct convert_image) {
		.fourcc = fourcc_of_rows(format),
		.width = format->width,
		.height = format->height,
		.matrix = is_rgb(format) ? WC_MATRIX_UNSPECIFIED : format->color_space.matrix,
		.range = is_rgb(format) ? WC_COLOR_RANGE_UNSPECIFIED : format->color_space.range,
	};
}

static struct convert_change change_of(const struct converter_params *params)
{
	return (struct convert_change) { params->rotation, params->flip, true };
}

/*
 * What the results are, with the nulls of params filled in. What RGB made of YUV, and YUV made of
 * RGB, is when nobody says so is convert.h's.
 */
static struct wc_video_color_space result_color(const struct converter_params *params)
{
	const struct wc_video_color_space *source = &params->source.color_space;
	struct wc_video_color_space color = params->result.color_space;
	bool from_rgb = is_rgb(&params->source), to_rgb = is_rgb(&params->result);

	if (!color.primaries)
		color.primaries = source->primaries;
	if (!color.transfer)
		color.transfer = source->transfer;
	if (from_rgb != to_rgb) {
		if (!color.matrix)
			color.matrix = to_rgb ? WC_MATRIX_RGB : WC_MATRIX_BT709;
		if (!color.range)
			color.range = to_rgb ? WC_COLOR_RANGE_FULL : WC_COLOR_RANGE_LIMITED;
		return color;
	}
	if (!color.matrix)
		color.matrix = source->matrix;
	if (!color.range)
		color.range = source->range;
	return color;
}

static bool is_limited_rgb(const struct converter_format *format, enum wc_color_range range)
{
	return is_rgb(format) && range == WC_COLOR_RANGE_LIMITED;
}

/* Numbers of RGB that are not of full range can only stay what they are. */
static bool keeps_limited_rgb(const struct converter_params *params)
{
	const struct converter_format *source = &params->source, *result = &params->result;

	return is_limited_rgb(source, source->color_space.range) ==
	       is_limited_rgb(result, result_color(params).range);
}

/* --- The thread --- */

static void fail(struct converter *c, struct wc_error *error)
{
	error_set_device(error, c->base.name);
	software_worker_fail(&c->base.worker, error);
}

static void fail_reading(struct converter *c, enum wc_status name, int sys_errno)
{
	struct wc_error error;

	error_set(&error, name, WC_STAGE_JOB, sys_errno,
		  "the CPU cannot read the frame of %.4s that is to be converted",
		  (const char *)&c->params.source.fourcc);
	fail(c, &error);
}

static void fail_writing(struct converter *c, int sys_errno)
{
	struct wc_error error;

	error_set(&error, WC_OPERATION_ERROR, WC_STAGE_JOB, sys_errno,
		  "the CPU cannot write the frame of %.4s that it is to make",
		  (const char *)&c->params.result.fourcc);
	fail(c, &error);
}

static void fail_converting(struct converter *c, int ret)
{
	struct wc_error error;

	error_set(&error, ret == -ENOMEM ? WC_OPERATION_ERROR : WC_NOT_SUPPORTED_ERROR,
		  WC_STAGE_JOB, -ret, "%.4s cannot be converted to %.4s%s",
		  (const char *)&c->params.source.fourcc, (const char *)&c->params.result.fourcc,
		  ret == -EINVAL ? " from rows that lie as they do" : "");
	fail(c, &error);
}

/* Whether nothing is to be done but to make rows of tiles. */
static bool only_lies_otherwise(const struct converter *c)
{
	const struct converter_params *p = &c->params;
	struct convert_image source = image_like(&p->source), result = image_like(&p->result);

	return p->source.modifier != DRM_FORMAT_MOD_LINEAR && !p->rotation && !p->flip &&
	       source.fourcc == result.fourcc && source.width == result.width &&
	       source.height == result.height && source.matrix == result.matrix &&
	       source.range == result.range;
}

/* Colours are those that were asked for, whatever the frame says. 0 or a negative errno. */
static int convert_rows(struct converter *c, const struct wc_video_frame *frame,
			const struct convert_image *to)
{
	struct convert_change change = change_of(&c->params);
	struct convert_image source = image_like(&c->params.source);
	struct convert_image from;
	uint8_t *memory;
	int ret = video_frame_rows(frame, &frame->visible, &from, &memory);

	if (ret < 0)
		return ret == -ENOTSUP ? -EACCES : ret;
	from.matrix = source.matrix;
	from.range = source.range;
	ret = convert_change(&from, &change, to);
	free(memory);
	return ret;
}

/* -EACCES: the CPU cannot read the frame. */
static int convert_to(struct converter *c, const struct wc_video_frame *frame,
		      const struct convert_image *to)
{
	int ret;

	if (!only_lies_otherwise(c))
		return convert_rows(c, frame, to);
	ret = video_frame_detile(frame, &frame->visible, to);
	return ret == -ENOTSUP ? -EACCES : ret;
}

/* While the CPU has access to both. */
static bool convert_pictures(struct converter *c, const struct wc_video_frame *frame,
			     const struct wc_video_frame *result)
{
	struct convert_image target = image_like(&c->params.result);
	struct convert_image to;
	int ret;

	if (!video_frame_image(result, &result->visible, &to)) {
		fail_writing(c, 0);
		return false;
	}
	to.matrix = target.matrix;
	to.range = target.range;
	ret = convert_to(c, frame, &to);
	if (ret == -EACCES)
		fail_reading(c, WC_NOT_SUPPORTED_ERROR, 0);
	else if (ret < 0)
		fail_converting(c, ret);
	else
		software_session_count_copied(&c->base, convert_size(&to));
	return ret == 0;
}

/*
 * Devices may still read what was in this memory before. The kernel would wait for them, too, but
 * without end, and whoever closes the session waits for the thread.
 */
static int await_readers(struct converter *c, struct buffer *buffer)
{
	struct fence_report report;
	int ret;

	while ((ret = fence_look(buffer, WC_MAP_WRITE, &report)) > 0) {
		struct pollfd fd = { .fd = report.fd, .events = report.events };

		if (software_worker_is_cancelled(&c->base.worker))
			return -ECANCELED;
		memory_io_poll(&fd, 1, LOOK_AGAIN);
	}
	return ret;
}

static bool fill(struct converter *c, struct wc_video_frame *frame, struct wc_video_frame *result)
{
	bool done;
	int ret = await_readers(c, result->buffer);

	if (ret < 0) {
		fail_writing(c, -ret);
		return false;
	}
	ret = video_frame_begin_access(frame, WC_MAP_READ);
	if (ret < 0) {
		fail_reading(c, (enum wc_status)video_frame_access_status(ret, WC_MAP_READ), -ret);
		return false;
	}
	ret = video_frame_begin_access(result, WC_MAP_WRITE);
	if (ret < 0) {
		video_frame_end_access(frame);
		fail_writing(c, -ret);
		return false;
	}
	done = convert_pictures(c, frame, result);
	video_frame_end_access(result);
	video_frame_end_access(frame);
	return done;
}

static unsigned use_of(const struct converter *c)
{
	return c->params.use ? c->params.use : WC_MEMORY_FOR_CPU;
}

/* NULL: there is no memory, which was told. */
static struct wc_video_frame *make_result(struct converter *c, const struct timing *timing)
{
	const struct converter_format *format = &c->params.result;
	struct wc_video_frame *result;
	struct wc_error error;

	if (video_frame_new_in(c->base.env.core, c->memory, use_of(c), format->fourcc,
			       format->width, format->height, timing, &result, &error) < 0) {
		fail(c, &error);
		return NULL;
	}
	result->color_space = c->color;
	return result;
}

static void converter_work(struct software_worker *worker, struct software_job *job)
{
	struct converter *c = of_worker(worker);
	struct wc_video_frame *frame = job->data;
	struct software_result result = { make_result(c, &job->timing), NULL };

	if (result.data && fill(c, frame, result.data))
		software_worker_give(worker, &result);
	else
		wc_video_frame_unref(result.data);
	wc_video_frame_unref(frame);
}

/* Nothing is inside between two frames. */
static void converter_has_nothing(struct software_worker *worker)
{
	(void)worker;
}

static void converter_drop_job(struct software_job *job)
{
	wc_video_frame_unref(job->data);
}

static void converter_drop_result(struct software_result *result)
{
	wc_video_frame_unref(result->data);
}

/* --- The loop --- */

static void converter_deliver(struct software_worker *worker, struct software_result *result)
{
	struct converter *c = of_worker(worker);

	c->base.units_out++;
	c->base.session.sink_ops->frame(c->base.session.sink, result->data);
}

static void converter_free(struct software_worker *worker)
{
	free(of_worker(worker));
}

static const struct software_worker_ops worker_ops = {
	.work = converter_work,
	.drain = converter_has_nothing,
	.restart = converter_has_nothing,
	.deliver = converter_deliver,
	.ready = software_session_ready,
	.drained = software_session_drained,
	.failed = software_session_failed,
	.finish = converter_free,
	.drop_job = converter_drop_job,
	.drop_result = converter_drop_result,
};

static bool is_expected(const struct converter *c, const struct wc_video_frame *frame)
{
	const struct converter_format *source = &c->params.source;

	return frame->format.fourcc == source->fourcc &&
	       frame->format.modifier == source->modifier &&
	       frame->format.tiling == source->tiling &&
	       frame->visible.width == source->width && frame->visible.height == source->height;
}

/* Once the session cannot take a frame it is over. */
static int refuse(struct converter *c, const struct wc_video_frame *frame, struct wc_error *error)
{
	const struct converter_format *source = &c->params.source;
	char text[TILING_TEXT];

	if (is_expected(c, frame))
		error_set(error, (enum wc_status)video_frame_clone_failed(frame), WC_STAGE_JOB, 0,
			  "a frame to convert is closed, or there is no memory to keep it");
	else
		error_set(error, WC_TYPE_ERROR, WC_STAGE_JOB, 0,
			  "a frame of %.4s, %ux%u pixels in %s, came to a converter of %.4s, %ux%u "
			  "in %s", (const char *)&frame->format.fourcc, frame->visible.width,
			  frame->visible.height, frame_format_tiling_text(&frame->format, text),
			  (const char *)&source->fourcc, source->width, source->height,
			  tiling_name(source->tiling));
	error_set_device(error, c->base.name);
	return error->name;
}

static int converter_submit(struct session *session, const struct session_input *input,
			    struct wc_error *error)
{
	struct converter *c = of_session(session);
	struct software_job job = { .timing = input->frame->timing };

	if (!is_expected(c, input->frame))
		return refuse(c, input->frame, error);
	if (!software_worker_has_room(&c->base.worker))
		return SESSION_FULL;
	job.data = video_frame_clone(input->frame);
	if (!job.data)
		return refuse(c, input->frame, error);
	software_worker_put(&c->base.worker, &job);
	c->base.units_in++;
	return 0;
}

static void converter_destroy(struct session *session)
{
	struct converter *c = of_session(session);
	bool free_now = software_worker_stop(&c->base.worker);

	frame_memory_free(c->own);
	if (free_now)
		converter_free(&c->base.worker);
}

static const struct session_ops converter_ops = {
	.submit = converter_submit,
	.drain = software_session_drain,
	.reset = software_session_reset,
	.saturated = software_session_saturated,
	.throttle = software_session_throttle,
	.rest = software_session_rest,
	.describe = software_session_describe,
	.destroy = converter_destroy,
};

/* --- Making one --- */

static const char *find_problem(const struct converter_params *params)
{
	const struct converter_format *source = &params->source, *result = &params->result;
	struct convert_change change = change_of(params);
	struct convert_image from, to;

	if (!pixel_format_find(fourcc_of_rows(source)) || !pixel_format_find(result->fourcc))
		return "a format without a linear layout that is known";
	if (result->modifier != DRM_FORMAT_MOD_LINEAR)
		return "results that do not lie in rows";
	if (!source->width || !source->height || !result->width || !result->height)
		return "a picture without pixels";
	if (source->width > MAX_PIXELS || source->height > MAX_PIXELS ||
	    result->width > MAX_PIXELS || result->height > MAX_PIXELS)
		return "more than 32768 pixels a side";
	if (params->rotation % 90 || params->rotation > 270)
		return "a rotation that is none of 0, 90, 180 and 270";
	if (!keeps_limited_rgb(params))
		return "RGB of limited range";
	from = image_like(source);
	to = image_like(result);
	return convert_possible(&from, &change, &to) ? NULL : "no way from one format to the other";
}

/* What is in a layout that is for devices only. */
static int refuse_layout(const struct converter_format *source, struct wc_error *error)
{
	char text[MODIFIER_TEXT];

	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
		  "the CPU cannot read %.4s in %s: a layout that only devices know",
		  (const char *)&source->fourcc, modifier_text(source->modifier, text));
	error_set_device(error, "libyuv");
	return error->name;
}

static int check(const struct converter_params *params, struct wc_error *error)
{
	const struct converter_format *source = &params->source, *result = &params->result;
	const char *problem;

	if (source->modifier != DRM_FORMAT_MOD_LINEAR && !fourcc_of_rows(source))
		return refuse_layout(source, error);
	problem = find_problem(params);
	if (!problem)
		return 0;
	error_set(error, WC_NOT_SUPPORTED_ERROR, WC_STAGE_NONE, 0,
		  "the CPU cannot convert %.4s, %ux%u pixels, to %.4s, %ux%u: %s",
		  (const char *)&source->fourcc, source->width, source->height,
		  (const char *)&result->fourcc, result->width, result->height, problem);
	error_set_device(error, "libyuv");
	return error->name;
}

static int no_memory(struct wc_error *error)
{
	return error_set(error, WC_OPERATION_ERROR, WC_STAGE_NONE, ENOMEM,
			 "no memory for a converter");
}

/* What the application decided counts; where there is no context the pools are the session's. */
static int set_up(struct converter *c, struct wc_error *error)
{
	c->color = result_color(&c->params);
	c->memory = c->base.env.memory;
	if (!c->memory)
		c->memory = c->own = frame_memory_new(c->base.env.core);
	if (!c->memory)
		return no_memory(error);
	return software_session_start(&c->base, &worker_ops, MAX_FRAMES, "wc-converter", error);
}

int software_converter_new(const struct session_env *env, const struct converter_params *params,
			   const struct session_sink_ops *sink_ops, void *sink,
			   struct session **session, struct wc_error *error)
{
	struct converter *c;
	int ret = check(params, error);

	*session = NULL;
	if (ret < 0)
		return ret;
	c = calloc(1, sizeof *c);
	if (!c)
		return no_memory(error);
	c->base.session = (struct session) { &converter_ops, sink_ops, sink };
	c->base.env = *env;
	c->base.name = "libyuv";
	c->params = *params;
	ret = set_up(c, error);
	if (ret < 0) {
		frame_memory_free(c->own);
		converter_free(&c->base.worker);
	} else {
		*session = &c->base.session;
	}
	return ret;
}
