/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * A decoder for each layout that is not in lines, which has nothing else: as the generic one, with
 * the formats of hantro without its postprocessor, ivtv, cedrus, amphion, mtk-vcodec, s5p-mfc and
 * the Raspberry Pi's.
 */

static const struct fake_format coded_in[] = {
	{ .fourcc = V4L2_PIX_FMT_H264, .flags = DYNAMIC },
	{ .fourcc = 0 },
};

static const struct fake_control controls[] = {
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, 32, 4),
	{ .id = 0 },
};

#define DECODER(format, stride, height_lines) { \
	.name = "decoder to " #format, \
	.driver = "fake-codec", \
	.card = "Fake decoder", \
	.bus_info = "platform:fake-decoder", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.role = FAKE_DECODER, \
	.mplane = true, \
	.coded = coded_in, \
	.raw = (const struct fake_format[]) { \
		{ .fourcc = V4L2_PIX_FMT_##format, .stride_align = (stride), \
		  .height_align = (height_lines) }, \
		{ .fourcc = 0 }, \
	}, \
	.width = { 16, 4096, 2, 16 }, \
	.height = { 16, 4096, 2, 16 }, \
	.default_width = 640, \
	.default_height = 480, \
	.coded_sizeimage_min = 4096, \
	.memory = MEMORY_MMAP_DMABUF, \
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, \
	.min_output = 1, \
	.min_capture = 2, \
	.selection_get = SELECTION_COMPOSE, \
	.controls = controls, \
	.events = EVENTS_DECODER, \
}

const struct fake_model fake_tile_decoders[FAKE_TILE_DECODERS] = {
	DECODER(NV12_4L4, 16, 16),
	DECODER(P010_4L4, 32, 16),
	DECODER(NV12_16L16, 16, 16),
	DECODER(NV12_32L32, 32, 32),
	DECODER(NV12_8L128, 16, 128),
	DECODER(NV12M_8L128, 16, 128),
	DECODER(MM21, 16, 32),
	DECODER(NV12MT, 128, 32),
	DECODER(NV12MT_16X16, 16, 16),
	DECODER(NV12_COL128, 32, 16),
};
