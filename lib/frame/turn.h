/* SPDX-License-Identifier: MIT */
/* Rotating and mirroring pictures in mapped memory, sample by sample: nothing is computed anew. */
#ifndef WC_FRAME_TURN_H
#define WC_FRAME_TURN_H

#include "frame/convert.h"

/* First the rotation, then the mirror. */
struct turn {
	uint16_t rotation;             /* clockwise degrees: 0, 90, 180, 270 */
	bool flip;                     /* left becomes right */
};

/* Whether anything moves. */
bool turn_moves(struct turn turn);

/* Whether width becomes height. */
bool turn_transposes(struct turn turn);

/*
 * Whether samples of that format stay what they are: not where two pixels share a group (YUYV),
 * nor where width becomes height and chroma is finer one way than the other (4:2:2).
 */
bool turn_possible(uint32_t fourcc, struct turn turn);

/*
 * dst has the format of src and its size, or the other way round where the turn transposes. Where
 * a size is odd and chroma is subsampled, its samples move by half a sample: the odd ones of the
 * edge come first.
 */
void turn_image(const struct convert_image *src, struct turn turn,
		const struct convert_image *dst);

#endif
