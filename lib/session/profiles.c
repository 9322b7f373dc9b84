/* SPDX-License-Identifier: MIT */
#include "session/profiles.h"

#include <stddef.h>

#include <linux/videodev2.h>

#include "bitstream/h264.h"
#include "util/macros.h"

struct entry {
	int value;                     /* as the codec string has it */
	int menu;
};

static const struct entry h264_profiles[] = {
	{ 66, V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE },
	{ 77, V4L2_MPEG_VIDEO_H264_PROFILE_MAIN },
	{ 88, V4L2_MPEG_VIDEO_H264_PROFILE_EXTENDED },
	{ 100, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH },
	{ 110, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_10 },
	{ 122, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_422 },
	{ 244, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH_444_PREDICTIVE },
};

static const struct entry h264_levels[] = {
	{ 10, V4L2_MPEG_VIDEO_H264_LEVEL_1_0 }, { 9, V4L2_MPEG_VIDEO_H264_LEVEL_1B },
	{ 11, V4L2_MPEG_VIDEO_H264_LEVEL_1_1 }, { 12, V4L2_MPEG_VIDEO_H264_LEVEL_1_2 },
	{ 13, V4L2_MPEG_VIDEO_H264_LEVEL_1_3 }, { 20, V4L2_MPEG_VIDEO_H264_LEVEL_2_0 },
	{ 21, V4L2_MPEG_VIDEO_H264_LEVEL_2_1 }, { 22, V4L2_MPEG_VIDEO_H264_LEVEL_2_2 },
	{ 30, V4L2_MPEG_VIDEO_H264_LEVEL_3_0 }, { 31, V4L2_MPEG_VIDEO_H264_LEVEL_3_1 },
	{ 32, V4L2_MPEG_VIDEO_H264_LEVEL_3_2 }, { 40, V4L2_MPEG_VIDEO_H264_LEVEL_4_0 },
	{ 41, V4L2_MPEG_VIDEO_H264_LEVEL_4_1 }, { 42, V4L2_MPEG_VIDEO_H264_LEVEL_4_2 },
	{ 50, V4L2_MPEG_VIDEO_H264_LEVEL_5_0 }, { 51, V4L2_MPEG_VIDEO_H264_LEVEL_5_1 },
	{ 52, V4L2_MPEG_VIDEO_H264_LEVEL_5_2 }, { 60, V4L2_MPEG_VIDEO_H264_LEVEL_6_0 },
	{ 61, V4L2_MPEG_VIDEO_H264_LEVEL_6_1 }, { 62, V4L2_MPEG_VIDEO_H264_LEVEL_6_2 },
};

static const struct entry hevc_profiles[] = {
	{ 1, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN },
	{ 2, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_10 },
	{ 3, V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN_STILL_PICTURE },
};

static const struct entry hevc_levels[] = {
	{ 30, V4L2_MPEG_VIDEO_HEVC_LEVEL_1 }, { 60, V4L2_MPEG_VIDEO_HEVC_LEVEL_2 },
	{ 63, V4L2_MPEG_VIDEO_HEVC_LEVEL_2_1 }, { 90, V4L2_MPEG_VIDEO_HEVC_LEVEL_3 },
	{ 93, V4L2_MPEG_VIDEO_HEVC_LEVEL_3_1 }, { 120, V4L2_MPEG_VIDEO_HEVC_LEVEL_4 },
	{ 123, V4L2_MPEG_VIDEO_HEVC_LEVEL_4_1 }, { 150, V4L2_MPEG_VIDEO_HEVC_LEVEL_5 },
	{ 153, V4L2_MPEG_VIDEO_HEVC_LEVEL_5_1 }, { 156, V4L2_MPEG_VIDEO_HEVC_LEVEL_5_2 },
	{ 180, V4L2_MPEG_VIDEO_HEVC_LEVEL_6 }, { 183, V4L2_MPEG_VIDEO_HEVC_LEVEL_6_1 },
	{ 186, V4L2_MPEG_VIDEO_HEVC_LEVEL_6_2 },
};

static const struct entry vp9_profiles[] = {
	{ 0, V4L2_MPEG_VIDEO_VP9_PROFILE_0 }, { 1, V4L2_MPEG_VIDEO_VP9_PROFILE_1 },
	{ 2, V4L2_MPEG_VIDEO_VP9_PROFILE_2 }, { 3, V4L2_MPEG_VIDEO_VP9_PROFILE_3 },
};

static const struct entry vp9_levels[] = {
	{ 10, V4L2_MPEG_VIDEO_VP9_LEVEL_1_0 }, { 11, V4L2_MPEG_VIDEO_VP9_LEVEL_1_1 },
	{ 20, V4L2_MPEG_VIDEO_VP9_LEVEL_2_0 }, { 21, V4L2_MPEG_VIDEO_VP9_LEVEL_2_1 },
	{ 30, V4L2_MPEG_VIDEO_VP9_LEVEL_3_0 }, { 31, V4L2_MPEG_VIDEO_VP9_LEVEL_3_1 },
	{ 40, V4L2_MPEG_VIDEO_VP9_LEVEL_4_0 }, { 41, V4L2_MPEG_VIDEO_VP9_LEVEL_4_1 },
	{ 50, V4L2_MPEG_VIDEO_VP9_LEVEL_5_0 }, { 51, V4L2_MPEG_VIDEO_VP9_LEVEL_5_1 },
	{ 52, V4L2_MPEG_VIDEO_VP9_LEVEL_5_2 }, { 60, V4L2_MPEG_VIDEO_VP9_LEVEL_6_0 },
	{ 61, V4L2_MPEG_VIDEO_VP9_LEVEL_6_1 }, { 62, V4L2_MPEG_VIDEO_VP9_LEVEL_6_2 },
};

static int look_up(const struct entry *entries, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].value == value)
			return entries[i].menu;
	return -1;
}

/* Baseline with constraint_set1_flag is Constrained Baseline (ITU-T H.264, A.2.1.1). */
static bool is_constrained_baseline(const struct codec_string *codec)
{
	return codec->profile == 66 && (codec->constraints[0] & 0x40);
}

int profile_menu_entry(const struct codec_string *codec)
{
	switch (codec->codec) {
	case VIDEO_CODEC_H264:
		if (is_constrained_baseline(codec))
			return V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE;
		return look_up(h264_profiles, ARRAY_SIZE(h264_profiles), codec->profile);
	case VIDEO_CODEC_HEVC:
		return look_up(hevc_profiles, ARRAY_SIZE(hevc_profiles), codec->profile);
	case VIDEO_CODEC_VP9:
		return look_up(vp9_profiles, ARRAY_SIZE(vp9_profiles), codec->profile);
	default:
		return -1;
	}
}

int level_menu_entry(const struct codec_string *codec)
{
	switch (codec->codec) {
	case VIDEO_CODEC_H264:
		if (h264_level_is_1b(codec->profile, codec->constraints[0], codec->level))
			return V4L2_MPEG_VIDEO_H264_LEVEL_1B;
		return look_up(h264_levels, ARRAY_SIZE(h264_levels), codec->level);
	case VIDEO_CODEC_HEVC:
		return look_up(hevc_levels, ARRAY_SIZE(hevc_levels), codec->level);
	case VIDEO_CODEC_VP9:
		return look_up(vp9_levels, ARRAY_SIZE(vp9_levels), codec->level);
	default:
		return -1;
	}
}
