/* SPDX-License-Identifier: MIT */
/*
 * The other loop that is measured: an application of the public interface that encodes what a
 * camera sees, without a copy. Frames that the encoder has no room for wait here, so that a camera
 * that is faster than the encoder is left without a buffer now and then and makes no picture for
 * nothing.
 *
 *     camera_loop CAMERA ENCODER WIDTH HEIGHT FRAMES
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <webcodecs/webcodecs.h>

#include "bench.h"

/* As many as the camera has by default and more: none is ever refused here. */
#define MAX_WAITING 32

struct loop {
	struct loop_options options;
	struct meter meter;
	struct wc_context *context;
	struct wc_camera *camera;
	struct wc_video_encoder *encoder;
	struct wc_video_frame *waiting[MAX_WAITING];   /* a ring */
	unsigned first, n_waiting;
};

static void check(struct loop *loop, int status, const char *what)
{
	char text[512];

	if (status >= 0)
		return;
	wc_error_format(wc_context_get_error(loop->context), text, sizeof text);
	die("%s: %s", what, text);
}

static void on_error(const struct wc_error *error, void *user_data)
{
	char text[512];

	(void)user_data;
	wc_error_format(error, text, sizeof text);
	die("%s", text);
}

static void on_frame(struct wc_video_frame *frame, void *user_data)
{
	struct loop *loop = user_data;

	if (loop->n_waiting == MAX_WAITING)
		die("the camera has more buffers than it was asked for");
	loop->waiting[(loop->first + loop->n_waiting++) % MAX_WAITING] = frame;
}

static void on_chunk(struct wc_encoded_video_chunk *chunk,
		     const struct wc_encoded_video_chunk_metadata *metadata, void *user_data)
{
	struct loop *loop = user_data;

	(void)metadata;
	meter_output(&loop->meter, wc_encoded_video_chunk_get_size(chunk));
	wc_encoded_video_chunk_unref(chunk);
}

static struct wc_video_frame *take_waiting(struct loop *loop)
{
	struct wc_video_frame *frame = loop->waiting[loop->first];

	loop->first = (loop->first + 1) % MAX_WAITING;
	loop->n_waiting--;
	return frame;
}

static void feed(struct loop *loop)
{
	while (loop->n_waiting && !wc_video_encoder_is_saturated(loop->encoder)) {
		struct wc_video_frame *frame = take_waiting(loop);

		check(loop, wc_video_encoder_encode(loop->encoder, frame, NULL), "encode");
		wc_video_frame_unref(frame);
	}
}

static void open_camera(struct loop *loop, const char *device)
{
	struct wc_camera_init init = {
		.frame = on_frame, .error = on_error, .user_data = loop, .device = device,
		.width = loop->options.width, .height = loop->options.height,
		.fourcc = DRM_FORMAT_YUV420, .exact = true,
	};

	check(loop, wc_camera_new(loop->context, &init, &loop->camera), "the camera");
}

static void open_encoder(struct loop *loop)
{
	struct wc_video_encoder_init init = {
		.output = on_chunk, .error = on_error, .user_data = loop,
	};
	struct wc_video_encoder_config config = {
		.codec = "fwht", .fourcc = DRM_FORMAT_YUV420,
		.width = loop->options.width, .height = loop->options.height,
		.hardware_acceleration = WC_HARDWARE_PREFER_HARDWARE,
		.device = loop->options.device, .copy = WC_COPY_NEVER,
	};

	check(loop, wc_video_encoder_new(loop->context, &init, &loop->encoder), "new encoder");
	check(loop, wc_video_encoder_configure(loop->encoder, &config), "configure");
}

static void print_result(struct loop *loop)
{
	struct wc_session_info session;
	struct wc_camera_info camera;
	char more[256];

	wc_video_encoder_get_session_info(loop->encoder, &session);
	wc_camera_get_info(loop->camera, &camera);
	snprintf(more, sizeof more, " copied=%" PRIu64 " lost=%" PRIu64 " starved=%" PRIu64
		 " session=%s:%s", session.bytes_copied, camera.lost, camera.starved,
		 wc_session_kind_name(session.kind), session.name);
	meter_finish(&loop->meter, more);
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || !value || value > 1000000)
		die("'%s' is no number", text);
	return (unsigned)value;
}

static void close_all(struct loop *loop)
{
	wc_camera_destroy(loop->camera);
	while (loop->n_waiting)
		wc_video_frame_unref(take_waiting(loop));
	wc_video_encoder_destroy(loop->encoder);
	wc_context_unref(loop->context);
}

int main(int argc, char **argv)
{
	const char *paths[] = { argc == 6 ? argv[2] : NULL, NULL };
	struct wc_context_options options = { .device_paths = paths };
	struct loop loop = { .first = 0 };

	if (argc != 6)
		die("usage: CAMERA ENCODER WIDTH HEIGHT FRAMES");
	loop.options = (struct loop_options) {
		.encode = true, .codec = "fwht", .device = argv[2],
		.width = number(argv[3]), .height = number(argv[4]), .frames = number(argv[5]),
	};
	if (wc_context_new(&options, &loop.context) < 0)
		die("cannot make a context");
	open_encoder(&loop);
	open_camera(&loop, argv[1]);
	meter_init(&loop.meter, &loop.options);
	check(&loop, wc_camera_start(loop.camera), "start the camera");
	while (!meter_done(&loop.meter)) {
		check(&loop, wc_context_dispatch(loop.context, -1), "dispatch");
		feed(&loop);
	}
	print_result(&loop);
	close_all(&loop);
	return 0;
}
