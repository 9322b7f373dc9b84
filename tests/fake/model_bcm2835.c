/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * drivers/staging/vc04_services/bcm2835-codec/bcm2835-v4l2-codec.c of raspberrypi/linux, 6.12
 * branch (read at 00d3b7dc). A front end of the VideoCore firmware of Raspberry Pi 0 to 4.
 */

static const struct fake_format coded_in[] = {
	/* No DYN_RESOLUTION flag, though it does follow the stream. */
	{ .fourcc = V4L2_PIX_FMT_H264 },
	{ .fourcc = V4L2_PIX_FMT_MJPEG },
	{ .fourcc = V4L2_PIX_FMT_MPEG2 },	/* with a licence key, not on all boards */
	{ .fourcc = 0 },
};

static const struct fake_format coded_out[] = {
	{ .fourcc = V4L2_PIX_FMT_H264 },
	{ .fourcc = 0 },
};

/* bytesperline_align[DECODE] */
static const struct fake_format raw_out[] = {
	{ .fourcc = V4L2_PIX_FMT_YUV420, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_YVU420, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_NV21, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_NV12_COL128, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_RGB565, .stride_align = 32 },
	{ .fourcc = 0 },
};

/* bytesperline_align[ENCODE], [ISP] */
static const struct fake_format raw_in[] = {
	{ .fourcc = V4L2_PIX_FMT_YUV420, .stride_align = 64 },
	{ .fourcc = V4L2_PIX_FMT_YVU420, .stride_align = 64 },
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_NV21, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_RGB565, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_YUYV, .stride_align = 64 },
	{ .fourcc = V4L2_PIX_FMT_UYVY, .stride_align = 64 },
	{ .fourcc = V4L2_PIX_FMT_RGB24, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_BGR24, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_BGR32, .stride_align = 64 },
	{ .fourcc = V4L2_PIX_FMT_RGBA32, .stride_align = 64 },
	{ .fourcc = 0 },
};

static const struct fake_control decoder_controls[] = {
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 1, 1),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_4_2, 0,
		       V4L2_MPEG_VIDEO_H264_LEVEL_4_0),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
		       H264_PROFILES_TO_HIGH, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH),
	{ .id = 0 },
};

static const struct fake_control encoder_controls[] = {
	MENU(V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR, 0,
	     V4L2_MPEG_VIDEO_BITRATE_MODE_VBR),
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE, 25000, 25000000, 25000, 10000000),
	MENU(V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
	     V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, 0x7fffffff, 1, 60),
	MENU(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_4_0),
	MENU(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
	     H264_PROFILES_TO_HIGH, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0, 51, 1, 20),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 0, 51, 1, 51),
	BUTTON(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME),
	INTEGER(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 0, 1, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 0x7fffffff, 1, 60),
	{ .id = 0 },
};

/*
 * DEF_COMP_BUF_SIZE_720P_OR_LESS is the least, more can be asked for. Default 32x32, so that a
 * client that sets no size does get SOURCE_CHANGE. Contexts: the firmware component is made in
 * queue_setup(), -EINVAL if that fails; it lives until release(), and buffers that are still
 * exported keep it (raspberrypi/firmware#1845, where four to five contexts were all). STOP and
 * START are never refused.
 */
#define BCM2835 \
	.driver = "bcm2835-codec", \
	.bus_info = "platform:bcm2835-codec", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.mplane = true, \
	.width = { 32, 1920, 2, 1 }, \
	.default_width = 32, \
	.default_height = 32, \
	.stride_free = true, \
	.coded_sizeimage = 512 << 10, \
	.coded_sizeimage_min = 512 << 10, \
	.memory = MEMORY_MMAP_DMABUF, \
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, \
	.min_output = 1, \
	.context_limit = 4, \
	.limit_stage = FAKE_STAGE_REQBUFS, \
	.limit_errno = EINVAL

const struct fake_model fake_bcm2835_decoder = {
	BCM2835,
	.name = "bcm2835-codec decoder",
	.card = "bcm2835-codec-decode",
	.role = FAKE_DECODER,
	.coded = coded_in,
	.raw = raw_out,
	.height = { 32, 1920, 2, 16 },
	.no_parm = true,
	/* CROP is not a target of the decoder's CAPTURE */
	.selection_get = SELECTION_COMPOSE | FAKE_SEL_CROP_DEFAULT | FAKE_SEL_CROP_BOUNDS,
	.selection_set = FAKE_SEL_COMPOSE,
	.controls = decoder_controls,
	.events = EVENTS_DECODER,
	.quirks = {
		.no_source_change_if_same = true,	/* comment at DEFAULT_WIDTH */
		.min_buffers_always_one = true,
		.drain_end = FAKE_LAST_EMPTY,		/* op_buffer_cb(): EOS on an empty buffer */
		.change_end = FAKE_LAST_EPIPE,		/* handle_fmt_changed() */
		/* vidioc_decoder_cmd() only clears a flag */
		.start = FAKE_START_NEEDS_RESTART,
		.no_drain_busy = true,
		.output_restart_stays_stopped = true,
		.context_held_by_dmabuf = true,
	},
};

const struct fake_model fake_bcm2835_encoder = {
	BCM2835,
	.name = "bcm2835-codec encoder",
	.card = "bcm2835-codec-encode",
	.role = FAKE_ENCODER,
	.coded = coded_out,
	.raw = raw_in,
	.height = { 32, 1920, 2, 1 },
	.selection_get = SELECTION_CROP,
	.selection_set = FAKE_SEL_CROP,
	.controls = encoder_controls,
	.events = EVENTS_DECODER,
	.quirks = {
		.drain_end = FAKE_LAST_EMPTY,
		.start = FAKE_START_NOOP,		/* vidioc_encoder_cmd() */
		.no_drain_busy = true,
		.output_restart_stays_stopped = true,
		.i_period_is_gop = true,		/* bcm2835_codec_s_ctrl() */
		.bitrate_limit = 20000000,		/* raspberrypi/linux#4938 */
		.fragments_oversize = true,
		.garbage_first_output = true,		/* pikvm/ustreamer#253 */
		.context_held_by_dmabuf = true,
	},
};

const struct fake_model fake_bcm2835_isp = {
	BCM2835,
	.name = "bcm2835-codec ISP",
	.card = "bcm2835-codec-isp",
	.role = FAKE_CONVERTER,
	.raw = raw_in,
	.height = { 32, 1920, 2, 1 },
	.no_parm = true,
	.selection_get = FAKE_SEL_CROP | FAKE_SEL_CROP_DEFAULT | FAKE_SEL_CROP_BOUNDS |
			 SELECTION_COMPOSE,
	.selection_set = FAKE_SEL_CROP,
	.events = EVENTS_DECODER,
	.quirks = { .no_codec_cmd = true },
};
