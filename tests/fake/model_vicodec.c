/* SPDX-License-Identifier: MIT */
#include "model.h"

/*
 * drivers/media/test-drivers/vicodec/vicodec-core.c of Linux 6.12: the stateful decoder and encoder
 * with multiplanar=0. It uses the drain helpers of v4l2-mem2mem.c, from which come:
 *  - STREAMOFF(OUTPUT) while draining marks the next CAPTURE buffer
 *    (v4l2_m2m_update_stop_streaming_state());
 *  - STREAMOFF(CAPTURE) forgets a drain (v4l2_m2m_clear_state());
 *  - a restart of OUTPUT alone leaves the context stopped, as has_stopped stays;
 *  - START clears has_stopped, and only then do vicodec_decoder_cmd() and vicodec_encoder_cmd() ask
 *    for it to see whether to clear last_buffer_dequeued: never, so CAPTURE must be restarted.
 * Its own:
 *  - first_source_change_sent is cleared by STREAMOFF(OUTPUT), so with CAPTURE stopped the event
 *    comes again for the same size;
 *  - sizes are rounded to 8 pixels of each component (vic_round_dim()), here 16.
 */

static const struct fake_format coded_in[] = {
	{ .fourcc = V4L2_PIX_FMT_FWHT, .flags = DYNAMIC | BYTESTREAM },
	{ .fourcc = 0 },
};

static const struct fake_format coded_out[] = {
	{ .fourcc = V4L2_PIX_FMT_FWHT },
	{ .fourcc = 0 },
};

static const struct fake_format raw[] = {
	{ .fourcc = V4L2_PIX_FMT_YUV420 },
	{ .fourcc = V4L2_PIX_FMT_YVU420 },
	{ .fourcc = V4L2_PIX_FMT_YUV422P },
	{ .fourcc = V4L2_PIX_FMT_NV12 },
	{ .fourcc = V4L2_PIX_FMT_NV21 },
	{ .fourcc = V4L2_PIX_FMT_NV16 },
	{ .fourcc = V4L2_PIX_FMT_YUYV },
	{ .fourcc = V4L2_PIX_FMT_BGR24 },
	{ .fourcc = V4L2_PIX_FMT_RGB24 },
	{ .fourcc = V4L2_PIX_FMT_GREY },
	{ .fourcc = 0 },
};

/* No MIN_BUFFERS_FOR_CAPTURE, BITRATE or FORCE_KEY_FRAME. */
static const struct fake_control decoder_controls[] = {
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 1, 16, 1, 10),
	{ .id = 0 },
};

static const struct fake_control encoder_controls[] = {
	MIN_BUFFERS(V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, 1, 1),
	INTEGER(V4L2_CID_MPEG_VIDEO_GOP_SIZE, 1, 16, 1, 10),
	{ .id = 0 },
};

#define VICODEC \
	.driver = "vicodec", \
	.bus_info = "platform:vicodec", \
	.version = KERNEL_VERSION(6, 12, 0), \
	.raw = raw, \
	.width = { 640, 4096, 8, 16 }, \
	.height = { 360, 2160, 8, 16 }, \
	.default_width = 1280, \
	.default_height = 720, \
	.memory = MEMORY_ALL, \
	.buf_caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS, \
	.max_buffers = 64, \
	.no_parm = true

const struct fake_model fake_vicodec_decoder = {
	VICODEC,
	.name = "vicodec decoder",
	.card = "vicodec",
	.role = FAKE_DECODER,
	.coded = coded_in,
	.selection_get = SELECTION_COMPOSE,
	.controls = decoder_controls,
	.events = EVENTS_DECODER,
	.quirks = {
		.source_change_after_seek = true,
		.start = FAKE_START_NOOP,
		.change_ends_drain = true,
		.change_end = FAKE_LAST_EMPTY,
		.output_stop_marks_last = true,
		.output_restart_stays_stopped = true,
	},
};

const struct fake_model fake_vicodec_encoder = {
	VICODEC,
	.name = "vicodec encoder",
	.card = "vicodec",
	.role = FAKE_ENCODER,
	.coded = coded_out,
	.selection_get = SELECTION_CROP,
	.selection_set = FAKE_SEL_CROP,
	.controls = encoder_controls,
	.events = EVENTS_ENCODER,
	.quirks = {
		.start = FAKE_START_NOOP,
		.output_stop_marks_last = true,
		.output_restart_stays_stopped = true,
	},
};
