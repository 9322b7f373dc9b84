/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * drivers/media/platform/chips-media/coda/{coda-common,coda-bit}.c of Linux 6.12, as on i.MX6, but
 * with the instance limit of the CodaDx6: coda_open(), ida_alloc_max() gives ENOSPC.
 */

static const struct fake_format coded_in[] = {
	{ .fourcc = V4L2_PIX_FMT_H264 },	/* no flags at all */
	{ .fourcc = V4L2_PIX_FMT_MPEG2 },
	{ .fourcc = 0 },
};

static const struct fake_format coded_out[] = {
	{ .fourcc = V4L2_PIX_FMT_H264 },
	{ .fourcc = 0 },
};

static const struct fake_format raw[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_YUV420, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_YVU420, .stride_align = 16 },
	{ .fourcc = 0 },
};

/* coda_decode_ctrls(): no MIN_BUFFERS_FOR_CAPTURE */
static const struct fake_control decoder_controls[] = {
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
		       H264_PROFILES_TO_HIGH, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_4_1, 0,
		       V4L2_MPEG_VIDEO_H264_LEVEL_4_1),
	{ .id = 0 },
};

static const struct fake_control encoder_controls[] = {
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE, 0, 32767000, 1000, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 99, 1, 16),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0, 51, 1, 12),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 0, 51, 1, 51),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 1),
	MENU(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE, 0,
	     V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE),
	MENU(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_4_0, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_4_0),
	MENU(V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME,
	     BIT(V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE),
	     V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME),
	BUTTON(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME),
	{ .id = 0 },
};

#define CODA \
	.driver = "coda", \
	.bus_info = "platform:coda", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.raw = raw, \
	.default_width = 1920, \
	.default_height = 1088, \
	.size_continuous = true, \
	.memory = MEMORY_MMAP_DMABUF, \
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, \
	.min_queued_output = 1,		/* coda_queue_init() */ \
	.min_queued_capture = 1, \
	.context_limit = 4, \
	.limit_stage = FAKE_STAGE_OPEN, \
	.limit_errno = ENOSPC

const struct fake_model fake_coda_decoder = {
	CODA,
	.name = "coda decoder",
	.card = "coda-video-decoder",
	.role = FAKE_DECODER,
	.coded = coded_in,
	.width = { 48, 1920, 1, 16 },
	.height = { 16, 1088, 1, 16 },
	.no_parm = true,
	.selection_get = SELECTION_COMPOSE | FAKE_SEL_COMPOSE_PADDED,
	.selection_set = FAKE_SEL_COMPOSE,	/* answers with what it is */
	.controls = decoder_controls,
	.events = EVENTS_DECODER,
	.quirks = {
		.drain_end = FAKE_LAST_FRAME_OR_EPIPE,	/* coda_wake_up_capture_queue() */
		.change_end = FAKE_LAST_FRAME_OR_EPIPE,
		.no_drain_busy = true,			/* coda_decoder_cmd() */
		.output_restart_stays_stopped = true,
	},
};

const struct fake_model fake_coda_encoder = {
	CODA,
	.name = "coda encoder",
	.card = "coda-video-encoder",
	.role = FAKE_ENCODER,
	.coded = coded_out,
	.width = { 48, 1920, 1, 2 },
	.height = { 16, 1088, 1, 2 },
	.selection_get = SELECTION_CROP,
	.selection_set = FAKE_SEL_CROP,
	.controls = encoder_controls,
	.events = EVENTS_ENCODER,
	.quirks = {
		.drain_end = FAKE_LAST_FRAME_OR_EPIPE,
		.start = FAKE_START_NOOP,		/* coda_encoder_cmd() takes it for a STOP */
		.no_drain_busy = true,
		.output_restart_stays_stopped = true,
	},
};
