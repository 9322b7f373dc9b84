/* SPDX-License-Identifier: MIT */
/*
 * keep_frames DIRECTORY: keep two frames and a chunk, and say so on standard output once others can
 * see it; close one when a line comes on standard input, and end with it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <webcodecs/webcodecs.h>

#define WIDTH 640
#define HEIGHT 480
#define SIZE (WIDTH * HEIGHT * 3 / 2)

static void nothing(struct wc_context *context, const struct wc_pressure_event *event,
		    void *user_data)
{
	(void)context;
	(void)event;
	(void)user_data;
}

static struct wc_video_frame *frame_new(struct wc_context *context)
{
	static uint8_t picture[SIZE];
	struct wc_video_frame_init init = {
		.fourcc = DRM_FORMAT_YUV420, .coded_width = WIDTH, .coded_height = HEIGHT,
	};
	struct wc_video_frame *frame;

	if (wc_video_frame_new(context, picture, SIZE, &init, &frame) < 0)
		exit(EXIT_FAILURE);
	return frame;
}

/* Dispatch until there is something to read. False at the end of the input. */
static bool wait_for_line(struct wc_context *context)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = wc_context_get_fd(context), .events = POLLIN },
	};
	char byte = 0;

	do {
		if (poll(fds, 2, -1) < 0)
			return false;
		if (fds[1].revents)
			wc_context_dispatch(context, 0);
		if (fds[0].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			return false;
	} while (byte != '\n');
	return true;
}

int main(int argc, char **argv)
{
	static const char *const no_devices[] = { NULL };
	struct wc_context_options options = { .device_paths = no_devices };
	struct wc_encoded_video_chunk_init init = { .type = WC_CHUNK_KEY };
	struct wc_encoded_video_chunk *chunk;
	struct wc_video_frame *frames[2];
	struct wc_context *context;

	if (argc != 2)
		return 2;
	options.slot_directory = argv[1];
	if (wc_context_new(&options, &context) < 0 ||
	    wc_context_watch_pressure(context, nothing, NULL) < 0 ||
	    wc_context_note_pressure(context, WC_PRESSURE_MEDIUM, 0) < 0 ||
	    wc_encoded_video_chunk_new(context, argv[0], 1, &init, &chunk) < 0)
		return EXIT_FAILURE;
	frames[0] = frame_new(context);
	frames[1] = frame_new(context);
	puts("kept");
	fflush(stdout);
	if (wait_for_line(context)) {
		wc_video_frame_unref(frames[0]);
		wc_encoded_video_chunk_unref(chunk);
		frames[0] = NULL;
		chunk = NULL;
		wait_for_line(context);
	}
	wc_encoded_video_chunk_unref(chunk);
	wc_video_frame_unref(frames[0]);
	wc_video_frame_unref(frames[1]);
	wc_context_unref(context);
	return EXIT_SUCCESS;
}
