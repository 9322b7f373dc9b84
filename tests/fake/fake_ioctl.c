/* SPDX-License-Identifier: MIT */
#include "fake_state.h"

#include <errno.h>

/* One shape for all handlers. */
#define HANDLER(name, type) \
	static int do_##name(struct fake_file *file, void *arg, bool nonblocking) \
	{ \
		(void)nonblocking; \
		return fake_##name(file, arg); \
	} \
	_Static_assert(sizeof(type) > 0, "the argument of the ioctl is " #type)

HANDLER(querycap, struct v4l2_capability);
HANDLER(enum_fmt, struct v4l2_fmtdesc);
HANDLER(enum_framesizes, struct v4l2_frmsizeenum);
HANDLER(enum_frameintervals, struct v4l2_frmivalenum);
HANDLER(g_fmt, struct v4l2_format);
HANDLER(s_fmt, struct v4l2_format);
HANDLER(try_fmt, struct v4l2_format);
HANDLER(g_parm, struct v4l2_streamparm);
HANDLER(s_parm, struct v4l2_streamparm);
HANDLER(g_selection, struct v4l2_selection);
HANDLER(s_selection, struct v4l2_selection);
HANDLER(reqbufs, struct v4l2_requestbuffers);
HANDLER(create_bufs, struct v4l2_create_buffers);
HANDLER(remove_bufs, struct fake_remove_buffers);
HANDLER(querybuf, struct v4l2_buffer);
HANDLER(prepare_buf, struct v4l2_buffer);
HANDLER(qbuf, struct v4l2_buffer);
HANDLER(expbuf, struct v4l2_exportbuffer);
HANDLER(streamon, int);
HANDLER(streamoff, int);
HANDLER(subscribe_event, struct v4l2_event_subscription);
HANDLER(unsubscribe_event, struct v4l2_event_subscription);
HANDLER(queryctrl, struct v4l2_queryctrl);
HANDLER(query_ext_ctrl, struct v4l2_query_ext_ctrl);
HANDLER(querymenu, struct v4l2_querymenu);
HANDLER(g_ctrl, struct v4l2_control);
HANDLER(s_ctrl, struct v4l2_control);
HANDLER(g_ext_ctrls, struct v4l2_ext_controls);
HANDLER(s_ext_ctrls, struct v4l2_ext_controls);
HANDLER(try_ext_ctrls, struct v4l2_ext_controls);

static int do_dqbuf(struct fake_file *file, void *arg, bool nonblocking)
{
	return fake_dqbuf(file, arg, nonblocking);
}

static int do_dqevent(struct fake_file *file, void *arg, bool nonblocking)
{
	return fake_dqevent(file, arg, nonblocking);
}

static int do_decoder_cmd(struct fake_file *file, void *arg, bool nonblocking)
{
	(void)nonblocking;
	return fake_decoder_cmd(file, arg, false);
}

static int do_try_decoder_cmd(struct fake_file *file, void *arg, bool nonblocking)
{
	(void)nonblocking;
	return fake_decoder_cmd(file, arg, true);
}

static int do_encoder_cmd(struct fake_file *file, void *arg, bool nonblocking)
{
	(void)nonblocking;
	return fake_encoder_cmd(file, arg, false);
}

static int do_try_encoder_cmd(struct fake_file *file, void *arg, bool nonblocking)
{
	(void)nonblocking;
	return fake_encoder_cmd(file, arg, true);
}

struct handler {
	int (*run)(struct fake_file *file, void *arg, bool nonblocking);
	bool progress;			/* success changes what a wait would see */
};

static const struct handler handlers[FAKE_CALLS] = {
	[FAKE_QUERYCAP] = { do_querycap, false },
	[FAKE_ENUM_FMT] = { do_enum_fmt, false },
	[FAKE_ENUM_FRAMESIZES] = { do_enum_framesizes, false },
	[FAKE_ENUM_FRAMEINTERVALS] = { do_enum_frameintervals, false },
	[FAKE_G_FMT] = { do_g_fmt, false },
	[FAKE_S_FMT] = { do_s_fmt, true },
	[FAKE_TRY_FMT] = { do_try_fmt, false },
	[FAKE_G_PARM] = { do_g_parm, false },
	[FAKE_S_PARM] = { do_s_parm, false },
	[FAKE_G_SELECTION] = { do_g_selection, false },
	[FAKE_S_SELECTION] = { do_s_selection, false },
	[FAKE_REQBUFS] = { do_reqbufs, true },
	[FAKE_CREATE_BUFS] = { do_create_bufs, true },
	[FAKE_REMOVE_BUFS] = { do_remove_bufs, true },
	[FAKE_QUERYBUF] = { do_querybuf, false },
	[FAKE_PREPARE_BUF] = { do_prepare_buf, true },
	[FAKE_QBUF] = { do_qbuf, true },
	[FAKE_DQBUF] = { do_dqbuf, true },
	[FAKE_EXPBUF] = { do_expbuf, false },
	[FAKE_STREAMON] = { do_streamon, true },
	[FAKE_STREAMOFF] = { do_streamoff, true },
	[FAKE_SUBSCRIBE_EVENT] = { do_subscribe_event, false },
	[FAKE_UNSUBSCRIBE_EVENT] = { do_unsubscribe_event, false },
	[FAKE_DQEVENT] = { do_dqevent, true },
	[FAKE_QUERYCTRL] = { do_queryctrl, false },
	[FAKE_QUERY_EXT_CTRL] = { do_query_ext_ctrl, false },
	[FAKE_QUERYMENU] = { do_querymenu, false },
	[FAKE_G_CTRL] = { do_g_ctrl, false },
	[FAKE_S_CTRL] = { do_s_ctrl, false },
	[FAKE_G_EXT_CTRLS] = { do_g_ext_ctrls, false },
	[FAKE_S_EXT_CTRLS] = { do_s_ext_ctrls, false },
	[FAKE_TRY_EXT_CTRLS] = { do_try_ext_ctrls, false },
	[FAKE_DECODER_CMD] = { do_decoder_cmd, true },
	[FAKE_TRY_DECODER_CMD] = { do_try_decoder_cmd, false },
	[FAKE_ENCODER_CMD] = { do_encoder_cmd, true },
	[FAKE_TRY_ENCODER_CMD] = { do_try_encoder_cmd, false },
};

/* A camera has no codec's ioctls. */
static bool for_codecs_only(enum fake_call call)
{
	switch (call) {
	case FAKE_DECODER_CMD:
	case FAKE_TRY_DECODER_CMD:
	case FAKE_ENCODER_CMD:
	case FAKE_TRY_ENCODER_CMD:
		return true;
	default:
		return false;
	}
}

static void run_ahead(void)
{
	unsigned int steps = 0;

	switch (fake.pace) {
	case FAKE_PACE_LAZY:
		return;
	case FAKE_PACE_EAGER:
		steps = 1000;
		break;
	case FAKE_PACE_RANDOM:
		fake.random = fake.random * 1664525u + 1013904223u;
		steps = fake.random >> 30;
		break;
	}
	while (steps-- && fake_step())
		;
}

int fake_ioctl(struct fake_file *file, unsigned long request, void *arg, bool nonblocking)
{
	enum fake_call call = fake_call_of(request);
	const struct handler *handler = &handlers[call];
	int ret;

	if (file->device->gone)
		return -ENODEV;
	if (!handler->run || (file->model->role == FAKE_CAMERA && for_codecs_only(call)))
		return -ENOTTY;
	if (!arg)
		return -EFAULT;
	ret = handler->run(file, arg, nonblocking);
	if (ret == 0 && handler->progress)
		fake_progress();
	if (ret == 0)
		run_ahead();
	return ret;
}
