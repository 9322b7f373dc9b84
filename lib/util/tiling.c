/* SPDX-License-Identifier: MIT */
#include "util/tiling.h"

static const struct {
	const char *name;
	struct tile_shape luma, chroma;
} tilings[] = {
	[TILING_LINEAR] = { "rows", { 1, 1 }, { 1, 1 } },
	[TILING_OPAQUE] = { "a layout for devices only", { 1, 1 }, { 1, 1 } },
	[TILING_4X4] = { "4x4 tiles", { 4, 4 }, { 4, 4 } },
	[TILING_8X4] = { "4x4 tiles of 16 bits", { 8, 4 }, { 8, 4 } },
	[TILING_8X128] = { "8x128 tiles", { 8, 128 }, { 8, 128 } },
	[TILING_16X16] = { "16x16 tiles", { 16, 16 }, { 16, 16 } },
	[TILING_16X16_BLOCKS] = { "16x16 blocks", { 16, 16 }, { 16, 8 } },
	[TILING_16X32] = { "16x32 tiles", { 16, 32 }, { 16, 16 } },
	[TILING_32X32] = { "32x32 tiles", { 32, 32 }, { 32, 32 } },
	[TILING_64X32_Z] = { "64x32 tiles", { 64, 32 }, { 64, 32 } },
	[TILING_COLUMNS] = { "columns of 128 bytes", { 128, 1 }, { 128, 1 } },
	[TILING_COLUMNS_APART] = { "columns of 128 bytes, chroma apart", { 128, 1 }, { 128, 1 } },
};

struct tile_shape tiling_shape(enum tiling tiling, unsigned plane)
{
	return plane ? tilings[tiling].chroma : tilings[tiling].luma;
}

uint32_t tiling_rows(enum tiling tiling, unsigned plane, uint32_t rows)
{
	uint32_t height = tiling_shape(tiling, plane).height;

	return (rows + height - 1) / height * height;
}

const char *tiling_name(enum tiling tiling)
{
	return tilings[tiling].name;
}
