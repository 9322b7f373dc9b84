/* SPDX-License-Identifier: MIT */
/*
 * Capturing frames from a camera: one CAPTURE queue in the loop.
 *
 *               start             stop
 *     STOPPED ---------> RUNNING -------> STOPPED
 *        |                  |
 *        +--------+---------+
 *                 |  a call failed outside of start and stop, or the device is gone
 *                 v
 *              FAILED    `failed` comes from dispatch, when the device was given back
 *
 * Nothing else shares the device, so there is no claim: cameras count for no hardware contexts.
 */
#ifndef WC_SESSION_CAPTURE_H
#define WC_SESSION_CAPTURE_H

#include <webcodecs/camera.h>

#include "session/session.h"

struct capture;

/* As in struct wc_camera_init, with the defaults filled in where they are numbers. */
struct capture_params {
	const char *device;
	uint32_t width, height;        /* 0: as the device is set */
	uint32_t fourcc;               /* DRM, 0: any */
	double framerate;              /* 0: as the device is set */
	unsigned buffers;
	bool exact;
};

/*
 * Called from dispatch only. Each may stop or destroy the capture that calls it. After `failed`
 * nothing comes.
 */
struct capture_sink_ops {
	/* The sink owns the reference; the frame is nobody's leak yet. */
	void (*frame)(void *sink, struct wc_video_frame *frame);
	/* Comes before the first frame behind the gap. */
	void (*lost)(void *sink, uint64_t count);
	void (*failed)(void *sink, const struct wc_error *error);
};

/*
 * Open, agree on a format, get buffers. env->claim is not used. 0, or a ::wc_status with *error
 * filled and nothing left behind.
 */
int capture_new(const struct session_env *env, const struct capture_params *params,
		const struct capture_sink_ops *sink_ops, void *sink, struct capture **capture,
		struct wc_error *error);

/*
 * 0, or a ::wc_status with *error filled; after `failed`, or shortly before, start gives its error.
 * A driver that does not stop leaves the capture FAILED, and `failed` does not come.
 */
int capture_start(struct capture *capture, struct wc_error *error);
int capture_stop(struct capture *capture, struct wc_error *error);

/* The capture has failed: start will not do anything any more. */
bool capture_has_failed(const struct capture *capture);

void capture_describe(const struct capture *capture, struct wc_camera_info *info);

/* No call of the sink comes any more. NULL is allowed. */
void capture_destroy(struct capture *capture);

#endif
