/* SPDX-License-Identifier: MIT */
#include "frame/modifier.h"

#include <stdio.h>

#include "util/macros.h"

#define VENDOR(modifier) ((unsigned)((modifier) >> 56))

/*
 * Without the height of columns. Semi-planar only: of other formats nobody says how a modifier
 * lays them out.
 */
static const struct {
	uint64_t modifier;
	uint32_t fourccs[3];
	enum tiling tiling;
} tilings[] = {
	{ DRM_FORMAT_MOD_SAMSUNG_64_32_TILE, { DRM_FORMAT_NV12, DRM_FORMAT_NV21 },
	  TILING_64X32_Z },
	{ DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, { DRM_FORMAT_NV12, DRM_FORMAT_NV21 },
	  TILING_16X16_BLOCKS },
	{ DRM_FORMAT_MOD_ALLWINNER_TILED, { DRM_FORMAT_NV12, DRM_FORMAT_NV21 }, TILING_32X32 },
	{ DRM_FORMAT_MOD_MTK_16L_32S_TILE, { DRM_FORMAT_NV12, DRM_FORMAT_NV21 }, TILING_16X32 },
	{ DRM_FORMAT_MOD_BROADCOM_SAND128, { DRM_FORMAT_NV12, DRM_FORMAT_NV21, DRM_FORMAT_P030 },
	  TILING_COLUMNS },
};

static bool is_sand(uint64_t modifier)
{
	uint64_t code = fourcc_mod_broadcom_mod(modifier);

	return code == DRM_FORMAT_MOD_BROADCOM_SAND32 || code == DRM_FORMAT_MOD_BROADCOM_SAND64 ||
	       code == DRM_FORMAT_MOD_BROADCOM_SAND128 || code == DRM_FORMAT_MOD_BROADCOM_SAND256;
}

/*
 * A height has 48 bits there, of which fourcc_mod_broadcom_param() drops 16: one that nobody can
 * have must not become one that somebody has.
 */
uint32_t modifier_column_height(uint64_t modifier)
{
	uint64_t height;

	if (VENDOR(modifier) != DRM_FORMAT_MOD_VENDOR_BROADCOM || !is_sand(modifier))
		return 0;
	height = modifier >> 8 & 0xffffffffffff;
	return height < UINT32_MAX ? (uint32_t)height : UINT32_MAX;
}

/* The modifier without the height of columns. */
static uint64_t kind_of(uint64_t modifier)
{
	return modifier_column_height(modifier) ? fourcc_mod_broadcom_mod(modifier) : modifier;
}

enum tiling modifier_tiling(uint32_t fourcc, uint64_t modifier)
{
	uint64_t kind = kind_of(modifier);

	if (modifier == DRM_FORMAT_MOD_LINEAR)
		return TILING_LINEAR;
	/* Of columns whose height nobody tells only the first one is known. */
	if (modifier == DRM_FORMAT_MOD_BROADCOM_SAND128)
		return TILING_OPAQUE;
	for (size_t i = 0; i < ARRAY_SIZE(tilings); i++)
		for (unsigned k = 0; k < ARRAY_SIZE(tilings[i].fourccs); k++)
			if (tilings[i].modifier == kind && tilings[i].fourccs[k] == fourcc)
				return tilings[i].tiling;
	return TILING_OPAQUE;
}

bool modifier_matches(uint64_t modifier, uint64_t wish)
{
	return modifier == wish || (kind_of(wish) == wish && kind_of(modifier) == wish);
}

static const struct {
	uint64_t modifier;
	const char *name;
} names[] = {
	{ DRM_FORMAT_MOD_LINEAR, "LINEAR" },
	{ DRM_FORMAT_MOD_INVALID, "INVALID" },
	{ DRM_FORMAT_MOD_SAMSUNG_64_32_TILE, "SAMSUNG_64_32_TILE" },
	{ DRM_FORMAT_MOD_SAMSUNG_16_16_TILE, "SAMSUNG_16_16_TILE" },
	{ DRM_FORMAT_MOD_ALLWINNER_TILED, "ALLWINNER_TILED" },
	{ DRM_FORMAT_MOD_MTK_16L_32S_TILE, "MTK_16L_32S_TILE" },
	{ DRM_FORMAT_MOD_BROADCOM_SAND128, "BROADCOM_SAND128" },
	{ DRM_FORMAT_MOD_BROADCOM_UIF, "BROADCOM_UIF" },
	{ DRM_FORMAT_MOD_BROADCOM_VC4_T_TILED, "BROADCOM_VC4_T_TILED" },
	{ DRM_FORMAT_MOD_VIVANTE_TILED, "VIVANTE_TILED" },
	{ DRM_FORMAT_MOD_VIVANTE_SUPER_TILED, "VIVANTE_SUPER_TILED" },
	{ DRM_FORMAT_MOD_QCOM_COMPRESSED, "QCOM_COMPRESSED" },
	{ DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED, "ARM_16X16_BLOCK_U_INTERLEAVED" },
};

static const struct {
	unsigned vendor;
	const char *name;
} vendors[] = {
	{ DRM_FORMAT_MOD_VENDOR_INTEL, "INTEL" },
	{ DRM_FORMAT_MOD_VENDOR_AMD, "AMD" },
	{ DRM_FORMAT_MOD_VENDOR_NVIDIA, "NVIDIA" },
	{ DRM_FORMAT_MOD_VENDOR_SAMSUNG, "SAMSUNG" },
	{ DRM_FORMAT_MOD_VENDOR_QCOM, "QCOM" },
	{ DRM_FORMAT_MOD_VENDOR_VIVANTE, "VIVANTE" },
	{ DRM_FORMAT_MOD_VENDOR_BROADCOM, "BROADCOM" },
	{ DRM_FORMAT_MOD_VENDOR_ARM, "ARM" },
	{ DRM_FORMAT_MOD_VENDOR_ALLWINNER, "ALLWINNER" },
	{ DRM_FORMAT_MOD_VENDOR_AMLOGIC, "AMLOGIC" },
	{ DRM_FORMAT_MOD_VENDOR_MTK, "MTK" },
};

/* Arm's compressed formats have their mode in the low bits (drm_fourcc.h, AFBC_FORMAT_MOD_*). */
static const char *vendor_name(uint64_t modifier)
{
	if (VENDOR(modifier) == DRM_FORMAT_MOD_VENDOR_ARM &&
	    (modifier >> 52 & 0xf) == DRM_FORMAT_MOD_ARM_TYPE_AFBC)
		return "ARM_AFBC";
	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
		if (vendors[i].vendor == VENDOR(modifier))
			return vendors[i].name;
	return NULL;
}

const char *modifier_text(uint64_t modifier, char text[MODIFIER_TEXT])
{
	const uint64_t low = modifier & 0xfffffffffffff;
	uint32_t column = modifier_column_height(modifier);
	const char *vendor = vendor_name(modifier);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].modifier == kind_of(modifier)) {
			if (column)
				snprintf(text, MODIFIER_TEXT, "%s(%u)", names[i].name, column);
			else
				snprintf(text, MODIFIER_TEXT, "%s", names[i].name);
			return text;
		}
	if (vendor)
		snprintf(text, MODIFIER_TEXT, "%s(0x%llx)", vendor, (unsigned long long)low);
	else
		snprintf(text, MODIFIER_TEXT, "0x%llx", (unsigned long long)modifier);
	return text;
}
