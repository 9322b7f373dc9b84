/* SPDX-License-Identifier: MIT */
/* The video codecs that the library knows. */
#ifndef WC_UTIL_VIDEO_CODEC_H
#define WC_UTIL_VIDEO_CODEC_H

enum video_codec {
	VIDEO_CODEC_NONE = 0,
	VIDEO_CODEC_H264,
	VIDEO_CODEC_HEVC,
	VIDEO_CODEC_VP8,
	VIDEO_CODEC_VP9,
	VIDEO_CODEC_AV1,
	VIDEO_CODEC_MJPEG,
	VIDEO_CODEC_FWHT,
};

/* "h264", "hevc", "vp8", "vp9", "av1", "mjpeg", "fwht"; "none" for everything else. */
const char *video_codec_name(enum video_codec codec);

#endif
