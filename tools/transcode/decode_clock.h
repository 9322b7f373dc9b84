/* SPDX-License-Identifier: MIT */
/* Decode times for chunks that only have presentation times. */
#ifndef WC_TOOLS_DECODE_CLOCK_H
#define WC_TOOLS_DECODE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct decode_clock {
	int64_t interval;    /* of frames, in the units of the times */
	int64_t last;        /* the decode time given out last */
	unsigned reorder;    /* frames that may come before others that are shown earlier */
	bool running;
};

/*
 * The decode time of the next chunk: later than the one before, and, as long as no more frames
 * are reordered than was said, not later than its presentation.
 */
int64_t decode_clock_next(struct decode_clock *clock, int64_t presentation);

#endif
