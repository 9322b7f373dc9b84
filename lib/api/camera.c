/* SPDX-License-Identifier: MIT */
#include <webcodecs/camera.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "api/context.h"
#include "frame/video_frame.h"
#include "session/capture.h"
#include "util/reserved.h"

#define DEFAULT_BUFFERS 6
#define MIN_BUFFERS 2
#define MAX_BUFFERS 32

/* More than any device has, and what fits into the kernel's fractions. */
#define MAX_FRAMERATE 100000

struct wc_camera {
	struct wc_context *context;        /* a reference */
	struct capture *capture;
	wc_camera_frame_callback frame;
	wc_error_callback error;
	wc_camera_lost_callback lost;
	void *user_data;
};

/* Each callback may destroy the camera. */

static void on_frame(void *sink, struct wc_video_frame *frame)
{
	struct wc_camera *camera = sink;

	camera->context->callbacks++;
	video_frame_give(frame);
	camera->frame(frame, camera->user_data);
}

static void on_lost(void *sink, uint64_t count)
{
	struct wc_camera *camera = sink;

	if (!camera->lost)
		return;
	camera->context->callbacks++;
	camera->lost(count, camera->user_data);
}

static void on_failed(void *sink, const struct wc_error *error)
{
	struct wc_camera *camera = sink;

	camera->context->callbacks++;
	camera->error(error, camera->user_data);
}

static const struct capture_sink_ops sink_ops = {
	.frame = on_frame,
	.lost = on_lost,
	.failed = on_failed,
};

static const char *complaint(const struct wc_camera_init *init)
{
	if (!init || !init->frame || !init->error)
		return "a camera needs callbacks for frames and errors";
	if (!init->device || !init->device[0])
		return "a camera needs a device";
	if (!init->width != !init->height)
		return "width and height go together";
	if (!isfinite(init->framerate) || init->framerate < 0 || init->framerate > MAX_FRAMERATE)
		return "the frame rate is no number of frames a second";
	if (init->framerate > 0 && init->framerate < 0.001)
		return "the frame rate is less than one frame in a thousand seconds";
	if (init->buffers && (init->buffers < MIN_BUFFERS || init->buffers > MAX_BUFFERS))
		return "a camera has 2 to 32 buffers";
	return HAS_RESERVED(init) ? "a reserved field of the camera's settings is not zero" : NULL;
}

static int make_capture(struct wc_camera *camera, const struct wc_camera_init *init)
{
	struct session_env env = context_env(camera->context, NULL);
	struct capture_params params = {
		.device = init->device,
		.width = init->width,
		.height = init->height,
		.fourcc = init->fourcc,
		.framerate = init->framerate,
		.buffers = init->buffers ? init->buffers : DEFAULT_BUFFERS,
		.exact = init->exact,
	};
	struct wc_error error;

	if (capture_new(&env, &params, &sink_ops, camera, &camera->capture, &error) == 0)
		return WC_OK;
	return context_fail_with(camera->context, &error);
}

int wc_camera_new(struct wc_context *context, const struct wc_camera_init *init,
		  struct wc_camera **out)
{
	const char *wrong = complaint(init);
	struct wc_camera *camera;
	int ret;

	if (out)
		*out = NULL;
	if (wrong || !out)
		return context_fail(context, WC_TYPE_ERROR, "%s",
				    wrong ? wrong : "no place for the camera");
	camera = calloc(1, sizeof *camera);
	if (!camera)
		return context_fail_errno(context, ENOMEM, "make a camera");
	*camera = (struct wc_camera) {
		.context = context,
		.frame = init->frame,
		.error = init->error,
		.lost = init->lost,
		.user_data = init->user_data,
	};
	ret = make_capture(camera, init);
	if (ret < 0) {
		free(camera);
		return ret;
	}
	wc_context_ref(context);
	*out = camera;
	return WC_OK;
}

void wc_camera_destroy(struct wc_camera *camera)
{
	struct wc_context *context;

	if (!camera)
		return;
	context = camera->context;
	capture_destroy(camera->capture);
	free(camera);
	wc_context_unref(context);
}

int wc_camera_start(struct wc_camera *camera)
{
	struct wc_error error;

	if (capture_has_failed(camera->capture))
		return context_fail(camera->context, WC_INVALID_STATE_ERROR,
				    "the camera has failed: make a new one");
	if (capture_start(camera->capture, &error) == 0)
		return WC_OK;
	return context_fail_with(camera->context, &error);
}

int wc_camera_stop(struct wc_camera *camera)
{
	struct wc_error error;

	if (capture_stop(camera->capture, &error) == 0)
		return WC_OK;
	return context_fail_with(camera->context, &error);
}

void wc_camera_get_info(const struct wc_camera *camera, struct wc_camera_info *info)
{
	capture_describe(camera->capture, info);
}
