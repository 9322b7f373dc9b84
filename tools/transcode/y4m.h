/* SPDX-License-Identifier: MIT */
/* What reading and writing YUV4MPEG2 share: the names of its pixel formats. */
#ifndef WC_TOOLS_Y4M_H
#define WC_TOOLS_Y4M_H

#include <stdint.h>

/* DRM fourcc for the C word of a header, without the C; 0 when unknown. */
uint32_t y4m_fourcc(const char *name);

/* The C word for a format; NULL when there is none. */
const char *y4m_name(uint32_t fourcc);

#endif
