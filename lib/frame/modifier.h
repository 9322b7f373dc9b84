/* SPDX-License-Identifier: MIT */
/* DRM format modifiers: what they say of a picture, and their names. */
#ifndef WC_FRAME_MODIFIER_H
#define WC_FRAME_MODIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm_fourcc.h>

#include "util/tiling.h"

/* As in drm_fourcc.h of Linux 6.15; older headers lack them. */
#ifndef DRM_FORMAT_MOD_VENDOR_MTK
#define DRM_FORMAT_MOD_VENDOR_MTK 0x0b
#endif
#ifndef DRM_FORMAT_MOD_MTK_16L_32S_TILE
#define DRM_FORMAT_MOD_MTK_16L_32S_TILE fourcc_mod_code(MTK, 1)
#endif

/* Room for what modifier_text() writes. */
#define MODIFIER_TEXT 64

/*
 * How pictures of that fourcc and modifier lie. TILING_OPAQUE for all that is neither linear nor
 * a tiling that we can undo in that format.
 */
enum tiling modifier_tiling(uint32_t fourcc, uint64_t modifier);

/* Rows from the start of a column to that of the next; 0 for modifiers without columns. */
uint32_t modifier_column_height(uint64_t modifier);

/*
 * Whether a picture with that modifier is what a wish means: the same, where the height of columns
 * is 0 in the wish, that of the picture does not count.
 */
bool modifier_matches(uint64_t modifier, uint64_t wish);

/*
 * A name for messages and lists, as drm_fourcc.h has it without DRM_FORMAT_MOD_; of vendors with
 * many, the vendor's name and the number. Returns text.
 */
const char *modifier_text(uint64_t modifier, char text[MODIFIER_TEXT]);

#endif
