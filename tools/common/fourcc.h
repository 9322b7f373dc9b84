/* SPDX-License-Identifier: MIT */
/* Pixel formats as users name them. */
#ifndef WC_TOOLS_FOURCC_H
#define WC_TOOLS_FOURCC_H

#include <stdint.h>

/* Room for the text of a fourcc. */
#define FOURCC_TEXT 5

/* The four letters; unprintable ones become '?'. Returns text. */
const char *fourcc_text(uint32_t fourcc, char text[FOURCC_TEXT]);

/*
 * DRM fourcc for a name: "i420", "nv12", "rgb24", "yuv420p10", ... in either case, or the four
 * letters of the fourcc itself. 0 when unknown.
 */
uint32_t fourcc_from_name(const char *name);

#endif
