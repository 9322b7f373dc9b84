/* SPDX-License-Identifier: MIT */
/* Pictures to code: frame n of a clip without end, the same on every machine. */
#ifndef WC_SUITE_PICTURE_H
#define WC_SUITE_PICTURE_H

#include <stddef.h>
#include <stdint.h>

enum picture_style {
	PICTURE_MIXED = 0,
	PICTURE_PLAIN,            /* little detail: a coded frame is about a kilobyte */
	PICTURE_NOISE,            /* cannot be compressed */
};

struct picture {
	uint32_t fourcc;          /* DRM: YUV420, NV12, or BGR888, whose bytes are R, G, B */
	uint32_t width, height;
	enum picture_style style;
};

/* Bytes of a picture, planes tight; 0 for a format that is not known here. */
size_t picture_size(const struct picture *picture);

/* Draw frame n. No two frames are alike; what moves and what stays gives P frames work. */
void picture_draw(const struct picture *picture, unsigned n, uint8_t *data);

#endif
