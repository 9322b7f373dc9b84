/* SPDX-License-Identifier: MIT */
/* An input that nobody reads: its frames come out of dispatch. */
#ifndef WC_TOOLS_INPUT_CAMERA_H
#define WC_TOOLS_INPUT_CAMERA_H

#include "transcode/input.h"

/*
 * The input for --camera; the device is not opened yet. 0, or -1 with the failure set.
 *
 * input: to be given back with input_destroy()
 */
int input_camera_open(const struct options *options, struct failure *failure,
		      struct input **input);

bool input_is_camera(const struct input *input);

/*
 * Open the camera and fill in the track. output gets the frames, from dispatch. 0, or -1 with the
 * failure set.
 */
int input_camera_attach(struct input *input, struct wc_context *context,
			wc_camera_frame_callback output, void *user_data);

/* Begin; harmless when it has begun. Whoever fails has ended. */
void input_camera_start(struct input *input);

/* By --duration, or because it failed: then the failure is set. */
bool input_camera_has_ended(struct input *input);

/* No frame comes any more. */
void input_camera_stop(struct input *input);

/* For the last line: what it was, and what it lost. */
void input_camera_print(struct input *input);

#endif
