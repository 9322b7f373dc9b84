/* SPDX-License-Identifier: MIT */
/*
 * Controls that vicodec's encoder does not have, among those that it has.
 *
 *   FRAME_RC_ENABLE   off: the quantisers are as the client sets them, as without the plugin
 *   BITRATE           when rate control is on: sets both quantisers of the driver. There is no
 *                     feedback: they follow from picture size, frame rate and bit rate, so that a
 *                     clip always gives the same bytes. More bits give finer quantisers, the real
 *                     rate depends on the picture.
 *   BITRATE_MODE      variable or constant; kept and told, without effect
 *   FORCE_KEY_FRAME   see key.h
 *
 * GOP_SIZE is the driver's own. The frame rate is that of S_PARM on OUTPUT, which the driver does
 * not have either; 30 if it is not set. No events are sent for these controls.
 */
#ifndef WC_PLUGIN_CONTROL_H
#define WC_PLUGIN_CONTROL_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>

#include "key.h"

#define CONTROL_COUNT 4

struct control {
	int fd;
	bool multiplanar;
	int32_t values[CONTROL_COUNT];
	struct v4l2_fract interval;    /* of frames, seconds */
};

void control_init(struct control *control, int fd, bool multiplanar);

/* Whether a request is one of those that control_ioctl() takes. */
bool control_is_about(unsigned long request);

/* In the place of ioctl(). */
int control_ioctl(struct control *control, struct key *key, unsigned long request, void *arg);

/* Tell the driver again: the picture size may have changed. */
void control_apply(struct control *control);

#endif
