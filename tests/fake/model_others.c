/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * Devices that are no stateful codecs, for the question which is which; and the list of all models.
 */

/*
 * drivers/media/platform/verisilicon/{hantro_v4l2,hantro_drv,rockchip_vpu_hw}.c of Linux 6.12,
 * RK3288
 */
static const struct fake_format hantro_coded[] = {
	{ .fourcc = V4L2_PIX_FMT_H264_SLICE },
	{ .fourcc = V4L2_PIX_FMT_MPEG2_SLICE },
	{ .fourcc = V4L2_PIX_FMT_VP8_FRAME },
	{ .fourcc = 0 },
};

static const struct fake_format hantro_raw[] = {
	{ .fourcc = V4L2_PIX_FMT_NV12, .stride_align = 16 },
	{ .fourcc = 0 },
};

const struct fake_model fake_hantro_decoder = {
	.name = "hantro decoder",
	.driver = "hantro-vpu",
	.card = "rockchip,rk3288-vpu-dec",
	.bus_info = "platform:hantro-vpu",
	.version = KERNEL_VERSION(6, 12, 0),
	.role = FAKE_STATELESS,
	.mplane = true,
	.coded = hantro_coded,
	.raw = hantro_raw,
	.width = { 48, 4096, 16, 16 },
	.height = { 48, 2304, 16, 16 },
	.default_width = 48,
	.default_height = 48,
	.no_parm = true,
	.memory = MEMORY_MMAP_DMABUF,
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS | V4L2_BUF_CAP_SUPPORTS_REQUESTS |
		    V4L2_BUF_CAP_SUPPORTS_M2M_HOLD_CAPTURE_BUF,
	.events = 1u << V4L2_EVENT_CTRL,
	.quirks = { .no_codec_cmd = true },
};

/* drivers/media/test-drivers/vim2m.c of Linux 6.12 */
static const struct fake_format vim2m_raw[] = {
	{ .fourcc = V4L2_PIX_FMT_RGB565 },
	{ .fourcc = V4L2_PIX_FMT_RGB24 },
	{ .fourcc = V4L2_PIX_FMT_BGR24 },
	{ .fourcc = V4L2_PIX_FMT_YUYV },
	{ .fourcc = 0 },
};

static const struct fake_control vim2m_controls[] = {
	BOOLEAN(V4L2_CID_HFLIP, 0),
	BOOLEAN(V4L2_CID_VFLIP, 0),
	{ .id = 0 },
};

const struct fake_model fake_vim2m = {
	.name = "vim2m",
	.driver = "vim2m",
	.card = "vim2m",
	.bus_info = "platform:vim2m",
	.version = KERNEL_VERSION(6, 12, 0),
	.role = FAKE_CONVERTER,
	.raw = vim2m_raw,
	.width = { 32, 640, 2, 2 },
	.height = { 32, 480, 1, 1 },
	.default_width = 640,
	.default_height = 480,
	.no_parm = true,
	.memory = MEMORY_MMAP_DMABUF,
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS | V4L2_BUF_CAP_SUPPORTS_REQUESTS,
	.controls = vim2m_controls,
	.events = 1u << V4L2_EVENT_CTRL,
	.quirks = { .no_codec_cmd = true },
};

/* drivers/media/platform/rockchip/rga/rga.c of Linux 6.12; strides are none of its business */
static const struct fake_format rga_raw[] = {
	{ .fourcc = V4L2_PIX_FMT_XBGR32 },
	{ .fourcc = V4L2_PIX_FMT_RGB24 },
	{ .fourcc = V4L2_PIX_FMT_BGR24 },
	{ .fourcc = V4L2_PIX_FMT_RGB565 },
	{ .fourcc = V4L2_PIX_FMT_NV12 },
	{ .fourcc = V4L2_PIX_FMT_NV12M },
	{ .fourcc = V4L2_PIX_FMT_YUV420 },
	{ .fourcc = 0 },
};

static const struct fake_control rga_controls[] = {
	BOOLEAN(V4L2_CID_HFLIP, 0),
	BOOLEAN(V4L2_CID_VFLIP, 0),
	INTEGER(V4L2_CID_ROTATE, 0, 270, 90, 0),
	{ .id = 0 },
};

const struct fake_model fake_rga = {
	.name = "rockchip-rga",
	.driver = "rockchip-rga",
	.card = "rockchip-rga",
	.bus_info = "platform:rga",
	.version = KERNEL_VERSION(6, 12, 0),
	.role = FAKE_CONVERTER,
	.mplane = true,
	.raw = rga_raw,
	.width = { 34, 8192, 1, 1 },
	.height = { 34, 8192, 1, 1 },
	.default_width = 1280,
	.default_height = 720,
	.no_framesizes = true,
	.no_parm = true,
	.memory = MEMORY_MMAP_DMABUF,
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS,
	.selection_get = SELECTION_CROP | SELECTION_COMPOSE,
	.selection_set = FAKE_SEL_CROP | FAKE_SEL_COMPOSE,
	.controls = rga_controls,
	.events = 1u << V4L2_EVENT_CTRL,
	.quirks = { .no_codec_cmd = true, .exact_rectangles = true },
};

static const struct fake_format camera_raw[] = {
	{ .fourcc = V4L2_PIX_FMT_YUYV },
	{ .fourcc = V4L2_PIX_FMT_NV12 },
	{ .fourcc = 0 },
};

static const struct fake_format camera_coded[] = {
	{ .fourcc = 0 },
};

const struct fake_model fake_camera = {
	.name = "camera",
	.driver = "uvcvideo",
	.card = "Fake camera",
	.bus_info = "usb-0000:00:14.0-1",
	.version = KERNEL_VERSION(6, 12, 0),
	.role = FAKE_CAMERA,
	.coded = camera_coded,
	.raw = camera_raw,
	.width = { 16, 1920, 2, 2 },
	.height = { 16, 1080, 2, 2 },
	.default_width = 640,
	.default_height = 480,
	.memory = MEMORY_MMAP_DMABUF,
	.events = 1u << V4L2_EVENT_CTRL,
};

const struct fake_model *const fake_models[] = {
	&fake_generic_decoder,
	&fake_generic_encoder,
	&fake_generic_decoder_sp,
	&fake_generic_encoder_sp,
	&fake_vicodec_decoder,
	&fake_vicodec_encoder,
	&fake_bcm2835_decoder,
	&fake_bcm2835_encoder,
	&fake_bcm2835_isp,
	&fake_venus_decoder,
	&fake_venus_encoder,
	&fake_s5p_mfc_decoder,
	&fake_s5p_mfc_encoder,
	&fake_coda_decoder,
	&fake_coda_encoder,
	&fake_hantro_decoder,
	&fake_vim2m,
	&fake_rga,
	&fake_camera,
	NULL,
};
