/* SPDX-License-Identifier: MIT */
/* An open device node. */
#ifndef WC_V4L2_DEVICE_H
#define WC_V4L2_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/videodev2.h>

struct v4l2_device_info;

/* An open node with a session on it. */
struct v4l2_device {
	int fd;
	char path[64];
	char driver[16];
	uint32_t kernel;               /* KERNEL_VERSION() of the driver */
	bool multiplanar;
	int attached;                  /* 0: has a place in libv4l2; else why not: io_attach() */
};

/* Open through libv4l2. 0 or a negative errno, with device->fd then -1. */
int device_open(struct v4l2_device *device, const struct v4l2_device_info *info);

/* Close; the driver's context goes unless a mapping or DMA-BUF keeps it. Harmless when closed. */
void device_close(struct v4l2_device *device);

/* 0 or a negative errno. */
int device_ioctl(struct v4l2_device *device, unsigned long request, void *arg);

/* The type of a queue as the kernel wants it for this device. */
uint32_t device_output_type(const struct v4l2_device *device);
uint32_t device_capture_type(const struct v4l2_device *device);

/* Events. subscribe: -EINVAL when the driver does not have the event. */
int device_subscribe(struct v4l2_device *device, uint32_t event);
/* The next event: 0, or -ENOENT when there is none. */
int device_next_event(struct v4l2_device *device, struct v4l2_event *event);

/* Decoder and encoder commands, V4L2_DEC_CMD_* and V4L2_ENC_CMD_*. */
int device_decoder_command(struct v4l2_device *device, uint32_t command);
int device_encoder_command(struct v4l2_device *device, uint32_t command);

/*
 * Controls. -EINVAL or -ENOTTY: the device has no such control; -ERANGE: no such value.
 * set: integers are moved to the nearest value the driver allows.
 */
int device_get_control(struct v4l2_device *device, uint32_t id, int32_t *value);
int device_set_control(struct v4l2_device *device, uint32_t id, int64_t value);
bool device_has_control(struct v4l2_device *device, uint32_t id);

/* The visible part of the picture on a queue. target: V4L2_SEL_TGT_*. */
int device_get_selection(struct v4l2_device *device, uint32_t type, uint32_t target,
			 struct v4l2_rect *rect);
int device_set_selection(struct v4l2_device *device, uint32_t type, uint32_t target,
			 const struct v4l2_rect *rect);

/* Frame rate of a queue. -ENOTTY when the driver has none. */
int device_set_frame_rate(struct v4l2_device *device, uint32_t type, double rate);

/*
 * Seconds from one captured frame to the next. set: *interval becomes what the driver made of it.
 * -ENOTTY when the driver has none.
 */
int device_get_interval(struct v4l2_device *device, uint32_t type, struct v4l2_fract *interval);
int device_set_interval(struct v4l2_device *device, uint32_t type, struct v4l2_fract *interval);

#endif
