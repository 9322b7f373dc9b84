/* SPDX-License-Identifier: MIT */
/*
 * Pictures on a screen, each when it is due. A frame is kept until the flip that takes it off the
 * screen: until then the display reads its memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <drm_fourcc.h>

#include "common/interrupt.h"
#include "transcode/framebuffers.h"
#include "transcode/output.h"
#include "transcode/progress.h"
#include "transcode/screen.h"

struct output_display {
	struct output base;
	struct screen screen;
	struct framebuffers framebuffers;
	struct wc_video_frame *shown;     /* on the screen, or on its way; NULL: none, or a copy */
	int64_t began;                    /* when the first one was due, monotonic microseconds */
	int64_t first;                    /* its timestamp */
};

/* Sleep until the frame is due. A signal ends that. */
static void pace(struct output_display *display, struct wc_video_frame *frame)
{
	const struct track *track = display->base.track;
	int64_t timestamp = track->timed ? wc_video_frame_get_timestamp(frame) :
			    track_time(track, display->base.units);
	int64_t wait;

	if (!display->base.units) {
		display->began = progress_now();
		display->first = timestamp;
	}
	while (!interrupt_signal()) {
		wait = display->began + (timestamp - display->first) - progress_now();
		if (wait <= 0)
			break;
		nanosleep(&(struct timespec) { (time_t)(wait / 1000000),
					       (long)(wait % 1000000) * 1000 }, NULL);
	}
}

/* Show it as it is, or a copy of it. */
static int show(struct output_display *display, struct wc_video_frame *frame, bool *copied)
{
	struct screen_view view;
	uint32_t framebuffer;
	int result;

	do {
		framebuffer = framebuffers_get(&display->framebuffers, frame, &view, copied);
		if (!framebuffer)
			return -1;
		result = screen_show(&display->screen, framebuffer, &view);
	} while (result > 0 && framebuffers_give_up_import(&display->framebuffers));
	if (result > 0)
		return failure_set(display->base.failure, "%s: the display does not show pictures "
				   "of %ux%u", display->screen.path, view.visible.width,
				   view.visible.height);
	return result;
}

/* The wait here is what keeps the decoder from running ahead; what was on the screen goes then. */
static int output_display_frame(struct output *output, struct wc_video_frame *frame)
{
	struct output_display *display = (struct output_display *)output;
	bool copied;

	pace(display, frame);
	if (show(display, frame, &copied) || screen_wait(&display->screen))
		return -1;
	wc_video_frame_unref(display->shown);
	display->shown = copied ? NULL : wc_video_frame_ref(frame);
	output->units++;
	return 0;
}

/* The last picture stays as long as the others did. */
static int output_display_finish(struct output *output)
{
	struct output_display *display = (struct output_display *)output;
	struct framebuffers *framebuffers = &display->framebuffers;
	int64_t interval = track_interval(output->track);

	if (output->units && !interrupt_signal())
		nanosleep(&(struct timespec) { (time_t)(interval / 1000000),
					       (long)(interval % 1000000) * 1000 }, NULL);
	output->bytes_copied = framebuffers->bytes_copied;
	snprintf(output->note, sizeof output->note, "shown on %s %s: %" PRIu64 " in place, %"
		 PRIu64 " copied%s%s%s", display->screen.path, display->screen.connector_name,
		 framebuffers->imported, framebuffers->copied,
		 framebuffers->copied ? " (" : "", framebuffers->copied ? framebuffers->reason : "",
		 framebuffers->copied ? ")" : "");
	return 0;
}

static void output_display_destroy(struct output *output)
{
	struct output_display *display = (struct output_display *)output;

	screen_restore(&display->screen);
	framebuffers_finish(&display->framebuffers);
	screen_close(&display->screen);
	wc_video_frame_unref(display->shown);
	free(display);
}

static uint32_t output_display_format(const struct output *output)
{
	static const uint32_t liked[] = {
		DRM_FORMAT_NV12, DRM_FORMAT_YUV420, DRM_FORMAT_XRGB8888,
	};
	const struct output_display *display = (const struct output_display *)output;

	for (unsigned i = 0; i < sizeof liked / sizeof *liked; i++)
		if (screen_has_format(&display->screen, liked[i]))
			return liked[i];
	return 0;
}

static const struct output_ops output_display_ops = {
	.frame = output_display_frame,
	.finish = output_display_finish,
	.destroy = output_display_destroy,
	.wished_format = output_display_format,
	.without_file = true,
};

struct output *output_display_new(struct failure *failure, const struct options *options)
{
	struct output_display *display = calloc(1, sizeof *display);

	if (!display)
		return NULL;
	display->base.ops = &output_display_ops;
	if (screen_open(&display->screen, options->display, failure)) {
		free(display);
		return NULL;
	}
	framebuffers_init(&display->framebuffers, &display->screen, options->display_copies,
			  failure);
	return &display->base;
}
