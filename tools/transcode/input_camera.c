/* SPDX-License-Identifier: MIT */
/* A camera: frames come by themselves, until somebody stops it. */
#include "transcode/input_camera.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/fourcc.h"

struct input_camera {
	struct input base;
	struct reader source;                  /* its name only */
	const struct options *options;
	struct wc_context *context;
	struct wc_camera *camera;              /* NULL: not yet open */
	wc_camera_frame_callback output;
	void *user_data;
	bool started;
	bool ended;                            /* by --duration, or failed */
};

static struct input_camera *camera_of(struct input *input)
{
	return (struct input_camera *)input;
}

static void set_failure(struct input_camera *camera, const struct wc_error *error)
{
	char line[400];

	wc_error_format(error, line, sizeof line);
	failure_set(camera->base.failure, "%s: %s", camera->source.name, line);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	struct input_camera *camera = user_data;

	set_failure(camera, error);
	camera->ended = true;
}

/* The time of the first frame is the beginning of the file. */
static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct input_camera *camera = user_data;
	int64_t timestamp = wc_video_frame_get_timestamp(frame);
	struct track *track = &camera->base.track;

	if (!camera->base.count++)
		track->origin = timestamp;
	if (timestamp - track->origin >= camera->options->duration)
		camera->ended = true;
	if (camera->ended)
		wc_video_frame_unref(frame);
	else
		camera->output(frame, camera->user_data);
}

static struct fraction rate_of(double framerate)
{
	double ntsc = framerate * 1001 / 1000;

	if (!(framerate >= 0.001 && framerate <= 100000))
		return TRACK_RATE;
	if (fabs(framerate - round(framerate)) > 1e-3 && fabs(ntsc - round(ntsc)) < 1e-3)
		return (struct fraction) { (uint32_t)round(ntsc) * 1000, 1001 };
	return (struct fraction) { (uint32_t)lround(framerate * 1000), 1000 };
}

static void fill_track(struct input_camera *camera)
{
	struct track *track = &camera->base.track;
	struct wc_camera_info info;

	wc_camera_get_info(camera->camera, &info);
	track->fourcc = info.fourcc;
	track->width = info.width;
	track->height = info.height;
	track->color_space = info.color_space;
	track->rate = rate_of(info.framerate);
	track->timed = true;
}

int input_camera_attach(struct input *input, struct wc_context *context,
			wc_camera_frame_callback output, void *user_data)
{
	struct input_camera *camera = camera_of(input);
	const struct options *options = camera->options;
	struct wc_camera_init init = {
		.frame = on_frame,
		.error = on_error,
		.user_data = camera,
		.device = options->camera,
		.width = options->input_size.width,
		.height = options->input_size.height,
		.fourcc = options->input_fourcc,
	};

	if (options->framerate.num)
		init.framerate = (double)options->framerate.num / options->framerate.den;
	camera->context = context;
	camera->output = output;
	camera->user_data = user_data;
	if (wc_camera_new(context, &init, &camera->camera) < 0) {
		set_failure(camera, wc_context_get_error(context));
		return -1;
	}
	fill_track(camera);
	return 0;
}

void input_camera_start(struct input *input)
{
	struct input_camera *camera = camera_of(input);

	if (camera->started)
		return;
	camera->started = true;
	if (wc_camera_start(camera->camera) == WC_OK)
		return;
	set_failure(camera, wc_context_get_error(camera->context));
	camera->ended = true;
}

bool input_camera_has_ended(struct input *input)
{
	return camera_of(input)->ended;
}

void input_camera_stop(struct input *input)
{
	struct input_camera *camera = camera_of(input);

	camera->ended = true;
	if (camera->camera)
		wc_camera_stop(camera->camera);
}

void input_camera_print(struct input *input)
{
	struct wc_camera_info info;
	char text[FOURCC_TEXT];

	wc_camera_get_info(camera_of(input)->camera, &info);
	fprintf(stderr, "; camera: %s %s (%ux%u %s), %" PRIu64 " frames lost", info.device,
		info.card, info.width, info.height, fourcc_text(info.fourcc, text),
		info.lost + info.damaged);
}

static void input_camera_destroy(struct input *input)
{
	struct input_camera *camera = camera_of(input);

	wc_camera_destroy(camera->camera);
	free(camera);
}

static const struct input_ops input_camera_ops = { .destroy = input_camera_destroy };

bool input_is_camera(const struct input *input)
{
	return input->ops == &input_camera_ops;
}

int input_camera_open(const struct options *options, struct failure *failure,
		      struct input **input)
{
	struct input_camera *camera = calloc(1, sizeof *camera);

	*input = NULL;
	if (!camera)
		return failure_set_errno(failure, options->camera, ENOMEM);
	camera->options = options;
	camera->source = (struct reader) { .fd = -1, .name = options->camera, .failure = failure };
	camera->base = (struct input) {
		.ops = &input_camera_ops,
		.reader = &camera->source,
		.failure = failure,
		.track = { .rate = TRACK_RATE },
	};
	*input = &camera->base;
	return 0;
}
