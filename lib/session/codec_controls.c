/* SPDX-License-Identifier: MIT */
#include "session/codec_controls.h"

#include <stddef.h>

#include <linux/videodev2.h>

#include "util/macros.h"

static const struct codec_controls controls[] = {
	{ VIDEO_CODEC_H264,
	  V4L2_CID_MPEG_VIDEO_H264_I_FRAME_QP, V4L2_CID_MPEG_VIDEO_H264_P_FRAME_QP },
	{ VIDEO_CODEC_HEVC,
	  V4L2_CID_MPEG_VIDEO_HEVC_I_FRAME_QP, V4L2_CID_MPEG_VIDEO_HEVC_P_FRAME_QP },
	{ VIDEO_CODEC_VP8,
	  V4L2_CID_MPEG_VIDEO_VPX_I_FRAME_QP, V4L2_CID_MPEG_VIDEO_VPX_P_FRAME_QP },
	{ VIDEO_CODEC_VP9,
	  V4L2_CID_MPEG_VIDEO_VPX_I_FRAME_QP, V4L2_CID_MPEG_VIDEO_VPX_P_FRAME_QP },
	{ VIDEO_CODEC_FWHT, V4L2_CID_FWHT_I_FRAME_QP, V4L2_CID_FWHT_P_FRAME_QP },
};

const struct codec_controls *codec_controls_find(enum video_codec codec)
{
	static const struct codec_controls none;

	for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].codec == codec)
			return &controls[i];
	return &none;
}
