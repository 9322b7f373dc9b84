/* SPDX-License-Identifier: MIT */
#include "transcode/decode_clock.h"

int64_t decode_clock_next(struct decode_clock *clock, int64_t presentation)
{
	int64_t time = presentation;

	/* With reordering, decoding begins early enough that each frame is there in time. */
	if (clock->reorder && !clock->running)
		time = presentation - (int64_t)clock->reorder * clock->interval;
	else if (clock->reorder && clock->last + clock->interval < presentation)
		time = clock->last + clock->interval;
	if (clock->running && time <= clock->last)
		time = clock->last + 1;
	clock->running = true;
	clock->last = time;
	return time;
}
