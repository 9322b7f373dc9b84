/* SPDX-License-Identifier: MIT */
/* Sizes at which pictures are to be shown. */
#ifndef WC_API_DISPLAY_SIZE_H
#define WC_API_DISPLAY_SIZE_H

#include <stdbool.h>
#include <stdint.h>

struct display_size {
	uint32_t width, height;        /* square pixels */
};

/*
 * Increase width or height until their ratio is that of aspect, which is not 0. A shape whose size
 * cannot be told is left as it is.
 */
struct display_size display_size_with_aspect(struct display_size size, struct display_size aspect);

/* Width and height change places with a rotation by 90 or 270 degrees. */
struct display_size display_size_turned(struct display_size size, uint16_t rotation);

#endif
