/* SPDX-License-Identifier: MIT */
/*
 * YUV pictures whose numbers are to mean their colours by another matrix, or in another range,
 * computed without a way through RGB: what is out of its gamut is kept as far as the bits go.
 */
#ifndef WC_FRAME_RECOLOR_H
#define WC_FRAME_RECOLOR_H

#include "frame/convert.h"

/* Shares of red and blue in luma, and the range, of either side. */
struct recolor_side {
	double red, blue;
	bool full;
};

/* Whether recolor_image() reads and writes that format: YUV in planes or half planes, any bits. */
bool recolor_possible(uint32_t fourcc);

/*
 * From src to dst, which have the same format and size, and may be the same picture. A sample of
 * chroma counts for all pixels that it covers. 0 or -ENOMEM.
 */
int recolor_image(const struct convert_image *src, const struct recolor_side *from,
		  const struct convert_image *dst, const struct recolor_side *to);

#endif
