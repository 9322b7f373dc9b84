/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * drivers/media/platform/samsung/s5p-mfc/{s5p_mfc,s5p_mfc_dec,s5p_mfc_enc}.c of Linux 6.12, MFC v7.
 * It is older than dev-decoder.rst and v4l2-mem2mem.c and uses neither.
 */

static const struct fake_format coded_in[] = {
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = DYNAMIC | BYTESTREAM },
	{ .fourcc = V4L2_PIX_FMT_MPEG2, .flags = DYNAMIC | BYTESTREAM },
	{ .fourcc = V4L2_PIX_FMT_VP8, .flags = DYNAMIC },
	{ .fourcc = 0 },
};

static const struct fake_format coded_out[] = {
	{ .fourcc = V4L2_PIX_FMT_H264 },
	{ .fourcc = V4L2_PIX_FMT_VP8 },
	{ .fourcc = 0 },
};

/* Tiles come first, so who takes the default gets them. */
static const struct fake_format raw[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12MT_16X16, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_NV12M, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_NV21M, .stride_align = 16 },
	{ .fourcc = 0 },
};

static const struct fake_control decoder_controls[] = {
	INTEGER(V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY, 0, 16383, 1, 0),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY_ENABLE, 0),
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 32, 1),
	{ .id = 0 },
};

static const struct fake_control encoder_controls[] = {
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 65535, 1, 12),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE, 1, (1 << 30) - 1, 1, 1),
	BUTTON(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME),
	MENU(V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
	     V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE),
	INTEGER(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 2, 1, 0),
	MENU(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
	     H264_PROFILES_TO_HIGH, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE),
	MENU(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_4_0, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_1_0),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0, 51, 1, 1),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 0, 51, 1, 51),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, 65535, 1, 0),
	{ .id = 0 },
};

/* s5p_mfc_open(): EBUSY when all MFC_NUM_CONTEXTS are taken, decoders and encoders together. */
#define S5P_MFC \
	.driver = "s5p-mfc", \
	.bus_info = "platform:s5p-mfc", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.mplane = true, \
	.raw = raw, \
	.no_framesizes = true, \
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, \
	.context_limit = 4, \
	.limit_stage = FAKE_STAGE_OPEN, \
	.limit_errno = EBUSY

#define S5P_MFC_QUIRKS \
	.unknown_format_einval = true,		/* vidioc_try_fmt() */ \
	.busy_only_when_streaming = true,	/* vidioc_s_fmt() */ \
	.reqbufs_once = true,			/* vidioc_reqbufs() */ \
	.reqbufs_needs_format = true,		/* s5p_mfc_queue_setup() */ \
	.no_create_bufs = true, \
	.no_try_cmd = true, \
	.coded_size_zero = true,		/* vidioc_g_fmt() */ \
	.start = FAKE_START_EINVAL,		/* only STOP is known */ \
	.no_drain_busy = true, \
	.own_poll = true			/* s5p_mfc_poll() */

const struct fake_model fake_s5p_mfc_decoder = {
	S5P_MFC,
	.name = "s5p-mfc decoder",
	.card = "s5p-mfc-dec",
	.role = FAKE_DECODER,
	.coded = coded_in,
	.width = { 32, 1920, 1, 16 },
	.height = { 32, 1088, 1, 32 },
	.default_width = 32,
	.default_height = 32,
	.no_parm = true,
	.coded_sizeimage = 512 << 10,		/* DEF_CPB_SIZE */
	.coded_sizeimage_max = 3 << 20,		/* buf_size->cpb of v7 */
	.memory = V4L2_BUF_CAP_SUPPORTS_MMAP,
	.min_output = 1,
	.min_capture = 3,
	.selection_get = SELECTION_COMPOSE,
	.controls = decoder_controls,
	.events = 1u << V4L2_EVENT_EOS | 1u << V4L2_EVENT_SOURCE_CHANGE,
	.quirks = {
		S5P_MFC_QUIRKS,
		.capture_format_early = FAKE_EARLY_WAIT,	/* vidioc_g_fmt() sleeps */
		.no_first_source_change = true,			/* s5p_mfc_handle_seq_done() */
		.source_change_late = true,			/* s5p_mfc_handle_frame() */
		.drain_end = FAKE_LAST_ALL,	/* s5p_mfc_handle_frame_all_extracted() */
		.change_end = FAKE_LAST_ALL,
		.decodes_only_when_full = true,			/* s5p_mfc_ctx_ready() */
	},
};

const struct fake_model fake_s5p_mfc_encoder = {
	S5P_MFC,
	.name = "s5p-mfc encoder",
	.card = "s5p-mfc-enc",
	.role = FAKE_ENCODER,
	.coded = coded_out,
	.width = { 8, 1920, 1, 2 },
	.height = { 4, 1080, 1, 2 },
	.default_width = 64,
	.default_height = 64,
	.memory = MEMORY_ALL,
	.min_output = 1,
	.min_capture = 1,
	.controls = encoder_controls,
	.events = 1u << V4L2_EVENT_EOS,
	.quirks = {
		S5P_MFC_QUIRKS,
		.coded_sizeimage_required = true,		/* vidioc_s_fmt() */
		.drain_end = FAKE_LAST_UNFLAGGED,	/* s5p_mfc_handle_stream_complete() */
		.output_eio_in_drain = true,			/* vidioc_qbuf() */
	},
};
