/* SPDX-License-Identifier: MIT */
#include "util/video_codec.h"

const char *video_codec_name(enum video_codec codec)
{
	switch (codec) {
	case VIDEO_CODEC_NONE:
		break;
	case VIDEO_CODEC_H264:
		return "h264";
	case VIDEO_CODEC_HEVC:
		return "hevc";
	case VIDEO_CODEC_VP8:
		return "vp8";
	case VIDEO_CODEC_VP9:
		return "vp9";
	case VIDEO_CODEC_AV1:
		return "av1";
	case VIDEO_CODEC_MJPEG:
		return "mjpeg";
	case VIDEO_CODEC_FWHT:
		return "fwht";
	}
	return "none";
}
