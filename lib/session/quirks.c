/* SPDX-License-Identifier: MIT */
#include "session/quirks.h"

#include <string.h>

#include "util/macros.h"

struct quirk_row {
	const char *driver;
	enum wc_device_role role;
	uint32_t from, to;             /* KERNEL_VERSION() range, 0: open */
	const char *source;            /* where the fact is from */
	struct quirks quirks;
};

static const struct quirk_row rows[] = {
	{
		.driver = "vicodec", .role = WC_DEVICE_ROLE_DECODER,
		/*
		 * START after a completed drain leaves last_buffer_dequeued set: DQBUF stays EPIPE.
		 * Until CAPTURE streams, ENUM_FMT does not look at the stream's sampling.
		 */
		.source = "Linux 6.12.117 vicodec-core.c, vicodec_decoder_cmd(), enum_fmt()",
		.quirks = { .resume = RESUME_RESTART_CAPTURE, .lists_all_formats = true },
	},
	{
		.driver = "vicodec", .role = WC_DEVICE_ROLE_ENCODER,
		.source = "Linux 6.12.117 vicodec-core.c, vicodec_encoder_cmd()",
		.quirks = { .resume = RESUME_RESTART_CAPTURE },
	},
	{
		.driver = "bcm2835-codec", .role = WC_DEVICE_ROLE_DECODER,
		/*
		 * No event when the stream has the size of S_FMT(OUTPUT); START clears a flag only,
		 * the firmware's end of stream goes with STREAMOFF; MIN_BUFFERS says 1 always.
		 */
		.source = "raspberrypi/linux 00d3b7dc bcm2835-v4l2-codec.c; raspberrypi/linux#5059",
		.quirks = {
			.resume = RESUME_RESTART_BOTH, .probe_width = 32, .probe_height = 32,
			.min_capture = 4,
		},
	},
	{
		.driver = "bcm2835-codec", .role = WC_DEVICE_ROLE_ENCODER,
		.source = "raspberrypi/linux 00d3b7dc bcm2835-v4l2-codec.c; ustreamer 6.62 m2m.c",
		.quirks = {
			.resume = RESUME_RESTART_BOTH, .rubbish_first = true,
		},
	},
	{
		.driver = "qcom-venus", .role = WC_DEVICE_ROLE_DECODER,
		/* Frames that the firmware drops or flushes; open() gives EAGAIN beyond 16. */
		.source = "Linux 6.12 venus/vdec.c vdec_buf_done(), venus/core.c max_sessions",
		.quirks = { .empty_error_is_drop = true, .contexts = 16 },
	},
	{
		.driver = "qcom-venus", .role = WC_DEVICE_ROLE_ENCODER,
		.source = "Linux 6.12 venus/core.c max_sessions: open() gives EAGAIN beyond",
		.quirks = { .contexts = 16 },
	},
	{
		.driver = "s5p-mfc", .role = WC_DEVICE_ROLE_DECODER,
		/* START is not known. open() gives EBUSY beyond MFC_NUM_CONTEXTS. */
		.source = "Linux 6.12 s5p_mfc_dec.c vidioc_decoder_cmd(), s5p_mfc.c s5p_mfc_open()",
		.quirks = { .resume = RESUME_RESTART_BOTH, .contexts = 4 },
	},
	{
		.driver = "s5p-mfc", .role = WC_DEVICE_ROLE_ENCODER,
		/* s5p_mfc_handle_stream_complete() returns one empty buffer without LAST. */
		.source = "Linux 6.12 s5p_mfc_enc.c vidioc_encoder_cmd(), s5p_mfc.c s5p_mfc_open()",
		.quirks = {
			.resume = RESUME_RESTART_BOTH, .empty_is_last = true, .contexts = 4,
		},
	},
	{
		.driver = "coda", .role = WC_DEVICE_ROLE_ENCODER,
		/* START is taken for STOP; the end of stream goes when both queues are stopped. */
		.source = "Linux 6.12 coda-common.c coda_encoder_cmd(), coda_stop_streaming()",
		.quirks = { .resume = RESUME_RESTART_BOTH },
	},
};

const struct quirks *quirks_find(const char *driver, enum wc_device_role role, uint32_t kernel)
{
	static const struct quirks none;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct quirk_row *row = &rows[i];

		if (strcmp(row->driver, driver) == 0 && row->role == role &&
		    (!row->from || kernel >= row->from) && (!row->to || kernel <= row->to))
			return &row->quirks;
	}
	return &none;
}
