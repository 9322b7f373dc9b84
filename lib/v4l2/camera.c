/* SPDX-License-Identifier: MIT */
#include "v4l2/camera.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v4l2/format.h"
#include "v4l2/io.h"

/* More than any driver has: one that never comes to an end must not fill the memory. */
#define MAX_MODES 4096

static bool is_camera(uint32_t caps)
{
	const uint32_t capture = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE;
	const uint32_t others = V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE |
				V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE;

	return (caps & capture) && !(caps & others) && (caps & V4L2_CAP_STREAMING);
}

static int query(int fd, const char *path, struct v4l2_capability *cap,
		 struct wc_camera_device *about)
{
	int ret = io_ioctl_plain(fd, VIDIOC_QUERYCAP, cap);
	uint32_t caps;

	if (ret < 0)
		return ret;
	caps = cap->capabilities & V4L2_CAP_DEVICE_CAPS ? cap->device_caps : cap->capabilities;
	if (!is_camera(caps))
		return -ENOTTY;
	memset(about, 0, sizeof *about);
	snprintf(about->path, sizeof about->path, "%s", path);
	snprintf(about->driver, sizeof about->driver, "%.15s", (const char *)cap->driver);
	snprintf(about->card, sizeof about->card, "%.31s", (const char *)cap->card);
	snprintf(about->bus, sizeof about->bus, "%.31s", (const char *)cap->bus_info);
	about->multiplanar = caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
	return 0;
}

static int open_and_query(const char *path, struct v4l2_capability *cap,
			  struct wc_camera_device *about)
{
	int fd, ret;

	if (strlen(path) >= sizeof about->path)
		return -ENAMETOOLONG;
	fd = io_open(path);
	if (fd < 0)
		return fd;
	ret = query(fd, path, cap, about);
	if (ret == 0)
		return fd;
	io_close_plain(fd);
	return ret;
}

int camera_open(struct v4l2_device *device, const char *path, struct wc_camera_device *about)
{
	struct v4l2_capability cap = { 0 };
	int fd;

	memset(device, 0, sizeof *device);
	device->fd = -1;
	fd = open_and_query(path, &cap, about);
	if (fd < 0)
		return fd;
	device->fd = fd;
	device->kernel = cap.version;
	device->multiplanar = about->multiplanar;
	snprintf(device->path, sizeof device->path, "%s", path);
	snprintf(device->driver, sizeof device->driver, "%s", about->driver);
	return 0;
}

/* ---- modes ----------------------------------------------------------------------------------- */

struct modes {
	int fd;
	struct wc_camera_mode *list;
	size_t n, capacity;
};

static int add(struct modes *modes, const struct wc_camera_mode *mode)
{
	if (modes->n == MAX_MODES)
		return -E2BIG;
	if (modes->n == modes->capacity) {
		size_t capacity = modes->capacity ? modes->capacity * 2 : 16;
		void *grown = realloc(modes->list, capacity * sizeof *modes->list);

		if (!grown)
			return -ENOMEM;
		modes->list = grown;
		modes->capacity = capacity;
	}
	modes->list[modes->n++] = *mode;
	return 0;
}

/* The kernel tells seconds from frame to frame, we frames a second. */
static void add_rate(struct wc_camera_mode *mode, const struct v4l2_fract *interval)
{
	if (!interval->numerator || !interval->denominator ||
	    mode->rate_count == WC_CAMERA_MAX_RATES)
		return;
	mode->rates[mode->rate_count++] = (struct wc_camera_rate) {
		.num = interval->denominator, .den = interval->numerator,
	};
}

static void find_rates(const struct modes *modes, struct wc_camera_mode *mode)
{
	struct v4l2_frmivalenum rate = {
		.pixel_format = mode->v4l2_fourcc,
		.width = mode->size.max_width, .height = mode->size.max_height,
	};

	while (mode->rate_count < WC_CAMERA_MAX_RATES &&
	       io_ioctl_plain(modes->fd, VIDIOC_ENUM_FRAMEINTERVALS, &rate) == 0) {
		if (rate.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
			add_rate(mode, &rate.stepwise.max);
			add_rate(mode, &rate.stepwise.min);
			mode->rate_range = mode->rate_count == 2;
			return;
		}
		add_rate(mode, &rate.discrete);
		rate.index++;
	}
}

static void set_size(struct wc_camera_mode *mode, const struct v4l2_frmsizeenum *size)
{
	const struct v4l2_frmsize_stepwise *range = &size->stepwise;

	if (size->type == V4L2_FRMSIZE_TYPE_DISCRETE)
		mode->size = (struct wc_size_range) {
			size->discrete.width, size->discrete.height,
			size->discrete.width, size->discrete.height, 1, 1,
		};
	else
		mode->size = (struct wc_size_range) {
			range->min_width, range->min_height, range->max_width, range->max_height,
			range->step_width, range->step_height,
		};
}

static int add_format(struct modes *modes, uint32_t fourcc)
{
	struct v4l2_frmsizeenum size = { .pixel_format = fourcc };
	struct wc_camera_mode mode = {
		.fourcc = raw_format_to_drm(fourcc), .v4l2_fourcc = fourcc,
	};
	int ret;

	if (!mode.fourcc || io_ioctl_plain(modes->fd, VIDIOC_ENUM_FRAMESIZES, &size) < 0)
		return add(modes, &mode);
	do {
		mode.rate_count = 0;
		set_size(&mode, &size);
		find_rates(modes, &mode);
		ret = add(modes, &mode);
		size.index++;
	} while (ret == 0 && size.type == V4L2_FRMSIZE_TYPE_DISCRETE &&
		 io_ioctl_plain(modes->fd, VIDIOC_ENUM_FRAMESIZES, &size) == 0);
	return ret;
}

int camera_describe(const char *path, struct wc_camera_device *about,
		    struct wc_camera_mode **list)
{
	struct v4l2_capability cap = { 0 };
	struct v4l2_fmtdesc desc = { 0 };
	struct modes modes = { 0 };
	int ret = 0;

	*list = NULL;
	modes.fd = open_and_query(path, &cap, about);
	if (modes.fd < 0)
		return modes.fd;
	desc.type = about->multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
				       : V4L2_BUF_TYPE_VIDEO_CAPTURE;
	while (ret == 0 && io_ioctl_plain(modes.fd, VIDIOC_ENUM_FMT, &desc) == 0) {
		ret = add_format(&modes, desc.pixelformat);
		desc = (struct v4l2_fmtdesc) { .index = desc.index + 1, .type = desc.type };
	}
	io_close_plain(modes.fd);
	if (ret < 0) {
		free(modes.list);
		return ret;
	}
	about->mode_count = modes.n;
	about->modes = *list = modes.list;
	return 0;
}
