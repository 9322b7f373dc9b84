/* SPDX-License-Identifier: MIT */
/*
 * What a frame costs its application: it is created, referred to, released, closed, and released
 * for good. Built twice, with and without the census (WITHOUT_CENSUS), to be compared by
 * census.sh. Prints the nanoseconds of processor time for each of two kinds of frames.
 */
#include <drm_fourcc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "frame/encoded_video_chunk.h"
#include "frame/video_frame_init.h"

#define ROUNDS 400000
#define WIDTH 64
#define HEIGHT 64

static uint8_t picture[WIDTH * HEIGHT * 4];

static const struct wc_video_frame_init init = {
	.fourcc = DRM_FORMAT_ABGR8888, .coded_width = WIDTH, .coded_height = HEIGHT,
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static struct wc_video_frame *wrap(struct core *core)
{
	struct wc_video_frame *frame;
	struct wc_error error;

	if (video_frame_new_wrapped(core, picture, sizeof picture, &init, NULL, NULL, &frame,
				    &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		exit(1);
	}
	return frame;
}

static void use(struct wc_video_frame *frame)
{
	wc_video_frame_ref(frame);
	wc_video_frame_unref(frame);
	wc_video_frame_close(frame);
	wc_video_frame_unref(frame);
}

/* A second frame on a buffer, as a decoder makes one for each picture. */
static double clones(struct core *core, unsigned rounds)
{
	struct wc_video_frame *first = wrap(core), *frame;
	double begin = now();
	double end;

	for (unsigned i = 0; i < rounds; i++) {
		if (wc_video_frame_clone(first, &frame) < 0)
			exit(1);
		use(frame);
	}
	end = now();
	wc_video_frame_unref(first);
	return (end - begin) / rounds;
}

/* The constructor without a copy. */
static double wraps(struct core *core, unsigned rounds)
{
	double begin = now();

	for (unsigned i = 0; i < rounds; i++)
		use(wrap(core));
	return (now() - begin) / rounds;
}

int main(void)
{
	struct core *core = core_new(sizeof(struct wc_video_frame),
				     sizeof(struct wc_encoded_video_chunk));

	if (!core)
		return 1;
	clones(core, ROUNDS / 10);
	wraps(core, ROUNDS / 10);
	printf("%.2f %.2f\n", clones(core, ROUNDS), wraps(core, ROUNDS));
	core_unref(core);
	return 0;
}
