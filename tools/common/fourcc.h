/* SPDX-License-Identifier: MIT */
/* Pixel formats as users name them. */
#ifndef WC_TOOLS_FOURCC_H
#define WC_TOOLS_FOURCC_H

#include <stdint.h>

/* Room for the text of a fourcc. */
#define FOURCC_TEXT 5

/* The four letters; unprintable ones become '?'. Returns text. */
const char *fourcc_text(uint32_t fourcc, char text[FOURCC_TEXT]);

/* Room for the text of a fourcc and a modifier. */
#define FOURCC_MODIFIER_TEXT 80

/*
 * The same, with the modifier in parentheses unless that is linear: "NV12 (SAMSUNG_64_32_TILE)",
 * "NV12 (tiled)" of tiles without a modifier. Returns text.
 */
const char *fourcc_modifier_text(uint32_t fourcc, uint64_t modifier,
				 char text[FOURCC_MODIFIER_TEXT]);

/*
 * DRM fourcc for a name: "i420", "nv12", "rgb24", "yuv420p10", ... in either case, or the four
 * letters of the fourcc itself. 0 when unknown.
 */
uint32_t fourcc_from_name(const char *name);

#endif
