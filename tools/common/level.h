/* SPDX-License-Identifier: MIT */
/* The levels of the codecs: how many pixels, how many a second, how many bits. */
#ifndef WC_TOOLS_LEVEL_H
#define WC_TOOLS_LEVEL_H

#include <stdint.h>

enum level_family {
	LEVEL_H264,   /* level_idc, 30 for level 3 */
	LEVEL_HEVC,   /* general_level_idc, 90 for level 3 */
	LEVEL_VP9,    /* 30 for level 3 */
	LEVEL_AV1,    /* seq_level_idx */
};

/* What a stream needs; rate (frames a second) and bitrate (bits a second) may be 0. */
struct level_need {
	uint32_t width, height;
	double rate;
	uint64_t bitrate;
};

/* The number of the lowest level that is enough; of the highest when none is. */
unsigned level_choose(enum level_family family, const struct level_need *need);

#endif
