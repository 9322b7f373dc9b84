/* SPDX-License-Identifier: MIT */
/* Devices that capture pictures: which nodes are such, and what they can do. */
#ifndef WC_V4L2_CAMERA_H
#define WC_V4L2_CAMERA_H

#include <webcodecs/camera.h>

#include "v4l2/device.h"

/*
 * Open a capture device; *about receives its names, no modes. libv4l2 does not get it: a plugin
 * that comes with it shows multi-planar capture devices as single-planar ones, and prints. 0;
 * -ENOTTY when the node is no device that captures pictures and streams; another negative errno.
 * device->fd is -1 then.
 */
int camera_open(struct v4l2_device *device, const char *path, struct wc_camera_device *about);

/*
 * Look at a node: names and modes. Results as above. On success *modes, which about->modes refers
 * to, is to be freed.
 */
int camera_describe(const char *path, struct wc_camera_device *about,
		    struct wc_camera_mode **modes);

#endif
