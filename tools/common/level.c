/* SPDX-License-Identifier: MIT */
#include "common/level.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/macros.h"

struct level {
	uint8_t number;
	uint32_t picture;      /* luma samples of a picture */
	uint64_t rate;         /* luma samples a second */
	uint32_t kilobits;     /* a second */
};

/* H.264 counts macroblocks. */
#define MB(n) ((n) * 256)

/* ITU-T H.264, table A-1; bit rates of the High profile are 1.25 times these. */
static const struct level h264_levels[] = {
	{ 10, MB(99), MB(1485), 64 },
	{ 11, MB(396), MB(3000), 192 },
	{ 12, MB(396), MB(6000), 384 },
	{ 13, MB(396), MB(11880), 768 },
	{ 20, MB(396), MB(11880), 2000 },
	{ 21, MB(792), MB(19800), 4000 },
	{ 22, MB(1620), MB(20250), 4000 },
	{ 30, MB(1620), MB(40500), 10000 },
	{ 31, MB(3600), MB(108000), 14000 },
	{ 32, MB(5120), MB(216000), 20000 },
	{ 40, MB(8192), MB(245760), 20000 },
	{ 41, MB(8192), MB(245760), 50000 },
	{ 42, MB(8704), MB(522240), 50000 },
	{ 50, MB(22080), MB(589824), 135000 },
	{ 51, MB(36864), MB(983040), 240000 },
	{ 52, MB(36864), MB(2073600ull), 240000 },
	{ 60, MB(139264), MB(4177920ull), 240000 },
	{ 61, MB(139264), MB(8355840ull), 480000 },
	{ 62, MB(139264), MB(16711680ull), 800000 },
};

/* ITU-T H.265, tables A.8 and A.9, main tier. */
static const struct level hevc_levels[] = {
	{ 30, 36864, 552960, 128 },
	{ 60, 122880, 3686400, 1500 },
	{ 63, 245760, 7372800, 3000 },
	{ 90, 552960, 16588800, 6000 },
	{ 93, 983040, 33177600, 10000 },
	{ 120, 2228224, 66846720, 12000 },
	{ 123, 2228224, 133693440, 20000 },
	{ 150, 8912896, 267386880, 25000 },
	{ 153, 8912896, 534773760, 40000 },
	{ 156, 8912896, 1069547520, 60000 },
	{ 180, 35651584, 1069547520, 60000 },
	{ 183, 35651584, 2139095040, 120000 },
	{ 186, 35651584, 4278190080, 240000 },
};

/* VP9 levels as the WebM project defines them. */
static const struct level vp9_levels[] = {
	{ 10, 36864, 829440, 200 },
	{ 11, 73728, 2764800, 800 },
	{ 20, 122880, 4608000, 1800 },
	{ 21, 245760, 9216000, 3600 },
	{ 30, 552960, 20736000, 7200 },
	{ 31, 983040, 36864000, 12000 },
	{ 40, 2228224, 83558400, 18000 },
	{ 41, 2228224, 160432128, 30000 },
	{ 50, 8912896, 311951360, 60000 },
	{ 51, 8912896, 588251136, 120000 },
	{ 52, 8912896, 1176502272, 180000 },
	{ 60, 35651584, 1176502272, 180000 },
	{ 61, 35651584, 2353004544, 240000 },
	{ 62, 35651584, 4706009088, 480000 },
};

/* AV1 specification, annex A.3, main tier; the rate is that of shown pictures. */
static const struct level av1_levels[] = {
	{ 0, 147456, 4423680, 1500 },
	{ 1, 278784, 8363520, 3000 },
	{ 4, 665856, 19975680, 6000 },
	{ 5, 1065024, 31950720, 10000 },
	{ 8, 2359296, 70778880, 12000 },
	{ 9, 2359296, 141557760, 20000 },
	{ 12, 8912896, 267386880, 30000 },
	{ 13, 8912896, 534773760, 40000 },
	{ 14, 8912896, 1069547520, 60000 },
	{ 16, 35651584, 1069547520, 60000 },
	{ 17, 35651584, 2139095040, 100000 },
	{ 18, 35651584, 4278190080, 160000 },
};

#define TABLE(levels, block) { levels, ARRAY_SIZE(levels), block }

static const struct {
	const struct level *levels;
	size_t count;
	uint32_t block;        /* pictures count in whole blocks of this side */
} families[] = {
	[LEVEL_H264] = TABLE(h264_levels, 16),
	[LEVEL_HEVC] = TABLE(hevc_levels, 8),
	[LEVEL_VP9] = TABLE(vp9_levels, 8),
	[LEVEL_AV1] = TABLE(av1_levels, 8),
};

/* No side may be longer than the root of eight times the picture (H.264 A.3.1, H.265 A.4.1). */
static bool level_is_enough(const struct level *level, uint64_t width, uint64_t height,
			    const struct level_need *need)
{
	uint64_t square = 8 * (uint64_t)level->picture;

	return width * height <= level->picture && width * width <= square &&
	       height * height <= square &&
	       (double)(width * height) * need->rate <= (double)level->rate * 1.0001 &&
	       need->bitrate <= (uint64_t)level->kilobits * 1000;
}

unsigned level_choose(enum level_family family, const struct level_need *need)
{
	uint64_t block = families[family].block;
	uint64_t width = (need->width + block - 1) / block * block;
	uint64_t height = (need->height + block - 1) / block * block;
	size_t last = families[family].count - 1;

	for (size_t i = 0; i < last; i++)
		if (level_is_enough(&families[family].levels[i], width, height, need))
			return families[family].levels[i].number;
	return families[family].levels[last].number;
}
