/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * A codec as dev-decoder.rst and dev-encoder.rst of Linux 6.12 describe it, without any quirk and
 * with every feature. Not a driver that exists.
 */

#ifndef V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS
#define V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS (1 << 7)
#endif
#ifndef V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS
#define V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS (1 << 8)
#endif

#define CAPS (V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS | V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS | \
	      V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS)

static const struct fake_format coded_in[] = {
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_HEVC, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_VP8, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_VP9, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_FWHT, .flags = DYNAMIC },
	{ .fourcc = V4L2_PIX_FMT_MJPEG, .flags = DYNAMIC },
	{ .fourcc = 0 },
};

static const struct fake_format coded_out[] = {
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL },
	{ .fourcc = V4L2_PIX_FMT_HEVC, .flags = V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL },
	{ .fourcc = V4L2_PIX_FMT_VP8, .flags = V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL },
	{ .fourcc = V4L2_PIX_FMT_VP9, .flags = V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL },
	{ .fourcc = V4L2_PIX_FMT_FWHT },
	{ .fourcc = 0 },
};

static const struct fake_format raw_single[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_YUV420, .stride_align = 32 },
	{ .fourcc = 0 },
};

static const struct fake_format raw_multi[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_YUV420, .stride_align = 32 },
	{ .fourcc = V4L2_PIX_FMT_NV12M, .stride_align = 16 },
	{ .fourcc = V4L2_PIX_FMT_P010, .stride_align = 32 },
	{ .fourcc = 0 },
};

static const struct fake_control decoder_controls[] = {
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 32, 1),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
		       H264_PROFILES_TO_HIGH, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0,
		       V4L2_MPEG_VIDEO_H264_LEVEL_5_1),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN, 0,
		       V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_HEVC_LEVEL, V4L2_MPEG_VIDEO_HEVC_LEVEL_5_1, 0,
		       V4L2_MPEG_VIDEO_HEVC_LEVEL_5_1),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_VP8_PROFILE, V4L2_MPEG_VIDEO_VP8_PROFILE_3, 0,
		       V4L2_MPEG_VIDEO_VP8_PROFILE_0),
	MENU_READ_ONLY(V4L2_CID_MPEG_VIDEO_VP9_PROFILE, V4L2_MPEG_VIDEO_VP9_PROFILE_0, 0,
		       V4L2_MPEG_VIDEO_VP9_PROFILE_0),
	{ .id = 0 },
};

static const struct fake_control encoder_controls[] = {
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 32, 1),
	INTEGER(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 4, 1, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 0, 65535, 1, 12),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_GOP_CLOSURE, 1),
	MENU(V4L2_CID_MPEG_VIDEO_BITRATE_MODE, V4L2_MPEG_VIDEO_BITRATE_MODE_CQ, 0,
	     V4L2_MPEG_VIDEO_BITRATE_MODE_VBR),
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE, 1000, 100000000, 1, 1000000),
	INTEGER(V4L2_CID_MPEG_VIDEO_BITRATE_PEAK, 1000, 200000000, 1, 2000000),
	INTEGER(V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY, 1, 100, 1, 50),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE, 1),
	MENU(V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME, 0,
	     V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 0),
	BOOLEAN(V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, 0),
	BUTTON(V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0, 51, 1, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_H264_MAX_QP, 0, 51, 1, 51),
	MENU(V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
	     H264_PROFILES_TO_HIGH, V4L2_MPEG_VIDEO_H264_PROFILE_MAIN),
	MENU(V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_5_1, 0,
	     V4L2_MPEG_VIDEO_H264_LEVEL_4_0),
	INTEGER(V4L2_CID_MPEG_VIDEO_HEVC_MIN_QP, 0, 51, 1, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_HEVC_MAX_QP, 0, 51, 1, 51),
	MENU(V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN, 0,
	     V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN),
	MENU(V4L2_CID_MPEG_VIDEO_HEVC_LEVEL, V4L2_MPEG_VIDEO_HEVC_LEVEL_5_1, 0,
	     V4L2_MPEG_VIDEO_HEVC_LEVEL_4),
	INTEGER(V4L2_CID_MPEG_VIDEO_VPX_MIN_QP, 0, 127, 1, 0),
	INTEGER(V4L2_CID_MPEG_VIDEO_VPX_MAX_QP, 0, 127, 1, 127),
	MENU(V4L2_CID_MPEG_VIDEO_VP8_PROFILE, V4L2_MPEG_VIDEO_VP8_PROFILE_3, 0,
	     V4L2_MPEG_VIDEO_VP8_PROFILE_0),
	MENU(V4L2_CID_MPEG_VIDEO_VP9_PROFILE, V4L2_MPEG_VIDEO_VP9_PROFILE_0, 0,
	     V4L2_MPEG_VIDEO_VP9_PROFILE_0),
	{ .id = 0 },
};

#define GENERIC_DECODER(api, raw_formats, is_mplane) \
	.name = "generic decoder, " api, \
	.driver = "fake-codec", \
	.card = "Fake decoder", \
	.bus_info = "platform:fake-decoder", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.role = FAKE_DECODER, \
	.mplane = (is_mplane), \
	.coded = coded_in, \
	.raw = (raw_formats), \
	.width = { 16, 4096, 2, 16 }, \
	.height = { 16, 4096, 2, 16 }, \
	.default_width = 640, \
	.default_height = 480, \
	.coded_sizeimage_min = 4096, \
	.memory = MEMORY_ALL, \
	.buf_caps = CAPS, \
	.min_output = 1, \
	.min_capture = 2, \
	.selection_get = SELECTION_CROP | SELECTION_COMPOSE | FAKE_SEL_COMPOSE_PADDED, \
	.selection_set = FAKE_SEL_COMPOSE, \
	.controls = decoder_controls, \
	.events = EVENTS_DECODER

#define GENERIC_ENCODER(api, raw_formats, is_mplane) \
	.name = "generic encoder, " api, \
	.driver = "fake-codec", \
	.card = "Fake encoder", \
	.bus_info = "platform:fake-encoder", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.role = FAKE_ENCODER, \
	.mplane = (is_mplane), \
	.coded = coded_out, \
	.raw = (raw_formats), \
	.width = { 16, 4096, 2, 2 }, \
	.height = { 16, 4096, 2, 2 }, \
	.default_width = 640, \
	.default_height = 480, \
	.stride_free = true, \
	.coded_sizeimage_min = 4096, \
	.memory = MEMORY_ALL, \
	.buf_caps = CAPS, \
	.min_output = 1, \
	.min_capture = 1, \
	.selection_get = SELECTION_CROP, \
	.selection_set = FAKE_SEL_CROP, \
	.controls = encoder_controls, \
	.events = EVENTS_ENCODER

const struct fake_model fake_generic_decoder = {
	GENERIC_DECODER("multi-planar", raw_multi, true),
};

const struct fake_model fake_generic_decoder_sp = {
	GENERIC_DECODER("single-planar", raw_single, false),
};

const struct fake_model fake_generic_encoder = {
	GENERIC_ENCODER("multi-planar", raw_multi, true),
};

const struct fake_model fake_generic_encoder_sp = {
	GENERIC_ENCODER("single-planar", raw_single, false),
};
