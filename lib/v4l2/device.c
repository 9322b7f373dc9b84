/* SPDX-License-Identifier: MIT */
#include "v4l2/device.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "v4l2/io.h"
#include "v4l2/probe.h"

int device_open(struct v4l2_device *device, const struct v4l2_device_info *info)
{
	struct v4l2_capability cap = { 0 };
	int ret;

	memset(device, 0, sizeof *device);
	device->fd = -1;
	snprintf(device->path, sizeof device->path, "%s", info->device.path);
	ret = io_open(device->path);
	if (ret < 0)
		return ret;
	device->fd = ret;

	/* The first question goes to the kernel: libv4l2 prints when it gets a strange node. */
	ret = io_ioctl_plain(device->fd, VIDIOC_QUERYCAP, &cap);
	if (ret < 0) {
		io_close_plain(device->fd);
		device->fd = -1;
		return ret;
	}
	snprintf(device->driver, sizeof device->driver, "%.15s", (const char *)cap.driver);
	device->kernel = cap.version;
	device->multiplanar = info->device.multiplanar;
	device->attached = io_attach(device->fd);
	return 0;
}

void device_close(struct v4l2_device *device)
{
	if (device->fd < 0)
		return;
	io_close(device->fd);
	device->fd = -1;
}

int device_ioctl(struct v4l2_device *device, unsigned long request, void *arg)
{
	return io_ioctl(device->fd, request, arg);
}

uint32_t device_output_type(const struct v4l2_device *device)
{
	return device->multiplanar ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
				   : V4L2_BUF_TYPE_VIDEO_OUTPUT;
}

uint32_t device_capture_type(const struct v4l2_device *device)
{
	return device->multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
				   : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

int device_subscribe(struct v4l2_device *device, uint32_t event)
{
	struct v4l2_event_subscription subscription = { .type = event };

	return device_ioctl(device, VIDIOC_SUBSCRIBE_EVENT, &subscription);
}

int device_next_event(struct v4l2_device *device, struct v4l2_event *event)
{
	memset(event, 0, sizeof *event);
	return device_ioctl(device, VIDIOC_DQEVENT, event);
}

int device_decoder_command(struct v4l2_device *device, uint32_t command)
{
	struct v4l2_decoder_cmd cmd = { .cmd = command };

	return device_ioctl(device, VIDIOC_DECODER_CMD, &cmd);
}

int device_encoder_command(struct v4l2_device *device, uint32_t command)
{
	struct v4l2_encoder_cmd cmd = { .cmd = command };

	return device_ioctl(device, VIDIOC_ENCODER_CMD, &cmd);
}

int device_get_control(struct v4l2_device *device, uint32_t id, int32_t *value)
{
	struct v4l2_control control = { .id = id };
	int ret = device_ioctl(device, VIDIOC_G_CTRL, &control);

	if (ret == 0)
		*value = control.value;
	return ret;
}

bool device_has_control(struct v4l2_device *device, uint32_t id)
{
	struct v4l2_queryctrl query = { .id = id };

	return device_ioctl(device, VIDIOC_QUERYCTRL, &query) == 0 &&
	       !(query.flags & V4L2_CTRL_FLAG_DISABLED);
}

int device_set_control(struct v4l2_device *device, uint32_t id, int64_t value)
{
	struct v4l2_queryctrl query = { .id = id };
	struct v4l2_control control = { .id = id };
	int ret = device_ioctl(device, VIDIOC_QUERYCTRL, &query);

	if (ret < 0)
		return ret;
	if (query.flags & V4L2_CTRL_FLAG_DISABLED)
		return -EINVAL;
	if (query.type == V4L2_CTRL_TYPE_INTEGER) {
		if (value < query.minimum)
			value = query.minimum;
		if (value > query.maximum)
			value = query.maximum;
	}
	control.value = (int32_t)value;
	ret = device_ioctl(device, VIDIOC_S_CTRL, &control);
	/*
	 * A menu entry that is masked out gives EINVAL, one beyond the end ERANGE (validate_new()).
	 */
	return ret == -EINVAL && query.type == V4L2_CTRL_TYPE_MENU ? -ERANGE : ret;
}

/* Selection takes the single-planar names of the types on all devices (vidioc-g-selection.rst). */
static uint32_t selection_type(uint32_t type)
{
	switch (type) {
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		return V4L2_BUF_TYPE_VIDEO_OUTPUT;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	default:
		return type;
	}
}

int device_get_selection(struct v4l2_device *device, uint32_t type, uint32_t target,
			 struct v4l2_rect *rect)
{
	struct v4l2_selection selection = { .type = selection_type(type), .target = target };
	int ret = device_ioctl(device, VIDIOC_G_SELECTION, &selection);

	if (ret == 0)
		*rect = selection.r;
	return ret;
}

int device_set_selection(struct v4l2_device *device, uint32_t type, uint32_t target,
			 const struct v4l2_rect *rect)
{
	struct v4l2_selection selection = {
		.type = selection_type(type), .target = target, .r = *rect,
	};

	return device_ioctl(device, VIDIOC_S_SELECTION, &selection);
}

int device_set_frame_rate(struct v4l2_device *device, uint32_t type, double rate)
{
	struct v4l2_streamparm parm = { .type = type };

	/* Thousandths carry 23.976 and 29.97 well enough for rate control. */
	parm.parm.output.timeperframe.numerator = 1000;
	parm.parm.output.timeperframe.denominator = (uint32_t)lround(rate * 1000);
	return device_ioctl(device, VIDIOC_S_PARM, &parm);
}

static int take_interval(const struct v4l2_streamparm *parm, struct v4l2_fract *interval)
{
	const struct v4l2_captureparm *capture = &parm->parm.capture;

	if (!(capture->capability & V4L2_CAP_TIMEPERFRAME) || !capture->timeperframe.numerator ||
	    !capture->timeperframe.denominator)
		return -ENOTTY;
	*interval = capture->timeperframe;
	return 0;
}

int device_get_interval(struct v4l2_device *device, uint32_t type, struct v4l2_fract *interval)
{
	struct v4l2_streamparm parm = { .type = type };
	int ret = device_ioctl(device, VIDIOC_G_PARM, &parm);

	return ret < 0 ? ret : take_interval(&parm, interval);
}

int device_set_interval(struct v4l2_device *device, uint32_t type, struct v4l2_fract *interval)
{
	struct v4l2_streamparm parm = { .type = type };
	int ret;

	parm.parm.capture.timeperframe = *interval;
	ret = device_ioctl(device, VIDIOC_S_PARM, &parm);
	return ret < 0 ? ret : take_interval(&parm, interval);
}
