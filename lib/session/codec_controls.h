/* SPDX-License-Identifier: MIT */
/*
 * Controls of encoders that have another name for each codec. Those of profile and level are in
 * v4l2/format.h.
 */
#ifndef WC_SESSION_CODEC_CONTROLS_H
#define WC_SESSION_CODEC_CONTROLS_H

#include <stdint.h>

#include "util/video_codec.h"

/* V4L2_CID_*; 0: V4L2 has none. */
struct codec_controls {
	enum video_codec codec;
	uint32_t i_qp, p_qp;           /* quantizers of the frame types */
};

/* Never NULL; all zero for codecs without controls. */
const struct codec_controls *codec_controls_find(enum video_codec codec);

#endif
