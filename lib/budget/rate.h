/* SPDX-License-Identifier: MIT */
/*
 * Pixel rates: what a stream asks of a device, in macroblocks of 16x16 pixels a second. Pure.
 *
 * Frame rates are frames in 1000 seconds, as in slot records; 0 is unknown, for sizes too.
 */
#ifndef WC_BUDGET_RATE_H
#define WC_BUDGET_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* 1000 frames a second: beyond that it is a mistake, and products stay within 64 bits. */
#define RATE_MAX_FRAMERATE 1000000u

/* What stands for what is not known. */
#define RATE_DEFAULT_WIDTH 1920u
#define RATE_DEFAULT_HEIGHT 1080u
#define RATE_DEFAULT_FRAMERATE 30000u

struct rate_load {
	uint32_t width, height;        /* coded pixels, at most 65536 */
	uint32_t framerate;
};

/* Frames a second as the library has them: 0 and what is no number are unknown. */
uint32_t rate_framerate(double frames_per_second);

/* Whether nothing of it has to be guessed. */
bool rate_is_known(const struct rate_load *load);

/*
 * Macroblocks a second, rounded up. What had to be guessed counts at most as limit, unless that is
 * 0: a device has always room for one of which nothing is known.
 */
uint64_t rate_of(const struct rate_load *load, uint64_t limit);

#endif
