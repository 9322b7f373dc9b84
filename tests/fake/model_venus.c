/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * drivers/media/platform/qcom/venus/{vdec,venc,vdec_ctrls,venc_ctrls,helpers,hfi}.c of Linux 6.12.
 */

static const struct fake_format coded_in[] = {
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_VP8, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_VP9, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_HEVC, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_MPEG2, .flags = DYNAMIC },
	{ .fourcc = 0 },
};

static const struct fake_format coded_out[] = {
	{ .fourcc = V4L2_PIX_FMT_H264 },
	{ .fourcc = V4L2_PIX_FMT_VP8 },
	{ .fourcc = V4L2_PIX_FMT_HEVC },
	{ .fourcc = 0 },
};

/* vdec_try_fmt_common(): stride of 128, height of 32; QC08C is a compressed layout (UBWC) */
static const struct fake_format raw_out[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 128 },
	{ .fourcc = V4L2_PIX_FMT_QC08C, .stride_align = 128 },
	{ .fourcc = 0 },
};

static const struct fake_format raw_in[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 128 },
	{ .fourcc = 0 },
};

#define H264_PROFILES \
	(~(BIT(V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE) | \
	   BIT(V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE) | \
	   BIT(V4L2_MPEG_VIDEO_H264_PROFILE_MAIN) | BIT(V4L2_MPEG_VIDEO_H264_PROFILE_HIGH) | \
	   BIT(V4L2_MPEG_VIDEO_H264_PROFILE_STEREO_HIGH) | \
	   BIT(V4L2_MPEG_VIDEO_H264_PROFILE_MULTIVIEW_HIGH)))

static const struct fake_control decoder_controls[] = {
	MENU(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_MULTIVIEW_HIGH,
	     H264_PROFILES, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE),
	MENU(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_1_0),
	MENU(V4L2_CID_MPEG_VIDEO_VP8_PROFILE, V4L2_MPEG_VIDEO_VP8_PROFILE_3, 0,
	     V4L2_MPEG_VIDEO_VP8_PROFILE_0),
	MENU(V4L2_CID_MPEG_VIDEO_VP9_PROFILE, V4L2_MPEG_VIDEO_VP9_PROFILE_3, 0,
	     V4L2_MPEG_VIDEO_VP9_PROFILE_0),
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 32, 1),
	INTEGER(V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY, 0, 16383, 1, 0),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_DEC_DISPLAY_DELAY_ENABLE, 0),
	{ .id = 0 },
};

static const struct fake_control encoder_controls[] = {
	MENU(V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CQ, 0,
	     V4L2_MPEG_VIDEO_BITRATE_MODE_VBR),
	MENU(V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10, 0,
	     V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN),
	MENU(V4L2_CID_MPEG_VIDEO_HEVC_LEVEL, V4L2_MPEG_VIDEO_HEVC_LEVEL_6_2, 0,
	     V4L2_MPEG_VIDEO_HEVC_LEVEL_1),
	MENU(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_MULTIVIEW_HIGH,
	     H264_PROFILES, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH),
	MENU(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_1_0),
	MENU(V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
	     V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME),
	MENU(V4L2_CID_MPEG_VIDEO_VP8_PROFILE, V4L2_MPEG_VIDEO_VP8_PROFILE_3, 0,
	     V4L2_MPEG_VIDEO_VP8_PROFILE_0),
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 11, 4),
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE, 32000, 160000000, 100, 1000000),
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE_PEAK, 32000, 160000000, 100, 2000000),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 1, 51, 1, 1),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 1, 51, 1, 51),
	INTEGER(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 4, 1, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 32767, 1, 12),
	BUTTON(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 1),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, 0),
	{ .id = 0 },
};

/* hfi_session_create() in open(): EAGAIN over max_sessions_supported, by default MAX_SESSIONS. */
#define VENUS \
	.driver = "qcom-venus", \
	.bus_info = "platform:qcom-venus", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.mplane = true, \
	.width = { 128, 4096, 1, 1 }, \
	.height = { 128, 2304, 1, 32 }, \
	.default_width = 128, \
	.default_height = 128, \
	.coded_sizeimage_max = 8 << 20, \
	.memory = MEMORY_MMAP_DMABUF, \
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, \
	.context_limit = 16, \
	.limit_stage = FAKE_STAGE_OPEN, \
	.limit_errno = EAGAIN

const struct fake_model fake_venus_decoder = {
	VENUS,
	.name = "venus decoder",
	.card = "Qualcomm Venus video decoder",
	.role = FAKE_DECODER,
	.coded = coded_in,
	.raw = raw_out,
	.no_parm = true,
	.raw_sizeimage_extra = 4096,
	.min_output = 4,
	.min_capture = 5,
	.selection_get = SELECTION_COMPOSE | FAKE_SEL_COMPOSE_PADDED,
	.controls = decoder_controls,
	.events = EVENTS_DECODER,
	.quirks = {
		.capture_format_early = FAKE_EARLY_EINVAL,	/* vdec_check_src_change() */
		.drain_end = FAKE_LAST_EMPTY,
		.change_end = FAKE_LAST_EMPTY,			/* vdec_vb2_buf_queue() */
		.no_drain_busy = true,				/* vdec_decoder_cmd() */
		.output_restart_stays_stopped = true,		/* last_buffer_dequeued stays */
		.seek_drops_frames = true,			/* HFI_FLUSH_ALL */
	},
};

const struct fake_model fake_venus_encoder = {
	VENUS,
	.name = "venus encoder",
	.card = "Qualcomm Venus video encoder",
	.role = FAKE_ENCODER,
	.coded = coded_out,
	.raw = raw_in,
	.min_output = 4,
	.min_capture = 4,
	.selection_get = SELECTION_CROP,
	.selection_set = FAKE_SEL_CROP,
	.controls = encoder_controls,
	.events = EVENTS_ENCODER,
	.quirks = {
		.drain_end = FAKE_LAST_EMPTY,
		.output_restart_stays_stopped = true,
	},
};
