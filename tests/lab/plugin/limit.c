/* SPDX-License-Identifier: MIT */
/*
 * A plugin of libv4l2 that makes of vicodec a codec of few contexts, whose encoder has a bit rate
 * and can be asked for key frames. with-limit puts it in place, inside a guest of the lab.
 *
 * libv4l2 asks it only for descriptors that are in its table. For the seventeenth of a process, and
 * for whoever calls the kernel himself, there is no limit and no control: such a descriptor works
 * as if the plugin were not there.
 */
#include <errno.h>
#include <libv4l-plugin.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attach.h"
#include "control.h"
#include "key.h"
#include "place.h"

struct context {
	struct place_settings settings;
	int place;                     /* descriptor, -1: none yet */
	bool refused;                  /* when it was to be taken into the table */
	bool encoder;
	struct control control;        /* of encoders */
	struct key key;                /* of encoders */
	struct attach attach;
};

/* ---- the limit ------------------------------------------------------------------------------- */

static int need_place(struct context *context)
{
	if (context->place < 0)
		context->place = place_take(&context->settings);
	return context->place < 0 ? -1 : 0;
}

/* Whether this is the call with which a context is taken. */
static bool takes_context(const struct context *context, unsigned long request, const void *arg)
{
	switch (context->settings.stage) {
	case PLACE_FORMAT:
		return request == VIDIOC_S_FMT;
	case PLACE_BUFFERS:
		return request == VIDIOC_CREATE_BUFS ||
		       (request == VIDIOC_REQBUFS &&
			((const struct v4l2_requestbuffers *)arg)->count > 0);
	case PLACE_STREAM_ON:
		return request == VIDIOC_STREAMON;
	case PLACE_QBUF:
		return request == VIDIOC_QBUF;
	case PLACE_OPEN:
	case PLACE_ATTACH:
		break;
	}
	return false;
}

/* ---- the calls of libv4l2 -------------------------------------------------------------------- */

/* Of the three nodes only the encoder has something coded to give. */
static bool is_encoder(int fd, bool multiplanar)
{
	struct v4l2_fmtdesc desc = {
		.type = multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
				    : V4L2_BUF_TYPE_VIDEO_CAPTURE,
	};

	return ioctl(fd, VIDIOC_ENUM_FMT, &desc) == 0 && (desc.flags & V4L2_FMT_FLAG_COMPRESSED);
}

static void *on_init(int fd)
{
	struct v4l2_capability cap = { 0 };
	struct context *context;
	bool multiplanar;

	if (!place_is_vicodec(fd) || ioctl(fd, VIDIOC_QUERYCAP, &cap) < 0)
		return NULL;
	context = calloc(1, sizeof *context);
	if (!context)
		return NULL;
	multiplanar = cap.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE;
	place_settings_read(&context->settings);
	context->place = -1;
	context->refused = context->settings.stage == PLACE_ATTACH && need_place(context) < 0;
	context->encoder = is_encoder(fd, multiplanar);
	control_init(&context->control, fd, multiplanar);
	key_init(&context->key, fd, multiplanar);
	attach_init(&context->attach);
	return context;
}

/* libv4l2 closes the descriptor after this. */
static void on_close(void *priv)
{
	struct context *context = priv;

	attach_finish(&context->attach, context->encoder);
	if (context->place >= 0)
		close(context->place);
	free(context);
}

/* The encoder's: what the plugin adds, around the driver's own. */
static int encoder_ioctl(struct context *context, int fd, unsigned long request, void *arg)
{
	int ret;

	if (control_is_about(request))
		return control_ioctl(&context->control, &context->key, request, arg);
	switch (request) {
	case VIDIOC_QBUF:
		return key_queue(&context->key, arg);
	case VIDIOC_DQBUF:
		return key_dequeue(&context->key, arg);
	case VIDIOC_STREAMON:
		control_apply(&context->control);
		break;
	}
	ret = ioctl(fd, request, arg);
	if (ret == 0 && (request == VIDIOC_STREAMON || request == VIDIOC_STREAMOFF))
		key_stream(&context->key, *(const enum v4l2_buf_type *)arg,
			   request == VIDIOC_STREAMON);
	if (ret == 0 && request == VIDIOC_ENCODER_CMD)
		key_command(&context->key, arg);
	return ret;
}

static int on_ioctl(void *priv, int fd, unsigned long request, void *arg)
{
	struct context *context = priv;
	int ret;

	/* libv4l2 lets go of the device when its first question, QUERYCAP, is not answered. */
	if (context->refused) {
		errno = context->settings.refusal;
		return -1;
	}
	if (takes_context(context, request, arg) && need_place(context) < 0)
		return -1;
	if (request == VIDIOC_QBUF && attach_refuses(&context->attach, arg)) {
		errno = EFAULT;
		return -1;
	}
	ret = context->encoder ? encoder_ioctl(context, fd, request, arg) : ioctl(fd, request, arg);
	if (ret == 0 && request == VIDIOC_QBUF)
		attach_count(&context->attach, arg);
	if (ret == 0 && request == VIDIOC_REQBUFS)
		attach_forget(&context->attach, ((const struct v4l2_requestbuffers *)arg)->type);
	return ret;
}

extern const struct libv4l_dev_ops libv4l2_plugin;
const struct libv4l_dev_ops libv4l2_plugin = {
	.init = on_init,
	.close = on_close,
	.ioctl = on_ioctl,
};
